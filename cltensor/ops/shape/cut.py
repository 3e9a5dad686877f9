"""Operations that show a part of the elements: slices, parts along an axis, diagonals."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from cltensor.core.checks import MOST, normalize_axes, whole
from cltensor.core.composite import composite
from cltensor.core.op import Op, primitive, view_op
from cltensor.core.tensor import Tensor
from cltensor.errors import ShapeError
from cltensor.ops.elementwise.cast import apart
from cltensor.ops.shape.copy import copy
from cltensor.ops.shape.view import Shape, ints, one_axis

#: How an axis is cut: None makes a new axis, an int selects, (start, step, count) slices.
Cut = tuple["int | tuple[int, int, int] | None", ...]


def cut_view(x: Tensor, cut: Cut) -> Tensor:
    """The part of x that `cut` describes, as a view."""
    shape, strides, offset = [], [], x.offset
    axis = 0
    for entry in cut:
        if entry is None:
            shape.append(1)
            strides.append(0)
            continue
        stride = x.strides[axis]
        if isinstance(entry, tuple):
            start, step, count = entry
            shape.append(count)
            strides.append(stride * step)
            offset += start * stride if count else 0
        else:
            offset += entry * stride
        axis += 1
    return x.window(tuple(shape), tuple(strides), offset)


def _run_slice_backward(g: Tensor, cut: Cut, shape: Shape) -> Tensor:
    """Zeros of `shape` with g in the part that `cut` describes."""
    result = Tensor.empty(shape, g.dtype, g.device)
    if g.size != result.size:
        copy(result, 0)
    copy(cut_view(result, cut), g)
    return result


cut_op: Op = view_op(
    "slice(x, cut)", cut_view, dx=lambda g, cut, x_shape: slice_backward(g, cut, x_shape)
)

slice_backward: Op = primitive(
    "slice_backward(g, cut, shape)",
    _run_slice_backward,
    takes_halves=True,
    dg=lambda g, cut: cut_op(g, cut),
)


def part(x: Tensor, axis: int, start: int, count: int) -> Tensor:
    """`narrow` for arguments known to be good."""
    whole = [(0, 1, n) for n in x.shape]
    whole[axis] = (start, 1, count)
    return cut_op(x, tuple(whole))


@composite
def narrow(x: Tensor, axis: int, start: int, length: int) -> Tensor:
    """The `length` elements from `start` on (-1: the last) along an axis. A view.

    >>> ct.narrow(ct.arange(5), 0, 1, 3)
    tensor([1, 2, 3])
    """
    axis = one_axis("narrow", axis, x.ndim)
    start, length = ints((start, length))
    if start < 0:
        start += x.shape[axis]
    if not 0 <= start <= start + length <= x.shape[axis]:
        raise ShapeError(
            f"narrow: {start} to {start + length} is outside axis {axis} of size {x.shape[axis]}"
        )
    return part(x, axis, start, length)


def backwards(x: Tensor, *axes: int) -> Tensor:
    """`flip` as a view, for arguments known to be good."""
    turned = {*axes, *[axis + x.ndim for axis in axes]}
    return cut_op(
        x, tuple([(n - 1, -1, n) if d in turned else (0, 1, n) for d, n in enumerate(x.shape)])
    )


@composite
def flip(x: Tensor, *axis: int | Sequence[int] | None) -> Tensor:
    """A copy with the order of elements reversed along the given axes (all without, or for None).

    >>> ct.flip(ct.arange(3), [0])
    tensor([2, 1, 0])
    """
    axes = normalize_axes("flip", None if axis in ((), (None,)) else ints(axis), x.ndim)
    return apart(backwards(x, *axes))


@composite
def split(x: Tensor, sizes: int | Sequence[int], axis: int = 0) -> tuple[Tensor, ...]:
    """Cut an axis into parts of the given sizes, or of one size (the last may be smaller).

    >>> ct.split(ct.arange(5), 2)
    (tensor([0, 1]), tensor([2, 3]), tensor([4]))
    """
    axis = one_axis("split", axis, x.ndim)
    n = x.shape[axis]
    if isinstance(sizes, (tuple, list)):
        sizes = ints(sizes)
    else:
        (sizes,) = ints((sizes,))
        if sizes < 0 or (sizes == 0 and n):
            raise ShapeError(f"split: parts of size {sizes}; give a positive size")
        sizes = [0] if not n else [min(sizes, n - start) for start in range(0, n, sizes)] or [0]
    if sum(sizes) != n or min(sizes, default=0) < 0:
        raise ShapeError(f"split: sizes {tuple(sizes)} do not add up to axis {axis} of size {n}")
    starts = accumulate(sizes, initial=0)
    return tuple([part(x, axis, start, size) for start, size in zip(starts, sizes, strict=False)])


@composite
def split_with_sizes(x: Tensor, split_sizes: Sequence[int], axis: int = 0) -> tuple[Tensor, ...]:
    """PyTorch's name of `split` for a list of sizes.

    >>> ct.split_with_sizes(ct.arange(5), [2, 3])
    (tensor([0, 1]), tensor([2, 3, 4]))
    """
    return split(x, ints((split_sizes,)), axis)


@composite
def chunk(x: Tensor, chunks: int, axis: int = 0) -> tuple[Tensor, ...]:
    """Cut an axis into at most `chunks` parts of equal size (the last may be smaller).

    >>> ct.chunk(ct.arange(5), 2)
    (tensor([0, 1, 2]), tensor([3, 4]))
    """
    chunks = whole("chunk", "chunks", chunks, 1)
    n = x.shape[one_axis("chunk", axis, x.ndim)]
    return split(x, max(1, -(-n // chunks)), axis)


@composite
def unbind(x: Tensor, axis: int = 0) -> tuple[Tensor, ...]:
    """The slices along an axis, without that axis.

    >>> ct.unbind(ct.tensor([[1, 2], [3, 4]]))
    (tensor([1, 2]), tensor([3, 4]))
    """
    axis = one_axis("unbind", axis, x.ndim)
    whole: list[Any] = [(0, 1, n) for n in x.shape]
    parts = []
    for i in range(x.shape[axis]):
        whole[axis] = i
        parts.append(cut_op(x, tuple(whole)))
    return tuple(parts)


@composite(method=False)
def unstack(x: Tensor, axis: int = 0) -> tuple[Tensor, ...]:
    """The array API's name of `unbind`.

    >>> ct.unstack(ct.tensor([[1, 2], [3, 4]]))
    (tensor([1, 2]), tensor([3, 4]))
    """
    return unbind(x, axis)


def _run_diagonal(x: Tensor, offset: int, axis1: int, axis2: int) -> Tensor:
    rows, columns = x.shape[axis1], x.shape[axis2]
    count = max(0, min(rows, columns - offset) if offset >= 0 else min(rows + offset, columns))
    down, right = x.strides[axis1], x.strides[axis2]
    keep = [d for d in range(x.ndim) if d not in (axis1, axis2)]
    start = (offset * right if offset >= 0 else -offset * down) if count else 0
    return x.window(
        (*[x.shape[d] for d in keep], count),
        (*[x.strides[d] for d in keep], down + right),
        x.offset + start,
    )


def _run_diagonal_backward(g: Tensor, offset: int, axis1: int, axis2: int, shape: Shape) -> Tensor:
    result = Tensor.empty(shape, g.dtype, g.device)
    copy(result, 0)
    copy(_run_diagonal(result, offset, axis1, axis2), g)
    return result


_diagonal: Op = view_op(
    "diagonal(x, offset, axis1, axis2)",
    _run_diagonal,
    dx=lambda g, offset, axis1, axis2, x_shape: diagonal_backward(g, offset, axis1, axis2, x_shape),
)

diagonal_backward: Op = primitive(
    "diagonal_backward(g, offset, axis1, axis2, shape)",
    _run_diagonal_backward,
    dg=lambda g, offset, axis1, axis2: _diagonal(g, offset, axis1, axis2),
)


@composite
def diagonal(x: Tensor, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The diagonal of two axes as a new last axis, `offset` columns to the right. A view.

    >>> ct.diagonal(ct.arange(4).reshape(2, 2))
    tensor([0, 3])
    """
    a, b = one_axis("diagonal", axis1, x.ndim), one_axis("diagonal", axis2, x.ndim)
    if a == b:
        raise ShapeError(f"diagonal: axes {axis1} and {axis2} are the same; name two")
    return _diagonal(x, whole("diagonal", "offset", offset, -MOST), a, b)
