"""Normalisation by neighbouring channels."""

import numpy as np
import pytest
from layers import array, host

import cltensor as ct
from cltensor import nn


def by_hand(x, size, alpha, beta, k):
    padded = np.pad(x * x, [(0, 0), (size // 2, (size - 1) // 2), (0, 0), (0, 0)])
    total = sum(padded[:, i : i + x.shape[1]] for i in range(size))
    return x / (k + alpha * total / size) ** beta


@pytest.mark.parametrize("layer", [nn.LocalResponseNorm, nn.CrossMapLRN2d])
def test_values(layer):
    x = array(2, 6, 2, 3)
    found = layer(3, 0.5, 0.7, 2.0)(ct.tensor(x))
    np.testing.assert_allclose(host(found), by_hand(x, 3, 0.5, 0.7, 2.0), rtol=1e-5)


def test_texts_and_refusals():
    shown = "(3, alpha=0.0001, beta=0.75, k=1)"
    assert repr(nn.CrossMapLRN2d(3)) == "CrossMapLRN2d" + shown
    assert repr(nn.LocalResponseNorm(3, k=1)) == "LocalResponseNorm" + shown
    with pytest.raises(ct.ShapeError, match="CrossMapLRN2d: size is 4"):
        nn.CrossMapLRN2d(4)
    with pytest.raises(ct.ShapeError, match="CrossMapLRN2d: an input of shape"):
        nn.CrossMapLRN2d(3)(ct.zeros(2, 3, 4))
