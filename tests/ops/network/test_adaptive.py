"""Pooling to a given size, against windows written out."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import DTypeError, ShapeError
from cltensor.ops.network.adaptive import adaptive_avg_pool, adaptive_max_pool
from cltensor.testing import gradcheck, gradgradcheck


def adaptive_avg_pool2d(x, out):
    return adaptive_avg_pool("adaptive_avg_pool2d", x, out, 2)


def adaptive_max_pool2d(x, out, places=False):
    return adaptive_max_pool("adaptive_max_pool2d", x, out, 2, places)


RNG = np.random.default_rng(21)


def reference(x, out, take):
    """take(window) for each of `out` windows of x, and the slices of each."""
    sizes = x.shape[-2:]
    rows, cols = (
        [slice(i * n // m, -(-(i + 1) * n // m)) for i in range(m)]
        for n, m in zip(sizes, out, strict=True)
    )
    y = np.zeros((*x.shape[:-2], *out), x.dtype)
    for i, r in enumerate(rows):
        for j, c in enumerate(cols):
            y[..., i, j] = take(x[..., r, c])
    return y, rows, cols


SIZES = [(3, 4), (2, 3), (5, 7), (1, 3), (10, 9), (4, 1), (1, 1), (6, 4)]


@pytest.mark.parametrize("out", SIZES)
@pytest.mark.parametrize("shape", [(2, 3, 5, 7), (3, 6, 8)])
def test_averages(skeleton, out, shape):
    x = RNG.standard_normal(shape).astype("float32")
    want, rows, cols = reference(x, out, lambda window: window.mean((-2, -1)))
    variable = ct.tensor(x, requires_grad=True)
    got = adaptive_avg_pool2d(variable, out)
    np.testing.assert_allclose(got.detach().numpy(), want, rtol=1e-5, atol=1e-6)
    g = RNG.standard_normal(want.shape).astype("float32")
    got.backward(ct.tensor(g))
    dx = np.zeros(shape)
    for i, r in enumerate(rows):
        for j, c in enumerate(cols):
            part = dx[..., r, c]
            part += g[..., i, j, None, None] / (part.shape[-2] * part.shape[-1])
    np.testing.assert_allclose(variable.grad.numpy(), dx, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("out", SIZES)
@pytest.mark.parametrize("dtype", ["float32", "int16"])
def test_largest(skeleton, out, dtype):
    x = RNG.integers(-4, 4, (2, 3, 5, 7)).astype(dtype)  # many ties: the first wins
    want, rows, cols = reference(x, out, lambda window: window.max((-2, -1)))
    np.testing.assert_array_equal(adaptive_max_pool2d(ct.tensor(x), out).numpy(), want)
    if dtype == "float32":
        variable = ct.tensor(x, requires_grad=True)
        g = RNG.integers(-9, 9, want.shape).astype("float32")
        adaptive_max_pool2d(variable, out).backward(ct.tensor(g))
        dx = np.zeros(x.shape, "float32")
        for n, c, i, j in np.ndindex(want.shape):
            window = x[n, c, rows[i], cols[j]]
            p, q = np.unravel_index(window.argmax(), window.shape)
            dx[n, c, rows[i].start + p, cols[j].start + q] += g[n, c, i, j]
        np.testing.assert_array_equal(variable.grad.numpy(), dx)


def test_what_is_not_finite_stays_in_its_windows(skeleton):
    x = RNG.standard_normal((1, 2, 3, 5)).astype("float32")
    x[0, 0, 1, 1], x[0, 1, 0, 0] = np.inf, np.nan
    for pool, take in ((adaptive_avg_pool2d, np.mean), (adaptive_max_pool2d, np.max)):
        want, *_ = reference(x, (2, 3), lambda window, t=take: t(window, (-2, -1)))
        np.testing.assert_allclose(pool(ct.tensor(x), (2, 3)).numpy(), want, rtol=1e-5)


def test_derivatives(device):
    if not device.fp64:
        pytest.skip(f"'{device}' has no float64")
    values = RNG.permutation(2 * 5 * 4).reshape(1, 2, 5, 4).astype("float64")
    x = ct.tensor(values, requires_grad=True)
    for pool in (adaptive_avg_pool2d, adaptive_max_pool2d):
        assert gradcheck(lambda x, p=pool: p(x, (3, 3)), (x,))
        assert gradgradcheck(lambda x, p=pool: p(x, (3, 3)) * p(x * x, (3, 3)), (x,), atol=1e-3)


@pytest.mark.parametrize("pool", [adaptive_avg_pool2d, adaptive_max_pool2d])
def test_sizes(pool):
    x = ct.ones(2, 3, 5, 7)
    assert pool(x, 3).shape == (2, 3, 3, 3)
    assert pool(x, (None, 3)).shape == (2, 3, 5, 3)
    assert pool(x, [4, None]).shape == (2, 3, 4, 7)
    assert pool(x, None).shape == x.shape
    assert pool(x, 0).shape == (2, 3, 0, 0)
    empty = ct.zeros(0, 3, 5, 7, requires_grad=True)
    out = pool(empty, (2, 3))
    assert out.shape == (0, 3, 2, 3)
    out.sum().backward()
    assert empty.grad.shape == empty.shape
    name = pool.__name__
    for bad in (-1, 1.0, True, 2**40, (1,), (1, 2, 3), "2", (2, 1.5)):
        with pytest.raises(ShapeError, match=f"{name}: output_size is"):
            pool(x, bad)
    with pytest.raises(ShapeError, match=f"{name}: images of .* have no pixels"):
        pool(x[:, :, :0], 2)
    with pytest.raises(ShapeError, match=rf"{name}: x has shape \(5, 7\)"):
        pool(x[0, 0], 2)


def test_what_is_refused():
    with pytest.raises(DTypeError, match="adaptive_avg_pool2d: not defined for int32"):
        adaptive_avg_pool2d(ct.ones(1, 1, 4, 4, dtype="int32"), 3)


def test_places_of_the_largest(device):
    x = ct.tensor([[[1.0, 5, 2, 4], [9, 3, 8, 0]]])
    values, places = adaptive_max_pool2d(x, (1, 3), True)
    assert (values.tolist(), places.tolist()) == ([[[9, 8, 8]]], [[[4, 6, 6]]])
    rows = adaptive_max_pool("adaptive_max_pool1d", x, 3, 1, True)
    assert rows[1].tolist() == [[[1, 1, 3], [0, 2, 2]]]
    volume = adaptive_avg_pool("adaptive_avg_pool3d", x[None], (1, 1, 2), 3)
    assert volume.tolist() == [[[[4.5, 3.5]]]]
