"""The linear algebra of the standard (`array_api.linalg`)."""

from __future__ import annotations

from collections.abc import Sequence
from sys import modules as _modules
from typing import Any, NamedTuple

from cltensor.array_api.array import (
    Array,
    as_array,
    common,
    main,
    of_linalg,
    require_dimensions,
    standard,
)  # fmt: skip
from cltensor.array_api.elementwise import binary
from cltensor.array_api.statistics import sum
from cltensor.core.suggestions import suggest as _suggest

__all__ = [
    "cholesky",
    "cross",
    "det",
    "diagonal",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "inv",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "matrix_transpose",
    "outer",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "svd",
    "svdvals",
    "tensordot",
    "trace",
    "vecdot",
    "vector_norm",
]

Axes = int | tuple[int, ...] | None


class eig_result(NamedTuple):
    eigenvalues: Array
    eigenvectors: Array


class eigh_result(NamedTuple):
    eigenvalues: Array
    eigenvectors: Array


class qr_result(NamedTuple):
    Q: Array
    R: Array


class slogdet_result(NamedTuple):
    sign: Array
    logabsdet: Array


class svd_result(NamedTuple):
    U: Array
    S: Array
    Vh: Array


matmul = binary("matmul")


@standard
def cholesky(x: Any, /, *, upper: bool = False) -> Any:
    """The factor L of x = L L^H, or U of x = U^H U.

    >>> xp.linalg.cholesky(xp.asarray([[4.0, 2.0], [2.0, 5.0]]))
    tensor([[2., 0.],
            [1., 2.]])
    """
    return main.cholesky(x, upper)


@standard
def cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """The cross products of vectors of three elements along an axis.

    >>> xp.linalg.cross(xp.asarray([1, 0, 0]), xp.asarray([0, 1, 0]))
    tensor([0, 0, 1])
    """
    ndim = max(x1.ndim, x2.ndim)
    x1, x2 = [main.reshape(x, (1,) * (ndim - x.ndim) + x.shape) for x in common(x1, x2)]
    return of_linalg.cross(x1, x2, dim=axis)


@standard
def det(x: Any, /) -> Any:
    """The determinant of each matrix.

    >>> xp.linalg.det(xp.asarray([[2.0, 0.0], [0.0, 3.0]]))
    tensor(6.)
    """
    return main.det(x)


@standard
def diagonal(x: Any, /, *, offset: int = 0) -> Any:
    """The diagonal of each matrix, `offset` columns to the right.

    >>> xp.linalg.diagonal(xp.asarray([[1, 2], [3, 4]]))
    tensor([1, 4])
    """
    return of_linalg.diagonal(x, offset=offset)


def eig(x: Any, /) -> eig_result:
    """The eigenvalues and eigenvectors of each matrix, complex; see `linalg.eig`.

    >>> values, vectors = xp.linalg.eig(xp.asarray([[0.0, -1.0], [1.0, 0.0]]))
    >>> values.dtype, vectors.shape
    (dtype('complex64'), Size([2, 2]))
    """
    return eig_result(*as_array(of_linalg.eig(x)))


def eigh(x: Any, /) -> eigh_result:
    """The eigenvalues, in order, and eigenvectors of each Hermitian matrix.

    >>> values, vectors = xp.linalg.eigh(xp.asarray([[2.0, 0.0], [0.0, 1.0]]))
    >>> values
    tensor([1., 2.])
    """
    return eigh_result(*as_array(of_linalg.eigh(x)))


@standard
def eigvals(x: Any, /) -> Any:
    """The eigenvalues of each matrix, complex; see `linalg.eig`.

    >>> xp.max(xp.imag(xp.linalg.eigvals(xp.asarray([[0.0, -1.0], [1.0, 0.0]]))))
    tensor(1.)
    """
    return of_linalg.eigvals(x)


@standard
def eigvalsh(x: Any, /) -> Any:
    """The eigenvalues of each Hermitian matrix, in order.

    >>> xp.linalg.eigvalsh(xp.asarray([[2.0, 0.0], [0.0, 1.0]]))
    tensor([1., 2.])
    """
    return of_linalg.eigvalsh(x)


@standard
def inv(x: Any, /) -> Any:
    """The inverse of each matrix.

    >>> xp.linalg.inv(xp.asarray([[2.0, 0.0], [0.0, 4.0]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.2500]])
    """
    return main.inverse(x)


@standard
def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    """The norm of each matrix.

    >>> xp.linalg.matrix_norm(xp.asarray([[3.0, 0.0], [0.0, 4.0]]))
    tensor(5.)
    """
    return of_linalg.matrix_norm(x, ord, keepdim=keepdims)


@standard
def matrix_power(x: Any, n: int, /) -> Any:
    """The n-th power of each matrix.

    >>> xp.linalg.matrix_power(xp.asarray([[1.0, 1.0], [0.0, 1.0]]), 5)
    tensor([[1., 5.],
            [0., 1.]])
    """
    return main.matrix_power(x, n)


@standard
def matrix_rank(x: Any, /, *, rtol: Any = None) -> Any:
    """How many singular values of each matrix are above rtol times the largest.

    >>> xp.linalg.matrix_rank(xp.asarray([[1.0, 2.0], [2.0, 4.0]]))
    tensor(1)
    """
    require_dimensions("matrix_rank", x, 2)
    return of_linalg.matrix_rank(x, rtol=rtol)


@standard
def matrix_transpose(x: Any, /) -> Any:
    """Each matrix transposed.

    >>> xp.matrix_transpose(xp.ones((5, 2, 3))).shape
    Size([5, 3, 2])
    """
    return main.matrix_transpose(x)


@standard
def outer(x1: Any, x2: Any, /) -> Any:
    """The products of all elements of one vector and all of another.

    >>> xp.linalg.outer(xp.asarray([1, 2]), xp.asarray([3, 4]))
    tensor([[3, 4],
            [6, 8]])
    """
    return main.outer(*common(x1, x2))


@standard
def pinv(x: Any, /, *, rtol: Any = None) -> Any:
    """The pseudo-inverse of each matrix; singular values below rtol times the largest count as
    zero.

    >>> xp.linalg.pinv(xp.asarray([[2.0, 0.0], [0.0, 0.0]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.0000]])
    """
    return of_linalg.pinv(x, rtol=rtol)


def qr(x: Any, /, *, mode: str = "reduced") -> qr_result:
    """Each matrix as a product of an orthogonal and a triangular one.

    >>> q, r = xp.linalg.qr(xp.ones((3, 2)))
    >>> q.shape, r.shape
    (Size([3, 2]), Size([2, 2]))
    """
    if mode not in ("reduced", "complete"):
        raise ValueError(f"qr: mode is {mode!r}; use 'reduced' or 'complete'")
    return qr_result(*as_array(of_linalg.qr(x, mode)))


def slogdet(x: Any, /) -> slogdet_result:
    """The sign of the determinant of each matrix, and the logarithm of its absolute value.

    >>> xp.linalg.slogdet(xp.asarray([[-1.0, 0.0], [0.0, 1.0]])).sign
    tensor(-1.)
    """
    return slogdet_result(*as_array(main.slogdet(x)))


@standard
def solve(x1: Any, x2: Any, /) -> Any:
    """The solutions of x1 y = x2. A vector x2 is one right side; anything else holds matrices.

    >>> xp.linalg.solve(xp.asarray([[2.0, 0.0], [0.0, 4.0]]), xp.asarray([2.0, 2.0]))
    tensor([1.0000, 0.5000])
    """
    x1, x2 = common(x1, x2)
    one = x2.ndim == 1
    if one:
        x2 = main.expand_dims(x2, -1)
    if x2.ndim < x1.ndim:  # which PyTorch might take for vectors
        x2 = main.reshape(x2, (*(1,) * (x1.ndim - x2.ndim), *x2.shape))
    found = of_linalg.solve(x1, x2)
    return main.squeeze(found, -1) if one else found


def svd(x: Any, /, *, full_matrices: bool = True) -> svd_result:
    """The singular value decomposition of each matrix.

    >>> u, s, vh = xp.linalg.svd(xp.ones((3, 2)), full_matrices=False)
    >>> u.shape, s.shape, vh.shape
    (Size([3, 2]), Size([2]), Size([2, 2]))
    """
    return svd_result(*as_array(of_linalg.svd(x, full_matrices)))


@standard
def svdvals(x: Any, /) -> Any:
    """The singular values of each matrix, the largest first.

    >>> xp.linalg.svdvals(xp.asarray([[3.0, 0.0], [0.0, 4.0]]))
    tensor([4., 3.])
    """
    return of_linalg.svdvals(x)


@standard
def tensordot(x1: Any, x2: Any, /, *, axes: int | tuple[Sequence[int], Sequence[int]] = 2) -> Any:
    """The sum of products over axes of both: the last and the first `axes`, or those named.

    >>> xp.tensordot(xp.ones((2, 3, 4)), xp.ones((3, 4, 5)), axes=2).shape
    Size([2, 5])
    """
    return main.tensordot(*common(x1, x2), axes)


@standard
def trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
    """The sum along the diagonal of each matrix, `offset` columns to the right.

    >>> xp.linalg.trace(xp.asarray([[1, 2], [3, 4]]))
    tensor(5)
    """
    return sum(of_linalg.diagonal(x, offset=offset), axis=-1, dtype=dtype)


@standard
def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """The products of vectors along an axis; of complex ones, the first is conjugated.

    >>> xp.vecdot(xp.asarray([[1, 2], [3, 4]]), xp.asarray([1, 10]))
    tensor([21, 43])
    """
    return of_linalg.vecdot(*common(x1, x2), dim=axis)


@standard
def vector_norm(x: Any, /, *, axis: Axes = None, keepdims: bool = False, ord: float = 2) -> Any:
    """The norm of the vectors along `axis`; of all elements for None, of each for no axis, ().

    >>> xp.linalg.vector_norm(xp.asarray([[3.0, 4.0], [6.0, 8.0]]), axis=1)
    tensor([ 5., 10.])
    """
    if axis == ():
        return of_linalg.vector_norm(x[..., None], ord, -1)
    return of_linalg.vector_norm(x, ord, axis, keepdims)


_suggest(_modules[__name__])
