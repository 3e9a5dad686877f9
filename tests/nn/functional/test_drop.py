"""Dropout of elements and of channels."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import ShapeError
from cltensor.nn import functional as F


@pytest.mark.parametrize(
    ("function", "shape"),
    [(F.dropout1d, (50, 40, 3)), (F.dropout2d, (50, 40, 3, 2)), (F.dropout3d, (50, 40, 2, 1, 2))],
)
def test_whole_channels_are_zero(device, function, shape):
    found = function(ct.ones(shape), 0.25).numpy().reshape(2000, -1)
    assert (found == found[:, :1]).all()
    assert set(np.unique(found).tolist()) == {0, np.float32(1 / 0.75)}
    assert 0.2 < (found == 0).mean() < 0.3
    assert function(ct.ones(shape), 0.25, training=False).numpy().min() == 1


def test_channels_without_a_batch(device):
    found = F.dropout1d(ct.ones(2000, 3), 0.5).numpy()
    assert (found == found[:, :1]).all()
    with pytest.raises(ShapeError, match="dropout1d: input has shape"):
        F.dropout1d(ct.ones(3), 0.5)


def test_mean_and_variance_stay(device):
    x = ct.randn(100_000)
    found = F.alpha_dropout(x, 0.3, training=True).numpy()
    assert abs(found.mean()) < 0.02
    assert abs(found.var() - 1) < 0.03
    channels = F.feature_alpha_dropout(ct.zeros(100, 50, 4), 0.5, training=True).numpy()
    assert (channels == channels[:, :, :1]).all()
    assert len(np.unique(channels)) == 2
    assert F.alpha_dropout(x, 0.3) is x
    assert F.alpha_dropout(x, 1.0, training=True).abs().max().item() == 0


def test_probabilities(device):
    for function in (F.dropout, F.dropout3d, F.alpha_dropout):
        with pytest.raises(ValueError, match="a probability is from 0 to 1"):
            function(ct.ones(1, 2, 3, 4), 1.5)
