"""Operators that pick elements or put them, and sort."""

from __future__ import annotations

from typing import Any

from cltensor.dtypes import int64
from cltensor.onnx.functions import main as ct
from cltensor.onnx.narrow import Narrow
from cltensor.onnx.table import Ints, Value, ended, operator

_REDUCTIONS = {"add": "sum", "mul": "prod", "max": "amax", "min": "amin"}


def _positive(indices: Any, n: int) -> Any:
    """Indices that count from the end, counted from the front."""
    indices = ct.astype(indices, int64)
    return ct.where(indices < 0, indices + n, indices)


@operator("Gather")
def _gather(data: Value, indices, *, axis: int = 0):
    if isinstance(data, Narrow):
        return Narrow(data.kind, _gather(data.codes, indices, axis=axis))
    axis %= data.ndim
    key = (slice(None),) * axis + (_positive(indices, data.shape[axis]),)
    return data[key]


@operator("GatherElements")
def _gather_elements(data, indices, *, axis: int = 0):
    return ct.gather(data, axis, _positive(indices, data.shape[axis]))


@operator("GatherND")
def _gather_nd(data, indices, *, batch_dims: int = 0):
    batch = data.shape[:batch_dims]
    last = indices.shape[-1]
    parts = [_positive(indices[..., i], data.shape[batch_dims + i]) for i in range(last)]
    key: list[Any] = []
    for i, n in enumerate(batch):
        shape = tuple(n if j == i else 1 for j in range(parts[0].ndim))
        key.append(ct.reshape(ct.arange(n, device=data.device), shape))
    return data[tuple(key + parts)]


def _scattered(data, indices, updates, *, axis: int = 0, reduction: str = "none"):
    indices = _positive(indices, data.shape[axis])
    if reduction == "none":
        return ct.scatter(data, axis, indices, updates)
    return ct.scatter_reduce(data, axis, indices, updates, _REDUCTIONS[reduction])


operator("ScatterElements")(_scattered)
operator("Scatter")(_scattered)
ended("Scatter", 11)


@operator("ScatterND")
def _scatter_nd(data, indices, updates, *, reduction: str = "none"):
    last = indices.shape[-1]
    sizes = data.shape[:last]
    # One number for each place in the first dimensions.
    flat, step = 0, 1
    for i in reversed(range(last)):
        flat = flat + _positive(indices[..., i], sizes[i]) * step
        step *= sizes[i]
    rest = 1
    for n in data.shape[last:]:
        rest *= n
    rows = ct.reshape(data, (step, rest))
    flat = ct.reshape(flat, (-1, 1)) if last else ct.zeros((1, 1), dtype=int64, device=data.device)
    places = ct.broadcast_to(flat, (flat.shape[0], rest))
    return ct.reshape(
        _scattered(rows, places, ct.reshape(updates, tuple(places.shape)), reduction=reduction),
        data.shape,
    )


@operator("TensorScatter", since=24)
def _tensor_scatter(past, update, write_indices=None, *, mode: str = "linear", axis: int = -2):
    axis %= past.ndim
    size, count = past.shape[axis], update.shape[axis]
    steps = ct.arange(count, device=past.device)
    shape = [1] * past.ndim
    shape[axis] = count
    places = ct.reshape(steps, tuple(shape))
    if write_indices is not None:
        starts = ct.reshape(write_indices, (-1, *[1] * (past.ndim - 1)))
        places = places + starts
    if mode == "circular":
        places = ct.remainder(places, size)
    return ct.scatter(past, axis, ct.broadcast_to(places, update.shape), update)


@operator("OneHot")
def _one_hot(indices, depth: Ints, values, *, axis: int = -1):
    n = depth[0]
    ndim = indices.ndim + 1
    axis %= ndim
    places = ct.arange(n, device=indices.device)
    places = ct.reshape(places, tuple(n if i == axis else 1 for i in range(ndim)))
    whole = ct.astype(indices, int64)
    whole = ct.where(whole < 0, whole + n, whole)
    return ct.where(ct.unsqueeze(whole, axis) == places, values[1], values[0])


@operator("NonZero", since=9)
def _non_zero(x):
    found = ct.argwhere(x)
    return ct.zeros((0, 1), dtype=int64, device=x.device) if not x.ndim and not x else found.T


@operator("Compress")
def _compress(x, condition, *, axis: int | None = None):
    places = ct.argwhere(condition)[:, 0]
    if axis is None:
        return ct.reshape(x, (-1,))[places]
    return ct.index_select(x, axis, places)


def _arg(name: str, x: Any, axis: int, keepdims: bool, last: bool) -> Any:
    found = getattr(ct, name)(ct.flip(x, (axis,)) if last else x, axis, keepdim=keepdims)
    return x.shape[axis] - 1 - found if last else found


@operator("ArgMax")
def _arg_max(x, *, axis: int = 0, keepdims: bool = True, select_last_index: bool = False):
    return _arg("argmax", x, axis, keepdims, select_last_index)


@operator("ArgMin")
def _arg_min(x, *, axis: int = 0, keepdims: bool = True, select_last_index: bool = False):
    return _arg("argmin", x, axis, keepdims, select_last_index)


@operator("TopK")
def _top_k_of(x, *, k: int, axis: int = -1):
    return _top_k(x, [k], axis=axis)


@operator("TopK", since=10)
def _top_k(x, k: Ints, *, axis: int = -1, largest: bool = True, sorted: bool = True):
    # Of equal ones the first, which topk leaves open.
    places = ct.argsort(x, axis, descending=largest, stable=True)
    places = ct.narrow(places, axis, 0, k[0])
    return ct.take_along_dim(x, places, axis), places


@operator("Unique", since=11)
def _unique(x, *, axis: int | None = None, sorted: bool = True):
    rows = ct.reshape(x, (-1,)) if axis is None else x
    at = 0 if axis is None else axis
    found, inverse, counts = ct.unique(
        rows, sorted=True, return_inverse=True, return_counts=True, dim=at
    )
    n = rows.shape[at]
    # Where each is first: the least of its places.
    order = ct.arange(n, device=x.device)
    inverse = ct.reshape(inverse, (-1,))
    start = ct.full((found.shape[at],), n, dtype=int64, device=x.device)
    first = ct.scatter_reduce(start, 0, inverse, order, "amin")
    if not sorted:
        by_place = ct.argsort(first)
        found, first = ct.index_select(found, at, by_place), first[by_place]
        counts, inverse = counts[by_place], ct.argsort(by_place)[inverse]
    return found, first, inverse, counts
