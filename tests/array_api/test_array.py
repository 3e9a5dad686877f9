"""The array of the standard: a Tensor whose operators follow it."""

import copy

import numpy as np
import pytest

import cltensor as ct
from cltensor import array_api as xp
from cltensor.errors import DTypeError, GradientError, ShapeError


def test_a_tensor_is_shared_with_its_place_in_the_graph(device):
    t = ct.tensor([1.0, 2.0], requires_grad=True)
    x = xp.asarray(t)
    assert type(x) is xp.Array
    assert type(t) is ct.Tensor
    assert xp.asarray(x) is x
    (x * 3 + t).sum().backward()
    assert t.grad.tolist() == [4, 4]
    shared = ct.zeros(3)
    xp.asarray(shared)[1] = 5
    assert shared.tolist() == [0, 5, 0]


def test_what_an_operation_makes_stays_pending(deferred):
    x = xp.asarray(ct.ones(3)) + 1
    assert type(x) is xp.Array
    assert x.is_pending
    assert xp.positive(x) is not x
    assert type(ct.ones(3) + x) is type(x + ct.ones(3)) is xp.Array


def test_arrays_without_dimensions_count_as_any_other(fp64):
    x, wide = xp.ones(3, dtype=xp.float32), xp.asarray(2.0, dtype=xp.float64)
    assert (x * wide).dtype == (wide * x).dtype == xp.float64
    assert xp.where(x > 0, x, wide).dtype == xp.float64
    assert (ct.ones(3) * ct.tensor(2.0, dtype="float64")).dtype == xp.float32
    assert (xp.ones(2, dtype=xp.int8) + xp.asarray(1, dtype=xp.int64)).dtype == xp.int64
    assert (x * 2.5).dtype == (2.5 * x).dtype == xp.float32
    with pytest.raises(DTypeError, match="uint64 and int64 have no common integer type"):
        _ = xp.ones(2, dtype=xp.uint64) + xp.ones(2, dtype=xp.int64)


def test_operators_in_place_keep_the_dtype(fp64):
    x = xp.ones(2, dtype=xp.float32)
    same = x
    x += xp.asarray(1.5, dtype=xp.float64)
    x //= 2
    assert (x is same, x.dtype, x.tolist()) == (True, xp.float32, [1, 1])
    whole = xp.ones(2, dtype=xp.int32)
    with pytest.raises(DTypeError, match=r"\+=: a float32 result does not fit"):
        whole += 1.5


def test_members(device):
    x = xp.reshape(xp.arange(6), (2, 3))
    assert type(x.T) is type(x.mT) is type(x[0]) is type(next(iter(x))) is xp.Array
    assert x.T.tolist() == x.mT.tolist() == [[0, 3], [1, 4], [2, 5]]
    assert (x.ndim, x.size, x.shape) == (2, 6, (2, 3))
    with pytest.raises(ShapeError, match="T: an array of shape"):
        _ = x[0].T
    assert x.to_device(x.device) is not None
    with pytest.raises(ValueError, match="stream is 1"):
        x.to_device(x.device, stream=1)
    assert (x == None) is False  # noqa: E711
    assert type(copy.deepcopy(x)) is xp.Array
    with pytest.raises(GradientError):
        xp.asarray(ct.ones(2, requires_grad=True)).__dlpack__()


def test_devices(other_device):
    moved = xp.ones(2).to_device(other_device)
    assert (type(moved), moved.device) == (xp.Array, other_device)
    assert xp.asarray(moved).device is other_device
    np.testing.assert_array_equal(xp.astype(moved, xp.int32, device=ct.device()).numpy(), [1, 1])
