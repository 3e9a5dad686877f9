"""Operations that put elements together in a new buffer: concat, stack, pad, roll, tile.

Each source is copied into its window of a fresh result.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cltensor import dtypes
from cltensor.errors import DTypeError, ShapeError
from cltensor.op import Op, primitive, require_tensor, same_device
from cltensor.ops.pointwise import astype, greater_equal, where
from cltensor.ops.shape import (
    broadcast_to,
    cut_op,
    cut_view,
    flatten,
    ints,
    one_axis,
    part,
    reshape,
    split,
    unsqueeze,
)
from cltensor.ops.window import copy
from cltensor.tensor import Tensor, show


def _run_concat(*xs: Tensor, axis: int) -> Tensor:
    first = xs[0]
    total = sum(x.shape[axis] for x in xs)
    shape = (*first.shape[:axis], total, *first.shape[axis + 1 :])
    result = Tensor.empty(shape, first.dtype, first.device)
    start = 0
    for x in xs:
        part = [(0, 1, n) for n in x.shape]
        part[axis] = (start, 1, x.shape[axis])
        copy(cut_view(result, tuple(part)), x)
        start += x.shape[axis]
    return result


_concat: Op = primitive(
    "concat(*xs, axis)",
    _run_concat,
    dxs=lambda g, axis, xs_shape: list(split(g, [s[axis] for s in xs_shape], axis)),
)


def _members(operation: str, tensors: Sequence[Tensor]) -> list[Tensor]:
    """The tensors of a sequence, and nothing else."""
    if not hasattr(tensors, "__iter__"):
        raise DTypeError(
            f"{operation}: takes a sequence of tensors, not {show(tensors)}; write [x, y]"
        )
    xs = list(tensors)
    for i, x in enumerate(xs):
        require_tensor(operation, f"tensors[{i}]", x)
    return xs


def concat(tensors: Sequence[Tensor], axis: int | None = 0) -> Tensor:
    """Join tensors along an existing axis; flattened first for None. dtypes promote.

    Raises ShapeError if there is nothing to join or the other sizes differ.
    """
    xs = _members("concat", tensors)
    if not xs:
        raise ShapeError("concat: no tensors given; pass at least one")
    if axis is None:
        xs, axis = [flatten(x) for x in xs], 0
    first = xs[0]
    axis = one_axis("concat", axis, first.ndim)
    for x in xs[1:]:
        if x.shape[:axis] + x.shape[axis + 1 :] != first.shape[:axis] + first.shape[axis + 1 :]:
            raise ShapeError(
                f"concat: shapes {first.shape} and {x.shape} differ outside axis {axis}; all other "
                "sizes must be equal"
            )
    same_device("concat", *xs)
    common = first.dtype
    for x in xs[1:]:
        common = dtypes.promote(common, x.dtype)
    return _concat(*[x if x.dtype == common else astype(x, common) for x in xs], axis=axis)


def cat(tensors: Sequence[Tensor], axis: int = 0) -> Tensor:
    """PyTorch's name of `concat`."""
    return concat(tensors, axis)


def stack(tensors: Sequence[Tensor], axis: int = 0) -> Tensor:
    """Join tensors of one shape along a new axis."""
    xs = _members("stack", tensors)
    for x in xs[1:]:
        if x.shape != xs[0].shape:
            raise ShapeError(
                f"stack: shapes {xs[0].shape} and {x.shape} differ; use concat to join along an "
                "existing axis"
            )
    return concat([unsqueeze(x, axis) for x in xs], axis % (xs[0].ndim + 1) if xs else 0)


def _run_pad(x: Tensor, widths: tuple[tuple[int, int], ...], value: float) -> Tensor:
    shape = tuple([n + before + after for n, (before, after) in zip(x.shape, widths, strict=True)])
    result = Tensor.empty(shape, x.dtype, x.device)
    if result.size != x.size:
        copy(result, value)
    inner = [(before, 1, n) for n, (before, _) in zip(x.shape, widths, strict=True)]
    copy(cut_view(result, tuple(inner)), x)
    return result


_pad: Op = primitive(
    "pad(x, widths, value)",
    _run_pad,
    dx=lambda g, widths, x_shape: cut_op(
        g, tuple([(before, 1, n) for n, (before, _) in zip(x_shape, widths, strict=True)])
    ),
)


def pad(x: Tensor, widths: int | Sequence[Any], value: float = 0.0) -> Tensor:
    """Surround x with a constant; negative widths cut off.

    widths: pairs (before, after) for each axis, as NumPy's; or one flat sequence of pairs that
    starts at the last axis, as PyTorch's; or one integer for all sides.
    """
    given = np.asarray(widths, dtype=np.int64)
    if given.ndim == 0:
        pairs = [(int(given), int(given))] * x.ndim
    elif given.ndim == 1 and len(given) % 2 == 0 and len(given) <= 2 * x.ndim:
        last_first = given.reshape(-1, 2)[::-1].tolist()
        pairs = [(0, 0)] * (x.ndim - len(last_first)) + [(b, a) for b, a in last_first]
    elif given.shape == (x.ndim, 2):
        pairs = [(b, a) for b, a in given.tolist()]
    else:
        raise ShapeError(f"pad: widths {widths} for shape {x.shape}; give a pair for each axis")
    sizes = [n + before + after for n, (before, after) in zip(x.shape, pairs, strict=True)]
    if min(sizes, default=0) < 0:
        raise ShapeError(f"pad: widths {widths} cut off more than shape {x.shape} has")
    if min((min(p) for p in pairs), default=0) < 0:
        kept = zip(x.shape, pairs, strict=True)
        x = cut_op(x, tuple([(max(-b, 0), 1, n + min(b, 0) + min(a, 0)) for n, (b, a) in kept]))
        pairs = [(max(b, 0), max(a, 0)) for b, a in pairs]
    return _pad(x, tuple(pairs), value)


def roll(x: Tensor, shift: int | Sequence[int], axis: int | Sequence[int] | None = None) -> Tensor:
    """Move elements along axes by `shift` places; what falls off comes back at the other end."""
    if axis is None:
        return reshape(roll(flatten(x), shift, 0), x.shape)
    shifts = ints((shift,) if isinstance(shift, int) else (tuple(shift),))
    axes = ints((axis,) if isinstance(axis, int) else (tuple(axis),))
    if len(shifts) != len(axes):
        raise ShapeError(f"roll: {len(shifts)} shifts for {len(axes)} axes; give one for each")
    for by, a in zip(shifts, axes, strict=True):
        d = one_axis("roll", a, x.ndim)
        n = x.shape[d]
        by = by % n if n else 0
        if by:
            x = concat([part(x, d, n - by, by), part(x, d, 0, n - by)], d)
    return x


def tile(x: Tensor, *repetitions: int | Sequence[int]) -> Tensor:
    """x repeated as a whole along each axis, NumPy's rule: missing axes or counts are 1."""
    counts = ints(repetitions)
    if min(counts, default=0) < 0:
        raise ShapeError(f"tile: repetitions {counts} must not be negative")
    ndim = max(x.ndim, len(counts))
    shape = (1,) * (ndim - x.ndim) + x.shape
    counts = (1,) * (ndim - len(counts)) + counts
    pairs = list(zip(counts, shape, strict=True))
    spread = reshape(x, tuple([m for _, n in pairs for m in (1, n)]))
    spread = broadcast_to(spread, tuple([m for pair in pairs for m in pair]))
    return reshape(spread, tuple([c * n for c, n in pairs]))


def repeat(x: Tensor, *sizes: int | Sequence[int]) -> Tensor:
    """PyTorch's repeat: x as a whole, sizes[d] times along each axis; more sizes add axes."""
    counts = ints(sizes)
    if len(counts) < x.ndim:
        raise ShapeError(
            f"repeat: {len(counts)} counts for shape {x.shape}; give at least one for each axis"
        )
    return tile(x, counts)


def repeat_interleave(x: Tensor, repeats: int, axis: int | None = None) -> Tensor:
    """Each element `repeats` times in a row along an axis; x flattened first for None."""
    if axis is None:
        x, axis = flatten(x), 0
    axis = one_axis("repeat_interleave", axis, x.ndim)
    apart = unsqueeze(x, axis + 1)
    shape = (*x.shape[: axis + 1], repeats, *x.shape[axis + 1 :])
    return flatten(broadcast_to(apart, shape), axis, axis + 1)


def _lower(x: Tensor, diagonal: int) -> Tensor:
    """Whether each place of the last two axes is on or below that diagonal."""
    rows, columns = x.shape[-2:]
    row = Tensor.from_numpy(np.arange(rows, dtype=np.int32)[:, None] + diagonal, x.device)
    column = Tensor.from_numpy(np.arange(columns, dtype=np.int32), x.device)
    return greater_equal(row, column)


def tril(x: Tensor, diagonal: int = 0) -> Tensor:
    """x with zeros above a diagonal of the last two axes (0 the main one, 1 the next above)."""
    if x.ndim < 2:
        raise ShapeError(f"tril: takes two or more dimensions, got shape {x.shape}")
    return where(_lower(x, diagonal), x, False)


def triu(x: Tensor, diagonal: int = 0) -> Tensor:
    """x with zeros below a diagonal of the last two axes (0 the main one, 1 the next above)."""
    if x.ndim < 2:
        raise ShapeError(f"triu: takes two or more dimensions, got shape {x.shape}")
    return where(_lower(x, diagonal - 1), False, x)
