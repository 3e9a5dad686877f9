"""The functions behind the layers, where extreme values go through them."""

import numpy as np
import pytest
from layers import host

import cltensor as ct
from cltensor.autograd import Variable
from cltensor.nn import functional as F


def test_activations_at_extreme_values():
    x = np.array([-1e4, -100, -1e-3, 0, 1e-3, 100, 1e4, np.inf, -np.inf, np.nan], np.float32)
    v = Variable(ct.tensor(x[:-3]), requires_grad=True)
    for function in (F.relu, F.elu, F.leaky_relu, F.sigmoid, F.tanh, F.softplus, F.gelu, F.silu):
        out = function(v)
        assert np.isfinite(host(out)).all(), function.__name__
        v.grad = None
        out.sum().backward()
        assert np.isfinite(host(v.grad)).all(), function.__name__
    np.testing.assert_array_equal(host(F.relu(ct.tensor(x)))[-3:], [np.inf, 0, np.nan])
    np.testing.assert_array_equal(host(F.hardtanh(ct.tensor(x), -2, 2))[-3:], [2, -2, np.nan])


def test_softmax_of_large_scores():
    out = host(F.softmax(ct.tensor([[1000.0, 1000.0], [-1000.0, 1000.0]]), 1))
    np.testing.assert_allclose(out, [[0.5, 0.5], [0, 1]])


def test_linear_refuses_mixed_dtypes(fp64):
    x, w, b = ct.zeros(4, 3), ct.zeros(2, 3), ct.zeros(2)
    message = r"linear: operands are float(32|64) and float(32|64).*; cast one"
    with pytest.raises(ct.DTypeError, match=message):
        F.linear(x.to("float64"), w, b)
    with pytest.raises(ct.DTypeError, match=message):
        F.linear(x, w, b.to("float64"))
    assert F.linear(x.to("float64"), w.to("float64")).dtype == ct.float64


def test_activations_stop_at_their_bounds():
    for function, points, slopes in (
        (F.relu6, [0.0, 3.0, 6.0], [0, 1, 0]),
        (F.hardtanh, [-1.0, 0.0, 1.0], [0, 1, 0]),
        (lambda x: F.softplus(x, 2, -100), [-1.0, 1.0], [1, 1]),
        (lambda x: F.leaky_relu(x, 0.5), [0.0, float("inf"), -float("inf")], [0.5, 1, 0.5]),
    ):
        x = ct.tensor(points, requires_grad=True)
        function(x).sum().backward()
        assert x.grad.tolist() == slopes
