"""Sorting, the largest of each lane, and searching."""

from __future__ import annotations

import numpy as np

import cltensor as ct
from cltensor.selftest.checks import Family, floats, numbers, same, true

ORDERING = Family("sort and topk")
_SIZES = ((1,), (15,), (17,), (33,), (1000,), (5, 1, 7), (4, 300, 9))


def _equal(sizes: tuple[int, ...], dtype: str) -> np.ndarray:
    """Numbers of which many are equal."""
    rng = np.random.default_rng(len(sizes))
    return rng.integers(0 if np.dtype(dtype).kind in "ub" else -40, 40, sizes).astype(dtype)


@ORDERING.each(*[(dtype, sizes) for dtype in ("float32", "int64", "uint8") for sizes in _SIZES])
def stable_sort(dtype: str, sizes: tuple[int, ...]) -> None:
    a = _equal(sizes, dtype)
    for axis in range(a.ndim):
        values, places = ct.sort(ct.tensor(a), axis, stable=True)
        same(values, np.sort(a, axis))
        same(places, np.argsort(a, axis, kind="stable"))
    down = np.argsort(-a.astype("int64"), -1, kind="stable")
    same(ct.argsort(ct.tensor(a), -1, descending=True, stable=True), down)


@ORDERING.check(brief=False)
def a_long_lane() -> None:
    a = numbers(70001)
    same(ct.sort(ct.tensor(a)).values, np.sort(a))
    same(ct.argsort(ct.tensor(a)), np.argsort(a, kind="stable"))


@ORDERING.check()
def nan_infinity_and_extremes() -> None:
    a = floats(*[np.nan, 1, -np.inf, np.inf, np.nan, -0.0, 0.0] * 7)
    same(ct.sort(ct.tensor(a)).values, np.sort(a))
    limits = np.iinfo("int64")
    b = np.array([limits.max, 0, limits.min, -1], "int64")
    same(ct.sort(ct.tensor(b)).values, np.sort(b))


@ORDERING.each((1, 20), (5, 33), (5, 1000), (33, 300))
def topk(k: int, size: int) -> None:
    a = np.random.default_rng(size).permutation(3 * size).reshape(3, size).astype("float32")
    values, places = ct.topk(ct.tensor(a), k, 1)
    order = np.argsort(-a, 1, kind="stable")[:, :k]
    same(values, np.take_along_axis(a, order, 1))
    same(places, order)
    low = ct.topk(ct.tensor(a), k, 1, largest=False).values
    same(low, np.sort(a, 1)[:, :k])


@ORDERING.check()
def median_and_kth() -> None:
    a = np.random.default_rng(4).permutation(7 * 33).reshape(7, 33).astype("float32")
    same(ct.median(ct.tensor(a), 1).values, np.sort(a, 1)[:, 16])
    same(ct.kthvalue(ct.tensor(a), 5, 0).values, np.sort(a, 0)[4])


@ORDERING.check()
def unique_and_searched() -> None:
    a = _equal((500,), "int64")
    values, inverse, counts = ct.unique(ct.tensor(a), return_inverse=True, return_counts=True)
    want = np.unique(a, return_inverse=True, return_counts=True)
    for got, exact in zip((values, inverse, counts), want, strict=True):
        same(got, exact.reshape(got.shape))
    line, x = np.sort(numbers(65)), numbers(200, seed=1)
    same(ct.searchsorted(ct.tensor(line), ct.tensor(x)), np.searchsorted(line, x))


@ORDERING.check()
def best_of_equal_ones() -> None:
    a = _equal((33, 129), "float32")
    same(ct.argmax(ct.tensor(a), 1), a.argmax(1))
    true(int(ct.tensor(a).max()) == int(a.max()), "the largest element of all is another one")
