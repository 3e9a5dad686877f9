"""Windows along an axis and what they add up to."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.ops.shape.windows import image_overlaps, image_windows, overlap_add, windows
from cltensor.testing import gradgradcheck


def added(x, axis, n, step, dilation):
    """The sum of windows, written out."""
    moved = np.moveaxis(x, (axis, axis + 1), (0, 1))
    found = np.zeros((n, *moved.shape[2:]), x.dtype)
    for q, t in np.ndindex(moved.shape[:2]):
        found[q * step + t * dilation] += moved[q, t]
    return np.moveaxis(found, 0, axis)


@pytest.mark.parametrize(
    ("n", "taps", "step", "dilation"), [(7, 3, 1, 1), (7, 2, 3, 1), (9, 3, 2, 3), (5, 5, 1, 1)]
)
def test_windows_and_their_sum(device, n, taps, step, dilation):
    x = np.random.default_rng(n).normal(size=(2, n, 3)).astype("float32")
    got = windows(ct.tensor(x), 1, taps, step, dilation)
    count = (n - dilation * (taps - 1) - 1) // step + 1
    place = np.arange(count)[:, None] * step + np.arange(taps) * dilation
    np.testing.assert_array_equal(got.numpy(), x[:, place])
    back = overlap_add(got, 1, n, step, dilation).numpy()
    np.testing.assert_allclose(back, added(x[:, place], 1, n, step, dilation), rtol=1e-6)


def test_none_and_all_axes(device):
    assert overlap_add(ct.ones(2, 0, 3), 1, 4, 1, 1).tolist() == [[0] * 4] * 2
    x = ct.arange(12).reshape(3, 4)
    found = image_windows(x, (2, 2), (1, 2), (1, 1))
    assert found.shape == (2, 2, 2, 2)
    again = image_overlaps(found, (3, 4), (1, 2), (1, 1))
    assert again.tolist() == [[0, 1, 2, 3], [8, 10, 12, 14], [8, 9, 10, 11]]


def test_derivatives_of_every_order(device, fp64):
    x = ct.tensor(np.arange(6.0).reshape(1, 6), dtype=ct.float64, requires_grad=True)
    gradgradcheck(lambda x: windows(x, 1, 3, 2, 1) ** 2, (x,))
    y = ct.tensor(np.arange(6.0).reshape(2, 3), dtype=ct.float64, requires_grad=True)
    gradgradcheck(lambda y: overlap_add(y, 0, 5, 2, 1) ** 2, (y,))


def test_bits_of_what_windows_add_up_to(skeleton, deterministic):
    """The taps over an element one after the other."""
    x = np.random.default_rng(4).standard_normal((2, 9, 5, 3)).astype(np.float32)
    wanted = np.zeros((2, 21, 3), np.float32)
    for tap in range(5):
        wanted[:, 2 * tap : 2 * tap + 9] += x[:, :, tap]
    found = overlap_add(ct.tensor(x), 1, 21, 1, 2).numpy()
    assert (found.view(np.int32) == wanted.view(np.int32)).all()
