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
        (nn.Mish, [-0.2525015, 0.3752452, 8.9999997], [-0.3250653, 2.6592731, 3.0000016]),
        (nn.SELU, [-1.5201665, 0.5253505, 9.4563091], [0.7138026, 3.1521030, 3.1521030]),
        (nn.CELU, [-0.8646647, 0.5, 9], [0.4060058, 3, 3]),
        (nn.Hardsigmoid, [1 / 6, 3.5 / 6, 1], [0.5, 0.5, 0]),
        (nn.Hardswish, [-1 / 3, 1.75 / 6, 9], [-0.5, 2, 3]),
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


@pytest.mark.parametrize(
    ("layer", "out"),
    [
        (nn.Hardtanh(-1.5, 2.0), [-1.5, 0.5, 2]),
        (nn.Threshold(0.5, 7.0), [7, 7, 9]),
        (nn.Hardshrink(0.5), [-2, 0, 9]),
        (nn.Softshrink(), [-1.5, 0, 8.5]),
        (nn.Softsign(), [-2 / 3, 1 / 3, 0.9]),
        (nn.Tanhshrink(), [-1.0359724, 0.0378828, 8.0]),
        (nn.LogSigmoid(), [-2.1269280, -0.4740770, -0.0001234]),
        (nn.PReLU(), [-0.5, 0.5, 9]),
        (nn.RReLU().eval(), [-2 * 11 / 48, 0.5, 9]),
    ],
)
def test_values(layer, out):
    np.testing.assert_allclose(host(layer(ct.tensor([-2.0, 0.5, 9.0]))), out, rtol=1e-3, atol=1e-5)


def test_drawn_slopes_are_between_their_bounds():
    out = host(nn.RReLU(0.25, 0.5)(ct.full((1000,), -1.0)))
    assert -0.5 <= out.min() < -0.45
    assert -0.3 < out.max() <= -0.25


def test_slopes_of_channels():
    layer = nn.PReLU(2, 0.5)
    assert layer.weight.tolist() == [0.5, 0.5]
    layer.weight.data = ct.tensor([0.5, 2.0])
    assert layer(ct.full((1, 2, 1), -1.0)).tolist() == [[[-0.5], [-2.0]]]
    layer.reset_parameters()
    assert layer.weight.tolist() == [0.5, 0.5]


def test_halves():
    assert nn.GLU()(ct.tensor([[2.0, 0.0]])).tolist() == [[1.0]]


def test_texts():
    assert repr(nn.Hardtanh(inplace=True)) == "Hardtanh(min_val=-1.0, max_val=1.0, inplace=True)"
    assert repr(nn.Threshold(1, 2)) == "Threshold(threshold=1, value=2)"
    assert repr(nn.Hardswish(True)) == "Hardswish()"
    assert repr(nn.Hardshrink(0.25)) == "Hardshrink(0.25)"
    assert repr(nn.PReLU(3)) == "PReLU(num_parameters=3)"


def test_older_names_and_refusals():
    with pytest.warns(FutureWarning, match="min_value and max_value are deprecated"):
        assert nn.Hardtanh(max_value=3.0).max_val == 3.0
    with pytest.raises(ValueError, match="Hardtanh: min_val is 1, max_val 1"):
        nn.Hardtanh(1, 1)
