"""Recording and the backward pass: graphs, accumulation, hooks, errors, copies."""

import copy
import gc
import pickle

import numpy as np
import pytest

import cltensor as ct
from cltensor.autograd import Variable
from cltensor.errors import DeviceError, GradientError, ShapeError


def leaf(data, dtype=None):
    return ct.tensor(data, dtype=dtype, requires_grad=True)


# ------------------------------------------------------------------------- classic snippets


def test_the_introductory_example(mode):
    x = Variable(ct.ones((2, 2)), requires_grad=True)
    y = x + 2
    z = y * y * 3
    out = z.mean()
    out.backward()
    assert out.item() == 27
    assert x.grad.numpy().tolist() == [[4.5, 4.5], [4.5, 4.5]]


def test_a_gradient_argument_weighs_the_outputs(mode):
    x = leaf([1.0, 2.0, 3.0])
    y = x * 2
    while y.norm().item() < 1000:
        y = y * 2
    y.backward(ct.tensor([0.1, 1.0, 0.0001]))
    np.testing.assert_allclose(x.grad.numpy(), [51.2, 512, 0.0512], rtol=1e-6)


def test_a_recurrent_cell(device):
    random = np.random.default_rng(0)
    x, h, wx, wh = (
        Variable(ct.tensor(random.normal(size=s).astype("float32")), requires_grad=True)
        for s in ((1, 10), (1, 20), (20, 10), (20, 20))
    )
    next_h = (wh.mm(h.t()) + wx.mm(x.t())).tanh()
    next_h.backward(ct.ones(20, 1))
    arrays = [v.detach().numpy() for v in (x, h, wx, wh)]
    slope = 1 - np.tanh(arrays[3] @ arrays[1].T + arrays[2] @ arrays[0].T) ** 2
    np.testing.assert_allclose(wx.grad.numpy(), slope @ arrays[0], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(h.grad.numpy(), (arrays[3].T @ slope).T, rtol=1e-4, atol=1e-6)


def test_an_optimizer_moves_a_variable(device):
    y, y_ = Variable(ct.zeros(3)), leaf([1.0, -2.0, 3.0])
    optimizer = ct.optim.SGD([y_], lr=0.1)
    for _ in range(40):
        optimizer.zero_grad()
        (y_ - y).abs().sum().backward()
        optimizer.step()
    assert np.abs(y_.detach().numpy()).max() <= 0.1001


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
    import math

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


# ------------------------------------------------------------------------------- the graph


def test_gradients_accumulate_until_cleared(mode):
    x = leaf([1.0, 2.0])
    for count in (1, 2, 3):
        (x * 3).sum().backward()
        assert x.grad.numpy().tolist() == [3 * count] * 2
    x.grad = None
    (x * x).sum().backward()
    assert x.grad.numpy().tolist() == [2, 4]


def test_a_value_used_several_ways_collects_all(mode):
    x = leaf([1.0, 2.0, 3.0])
    y = x * x
    ((y + x) * y + y.sum()).sum().backward()
    v = np.array([1.0, 2, 3])
    np.testing.assert_allclose(x.grad.numpy(), 4 * v**3 + 3 * v**2 + 6 * v)


def test_broadcast_operands_get_gradients_of_their_shape(mode):
    a, b, c = leaf(np.ones((2, 1, 3), "f")), leaf(np.ones((4, 1), "f")), leaf(2.0)
    (a * b * c).sum().backward()
    assert a.grad.numpy().tolist() == np.full((2, 1, 3), 8.0).tolist()
    assert b.grad.numpy().tolist() == np.full((4, 1), 12.0).tolist()
    assert c.grad.item() == 24
    assert c.grad.shape == ()


def test_a_cast_brings_the_gradient_back_to_the_dtype(fp64):
    x = leaf([1.0, 2.0])
    y = x.to("float64") * 2
    assert y.dtype == ct.float64
    y.sum().backward()
    assert x.grad.dtype == ct.float32
    z = leaf([1.0, 2.0], dtype="float64")
    (z * leaf([2.0, 3.0])).backward(ct.ones(2))
    assert z.grad.dtype == ct.float64
    z.backward(ct.ones(2))
    assert z.grad.dtype == ct.float64


def test_gradients_flow_between_devices(device, other_device):
    x = leaf([1.0, 2.0])
    y = (x.to(other_device) * 3).sum()
    assert y.device is other_device
    y.backward()
    assert x.grad.device is device
    assert x.grad.numpy().tolist() == [3, 3]


def test_retain_graph_allows_a_second_pass(mode):
    x = leaf([1.0, 2.0])
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.numpy().tolist() == [4, 8]
    with pytest.raises(GradientError, match=r"already used and released.*retain_graph=True"):
        y.backward()
    assert x.grad.numpy().tolist() == [4, 8]


def test_a_part_of_a_released_graph_is_an_error_too(device):
    x = leaf([1.0, 2.0])
    shared = x.exp()
    (shared * 2).sum().backward()
    with pytest.raises(GradientError, match="graph of exp was already used"):
        (shared * 3).sum().backward()


def test_create_graph_makes_gradients_differentiable(mode):
    x = leaf([2.0, 3.0])
    (g,) = ct.grad((x**3).sum(), x, create_graph=True)
    np.testing.assert_allclose(g.detach().numpy(), [12, 27])
    g.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), [12, 18])


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


def test_ten_thousand_nodes_deep(mode):
    x = leaf([1.0])
    y = x
    for _ in range(10_000):
        y = y + x
    y.sum().backward()
    assert x.grad.item() == 10_001
    del y
    gc.collect()


def test_a_deep_chain_that_saves_values(device):
    x = leaf([0.5])
    y = x
    for _ in range(3000):
        y = y * 1.0001
    y.sum().backward()
    assert x.grad.item() == pytest.approx(1.0001**3000, rel=1e-3)


def test_wide_graphs(device):
    x = leaf(np.ones(3, "f"))
    total = sum((x * k for k in range(200)), Variable(ct.zeros(3)))
    total.sum().backward()
    assert x.grad.numpy().tolist() == [19900.0] * 3


# -------------------------------------------------------------------------------- switches


def test_no_grad_records_nothing(device):
    x = leaf([1.0])
    with ct.no_grad():
        y = x * 2
        assert not ct.is_grad_enabled()
        with ct.enable_grad():
            assert (x * 2).requires_grad
    assert not y.requires_grad
    assert y.is_leaf
    assert ct.is_grad_enabled()

    @ct.no_grad()
    def forward(v):
        return v * 2

    assert not forward(x).requires_grad
    assert (x * 2).requires_grad
    with pytest.raises(ZeroDivisionError), ct.no_grad():
        raise ZeroDivisionError
    assert ct.is_grad_enabled()


def test_detach_cuts_the_graph(device):
    x = leaf([2.0, 3.0])
    (x * x.detach()).sum().backward()
    assert x.grad.numpy().tolist() == [2, 3]
    assert not x.detach().requires_grad
    assert x.detach().numpy().tolist() == [2, 3]


def test_tensors_record_nothing_and_mix_with_variables(device):
    x, plain = leaf([2.0]), ct.tensor([5.0])
    assert type(plain * 2) is ct.Tensor
    assert not plain.requires_grad
    y = plain * x
    assert isinstance(y, Variable)
    y.backward()
    assert x.grad.item() == 5
    assert not (Variable(plain) * plain).requires_grad


def test_results_without_a_gradient_are_not_recorded(device):
    x = leaf([2.0, -1.0])
    for result in (x > 0, x.argmax(), x.to("int32"), ct.isnan(x)):
        assert isinstance(result, Variable)
        assert not result.requires_grad
    (x * (x > 0)).sum().backward()
    assert x.grad.numpy().tolist() == [1, 0]


def test_facts_of_leaves_and_results(device):
    x = leaf([1.0])
    y = x * 2
    assert x.is_leaf
    assert x.grad_fn is None
    assert not y.is_leaf
    assert y.grad_fn.op.name == "multiply"
    assert y.grad is None
    assert repr(x) == "tensor([1.], requires_grad=True)"
    assert repr(y) == "tensor([2.], grad_fn=<multiply>)"
    assert x.requires_grad_(False) is x
    assert not x.requires_grad
    with pytest.raises(GradientError, match=r"only a leaf can stop .*\.detach\(\)"):
        y.requires_grad = False


def test_only_floats_have_gradients(device):
    with pytest.raises(GradientError, match="a int64 tensor has no gradient"):
        leaf([1, 2])


# ------------------------------------------------------------------------- hooks and retain


def test_retain_grad_keeps_inner_gradients(device):
    x = leaf([1.0, 2.0])
    y = x * 3
    y.retain_grad()
    (y * y).sum().backward()
    assert y.grad.numpy().tolist() == [6, 12]


def test_hooks_see_and_replace_gradients(device):
    x = leaf([1.0, 2.0])
    y = x * 3
    seen = []
    y.register_hook(lambda g: seen.append(g.numpy().tolist()))
    handle = y.register_hook(lambda g: g * 10)
    y.sum().backward(retain_graph=True)
    assert seen == [[1, 1]]
    assert x.grad.numpy().tolist() == [30, 30]
    handle.remove()
    handle.remove()
    y.sum().backward()
    assert x.grad.numpy().tolist() == [33, 33]


def test_a_hook_on_a_leaf_runs_once_with_the_whole_gradient(device):
    x = leaf([1.0])
    seen = []
    x.register_hook(lambda g: seen.append(g.item()))
    (x * 2 + x * 3).backward()
    assert seen == [5]
    assert x.grad.item() == 5


# ----------------------------------------------------------------------------- bad input


def test_backward_through_a_non_scalar_needs_a_gradient(device):
    x = leaf([1.0, 2.0])
    with pytest.raises(GradientError, match=r"shape \(2,\), not a single element.*\.sum\(\)"):
        (x * 2).backward()
    with pytest.raises(ShapeError, match=r"gradient of shape \(3,\) does not fit .* \(2,\)"):
        (x * 2).backward(ct.ones(3))
    assert x.grad is None


def test_backward_without_a_graph(device):
    for value in (Variable(ct.ones(1)), leaf([1.0, 2.0]).detach().sum()):
        with pytest.raises(GradientError, match="does not depend on any Variable"):
            value.backward()
    with pytest.raises(GradientError, match="input does not require a gradient"):
        ct.grad(leaf([1.0]).sum(), Variable(ct.ones(1)))


def test_a_gradient_on_another_device_is_refused(device, other_device):
    x = leaf([1.0, 2.0])
    with pytest.raises(DeviceError, match=rf"gradient on '{other_device}'.*\.to\('{device}'\)"):
        (x * 2).backward(ct.ones(2, device=other_device))


def test_an_operation_without_a_rule_names_itself_and_the_argument(device):
    from cltensor.op import OPERATIONS, pointwise

    try:
        odd = pointwise("odd_one(x, y)", "x + y", dx=lambda g: g)
        with pytest.raises(GradientError, match="odd_one has no derivative with respect to 'y'"):
            odd(leaf([1.0]), leaf([2.0])).backward()
    finally:
        OPERATIONS.pop("odd_one", None)


def test_numpy_refuses_what_would_lose_the_graph(device):
    x = leaf([1.0])
    for attempt in (x.numpy, lambda: np.asarray(x)):
        with pytest.raises(GradientError, match=r"use \.detach\(\)\.numpy\(\)"):
            attempt()
    with ct.no_grad():
        assert x.numpy().tolist() == [1]


def test_a_gradient_assigned_must_fit(device):
    x = leaf([1.0, 2.0])
    x.grad = ct.tensor([3.0, 4.0])
    x.sum().backward()
    assert x.grad.numpy().tolist() == [4, 5]
    with pytest.raises(ShapeError, match=r"shape \(3,\) does not fit .* \(2,\)"):
        x.grad = ct.ones(3)
    with pytest.raises(GradientError, match="does not require a gradient"):
        Variable(ct.ones(1)).grad = ct.ones(1)


# ------------------------------------------------------------------------ copies and files


def test_leaves_are_copied_and_pickled(device):
    x = leaf([1.0, 2.0])
    (x * 2).sum().backward()
    for twin in (copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert twin.requires_grad
        assert twin.detach().numpy().tolist() == [1, 2]
        with ct.no_grad():
            twin[0] = 9.0
        assert x.detach().numpy().tolist() == [1, 2]
    assert copy.deepcopy(x).grad.numpy().tolist() == [2, 2]
    for attempt in (copy.deepcopy, pickle.dumps):
        with pytest.raises(GradientError, match="only leaves can be"):
            attempt(x * 2)
