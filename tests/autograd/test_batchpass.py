"""Gradients for a batch of weights, and inside vmap."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.core.op import OPERATIONS, Op
from cltensor.func import grad, jacfwd, jacrev, vjp, vmap

x = ct.tensor([0.5, -1.0, 2.0])


def same(got, wanted, tolerance=1e-5):
    np.testing.assert_allclose(got.numpy(), wanted.numpy(), rtol=tolerance, atol=tolerance)


def test_a_batch_of_weights_goes_through_a_graph_at_once():
    a = x.clone().requires_grad_()
    y = (a.sin() * a.sum()).softmax(0)
    rows = vmap(lambda v: ct.autograd.grad(y, a, v, retain_graph=True)[0])(ct.eye(3))
    one = [ct.autograd.grad(y, a, v, retain_graph=True)[0] for v in ct.eye(3)]
    same(rows, ct.stack(one))
    hooked = []
    a.register_hook(lambda g: hooked.append(g.shape))
    vmap(lambda v: ct.autograd.grad(y, a, v, retain_graph=True)[0])(ct.eye(3))
    assert hooked == [(3,)]


@pytest.mark.parametrize("function", [
    lambda a: ct.nn.functional.layer_norm(a, (3,), a * 2, a),
    lambda a: ct.nn.functional.batch_norm(a.reshape(3, 1), None, None, training=True),
    lambda a: ct.nn.functional.conv2d(
        a.reshape(1, 1, 1, 3), ct.stack([a, a * a]).reshape(2, 1, 1, 3), padding=1),
    lambda a: ct.nn.functional.max_pool2d(ct.outer(a, a)[None], 2),
    lambda a: ct.outer(a, a) @ ct.stack([a, a + 1]).T,
    lambda a: ct.linalg.inv(ct.outer(a, a) + ct.eye(3)),
    lambda a: a[ct.tensor([[0, 2], [2, 1]])] * a.sort().values[:2],
    lambda a: ct.zeros(3, 2).index_add(0, ct.tensor([1, 1, 0]), ct.outer(a, a[:2])),
    lambda a: ct.cat([a.cumprod(0), a.cummax(0).values, a.var()[None], a.norm()[None]]),
    lambda a: ct.nn.functional.cross_entropy(ct.outer(a, a), ct.tensor([0, 2, 1])),
    lambda a: ct.fft.rfft(a).abs(),
])  # fmt: skip
def test_jacobians_of_many_rules(function):
    """All rows at once, beside one after another, both ways."""
    a = x.clone().requires_grad_()
    y = function(a)
    rows = []
    for k in range(y.size):
        unit = ct.zeros(y.size)
        unit[k] = 1
        rows.append(ct.autograd.grad(y, a, unit.reshape(y.shape), retain_graph=True)[0])
    want = ct.stack(rows).reshape(*y.shape, 3)
    same(jacrev(function)(x), want, 1e-4)
    same(jacfwd(function)(x), want, 1e-4)


def test_complex_numbers_are_conjugated():
    z = ct.tensor([1 + 2j, 0.5 - 1j])
    _, back = vjp(lambda a: a * a * (2 - 1j), z)
    weights = ct.tensor([[1 + 0j, 0j], [1j, 1 - 1j]])
    got = vmap(back)(weights)[0]
    same(got, ct.stack([back(w)[0] for w in weights]))
    assert got[0].tolist() == [(2 * (1 - 2j)) * (2 + 1j), 0]


def test_the_graph_of_the_pass_is_that_of_all_weights():
    _, back = vjp(lambda a: a.exp(), x)
    got = grad(lambda w: vmap(back)(w)[0].square().sum())(ct.eye(3))
    same(got.detach(), 2 * ct.diag((2 * x).exp()))
    cubes = jacrev(jacrev(jacrev(lambda a: (a**3).sum())))(x)
    assert cubes[1, 1].tolist() == [0, 6, 0]


def test_a_rule_that_looks_at_elements_is_asked_for_one_weight_after_another():
    def rule(g, x):
        return ct.from_numpy(g.numpy()) * 3 * x

    odd = Op("odd_for_a_test(x)", lambda x: x * 1, {"dx": rule})
    try:
        same(jacrev(odd)(x), 3 * ct.diag(x))
    finally:
        del OPERATIONS["odd_for_a_test"]


def test_what_is_from_outside_has_no_gradient_of_one_example():
    w = ct.ones(3, requires_grad=True)
    with pytest.raises(ct.GradientError, match="that of all examples together"):
        vmap(lambda a: ct.autograd.grad((w * a).sum(), w)[0])(ct.eye(3))
    with pytest.raises(ct.GradientError, match="inside vmap there is no"):
        vmap(lambda a: ct.autograd.backward([(w * a).sum()]) or a)(ct.eye(3))
    assert w.grad is None


def test_an_unused_input_and_a_missing_weight():
    def function(a):
        b, c = a * 2, a * 3
        with pytest.raises(ct.GradientError, match="for each example needs a gradient"):
            ct.autograd.grad(b, a)
        found = ct.autograd.grad(b.sum(), [a, c], allow_unused=True, retain_graph=True)
        assert found[1] is None
        return (b * found[0]).sum()

    same(vmap(grad(function))(ct.eye(3)), ct.full((3, 3), 4.0))
