"""Quantiles against NumPy."""

import numpy as np
import pytest
from arrays import check, check_both_orders
from draws import cases, drawn, generator

import cltensor as ct
from cltensor.errors import DTypeError, ShapeError

HOW = ("linear", "lower", "higher", "nearest", "midpoint")
TABLE = np.random.default_rng(0).permutation(24).reshape(4, 6).astype("float32")


@pytest.mark.parametrize("interpolation", HOW)
@pytest.mark.parametrize("q", [0.0, 0.3, 1.0, [0.1, 0.5, 0.77]])
@pytest.mark.parametrize("dim", [None, 0, -1])
def test_against_numpy(interpolation, q, dim):
    for keepdim in (False, True):
        got = ct.quantile(ct.tensor(TABLE), q if isinstance(q, float) else ct.tensor(q), dim,
                          keepdim, interpolation=interpolation)  # fmt: skip
        want = np.quantile(TABLE, q, dim, method=interpolation, keepdims=keepdim)
        assert got.shape == want.shape
        np.testing.assert_allclose(got.numpy(), want, rtol=1e-5)


def test_nan_is_the_quantile_or_is_left_out():
    nan = np.nan
    a = np.float32([[1, nan, 3, 2], [nan] * 4, [5, 6, 7, 8]])
    x = ct.tensor(a)
    check(ct.quantile(x, 0.5, 1), np.float32([nan, nan, 6.5]))
    check(ct.nanquantile(x, 0.5, 1), np.float32([2, nan, 6.5]))
    check(ct.nanquantile(x, ct.tensor([0.0, 1.0]), 1), np.float32([[1, nan, 5], [3, nan, 8]]))
    check(x.nanquantile(0.25, 0, interpolation="lower"), np.float32([1, 6, 3, 2]))


def test_nearest_of_two_is_the_even_place():
    x = ct.arange(5.0)
    check(ct.quantile(x, ct.tensor([0.125, 0.375]), interpolation="nearest"), np.float32([0, 2]))


def test_gradients_go_to_the_elements_between_which_it_lies():
    x = ct.tensor([3.0, 1.0, 2.0], requires_grad=True)
    q = ct.tensor(0.75, requires_grad=True)
    ct.quantile(x, q).backward()
    check(x.grad, np.float32([0.5, 0, 0.5]))
    check(q.grad, np.float32(2))
    check_both_orders(lambda x: ct.quantile(x, 0.3, 0), TABLE[:3] / 7)
    check_both_orders(lambda x: ct.nanquantile(x, 0.6, 1, interpolation="midpoint"), TABLE / 7)


def test_faults():
    x = ct.ones(3)
    with pytest.raises(ValueError, match=r"quantile: q is 1.5; shares are between 0 and 1"):
        ct.quantile(x, 1.5)
    with pytest.raises(ValueError, match="nanquantile: interpolation is 'best'"):
        ct.nanquantile(x, 0.5, interpolation="best")
    with pytest.raises(ShapeError, match="there is no quantile of nothing"):
        ct.quantile(ct.zeros(0, 2), 0.5, 0)
    with pytest.raises(DTypeError, match="q is of shape"):
        ct.quantile(x, ct.tensor(1))
    assert ct.quantile(ct.tensor([1, 2]), 0.5).item() == 1.5
    assert ct.quantile(ct.tensor(2.0), 0.5, 0).shape == ()


@cases
def test_drawn(case):
    rng = generator(case)
    for _ in range(5):
        sizes = tuple(rng.integers(1, 6, int(rng.integers(1, 4))).tolist())
        how = drawn(sizes=sizes, axis=int(rng.integers(len(sizes))), method=str(rng.choice(HOW)))
        a = rng.integers(0, 9, sizes).astype("float32")
        a[rng.random(sizes) < 0.1] = np.nan
        q = rng.integers(0, 9, 3) / 8
        x, share = ct.tensor(a), ct.tensor(q.astype("float32"))
        got = ct.quantile(x, share, how["axis"], interpolation=how["method"])
        want = np.quantile(a, q, how["axis"], method=how["method"])
        np.testing.assert_allclose(got.numpy(), want, rtol=1e-5)
