"""Fourier transforms of every kind of length."""

from __future__ import annotations

import numpy as np

import cltensor as ct
from cltensor.selftest.checks import Family, near, numbers

SPECTRA = Family("fourier transforms")
_LENGTHS = (1, 2, 7, 16, 36, 97, 210, 1000, 4096)


@SPECTRA.each(*_LENGTHS)
def complex_lines(n: int) -> None:
    x = numbers(3, n, dtype="complex64")
    wide = x.astype("complex128")
    near(ct.fft.fft(ct.tensor(x)), np.fft.fft(wide), 2e-5, "complex64")
    near(ct.fft.ifft(ct.tensor(x)), np.fft.ifft(wide), 2e-5, "complex64")


@SPECTRA.each(6, 9, 64, 97, 1000)
def real_lines(n: int) -> None:
    x = numbers(3, n)
    near(ct.fft.rfft(ct.tensor(x)), np.fft.rfft(x.astype("float64")), 2e-5, "complex64")
    near(ct.fft.irfft(ct.fft.rfft(ct.tensor(x)), n), x, 1e-5)


@SPECTRA.each(("complex128", 36), ("complex128", 97))
def wide_lines(dtype: str, n: int) -> None:
    x = numbers(3, n, dtype=dtype)
    near(ct.fft.fft(ct.tensor(x)), np.fft.fft(x), 1e-12)


@SPECTRA.check()
def several_axes() -> None:
    x = numbers(3, 12, 10, dtype="complex64")
    wide = x.astype("complex128")
    near(ct.fft.fft2(ct.tensor(x)), np.fft.fft2(wide), 2e-5, "complex64")
    near(ct.fft.fft(ct.tensor(x), dim=0), np.fft.fft(wide, axis=0), 2e-5, "complex64")
    near(ct.fft.fftshift(ct.tensor(x)), np.fft.fftshift(x), 0.0)
