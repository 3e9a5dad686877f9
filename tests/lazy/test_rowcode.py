"""Expressions with reductions over rows inside are one kernel that stores all that is held."""

import numpy as np
import pytest

import cltensor as ct
import cltensor.nn.functional as F
from cltensor.lazy import fusion
from cltensor.runtime.kernel import Counters


def normal(*shape, offset=0.0):
    x = np.random.default_rng(3).standard_normal(shape) + offset
    return x.astype(np.float32)


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


@pytest.mark.parametrize("shape", [(1, 7), (64, 10), (33, 33), (40, 129), (0, 5000)])
def test_softmax_is_one_launch(skeleton, shape):
    x = normal(shape[0] or 2 * skeleton.compute_units, shape[1])  # long rows for every unit
    launches = Counters.launches
    got = F.softmax(ct.tensor(x), -1).numpy()
    if not fusion.Eager.on:
        assert Counters.launches == launches + 1
    np.testing.assert_allclose(got, softmax(x.astype(np.float64)), rtol=2e-5)


@pytest.mark.parametrize("length", [33, 1000, 5000])
@pytest.mark.parametrize("held", ["", "exponentials", "both"])
def test_results_kept_for_a_later_loop(skeleton, length, held):
    """In an array, where something else will be stored, or where they are stored themselves."""
    x = normal(20, length)
    e = ct.tensor(x).exp()
    f = (ct.tensor(x) * 0.5).tanh()
    share = e / e.sum(axis=1, keepdims=True) + f * f.max(axis=1, keepdims=True)
    big = share > 0.5
    want_e, want_f = np.exp(x.astype(np.float64)), np.tanh(x.astype(np.float64) / 2)
    want = want_e / want_e.sum(1, keepdims=True) + want_f * want_f.max(1, keepdims=True)
    kept = {"": [], "exponentials": [(e, want_e)], "both": [(e, want_e), (f, want_f)]}[held]
    share = share if held else None
    del e, f
    np.testing.assert_array_equal(big.numpy(), want > 0.5)
    for t, value in [*kept, *([(share, want)] if held else [])]:
        np.testing.assert_allclose(t.numpy(), value, rtol=2e-5, atol=1e-6)


def test_rows_keep_what_is_held(skeleton):
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


def test_a_whole_shape_computed_from_one_number(skeleton):
    g = ct.tensor(4.0)
    spread = g.expand((3, 5)) * 2
    out = spread + ct.tensor(normal(3, 5)).sum(axis=1, keepdims=True)
    want = 8 + normal(3, 5).sum(1, keepdims=True) + np.zeros((3, 5))
    np.testing.assert_allclose(out.numpy(), want, rtol=1e-5)
    np.testing.assert_array_equal(spread.numpy(), np.full((3, 5), 8.0, np.float32))


@pytest.mark.parametrize("seed", range(8))
def test_every_stored_node_is_whole(skeleton, seed):
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


def test_scattered_rows(skeleton):
    x = normal(200, 300)
    np.testing.assert_allclose(
        F.softmax(ct.tensor(x).mT, -1).numpy(), softmax(x.T.astype(np.float64)), rtol=2e-5
    )


@pytest.mark.parametrize(
    "length", [2, 4, 5, 16, 17, 20, 64, 68, 256, 260, 1000, 1024, 1030, 4096, 6000]
)
@pytest.mark.parametrize("count", [3, 70])
def test_rows_of_teams_of_every_size(use_skeletons, length, count):
    """Several in a group, or all of a group for one, and those too long for its registers."""
    use_skeletons("gpu")
    x = normal(count, length)
    wide = x.astype(np.float64)
    t = ct.tensor(x)
    np.testing.assert_allclose(F.softmax(t, -1).numpy(), softmax(wide), rtol=2e-5, atol=1e-9)
    top, mean = wide.max(1, keepdims=True), wide.mean(1, keepdims=True)
    least, size = wide.min(1, keepdims=True), np.abs(wide).sum(1, keepdims=True)
    two = t.max(axis=1, keepdims=True) + t.mean(1, keepdims=True)
    found = t * two - t.min(axis=1, keepdims=True) * t.abs().sum(1, keepdims=True)
    np.testing.assert_allclose(
        found.numpy(), wide * (top + mean) - least * size, rtol=3e-5, atol=1e-5
    )
    np.testing.assert_allclose(two.numpy(), top + mean, rtol=1e-5)
    double = t.to("float16")
    np.testing.assert_allclose(F.softmax(double, -1).numpy(), softmax(x.astype("float16").astype(
        np.float64)), rtol=2e-3, atol=1e-6)  # fmt: skip
