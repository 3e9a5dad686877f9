"""Places in sorted elements, and counts, against NumPy."""

import numpy as np
import pytest
from arrays import check
from draws import cases, drawn, generator

import cltensor as ct
from cltensor.errors import DTypeError, IndexingError, ShapeError

# Each test runs with the kernels for CPUs and with those for other devices.
pytestmark = pytest.mark.usefixtures("skeleton")

ROW = np.float32([-np.inf, 0, 1, 1, 3, np.inf, np.nan])
VALUES = np.float32([[0, 1, 2], [np.nan, -np.inf, np.inf], [9, -1, 3]])


@pytest.mark.parametrize("side", ["left", "right"])
def test_places_in_a_row(side):
    x = ct.tensor(VALUES)
    check(ct.searchsorted(ct.tensor(ROW), x, side), np.searchsorted(ROW, VALUES, side))
    right = side == "right"
    want = np.searchsorted(ROW[:-1], VALUES, side)
    check(ct.bucketize(x, ct.tensor(ROW[:-1]), right=right), want)
    check(
        ct.searchsorted(ct.tensor(ROW), 1.0, right=right), np.searchsorted(ROW, np.float32(1), side)
    )
    narrow = ct.searchsorted(ct.tensor(ROW), x, right=right, out_int32=True)
    check(narrow, np.searchsorted(ROW, VALUES, side).astype("int32"))
    mixed = ct.searchsorted(ct.tensor([1, 2, 4]), ct.tensor([1.5, 2.0]), side=side)
    check(mixed, np.searchsorted([1, 2, 4], [1.5, 2.0], side))


def test_places_in_rows_of_their_own_and_by_a_sorter():
    rng = np.random.default_rng(0)
    rows, x = np.sort(rng.integers(0, 9, (2, 3, 6))), rng.integers(0, 9, (2, 3, 4))
    want = np.array(
        [np.searchsorted(r, v) for r, v in zip(rows.reshape(-1, 6), x.reshape(-1, 4), strict=True)]
    )
    check(ct.searchsorted(ct.tensor(rows), ct.tensor(x)), want.reshape(2, 3, 4))
    mixed = rng.permutation(6)
    order = np.argsort(mixed)
    got = ct.searchsorted(ct.tensor(mixed), ct.tensor([2, 5]), sorter=ct.tensor(order))
    check(got, np.searchsorted(mixed, [2, 5], sorter=order))
    got = ct.searchsorted(ct.tensor(mixed), ct.tensor([2, 5]), sorter=ct.tensor(order + 3))
    with pytest.raises(IndexingError, match="out of range"):
        got.numpy()
    with pytest.raises(ShapeError, match="give what argsort gives"):
        ct.searchsorted(ct.tensor(mixed), ct.tensor([2]), sorter=ct.tensor([0]))


def test_faults_of_searching():
    row = ct.tensor(ROW)
    with pytest.raises(ValueError, match="side is 'left' and right True"):
        ct.searchsorted(row, row, side="left", right=True)
    with pytest.raises(ShapeError, match="the same axes before the last"):
        ct.searchsorted(ct.ones(2, 3), ct.ones(3, 2))
    with pytest.raises(ShapeError, match="boundaries have shape"):
        ct.bucketize(row, ct.ones(2, 2))
    assert ct.searchsorted(ct.zeros(0), ct.ones(2)).tolist() == [0, 0]


def test_isin():
    a, b = np.array([[1, 5, 2], [7, 0, 5]]), np.array([5, 0, 9])
    for invert in (False, True):
        check(ct.isin(ct.tensor(a), ct.tensor(b), invert=invert), np.isin(a, b, invert=invert))
        check(ct.isin(ct.tensor(a), 5, invert=invert), np.isin(a, 5, invert=invert))
        check(ct.isin(5, ct.tensor(b), invert=invert), np.isin(5, b, invert=invert))
        for few in ([], [3, 5], [2**63]):  # a number has the other's dtype
            many = ct.tensor(few, dtype="uint64")
            check(ct.isin(5, many, invert=invert), np.bool_((5 in few) != invert))
        check(ct.isin(ct.tensor(a), ct.tensor(b[:0]), invert=invert), np.isin(a, [], invert=invert))
    check(ct.isin(ct.tensor([np.nan, 1.0]), ct.tensor([np.nan, 2.0])), np.array([False, False]))
    with pytest.raises(DTypeError, match="one must be a tensor"):
        ct.isin(1, 2)


def test_bincount():
    a, w = np.array([3, 0, 3, 1]), np.float32([0.5, 1, 2, 4])
    check(ct.bincount(ct.tensor(a)), np.bincount(a))
    check(ct.bincount(ct.tensor(a), minlength=6), np.bincount(a, minlength=6))
    check(ct.bincount(ct.tensor(a), ct.tensor(w)), np.bincount(a, w).astype("float32"))
    assert ct.bincount(ct.tensor(a[:0])).tolist() == []
    halves = ct.bincount(ct.tensor([0] * 3000), ct.ones(3000, dtype=ct.bfloat16))
    assert halves.tolist() == [3000]
    assert ct.tensor(a[:0]).bincount(minlength=2).tolist() == [0, 0]
    with pytest.raises(ValueError, match="bincount: -1 is below 0"):
        ct.bincount(ct.tensor([1, -1]))
    with pytest.raises(DTypeError, match="give a vector of integers"):
        ct.bincount(ct.ones(2))


def test_histc():
    a = np.float32([0, 1, 1.5, 2, 4, 4.1, -1, np.nan])
    check(ct.histc(ct.tensor(a), 4, 0, 4), np.float32([1, 2, 1, 1]))
    check(ct.histc(ct.tensor(a[:5]), 4), np.float32([1, 2, 1, 1]))
    check(ct.histc(ct.tensor([2.0, 2.0]), 2), np.float32([0, 2]))
    with pytest.raises(ValueError, match="histc: the range is from 2.0 to 1.0"):
        ct.histc(ct.tensor(a), 4, 2, 1)
    with pytest.raises(ValueError, match="is not finite"):
        ct.histc(ct.tensor([np.inf, 1.0]))


@pytest.mark.parametrize("density", [False, True])
def test_histograms(density):
    rng = np.random.default_rng(0)
    a, w = rng.random((5, 8)).astype("float32"), rng.random((5, 8)).astype("float32")
    x = ct.tensor(a)
    for bins, limits, weight in ((4, None, None), (5, (0.2, 0.7), w)):
        given = None if weight is None else ct.tensor(weight)
        hist, edges = ct.histogram(x, bins, range=limits, weight=given, density=density)
        want, their = np.histogram(a, bins, limits, density, weight)
        np.testing.assert_allclose(hist.numpy(), want, rtol=1e-5)
        np.testing.assert_allclose(edges.numpy(), their, rtol=1e-5)
    own = np.float32([0, 0.1, 0.5, 1])
    got = x.histogram(ct.tensor(own), density=density)
    np.testing.assert_allclose(
        got.hist.numpy(), np.histogram(a, own, density=density)[0], rtol=1e-5
    )
    check(got.bin_edges, own)


@pytest.mark.parametrize("density", [False, True])
def test_histograms_of_several_dimensions(density):
    a = np.random.default_rng(0).random((30, 2)).astype("float32")
    x = ct.tensor(a)
    for bins, limits in (([3, 2], None), (4, [0.0, 0.5, 0.25, 1.0])):
        hist, edges = ct.histogramdd(x, bins, range=limits, density=density)
        pairs = None if limits is None else [limits[:2], limits[2:]]
        want, their = np.histogramdd(a, bins, pairs, density)
        np.testing.assert_allclose(hist.numpy(), want, rtol=1e-5)
        for edge, wanted in zip(edges, their, strict=True):
            np.testing.assert_allclose(edge.numpy(), wanted, rtol=1e-5)
    own = [np.float32([0, 0.5, 1]), np.float32([0, 0.3, 0.4])]
    got = ct.histogramdd(x, [ct.tensor(e) for e in own])
    np.testing.assert_allclose(got.hist.numpy(), np.histogramdd(a, own)[0])
    with pytest.raises(ShapeError, match="for 2 coordinates"):
        ct.histogramdd(x, [1])
    with pytest.raises(DTypeError, match="histogramdd: x is of shape"):
        ct.histogramdd(ct.tensor([[1]]), 1)


@cases
def test_drawn(case):
    rng = generator(case)
    for _ in range(4):
        sizes = tuple(rng.integers(0, 6, int(rng.integers(0, 4))).tolist())
        how = drawn(
            sizes=sizes, n=int(rng.integers(1, 20)), side=str(rng.choice(["left", "right"]))
        )
        a, row = rng.integers(-5, 6, sizes), np.sort(rng.integers(-4, 5, how["n"]))
        got = ct.searchsorted(ct.tensor(row), ct.tensor(a), how["side"])
        check(got, np.searchsorted(row, a, how["side"]))
        check(ct.isin(ct.tensor(a), ct.tensor(row)), np.isin(a, row))
        count = np.abs(a).ravel()
        check(ct.bincount(ct.tensor(count), minlength=2), np.bincount(count, minlength=2))


@pytest.mark.parametrize("dtype", ["int64", "int32", "int8", "uint8", "uint64"])
def test_counts_of_many_and_few_numbers(dtype):
    rng = np.random.default_rng(3)
    top = min(1000, int(np.iinfo(dtype).max))
    for count, most in ((1, 1), (9, top), (5000, top), (70_001, 7)):
        a = rng.integers(0, most, count).astype(dtype)
        check(ct.bincount(ct.tensor(a)), np.bincount(a.astype("int64")))
        strided = ct.tensor(np.repeat(a, 2))[::2]
        check(ct.bincount(strided, minlength=1200), np.bincount(a.astype("int64"), minlength=1200))
    far = np.array([0, 2_000_000, 2_000_000], dtype="int64")  # more counters than elements
    assert ct.bincount(ct.tensor(far))[-1].item() == 2


def test_what_is_outside_of_a_histogram_is_not_counted():
    a = np.random.default_rng(4).standard_normal(3001).astype("float32")
    a[:3] = np.nan, np.inf, -np.inf
    want = np.histogram(a[3:], 7, (-1, 1))[0]
    check(ct.histc(ct.tensor(a), 7, -1, 1), want.astype("float32"))
    check(ct.histogram(ct.tensor(a), 7, range=(-1, 1))[0], want.astype("float32"))
