"""Operations that show the same elements differently: reshape, permute, expand.

Whatever strides can express is a view of the same buffer: what is written to one is seen in both.
Axes follow the array API: `axis`, negative ones count from the end.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from operator import index
from typing import Any

import numpy as np

from cltensor.core.batched import of_whole, shapes
from cltensor.core.checks import MOST, normalize_axes, whole, wholes
from cltensor.core.composite import composite
from cltensor.core.op import Op, view_op
from cltensor.core.tensor import Tensor
from cltensor.dtypes import as_dtype
from cltensor.errors import DTypeError, ShapeError
from cltensor.lazy.codegen import contiguous_strides
from cltensor.lazy.values import stored

Shape = tuple[int, ...]
_MOST = 1 << 62  # elements of a view that repeats some


def ints(values: Sequence[Any]) -> Shape:
    """Sizes or axes given as separate integers, one tuple or one list.

    Raises DTypeError for what is no integer.
    """
    if len(values) == 1 and isinstance(values[0], (tuple, list)):
        values = values[0]
    try:
        return tuple(map(index, values))
    except TypeError:
        raise DTypeError(f"shape: {values!r} are no integers; cast sizes and axes") from None


def one_axis(operation: str, axis: int, ndim: int) -> int:
    """`axis` counted from the front. Raises ShapeError for several, or if there is no such axis."""
    if type(axis) is int and -ndim <= axis < ndim:
        return axis % ndim
    axes = normalize_axes(operation, whole(operation, "axis", axis, -MOST), ndim)
    if axes:
        return axes[0]
    raise ShapeError(f"{operation}: a tensor of shape () has no axis to name; reshape it to (1,)")


# ---------------------------------------------------------------------------------------- reshape


@lru_cache(16384)
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
    value = x._value
    if shape == value.shape:
        return x.detach()
    strides = view_strides(value.shape, value.strides, shape)
    if strides is None:
        x = x.contiguous()
        strides = contiguous_strides(shape)
    return x.window(shape, strides, x.offset)


_reshape: Op = view_op(
    "reshape(x, shape)", _run_reshape, dx=lambda g, x_shape: _reshape(g, x_shape)
)


@composite
def reshape(x: Tensor, *shape: int | Sequence[int]) -> Tensor:
    """The elements of x in row-major order in another shape; one size may be -1.

    Shares the buffer where strides allow. Raises ShapeError if the counts differ.

    >>> ct.reshape(ct.arange(4), (2, -1))
    tensor([[0, 1],
            [2, 3]])
    """
    return _reshape(x, _whole_shape("reshape", x._value.shape, shape))


def _whole_shape(operation: str, given: Shape, shape: Sequence[Any]) -> Shape:
    """`shape` with the size that -1 stands for. Raises ShapeError if it does not hold `given`."""
    wanted, size = ints(shape), math.prod(given)
    if wanted.count(-1) == 1:
        known = -math.prod(wanted)
        if known and size % known == 0:
            wanted = tuple([size // known if n == -1 else n for n in wanted])
    if math.prod(wanted) != size or (wanted and min(wanted) < 0):
        raise ShapeError(
            f"{operation}: shape {given} has {size} elements, which {wanted} does not hold; "
            "at most one size may be -1"
        )
    return wanted


@composite
def view(x: Tensor, *shape: Any) -> Tensor:
    """The elements of x in another shape, always shared with x; or, given a dtype of the same
    size, their bits as of that dtype.

    Raises ShapeError where strides cannot show that shape: use reshape, which copies then.

    >>> ct.arange(4).view(2, 2)
    tensor([[0, 1],
            [2, 3]])
    """
    if len(shape) == 1 and not isinstance(shape[0], (int, tuple, list, np.integer, Tensor)):
        return of_whole(_reinterpreted, x, as_dtype(shape[0]))
    wanted = _whole_shape("view", x.shape, shape)
    if view_strides(x.shape, x.strides, wanted) is None and not x.is_pending:
        raise ShapeError(
            f"view: shape {x.shape} with strides {x.strides} cannot be shown as {wanted} without a "
            "copy; use .reshape(...)"
        )
    return _reshape(x, wanted)


@composite
def view_as(x: Tensor, other: Tensor) -> Tensor:
    """`x` in the shape of `other`.

    >>> ct.arange(4).view_as(ct.zeros(2, 2)).shape
    Size([2, 2])
    """
    return reshape(x, other.shape)


def _reinterpreted(x: Tensor, dtype: np.dtype) -> Tensor:
    if dtype.itemsize != x.dtype.itemsize:
        raise DTypeError(
            f"view: elements of {x.dtype.name} and {dtype.name} differ in size; cast with .to(...)"
        )
    if x.requires_grad:
        raise DTypeError("view: the bits of a tensor that requires a gradient have none; detach it")
    value = x.realize()._value
    shown = stored(value.shape, dtype, value.device, x.buffer)
    shown.strides, shown.offset = value.strides, value.offset
    return Tensor(shown)


@composite
def flatten(x: Tensor, start_axis: int = 0, end_axis: int = -1) -> Tensor:
    """Merge the axes from `start_axis` to `end_axis` into one.

    >>> ct.flatten(ct.zeros(2, 3, 4), 1).shape
    Size([2, 12])
    """
    shape = x._value.shape
    if not shape:
        return flatten(reshape(x, (1,)), start_axis, end_axis)
    first = one_axis("flatten", start_axis, len(shape))
    last = one_axis("flatten", end_axis, len(shape))
    if first > last:
        raise ShapeError(f"flatten: start axis {start_axis} lies behind end axis {end_axis}")
    merged = math.prod(shape[first : last + 1])
    return reshape(x, (*shape[:first], merged, *shape[last + 1 :]))


@composite
def unflatten(x: Tensor, axis: int, sizes: Sequence[int]) -> Tensor:
    """Split one axis into several; one size may be -1.

    >>> ct.unflatten(ct.arange(6), 0, (2, 3)).shape
    Size([2, 3])
    """
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


@composite
def squeeze(x: Tensor, axis: int | tuple[int, ...] | None = None) -> Tensor:
    """Remove axes of size 1: the given ones, or all. Other given axes stay as they are.

    >>> ct.squeeze(ct.zeros(1, 3, 1)).shape
    Size([3])
    """
    axes = normalize_axes("squeeze", axis, x.ndim)
    return reshape(x, tuple([n for d, n in enumerate(x.shape) if d not in axes or n != 1]))


@composite
def unsqueeze(x: Tensor, axis: int) -> Tensor:
    """Insert an axis of size 1 in front of `axis`.

    >>> ct.unsqueeze(ct.arange(2), 1).shape
    Size([2, 1])
    """
    axis = one_axis("unsqueeze", axis, x.ndim + 1)
    return reshape(x, (*x.shape[:axis], 1, *x.shape[axis:]))


@composite(method=False)
def expand_dims(x: Tensor, axis: int | tuple[int, ...]) -> Tensor:
    """x with axes of size 1 that are the given ones of the result, as in NumPy.

    >>> ct.expand_dims(ct.arange(2), 0).shape
    Size([1, 2])
    """
    given = wholes("expand_dims", "axis", axis, -MOST)
    ndim = x.ndim + len(given)
    axes = normalize_axes("expand_dims", given, ndim)
    old = iter(x.shape)
    return reshape(x, tuple([1 if d in axes else next(old) for d in range(ndim)]))


# ---------------------------------------------------------------------------------------- permute


def _run_permute(x: Tensor, axes: Shape) -> Tensor:
    value = x.realize()._value
    shape, strides = value.shape, value.strides
    return x.window(
        tuple([shape[a] for a in axes]), tuple([strides[a] for a in axes]), value.offset
    )


_permute: Op = view_op(
    "permute(x, axes)",
    _run_permute,
    dx=lambda g, axes: _permute(g, tuple([axes.index(d) for d in range(len(axes))])),
)
_permute.batched(
    lambda op, batch, x, axes: op(
        batch.full(x), (*range(batch.ndim), *[a + batch.ndim for a in axes])
    )
)


@composite
def permute(x: Tensor, *axes: int | Sequence[int]) -> Tensor:
    """Reorder the axes: axis d of the result is axis axes[d] of x. A view.

    >>> ct.permute(ct.zeros(2, 3, 4), (2, 0, 1)).shape
    Size([4, 2, 3])
    """
    wanted = ints(axes)
    if len(normalize_axes("permute", wanted, x.ndim)) != x.ndim or len(wanted) != x.ndim:
        raise ShapeError(
            f"permute: axes {wanted} for shape {x.shape}; name each of the {x.ndim} axes once"
        )
    return _permute(x, tuple([a % x.ndim for a in wanted]))


@composite(method=False)
def permute_dims(x: Tensor, axes: Sequence[int]) -> Tensor:
    """The array API's name of `permute`.

    >>> ct.permute_dims(ct.zeros(2, 3), (1, 0)).shape
    Size([3, 2])
    """
    return permute(x, tuple(axes))


@composite
def swapaxes(x: Tensor, axis0: int, axis1: int) -> Tensor:
    """Exchange two axes. A view.

    >>> ct.swapaxes(ct.zeros(2, 3), 0, 1).shape
    Size([3, 2])
    """
    if x.ndim == 0:
        return movedim(x, axis0, axis1)
    order = list(range(x.ndim))
    a, b = one_axis("swapaxes", axis0, x.ndim), one_axis("swapaxes", axis1, x.ndim)
    order[a], order[b] = b, a
    return _permute(x, tuple(order))


@composite
def transpose(
    x: Tensor, *axes: int | Sequence[int], axis0: int | None = None, axis1: int | None = None
) -> Tensor:
    """Exchange two axes, transpose(x, 1, 2); or permute all, transpose(x, (2, 0, 1)); or, without
    axes, reverse their order. axis0, axis1: PyTorch's names of the two.

    >>> ct.transpose(ct.zeros(2, 3, 4), 0, 2).shape
    Size([4, 3, 2])
    """
    if axis0 is not None or axis1 is not None:
        axes = (*axes, *[a for a in (axis0, axis1) if a is not None])
        if len(axes) != 2:
            raise TypeError(f"transpose: axes {axes} beside axis0 or axis1; give two in all")
    if not axes:
        return _permute(x, tuple(reversed(range(x.ndim))))
    if len(axes) == 2:
        return swapaxes(x, *axes)  # type: ignore[arg-type]
    return permute(x, *axes)


@composite
def t(x: Tensor) -> Tensor:
    """The transpose of a matrix; vectors and scalars stay as they are.

    >>> ct.t(ct.zeros(2, 3)).shape
    Size([3, 2])
    """
    if x.ndim > 2:
        raise ShapeError(
            f"t: takes at most two dimensions, got shape {x.shape}; use .mT for stacks of matrices"
        )
    return transpose(x)


@composite(method=False)
def matrix_transpose(x: Tensor) -> Tensor:
    """Exchange the last two axes (the property .mT).

    >>> ct.matrix_transpose(ct.zeros(4, 2, 3)).shape
    Size([4, 3, 2])
    """
    ndim = x.ndim
    if ndim < 2:
        raise ShapeError(f"matrix_transpose: takes two or more dimensions, got shape {x.shape}")
    return _permute(x, (*range(ndim - 2), ndim - 1, ndim - 2))


@composite
def movedim(x: Tensor, source: int | Sequence[int], destination: int | Sequence[int]) -> Tensor:
    """Move the axes `source` to the places `destination`; the others keep their order.

    >>> ct.moveaxis(ct.zeros(2, 3, 4), 0, -1).shape
    Size([3, 4, 2])
    """
    froms = wholes("movedim", "source", source, -MOST)
    tos = wholes("movedim", "destination", destination, -MOST)
    if len(froms) != len(tos):
        raise ShapeError(f"movedim: {len(froms)} axes cannot go to {len(tos)} places")
    normalize_axes("movedim", froms, x.ndim)
    normalize_axes("movedim", tos, x.ndim)
    if x.ndim == 0:
        return _permute(x, ())
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
    return x.window(shape, (0,) * new + strides, x.offset)


_expand: Op = view_op("expand(x, shape)", _run_expand, dx=lambda g: g)
_expand.batched(lambda op, batch, x, shape: op(batch.full(x, len(shape)), (*batch.sizes, *shape)))
shapes.update(permute=_permute, reshape=_reshape, expand=_expand)


@composite
def broadcast_to(x: Tensor, shape: Sequence[int]) -> Tensor:
    """x repeated along new axes and axes of size 1, without a copy.

    >>> ct.broadcast_to(ct.arange(2), (2, 2))
    tensor([[0, 1],
            [0, 1]])
    """
    wanted = ints((shape,))
    new = len(wanted) - x.ndim
    if new < 0 or any(
        n not in (1, m) for n, m in zip(x.shape, wanted[max(new, 0) :], strict=False)
    ):
        raise ShapeError(
            f"broadcast_to: shape {x.shape} does not broadcast to {wanted}; sizes must be equal or "
            "1, counted from the last"
        )
    if min(wanted, default=0) < 0 or math.prod(wanted) >= _MOST:
        raise ShapeError(f"broadcast_to: sizes {wanted} must be from 0 on, in all under 2^62")
    return _expand(x, wanted)


@composite
def expand(x: Tensor, *shape: int | Sequence[int]) -> Tensor:
    """`broadcast_to` with PyTorch's arguments: -1 keeps a size.

    >>> ct.arange(2).expand(2, 2)
    tensor([[0, 1],
            [0, 1]])
    """
    wanted = list(ints(shape))
    new = len(wanted) - x.ndim
    for d, n in enumerate(x.shape):
        if new + d >= 0 and wanted[new + d] == -1:
            wanted[new + d] = n
    return broadcast_to(x, wanted)


@composite
def expand_as(x: Tensor, other: Tensor) -> Tensor:
    """x broadcast to the shape of `other`.

    >>> ct.arange(2).expand_as(ct.zeros(2, 2))
    tensor([[0, 1],
            [0, 1]])
    """
    return broadcast_to(x, other.shape)
