"""Convolutions of rows and volumes against sums written out."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import ShapeError
from cltensor.ops.conv.depth import conv1d, conv3d, conv_transpose1d, conv_transpose3d, each


def summed(x, w, step, around, spread):
    """Every output as a sum, for one sample and one group."""
    x = np.pad(x, [(0, 0), *[(p, p) for p in around]])
    counts = [
        (n - d * (k - 1) - 1) // s + 1
        for n, k, s, d in zip(x.shape[1:], w.shape[2:], step, spread, strict=True)
    ]
    out = np.zeros((w.shape[0], *counts), x.dtype)
    for place in np.ndindex(*counts):
        at = [
            slice(q * s, q * s + d * (k - 1) + 1, d)
            for q, s, d, k in zip(place, step, spread, w.shape[2:], strict=True)
        ]
        out[(slice(None), *place)] = (x[(slice(None), *at)][None] * w).reshape(len(w), -1).sum(1)
    return out


def test_volumes(device):
    random = np.random.default_rng(0)
    x = random.normal(size=(3, 5, 4, 6)).astype("float32")
    w = random.normal(size=(2, 3, 2, 3, 2)).astype("float32")
    geometry = (2, 1, 2), (1, 1, 0), (2, 1, 1)
    got = conv3d(ct.tensor(x), ct.tensor(w), *geometry, 1).numpy()
    np.testing.assert_allclose(got, summed(x, w, *geometry), rtol=1e-4, atol=1e-5)


def test_rows(device):
    random = np.random.default_rng(1)
    x, w = [random.normal(size=s).astype("float32") for s in ((3, 9), (2, 3, 3))]
    got = conv1d(ct.tensor(x), ct.tensor(w), 2, 1, 2, 1).numpy()
    np.testing.assert_allclose(got, summed(x, w, (2,), (1,), (2,)), rtol=1e-4, atol=1e-5)


def test_transposed_convolutions_are_adjoint(device):
    random = np.random.default_rng(2)
    w = ct.tensor(random.normal(size=(2, 3, 2, 3, 2)).astype("float32"))
    x = ct.tensor(random.normal(size=(1, 3, 6, 5, 4)).astype("float32"))
    out = conv3d(x, w, 2, (1, 1, 0), 1, 1)
    y = ct.tensor(random.normal(size=out.shape).astype("float32"))
    back = conv_transpose3d(y, w, 2, (1, 1, 0), 0, 1, 1)
    kept = x[:, :, : back.shape[2], : back.shape[3], : back.shape[4]]
    assert kept.shape == back.shape
    assert abs((out * y).sum().item() - (kept * back).sum().item()) < 1e-3
    row = conv_transpose1d(y[:, :, 0, 0], w[:, :, 0, 0], 1, 0, 0, 1, 1)
    assert row.shape == (1, 3, y.shape[4] + 1)


def test_parameters_of_each_axis():
    assert each("f", "stride", 2, 3, 1) == (2, 2, 2)
    with pytest.raises(ShapeError, match="f: stride is"):
        each("f", "stride", (1, 2), 3, 1)
