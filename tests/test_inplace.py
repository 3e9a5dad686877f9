"""Assignment, and the methods that end in an underscore."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import DTypeError, IndexingError, ShapeError


def test_in_place_methods_change_the_tensor_all_names_share(device, mode):
    x = ct.tensor([1.0, 4.0])
    y = x
    assert x.add_(1) is x
    assert y.tolist() == [2, 5]
    x.mul_(ct.tensor([2.0, 3.0])).sub_(1).div_(2)
    assert y.tolist() == [1.5, 7]
    x.zero_()
    x.fill_(3.0)
    x.copy_(ct.tensor([5, 6]))
    assert y.tolist() == [5, 6]
    x.clamp_(max=5.5)
    assert x.tolist() == [5, 5.5]


def test_in_place_results_must_fit(device):
    x, n = ct.ones(2), ct.ones(2, dtype="int32")
    with pytest.raises(ShapeError, match=r"in place: a result of shape \(3, 2\) does not fit"):
        x.add_(ct.ones(3, 2))
    with pytest.raises(DTypeError, match="in place: a float32 result does not fit a int32 tensor"):
        n.div_(2)
    with pytest.raises(ShapeError, match="add: shapes"):
        x.add_(ct.ones(3))
    assert x.tolist() == [1, 1]
    assert n.tolist() == [1, 1]


def test_item_assignment(device, mode):
    x = ct.zeros(3, 4)
    a = np.zeros((3, 4), "float32")
    for key, value in (
        ((0,), 5.0),
        ((slice(1, 3), 2), np.array([1.0, 2.0], "float32")),
        ((Ellipsis, -1), 7),
        ((slice(None, None, -2), slice(0, 2)), 3.5),
    ):
        x[key] = value
        a[key] = value
    np.testing.assert_array_equal(x.numpy(), a)
    x[x > 4] = 0.0
    a[a > 4] = 0
    np.testing.assert_array_equal(x.numpy(), a)
    with pytest.raises(ShapeError, match="setitem: "):
        x[0] = ct.ones(3)
    with pytest.raises(IndexingError, match="index 3 is out of range for axis 0 of size 3"):
        x[3] = 1.0
    np.testing.assert_array_equal(x.numpy(), a)


def test_a_tensor_assigned_to_itself(device):
    x = ct.arange(5)
    x[1:] = x[:-1]
    assert x.tolist() == [0, 0, 1, 2, 3]
    x[:] = x[::-1]
    assert x.tolist() == [3, 2, 1, 0, 0]
