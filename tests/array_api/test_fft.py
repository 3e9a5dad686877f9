"""Fourier transforms by the standard's names."""

import numpy as np

from cltensor import array_api as xp


def test_transforms(device):
    x = np.random.default_rng(0).standard_normal((3, 4)).astype("float32")
    a = xp.asarray(x)
    got = xp.fft.fft(a, axis=0, norm="ortho")
    assert type(got) is xp.Array
    np.testing.assert_allclose(got.numpy(), np.fft.fft(x, axis=0, norm="ortho"), atol=1e-5)
    np.testing.assert_allclose(xp.fft.irfft(xp.fft.rfft(a), n=4).numpy(), x, atol=1e-5)
    np.testing.assert_allclose(xp.fft.fftn(a, axes=(0,)).numpy(), np.fft.fft(x, axis=0), atol=1e-5)
    assert xp.fft.fftshift(xp.arange(4)).tolist() == [2, 3, 0, 1]
    assert xp.fft.rfftfreq(4, d=0.5).tolist() == [0, 0.5, 1]
