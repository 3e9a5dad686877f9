"""Arrays to move about, and comparison, exact or close, with what NumPy makes of them."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.testing import gradcheck, gradgradcheck


def counted(*sizes, dtype="float32"):
    """An array of these sizes that counts from 0 to 119, again and again."""
    return (np.arange(np.prod(sizes, dtype=int)) % 120).reshape(sizes).astype(dtype)


def check(got, want):
    """The tensor equals the array: shape, dtype and every element."""
    np.testing.assert_array_equal(got.numpy(), np.asarray(want), strict=True)


def close(got, want, tolerance):
    """The tensor has the array's shape and elements, up to `tolerance` of the largest."""
    got = got.numpy()
    assert got.shape == want.shape
    scale = max(1.0, np.abs(want).max(initial=0))
    np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance * scale)


def check_both_orders(function, values):
    """First and second derivatives of function(x * x), where the device has float64."""
    if not ct.device().fp64:
        pytest.skip("the device has no float64 for finite differences")
    x = ct.tensor(values, requires_grad=True)
    assert gradcheck(lambda x: function(x * x), [x])
    assert gradgradcheck(lambda x: function(x * x), [x])


#: Sizes around the edges of blocks and runs.
SIZES = [(0,), (1,), (15,), (16,), (17,), (33,), (1000,), (70001,), (3, 0), (5, 1, 7), (4, 300, 9)]


def draw(sizes, dtype, high=40):
    """Random numbers of which many are equal."""
    rng = np.random.default_rng(len(sizes))
    return rng.integers(0 if np.dtype(dtype).kind in "ub" else -high, high, sizes).astype(dtype)
