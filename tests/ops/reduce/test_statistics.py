"""Variance, standard deviation and norms: whose correction, values and slopes."""

import math

import numpy as np
import pytest
from leaves import leaf

import cltensor as ct
from cltensor.errors import ShapeError
from cltensor.testing import gradcheck, gradgradcheck

INF, NAN = math.inf, math.nan


def slopes(function, points):
    x = leaf(np.float32(points))
    out = function(x)
    out.sum().backward()
    return out.tolist(), x.grad.tolist()


def same(got, want):
    np.testing.assert_allclose(np.float32(got), np.float32(want), rtol=1e-5, atol=1e-7)


def test_whose_correction(device):
    x = ct.tensor([[1.0, 3.0], [2.0, 8.0]])
    same(x.var(1).tolist(), [2, 18])
    same(x.var(dim=1).tolist(), [2, 18])
    same(x.var(axis=1).tolist(), [1, 9])
    same(x.var(axis=1, ddof=1).tolist(), [2, 18])
    same(x.var(1, False).tolist(), [1, 9])
    same(x.var(1, unbiased=False, keepdim=True).tolist(), [[1], [9]])
    same([x.var().item(), x.var(True).item(), x.var(False).item()], [29 / 3, 29 / 3, 29 / 4])
    same([x.std(unbiased=False).item(), x.std(axis=None).item()], [7.25**0.5, 7.25**0.5])
    same([x.std(dim=(0, 1)).item(), ct.std(x, 0, correction=0)[0].item()], [(29 / 3) ** 0.5, 0.5])
    deviation, mean = ct.std_mean(x, dim=1)
    same([deviation.tolist(), mean.tolist()], [[2**0.5, 18**0.5], [2, 5]])
    variance, mean = ct.var_mean(x, 0, False, True)
    same([variance.tolist(), mean.tolist()], [[[0.25, 6.25]], [[1.5, 5.5]]])


def test_corrections_exclude_each_other(device):
    x = ct.ones(2, 2)
    with pytest.raises(TypeError, match="var: unbiased and correction are given"):
        x.var(1, unbiased=True, correction=1)
    with pytest.raises(TypeError, match="std: unbiased is 1, not True or False"):
        x.std(0, 1)
    with pytest.raises(TypeError, match="var: dim and axis are given"):
        x.var(0, axis=1)


def test_beside_pytorch(device):
    torch = pytest.importorskip("torch")
    a = np.random.default_rng(0).normal(size=(3, 4, 5)).astype("float32")
    for given in ({}, {"dim": 1}, {"dim": (0, 2), "keepdim": True}, {"dim": 0, "unbiased": False}):
        for name in ("var", "std"):
            got = getattr(ct.tensor(a), name)(**given).tolist()
            same(got, getattr(torch.tensor(a), name)(**given).numpy())


def test_the_dtype_of_norms_and_means(device):
    x = ct.tensor([3, 4])
    assert x.norm(dtype=ct.float32).item() == 5
    assert x.mean(dtype=ct.float32).item() == 3.5
    assert ct.tensor([[3.0, 4.0]]).norm(p=2, dim=1, keepdim=True).tolist() == [[5]]


@pytest.mark.parametrize("axis", [None, (0, 2)])
def test_mean_var_std_norm(device, axis):
    x = np.random.default_rng(0).normal(3, 2, (4, 5, 6)).astype("float32")
    t = ct.tensor(x)
    close = {"rtol": 2e-5, "atol": 1e-6}
    np.testing.assert_allclose(t.mean(axis).numpy(), x.mean(axis), **close)
    for correction in (0, 1):
        want = x.var(axis, ddof=correction)
        np.testing.assert_allclose(t.var(axis, correction=correction).numpy(), want, **close)
        np.testing.assert_allclose(
            t.std(axis, correction=correction).numpy(), np.sqrt(want), **close
        )
    for p in (1, 2, 3, float("inf")):
        want = np.abs(x).max(axis) if p == float("inf") else (np.abs(x) ** p).sum(axis) ** (1 / p)
        np.testing.assert_allclose(t.norm(p, axis).numpy(), want, **close)


def test_variance_of_large_offsets_keeps_its_digits(device):
    x = np.array([1e6, 1e6 + 1, 1e6 + 2], "float32")
    assert ct.tensor(x).var().item() == pytest.approx(1, rel=1e-5)
    assert np.isnan(ct.ones(1).var(correction=1).item())


@pytest.mark.parametrize(
    ("p", "value", "slope"),
    [  # of (3, 0, -4, 4)
        (0, 3, [0, 0, 0, 0]),
        (1, 11, [1, 0, -1, 1]),
        (2, 6.4031242, [0.4685213, 0, -0.6246951, 0.6246951]),
        (3, 5.3716854, [0.3119043, 0, -0.5544966, 0.5544966]),
        (0.5, 32.8564065, [3.3094011, 0, -2.8660254, 2.8660254]),
        (1.5, 7.6589874, [0.6258568, 0, -0.7226771, 0.7226771]),
        (-1, 0, [0, 0, 0, 0]),
        (-2, 0, [0, 0, 0, 0]),
        (INF, 4, [0, 0, -0.5, 0.5]),
        (-INF, 0, [0, 0, 0, 0]),
        ("fro", 6.4031242, [0.4685213, 0, -0.6246951, 0.6246951]),
        (None, 6.4031242, [0.4685213, 0, -0.6246951, 0.6246951]),
    ],
)
def test_norms_and_their_slopes(device, p, value, slope):
    got, grad = slopes(lambda x: ct.norm(x, p), [3, 0, -4, 4])
    same([got, *grad], [value, *slope])
    got, grad = slopes(lambda x: ct.norm(x, p), [0, 0])
    same([got, *grad], [0, 0, 0])


@pytest.mark.parametrize(
    ("p", "values", "slopes_of"),
    [
        (3, [2.0800838, 0], [[0.2311205, 0.9244817], [0, 0]]),
        (-1, [0.6666667, 0], [[0.4444444, 0.1111111], [0, 0]]),
        (-INF, [1, 0], [[1, 0], [0, 0]]),
    ],
)
def test_norms_along_an_axis(device, p, values, slopes_of):
    got, grad = slopes(lambda x: ct.norm(x, p, 1), [[1, 2], [0, 0]])
    same(got, values)
    same(grad, slopes_of)
    x = ct.ones(2, 3, 4)
    assert ct.norm(x, p, (0, 2)).shape == (3,)
    assert ct.norm(x, p, (0, 2), True).shape == (1, 3, 1)


@pytest.mark.parametrize("p", [1, 2, 3, 0.5, -1, INF, -INF])
def test_derivatives_of_norms(fp64, p):
    x = leaf([[0.5, -2.0, 1.25], [1.5, 0.75, -0.3]], "float64")
    assert gradcheck(lambda x: ct.norm(x, p, 1), x)
    assert gradgradcheck(lambda x: ct.norm(x, p), x)


def test_norms_of_integers_and_of_nothing(device):
    found = ct.norm(ct.tensor([100, 100], dtype="int8"))
    assert found.dtype == ct.float32
    same(found.item(), 141.42136)
    for p in (0, 1, 2, 3):
        assert ct.norm(ct.zeros(2, 0), p, 1).tolist() == [0, 0]
    for p in (INF, -INF, -1):
        with pytest.raises(ShapeError, match="norm: axis None .* is empty"):
            ct.norm(ct.zeros(0), p)
    with pytest.raises(ValueError, match="norm: p is 'three'"):
        ct.norm(ct.ones(2, 2), "three")


def test_the_spread_of_equal_elements_has_slope_zero(device):
    got, grad = slopes(lambda x: ct.std(x, axis=1), [[2, 2], [1, 3]])
    same(got, [0, 1])
    same(grad, [[0, 0], [-0.5, 0.5]])
    got, grad = slopes(lambda x: ct.std(x, correction=0), [1])
    same([got, *grad], [0, 0])
    for function in (ct.std, ct.var):
        got, grad = slopes(lambda x, f=function: f(x, correction=1), [1])
        same([got, *grad], [NAN, NAN])
        assert function(ct.tensor([1.0, 2.0]), correction=3).item() == INF
        same(function(ct.tensor([1.0, 1.0]), correction=2).item(), NAN)
    same(ct.var(ct.zeros(0, 2), 0).tolist(), [NAN, NAN])
    same(ct.std(ct.zeros(0)).item(), NAN)
    assert ct.var(ct.zeros(2, 0), 0).shape == (0,)


@pytest.mark.parametrize("shape", [(3,), (3, 1), (1, 3)])
def test_squares_beyond_the_range_are_infinite_not_nan(device, shape):
    x = ct.tensor([1e20, -1e20, 0.0]).reshape(shape)
    axis = shape.index(3)
    for found in (x.var(), x.var(axis), x.std(), x.std(axis), x.var(axis, False)):
        assert found.isinf().all().item()
    assert ct.tensor([3e38] * 3).var().item() == 0
    big = ct.cat([x.reshape(-1)] * 5000)
    assert big.var().item() == float("inf")
    wide = ct.stack([big, big * 0], 1)
    assert wide.var(0).tolist() == [float("inf"), 0]
