"""Conv2d and ConvTranspose2d: their options, and the arguments that they refuse."""

import numpy as np
import pytest
from layers import array, assert_as_pytorch, host

import cltensor as ct
from cltensor import nn

# name, constructor arguments, shape of the input
LAYERS = [
    ("Conv2d", (3, 4, 3), {}, (2, 3, 7, 6)),
    ("Conv2d", (4, 6, (3, 2)), {"stride": 2, "padding": (1, 0), "groups": 2}, (2, 4, 7, 8)),
    ("Conv2d", (2, 3, 3), {"padding": "same", "dilation": 2, "bias": False}, (1, 2, 8, 8)),
    ("Conv2d", (2, 3, 3), {"padding": "valid"}, (1, 2, 8, 8)),
    ("ConvTranspose2d", (3, 4, 3), {}, (2, 3, 5, 6)),
    ("ConvTranspose2d", (4, 6, (3, 2)), {"stride": 2, "output_padding": 1}, (1, 4, 3, 4)),
    ("ConvTranspose2d", (4, 6, 3, 2, 1), {"groups": 2, "bias": False}, (2, 4, 5, 3)),
    ("ConvTranspose2d", (2, 3, 3), {"dilation": 2, "padding": 1}, (1, 2, 5, 5)),
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


def test_a_transposed_convolution_is_the_adjoint_of_the_convolution():
    down, up = nn.Conv2d(3, 4, 3, 2, 1, bias=False), nn.ConvTranspose2d(4, 3, 3, 2, 1, bias=False)
    up.weight.data = down.weight.data
    x, y = ct.tensor(array(2, 3, 7, 5)), ct.tensor(array(2, 4, 4, 3))
    np.testing.assert_allclose((down(x) * y).sum().item(), (x * up(y)).sum().item(), rtol=1e-4)
    with pytest.raises(ct.ShapeError, match="ConvTranspose2d: groups=2 does not divide"):
        nn.ConvTranspose2d(3, 4, 3, groups=2)


def test_conv2d_of_ones_counts_the_window():
    layer = nn.Conv2d(2, 1, 3, padding=1)
    nn.init.ones_(layer.weight)
    nn.init.constant_(layer.bias, 0.5)
    found = host(layer(ct.ones(1, 2, 3, 3)))[0, 0]
    np.testing.assert_array_equal(found, [[8.5, 12.5, 8.5], [12.5, 18.5, 12.5], [8.5, 12.5, 8.5]])
