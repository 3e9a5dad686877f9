"""Padding with elements of the tensor itself: mirrored, repeated or from the other end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from cltensor.core.checks import MOST, wholes
from cltensor.core.composite import composite
from cltensor.core.op import require_tensor
from cltensor.errors import ShapeError
from cltensor.ops.elementwise.cast import apart
from cltensor.ops.shape.cut import backwards, part
from cltensor.ops.shape.join import concat, pad
from cltensor.ops.shape.view import broadcast_to


def _mirrored(x: Any, axis: int, count: int, front: bool) -> Any:
    return backwards(part(x, axis, 1 if front else x.shape[axis] - 1 - count, count), axis)


def _repeated(x: Any, axis: int, count: int, front: bool) -> Any:
    edge = part(x, axis, 0 if front else x.shape[axis] - 1, 1)
    return broadcast_to(edge, (*x.shape[:axis], count, *x.shape[axis + 1 :]))


def _from_the_other_end(x: Any, axis: int, count: int, front: bool) -> Any:
    return part(x, axis, x.shape[axis] - count if front else 0, count)


#: For each mode `count` elements for the front or the end of an axis, and the most of an axis of n.
_MODES: dict[str, tuple[Callable[[Any, int, int, bool], Any], Callable[[int], int]]] = {
    "reflect": (_mirrored, lambda n: n - 1),
    "replicate": (_repeated, lambda n: MOST if n else 0),
    "circular": (_from_the_other_end, lambda n: n),
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
    return x if max(flat) > 0 else apart(x)


@composite
def constant_pad_nd(x: Any, pad: Sequence[int], value: float = 0) -> Any:
    """x with its last axes made longer by `value`: (before, after) of the last axis first.

    >>> ct.constant_pad_nd(ct.ones(2), (1, 0), 9.0)
    tensor([9., 1., 1.])
    """
    return pad_as(x, pad, "constant", value)


def _longer(x: Any, axis: int, before: int, after: int, mode: str) -> Any:
    """x with one axis padded."""
    n = x.shape[axis]
    left = n + min(before, 0) + min(after, 0)
    more, most = _MODES[mode]
    # What is cut off does not come back from the other end, but is mirrored at this one.
    limit = max(most(left if mode == "circular" else n), 0)
    if max(before, after) > limit or min(left, n + before + after) < 0:
        raise ShapeError(
            f"pad: {before} before and {after} after an axis of size {n}; mode {mode!r} adds at "
            f"most {limit} on a side, and no more than {n} can be cut off"
        )
    whole = part(x, axis, max(-before, 0), left) if left != n else x
    source = whole if mode == "circular" else x
    parts = [whole]
    if before > 0:
        parts.insert(0, more(source, axis, before, True))
    if after > 0:
        parts.append(more(source, axis, after, False))
    return concat(parts, axis) if len(parts) > 1 else whole
