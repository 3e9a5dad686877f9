"""Matrices to multiply, and comparison with NumPy's products."""

import numpy as np
from arrays import close

import cltensor as ct

#: Sizes m, n, k around the edges of tiles.
SIZES = [(1, 1, 1), (5, 15, 3), (6, 16, 8), (7, 17, 9), (12, 32, 257), (65, 63, 31), (3, 100, 600)]
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
