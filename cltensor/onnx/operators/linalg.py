"""Products, determinants and transforms."""

from __future__ import annotations

import math

import numpy as np

from cltensor.dtypes import float32
from cltensor.nn import functional as F
from cltensor.onnx.functions import main as ct
from cltensor.onnx.functions import of_fft, of_linalg
from cltensor.onnx.table import Asked, Element, Ints, Numbers, operator


@operator("MatMul")
def _matmul(a, b):
    return ct.matmul(a, b)


@operator("Gemm")
def _gemm(a, b, c=None, *, alpha: float = 1.0, beta: float = 1.0, transA: bool = False,
          transB: bool = False):  # fmt: skip
    a, b = a.T if transA else a, b.T if transB else b
    found = ct.matmul(a, b)
    found = found if alpha == 1 else ct.astype(found * alpha, found.dtype)
    if c is None or beta == 0:
        return found
    return found + (c if beta == 1 else ct.astype(c * beta, c.dtype))


@operator("Einsum", since=12)
def _einsum(*xs, equation: str):
    return ct.einsum(equation, *xs)


@operator("Det", since=11)
def _det(x):
    return ct.det(x)


@operator("DFT", since=17)
def _dft_at(x, dft_length: Ints | None = None, *, axis: int = 1, inverse: bool = False,
            onesided: bool = False):  # fmt: skip
    return _dft(x, dft_length, [axis], inverse=inverse, onesided=onesided)


@operator("DFT", since=20)
def _dft(x, dft_length: Ints | None = None, axis: Ints | None = None, *, inverse: bool = False,
         onesided: bool = False):  # fmt: skip
    # The last axis holds real numbers, or their real and imaginary parts.
    at = axis[0] if axis else -2
    at = at % x.ndim
    n = dft_length[0] if dft_length else None
    real = x.shape[-1] == 1
    numbers = x[..., 0] if real else ct.view_as_complex(ct.contiguous(x))
    if inverse and onesided:
        return ct.unsqueeze(of_fft.irfft(numbers, n, at), -1)
    if onesided:
        return ct.view_as_real(of_fft.rfft(numbers if real else ct.real(numbers), n, at))
    numbers = ct.complex(numbers, ct.zeros_like(numbers)) if real else numbers
    return ct.view_as_real((of_fft.ifft if inverse else of_fft.fft)(numbers, n, at))


@operator("STFT", since=17)
def _stft(signal, frame_step: Ints, window=None, frame_length: Ints | None = None, *,
          onesided: bool = True):  # fmt: skip
    length = frame_length[0] if frame_length else window.shape[0]
    x = signal
    if x.ndim == 3:
        x = x[..., 0] if x.shape[-1] == 1 else ct.view_as_complex(ct.contiguous(x))
    frames = x.unfold(1, length, frame_step[0])
    frames = frames if window is None else frames * window
    if onesided and frames.dtype.kind != "c":
        return ct.view_as_real(of_fft.rfft(frames, length, -1))
    if frames.dtype.kind != "c":
        frames = ct.complex(frames, ct.zeros_like(frames))
    return ct.view_as_real(of_fft.fft(frames, length, -1))


@operator("MelWeightMatrix", since=17)
def _mel(num_mel_bins: Ints, dft_length: Ints, sample_rate: Ints, lower_edge_hertz: Numbers,
         upper_edge_hertz: Numbers, *, output_datatype: Element = float32,
         device: Asked):  # fmt: skip
    (bins,), (length,), (rate,) = num_mel_bins, dft_length, sample_rate
    count = length // 2 + 1
    low, high = (2595 * math.log10(1 + f[0] / 700) for f in (lower_edge_hertz, upper_edge_hertz))
    mel = np.arange(bins + 2) * ((high - low) / (bins + 2)) + low
    edges = ((length + 1) * (700 * (10 ** (mel / 2595) - 1)) // rate).astype(int)
    found = np.zeros((count, bins))
    for i in range(bins):
        start, middle, end = edges[i : i + 3]
        if start == middle:
            found[middle, i] = 1
        else:
            up = np.arange(start, middle + 1)
            found[up, i] = (up - start) / (middle - start)
        if middle != end:
            down = np.arange(middle, end)
            found[down, i] = (end - down) / (end - middle)
    return ct.astype(ct.tensor(found.astype(np.float32), device=device), output_datatype)


@operator("LpNormalization")
def _lp_normalization(x, *, axis: int = -1, p: int = 2):
    size = of_linalg.vector_norm(x, p, axis, keepdims=True)
    return ct.where(size == 0, ct.zeros_like(x), x / ct.where(size == 0, 1, size))


@operator("AffineGrid", since=20)
def _affine_grid(theta, size: Ints, *, align_corners: bool = False):
    return F.affine_grid(theta, tuple(size), align_corners=align_corners)
