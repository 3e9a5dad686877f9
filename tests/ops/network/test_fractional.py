"""Pooling at random places."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import ShapeError
from cltensor.ops.network.fractional import fractional_max_pool


def test_results_are_elements_at_their_places(device):
    x = ct.randn(2, 3, 7, 9)
    values, places = fractional_max_pool("f", x, (2, 3), (3, 4), None, None)
    flat = x.numpy().reshape(2, 3, -1)
    taken = np.take_along_axis(flat, places.numpy().reshape(2, 3, -1), 2)
    np.testing.assert_array_equal(taken, values.numpy().reshape(2, 3, -1))
    assert fractional_max_pool("f", x[0], (2, 2), None, 0.5, None)[0].shape == (3, 3, 4)


def test_windows_begin_where_pytorchs_do(device):
    x = ct.arange(36.0).reshape(1, 1, 6, 6)
    found, _ = fractional_max_pool("f", x, (2, 2), 3, None, ct.tensor([[[0.9, 0.2]]]))
    assert found.tolist() == [[[[7, 9, 11], [19, 21, 23], [31, 33, 35]]]]
    found, _ = fractional_max_pool("f", x, (2, 2), 3, None, ct.tensor([[[4.96, -0.7]]]))
    assert found.tolist() == [[[[7, 9, 11], [13, 15, 17], [31, 33, 35]]]]


def test_no_images_at_all(device):
    values, places = fractional_max_pool("f", ct.zeros(0, 2, 5, 5), (2, 2), 2, None, None)
    assert values.shape == places.shape == (0, 2, 2, 2)


def test_what_does_not_fit(device):
    x = ct.ones(1, 1, 3, 3)
    with pytest.raises(ShapeError, match="do not fit"):
        fractional_max_pool("f", x, (2, 2), (3, 3), None, None)
    with pytest.raises(ValueError, match="one of them"):
        fractional_max_pool("f", x, (2, 2), None, None, None)
