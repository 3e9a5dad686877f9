"""Pooling of volumes against windows written out."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.ops.network.deep import avg_pool3d, max_pool3d


def windows(x, taps, step, around, spread):
    """(out, elements) of every window, the padding left out."""
    counts = [
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, s, p, d in zip(x.shape, taps, step, around, spread, strict=True)
    ]
    for place in np.ndindex(*counts):
        at = [
            [i for i in q * s - p + np.arange(k) * d if 0 <= i < n]
            for q, n, k, s, p, d in zip(place, x.shape, taps, step, around, spread, strict=True)
        ]
        yield place, x[np.ix_(*at)]


@pytest.mark.parametrize(
    ("taps", "step", "around", "spread"),
    [
        ((2, 2, 2), (2, 2, 2), (0, 0, 0), (1, 1, 1)),
        ((3, 2, 3), (1, 2, 1), (1, 0, 1), (1, 1, 1)),
        ((2, 1, 2), (2, 1, 1), (1, 0, 0), (2, 1, 2)),
    ],
)
def test_against_windows_written_out(device, taps, step, around, spread):
    x = np.random.default_rng(0).normal(size=(5, 4, 6)).astype("float32")
    found = max_pool3d(ct.tensor(x[None]), taps, step, around, spread, False, False).numpy()[0]
    for place, inside in windows(x, taps, step, around, spread):
        assert found[place] == inside.max()
    if spread == (1, 1, 1):
        found = avg_pool3d(ct.tensor(x[None]), taps, step, around, False, False, None).numpy()[0]
        for place, inside in windows(x, taps, step, around, spread):
            np.testing.assert_allclose(found[place], inside.mean(), rtol=1e-4, atol=1e-6)
