"""Writing by index as NumPy and PyTorch name it: index_put, put, masked_scatter, along an axis; and
reading likewise."""

from __future__ import annotations

from typing import Any

from cltensor import dtypes
from cltensor.core.batched import beside
from cltensor.core.checks import axis_of
from cltensor.core.composite import composite
from cltensor.core.op import broadcast_shapes, require_tensor, same_dtype
from cltensor.core.tensor import Tensor, show
from cltensor.errors import DTypeError, ShapeError
from cltensor.ops.elementwise.cast import astype
from cltensor.ops.elementwise.select import where
from cltensor.ops.index.gather import index_tensor, take_along_of
from cltensor.ops.index.pick import (
    getitem_of,
    nonzero,
    pick_backward,
    shown,
    take_apart,
)
from cltensor.ops.index.scatter import fitting, put_shape, setitem, whole_grid
from cltensor.ops.reduce.scan import cumsum
from cltensor.ops.shape.view import broadcast_to, reshape


@composite
def index_put(x: Tensor, indices: Any, values: Any, accumulate: bool = False) -> Tensor:
    """A copy of x in which x[indices] is `values`; with `accumulate` they are added to it, those of
    equal indices one after the other.

    indices: a tuple of index tensors, as in a key of x[...]; values: what broadcasts to that.

    >>> ct.index_put(ct.zeros(3), (ct.tensor([0, 2]),), ct.tensor([1.0, 2.0]))
    tensor([1., 0., 2.])
    """
    return _put("index_put", x, indices, values, accumulate)


def _put(operation: str, x: Tensor, indices: Any, values: Any, accumulate: bool) -> Tensor:
    """`index_put` as a part of `operation`, which errors name."""
    if not isinstance(indices, (tuple, list)):
        raise DTypeError(
            f"{operation}: indices is {show(indices)}; give a tuple of index tensors, one for "
            "each axis"
        )
    key = tuple(indices)
    if isinstance(values, Tensor):
        same_dtype(operation, x, values)
    if not accumulate:
        return setitem(x, key, values, operation)
    plan = take_apart(operation, x.shape, key, x.device)
    result = beside(x, key, values).clone()
    part = shown(result, plan)
    if not plan.indices:
        part += fitting(part, values, part.shape, operation)
        return result
    wanted = put_shape(part, plan)
    if not isinstance(values, Tensor):
        values = Tensor.from_numpy(x.dtype.type(values).reshape(1), x.device)
    value = fitting(part, values, wanted, operation)
    assert isinstance(value, Tensor)
    part += astype(pick_backward(value, plan.indices, plan.start, part.shape, plan.sites), x.dtype)
    return result


@composite
def put(x: Tensor, index: Any, source: Tensor, accumulate: bool = False) -> Tensor:
    """A copy of x whose elements in row-major order are, at `index`, those of `source` in the same
    order; with `accumulate` these are added.

    >>> ct.zeros(3).put(ct.tensor([1]), ct.tensor([5.0]))
    tensor([0., 5., 0.])
    """
    require_tensor("put", "source", source)
    index = index_tensor("put", index, x.device)
    if index.size != source.size or source.dtype != x.dtype:
        raise (ShapeError if index.size != source.size else DTypeError)(
            f"put: {index.size} indices for a source of {source.size} elements of "
            f"{source.dtype.name}, and x is {x.dtype.name}; give one element of that for each index"
        )
    flat = reshape(x, (-1,))
    found = _put("put", flat, (reshape(index, (-1,)),), reshape(source, (-1,)), accumulate)
    return reshape(found, x.shape)


@composite(method=False)
def put_along_axis(x: Tensor, indices: Any, values: Any, axis: int | None) -> None:
    """Write `values` into x where `take_along_axis` would read with `indices` (NumPy's, in
    place).

    >>> ct.put_along_axis(ct.zeros(1, 3), ct.tensor([[1]]), 5.0, 1)
    """
    if axis is None:
        flat = reshape(x, (-1,))
        if flat.size and flat.buffer is not x.buffer:
            raise ShapeError("put_along_axis: axis is None for an x that is no dense tensor")
        x, axis = flat, 0
    axis = axis_of("put_along_axis", axis, x.ndim)
    index = index_tensor("put_along_axis", indices, x.device)
    if index.ndim != x.ndim:
        raise ShapeError(
            f"put_along_axis: indices of shape {index.shape} for shape {x.shape}; the number of "
            "axes must be equal"
        )
    outside = [n if d == axis else m for d, (n, m) in enumerate(zip(index.shape, x.shape))]  # noqa: B905
    index = broadcast_to(index, tuple(outside))
    x._assign(whole_grid(index, axis), values, "put_along_axis")


@composite
def take_along_dim(x: Tensor, indices: Any, dim: int | None = None) -> Tensor:
    """PyTorch's name of `take_along_axis`; of the flattened x without an axis.

    >>> ct.take_along_dim(ct.tensor([[3, 1, 2]]), ct.tensor([[1, 2, 0]]), 1)
    tensor([[1, 2, 3]])
    """
    if dim is None:
        indices = index_tensor("take_along_dim", indices, x.device)
        x, indices, dim = reshape(x, (-1,)), reshape(indices, (-1,)), 0
    return take_along_of("take_along_dim", x, indices, dim)


@composite
def masked_scatter(x: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """x with the elements of `source`, one after the other, where `mask` holds; both broadcast.

    Raises DTypeError for another dtype; IndexingError at the next read if the source ends too soon.

    >>> ct.masked_scatter(ct.zeros(3), ct.tensor([True, False, True]), ct.tensor([1.0, 2.0]))
    tensor([1., 0., 2.])
    """
    require_tensor("masked_scatter", "source", source)
    if mask.dtype.kind != "b" or source.dtype != x.dtype:
        raise DTypeError(
            f"masked_scatter: x is {x.dtype.name}, the source {source.dtype.name} and the mask "
            f"{mask.dtype.name}; x and source must be alike, and the mask bool"
        )
    shape = broadcast_shapes("masked_scatter", x.shape, mask.shape)
    x, mask = broadcast_to(x, shape), broadcast_to(mask, shape)
    flat = reshape(mask, (-1,))
    if not source.size or not flat.size:
        if flat.size and bool(flat.any().item()):
            raise ShapeError("masked_scatter: the source has no elements, and the mask holds")
        return x.clone()
    places = where(flat, cumsum(flat, 0) - 1, 0)
    return where(
        mask, reshape(getitem_of("masked_scatter", reshape(source, (-1,)), places), shape), x
    )


@composite
def argwhere(x: Tensor) -> Tensor:
    """One row of coordinates (int64) for each element that is not zero; waits for the device.

    >>> ct.argwhere(ct.tensor([[0, 1], [2, 0]]))
    tensor([[0, 1],
            [1, 0]])
    """
    return nonzero(x)


@composite
def nonzero_static(x: Tensor, *, size: int, fill_value: int = -1) -> Tensor:
    """The first `size` rows of `nonzero`, and rows of `fill_value` where there are fewer.

    >>> ct.nonzero_static(ct.tensor([0, 3]), size=2)
    tensor([[ 1],
            [-1]])
    """
    found = nonzero(x)
    result = Tensor.empty((size, x.ndim), dtypes.int64, x.device)
    result.fill_(fill_value)
    count = min(size, found.shape[0])
    if count:
        result[:count] = found[:count]
    return result
