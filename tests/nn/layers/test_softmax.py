"""Layers that give shares along a dimension."""

import numpy as np
import pytest
from layers import assert_as_pytorch, host

import cltensor as ct
from cltensor import nn
from cltensor.nn.layers import activation


@pytest.mark.parametrize(("name", "dim"), [("Softmax", 1), ("LogSoftmax", 0)])
def test_as_pytorch(name, dim):
    assert_as_pytorch(name, (dim,), {}, (3, 4))


def test_of_the_negative():
    found = host(nn.Softmin(0)(ct.tensor([-2.0, 0.5, 9.0])))
    np.testing.assert_allclose(found, [0.9241288, 0.0758563, 1.5434e-5], rtol=1e-3)


def test_channels():
    x = ct.zeros(2, 2, 3)
    assert nn.Softmax2d()(x).tolist() == [[[0.5] * 3] * 2] * 2
    with pytest.raises(ct.ShapeError, match=r"Softmax2d: an input of shape \(2,\)"):
        nn.Softmax2d()(ct.zeros(2))


def test_texts():
    assert repr(nn.Softmax(1)) == "Softmax(dim=1)"
    assert repr(nn.Softmax2d()) == "Softmax2d()"


def test_pickles_of_earlier_versions_find_them():
    for name in ("LogSoftmax", "Softmax", "Softmax2d", "Softmin"):
        assert getattr(activation, name) is getattr(nn, name)
