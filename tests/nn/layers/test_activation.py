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


@pytest.mark.parametrize(
    ("layer", "out", "slope"),
    [
        (nn.ReLU, [0, 0.5, 9], [0, 3, 3]),
        (nn.ReLU6, [0, 0.5, 6], [0, 3, 0]),
        (nn.LeakyReLU, [-0.02, 0.5, 9], [0.03, 3, 3]),
        (nn.ELU, [-0.8646647, 0.5, 9], [0.4060058, 3, 3]),
        (nn.SiLU, [-0.2384058, 0.3112297, 8.9988894], [-0.2723523, 2.2199171, 3.0029613]),
    ],
)
def test_in_place_activations_change_their_input(layer, out, slope):
    plain = ct.tensor([-2.0, 0.5, 9.0])
    found = layer(inplace=True)(plain)
    assert found is plain
    np.testing.assert_allclose(host(plain), out, rtol=1e-5)
    x = Variable(ct.tensor([-2.0, 0.5, 9.0]), requires_grad=True)
    y = x + 0
    assert layer(inplace=True)(y) is y
    (y * 3).sum().backward()
    np.testing.assert_allclose(host(y), out, rtol=1e-5)
    np.testing.assert_allclose(host(x.grad), slope, rtol=1e-4)
    with pytest.raises(ct.GradientError, match="leaf"):
        layer(inplace=True)(x)
    np.testing.assert_array_equal(host(x), [-2, 0.5, 9])


def test_the_flag_is_shown():
    assert repr(nn.ReLU(inplace=True)) == "ReLU(inplace=True)"
    assert repr(nn.ReLU()) == "ReLU()"
