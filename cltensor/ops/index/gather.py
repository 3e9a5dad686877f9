"""Picking along an axis with an index for each element, and the sums that are its reverse."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from cltensor.core.checks import axis_of
from cltensor.core.composite import composite
from cltensor.core.op import Op, broadcast_shapes, primitive
from cltensor.core.tensor import Tensor, show
from cltensor.dtypes import C_NAMES
from cltensor.errors import DeviceError, DTypeError, IndexingError, ShapeError
from cltensor.ops.index.pick import (
    add_along,
)
from cltensor.ops.shape.copy import BIT_TYPES, copy, spread, wide
from cltensor.ops.shape.cut import cut_op
from cltensor.ops.shape.view import Shape, broadcast_to, flatten, reshape
from cltensor.runtime.faults import Site
from cltensor.runtime.kernel import kernel


def index_tensor(name: str, index: Any, device: Any) -> Tensor:
    """An index argument as a Tensor of integers."""
    given = index if isinstance(index, Tensor) else np.asarray(index)
    if given.dtype.kind not in "iu":
        raise DTypeError(
            f"{name}: the index is {show(index)} ({given.dtype}), not of integers; cast it with "
            ".long(), or pass an integer tensor, array or list"
        )
    if not isinstance(given, Tensor):
        return Tensor.from_numpy(given, device)
    if index.device is not device:
        raise DeviceError(
            f"{name}: operands are on '{device}' and '{index.device}'; move one with "
            f".to('{device}')"
        )
    return index


def run_gather(x: Tensor, index: Tensor, axis: int, operation: str) -> Tensor:
    x, index = x.contiguous(), index.contiguous()
    result = Tensor.empty(index.shape, x.dtype, x.device)
    count = result.size
    size, local, each = spread(x.device, count)
    inner = math.prod(x.shape[axis + 1 :])
    run = kernel(
        x.device,
        "gather",
        T=BIT_TYPES[x.dtype.itemsize],
        I=C_NAMES[index.dtype],
        index="long" if wide(x, index, result) else "int",
        last=inner == 1,
    )
    if count:
        run(
            (size,), (local,), y_g=result.buffer, x_g=x.buffer, index_g=index.buffer,
            x_start=x.offset, index_start=index.offset, count=count, n=x.shape[axis],
            m=index.shape[axis], inner=inner, each=each, fault_g=x.device.faults.buffer,
            site=x.device.faults.region(Site(operation, axis)),
        )  # fmt: skip
    return result


def _run_gather_backward(
    g: Tensor, index: Tensor, axis: int, shape: Shape, operation: str
) -> Tensor:
    """Zeros of `shape` to which each element of g is added at its index along the axis."""
    result = Tensor.empty(shape, g.dtype, g.device)
    copy(result, 0)
    if g.size:
        index = index.contiguous()
        m, inner = index.shape[axis], math.prod(shape[axis + 1 :])
        add_along(
            result,
            g.contiguous(),
            (math.prod(shape[:axis]), shape[axis], m),
            (index.buffer, C_NAMES[index.dtype], index.offset),
            (m * inner, inner, 1),
            Site(operation, axis),
        )
    return result


_gather: Op = primitive(
    "gather(x, index, axis, operation)",
    run_gather,
    takes_halves=True,
    dx=lambda g, index, axis, operation, x_shape: gather_backward(
        g, index, axis, x_shape, operation
    ),
)
gather_backward: Op = primitive(
    "gather_backward(g, index, axis, shape, operation)",
    _run_gather_backward,
    dg=lambda g, index, axis, operation: _gather(g, index, axis, operation),
)


def check_along(name: str, x: Tensor, index: Tensor, axis: int) -> tuple[int, Any]:
    """The axis, and the cut that brings x to the size of the index on all other axes."""
    if index.ndim != x.ndim or any(
        i > n for d, (i, n) in enumerate(zip(index.shape, x.shape, strict=False)) if d != axis
    ):
        raise ShapeError(
            f"{name}: an index of shape {index.shape} for shape {x.shape} along axis {axis}; it "
            "must have as many axes and be no larger on the others"
        )
    if x.shape[axis] == 0 and index.size:
        raise IndexingError(f"{name}: axis {axis} of size 0 has no elements to pick")
    sizes = [n if d == axis else i for d, (i, n) in enumerate(zip(index.shape, x.shape))]  # noqa: B905
    return axis, tuple([(0, 1, n) for n in sizes])


def vector_of(x: Tensor) -> Tensor:
    """x, with one dimension if it has none: so PyTorch sees it where an axis is asked for."""
    return x if x.ndim else reshape(x, (1,))


@composite
def gather(x: Tensor, axis: int, index: Any, *, sparse_grad: bool = False) -> Tensor:
    """Pick along an axis, with an index for each element of the result (PyTorch's gather).

        out[i, j, k] = x[i, index[i, j, k], k]        for axis 1

    Shapes:  index has the axes of x and is no larger on all but `axis`; the result has its shape.
    Raises:  ShapeError; IndexingError at the next read for an index out of range; TypeError for
             sparse_grad=True, as gradients are never sparse.

    >>> ct.tensor([[1, 2], [3, 4]]).gather(1, ct.tensor([[1], [0]]))
    tensor([[2],
            [3]])
    """
    if sparse_grad:
        raise TypeError(
            "gather: sparse_grad=True is not supported, as gradients are dense; leave it out"
        )
    return gather_of("gather", x, axis_of("gather", axis, x.ndim), index)


def gather_of(operation: str, x: Tensor, axis: int, index: Any) -> Tensor:
    """`gather` as a part of `operation`, which errors name."""
    index = index_tensor(operation, index, x.device)
    if index.ndim == 0:  # of tensors without dimensions as of those with one
        return reshape(gather_of(operation, x, axis, reshape(index, (1,))), ())
    x = vector_of(x)
    if not index.size and index.ndim != x.ndim:  # of whatever shape, as in PyTorch
        return reshape(cut_op(flatten(x), ((0, 1, 0),)), index.shape)
    _, shown = check_along(operation, x, index, axis)
    if any(n != m for (_, _, n), m in zip(shown, x.shape, strict=True)):
        x = cut_op(x, shown)
    return _gather(x, index, axis, operation)


@composite
def take_along_axis(x: Tensor, indices: Any, axis: int | None = -1) -> Tensor:
    """NumPy's gather: as `gather`, but the other axes of x and indices broadcast.

    >>> x = ct.tensor([[3, 1, 2]])
    >>> ct.take_along_axis(x, x.argsort(1), 1)
    tensor([[1, 2, 3]])
    """
    return take_along_of("take_along_axis", x, indices, axis)


def take_along_of(operation: str, x: Tensor, indices: Any, axis: int | None) -> Tensor:
    """`take_along_axis` as a part of `operation`, which errors name."""
    if axis is None:
        x, axis = flatten(x), 0
    axis = axis_of(operation, axis, x.ndim)
    index = index_tensor(operation, indices, x.device)
    if x.ndim == index.ndim == 0:
        return gather_of(operation, x, axis, index)
    if index.ndim != x.ndim:
        raise ShapeError(
            f"{operation}: indices of shape {index.shape} for shape {x.shape}; the number of "
            "axes must be equal"
        )
    outside = [
        tuple([1 if d == axis else n for d, n in enumerate(shape)])
        for shape in (x.shape, index.shape)
    ]
    common = broadcast_shapes(operation, *outside)
    x = broadcast_to(x, (*common[:axis], x.shape[axis], *common[axis + 1 :]))
    index = broadcast_to(index, (*common[:axis], index.shape[axis], *common[axis + 1 :]))
    return gather_of(operation, x, axis, index)
