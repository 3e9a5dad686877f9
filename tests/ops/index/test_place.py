"""Scatter, and slices filled or copied."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import DTypeError, IndexingError, ShapeError

INDEX = [[0, 2], [1, 0]]


def test_scatter_of_numbers_and_tensors(device):
    x, index = ct.zeros(2, 3), ct.tensor(INDEX)
    assert x.scatter(1, index, 7.0).tolist() == [[7, 0, 7], [7, 7, 0]]
    assert x.scatter(1, index, value=7).tolist() == [[7, 0, 7], [7, 7, 0]]
    source = ct.tensor([[1.0, 2, 9], [3, 4, 9]])
    assert ct.scatter(x, 1, index, source).tolist() == [[1, 0, 2], [4, 3, 0]]
    assert x.scatter(dim=1, index=index, src=source).tolist() == [[1, 0, 2], [4, 3, 0]]
    assert x.tolist() == [[0] * 3] * 2
    assert x.scatter_(1, index, source) is x
    assert x.tolist() == [[1, 0, 2], [4, 3, 0]]


def test_one_hot_as_programs_write_it(device):
    labels = ct.tensor([2, 0])
    hot = ct.zeros(2, 3).scatter_(1, labels.unsqueeze(1), 1)
    assert hot.tolist() == [[0, 0, 1], [1, 0, 0]]


def test_scatter_reduces(device):
    x, index = ct.full((2, 3), 2.0), ct.tensor([[0, 0], [1, 2]])
    source = ct.tensor([[3.0, 4], [5, 6]])
    assert x.scatter(1, index, source, reduce="add").tolist() == [[9, 2, 2], [2, 7, 8]]
    assert x.scatter(1, index, source, reduce="multiply").tolist() == [[24, 2, 2], [2, 10, 12]]
    assert x.scatter(1, index, 3.0, reduce="multiply").tolist() == [[18, 2, 2], [2, 6, 6]]
    with pytest.raises(ValueError, match="scatter: reduce is 'mean'"):
        x.scatter(1, index, source, reduce="mean")


def test_scatter_refuses_what_does_not_fit(device):
    x, index = ct.zeros(2, 3), ct.tensor(INDEX)
    with pytest.raises(TypeError, match="scatter: source is a NoneType and value a NoneType"):
        x.scatter(1, index)
    with pytest.raises(ShapeError, match="scatter: an index of shape .2, 2. for a source of"):
        x.scatter(1, index, ct.zeros(1, 2))
    with pytest.raises(DTypeError, match="scatter: x is float32 and the source int64"):
        x.scatter(1, index, index)
    with pytest.raises(IndexingError):
        x.scatter(1, index + 5, 1.0).tolist()


def test_slices_are_filled_and_copied(device):
    x, index = ct.zeros(2, 3), ct.tensor([2, 0])
    assert x.index_fill(1, index, 5).tolist() == [[5, 0, 5]] * 2
    assert x.clone().index_fill_(dim=0, index=ct.tensor([1]), value=5).tolist() == [
        [0] * 3,
        [5] * 3,
    ]
    source = ct.tensor([[1.0, 2], [3, 4]])
    assert x.index_copy(1, index, source).tolist() == [[2, 0, 1], [4, 0, 3]]
    x.index_copy_(1, index, source)
    assert x.tolist() == [[2, 0, 1], [4, 0, 3]]
    assert ct.tensor(1.0).index_fill(0, ct.tensor([0]), 3).item() == 3
    with pytest.raises(
        IndexingError, match="index_fill: index 7 is out of range for axis 0 of size"
    ):
        x.index_fill(0, [7], 0)
    with pytest.raises(ShapeError, match="index_copy: a source of shape"):
        x.index_copy(0, index, source)


def test_gradients(fp64):
    x = ct.tensor(np.arange(6.0).reshape(2, 3), requires_grad=True)
    source = ct.tensor(np.arange(4.0).reshape(2, 2) + 1, requires_grad=True)
    index, two = ct.tensor(INDEX), ct.tensor([2, 0])
    for f in (
        lambda a, b: a.scatter(1, index, b) ** 2,
        lambda a, b: a.scatter(1, index, b, reduce="multiply") ** 2,
        lambda a, b: a.index_copy(1, two, b) ** 2 * a.index_fill(1, two, 3.0),
    ):
        ct.testing.gradcheck(f, [x, source])
