"""Short-time transforms: of overlapping frames of a signal, and back."""

from __future__ import annotations

import warnings
from typing import Any

from cltensor import dtypes
from cltensor.core.checks import whole
from cltensor.core.composite import composite
from cltensor.core.tensor import Tensor
from cltensor.errors import DTypeError, ShapeError
from cltensor.ops.create import arange
from cltensor.ops.elementwise.cast import astype, full
from cltensor.ops.fft.transforms import fft, ifft, irfft, rfft
from cltensor.ops.index.scatter import index_add
from cltensor.ops.shape.border import pad_as
from cltensor.ops.shape.cut import narrow
from cltensor.ops.shape.join import pad
from cltensor.ops.shape.parts import view_as_complex, view_as_real
from cltensor.ops.shape.view import broadcast_to, flatten, movedim, reshape, unsqueeze
from cltensor.ops.shape.views import unfold


def _sizes(operation: str, n_fft: Any, hop: Any, win: Any) -> tuple[int, int, int]:
    """Elements of a frame, from one frame to the next, and of the window."""
    n = whole(operation, "n_fft", n_fft, 1)
    hop = n // 4 if hop is None else whole(operation, "hop_length", hop)
    if hop < 1:
        raise ShapeError(f"{operation}: hop_length is {hop}; frames must be at least 1 apart")
    win = n if win is None else whole(operation, "win_length", win, 1, n)
    return n, hop, win


def _weights(operation: str, window: Any, n: int, win: int, like: Any) -> Any:
    """The window with zeros around it, n elements in all."""
    if window is None:
        window = full((win,), 1, dtypes.real_of(like.dtype), like.device)
    if tuple(window.shape) != (win,):
        raise ShapeError(
            f"{operation}: window has shape {tuple(window.shape)}; it must be that of win_length, "
            f"({win},)"
        )
    before = (n - win) // 2
    return pad(window, [(before, n - win - before)]) if win < n else window


@composite
def stft(
    x: Tensor, n_fft: int, hop_length: int | None = None, win_length: int | None = None,
    window: Any = None, center: bool = True, pad_mode: str = "reflect", normalized: bool = False,
    onesided: bool | None = None, return_complex: bool | None = None,
) -> Any:  # fmt: skip
    """Transforms of frames of a signal, `hop_length` apart and weighed with `window`.

        X[w, m] = sum_k window[k] x[m hop_length + k] exp(-2 pi i w k / n_fft)

    Args:    x (L,) or (B, L); hop_length: n_fft / 4 unless given; window (win_length,), of ones
             unless given, in the middle of a frame; center: frames lie around multiples of
             hop_length, for which x is lengthened as `pad_mode` says; normalized: by 1 /
             sqrt(n_fft); onesided: only n_fft / 2 + 1 frequencies, as by default for real x;
             return_complex: False for parts as a last axis of two. It must be said for real x.
    Returns: ([B,] frequencies, frames).

    >>> ct.stft(ct.arange(16.0), 8, window=ct.hann_window(8), return_complex=True).shape
    Size([5, 9])
    """
    if x.ndim not in (1, 2):
        raise ShapeError(f"stft: x has shape {tuple(x.shape)}; give (L,) or (B, L)")
    n, hop, win = _sizes("stft", n_fft, hop_length, win_length)
    x = astype(x, dtypes.to_float(x.dtype))
    weights = _weights("stft", window, n, win, x)
    one = (x.dtype.kind == "f" and weights.dtype.kind == "f") if onesided is None else onesided
    if return_complex is None:
        if x.dtype.kind == "f" and weights.dtype.kind == "f":
            raise ValueError(
                "stft: return_complex must be given for real x; True gives complex numbers, False "
                "their parts"
            )
        return_complex = True
    if center:
        rows = reshape(x, (1, *x.shape)) if x.ndim == 1 else x
        rows = reshape(pad_as(unsqueeze(rows, 1), (n // 2, n // 2), pad_mode), (rows.shape[0], -1))
        x = reshape(rows, (-1,)) if x.ndim == 1 else rows
    if x.shape[-1] < n:
        raise ShapeError(f"stft: n_fft is {n}, more than the {x.shape[-1]} elements of x")
    frames = unfold(x, -1, n, hop) * weights
    if one and frames.dtype.kind == "c":
        raise DTypeError("stft: onesided is for real x and window; leave it out")
    norm = "ortho" if normalized else "backward"
    found = movedim((rfft if one else fft)(frames, norm=norm), -1, -2)
    return found if return_complex else view_as_real(found)


def _overlapped(frames: Any, hop: int) -> Any:
    """The sums of frames (B, T, n), each laid `hop` behind the one before: (B, hop (T - 1) + n)."""
    batch, count, n = frames.shape
    length = hop * (count - 1) + n
    starts = reshape(arange(count, device=frames.device) * hop, (-1, 1))
    places = flatten(starts + reshape(arange(n, device=frames.device), (1, -1)))
    nothing = full((batch, length), 0, frames.dtype, frames.device)
    return index_add(nothing, 1, places, reshape(frames, (batch, count * n)))


@composite
def istft(
    x: Tensor, n_fft: int, hop_length: int | None = None, win_length: int | None = None,
    window: Any = None, center: bool = True, normalized: bool = False,
    onesided: bool | None = None, length: int | None = None, return_complex: bool = False,
) -> Any:  # fmt: skip
    """The signal of which x is the `stft` with the same arguments: frames are transformed back,
    weighed again and added up, and the sum of the weights' squares is divided out.

    Args:    x ([B,] frequencies, frames), complex, or its parts as a last axis of two; length: how
             much of the signal to give; return_complex: of all frequencies, a complex signal.
    Raises:  ValueError where the weights' squares add up to nothing; not while a call is recorded.

    >>> x = ct.arange(16.0)
    >>> S = ct.stft(x, 8, window=ct.hann_window(8), return_complex=True)
    >>> ct.allclose(ct.istft(S, 8, window=ct.hann_window(8)), x, atol=1e-4)
    True
    """
    if x.dtype.kind == "f":
        x = view_as_complex(x)
    n, hop, win = _sizes("istft", n_fft, hop_length, win_length)
    if x.ndim not in (2, 3) or not x.size:
        raise ShapeError(f"istft: x has shape {tuple(x.shape)}; give ([B,] frequencies, frames)")
    one = x.shape[-2] != n if onesided is None else onesided
    wanted = n // 2 + 1 if one else n
    if x.shape[-2] != wanted:
        raise ShapeError(f"istft: x has {x.shape[-2]} frequencies; of n_fft {n} there are {wanted}")
    if one and return_complex:
        raise ValueError("istft: of onesided x the signal is real; leave return_complex out")
    rows = movedim(x if x.ndim == 3 else unsqueeze(x, 0), -1, 1)
    weights = _weights("istft", window, n, win, x)
    norm = "ortho" if normalized else "backward"
    # A real signal is said by the first half of its frequencies.
    frames = ifft(rows, norm=norm) if return_complex else irfft(rows, n, norm=norm)
    signal = _overlapped(frames * weights, hop)
    squares = broadcast_to(weights * weights, (1, rows.shape[1], n))
    total = _overlapped(squares.contiguous(), hop)
    start = n // 2 if center else 0
    end = signal.shape[1] - (start if length is None else 0)
    if length is not None:
        end = min(end, start + whole("istft", "length", length, 1))
    signal, total = (narrow(v, 1, start, end - start) for v in (signal, total))
    # While a call is recorded, nothing can be read.
    if x.device.recorder is None and not bool((abs(total) > 1e-11).all().item()):
        raise ValueError(
            "istft: the window's squares add up to 0 somewhere; use a smaller hop_length, or "
            "another window"
        )
    signal = signal / total
    if length is not None and length > signal.shape[1]:
        warnings.warn("istft: length is more than the frames reach; zeros follow", stacklevel=3)
        signal = pad(signal, [(0, 0), (0, length - signal.shape[1])])
    return signal if x.ndim == 3 else reshape(signal, (-1,))
