"""Conv2d: its options, and the arguments that it refuses."""

import numpy as np
import pytest
from layers import assert_as_pytorch, host

import cltensor as ct
from cltensor import nn

# name, constructor arguments, shape of the input
LAYERS = [
    ("Conv2d", (3, 4, 3), {}, (2, 3, 7, 6)),
    ("Conv2d", (4, 6, (3, 2)), {"stride": 2, "padding": (1, 0), "groups": 2}, (2, 4, 7, 8)),
    ("Conv2d", (2, 3, 3), {"padding": "same", "dilation": 2, "bias": False}, (1, 2, 8, 8)),
    ("Conv2d", (2, 3, 3), {"padding": "valid"}, (1, 2, 8, 8)),
]


@pytest.mark.parametrize(("name", "args", "options", "shape"), LAYERS)
def test_as_pytorch(name, args, options, shape):
    assert_as_pytorch(name, args, options, shape)


def test_conv2d_checks_its_arguments():
    with pytest.raises(ct.ShapeError, match="groups=2 does not divide"):
        nn.Conv2d(3, 4, 3, groups=2)
    with pytest.raises(ValueError, match="padding_mode is 'reflect'"):
        nn.Conv2d(3, 4, 3, padding_mode="reflect")
    with pytest.raises(ct.ShapeError, match="conv2d"):
        nn.Conv2d(3, 4, 3)(ct.zeros(1, 2, 8, 8))


def test_conv2d_of_ones_counts_the_window():
    layer = nn.Conv2d(2, 1, 3, padding=1)
    nn.init.ones_(layer.weight)
    nn.init.constant_(layer.bias, 0.5)
    found = host(layer(ct.ones(1, 2, 3, 3)))[0, 0]
    np.testing.assert_array_equal(found, [[8.5, 12.5, 8.5], [12.5, 18.5, 12.5], [8.5, 12.5, 8.5]])
