"""Flatten and Unflatten."""

import numpy as np
import pytest
from layers import assert_as_pytorch

import cltensor as ct
from cltensor import nn

# name, constructor arguments, shape of the input
LAYERS = [
    ("Flatten", (), {}, (2, 3, 4)),
    ("Flatten", (0, 1), {}, (2, 3, 4)),
    ("Unflatten", (1, (2, 3)), {}, (4, 6)),
]


@pytest.mark.parametrize(("name", "args", "options", "shape"), LAYERS)
def test_as_pytorch(name, args, options, shape):
    assert_as_pytorch(name, args, options, shape)


def test_values_and_shapes():
    x = ct.tensor(np.arange(24, dtype=np.float32).reshape(2, 3, 4))
    assert nn.Flatten()(x).tolist() == x.numpy().reshape(2, 12).tolist()
    assert nn.Flatten(0)(ct.tensor(1.0)).shape == (1,)
    assert nn.Flatten()(ct.zeros(0, 3, 4)).shape == (0, 12)
    assert nn.Flatten(-2, -1)(x.permute(2, 1, 0)).shape == (4, 6)
    assert nn.Unflatten(-1, (-1, 2))(x).tolist() == x.numpy().reshape(2, 3, 2, 2).tolist()
    assert nn.Unflatten(0, (2, 1))(x).shape == (2, 1, 3, 4)


def test_refusals():
    with pytest.raises(ct.ShapeError, match="flatten: "):
        nn.Flatten()(ct.zeros(3))
    with pytest.raises(ct.ShapeError, match="flatten: start axis 2 lies behind"):
        nn.Flatten(2, 1)(ct.zeros(2, 3, 4))
    with pytest.raises(ct.ShapeError, match="unflatten: axis 1 of size 3"):
        nn.Unflatten(1, (2, 2))(ct.zeros(2, 3))


def test_sizes_that_are_none():
    with pytest.raises(ct.ShapeError, match="Unflatten: unflattened_size"):
        nn.Unflatten(1, (2, 1.5))
