"""Bits: shifts by more than there are, and signs."""

import pytest

import cltensor as ct
from cltensor.errors import DTypeError


def test_shifts_by_all_bits_or_none(device):
    x = ct.tensor([1, -8, 64, -1], dtype="int8")
    up, down = ct.tensor([7, 8, 1, -1], dtype="int8"), ct.tensor([1, 2, 8, 9], dtype="int8")
    assert ct.bitwise_left_shift(x, up).tolist() == [-128, 0, -128, 0]
    assert ct.bitwise_right_shift(x, down).tolist() == [0, -2, 0, -1]
    x = ct.tensor([255, 128], dtype="uint8")
    assert ct.bitwise_right_shift(x, ct.tensor([8, 7], dtype="uint8")).tolist() == [0, 1]


def test_bits_of_bools_and_of_no_floats(device):
    assert ct.bitwise_invert(ct.tensor([True, False])).tolist() == [False, True]
    assert ct.bitwise_invert(ct.tensor([0, -1])).tolist() == [-1, 0]
    with pytest.raises(DTypeError, match="bitwise_and"):
        ct.bitwise_and(ct.tensor([1.0]), ct.tensor([2.0]))
