"""Padding with elements of the tensor itself: mirrored, repeated or from the other end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from cltensor.errors import ShapeError
from cltensor.op import require_tensor
from cltensor.ops.arguments import MOST, wholes
from cltensor.ops.index import take
from cltensor.ops.join import pad
from cltensor.ops.shape import narrow
from cltensor.tensor import Tensor

#: For each mode the places of an axis of size n that stand at `at`, and the most that it adds.
_MODES: dict[str, tuple[Callable[[np.ndarray, int], np.ndarray], Callable[[int], int]]] = {
    "reflect": (lambda at, n: n - 1 - abs(n - 1 - abs(at)), lambda n: n - 1),
    "replicate": (lambda at, n: at.clip(0, n - 1), lambda n: MOST if n else 0),
    "circular": (lambda at, n: at % n, lambda n: n),
}


def pad_as(x: Any, widths: Sequence[int], mode: str = "constant", value: Any = None) -> Any:
    """x with its last axes made longer, as PyTorch's nn.functional.pad.

    Args:    widths: (before, after) of the last axis, then of the one before, and so on; negative
             ones cut off.  mode: "constant" adds `value` (0 for None); the others copy elements of
             x: "reflect" (mirrored at the first and last), "replicate" (those), "circular" (from
             the other end).  They take up to three axes behind one or two others.
    Raises:  ShapeError for widths that do not fit; ValueError for another mode, or a value that the
             mode does not use; DTypeError for a value that the dtype of x cannot hold.
    """
    require_tensor("pad", "input", x)
    flat = wholes("pad", "pad", widths, -MOST)
    if len(flat) % 2 or len(flat) > 2 * x.ndim:
        raise ShapeError(
            f"pad: pad is {widths} for shape {x.shape}; give (before, after) of the last axis, "
            "then of the one before, and so on"
        )
    if mode == "constant":
        return pad(x, flat, 0 if value is None else value)
    if mode not in _MODES:
        raise ValueError(f"pad: mode is {mode!r}; use 'constant' or one of {', '.join(_MODES)}")
    if value:
        raise ValueError(f"pad: value is {value}, but mode {mode!r} fills with elements of input")
    axes = len(flat) // 2
    if not 1 <= axes <= 3 or x.ndim not in (axes + 1, axes + 2):
        raise ShapeError(
            f"pad: pad is {widths} for shape {x.shape}; mode {mode!r} takes one to three axes "
            "behind one or two others"
        )
    for d in range(axes):
        x = _longer(x, x.ndim - 1 - d, flat[2 * d], flat[2 * d + 1], mode)
    return x


def _longer(x: Any, axis: int, before: int, after: int, mode: str) -> Any:
    """x with one axis padded."""
    n = x.shape[axis]
    place, most = _MODES[mode]
    if max(before, after) > most(n) or n + min(before, 0) + min(after, 0) < 0:
        raise ShapeError(
            f"pad: {before} before and {after} after an axis of size {n}; mode {mode!r} adds at "
            f"most {min(most(n), MOST)} on a side, and no more than {n} can be cut off"
        )
    if max(before, after) <= 0:
        return narrow(x, axis, -before, n + before + after)
    places = place(np.arange(-before, n + after, dtype=np.int64), n)
    return take(x, Tensor.from_numpy(places, x.device), axis)
