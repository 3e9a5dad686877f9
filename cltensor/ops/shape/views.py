"""Further ways to show the same elements: a slice, windows, diagonals."""

from __future__ import annotations

from typing import Any

from cltensor import dtypes
from cltensor.core.checks import whole
from cltensor.core.composite import composite
from cltensor.core.op import Op, view_op
from cltensor.core.tensor import Tensor
from cltensor.errors import ShapeError
from cltensor.ops.create import arange
from cltensor.ops.elementwise.cast import apart, astype, full
from cltensor.ops.index.scatter import index_add
from cltensor.ops.reduce.fold import sum
from cltensor.ops.shape.cut import cut_op, diagonal, diagonal_backward, part
from cltensor.ops.shape.view import flatten, movedim, one_axis, reshape, swapaxes


@composite
def ravel(x: Tensor) -> Tensor:
    """The elements in row-major order as a vector; shared where strides allow.

    >>> ct.ravel(ct.zeros(2, 2))
    tensor([0., 0., 0., 0.])
    """
    return reshape(x, (-1,))


@composite
def reshape_as(x: Tensor, other: Tensor) -> Tensor:
    """`x` in the shape of `other`.

    >>> ct.arange(4).reshape_as(ct.zeros(2, 2)).shape
    Size([2, 2])
    """
    return reshape(x, other.shape)


@composite
def swapdims(x: Tensor, axis0: int, axis1: int) -> Tensor:
    """PyTorch's other name of `swapaxes`.

    >>> ct.swapdims(ct.zeros(2, 3), 0, 1).shape
    Size([3, 2])
    """
    return swapaxes(x, axis0, axis1)


@composite
def select(x: Tensor, axis: int, index: int) -> Tensor:
    """The slice number `index` along an axis, without that axis. A view.

    >>> ct.select(ct.arange(4).reshape(2, 2), 1, 0)
    tensor([0, 2])
    """
    axis = one_axis("select", axis, x.ndim)
    n = x.shape[axis]
    number = whole("select", "index", index, -n, n - 1)
    cut: list[Any] = [(0, 1, m) for m in x.shape]
    cut[axis] = number % n
    return cut_op(x, tuple(cut))


def _windows(x: Tensor, axis: int, size: int, step: int) -> Tensor:
    shape, strides = list(x.shape), list(x.strides)
    shape[axis] = (shape[axis] - size) // step + 1
    stride, strides[axis] = strides[axis], strides[axis] * step
    return x.window((*shape, size), (*strides, stride), x.offset)


def _windows_rule(g: Any, x_shape: tuple[int, ...], axis: int, size: int, step: int) -> Any:
    """Every element of x gets the sum over the windows that show it."""
    starts = reshape(arange(g.shape[axis], device=g.device) * step, (-1, 1))
    index = flatten(starts + reshape(arange(size, device=g.device), (1, -1)))
    along = flatten(movedim(g, -1, axis + 1), axis, axis + 1)
    return index_add(full(x_shape, 0, g.dtype, g.device), axis, index, along)


_unfold: Op = view_op("unfold(x, axis, size, step)", _windows, dx=_windows_rule)


@composite
def unfold(x: Tensor, dimension: int, size: int, step: int) -> Tensor:
    """All windows of `size` elements along a dimension, each `step` behind the one before: their
    elements are a new last axis. A view.

    >>> ct.arange(5).unfold(0, 3, 2)
    tensor([[0, 1, 2],
            [2, 3, 4]])
    """
    if not x.ndim:  # PyTorch adds the axis of the elements, and none of the windows
        one_axis("unfold", dimension, 1)
        size = whole("unfold", "size", size, 0, 1)
        return reshape(x, (1,)) if size else part(reshape(x, (1,)), 0, 0, 0)
    axis = one_axis("unfold", dimension, x.ndim)
    size = whole("unfold", "size", size, 0)
    step = whole("unfold", "step", step, 1)
    if size > x.shape[axis]:
        raise ShapeError(
            f"unfold: windows of {size} elements do not fit axis {axis} of size {x.shape[axis]}; "
            "make them smaller"
        )
    return _unfold(x, axis, size, step)


@composite
def diag(x: Tensor, diagonal: int = 0) -> Tensor:
    """Of a vector, the matrix with it on that diagonal and 0 elsewhere; of a matrix, its diagonal.

    Raises ShapeError for other ranks.

    >>> ct.diag(ct.tensor([1, 2]))
    tensor([[1, 0],
            [0, 2]])
    """
    offset = whole("diag", "diagonal", diagonal, -(1 << 31))
    if x.ndim == 2:
        return apart(_diagonal_of(x, offset))
    if x.ndim != 1:
        raise ShapeError(f"diag: needs a vector or a matrix, got shape {x.shape}; see diagonal")
    n = x.shape[0] + abs(offset)
    return diagonal_backward(x, offset, 0, 1, (n, n))


def _diagonal_of(x: Tensor, offset: int) -> Tensor:
    return diagonal(x, offset, 0, 1)


@composite
def diagflat(x: Tensor, offset: int = 0) -> Tensor:
    """The square matrix with the elements of x on that diagonal and 0 elsewhere.

    >>> ct.diagflat(ct.tensor([1, 2]), 1)
    tensor([[0, 1, 0],
            [0, 0, 2],
            [0, 0, 0]])
    """
    return diag(ravel(x), offset)


@composite
def trace(x: Tensor) -> Tensor:
    """The sum of the diagonal of a matrix. Raises ShapeError for other ranks.

    >>> ct.trace(ct.tensor([[1, 2], [3, 4]]))
    tensor(5)
    """
    if x.ndim != 2:
        raise ShapeError(f"trace: needs a matrix, got shape {x.shape}; sum a diagonal(...)")
    found = diagonal(x, 0, 0, 1)
    return sum(found if found.dtype.kind in dtypes.FRACTIONAL else astype(found, dtypes.int64))
