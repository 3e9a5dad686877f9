"""Dropout of elements and of channels."""

import numpy as np
import pytest
from layers import host

import cltensor as ct
from cltensor import nn
from cltensor.autograd import Variable
from cltensor.nn import functional as F


def test_dropout():
    ct.manual_seed(1)
    layer = nn.Dropout(0.25)
    x = ct.ones(200, 200)
    out = host(layer(x))
    assert set(np.unique(out)) == {np.float32(0), np.float32(1 / 0.75)}
    np.testing.assert_allclose((out == 0).mean(), 0.25, atol=0.01)
    assert not np.array_equal(host(layer(x)), out)
    ct.manual_seed(1)
    np.testing.assert_array_equal(host(layer(x)), out)
    assert layer.eval()(x) is x
    assert (host(F.dropout(x, 1.0)) == 0).all()
    assert F.dropout(x, 0.0) is x
    assert repr(layer) == "Dropout(p=0.25, inplace=False)"
    with pytest.raises(ValueError, match=r"Dropout: p is 1\.5"):
        nn.Dropout(1.5)


def test_dropout_masks_the_gradient_like_the_value():
    x = Variable(ct.ones(50, 50), requires_grad=True)
    out = nn.Dropout(0.5)(x)
    out.sum().backward()
    np.testing.assert_array_equal(host(x.grad), host(out))


def test_dropout2d_drops_whole_channels():
    out = host(nn.Dropout2d(0.5)(ct.ones(10, 20, 3, 3)))
    assert (out == out[:, :, :1, :1]).all()
    assert 0 < (out == 0).mean() < 1


def test_dropout_in_place_changes_its_input():
    for layer in (nn.Dropout(0.5, inplace=True), nn.Dropout2d(0.5, inplace=True)):
        x = ct.ones(4, 8, 2, 2)
        assert layer(x) is x
        assert set(np.unique(host(x))) == {np.float32(0), np.float32(2)}
        assert layer.eval()(x) is x


def test_what_is_no_probability_is_named(device):
    for bad in ("a", None, [0.5]):
        with pytest.raises(ct.DTypeError, match="Dropout2d: p is"):
            nn.Dropout2d(bad)
        for function in (F.dropout, F.dropout2d):
            with pytest.raises(ct.DTypeError, match=f"{function.__name__}: p is"):
                function(ct.ones(1, 2, 2), bad)


def test_dropout_of_channels_of_rows_and_volumes():
    for layer, shape in ((nn.Dropout1d, (20, 10, 4)), (nn.Dropout3d, (20, 10, 2, 2, 2))):
        out = host(layer(0.5)(ct.ones(*shape))).reshape(20, 10, -1)
        assert (out == out[:, :, :1]).all()
        assert set(np.unique(out)) == {np.float32(0), np.float32(2)}


def test_dropout_that_keeps_mean_and_variance():
    x = ct.randn(100, 200)
    for layer, given in ((nn.AlphaDropout, x), (nn.FeatureAlphaDropout, x.reshape(100, 200, 1))):
        out = host(layer(0.2)(given))
        np.testing.assert_allclose([out.mean(), out.std()], [0, 1], atol=0.03)
        values, counts = np.unique(out, return_counts=True)
        np.testing.assert_allclose(values[counts.argmax()], -1.2361598, rtol=1e-6)
        np.testing.assert_allclose(counts.max() / out.size, 0.2, atol=0.02)
        assert layer().eval()(given) is given
