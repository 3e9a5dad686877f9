"""Operations that show the same elements differently: reshape, permute, expand, slice.

Whatever strides can express is a view of the same buffer, which value semantics makes safe. Axes
follow the array API: `axis`, negative ones count from the end.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from cltensor.codegen import contiguous_strides
from cltensor.errors import ShapeError
from cltensor.op import Op, normalize_axes, primitive, view
from cltensor.ops.window import copy
from cltensor.tensor import Tensor

Shape = tuple[int, ...]


def ints(values: Sequence[Any]) -> Shape:
    """Sizes or axes given as separate integers, one tuple or one list."""
    if len(values) == 1 and isinstance(values[0], (tuple, list)):
        values = values[0]
    return tuple(map(int, values))


def one_axis(operation: str, axis: int, ndim: int) -> int:
    """`axis` counted from the front. Raises ShapeError if there is no such axis."""
    return axis % ndim if -ndim <= axis < ndim else normalize_axes(operation, int(axis), ndim)[0]


# ---------------------------------------------------------------------------------------- reshape


def view_strides(shape: Shape, strides: Shape, wanted: Shape) -> Shape | None:
    """Strides that show elements of (shape, strides) as `wanted`, or None when none do."""
    if 0 in shape:
        return contiguous_strides(wanted)
    old = [(n, s) for n, s in zip(shape, strides, strict=True) if n != 1]
    result: list[int] = []
    at = len(old)
    run = 1  # elements not yet used of the current run of axes that follow each other densely
    step = 1
    for n in reversed(wanted):
        if n == 1:
            result.append(step)
            continue
        if run == 1:
            if at == 0:
                return None
            at -= 1
            run, step = old[at]
            while at and old[at - 1][1] == old[at][1] * old[at][0]:
                at -= 1
                run *= old[at][0]
        if run % n:
            return None
        result.append(step)
        run //= n
        step *= n
    return tuple(reversed(result))


def _run_reshape(x: Tensor, shape: Shape) -> Tensor:
    if shape == x.shape:
        return x.detach()
    strides = view_strides(x.shape, x.strides, shape)
    if strides is None:
        x = x.contiguous()
        strides = contiguous_strides(shape)
    return x.as_strided(shape, strides, x.offset)


_reshape: Op = view("reshape(x, shape)", _run_reshape, dx=lambda g, x_shape: _reshape(g, x_shape))


def reshape(x: Tensor, *shape: int | Sequence[int]) -> Tensor:
    """The elements of x in row-major order in another shape; one size may be -1.

    Shares the buffer where strides allow. Raises ShapeError if the counts differ.
    """
    wanted, size = ints(shape), math.prod(x.shape)
    if wanted.count(-1) == 1:
        known = -math.prod(wanted)
        if known and size % known == 0:
            wanted = tuple([size // known if n == -1 else n for n in wanted])
    if math.prod(wanted) != size or (wanted and min(wanted) < 0):
        raise ShapeError(
            f"reshape: shape {x.shape} has {size} elements, which {wanted} does not hold; "
            "at most one size may be -1"
        )
    return _reshape(x, wanted)


def flatten(x: Tensor, start_axis: int = 0, end_axis: int = -1) -> Tensor:
    """Merge the axes from `start_axis` to `end_axis` into one."""
    if x.ndim == 0:
        return reshape(x, (1,))
    first, last = one_axis("flatten", start_axis, x.ndim), one_axis("flatten", end_axis, x.ndim)
    if first > last:
        raise ShapeError(f"flatten: start axis {start_axis} lies behind end axis {end_axis}")
    merged = math.prod(x.shape[first : last + 1])
    return reshape(x, (*x.shape[:first], merged, *x.shape[last + 1 :]))


def unflatten(x: Tensor, axis: int, sizes: Sequence[int]) -> Tensor:
    """Split one axis into several; one size may be -1."""
    axis = one_axis("unflatten", axis, x.ndim)
    parts = list(ints((sizes,)))
    if parts.count(-1) == 1:
        known = math.prod(n for n in parts if n != -1)
        parts[parts.index(-1)] = x.shape[axis] // known if known else 0
    if math.prod(parts) != x.shape[axis]:
        raise ShapeError(
            f"unflatten: axis {axis} of size {x.shape[axis]} does not split into {tuple(sizes)}"
        )
    return reshape(x, (*x.shape[:axis], *parts, *x.shape[axis + 1 :]))


def squeeze(x: Tensor, axis: int | tuple[int, ...] | None = None) -> Tensor:
    """Remove axes of size 1: the given ones, or all. Other given axes stay as they are."""
    axes = normalize_axes("squeeze", axis, x.ndim)
    return reshape(x, tuple([n for d, n in enumerate(x.shape) if d not in axes or n != 1]))


def unsqueeze(x: Tensor, axis: int) -> Tensor:
    """Insert an axis of size 1 in front of `axis`."""
    axis = one_axis("unsqueeze", axis, x.ndim + 1)
    return reshape(x, (*x.shape[:axis], 1, *x.shape[axis:]))


def expand_dims(x: Tensor, axis: int) -> Tensor:
    """The array API's name of `unsqueeze`."""
    return unsqueeze(x, axis)


# ---------------------------------------------------------------------------------------- permute


def _run_permute(x: Tensor, axes: Shape) -> Tensor:
    shape, strides = x.shape, x.strides
    return x.as_strided(
        tuple([shape[a] for a in axes]), tuple([strides[a] for a in axes]), x.offset
    )


_permute: Op = view(
    "permute(x, axes)",
    _run_permute,
    dx=lambda g, axes: _permute(g, tuple([axes.index(d) for d in range(len(axes))])),
)


def permute(x: Tensor, *axes: int | Sequence[int]) -> Tensor:
    """Reorder the axes: axis d of the result is axis axes[d] of x. A view."""
    wanted = ints(axes)
    if len(normalize_axes("permute", wanted, x.ndim)) != x.ndim:
        raise ShapeError(
            f"permute: axes {wanted} for shape {x.shape}; name each of the {x.ndim} axes once"
        )
    return _permute(x, tuple([a % x.ndim for a in wanted]))


def permute_dims(x: Tensor, axes: Sequence[int]) -> Tensor:
    """The array API's name of `permute`."""
    return permute(x, tuple(axes))


def swapaxes(x: Tensor, axis1: int, axis2: int) -> Tensor:
    """Exchange two axes. A view."""
    order = list(range(x.ndim))
    a, b = one_axis("swapaxes", axis1, x.ndim), one_axis("swapaxes", axis2, x.ndim)
    order[a], order[b] = b, a
    return _permute(x, tuple(order))


def transpose(x: Tensor, *axes: int | Sequence[int]) -> Tensor:
    """Exchange two axes, transpose(x, 1, 2); or permute all, transpose(x, (2, 0, 1)); or, without
    axes, reverse their order."""
    if not axes:
        return _permute(x, tuple(reversed(range(x.ndim))))
    if len(axes) == 2:
        return swapaxes(x, *axes)  # type: ignore[arg-type]
    return permute(x, *axes)


def t(x: Tensor) -> Tensor:
    """The transpose of a matrix; vectors and scalars stay as they are."""
    if x.ndim > 2:
        raise ShapeError(
            f"t: takes at most two dimensions, got shape {x.shape}; use .mT for stacks of matrices"
        )
    return transpose(x)


def matrix_transpose(x: Tensor) -> Tensor:
    """Exchange the last two axes (the property .mT)."""
    if x.ndim < 2:
        raise ShapeError(f"matrix_transpose: takes two or more dimensions, got shape {x.shape}")
    return _permute(x, (*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


def movedim(x: Tensor, source: int | Sequence[int], destination: int | Sequence[int]) -> Tensor:
    """Move the axes `source` to the places `destination`; the others keep their order."""
    froms = ints((source,) if isinstance(source, int) else (tuple(source),))
    tos = ints((destination,) if isinstance(destination, int) else (tuple(destination),))
    if len(froms) != len(tos):
        raise ShapeError(f"movedim: {len(froms)} axes cannot go to {len(tos)} places")
    normalize_axes("movedim", froms, x.ndim)
    normalize_axes("movedim", tos, x.ndim)
    places = {b % x.ndim: a % x.ndim for a, b in zip(froms, tos, strict=True)}
    rest = iter([d for d in range(x.ndim) if d not in places.values()])
    return _permute(x, tuple([places[d] if d in places else next(rest) for d in range(x.ndim)]))


moveaxis = movedim


# ----------------------------------------------------------------------------------------- expand


def _run_expand(x: Tensor, shape: Shape) -> Tensor:
    if shape == x.shape:
        return x.detach()
    new = len(shape) - x.ndim
    strides = tuple(
        [
            s if n == x.shape[d] else 0
            for d, (n, s) in enumerate(zip(shape[new:], x.strides, strict=True))
        ]
    )
    return x.as_strided(shape, (0,) * new + strides, x.offset)


_expand: Op = view("expand(x, shape)", _run_expand, dx=lambda g: g)


def broadcast_to(x: Tensor, shape: Sequence[int]) -> Tensor:
    """x repeated along new axes and axes of size 1, without a copy."""
    wanted = ints((shape,))
    new = len(wanted) - x.ndim
    if new < 0 or any(
        n not in (1, m) for n, m in zip(x.shape, wanted[max(new, 0) :], strict=False)
    ):
        raise ShapeError(
            f"broadcast_to: shape {x.shape} does not broadcast to {wanted}; sizes must be equal or "
            "1, counted from the last"
        )
    return _expand(x, wanted)


def expand(x: Tensor, *shape: int | Sequence[int]) -> Tensor:
    """`broadcast_to` with PyTorch's arguments: -1 keeps a size."""
    wanted = list(ints(shape))
    new = len(wanted) - x.ndim
    for d, n in enumerate(x.shape):
        if new + d >= 0 and wanted[new + d] == -1:
            wanted[new + d] = n
    return broadcast_to(x, wanted)


def expand_as(x: Tensor, other: Tensor) -> Tensor:
    """x broadcast to the shape of `other`."""
    return broadcast_to(x, other.shape)


# ------------------------------------------------------------------------------------------ slice

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
    return x.as_strided(tuple(shape), tuple(strides), offset)


def _run_slice_backward(g: Tensor, cut: Cut, shape: Shape) -> Tensor:
    """Zeros of `shape` with g in the part that `cut` describes."""
    result = Tensor.empty(shape, g.dtype, g.device)
    if g.size != result.size:
        copy(result, 0)
    copy(cut_view(result, cut), g)
    return result


cut_op: Op = view(
    "slice(x, cut)", cut_view, dx=lambda g, cut, x_shape: slice_backward(g, cut, x_shape)
)
slice_backward: Op = primitive(
    "slice_backward(g, cut, shape)", _run_slice_backward, dg=lambda g, cut: cut_op(g, cut)
)


def part(x: Tensor, axis: int, start: int, count: int) -> Tensor:
    """`narrow` for arguments known to be good."""
    whole = [(0, 1, n) for n in x.shape]
    whole[axis] = (start, 1, count)
    return cut_op(x, tuple(whole))


def narrow(x: Tensor, axis: int, start: int, length: int) -> Tensor:
    """The `length` elements from `start` on along an axis. A view."""
    axis = one_axis("narrow", axis, x.ndim)
    if not 0 <= start <= start + length <= x.shape[axis]:
        raise ShapeError(
            f"narrow: {start} to {start + length} is outside axis {axis} of size {x.shape[axis]}"
        )
    return part(x, axis, start, length)


def flip(x: Tensor, axis: int | tuple[int, ...] | None = None) -> Tensor:
    """Reverse the order of elements along the given axes (all for None). A view."""
    axes = normalize_axes("flip", axis, x.ndim)
    return cut_op(
        x, tuple([(n - 1, -1, n) if d in axes else (0, 1, n) for d, n in enumerate(x.shape)])
    )


def split(x: Tensor, sizes: int | Sequence[int], axis: int = 0) -> tuple[Tensor, ...]:
    """Cut an axis into parts of the given sizes, or of one size (the last may be smaller)."""
    axis = one_axis("split", axis, x.ndim)
    n = x.shape[axis]
    if isinstance(sizes, int):
        if sizes <= 0:
            raise ShapeError(f"split: parts of size {sizes}; give a positive size")
        sizes = [min(sizes, n - start) for start in range(0, n, sizes)] or [0]
    if sum(sizes) != n or min(sizes, default=0) < 0:
        raise ShapeError(f"split: sizes {tuple(sizes)} do not add up to axis {axis} of size {n}")
    parts, start = [], 0
    for size in sizes:
        parts.append(part(x, axis, start, size))
        start += size
    return tuple(parts)


def chunk(x: Tensor, chunks: int, axis: int = 0) -> tuple[Tensor, ...]:
    """Cut an axis into at most `chunks` parts of equal size (the last may be smaller)."""
    if chunks <= 0:
        raise ShapeError(f"chunk: {chunks} parts; give a positive number")
    n = x.shape[one_axis("chunk", axis, x.ndim)]
    return split(x, max(1, -(-n // chunks)), axis)


def unbind(x: Tensor, axis: int = 0) -> tuple[Tensor, ...]:
    """The slices along an axis, without that axis."""
    axis = one_axis("unbind", axis, x.ndim)
    whole: list[Any] = [(0, 1, n) for n in x.shape]
    parts = []
    for i in range(x.shape[axis]):
        whole[axis] = i
        parts.append(cut_op(x, tuple(whole)))
    return tuple(parts)


def unstack(x: Tensor, axis: int = 0) -> tuple[Tensor, ...]:
    """The array API's name of `unbind`."""
    return unbind(x, axis)


def _run_diagonal(x: Tensor, offset: int, axis1: int, axis2: int) -> Tensor:
    rows, columns = x.shape[axis1], x.shape[axis2]
    count = max(0, min(rows, columns - offset) if offset >= 0 else min(rows + offset, columns))
    down, right = x.strides[axis1], x.strides[axis2]
    keep = [d for d in range(x.ndim) if d not in (axis1, axis2)]
    start = (offset * right if offset >= 0 else -offset * down) if count else 0
    return x.as_strided(
        (*[x.shape[d] for d in keep], count),
        (*[x.strides[d] for d in keep], down + right),
        x.offset + start,
    )


def _run_diagonal_backward(g: Tensor, offset: int, axis1: int, axis2: int, shape: Shape) -> Tensor:
    result = Tensor.empty(shape, g.dtype, g.device)
    copy(result, 0)
    copy(_run_diagonal(result, offset, axis1, axis2), g)
    return result


_diagonal: Op = view(
    "diagonal(x, offset, axis1, axis2)",
    _run_diagonal,
    dx=lambda g, offset, axis1, axis2, x_shape: _diagonal_backward(
        g, offset, axis1, axis2, x_shape
    ),
)
_diagonal_backward: Op = primitive(
    "diagonal_backward(g, offset, axis1, axis2, shape)",
    _run_diagonal_backward,
    dg=lambda g, offset, axis1, axis2: _diagonal(g, offset, axis1, axis2),
)


def diagonal(x: Tensor, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The diagonal of two axes as a new last axis, `offset` columns to the right. A view."""
    a, b = one_axis("diagonal", axis1, x.ndim), one_axis("diagonal", axis2, x.ndim)
    if a == b:
        raise ShapeError(f"diagonal: axes {axis1} and {axis2} are the same; name two")
    return _diagonal(x, offset, a, b)


def view_as(x: Tensor, other: Tensor) -> Tensor:
    """`x` in the shape of `other`."""
    return reshape(x, other.shape)
