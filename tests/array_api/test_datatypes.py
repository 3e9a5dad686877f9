"""Data types: what promotes to what, and their limits."""

import numpy as np
import pytest

from cltensor import array_api as xp
from cltensor.errors import DTypeError


def test_promotion(device):
    assert xp.result_type(xp.int8, xp.uint8) == xp.int16
    assert xp.result_type(xp.float32, xp.ones(2, dtype=xp.int64), 1j) == xp.complex64
    assert xp.result_type(xp.int8, 7, True) == xp.int8
    assert xp.result_type(xp.bool, 1) == xp.int64
    assert xp.result_type(xp.float32, xp.asarray(1.0, dtype=xp.float32)) == xp.float32
    with pytest.raises(DTypeError, match="neither an array nor a dtype"):
        xp.result_type(1, 2.0)
    assert xp.can_cast(xp.int8, xp.int16)
    assert not xp.can_cast(xp.ones(1), xp.int64)
    assert not xp.can_cast(xp.uint64, xp.int64)


def test_kinds():
    assert xp.isdtype(xp.float32, "real floating")
    assert xp.isdtype(xp.uint8, ("bool", "integral"))
    assert xp.isdtype(xp.uint8, xp.uint8)
    assert not xp.isdtype(xp.bool, "numeric")
    with pytest.raises(ValueError, match="there is no kind 'float'"):
        xp.isdtype(xp.float32, "float")


def test_limits(device):
    found = xp.finfo(xp.complex64)
    assert (found.bits, found.dtype, found.eps) == (32, xp.float32, 2.0**-23)
    assert type(found.smallest_normal) is float
    assert found.max == -found.min == float(np.finfo("float32").max)
    assert xp.iinfo(xp.ones(1, dtype=xp.int8)) == xp.iinfo(xp.int8)
    assert (xp.iinfo(xp.int8).max, xp.iinfo(xp.uint8).min) == (127, 0)


def test_casts(device):
    x = xp.ones(2)
    assert xp.astype(x, xp.float32, copy=False) is x
    y = xp.astype(x, xp.float32)
    y[0] = 5
    assert x.tolist() == [1, 1]
    assert xp.astype(x, xp.int8).dtype == xp.int8
