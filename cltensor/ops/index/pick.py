"""Indexing: what x[key] and x[key] = value mean, and the operations that pick by index arrays.

The key is taken apart as NumPy does. Its slices, integers and new axes make a view; its index
arrays become a table of element offsets on the device, along which one strided copy gathers or
scatters. Negative indices count from the end; those that are out of range are noted by the kernel
and reported at the next read. A boolean mask becomes index arrays; only its count is read.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from cltensor import dtypes
from cltensor.core.checks import axis_of
from cltensor.core.composite import composite
from cltensor.core.op import Op, broadcast_shapes, primitive, require_tensor
from cltensor.core.tensor import Tensor, show
from cltensor.dtypes import C_NAMES
from cltensor.errors import DeviceError, DTypeError, IndexingError, ShapeError
from cltensor.lazy.codegen import contiguous_strides
from cltensor.ops.index.fixed import add_in_order
from cltensor.ops.index.nonzero import coordinates
from cltensor.ops.shape.copy import INT_LIMIT, copy, spread, wide
from cltensor.ops.shape.cut import Cut, cut_op
from cltensor.ops.shape.view import Shape, broadcast_to, permute, reshape
from cltensor.runtime.determinism import is_deterministic
from cltensor.runtime.faults import Site
from cltensor.runtime.kernel import kernel

#: For each index array, where a bad index in it is met.
Sites = tuple[Site, ...]


class Plan(NamedTuple):
    """A key taken apart: first the view `cut`, then its axes in the order `axes` (None: as they
    are), then `indices` for the axes from `start` on. unique: no element is named twice; sites:
    what each of the indices indexes, for who meets a bad one."""

    cut: Cut
    axes: Shape | None
    indices: tuple[Tensor, ...]
    start: int
    unique: bool
    sites: Sites


def _entry(operation: str, item: Any, device: Any) -> Any:
    """One item of a key as None, Ellipsis, a slice, an int, or a Tensor of ints or bools."""
    if item is None or item is Ellipsis or isinstance(item, slice):
        return item
    if isinstance(item, Tensor):
        if item.device is not device:
            raise DeviceError(
                f"{operation}: the tensor is on '{device}', an index on '{item.device}'; move one "
                f"with .to('{device}')"
            )
        array: Any = item
    elif isinstance(item, (int, np.integer)) and not isinstance(item, bool):
        return int(item)
    else:
        array = np.asarray(item)
        if array.size == 0 and not isinstance(item, np.ndarray):
            array = array.astype(np.int64)
    if array.dtype.kind not in "biu":
        raise IndexingError(
            f"{operation}: {show(item)} ({array.dtype}) cannot index; use integers, slices, "
            "None, ..., or arrays of integers or booleans"
        )
    return array


def _is_mask(item: Any) -> bool:
    return hasattr(item, "dtype") and item.dtype.kind == "b"


def _bounds(operation: str, item: slice, size: int) -> tuple[int, int, int]:
    """Where a slice of an axis begins and ends, and its step."""
    try:
        return item.indices(size)
    except TypeError:
        raise DTypeError(
            f"{operation}: {item} is no slice of an axis; its start, stop and step are integers or "
            "None"
        ) from None
    except ValueError:
        raise ShapeError(f"{operation}: {item} has a step of zero; give another") from None


def _select(operation: str, entry: int, axis: int, size: int) -> int:
    if not -size <= entry < size:
        raise IndexingError(
            f"{operation}: index {entry} is out of range for axis {axis} of size {size}; use "
            f"{-size} to {size - 1}"
        )
    return entry % size


def _arrays(operation: str, array: Any, axis: int, shape: Shape, device: Any) -> tuple[Tensor, ...]:
    """The index Tensors that an array in a key at `axis` stands for."""
    covered = shape[axis : axis + array.ndim] if array.dtype.kind == "b" else shape[axis : axis + 1]
    if array.dtype.kind == "b":
        if any(m not in (n, 0) for m, n in zip(array.shape, covered, strict=True)):
            raise IndexingError(
                f"{operation}: a mask of shape {array.shape} at axis {axis} of shape {shape}; "
                f"it must have the shape {covered} of the axes it covers (or sizes 0)"
            )
        if isinstance(array, Tensor):
            return coordinates(array)
        places = np.nonzero(array)
        return tuple([Tensor.from_numpy(p, device) for p in places])
    if isinstance(array, np.ndarray):
        for bad in array[(array < -covered[0]) | (array >= covered[0])].ravel()[:1].tolist():
            _select(operation, bad, axis, covered[0])
        array = Tensor.from_numpy(array, device)
    if covered[0] == 0 and array.size:
        raise IndexingError(f"{operation}: axis {axis} of size 0 has no elements to pick")
    return (array,)


def take_apart(operation: str, shape: Shape, key: Any, device: Any) -> Plan:
    """Take a key apart. Raises IndexingError for one that does not fit `shape`."""
    items = [_entry(operation, k, device) for k in (key if isinstance(key, tuple) else (key,))]
    # A boolean scalar indexes a new axis of size 1; a mask covers as many axes as it has.
    widths = [0 if k is None or k is Ellipsis else k.ndim if _is_mask(k) else 1 for k in items]
    dots = [i for i, k in enumerate(items) if k is Ellipsis]
    missing = len(shape) - sum(widths)
    if missing < 0 or len(dots) > 1:
        what = "two ellipses" if len(dots) > 1 else f"{sum(widths)} indices"
        raise IndexingError(
            f"{operation}: {what} for shape {shape}; use at most {len(shape)} indices and one ..."
        )
    at = dots[0] if dots else len(items)
    items[at : at + 1] = [slice(None)] * missing

    entries: list[Any] = []
    picks: list[tuple[int, Tensor]] = []  # axis of the view, index
    sites: list[Site] = []
    places: list[int] = []  # positions in the key of everything that is not a slice or new axis
    unique, axis, shown = True, 0, 0
    for place, item in enumerate(items):
        # An ellipsis stands between what is around it, even where it covers no axis.
        position = place if place < at else place + 1
        if item is None:
            entries.append(None)
            shown += 1
        elif isinstance(item, slice):
            start, stop, step = _bounds(operation, item, shape[axis])
            entries.append((start, step, len(range(start, stop, step))))
            axis += 1
            shown += 1
        elif isinstance(item, int):
            entries.append(_select(operation, item, axis, shape[axis]))
            axis += 1
            places.append(position)
        elif _is_mask(item) and item.ndim == 0:
            entries.append(None)
            none_or_one = np.zeros(int(bool(item)), np.int64)
            picks.append((shown, Tensor.from_numpy(none_or_one, device)))
            sites.append(Site(operation, axis))
            places.append(position)
            shown += 1
        else:
            unique = unique and (_is_mask(item) or item.size == 1)
            for index in _arrays(operation, item, axis, shape, device):
                entries.append((0, 1, shape[axis]))
                picks.append((shown, index))
                sites.append(Site(operation, axis))
                axis += 1
                shown += 1
            places.append(position)
    if not picks:
        return Plan(tuple(entries), None, (), 0, True, ())
    picked = [a for a, _ in picks]
    indices = tuple([index for _, index in picks])
    if places == list(range(places[0], places[0] + len(places))):
        return Plan(tuple(entries), None, indices, picked[0], unique, tuple(sites))
    others = [a for a in range(shown) if a not in picked]
    return Plan(tuple(entries), tuple(picked + others), indices, 0, unique, tuple(sites))


def _is_whole(entries: Cut, shape: Shape) -> bool:
    return entries == tuple([(0, 1, n) for n in shape])


@composite(method=False)
def getitem(x: Tensor, key: Any) -> Tensor:
    """x[key] with NumPy's meaning: slices, integers, None, ..., index arrays and masks.

    Slices and integers give a view. Raises IndexingError for a key that does not fit.

    >>> ct.arange(6).reshape(2, 3)[:, -1]
    tensor([2, 5])
    """
    return getitem_of("getitem", x, key)


def getitem_of(operation: str, x: Tensor, key: Any) -> Tensor:
    """`getitem` as a part of `operation`, which errors name."""
    plan = take_apart(operation, x._value.shape, key, x.device)
    x = shown(x, plan)
    return pick(x, plan.indices, plan.start, plan.sites) if plan.indices else x


def shown(x: Tensor, plan: Plan) -> Tensor:
    """The view of x to which the index arrays of a key apply, if it has any."""
    if not plan.indices or not _is_whole(plan.cut, x.shape):
        x = cut_op(x, plan.cut)
    return x if plan.axes is None else permute(x, plan.axes)


# ----------------------------------------------------------------------------- along index arrays


def index_positions(name: str, indices: Sequence[Tensor]) -> tuple[Shape, list[Tensor]]:
    """The shape that index arrays broadcast to, and each of them with it, dense."""
    shape: Shape = indices[0].shape
    for index in indices[1:]:
        shape = broadcast_shapes(name, shape, index.shape)
    return shape, [broadcast_to(index, shape).contiguous() for index in indices]


def offset_table(
    sites: Sites, indices: Sequence[Tensor], sizes: Shape, strides: Shape, long_index: bool
) -> Tensor:
    """A vector with sum(index * stride) for every position, indices wrapped into sizes."""
    device, count = indices[0].device, indices[0].size
    result = Tensor.empty((count,), dtypes.int64 if long_index else dtypes.int32, device)
    kind = C_NAMES[result.dtype]
    types = tuple([C_NAMES[index.dtype] for index in indices])
    size, local, each = spread(device, count)
    args: dict[str, Any] = {}
    for k, (index, n, stride) in enumerate(zip(indices, sizes, strides, strict=True)):
        args |= {f"i{k}_g": index.buffer, f"start{k}": index.offset, f"n{k}": n}
        args |= {f"stride{k}": stride, f"site{k}": device.faults.region(sites[k])}
    kernel(device, "offsets", out=kind, types=types)(
        (size,), (local,), table_g=result.buffer, **args, count=count, each=each,
        fault_g=device.faults.buffer,
    )  # fmt: skip
    return result


def _run_pick(x: Tensor, indices: tuple[Tensor, ...], start: int, sites: Sites) -> Tensor:
    shape, dense = index_positions(sites[0].operation, indices)
    end = start + len(dense)
    before, after = x.shape[:start], x.shape[end:]
    result = Tensor.empty((*before, *shape, *after), x.dtype, x.device)
    count = math.prod(shape)
    if count == 0:
        return result
    flat = (*before, count, *after)
    long_index = wide(x, result)
    table = offset_table(sites, dense, x.shape[start:end], x.strides[start:end], long_index)
    if result.size == 0:  # but the indices have been looked at
        return result
    source = x.window(flat, (*x.strides[:start], 0, *x.strides[end:]), x.offset)
    copy(
        result.window(flat, contiguous_strides(flat), 0),
        source,
        source_table=table.buffer,
        axis=start,
        long_index=long_index,
    )
    return result


def _run_pick_backward(
    g: Tensor, indices: tuple[Tensor, ...], start: int, shape: Shape, sites: Sites
) -> Tensor:
    """Zeros of `shape`, to which each element of g is added at its index."""
    result = Tensor.empty(shape, g.dtype, g.device)
    copy(result, 0)
    if g.size == 0:
        return result
    positions, dense = index_positions(sites[0].operation, indices)
    grid = shape[start : start + len(dense)]
    long_index = wide(g, result)
    table = offset_table(sites, dense, grid, contiguous_strides(grid), long_index)
    sizes = math.prod(shape[:start]), math.prod(grid), math.prod(positions)
    if g.dtype.kind in "fc" and is_deterministic():
        add_in_order(result, g.contiguous(), table, sizes)
        return result
    add_along(
        result,
        g.contiguous(),
        sizes,
        (table.buffer, C_NAMES[table.dtype], 0),
        (0, 1, 0),
        sites[0],
    )
    return result


pick: Op = primitive(
    "getitem(x, indices, start, sites)",
    _run_pick,
    takes_halves=True,
    dx=lambda g, indices, start, sites, x_shape: pick_backward(g, indices, start, x_shape, sites),
)
pick_backward: Op = primitive(
    "getitem_backward(g, indices, start, shape, sites)",
    _run_pick_backward,
    dg=lambda g, indices, start, sites: pick(g, indices, start, sites),
)


def add_along(
    to: Tensor,
    source: Tensor,
    sizes: tuple[int, int, int],
    index: tuple[Any, str, int],
    index_strides: tuple[int, int, int],
    site: Site,
    combine: str = "a + b",
) -> None:
    """to[o, index, i] += source[o, j, i] for dense tensors of sizes (outer, axis, sources).

    index: buffer, C type and offset; index_strides say how it runs over (o, j, i). combine: what is
    made of what is there, a, and a source, b.
    """
    device = to.device
    outer, n, m = sizes
    inner = to.size // (outer * n)
    # Few lanes leave cores idle: then several work-items share a lane, each with a part of the
    # destinations.
    if device.is_cpu:
        wanted = device.compute_units if source.size > 1 << 14 else 1
        outer_parts = min(outer, wanted)
        inner_parts = min(-(-inner // 64), -(-wanted // outer_parts))
        n_parts = min(n, -(-wanted // (outer_parts * inner_parts)))
        local = (1, 1, 1)
    else:
        width = min(64, *device.max_work_items, device.max_work_group)
        n_parts = max(1, min(n, device.max_groups, 4096 // (outer * inner)))
        most = max(outer, n_parts, inner)
        local = (width, 1, 1) if most == outer else (1, width, 1)
        if most == inner:
            local = (1, 1, width)
        outer_parts, inner_parts = outer, min(inner, device.max_groups * local[2])
    each = [-(-outer // outer_parts), -(-n // n_parts), -(-inner // inner_parts)]
    counts = [-(-s // e) for s, e in zip((outer, n, inner), each, strict=True)]
    grid = tuple([-(-c // w) * w for c, w in zip(counts, local, strict=True)])
    run = kernel(
        device,
        "scatter_add",
        T=C_NAMES[to.dtype],
        I=index[1],
        index="long" if wide(to, source) or index[2] + source.size >= INT_LIMIT else "int",
        shared=index_strides[2] == 0,
        combine=combine,
    )
    run(
        grid, local, y_g=to.buffer, x_g=source.buffer, index_g=index[0], x_start=source.offset,
        index_start=index[2], outer=outer, n=n, m=m, inner=inner, index_o=index_strides[0],
        index_j=index_strides[1], index_i=index_strides[2], outer_each=each[0], n_each=each[1],
        inner_each=each[2], fault_g=device.faults.buffer, site=device.faults.region(site),
    )  # fmt: skip


@composite
def take(x: Tensor, indices: Any, axis: int | None = None) -> Tensor:
    """The elements of x at `indices` along an axis; of the flattened x for None.

    >>> ct.take(ct.tensor([[1, 2], [3, 4]]), ct.tensor([0, 3]))
    tensor([1, 4])
    """
    return take_of("take", x, indices, axis)


def take_of(operation: str, x: Tensor, indices: Any, axis: int | None) -> Tensor:
    """`take` as a part of `operation`, which errors name."""
    if indices is None:  # which in a key would be a new axis
        require_tensor(operation, "indices", indices)
    if axis is None:
        x, axis = reshape(x, (x.size,)), 0
    axis = axis_of(operation, axis, x.ndim)
    x = x if x.ndim else reshape(x, (1,))
    key = (slice(None),) * axis
    return getitem_of(operation, x, (*key, indices))


@composite
def index_select(x: Tensor, axis: int, index: Any) -> Tensor:
    """The parts of x along an axis that `index` lists; the axis stays, for a single one too.

    A tensor without dimensions is its own only part. Raises ShapeError if index is no vector.

    >>> ct.index_select(ct.tensor([5, 6, 7]), 0, ct.tensor([2, 0]))
    tensor([7, 5])
    """
    index = index if isinstance(index, Tensor) else np.asarray(index)
    if index.ndim > 1 or (x.ndim == 0 and math.prod(index.shape) != 1):
        raise ShapeError(
            f"index_select: index has shape {tuple(index.shape)} for x of shape {x.shape}; give a "
            "vector (of one element, where x has no dimensions), or use ct.take"
        )
    if index.dtype.kind == "b":
        raise DTypeError("index_select: index is bool; x[mask] takes masks, this takes places")
    taken = take_of("index_select", x, index.reshape(-1), axis)
    return taken if x.ndim else reshape(taken, ())


@composite
def masked_select(x: Tensor, mask: Tensor) -> Tensor:
    """The elements of x where `mask` is true, as a vector; both broadcast.

    >>> ct.masked_select(ct.arange(4), ct.tensor([True, False, True, False]))
    tensor([0, 2])
    """
    shape = broadcast_shapes("masked_select", x.shape, mask.shape)
    return getitem_of("masked_select", broadcast_to(x, shape), broadcast_to(mask, shape))


# -------------------------------------------------------------------------------------- nonzero


@composite
def nonzero(x: Tensor, as_tuple: bool = False) -> Any:
    """Where x is not zero: one row of coordinates (int64) for each such element, in order; or, as
    a tuple, one vector of indices for each axis, as NumPy's. Waits for the device.

    >>> ct.nonzero(ct.tensor([0, 3, 4]))
    tensor([[1],
            [2]])
    """
    places = coordinates(x)
    if as_tuple:
        return places
    count = places[0].size
    width = x.ndim
    first = places[0]
    strides = (1, count)
    return first.window((count, width), strides, 0).contiguous()
