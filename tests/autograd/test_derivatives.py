"""ct.grad and autograd.backward: of several values, of inner ones, and of gradients."""

import math

import numpy as np
import pytest
from leaves import leaf

import cltensor as ct
from cltensor.autograd import backward
from cltensor.errors import GradientError


def test_grad_leaves_dot_grad_alone_and_reaches_inner_values(device):
    x = leaf([1.0, 2.0])
    y = x * 3
    z = (y * y).sum()
    gy, gx = ct.grad(z, [y, x])
    assert gy.numpy().tolist() == [6, 12]
    assert gx.numpy().tolist() == [18, 36]
    assert x.grad is None


def test_grad_of_several_outputs_and_weights(device):
    x, y = leaf([1.0, 2.0]), leaf([5.0, 7.0])
    gx, gy = ct.grad([x * y, y * 2], [x, y], [ct.ones(2), ct.tensor([10.0, 20.0])])
    assert gx.numpy().tolist() == [5, 7]
    assert gy.numpy().tolist() == [21, 42]
    assert ct.grad(x * 1, x, ct.tensor([3.0, 4.0]))[0].numpy().tolist() == [3, 4]


def test_an_unused_input_is_an_error_unless_allowed(device):
    x, y = leaf([1.0]), leaf([2.0])
    with pytest.raises(GradientError, match="allow_unused=True"):
        ct.grad((x * 2).sum(), [x, y])
    gx, gy = ct.grad((x * 2).sum(), [x, y], allow_unused=True)
    assert gx.item() == 2
    assert gy is None


def test_what_is_no_tensor_or_has_no_gradient_is_refused(device):
    x, constant = leaf([1.0]), ct.ones(1)
    with pytest.raises(GradientError, match="does not depend on any tensor that requires a grad"):
        ct.grad(constant, x)
    with pytest.raises(GradientError, match="grad: an input does not require a gradient; set"):
        ct.grad(x * 2, [x, constant])
    with pytest.raises(GradientError, match="grad: 7 among the inputs is not a tensor; make"):
        ct.grad(x * 2, 7)
    with pytest.raises(GradientError, match="backward: 'x' among the tensors is not a tensor"):
        backward(["x"])


def test_create_graph_makes_gradients_differentiable(mode):
    x = leaf([2.0, 3.0])
    (g,) = ct.grad((x**3).sum(), x, create_graph=True)
    np.testing.assert_allclose(g.detach().numpy(), [12, 27])
    g.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), [12, 18])


def test_six_nested_gradients_of_a_norm(fp64):
    x = leaf([3.0, 4.0, 12.0], dtype="float64")
    value = ct.norm(x)
    for _ in range(6):
        (g,) = ct.grad(value, x, create_graph=True)
        value = g.sum()
    expected = _nested_norm(np.array([3.0, 4.0, 12.0]))
    np.testing.assert_allclose(g.detach().numpy(), expected, rtol=1e-9)


def _nested_norm(x):
    """The sixth gradient along (1, 1, 1): derivatives of t -> |x + t 1| by its Taylor series."""

    # |x + t 1|^2 = a + b t + c t^2; the k-th derivative at 0 of its root is k! times the
    # coefficient of t^k, and the gradient of the fifth one by x_i follows from a and b.
    def coefficient(a, b, c, k):
        root = [math.sqrt(a)]
        square = [a, b, c]
        for n in range(1, k + 1):
            inner = sum(root[j] * root[n - j] for j in range(1, n))
            root.append(((square[n] if n < 3 else 0) - inner) / (2 * root[0]))
        return root[k]

    a, b, c, eps = (x * x).sum(), 2 * x.sum(), float(x.size), 1e-4
    by_a = (coefficient(a + eps, b, c, 5) - coefficient(a - eps, b, c, 5)) / (2 * eps)
    by_b = (coefficient(a, b + eps, c, 5) - coefficient(a, b - eps, c, 5)) / (2 * eps)
    return math.factorial(5) * (by_a * 2 * x + by_b * 2)


def test_backward_without_a_graph(device):
    for value in (ct.ones(1), leaf([1.0, 2.0]).detach().sum()):
        with pytest.raises(GradientError, match="does not depend on any tensor that requires a"):
            value.backward()
    with pytest.raises(GradientError, match="input does not require a gradient"):
        ct.grad(leaf([1.0]).sum(), ct.ones(1))


def test_backward_for_some_inputs_only(device):
    x, y = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    inner = x * 2
    (inner * y).sum().backward(inputs=[x, inner])
    assert x.grad.tolist() == [6, 8]
    assert inner.grad.tolist() == [3, 4]
    assert y.grad is None
    with pytest.raises(GradientError, match="backward: an input does not require a gradient"):
        (x * 2).sum().backward(inputs=ct.ones(2))


def test_gradients_that_are_zero_for_lack_of_influence(device):
    x, y = leaf([1.0]), leaf([2.0, 3.0])
    gx, gy = ct.grad((x * 2).sum(), [x, y], materialize_grads=True)
    assert gx.item() == 2
    assert gy.tolist() == [0, 0]
    with pytest.raises(GradientError, match="materialize_grads needs allow_unused"):
        ct.grad((x * 2).sum(), [x], allow_unused=False, materialize_grads=True)
    with pytest.raises(GradientError, match="only_inputs=False is not supported"):
        ct.grad((x * 2).sum(), [x], only_inputs=False)


def test_there_is_a_weight_for_each_output(device):
    x = leaf([1.0, 2.0])
    with pytest.raises(GradientError, match="grad: 1 gradients for 2 outputs; give one for each"):
        ct.grad([x * 2, x * 3], x, [ct.ones(2)])
    backward([x * 2, (x * 3).sum()], [ct.ones(2), None])
    assert x.grad.tolist() == [5, 5]


def test_zeros_for_what_has_no_influence(device):
    x, y = ct.ones(2, requires_grad=True), ct.tensor([math.inf, math.nan], requires_grad=True)
    for create_graph in (False, True):
        found = ct.autograd.grad(
            (x * x).sum(), [x, y], materialize_grads=True, create_graph=create_graph
        )
        assert [g.tolist() for g in found] == [[2, 2], [0, 0]]
        assert [g.requires_grad for g in found] == [create_graph] * 2


@pytest.mark.parametrize("rows", [1, 3])
def test_gradients_for_each_of_many_weights(device, rows):
    x, y, unused = leaf([1.0, 2.0]), leaf([5.0, 7.0]), leaf([1.0])
    z = x * x * y
    weights = ct.arange(2.0 * rows).reshape(rows, 2)
    gx, gy, none = ct.grad(z, [x, y, unused], weights, is_grads_batched=True, allow_unused=True)
    assert none is None
    for k in range(rows):
        wanted = ct.grad(z, [x, y], weights[k], retain_graph=True)
        assert gx[k].tolist() == wanted[0].tolist()
        assert gy[k].tolist() == wanted[1].tolist()
    total = (x * y).sum()
    both = ct.grad([z, total], x, [weights, ct.ones(rows)], is_grads_batched=True)[0]
    assert both.tolist() == (weights * 2 * x * y + y).tolist()
    many = ct.grad(
        z, [x, unused], weights, is_grads_batched=True, create_graph=True, materialize_grads=True
    )
    assert ct.grad(many[0].sum(), y)[0].tolist() == (weights * 2 * x).sum(0).tolist()


def test_many_weights_are_given_and_have_the_shape_of_the_output(device):
    x = leaf([1.0, 2.0])
    with pytest.raises(GradientError, match="is_grads_batched needs grad_outputs"):
        ct.grad(x.sum(), x, is_grads_batched=True)
    with pytest.raises(RuntimeError):
        ct.grad(x * 2, x, ct.ones(2, 3), is_grads_batched=True)
    with pytest.raises(GradientError, match="allow_unused=True"):
        ct.grad(x * 2, [x, leaf([1.0])], ct.ones(3, 2), is_grads_batched=True)


def test_backward_knows_the_older_name_of_its_weights():
    x = leaf([1.0, 2.0])
    backward(x * 2, None, None, False, ct.tensor([1.0, 3.0]))
    assert x.grad.tolist() == [2, 6]
    with pytest.raises(TypeError, match="given twice"):
        backward(x * 2, ct.ones(2), grad_variables=ct.ones(2))
