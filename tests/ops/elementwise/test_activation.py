"""Activations: PyTorch's values and gradients at bounds, thresholds, zeros and infinities."""

import math

import numpy as np
import pytest
from leaves import leaf

import cltensor as ct
from cltensor.ops.elementwise.activation import (
    elu,
    gelu,
    hardswish,
    hardtanh,
    log1p_exp,
    mish,
    silu,
    softplus,
)
from cltensor.testing import gradcheck, gradgradcheck

INF, NAN = math.inf, math.nan


def value_and_slope(function, points, *options):
    x = leaf(np.float32(points))
    out = function(x, *options)
    out.sum().backward()
    return np.asarray(out.detach().numpy()), np.asarray(x.grad.numpy())


@pytest.mark.parametrize(
    ("function", "options", "points", "values", "slopes"),
    [
        (hardtanh, (0, 6), [-1, 0, 3, 6, 7, NAN], [0, 0, 3, 6, 6, NAN], [0, 0, 1, 0, 0, 1]),
        (hardtanh, (), [-1, 0, 1, INF, -INF], [-1, 0, 1, 1, -1], [0, 1, 0, 0, 0]),
        (softplus, (3, 0.2), [-1, 0.2, 1], [0.0161958, 0.2, 1], [0.0474259, 1, 1]),
        (softplus, (2, -100), [-1, 0.2, 1], [-1, 0.2, 1], [1, 1, 1]),
        (softplus, (), [0, INF, -INF, NAN, 25], [0.6931472, INF, 0, NAN, 25], [0.5, 1, 0, NAN, 1]),
        (softplus, (-1.0,), [-1, 2], [-1.3132617, -0.1269280], [0.7310586, 0.1192029]),
        (elu, (), [0, -1, 1, INF, -INF], [0, -0.6321206, 1, INF, -1], [1, 0.3678794, 1, 1, 0]),
        (elu, (), [-1e-6, -1e-20], [-1e-6, -1e-20], [1, 1]),
        (elu, (-1.5,), [-1, 2], [0.9481808, 2], [-0.5518192, 1]),
        (silu, (), [0, INF, -INF, -1000], [0, INF, NAN, -0.0], [0.5, NAN, NAN, 0]),
        (gelu, (), [0, 100, -100], [0, 100, 0], [0.5, 1, 0]),
        (gelu, ("tanh",), [0, 100, -100], [0, 100, 0], [0.5, 1, 0]),
        (gelu, ("tanh",), [INF, -INF, NAN], [INF, NAN, NAN], [NAN, NAN, NAN]),
        (gelu, (), [3, -3], [2.9959503, -0.0040497], [1.0119456, -0.0119457]),
        (hardswish, (), [-4, -3, 3, 1, INF], [0, 0, 3, 0.6666667, INF], [0, 0, 1, 0.8333333, 1]),
        (hardswish, (), [-INF, NAN], [NAN, NAN], [0, 1]),
        (
            mish,
            (),
            [3, -3, 88, -200],
            [2.9865351, -0.1456475, 88, 0],
            [1.0211070, -0.0933931, 1, 0],
        ),
        (mish, (), [INF, -INF, NAN], [INF, NAN, NAN], [NAN, NAN, NAN]),
        (log1p_exp, (), [30, -30, 0], [30, 9.357623e-14, 0.6931472], [1, 9.357623e-14, 0.5]),
    ],
)
def test_values_and_slopes(device, function, options, points, values, slopes):
    got, slope = value_and_slope(function, points, *options)
    np.testing.assert_allclose(got, np.float32(values), rtol=1e-5, atol=1e-12)
    np.testing.assert_allclose(slope, np.float32(slopes), rtol=1e-5, atol=1e-12)


def test_hardtanh_keeps_the_sign_of_zero_and_integers(device):
    assert np.signbit(hardtanh(ct.tensor([-0.0])).numpy()).all()
    found = hardtanh(ct.tensor([-3, 0, 9], dtype="int8"), 0, 6)
    assert found.dtype == ct.int8
    assert found.tolist() == [0, 0, 6]
    with pytest.raises(ValueError, match="hardtanh: min_val 2 is above max_val 1"):
        hardtanh(ct.tensor([1.0]), 2, 1)


@pytest.mark.parametrize(
    "function",
    [
        elu, silu, gelu, hardswish, mish, lambda x: gelu(x, "tanh"),
        lambda x: softplus(x, 2.0, 3.0),
    ],
)  # fmt: skip
def test_derivatives_of_both_orders(fp64, function):
    x = leaf([-2.3, -0.4, 0.7, 1.9], "float64")
    assert gradcheck(function, x)
    assert gradgradcheck(function, x)


def test_gelu_refuses_another_approximation(device):
    with pytest.raises(ValueError, match="gelu: approximate is 'fast'"):
        gelu(ct.tensor([1.0]), "fast")


def test_activations(device):
    x = np.linspace(-4, 4, 33, dtype="float32")
    t = ct.tensor(x)
    phi = ct.erf(t / 2**0.5).numpy()
    np.testing.assert_allclose(ct.gelu(t).numpy(), x * (1 + phi) / 2, atol=1e-6)
    cubic = 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
    np.testing.assert_allclose(ct.gelu(t, approximate="tanh").numpy(), cubic, atol=1e-6)
    np.testing.assert_allclose(ct.silu(t).numpy(), x / (1 + np.exp(-x)), atol=1e-6)
    assert ct.relu(ct.tensor([float("nan")])).isnan().item() is True
    with pytest.raises(ValueError, match="gelu: approximate is 'fast'; use 'none' or 'tanh'"):
        ct.gelu(t, approximate="fast")


def test_integers_between_bounds_stay_integers(device):
    found = hardtanh(ct.tensor([-3, 0, 7]), -1.0, 5.0)
    assert found.dtype == ct.int64
    assert found.tolist() == [-1, 0, 5]


@pytest.mark.parametrize("function", [gelu, lambda x: gelu(x, "tanh"), silu, mish, hardswish])
def test_nothing_but_the_argument_is_saved_for_the_gradient(device, function):
    x, saved = leaf(np.float32([0.5, -2])), []
    with ct.autograd.graph.saved_tensors_hooks(lambda t: saved.append(t) or t, lambda t: t):
        function(x).sum().backward()
    assert saved
    assert all(ct.equal(t, x) for t in saved)


def test_silu_of_complex_numbers(device):
    x = ct.tensor([1 + 2j, 3 - 1j], requires_grad=True)
    y = silu(x)
    y.abs().sum().backward()
    (wanted,) = ct.autograd.grad((x * ct.sigmoid(x)).abs().sum(), (x,))
    np.testing.assert_allclose(y.detach().numpy(), (x * ct.sigmoid(x)).detach().numpy(), rtol=1e-6)
    np.testing.assert_allclose(x.grad.numpy(), wanted.numpy(), rtol=1e-5)
