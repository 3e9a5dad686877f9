"""Padded and packed sequences."""

import numpy as np
import pytest

import cltensor as ct
from cltensor import nn
from cltensor.nn.utils import rnn

SEQUENCES = [[1.0, 2.0], [3.0, 4.0, 5.0], [6.0]]


def sequences():
    return [ct.tensor(s) for s in SEQUENCES]


def test_pad_sequence():
    assert rnn.pad_sequence(sequences()).tolist() == [[1, 3, 6], [2, 4, 0], [0, 5, 0]]
    found = rnn.pad_sequence(sequences(), batch_first=True, padding_value=-1)
    assert found.tolist() == [[1, 2, -1], [3, 4, 5], [6, -1, -1]]
    found = rnn.pad_sequence(sequences(), True, 9.0, padding_side="left")
    assert found.tolist() == [[9, 1, 2], [3, 4, 5], [9, 9, 6]]
    assert rnn.pad_sequence([ct.zeros(2, 3), ct.ones(1, 3)]).shape == (2, 2, 3)
    assert rnn.pad_sequence([ct.zeros(0, 3)]).shape == (0, 1, 3)


@pytest.mark.parametrize("dtype", [ct.int64, ct.uint8, ct.bool, ct.float16], ids=str)
def test_padding_keeps_the_dtype(dtype):
    given = [ct.tensor(s).to(dtype) for s in ([0, 1], [1, 0, 1])]
    for padding, shown in ((0.0, 0), (1.0, 1)):
        found = rnn.pad_sequence(given, True, padding)
        assert found.dtype == dtype
        assert found.tolist() == [[0, 1, shown], [1, 0, 1]]
        packed = rnn.pack_sequence(given, enforce_sorted=False)
        found, _ = rnn.pad_packed_sequence(packed, True, padding, total_length=4)
        assert packed.data.dtype == found.dtype == dtype
        assert found.tolist() == [[0, 1, shown, shown], [1, 0, 1, shown]]
    assert rnn.unpad_sequence(rnn.pad_sequence(given, True), [2, 3], True)[0].dtype == dtype


def test_padding_is_cast_to_the_dtype_of_the_first():
    given = [ct.tensor([1, 2, 3]), ct.tensor([4.5])]
    assert rnn.pad_sequence(given, True, -1.5).tolist() == [[1, 2, 3], [4, -1, -1]]
    assert rnn.pad_sequence(given[::-1], True, -1.5).tolist() == [[4.5, -1.5, -1.5], [1, 2, 3]]
    with pytest.raises(ct.DTypeError, match="pad_sequence: nan does not fit int64"):
        rnn.pad_sequence([ct.tensor([1, 2]), ct.tensor([3])], padding_value=float("nan"))


def test_packs_and_pads():
    packed = rnn.pack_sequence(sequences(), enforce_sorted=False)
    assert packed.data.tolist() == [3, 1, 6, 4, 2, 5]
    assert packed.batch_sizes.tolist() == [3, 2, 1]
    assert packed.sorted_indices.tolist() == [1, 0, 2]
    assert packed.unsorted_indices.tolist() == [1, 0, 2]
    padded, lengths = rnn.pad_packed_sequence(packed, batch_first=True, padding_value=-1)
    assert padded.tolist() == [[1, 2, -1], [3, 4, 5], [6, -1, -1]]
    assert lengths.tolist() == [2, 3, 1]
    assert lengths.dtype == ct.int64
    longer, _ = rnn.pad_packed_sequence(packed, total_length=4)
    assert longer.tolist() == [[1, 3, 6], [2, 4, 0], [0, 5, 0], [0, 0, 0]]
    assert [s.tolist() for s in rnn.unpack_sequence(packed)] == SEQUENCES


@pytest.mark.parametrize("batch_first", [False, True])
def test_packs_a_padded_batch(batch_first):
    x = ct.tensor(np.arange(12, dtype=np.float32).reshape(3, 2, 2))
    given = x.swapaxes(0, 1) if batch_first else x
    packed = rnn.pack_padded_sequence(given, ct.tensor([3, 1]), batch_first)
    assert packed.data.tolist() == [[0, 1], [2, 3], [4, 5], [8, 9]]
    assert packed.batch_sizes.tolist() == [2, 1, 1]
    assert packed.sorted_indices is None
    rest = rnn.unpad_sequence(given, [3, 1], batch_first)
    assert [s.shape for s in rest] == [(3, 2), (1, 2)]


def test_gradients_go_through():
    x = ct.ones(3, 2).requires_grad_()
    packed = rnn.pack_padded_sequence(x, [1, 3], enforce_sorted=False)
    (rnn.pad_packed_sequence(packed)[0] * 2).sum().backward()
    assert x.grad.tolist() == [[2, 2], [0, 2], [0, 2]]


def test_packed_sequence_as_pytorch_makes_it():
    made = rnn.PackedSequence(ct.ones(3), ct.tensor([2, 1]), ct.tensor([1, 0]))
    assert made.sizes == (2, 1)
    assert made.order.tolist() == [1, 0]
    assert rnn.pad_packed_sequence(made)[1].tolist() == [1, 2]
    data, sizes, order, back = made
    assert data is made.data
    assert sizes is made.batch_sizes
    assert order.tolist() == back.tolist() == [1, 0]
    assert rnn.PackedSequence((ct.ones(3), ct.tensor([2, 1]))).sorted_indices is None
    assert made.half().data.dtype == ct.float16
    assert made.float() is made
    assert nn.utils.rnn.invert_permutation(ct.tensor([2, 0, 1])).tolist() == [1, 2, 0]


def test_what_does_not_fit():
    x = ct.zeros(3, 2)
    for lengths in ([1, 3], [3, 0], [3], [4, 1], []):
        with pytest.raises(ct.ShapeError, match="pack_padded_sequence: lengths are"):
            rnn.pack_padded_sequence(x, lengths)
    with pytest.raises(ct.ShapeError, match=r"input has shape \(3,\)"):
        rnn.pack_padded_sequence(ct.zeros(3), [1])
    with pytest.raises(ValueError, match="total_length is 2; give 3 or more"):
        rnn.pad_packed_sequence(rnn.pack_padded_sequence(x, [3, 1]), total_length=2)
    with pytest.raises(ct.ShapeError, match="pad_sequence: sequences have shapes"):
        rnn.pad_sequence([ct.zeros(2, 3), ct.zeros(2, 4)])
    with pytest.raises(ct.ShapeError, match="pad_sequence: sequences are int"):
        rnn.pad_sequence(3)
    with pytest.raises(ValueError, match="padding_side is 'top'"):
        rnn.pad_sequence([x], padding_side="top")
    with pytest.raises(ct.ShapeError, match="unpad_sequence: 1 lengths for 2 sequences"):
        rnn.unpad_sequence(x, [1])
