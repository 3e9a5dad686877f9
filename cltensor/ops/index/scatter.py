"""Writing by index: x[key] = value, and sums at indices.

Sums at indices go through their sources in order, without atomics: results are the same in every
run, and every element type works. Where an assignment names an element twice, the last value stays,
and has the gradient.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from cltensor import dtypes
from cltensor.core.batched import beside, of_whole
from cltensor.core.checks import axis_of, scalar, whole
from cltensor.core.composite import composite
from cltensor.core.op import Op, broadcast_shapes, primitive, require_tensor, same_dtype
from cltensor.core.tensor import Tensor
from cltensor.dtypes import C_NAMES
from cltensor.errors import DeviceError, IndexingError, ShapeError
from cltensor.lazy.codegen import contiguous_strides
from cltensor.ops.create import arange
from cltensor.ops.elementwise.arithmetic import require_whole
from cltensor.ops.elementwise.cast import astype, flat
from cltensor.ops.elementwise.compare import eq
from cltensor.ops.index.gather import check_along, gather_backward, index_tensor, vector_of
from cltensor.ops.index.pick import (
    Plan,
    Sites,
    getitem,
    index_positions,
    offset_table,
    pick,
    pick_backward,
)
from cltensor.ops.kernels.sorting import sorted_order
from cltensor.ops.shape.copy import copy, wide
from cltensor.ops.shape.cut import cut_op, slice_backward
from cltensor.ops.shape.view import Shape, broadcast_to, expand, reshape
from cltensor.runtime.faults import LABEL, Site
from cltensor.runtime.kernel import kernel


def fitting(to: Tensor, value: Any, shape: Shape, operation: str = "setitem") -> Tensor | float:
    """`value` as a number or as a Tensor of `shape`, with dtype and device of `to`; `operation` is
    named by errors.

    Raises DTypeError for a number that the dtype cannot hold, ShapeError or DeviceError for a
    tensor that does not fit.
    """
    if isinstance(value, (bool, int, float, complex, np.generic)):
        return scalar(operation, "value", value, to.dtype)
    tensor = value if isinstance(value, Tensor) else Tensor.from_numpy(np.asarray(value), to.device)
    if tensor.device is not to.device:
        raise DeviceError(
            f"{operation}: the tensor is on '{to.device}', the value on '{tensor.device}'; move "
            f"one with .to('{to.device}')"
        )
    given = tensor.shape
    while len(given) > len(shape) and given[0] == 1:
        given = given[1:]
    if len(given) > len(shape) or broadcast_shapes(operation, given, shape) != shape:
        raise ShapeError(
            f"{operation}: a value of shape {tensor.shape} does not broadcast to the shape {shape} "
            "of what is replaced"
        )
    return broadcast_to(reshape(astype(tensor, to.dtype), given), shape)


def _last_writers(places: Tensor) -> Tensor:
    """For each of a vector of places, the last position that names the same place."""
    device, count = places.device, places.size
    last = Tensor.empty((count,), dtypes.int32, device)
    local = 1 if device.is_cpu else min(64, device.max_work_group)
    grid = (-(-count // local) * local,)
    order = sorted_order(places, False)
    run = kernel(device, "last_writer", T=C_NAMES[places.dtype])
    run(grid, (local,), y_g=last.buffer, order_g=order.buffer, place_g=places.buffer, count=count)
    return last


def _run_winners(g: Tensor, indices: tuple[Tensor, ...], start: int, sites: Sites) -> Tensor:
    """1 where an index is the last of equals, and 0 elsewhere, as g broadcasts with it."""
    shape, dense = index_positions(sites[0].operation, indices)
    count = math.prod(shape)
    after = (1,) * (g.ndim - start - len(dense))
    result = Tensor.empty((*shape, *after), g.dtype, g.device)
    if count:
        grid = g.shape[start : start + len(dense)]
        last = _last_writers(offset_table(sites, dense, grid, contiguous_strides(grid), wide(g)))
        here = arange(count, dtype=dtypes.int32, device=g.device)
        copy(result, reshape(astype(eq(last, here), g.dtype), result.shape))
    return result


#: Which index arrays' elements are the last that name their place, as numbers for a gradient g.
_winners: Op = primitive("setitem_winners(g, indices, start, sites)", _run_winners, dg=flat)


def _value_rule(g: Any, indices: tuple[Tensor, ...], start: int, unique: bool, sites: Sites) -> Any:
    """Of several values for one place, the last has its gradient."""
    picked = pick(g, indices, start, sites)
    return picked if unique else picked * _winners(g.detach(), indices, start, sites)


def put_shape(to: Tensor, plan: Plan) -> Shape:
    """The shape of what the index arrays of `plan` select of `to`, which `shown` gave."""
    shape: Shape = plan.indices[0].shape
    for index in plan.indices[1:]:
        shape = broadcast_shapes(plan.sites[0].operation, shape, index.shape)
    return (*to.shape[: plan.start], *shape, *to.shape[plan.start + len(plan.indices) :])


def write_picked(
    to: Tensor, value: Any, indices: tuple[Tensor, ...], start: int, unique: bool, sites: Sites
) -> None:
    """Write `value`, a number or a Tensor of what they select, at `indices` along the axes from
    `start` on, in the buffer of `to`."""
    end = start + len(indices)
    positions, dense = index_positions(sites[0].operation, indices)
    before, grid, after = to.shape[:start], to.shape[start:end], to.shape[end:]
    lined = (*before, math.prod(positions), *after)
    if 0 in positions:
        return
    long_index = wide(to)
    table = offset_table(sites, dense, grid, to.strides[start:end], long_index)
    if 0 in lined:  # but the indices have been looked at
        return
    if isinstance(value, Tensor):
        value = reshape(value, lined)
        if not unique:
            value = getitem(value, (slice(None),) * start + (_last_writers(table),))
    copy(
        to.window(lined, (*to.strides[:start], 0, *to.strides[end:]), to.offset),
        value,
        to_table=table.buffer,
        axis=start,
        long_index=long_index,
    )


def _run_put(
    x: Tensor,
    value: Any,
    indices: tuple[Tensor, ...],
    start: int,
    unique: bool,
    sites: Sites,
) -> Tensor:
    result = Tensor.empty(x.shape, x.dtype, x.device)
    copy(result, x)
    write_picked(result, value, indices, start, unique, sites)
    return result


#: x with `value` at index arrays; what x[key] = value does in place.
put: Op = primitive(
    "setitem(x, value, indices, start, unique, sites)",
    _run_put,
    takes_halves=True,
    dx=lambda g, indices, start, unique, sites: put(g, 0, indices, start, unique, sites),
    dvalue=_value_rule,
)


def setitem(x: Any, key: Any, value: Any, operation: str = "setitem") -> Any:
    """A copy of x in which x[key], as getitem means it, is `value`; a part of `operation`."""
    result = beside(x, key, value).clone()
    result._assign(key, value, operation)
    return result


@composite
def scatter_add(x: Tensor, axis: int, index: Any, source: Tensor) -> Tensor:
    """x with source[i, j, k] added to x[i, index[i, j, k], k] (for axis 1): the reverse of gather.

    The sums run through the sources in order: the same bits in every run.

    >>> ct.zeros(3).scatter_add(0, ct.tensor([0, 2, 2]), ct.tensor([1.0, 2.0, 3.0]))
    tensor([1., 0., 5.])
    """
    return scatter_add_of("scatter_add", x, axis, index, source)


def scatter_add_of(operation: str, x: Tensor, axis: int, index: Any, source: Tensor) -> Tensor:
    """`scatter_add` as a part of `operation`, which errors name."""
    axis = axis_of(operation, axis, x.ndim)
    require_tensor(operation, "source", source)  # of an array only the kernel would complain
    index = index_tensor(operation, index, x.device)
    if x.ndim == 0:
        return reshape(scatter_add_of(operation, vector_of(x), axis, index, source), ())
    index, source = vector_of(index), vector_of(source)
    _, shown = check_along(operation, x, index, axis)
    if source.ndim != index.ndim or any(
        i > n for i, n in zip(index.shape, source.shape, strict=True)
    ):
        raise ShapeError(
            f"{operation}: an index of shape {index.shape} for a source of shape {source.shape}; "
            "it must not be larger"
        )
    if source.shape != index.shape:
        source = cut_op(source, tuple([(0, 1, n) for n in index.shape]))
    sums = gather_backward(source, index, axis, tuple([n for _, _, n in shown]), operation)
    if sums.shape != x.shape:
        sums = slice_backward(sums, shown, x.shape)
    return x + sums


def require_slices(
    operation: str, x: Tensor, axis: int, index: Tensor, source: Tensor, purpose: str
) -> None:
    """Raise unless `source` has a slice of x along `axis` for each entry of the vector `index`, and
    x has an element to `purpose`."""
    wanted = (*x.shape[:axis], index.size, *x.shape[axis + 1 :])
    if index.ndim != 1 or source.shape != wanted:
        raise ShapeError(
            f"{operation}: an index of shape {index.shape} and a source of shape {source.shape} "
            f"for axis {axis} of shape {x.shape}; the index must be a vector with one entry for "
            "each slice of the source"
        )
    if x.shape[axis] == 0 and index.size:
        raise IndexingError(f"{operation}: axis {axis} of size 0 has no elements to {purpose}")


@composite
def index_add(x: Tensor, axis: int, index: Any, source: Tensor, alpha: float = 1) -> Tensor:
    """x with alpha times slice j of `source` added to slice index[j] along an axis.

    >>> ct.zeros(3).index_add(0, ct.tensor([0, 0, 2]), ct.tensor([1.0, 2.0, 3.0]))
    tensor([3., 0., 3.])
    """
    axis = axis_of("index_add", axis, x.ndim)
    require_tensor("index_add", "source", source)
    same_dtype("index_add", x, source)
    require_whole("index_add", "alpha", alpha, x, source)
    index = index_tensor("index_add", index, x.device)
    if x.ndim == 0:
        return reshape(index_add(vector_of(x), axis, index, vector_of(source), alpha), ())
    index = vector_of(index)
    require_slices("index_add", x, axis, index, source, "add to")
    sums = pick_backward(source, (index,), axis, x.shape, (Site("index_add", axis),))
    return x + (sums if alpha == 1 else sums * alpha)


def whole_grid(index: Tensor, axis: int) -> tuple[Tensor, ...]:
    """For each axis the indices of the elements that `index` names along one of them."""
    found = []
    for d, n in enumerate(index.shape):
        if d == axis:
            found.append(index)
            continue
        place = [1] * index.ndim
        place[d] = n
        found.append(expand(reshape(arange(n, device=index.device), tuple(place)), index.shape))
    return tuple(found)


@composite(method=False)
def one_hot(x: Any, num_classes: int = -1, dtype: Any = None) -> Tensor:
    """A new last axis with 1 at the class that x names and 0 elsewhere.

    num_classes: -1 for one more than the largest class, which waits for the device.
    Raises: ShapeError if there is no class; IndexingError, at the next read, for a class out of
    range.

    >>> F.one_hot(ct.tensor([0, 2]), num_classes=3)
    tensor([[1, 0, 0],
            [0, 0, 1]])
    """
    index = index_tensor("one_hot", x, x.device)
    num_classes = whole("one_hot", "num_classes", num_classes, -1)
    if num_classes == -1:
        if index.size == 0:
            raise ShapeError("one_hot: no labels to count the classes of; give num_classes")
        num_classes = max(int(index.numpy().max()) + 1, 1)
    if num_classes == 0 and index.size:
        raise ShapeError(f"one_hot: num_classes is 0 for {index.size} labels; there is no class")
    kind = dtypes.default_int if dtype is None else dtypes.as_dtype(dtype)
    return of_whole(_one_hot, index, num_classes, kind)


def _one_hot(index: Tensor, num_classes: int, kind: np.dtype) -> Tensor:
    result = Tensor.empty((*index.shape, num_classes), kind, index.device)
    if result.size == 0:
        return result
    index = index.contiguous()
    local = min(64, index.device.max_work_group)
    run = kernel(index.device, "one_hot", T=C_NAMES[kind], I=C_NAMES[index.dtype])
    run(
        (-(-result.size // local) * local,), (local,), y_g=result.buffer, x_g=index.buffer,
        x_start=index.offset, count=result.size, classes=num_classes,
        fault_g=index.device.faults.buffer,
        site=index.device.faults.region(Site("one_hot", what=LABEL)),
    )  # fmt: skip
    return result
