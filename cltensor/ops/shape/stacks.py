"""Putting together and taking apart by directions, and tensors that are turned or combined."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations as chosen
from itertools import combinations_with_replacement as chosen_again
from itertools import pairwise
from typing import Any

import numpy as np

from cltensor import dtypes
from cltensor.core.checks import MOST, axis_of, normalize_axes, whole, wholes
from cltensor.core.composite import composite, creator
from cltensor.core.op import require_tensor
from cltensor.core.tensor import Tensor
from cltensor.errors import DTypeError, ShapeError
from cltensor.ops.create import meshgrid, ones_like
from cltensor.ops.elementwise.cast import apart, astype
from cltensor.ops.index.pick import take
from cltensor.ops.reduce.running import cumprod
from cltensor.ops.shape.cut import backwards, diagonal_backward, flip, part
from cltensor.ops.shape.join import concat, pad, stack
from cltensor.ops.shape.view import expand, reshape, swapaxes, unsqueeze
from cltensor.runtime.device import DeviceSpec

# -------------------------------------------------------------------------- at least so many axes


def _each(operation: str, tensors: tuple[Any, ...], change: Any) -> Any:
    """`change` of one tensor, or of several, as a tuple."""
    several = len(tensors) != 1 or isinstance(tensors[0], (tuple, list))
    given = tensors[0] if several and len(tensors) == 1 else tensors
    for i, x in enumerate(given):
        require_tensor(operation, f"tensors[{i}]", x)
    found = tuple([change(x) for x in given])
    return found if several else found[0]


def _columns(x: Tensor) -> Tensor:
    return reshape(x, (-1, 1)) if x.ndim < 2 else x


def _one(x: Tensor) -> Tensor:
    return x if x.ndim else reshape(x, (1,))


def _two(x: Tensor) -> Tensor:
    return x if x.ndim > 1 else reshape(x, (1, -1))


def _three(x: Tensor) -> Tensor:
    if x.ndim < 2:
        return reshape(x, (1, -1, 1))
    return unsqueeze(x, -1) if x.ndim == 2 else x


@composite(method=False)
def atleast_1d(*tensors: Any) -> Any:
    """Tensors without dimensions with one: one tensor, or a tuple of those given.

    >>> ct.atleast_1d(ct.tensor(3))
    tensor([3])
    """
    return _each("atleast_1d", tensors, _one)


@composite(method=False)
def atleast_2d(*tensors: Any) -> Any:
    """Tensors with axes of size 1 in front, up to two.

    >>> ct.atleast_2d(ct.arange(3)).shape
    Size([1, 3])
    """
    return _each("atleast_2d", tensors, _two)


@composite(method=False)
def atleast_3d(*tensors: Any) -> Any:
    """Tensors with three dimensions at least: a vector is (1, n, 1), a matrix (m, n, 1).

    >>> ct.atleast_3d(ct.arange(3)).shape
    Size([1, 3, 1])
    """
    return _each("atleast_3d", tensors, _three)


# ---------------------------------------------------------------------------------------- stacks


def _joined(operation: str, tensors: Any, change: Any, axis: Any) -> Tensor:
    xs = _each(operation, (tuple(tensors),), change)
    return concat(xs, axis(xs[0]) if callable(axis) and xs else axis)


@composite(method=False)
def hstack(tensors: Sequence[Tensor]) -> Tensor:
    """Join tensors along the second axis; vectors along their only one.

    >>> ct.hstack((ct.arange(2), ct.arange(2)))
    tensor([0, 1, 0, 1])
    """
    return _joined("hstack", tensors, _one, lambda x: int(x.ndim > 1))


@composite(method=False)
def vstack(tensors: Sequence[Tensor]) -> Tensor:
    """Join tensors along the first axis, vectors as rows.

    >>> ct.vstack((ct.arange(2), ct.arange(2)))
    tensor([[0, 1],
            [0, 1]])
    """
    return _joined("vstack", tensors, _two, 0)


@composite(method=False)
def row_stack(tensors: Sequence[Tensor]) -> Tensor:
    """PyTorch's other name of `vstack`.

    >>> ct.row_stack([ct.tensor([1, 2]), ct.tensor([3, 4])])
    tensor([[1, 2],
            [3, 4]])
    """
    return vstack(tensors)


@composite(method=False)
def dstack(tensors: Sequence[Tensor]) -> Tensor:
    """Join tensors along the third axis.

    >>> ct.dstack((ct.arange(2), ct.arange(2))).shape
    Size([1, 2, 2])
    """
    return _joined("dstack", tensors, _three, 2)


@composite(method=False)
def column_stack(tensors: Sequence[Tensor]) -> Tensor:
    """Join tensors along the second axis, vectors as columns.

    >>> ct.column_stack((ct.arange(2), ct.tensor([5, 6])))
    tensor([[0, 5],
            [1, 6]])
    """
    return _joined("column_stack", tensors, _columns, 1)


@composite(method=False)
def block_diag(*tensors: Tensor) -> Tensor:
    """A matrix with these matrices along its diagonal and 0 elsewhere; vectors are rows.

    >>> ct.block_diag(ct.ones(1, 2), ct.tensor([[3.0]]))
    tensor([[1., 1., 0.],
            [0., 0., 3.]])
    """
    if not tensors:
        return Tensor.from_numpy(np.zeros((1, 0), np.float32))
    for x in tensors:
        require_tensor("block_diag", "tensors", x)
        if x.ndim > 2:
            raise ShapeError(f"block_diag: a tensor of shape {x.shape} is no matrix")
    blocks = [_two(x) for x in tensors]
    width, left, rows = sum([x.shape[1] for x in blocks]), 0, []
    for x in blocks:
        rows.append(pad(x, ((0, 0), (left, width - left - x.shape[1]))))
        left += x.shape[1]
    return concat(rows, 0)


# ---------------------------------------------------------------------------------------- splits


@composite
def tensor_split(x: Tensor, indices_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Cut an axis into so many parts, the first ones by one longer where it does not divide; or in
    front of each of the given indices. Views.

    >>> ct.tensor_split(ct.arange(5), 2)
    (tensor([0, 1, 2]), tensor([3, 4]))
    """
    if not x.ndim:
        raise ShapeError("tensor_split: a tensor of shape () has no axis to cut")
    axis = axis_of("tensor_split", dim, x.ndim)
    n, at = x.shape[axis], indices_or_sections
    if isinstance(at, Tensor):
        if at.dtype != dtypes.int64 or at.ndim > 1:
            raise DTypeError(
                f"tensor_split: indices_or_sections is of shape {at.shape} and {at.dtype.name}; "
                "give an int64 number or vector"
            )
        at = at.tolist()
    if isinstance(at, (tuple, list)):
        edges = [0, *wholes("tensor_split", "indices", tuple(at), -MOST), n]
        edges = [max(0, min(n, e + n if e < 0 else e)) for e in edges]
        pairs = list(zip([0, *edges[1:-1]], edges[1:], strict=True))
    else:
        count = whole("tensor_split", "sections", at, 1)
        longer, size = n % count, n // count
        starts = [i * size + min(i, longer) for i in range(count + 1)]
        pairs = list(pairwise(starts))
    return tuple([part(x, axis, start, max(0, end - start)) for start, end in pairs])


def _split(operation: str, x: Tensor, at: Any, axis: int, least: int) -> tuple[Tensor, ...]:
    if x.ndim < least:
        raise ShapeError(f"{operation}: shape {x.shape} has fewer than {least} dimensions")
    n = x.shape[axis]
    if isinstance(at, int) and (at < 1 or n % at):
        raise ShapeError(f"{operation}: axis {axis} of size {n} is not cut into {at} equal parts")
    return tensor_split(x, at, axis)


@composite
def hsplit(x: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """`tensor_split` of the second axis (the only one of a vector), into equal parts.

    >>> ct.hsplit(ct.arange(4), 2)
    (tensor([0, 1]), tensor([2, 3]))
    """
    return _split("hsplit", x, indices_or_sections, int(x.ndim > 1), 1)


@composite
def vsplit(x: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """`tensor_split` of the first axis, into equal parts.

    >>> [x.shape for x in ct.vsplit(ct.zeros(4, 2), 2)]
    [Size([2, 2]), Size([2, 2])]
    """
    return _split("vsplit", x, indices_or_sections, 0, 2)


@composite
def dsplit(x: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """`tensor_split` of the third axis, into equal parts.

    >>> [x.shape for x in ct.dsplit(ct.zeros(1, 1, 4), 2)]
    [Size([1, 1, 2]), Size([1, 1, 2])]
    """
    return _split("dsplit", x, indices_or_sections, 2, 3)


# --------------------------------------------------------------------------------- turned around


@composite
def fliplr(x: Tensor) -> Tensor:
    """A copy with the second axis reversed.

    >>> ct.fliplr(ct.tensor([[1, 2]]))
    tensor([[2, 1]])
    """
    if x.ndim < 2:
        raise ShapeError(f"fliplr: shape {x.shape} has no second axis; see flip")
    return flip(x, 1)


@composite
def flipud(x: Tensor) -> Tensor:
    """A copy with the first axis reversed.

    >>> ct.flipud(ct.tensor([[1], [2]]))
    tensor([[2],
            [1]])
    """
    if not x.ndim:
        raise ShapeError("flipud: a tensor of shape () has no axis; see flip")
    return flip(x, 0)


@composite
def rot90(x: Tensor, k: int = 1, dims: Sequence[int] = (0, 1)) -> Tensor:
    """x turned k times by 90 degrees, from the first of two axes towards the second: a copy.

    >>> ct.rot90(ct.tensor([[1, 2], [3, 4]]))
    tensor([[2, 4],
            [1, 3]])
    """
    axes = wholes("rot90", "dims", dims, -MOST)
    if len(axes) != 2 or len(normalize_axes("rot90", axes, x.ndim)) != 2:
        raise ShapeError(f"rot90: dims {dims} for shape {x.shape}; name two axes")
    k = whole("rot90", "k", k, -MOST) % 4
    if k == 2:
        return flip(x, *axes)
    if k == 1:
        return swapaxes(flip(x, axes[1]), *axes)
    return flip(swapaxes(x, *axes), axes[1]) if k else apart(x)


# ----------------------------------------------------------------------- matrices of one or more


@composite
def diag_embed(x: Tensor, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """Matrices, in the axes dim1 and dim2 of the result, with the last axis of x on their diagonal
    `offset` columns to the right, and 0 elsewhere.

    >>> ct.diag_embed(ct.tensor([[1, 2]])).shape
    Size([1, 2, 2])
    """
    if not x.ndim:
        raise ShapeError("diag_embed: a tensor of shape () has no axis to set on a diagonal")
    a, b = [axis_of("diag_embed", d, x.ndim + 1) for d in (dim1, dim2)]
    if a == b:
        raise ShapeError(f"diag_embed: axes {dim1} and {dim2} are the same; name two")
    offset = whole("diag_embed", "offset", offset, -MOST)
    n, rest = x.shape[-1] + abs(offset), iter(x.shape[:-1])
    shape = tuple([n if d in (a, b) else next(rest) for d in range(x.ndim + 1)])
    return diagonal_backward(x, offset, a, b, shape)


@composite(method=False)
def vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Tensor:
    """The powers of the elements of a vector as columns, the highest first.

    N: how many, as many as elements if left out. increasing: the lowest, 1, first.

    >>> ct.vander(ct.tensor([2, 3]), 3)
    tensor([[4, 2, 1],
            [9, 3, 1]])
    """
    if x.ndim != 1:
        raise ShapeError(f"vander: x has shape {x.shape}; give a vector")
    count = x.shape[0] if N is None else whole("vander", "N", N)
    x = astype(x, dtypes.int64) if x.dtype.kind != "f" else x
    column = unsqueeze(x, 1)
    if not count:
        return part(column, 1, 0, 0)
    powers = [ones_like(column)]
    if count > 1:
        powers.append(cumprod(expand(column, (x.shape[0], count - 1)), 1))
    found = concat(powers, 1)
    return found if increasing else backwards(found, 1)


def _triangle(operation: str, row: Any, col: Any, offset: Any, make: Any) -> np.ndarray:
    rows, columns = whole(operation, "row", row), whole(operation, "col", col)
    return np.stack(make(rows, whole(operation, "offset", offset, -MOST), columns))


@creator
def tril_indices(
    row: int, col: int, offset: int = 0, *, dtype: Any = dtypes.int64,
    device: DeviceSpec = None,
) -> Tensor:  # fmt: skip
    """The rows and the columns (shape (2, n)) of what `tril` keeps of a matrix, row by row.

    >>> ct.tril_indices(2, 2)
    tensor([[0, 1, 1],
            [0, 0, 1]])
    """
    places = _triangle("tril_indices", row, col, offset, np.tril_indices)
    return Tensor.from_numpy(places.astype(dtypes.as_dtype(dtype)), device)


@creator
def triu_indices(
    row: int, col: int, offset: int = 0, *, dtype: Any = dtypes.int64,
    device: DeviceSpec = None,
) -> Tensor:  # fmt: skip
    """The rows and the columns (shape (2, n)) of what `triu` keeps of a matrix, row by row.

    >>> ct.triu_indices(2, 2)
    tensor([[0, 0, 1],
            [0, 1, 1]])
    """
    places = _triangle("triu_indices", row, col, offset, np.triu_indices)
    return Tensor.from_numpy(places.astype(dtypes.as_dtype(dtype)), device)


@composite(method=False)
def cartesian_prod(*tensors: Tensor) -> Tensor:
    """All ways to take one element of each vector: a row each, in the order of itertools.product;
    of a single vector that itself.

    >>> ct.cartesian_prod(ct.arange(2), ct.tensor([5, 6]))
    tensor([[0, 5],
            [0, 6],
            [1, 5],
            [1, 6]])
    """
    for x in tensors:
        require_tensor("cartesian_prod", "tensors", x)
        if x.ndim != 1:
            raise ShapeError(f"cartesian_prod: a tensor of shape {x.shape} is no vector")
    if len(tensors) == 1:
        return tensors[0]
    grids = meshgrid(*tensors, indexing="ij")
    return stack([reshape(grid, (-1,)) for grid in grids], 1)


@composite(method=False)
def combinations(x: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """All ways to take r elements of a vector, in its order: a row each, as itertools has them.

    >>> ct.combinations(ct.arange(3))
    tensor([[0, 1],
            [0, 2],
            [1, 2]])
    """
    if x.ndim != 1:
        raise ShapeError(f"combinations: x has shape {x.shape}; give a vector")
    r = whole("combinations", "r", r)
    if not r:
        return part(x, 0, 0, 0)
    places = list((chosen_again if with_replacement else chosen)(range(x.shape[0]), r))
    table = np.array(places, np.int64).reshape(-1, r)
    return take(x, Tensor.from_numpy(table, x.device), 0)
