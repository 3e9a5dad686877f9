"""Operations that put elements together in a new buffer: concat, stack, pad, roll, tile.

Each source is copied into its window of a fresh result.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cltensor import dtypes
from cltensor.core.checks import MOST, axis_of, scalar, whole, wholes
from cltensor.core.composite import composite
from cltensor.core.op import Op, primitive, require_tensor, same_device
from cltensor.core.tensor import Tensor, show
from cltensor.errors import DTypeError, ShapeError
from cltensor.ops.elementwise.cast import apart, astype
from cltensor.ops.elementwise.compare import greater_equal
from cltensor.ops.elementwise.select import where
from cltensor.ops.shape.copy import copy
from cltensor.ops.shape.cut import cut_op, cut_view, part, split
from cltensor.ops.shape.view import broadcast_to, flatten, one_axis, reshape, unsqueeze


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
    takes_halves=True,
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


@composite(method=False)
def concat(tensors: Sequence[Tensor], axis: int | None = 0) -> Tensor:
    """Join tensors along an existing axis; flattened first for None. dtypes promote.

    An empty vector, shape (0,), fits every shape, as in PyTorch: it adds nothing but its dtype.
    Raises ShapeError if there is nothing to join or the other sizes differ.

    >>> ct.concat([ct.zeros(1), ct.ones(2)])
    tensor([0., 1., 1.])
    """
    xs = _members("concat", tensors)
    if not xs:
        raise ShapeError("concat: no tensors given; pass at least one")
    if axis is None:
        xs, axis = [flatten(x) for x in xs], 0
    if any(x.ndim == 0 for x in xs):
        raise ShapeError("concat: a tensor without dimensions has no axis to join along; use stack")
    first = next((x for x in xs if x.shape != (0,)), xs[0])
    axis = axis_of("concat", axis, first.ndim)
    before, after = first.shape[:axis], first.shape[axis + 1 :]
    xs = [reshape(x, (*before, 0, *after)) if x.shape == (0,) else x for x in xs]
    for x in xs:
        if x.ndim != first.ndim or x.shape[:axis] != before or x.shape[axis + 1 :] != after:
            raise ShapeError(
                f"concat: shapes {first.shape} and {x.shape} differ outside axis {axis}; all other "
                "sizes must be equal"
            )
    same_device("concat", *xs)
    common = xs[0].dtype
    for x in xs[1:]:
        common = dtypes.promote(common, x.dtype)
    return _concat(*[x if x.dtype == common else astype(x, common) for x in xs], axis=axis)


@composite(method=False)
def cat(tensors: Sequence[Tensor], axis: int = 0) -> Tensor:
    """PyTorch's name of `concat`.

    >>> ct.cat([ct.tensor([1, 2]), ct.tensor([3])])
    tensor([1, 2, 3])
    """
    return concat(tensors, axis)


@composite(method=False)
def concatenate(tensors: Sequence[Tensor], axis: int | None = 0) -> Tensor:
    """NumPy's name of `concat`.

    >>> ct.concatenate([ct.zeros(2, 1), ct.ones(2, 1)], axis=1)
    tensor([[0., 1.],
            [0., 1.]])
    """
    return concat(tensors, axis)


@composite(method=False)
def stack(tensors: Sequence[Tensor], axis: int = 0) -> Tensor:
    """Join tensors of one shape along a new axis.

    >>> ct.stack([ct.arange(2), ct.arange(2)])
    tensor([[0, 1],
            [0, 1]])
    """
    xs = _members("stack", tensors)
    for x in xs[1:]:
        if x.shape != xs[0].shape:
            raise ShapeError(
                f"stack: shapes {xs[0].shape} and {x.shape} differ; use concat to join along an "
                "existing axis"
            )
    axis = axis_of("stack", axis, xs[0].ndim + 1) if xs else 0
    return concat([unsqueeze(x, axis) for x in xs], axis)


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
    takes_halves=True,
    dx=lambda g, widths, x_shape: cut_op(
        g, tuple([(before, 1, n) for n, (before, _) in zip(x_shape, widths, strict=True)])
    ),
)


def _widths(x: Tensor, widths: Any) -> list[tuple[int, int]]:
    """How many elements `pad` adds before and after each axis."""
    given = widths.tolist() if isinstance(widths, np.ndarray) else widths
    if not isinstance(given, (tuple, list)):
        both = whole("pad", "widths", given, -MOST)
        return [(both, both)] * x.ndim
    if given and isinstance(given[0], (tuple, list)):
        pairs = [wholes("pad", "widths", pair, -MOST) for pair in given]
        if len(pairs) == x.ndim and all(len(pair) == 2 for pair in pairs):
            return [(before, after) for before, after in pairs]
    else:
        flat = wholes("pad", "widths", given, -MOST)
        missing = x.ndim - len(flat) // 2
        if len(flat) % 2 == 0 and missing >= 0:
            last_first = list(zip(flat[::2], flat[1::2], strict=True))
            return [(0, 0)] * missing + last_first[::-1]
    raise ShapeError(f"pad: widths {widths} for shape {x.shape}; give a pair for each axis")


@composite
def pad(x: Tensor, widths: int | Sequence[Any], value: float = 0.0) -> Tensor:
    """Surround x with a constant; negative widths cut off.

    widths: pairs (before, after) for each axis, as NumPy's; or one flat sequence of pairs that
    starts at the last axis, as PyTorch's; or one integer for all sides.
    Raises: ShapeError for other widths, or if they cut off more than there is; DTypeError for a
    value that the dtype of x cannot hold.

    >>> ct.pad(ct.tensor([1, 2]), (1, 2), value=9)
    tensor([9, 1, 2, 9, 9])
    >>> ct.pad(ct.ones(1, 1), ((0, 1), (1, 0)))
    tensor([[0., 1.],
            [0., 0.]])
    """
    pairs = _widths(x, widths)
    value = scalar("pad", "value", value, x.dtype)
    sizes = [n + before + after for n, (before, after) in zip(x.shape, pairs, strict=True)]
    cut = [n + min(b, 0) + min(a, 0) for n, (b, a) in zip(x.shape, pairs, strict=True)]
    if min(sizes + cut, default=0) < 0:
        raise ShapeError(f"pad: widths {widths} cut off more than shape {x.shape} has")
    if min((min(p) for p in pairs), default=0) < 0:
        kept = zip(pairs, cut, strict=True)
        x = cut_op(x, tuple([(max(-b, 0), 1, n) for (b, _), n in kept]))
        pairs = [(max(b, 0), max(a, 0)) for b, a in pairs]
    return _pad(x, tuple(pairs), value)


@composite
def roll(x: Tensor, shift: int | Sequence[int], axis: int | Sequence[int] | None = None) -> Tensor:
    """Move elements along axes by `shift` places; what falls off comes back at the other end.

    >>> ct.roll(ct.arange(3), 1)
    tensor([2, 0, 1])
    """
    if axis is None:
        return reshape(roll(flatten(x), shift, 0), x.shape)
    shifts, axes = wholes("roll", "shift", shift, -MOST), wholes("roll", "axis", axis, -MOST)
    if len(shifts) != len(axes):
        raise ShapeError(f"roll: {len(shifts)} shifts for {len(axes)} axes; give one for each")
    turned = x
    for by, a in zip(shifts, axes, strict=True):
        d = one_axis("roll", a, x.ndim)
        n = x.shape[d]
        by = by % n if n else 0
        if by:
            turned = concat([part(turned, d, n - by, by), part(turned, d, 0, n - by)], d)
    return apart(x) if turned is x else turned


def _counts(operation: str, name: str, given: tuple[Any, ...]) -> tuple[int, ...]:
    """Counts given as separate integers or as one sequence."""
    one = len(given) == 1 and isinstance(given[0], (tuple, list))
    return wholes(operation, name, given[0] if one else given)


@composite
def tile(x: Tensor, *repetitions: int | Sequence[int]) -> Tensor:
    """x repeated as a whole along each axis, NumPy's rule: missing axes or counts are 1.

    >>> ct.tile(ct.arange(2), (2, 2))
    tensor([[0, 1, 0, 1],
            [0, 1, 0, 1]])
    """
    return _tile(x, _counts("tile", "repetitions", repetitions))


def _tile(x: Tensor, counts: tuple[int, ...]) -> Tensor:
    ndim = max(x.ndim, len(counts))
    shape = (1,) * (ndim - x.ndim) + x.shape
    counts = (1,) * (ndim - len(counts)) + counts
    pairs = list(zip(counts, shape, strict=True))
    spread = reshape(x, tuple([m for _, n in pairs for m in (1, n)]))
    spread = broadcast_to(spread, tuple([m for pair in pairs for m in pair]))
    return reshape(apart(spread), tuple([c * n for c, n in pairs]))


@composite
def repeat(x: Tensor, *sizes: int | Sequence[int]) -> Tensor:
    """PyTorch's repeat: x as a whole, sizes[d] times along each axis; more sizes add axes.

    >>> ct.arange(2).repeat(2)
    tensor([0, 1, 0, 1])
    """
    counts = _counts("repeat", "sizes", sizes)
    if len(counts) < x.ndim:
        raise ShapeError(
            f"repeat: {len(counts)} counts for shape {x.shape}; give at least one for each axis"
        )
    return _tile(x, counts)


def _lower(x: Tensor, diagonal: int) -> Tensor:
    """Whether each place of the last two axes is on or below that diagonal."""
    rows, columns = x.shape[-2:]
    diagonal = max(-rows, min(diagonal, columns))  # all beyond are the same
    row = Tensor.from_numpy(np.arange(rows, dtype=np.int32)[:, None] + diagonal, x.device)
    column = Tensor.from_numpy(np.arange(columns, dtype=np.int32), x.device)
    return greater_equal(row, column)


@composite
def tril(x: Tensor, diagonal: int = 0) -> Tensor:
    """x with zeros above a diagonal of the last two axes (0 the main one, 1 the next above).

    >>> ct.tril(ct.ones(2, 2))
    tensor([[1., 0.],
            [1., 1.]])
    """
    if x.ndim < 2:
        raise ShapeError(f"tril: takes two or more dimensions, got shape {x.shape}")
    diagonal = whole("tril", "diagonal", diagonal, -MOST)
    return where(_lower(x, diagonal), x, False)


@composite
def triu(x: Tensor, diagonal: int = 0) -> Tensor:
    """x with zeros below a diagonal of the last two axes (0 the main one, 1 the next above).

    >>> ct.triu(ct.ones(2, 2))
    tensor([[1., 1.],
            [0., 1.]])
    """
    if x.ndim < 2:
        raise ShapeError(f"triu: takes two or more dimensions, got shape {x.shape}")
    diagonal = whole("triu", "diagonal", diagonal, -MOST)
    return where(_lower(x, diagonal - 1), False, x)
