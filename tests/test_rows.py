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


def test_a_whole_shape_computed_from_one_number(device):
    g = ct.tensor(4.0)
    spread = g.expand((3, 5)) * 2
    out = spread + normal_tensor(3, 5).sum(axis=1, keepdims=True)
    want = 8 + normal(3, 5).sum(1, keepdims=True) + np.zeros((3, 5))
    np.testing.assert_allclose(out.numpy(), want, rtol=1e-5)
    np.testing.assert_array_equal(spread.numpy(), np.full((3, 5), 8.0, np.float32))


def normal_tensor(*shape):
    return ct.tensor(normal(*shape))


@pytest.mark.parametrize("seed", range(8))
def test_every_stored_node_is_whole(device, seed):
    """Random expressions over whole shapes, rows, columns and single numbers, some nodes held."""
    rng = np.random.default_rng(seed)
    shape = [(40, 6), (5, 7), (2, 3, 4), (300, 65)][seed % 4]
    ones = (1,) * len(shape)
    leaves = [shape, (*shape[:-1], 1), (*ones[:-1], shape[-1]), (shape[-1],), ones, ()]
    pool = []
    for leaf in leaves:
        x = rng.standard_normal(leaf).astype(np.float32)
        pool.append((ct.tensor(x), x.astype(np.float64)))
    held = []
    for _ in range(9):
        kind = rng.integers(6)
        t, x = pool[rng.integers(len(pool))]
        if kind < 2 and x.ndim == len(shape):
            axis = -1 if rng.integers(3) else None
            t, x = t.mean(axis=axis, keepdims=True), x.mean(axis, keepdims=True)
        elif kind == 2 and x.ndim:
            t, x = t.max(axis=-1, keepdims=True), x.max(-1, keepdims=True)
        elif kind == 3:
            t, x = t.expand(shape), np.broadcast_to(x, shape)
        else:
            u, y = pool[rng.integers(len(pool))]
            t, x = t - u * 0.5, x - y * 0.5
        pool.append((t, x))
        if rng.integers(2):
            held.append((t, x))
    held.append(pool[-1])
    del pool, t, x
    for t, x in reversed(held):
        assert t.shape == x.shape
        np.testing.assert_allclose(t.numpy(), x, rtol=1e-5, atol=2e-6)


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
    # Far from zero too, the mean is off by little more than its own rounding.
    np.testing.assert_allclose(got[0], mean, rtol=7e-8, atol=1e-6)
    np.testing.assert_allclose(got[1], ((wide - mean) ** 2).sum(axis, keepdims=True), rtol=2e-6)


@pytest.mark.parametrize(("shape", "axis"), CASES)
def test_sums(device, shape, axis):
    x, y = normal(*shape), normal(*shape, offset=1.0)
    got = sums(ct.tensor(x), ct.tensor(x) * ct.tensor(y), axis=axis).numpy()
    for out, want in zip(got, (x, x * y), strict=True):
        wide = want.astype(np.float64)
        np.testing.assert_allclose(out, wide.sum(axis, keepdims=True), rtol=2e-6, atol=1e-2)


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
    np.testing.assert_allclose(out, (wide - mean) / np.sqrt(var + 1e-5), atol=6e-4)


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
