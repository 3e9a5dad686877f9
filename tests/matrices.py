"""Matrices to multiply, and comparison with NumPy's products."""

import numpy as np
import pytest
from arrays import close

import cltensor as ct
from cltensor.testing import gradcheck, gradgradcheck

#: Sizes m, n, k around the edges of tiles.
SIZES = [
    (1, 1, 1), (5, 15, 3), (6, 16, 8), (7, 17, 9), (11, 31, 13), (12, 32, 257), (25, 65, 20),
    (65, 63, 31), (3, 100, 600),
]  # fmt: skip
RNG = np.random.default_rng(7)


def draw(*shape, dtype="float32"):
    if np.dtype(dtype).kind == "f":
        return RNG.standard_normal(shape).astype(dtype)
    return RNG.integers(0 if np.dtype(dtype).kind == "u" else -9, 9, shape).astype(dtype)


def check(got, want, rtol=2e-5):
    close(got, want, rtol)


def turned(x, by_columns):
    """x as a Tensor that lies in memory by rows or by columns."""
    return ct.tensor(x.T.copy()).mT if by_columns else ct.tensor(x)


def stack_of(*shape, dtype="float64", seed=0):
    """Matrices with elements around 0."""
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def complex_stack(*shape, dtype="complex64", seed=0):
    """Matrices with complex elements around 0."""
    parts = np.random.default_rng(seed).standard_normal((2, *shape))
    return (parts[0] + 1j * parts[1]).astype(dtype)


def definite(*shape, dtype="float64"):
    """Positive definite matrices."""
    x = stack_of(*shape)
    return (x @ x.swapaxes(-1, -2) + shape[-1] * np.eye(shape[-1])).astype(dtype)


def residual(got, want, dtype):
    """The largest error of an array, in units of the rounding of its largest singular values."""
    if not got.size:
        return 0.0
    n = max(want.shape[-2:])
    wide = want.astype(np.result_type(want, "float64"))
    size = max(1e-30, np.linalg.norm(wide, 2, axis=(-2, -1)).max(initial=0))
    return np.abs(got - want).max(initial=0) / (n * np.finfo(dtype).eps * size)


def derivatives(function, *arrays, second=True):
    """First and second derivatives of a function of float64 arrays."""
    if not ct.device().fp64:
        pytest.skip("the device has no float64 for finite differences")
    xs = [ct.tensor(x, requires_grad=True) for x in arrays]
    assert gradcheck(function, xs)
    if second:
        assert gradgradcheck(function, xs)
