"""Transforms of real lines."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.ops.fft import real


@pytest.mark.parametrize("n", [1, 2, 3, 6, 9, 16, 34, 100])
def test_spectra_of_real_lines_and_back(skeleton, n):
    x = np.random.default_rng(n).normal(size=(3, n)).astype("float32")
    spectrum = real.to_spectrum(ct.tensor(x), 1, 1.0)
    np.testing.assert_allclose(spectrum.numpy(), np.fft.rfft(x), atol=1e-5)
    back = real.from_spectrum(spectrum, 1, n, 1 / n)
    np.testing.assert_allclose(back.numpy(), x, atol=1e-6)
    along = real.to_spectrum(ct.tensor(x).T, 0, 1.0)
    np.testing.assert_allclose(along.numpy(), np.fft.rfft(x).T, atol=1e-5)


@pytest.mark.parametrize("n", [5, 6])
def test_what_cannot_be_of_a_real_line_is_left_out(device, n):
    half = np.array([1 + 5j, 2 - 1j, 3j, 4 + 7j])[: n // 2 + 1]
    got = real.from_spectrum(ct.tensor(half, dtype="complex64"), 0, n, 1 / n)
    np.testing.assert_allclose(got.numpy(), np.fft.irfft(half, n), atol=1e-6)


def test_a_view_from_an_odd_place(device):
    x = np.arange(33, dtype="float32") ** 0.5
    got = real.to_spectrum(ct.tensor(x)[1:], 0, 1.0)
    np.testing.assert_allclose(got.numpy(), np.fft.rfft(x[1:]), atol=1e-4)
