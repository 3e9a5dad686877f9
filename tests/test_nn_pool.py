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
    with pytest.raises(ct.ShapeError, match="adaptive_avg_pool2d: 3 x 3 windows"):
        nn.AdaptiveAvgPool2d(3)(ct.tensor(x))
