"""Rows by number, and their sums in bags."""

import pytest
from leaves import leaf, same

import cltensor as ct
from cltensor.errors import DTypeError, IndexingError, ShapeError
from cltensor.nn import functional as F

TABLE = [[1.0, 2], [3, 4], [5, 6]]


def test_rows_and_their_gradients(device):
    weight, index = leaf(TABLE), ct.tensor([[0, 2], [2, 2]])
    F.embedding(index, weight).sum().backward()
    assert weight.grad.tolist() == [[1, 1], [0, 0], [3, 3]]
    weight.grad = None
    out = F.embedding(index, weight, padding_idx=-3)
    assert out.tolist() == [[[1, 2], [5, 6]], [[5, 6], [5, 6]]]
    out.sum().backward()
    assert weight.grad.tolist() == [[0, 0], [0, 0], [3, 3]]
    weight.grad = None
    F.embedding(index, weight, scale_grad_by_freq=True).sum().backward()
    same(weight.grad.tolist(), [[1, 1], [0, 0], [1, 1]])


def test_long_rows_are_shortened(device):
    weight = ct.tensor([[3.0, 4], [6, 8], [0, 1]])
    out = F.embedding(ct.tensor([0, 2]), weight, max_norm=1.0)
    same(out.tolist(), [[0.6, 0.8], [0, 1]])
    same(weight.tolist(), [[0.6, 0.8], [6, 8], [0, 1]])


def test_bags(device):
    weight, index = ct.tensor(TABLE), ct.tensor([0, 2, 1, 1])
    offsets = ct.tensor([0, 2, 2])
    for mode, want in (
        ("sum", [[6, 8], [0, 0], [6, 8]]),
        ("mean", [[3, 4], [0, 0], [3, 4]]),
        ("max", [[5, 6], [0, 0], [3, 4]]),
    ):
        assert F.embedding_bag(index, weight, offsets, mode=mode).tolist() == want
    ends = ct.tensor([0, 2, 4])
    assert F.embedding_bag(index, weight, ends, mode="sum", include_last_offset=True).tolist() == [
        [6, 8], [6, 8]
    ]  # fmt: skip
    whole = index.reshape(2, 2)
    factors = leaf([[1.0, 2], [0, 1]])
    out = F.embedding_bag(whole, weight, mode="sum", per_sample_weights=factors)
    assert out.tolist() == [[11, 14], [3, 4]]
    out.sum().backward()
    assert factors.grad.tolist() == [[3, 11], [7, 7]]
    out = F.embedding_bag(whole, weight, padding_idx=0)
    assert out.tolist() == [[5, 6], [3, 4]]


def test_what_does_not_fit(device):
    weight, index = ct.tensor(TABLE), ct.tensor([0, 1])
    for kind in (ct.float32, ct.bool):  # a mask would take other rows
        with pytest.raises(DTypeError, match=r"embedding: input has dtype .*\.long\(\)"):
            F.embedding(index.to(kind), weight)
    with pytest.raises(DTypeError, match=r"embedding_bag: input has dtype float32"):
        F.embedding_bag(index.float().reshape(1, 2), weight)
    with pytest.raises(IndexingError, match="embedding: index 7 is out of range for axis 0"):
        F.embedding(ct.tensor([7]), weight).tolist()
    with pytest.raises(ShapeError, match="embedding: weight has shape"):
        F.embedding(index, ct.ones(3))
    with pytest.raises(ShapeError, match="padding_idx is 3"):
        F.embedding(index, weight, 3)
    with pytest.raises(ShapeError, match="without offsets"):
        F.embedding_bag(index, weight)
    with pytest.raises(ValueError, match="mode is 'least'"):
        F.embedding_bag(index.reshape(1, 2), weight, mode="least")
    with pytest.raises(ValueError, match="per_sample_weights with mode 'mean'"):
        F.embedding_bag(index.reshape(1, 2), weight, per_sample_weights=ct.ones(1, 2))


@pytest.mark.parametrize("function", [F.embedding, F.embedding_bag])
def test_sparse_gradients_are_refused(function):
    with pytest.raises(TypeError, match=f"{function.__name__}: sparse=True asks for sparse grad"):
        function(ct.tensor([[0]]), ct.ones(1, 1), sparse=True)
    assert function(ct.tensor([[0]]), ct.ones(1, 1), sparse=False).flatten().tolist() == [1]
