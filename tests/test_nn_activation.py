"""Activations as layers."""

import numpy as np
import pytest
from layers import assert_as_pytorch, host

import cltensor as ct
from cltensor import nn
from cltensor.autograd import Variable

# name, constructor arguments, shape of the input
LAYERS = [
    ("ReLU", (), {}, (3, 4)),
    ("ReLU6", (), {}, (3, 4)),
    ("LeakyReLU", (0.2,), {}, (3, 4)),
    ("ELU", (0.7,), {}, (3, 4)),
    ("SiLU", (), {}, (3, 4)),
    ("GELU", (), {}, (3, 4)),
    ("GELU", (), {"approximate": "tanh"}, (3, 4)),
    ("Tanh", (), {}, (3, 4)),
    ("Sigmoid", (), {}, (3, 4)),
    ("Softplus", (), {}, (3, 4)),
    ("Softplus", (2.0,), {}, (3, 4)),
    ("Softmax", (1,), {}, (3, 4)),
    ("LogSoftmax", (0,), {}, (3, 4)),
]


@pytest.mark.parametrize(("name", "args", "options", "shape"), LAYERS)
def test_as_pytorch(name, args, options, shape):
    assert_as_pytorch(name, args, options, shape)


def test_in_place_activations_leave_their_input_alone():
    x = Variable(ct.tensor([-1.0, 2.0]), requires_grad=True)
    layer = nn.ReLU(inplace=True)
    assert repr(layer) == "ReLU(inplace=True)"
    np.testing.assert_array_equal(host(layer(x)), [0, 2])
    np.testing.assert_array_equal(host(x), [-1, 2])
