"""Norms of vectors and matrices, condition numbers, distances."""

from __future__ import annotations

import math
from typing import Any

from cltensor import dtypes
from cltensor.core.checks import MOST, axis_of, wholes
from cltensor.core.composite import composite
from cltensor.core.tensor import Tensor
from cltensor.dtypes import as_dtype
from cltensor.errors import DTypeError, ShapeError
from cltensor.ops.elementwise.arithmetic import divide, subtract
from cltensor.ops.elementwise.compare import eq
from cltensor.ops.elementwise.rounding import abs_
from cltensor.ops.elementwise.select import where
from cltensor.ops.linalg.solve import inv_ex
from cltensor.ops.linalg.stack import require_matrices
from cltensor.ops.linalg.svd import svdvals
from cltensor.ops.reduce.fold import Axis, amax, amin, count_of, floating, sum
from cltensor.ops.reduce.statistics import norm_over
from cltensor.ops.shape.view import movedim, reshape, unsqueeze


def _cast(operation: str, x: Any, dtype: Any) -> Any:
    """x in the wanted dtype; integers become float32. Raises DTypeError for a narrower dtype."""
    if dtype is not None:
        wanted = as_dtype(dtype)
        if wanted.kind != "f" or (x.dtype.kind == "f" and wanted.itemsize < x.dtype.itemsize):
            raise DTypeError(
                f"{operation}: dtype is {wanted.name} for an input of {x.dtype.name}; use a "
                "floating-point dtype that is no narrower"
            )
    return floating(x, dtype)


def _order(operation: str, ord: Any) -> float:
    if isinstance(ord, bool) or not isinstance(ord, (int, float)):
        raise ValueError(f"{operation}: ord is {ord!r}; use a number, inf or -inf")
    return ord


def _vector_norm(operation: str, x: Any, ord: Any, axis: Axis, keepdim: bool) -> Any:
    ord = _order(operation, ord)
    if (ord < 0 or math.isinf(ord)) and not count_of(operation, x, axis):
        raise ShapeError(
            f"{operation}: axis {axis} of shape {tuple(x.shape)} is empty, and the {ord}-norm of "
            "nothing is not defined; reduce a non-empty tensor"
        )
    return norm_over(x, ord, axis, keepdim)


@composite(space="linalg")
def vector_norm(
    x: Tensor, ord: float = 2, dim: Axis = None, keepdim: bool = False, *, dtype: Any = None
) -> Tensor:
    """(sum |x|^ord)^(1 / ord) over `dim`, all for None.

    Args:    ord: a number; 0 counts what is not 0, inf and -inf give the largest and the smallest
             magnitude.  dtype: to cast to first.
    Raises:  ShapeError for a negative or infinite ord over nothing.

    >>> ct.linalg.vector_norm(ct.tensor([[3.0, 4.0], [6.0, 8.0]]), dim=1)
    tensor([ 5., 10.])
    """
    name = "linalg.vector_norm"
    dim = None if isinstance(dim, (tuple, list)) and not dim else dim
    return _vector_norm(name, _cast(name, x, dtype), ord, dim, keepdim)


def _extreme(x: Any, largest: bool, axis: int, keepdim: bool) -> Any:
    return (amax if largest else amin)(x, axis, keepdim)


def _matrix_norm(operation: str, x: Any, ord: Any, dim: Any, keepdim: bool) -> Any:
    if x.ndim < 2:
        raise ShapeError(f"{operation}: the input has shape {x.shape}; it takes matrices")
    axes = wholes(operation, "dim", dim, -MOST)
    if len(axes) != 2:
        raise ShapeError(f"{operation}: dim is {dim}; name two axes")
    row, column = [axis_of(operation, d, x.ndim) for d in axes]
    if row == column:
        raise ShapeError(f"{operation}: dim {dim} names one axis twice")
    if ord == "fro":
        return norm_over(x, 2, (row, column), keepdim)
    if ord not in ("nuc", 1, -1, 2, -2, math.inf, -math.inf) or isinstance(ord, bool):
        raise ValueError(
            f"{operation}: ord is {ord!r}; use 'fro', 'nuc', 1, -1, 2, -2, inf or -inf"
        )
    sizes = x.shape[row], x.shape[column]
    if ord != "nuc" and not (min(sizes) if ord in (2, -2) else sizes[ord in (1, -1)]):
        raise ShapeError(
            f"{operation}: matrices of shape {sizes} have no norm {ord}, an extreme of nothing; "
            "'fro' and 'nuc' are 0"
        )
    if ord in ("nuc", 2, -2):
        values = svdvals(movedim(x, (row, column), (-2, -1)))
        found = sum(values, -1) if ord == "nuc" else _extreme(values, ord == 2, -1, False)
    else:
        along, across = (row, column) if abs(ord) == 1 else (column, row)
        sums = sum(abs_(x), along, True)
        found = _extreme(sums, ord > 0, across, True)
    shape = [1 if d in (row, column) else n for d, n in enumerate(x.shape)]
    if not keepdim:
        shape = [n for d, n in enumerate(x.shape) if d not in (row, column)]
    return reshape(found, tuple(shape))


@composite(space="linalg")
def matrix_norm(
    A: Tensor, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, *, dtype: Any = None
) -> Tensor:
    """The norm of matrices in two axes.

    Args:    ord: "fro": the root of the sum of squares; "nuc": the sum of singular values; 2 and
             -2: the largest and the smallest of them; 1 and -1: of sums of magnitudes of columns;
             inf and -inf: of rows.
    Raises:  ShapeError for a matrix without elements, but for "fro" and "nuc"; ValueError for
             another ord.

    >>> ct.linalg.matrix_norm(ct.tensor([[3.0, 0.0], [0.0, 4.0]]))
    tensor(5.)
    """
    return _matrix_norm(
        "linalg.matrix_norm", _cast("linalg.matrix_norm", A, dtype), ord, dim, keepdim
    )


@composite(method=False, space="linalg")
def norm_(
    A: Tensor, ord: Any = None, dim: Any = None, keepdim: bool = False, *, dtype: Any = None
) -> Tensor:
    """`vector_norm` over one axis, `matrix_norm` over two; without dim, of a vector or a matrix,
    or, without ord too, of all elements.

    >>> ct.linalg.norm(ct.tensor([3.0, 4.0]))
    tensor(5.)
    """
    name = "linalg.norm"
    x = _cast(name, A, dtype)
    if isinstance(dim, (tuple, list)) and len(dim) == 1:
        dim = dim[0]
    if dim is None and ord is None:
        return norm_over(x, 2, None, keepdim)
    if dim is None:
        if x.ndim not in (1, 2):
            raise ShapeError(
                f"{name}: ord is {ord!r} for an input of shape {x.shape}; give dim, or a vector or "
                "matrix"
            )
        dim = 0 if x.ndim == 1 else (0, 1)
    if isinstance(dim, (tuple, list)):
        return _matrix_norm(name, x, "fro" if ord is None else ord, dim, keepdim)
    return _vector_norm(name, x, 2 if ord is None else ord, dim, keepdim)


@composite
def norm(x: Any, p: Any = 2, axis: Axis = None, keepdims: bool = False, dtype: Any = None) -> Any:
    """The vector p-norm over `axis` (all for None); integers give float32.

        (sum |x|^p)^(1/p)

    Args:    p: a number; 0 counts what is not 0, inf and -inf give the largest and the smallest
             magnitude; "fro" and None are 2. "nuc": the sum of the singular values of matrices in
             two axes.
    Raises:  ShapeError for a negative or infinite p over nothing.

    >>> ct.norm(ct.tensor([3.0, 4.0]))
    tensor(5.)
    """
    x = floating(x, dtype)
    if p == "nuc":
        dim = (-2, -1) if axis is None and x.ndim == 2 else axis
        if dim is None or isinstance(dim, int):
            raise ShapeError(f"norm: p is 'nuc' for shape {tuple(x.shape)}; name two axes")
        return _matrix_norm("norm", x, "nuc", dim, keepdims)
    p = 2 if p is None or p == "fro" else p
    if isinstance(p, bool) or not isinstance(p, (int, float)):
        raise ValueError(f"norm: p is {p!r}; use a number, inf, -inf, 'fro' or 'nuc'")
    every = isinstance(axis, tuple) and not axis  # PyTorch's way to say all
    return _vector_norm("norm", x, p, None if every else axis, keepdims)


@composite(space="linalg")
def cond(A: Tensor, p: Any = None) -> Tensor:
    """The condition number norm(A, p) * norm(A^-1, p) of matrices.

    Args:    A (..., m, n), complex too, square unless p is None, 2 or -2: the ratio of the largest
             and the smallest singular value, or its inverse.
    Returns: inf for a singular matrix, 0 for one without elements.

    >>> ct.linalg.cond(ct.tensor([[2.0, 0.0], [0.0, 1.0]]))
    tensor(2.)
    """
    name = "linalg.cond"
    require_matrices(name, A, kinds="fc")
    if 0 in A.shape:
        return sum(abs_(A), (-2, -1)) * 0
    if p in (None, 2, -2):
        values = svdvals(A)
        high, low = values[..., 0], values[..., -1]
        return divide(low, high) if p == -2 else divide(high, low)
    require_matrices(name, A, square=True, kinds="fc")
    inverse, info = inv_ex(A)
    good = eq(info, 0)
    # Where there is no inverse, the gradient goes through finite numbers, and is dropped.
    inverse = where(reshape(good, (*info.shape, 1, 1)), inverse, 0.0)
    size = _matrix_norm(name, A, p, (-2, -1), False)
    return where(good, size * _matrix_norm(name, inverse, p, (-2, -1), False), math.inf)


# ------------------------------------------------------------------------------- distances


@composite
def dist(x: Tensor, other: Tensor, p: float = 2) -> Tensor:
    """The p-norm of x - other, which broadcast.

    >>> ct.dist(ct.tensor([0.0, 0.0]), ct.tensor([3.0, 4.0]))
    tensor(5.)
    """
    return _vector_norm("dist", floating(subtract(x, other)), p, None, False)


@composite(method=False)
def cdist(
    x1: Tensor, x2: Tensor, p: float = 2.0,
    compute_mode: str | None = "use_mm_for_euclid_dist_if_necessary",
) -> Tensor:  # fmt: skip
    """The p-norm of the difference of each row of x1 (..., P, M) and each of x2 (..., R, M).

    Args:    p >= 0; compute_mode: PyTorch's keyword, which changes nothing: differences are never
             taken between products, which would cost accuracy.
    Returns: (..., P, R); batch dimensions broadcast.
    Raises:  ShapeError, ValueError for a negative p.

    >>> ct.cdist(ct.tensor([[0.0, 0.0]]), ct.tensor([[3.0, 4.0]]))
    tensor([[5.]])
    """
    for x in (x1, x2):
        if x.ndim < 2 or x.dtype not in (dtypes.float32, dtypes.float64):
            raise (ShapeError if x.ndim < 2 else DTypeError)(
                f"cdist: an operand is {x.dtype.name} of shape {x.shape}; it takes rows of float32 "
                "or float64"
            )
    if x1.shape[-1] != x2.shape[-1]:
        raise ShapeError(f"cdist: the last sizes of {x1.shape} and {x2.shape} differ")
    if not p >= 0:
        raise ValueError(f"cdist: p is {p}; it must be 0 or more")
    differences = unsqueeze(x1, -2) - unsqueeze(x2, -3)
    if not x1.shape[-1]:
        return sum(differences, -1)
    return norm_over(differences, p, -1, False)
