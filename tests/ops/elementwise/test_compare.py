"""Comparisons."""

import operator

import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import DTypeError


def test_eq_compares_elements(device):
    x = ct.tensor([1.0, 2.0])
    assert ct.eq(x, ct.tensor([1.0, 3.0])).tolist() == [True, False]
    assert (x == 2).tolist() == [False, True]
    assert x.eq(1).tolist() == [True, False]


@pytest.mark.parametrize("dtype", [ct.float16, ct.bfloat16])
def test_floats_of_16_bits_are_compared_with_what_numbers_are_among_them(device, dtype):
    x = ct.tensor([0.1, 1e30, 2049], dtype=dtype)
    assert (x == 0.1).tolist() == [True, False, False]
    assert ((x != 0.1) | (x < 0.1) | (x > 0.1)).tolist()[0] is False
    assert ((x <= 0.1) & (x >= 0.1)).tolist()[0] is True
    assert (x == 1e30).tolist()[1]
    assert (x == 2049).tolist()[2]
    assert (x == ct.tensor([2049, 2049, 2049])).tolist() == [False, False, True]
    assert (ct.tensor(0.1) == x).tolist() == [True, False, False]
    assert not (x == float("nan")).any()
    assert (x == 1 + 1j).tolist() == [False] * 3


@pytest.mark.parametrize(
    ("dtype", "numbers"),
    [("uint8", (-1, 256, 300)), ("int8", (-129, 128)), ("uint32", (-5, 1 << 40))],
)
@pytest.mark.parametrize("name", ["eq", "ne", "lt", "le", "gt", "ge"])
def test_integers_beside_numbers_that_their_dtype_does_not_hold(device, dtype, numbers, name):
    limits, compare = np.iinfo(dtype), getattr(operator, name)
    a = np.array([limits.min, 0, 3, limits.max], dtype)
    x = ct.tensor(a)
    for number in numbers:
        assert compare(x, number).tolist() == [compare(int(v), number) for v in a]
        assert compare(number, x).tolist() == [compare(number, int(v)) for v in a]
    with pytest.raises(DTypeError, match="^[a-z_]*: -1 does not fit uint64"):
        compare(ct.zeros(2, dtype="uint64"), -1)
