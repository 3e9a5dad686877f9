"""The functions behind the layers, where extreme values go through them."""

import numpy as np
import pytest
from layers import host

import cltensor as ct
from cltensor.autograd import Variable
from cltensor.errors import DTypeError, ShapeError
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


def test_pad_takes_pytorchs_arguments():
    x = ct.tensor([[[1.0, 2.0], [3.0, 4.0]]])
    assert F.pad(x, (1, 0)).tolist() == [[[0, 1, 2], [0, 3, 4]]]
    assert F.pad(x, (0, 0, 1, 0), "constant", 5.0).tolist() == [[[5, 5], [1, 2], [3, 4]]]
    assert F.pad(x, [1, 1], mode="reflect").tolist() == [[[2, 1, 2, 1], [4, 3, 4, 3]]]
    assert F.pad(x, pad=(0, 2), mode="replicate").tolist() == [[[1, 2, 2, 2], [3, 4, 4, 4]]]
    assert F.pad(x, (0, 1, 0, 1), mode="circular").tolist() == [[[1, 2, 1], [3, 4, 3], [1, 2, 1]]]
    with pytest.raises(DTypeError, match="pad: value -1 does not fit uint8"):
        F.pad(x.to("uint8"), (1, 1), value=-1)
    with pytest.raises(ShapeError, match="pad: pad is "):
        F.pad(x, (1, 1, 1))


def test_images_without_a_batch():
    x = ct.tensor(np.arange(16, dtype="float32").reshape(1, 4, 4))
    ones = ct.ones(1, 1, 2, 2)
    assert F.conv2d(x, ones, ct.tensor([1.0]), stride=2).tolist() == [[[11, 19], [43, 51]]]
    assert F.conv_transpose2d(x[:, :1, :2], ones, stride=2).tolist() == [[[0, 0, 1, 1]] * 2]
    assert F.max_pool2d(x, 2).tolist() == [[[5, 7], [13, 15]]]
    assert F.avg_pool2d(x, 2).tolist() == [[[2.5, 4.5], [10.5, 12.5]]]
    assert F.adaptive_avg_pool2d(x, 1).tolist() == [[[7.5]]]
    assert F.adaptive_max_pool2d(x, (1, 3)).tolist() == [[[13, 14, 15]]]


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
