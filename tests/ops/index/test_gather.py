"""Picking along an axis, beside NumPy."""

import numpy as np
import pytest
from arrays import check, counted

import cltensor as ct


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("index_type", ["int64", "int32", "uint8"])
def test_gather_and_scatter_add(axis, index_type):
    rng = np.random.default_rng(11)
    a = rng.integers(0, 99, (4, 6, 5)).astype("float32")
    index = rng.integers(0, 4, (4, 6, 5)).astype(index_type)
    source = rng.integers(0, 9, (4, 6, 5)).astype("float32")
    check(ct.gather(ct.tensor(a), axis, ct.tensor(index)), np.take_along_axis(a, index, axis))
    want, places = a.copy(), list(np.indices(index.shape))
    places[axis] = index
    np.add.at(want, tuple(places), source)
    got = ct.scatter_add(ct.tensor(a), axis, ct.tensor(index), ct.tensor(source))
    check(got, want)


def test_gather_and_scatter_add_of_smaller_indices():
    rng = np.random.default_rng(12)
    a = rng.integers(0, 99, (4, 6, 5)).astype("int64")
    index = rng.integers(-6, 6, (2, 9, 3))
    check(ct.gather(ct.tensor(a), 1, index), np.take_along_axis(a[:2, :, :3], index, 1))
    want = a.copy()
    source = rng.integers(0, 9, (3, 9, 4))
    np.add.at(want, (np.arange(2)[:, None, None], index, np.arange(3)), source[:2, :, :3])
    check(ct.scatter_add(ct.tensor(a), 1, ct.tensor(index), ct.tensor(source)), want)


def test_take_along_axis_broadcasts():
    a = counted(3, 1, 5)
    index = np.random.default_rng(1).integers(-5, 5, (1, 4, 2))
    check(ct.take_along_axis(ct.tensor(a), ct.tensor(index), -1), np.take_along_axis(a, index, -1))
    order = np.argsort(-a, axis=None)
    check(ct.take_along_axis(ct.tensor(a), order, None), np.take_along_axis(a, order, None))


def test_gather_takes_sparse_grad_where_it_asks_for_nothing(device):
    x, index = ct.tensor([1.0, 2.0]), ct.tensor([1])
    assert ct.gather(x, 0, index, sparse_grad=False).tolist() == [2]
    assert x.gather(dim=0, index=index, sparse_grad=False).tolist() == [2]
    with pytest.raises(TypeError, match="gather: sparse_grad=True is not supported"):
        x.gather(0, index, sparse_grad=True)
