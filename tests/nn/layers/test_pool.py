"""Pooling layers."""

import numpy as np
import pytest
from layers import assert_as_pytorch, host

import cltensor as ct
from cltensor import nn

# name, constructor arguments, shape of the input
LAYERS = [
    ("MaxPool2d", (2,), {}, (2, 3, 6, 8)),
    ("MaxPool2d", (3,), {"stride": 2, "padding": 1}, (2, 3, 7, 8)),
    ("AvgPool2d", (2,), {}, (2, 3, 6, 8)),
    ("AvgPool2d", (3,), {"stride": 2, "padding": 1}, (2, 3, 7, 8)),
    ("AdaptiveAvgPool2d", (1,), {}, (2, 3, 6, 8)),
    ("AdaptiveAvgPool2d", ((3, 4),), {}, (2, 3, 6, 8)),
    ("AdaptiveAvgPool2d", ((None, 2),), {}, (2, 3, 6, 8)),
    ("AdaptiveAvgPool2d", ((4, 3),), {}, (2, 3, 6, 8)),
    ("AdaptiveAvgPool2d", ((4, None),), {}, (3, 6, 8)),
    ("AdaptiveMaxPool2d", ((4, 3),), {}, (2, 3, 6, 8)),
    ("AdaptiveMaxPool2d", (2,), {}, (3, 6, 8)),
    ("MaxPool2d", (2,), {}, (3, 6, 8)),
    ("MaxPool2d", (2,), {"stride": 1, "padding": 1, "dilation": 3}, (2, 3, 6, 8)),
    ("MaxPool2d", ((3, 2),), {"stride": 3, "ceil_mode": True}, (2, 3, 7, 8)),
    ("AvgPool2d", (2,), {"padding": 1, "count_include_pad": False}, (3, 6, 8)),
    ("AvgPool2d", (3,), {"stride": 2, "ceil_mode": True, "divisor_override": -2}, (2, 3, 6, 8)),
]


@pytest.mark.parametrize(("name", "args", "options", "shape"), LAYERS)
def test_as_pytorch(name, args, options, shape):
    assert_as_pytorch(name, args, options, shape)


def test_pooling():
    x = np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4)
    found = host(nn.MaxPool2d(2)(ct.tensor(x)))[0, 0]
    np.testing.assert_array_equal(found, [[5, 7], [13, 15]])
    found = host(nn.AvgPool2d(2)(ct.tensor(x)))[0, 0]
    np.testing.assert_array_equal(found, [[2.5, 4.5], [10.5, 12.5]])
    found = host(nn.AdaptiveAvgPool2d(1)(ct.tensor(x)))
    np.testing.assert_array_equal(found, [[[[7.5]]]])
    found = host(nn.AdaptiveAvgPool2d((1, 3))(ct.tensor(x)))
    np.testing.assert_array_equal(found, [[[[6.5, 7.5, 8.5]]]])
    found = host(nn.AdaptiveMaxPool2d(3)(ct.tensor(x)))
    np.testing.assert_array_equal(found, [[[[5, 6, 7], [9, 10, 11], [13, 14, 15]]]])
    _, places = nn.AdaptiveMaxPool2d(2, return_indices=True)(ct.tensor(x))
    assert places.tolist() == [[[[5, 7], [13, 15]]]]
