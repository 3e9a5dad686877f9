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


@pytest.mark.parametrize("dtype", ["float32", "int32"])
@pytest.mark.parametrize(
    ("taps", "step", "around", "spread"),
    [
        ((3, 2, 3), (1, 2, 1), (1, 0, 1), (1, 1, 1)),
        ((4, 2, 1), (2, 3, 2), (2, 1, 0), (2, 1, 1)),
        ((2, 1, 2), (2, 1, 1), (1, 0, 0), (5, 1, 1)),  # a window of padding alone
    ],
)
def test_padding_is_no_place_of_the_smallest_number(device, dtype, taps, step, around, spread):
    least = -np.inf if dtype == "float32" else np.iinfo(dtype).min
    x = np.full((5, 4, 6), least, dtype)
    x[4, :, 3:] = np.random.default_rng(0).integers(0, 9, (4, 3))
    volume = ct.tensor(x[None], requires_grad=dtype == "float32")
    numbers = np.arange(x.size).reshape(x.shape)
    best, places = max_pool3d(volume, taps, step, around, spread, False, True)
    given = np.zeros(x.size)
    pairs = zip(windows(x, taps, step, around, spread),
                windows(numbers, taps, step, around, spread), strict=True)  # fmt: skip
    for (place, inside), (_, at) in pairs:
        want = at.flat[inside.argmax()] if inside.size else -1
        assert places.numpy()[0][place] == want
        assert best.detach().numpy()[0][place] == (inside.max() if inside.size else least)
        given[want] += inside.size > 0
    if dtype == "float32":
        for indices in (False, True):
            found = max_pool3d(volume, taps, step, around, spread, False, indices)
            (grad,) = ct.autograd.grad((found[0] if indices else found).sum(), volume)
            np.testing.assert_array_equal(grad.numpy()[0], given.reshape(x.shape))
