"""Expressions with reductions over rows, reductions with several results, and normalisation."""

import numpy as np
import pytest

import cltensor as ct
import cltensor.nn.functional as F
from cltensor import fusion
from cltensor.device import get
from cltensor.ops.reduce import moments, sums
from cltensor.program import Counters


@pytest.fixture(params=["native", "gpu"])
def device(request):
    dev = get()
    if request.param == "native":
        yield dev
        return
    was, dev.is_cpu = dev.is_cpu, False
    dev.kernels.clear()
    yield dev
    dev.is_cpu = was
    dev.kernels.clear()


def normal(*shape, offset=0.0):
    x = np.random.default_rng(3).standard_normal(shape) + offset
    return x.astype(np.float32)


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


@pytest.mark.parametrize("shape", [(1, 7), (64, 10), (33, 33), (40, 129), (5, 5000)])
def test_softmax_is_one_launch(device, shape):
    x = normal(*shape)
    launches = Counters.launches
    got = F.softmax(ct.tensor(x), -1).numpy()
    if not fusion.Eager.on:
        assert Counters.launches == launches + 1
    np.testing.assert_allclose(got, softmax(x.astype(np.float64)), rtol=2e-5)


def test_rows_keep_what_is_held(device):
    x = normal(20, 33)
    t = ct.tensor(x)
    top = t.max(axis=1, keepdims=True)
    below = t - top
    total = below.exp().sum(axis=1, keepdims=True)
    out = below - total
    want = x - x.max(1, keepdims=True)
    np.testing.assert_allclose(
        out.numpy(), want - np.exp(want).sum(1, keepdims=True), rtol=1e-4, atol=1e-5
    )
    np.testing.assert_array_equal(top.numpy(), x.max(1, keepdims=True))
    np.testing.assert_allclose(below.numpy(), x - x.max(1, keepdims=True), rtol=1e-6)


def test_scattered_rows(device):
    x = normal(200, 300)
    np.testing.assert_allclose(
        F.softmax(ct.tensor(x).mT, -1).numpy(), softmax(x.T.astype(np.float64)), rtol=2e-5
    )


CASES = [((5, 3), 0), ((7, 300), 1), ((3, 4, 50), (0, 2)), ((9000, 3), 0), ((300000,), 0)]


@pytest.mark.parametrize(("shape", "axis"), CASES)
@pytest.mark.parametrize("offset", [0.0, 1e4])
def test_moments(device, shape, axis, offset):
    x = normal(*shape, offset=offset)
    got = moments(ct.tensor(x), axis).numpy()
    wide = x.astype(np.float64)
    mean = wide.mean(axis, keepdims=True)
    np.testing.assert_allclose(got[0], mean, rtol=1e-6, atol=2e-5)
    np.testing.assert_allclose(got[1], ((wide - mean) ** 2).sum(axis, keepdims=True), rtol=1e-4)


@pytest.mark.parametrize(("shape", "axis"), CASES)
def test_sums(device, shape, axis):
    x, y = normal(*shape), normal(*shape, offset=1.0)
    got = sums(ct.tensor(x), ct.tensor(x) * ct.tensor(y), axis=axis).numpy()
    for out, want in zip(got, (x, x * y), strict=True):
        wide = want.astype(np.float64)
        np.testing.assert_allclose(out, wide.sum(axis, keepdims=True), rtol=1e-4, atol=1e-2)


def test_best_elements_of_a_split_range(device):
    x = normal(400000)
    x[[77, 300000]] = 9.0
    assert ct.tensor(x).argmax().item() == 77
    x[350000] = np.nan
    assert ct.tensor(x).argmax().item() == 350000


def test_batch_norm_far_from_zero():
    x = normal(8, 3, 9, 7, offset=1e4)
    out = F.batch_norm(ct.tensor(x), None, None, training=True).numpy()
    wide = x.astype(np.float64)
    mean, var = wide.mean((0, 2, 3), keepdims=True), wide.var((0, 2, 3), keepdims=True)
    # The mean itself is a float32: half a unit in its last place is 5e-4.
    np.testing.assert_allclose(out, (wide - mean) / np.sqrt(var + 1e-5), atol=1e-3)


@pytest.mark.parametrize("kind", ["batch", "layer"])
def test_normalisation_has_second_derivatives(kind):
    shape = (3, 2, 4)
    weight = ct.tensor([0.5, 1.5] if kind == "batch" else [0.5, 1.5, -1.0, 2.0], requires_grad=True)

    def f(x):
        if kind == "batch":
            return F.batch_norm(x, None, None, weight, None, True)
        return F.layer_norm(x, (4,), weight)

    def slope(values):
        x = ct.tensor(values.astype(np.float32), requires_grad=True)
        (grad,) = ct.grad((f(x) * seed).sum(), [x], create_graph=True)
        return x, grad

    seed = ct.tensor(normal(*shape))
    direction = normal(*shape, offset=0.5)
    base = np.random.default_rng(5).standard_normal(shape)
    x, grad = slope(base)
    (second,) = ct.grad((grad * ct.tensor(direction)).sum(), [x])
    step = 1e-2
    ahead, behind = slope(base + step * direction)[1], slope(base - step * direction)[1]
    want = (ahead.detach().numpy() - behind.detach().numpy()) / (2 * step)
    np.testing.assert_allclose(second.detach().numpy(), want, rtol=2e-2, atol=2e-2)
