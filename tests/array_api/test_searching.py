"""Searching, sorting and indexing by the standard's names."""

import pytest

from cltensor import array_api as xp
from cltensor.errors import ShapeError


def test_places(device):
    x = xp.asarray([[3, 1], [0, 3]])
    assert xp.argmax(x).item() == 0
    assert xp.argmin(x, axis=1, keepdims=True).tolist() == [[1], [0]]
    assert [a.tolist() for a in xp.nonzero(x)] == [[0, 0, 1], [0, 1, 1]]
    assert xp.count_nonzero(x, axis=0).tolist() == [1, 2]
    with pytest.raises(ShapeError, match="nonzero: an array of shape"):
        xp.nonzero(xp.asarray(1))


def test_orders(device):
    x = xp.asarray([3.0, 1.0, 2.0])
    assert xp.sort(x, descending=True).tolist() == [3, 2, 1]
    assert xp.argsort(x).tolist() == [1, 2, 0]
    s = xp.sort(x)
    assert xp.searchsorted(s, xp.asarray([2.0, 2.5]), side="right").tolist() == [2, 2]
    assert xp.searchsorted(x, 2, sorter=xp.argsort(x)).item() == 1


def test_picks(device):
    x = xp.reshape(xp.arange(6), (2, 3))
    assert xp.take(x, xp.asarray([2, 0]), axis=1).tolist() == [[2, 0], [5, 3]]
    assert xp.take_along_axis(x, xp.asarray([[1], [2]])).tolist() == [[1], [5]]
    assert xp.where(x > 2, x, -1).tolist() == [[-1, -1, -1], [3, 4, 5]]
