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
    """The factor L of x = L L^H, or U of x = U^H U."""
    return main.cholesky(x, upper)


@standard
def cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """The cross products of vectors of three elements along an axis."""
    ndim = max(x1.ndim, x2.ndim)
    x1, x2 = [main.reshape(x, (1,) * (ndim - x.ndim) + x.shape) for x in common(x1, x2)]
    return of_linalg.cross(x1, x2, dim=axis)


@standard
def det(x: Any, /) -> Any:
    """The determinant of each matrix."""
    return main.det(x)


@standard
def diagonal(x: Any, /, *, offset: int = 0) -> Any:
    """The diagonal of each matrix, `offset` columns to the right."""
    return of_linalg.diagonal(x, offset=offset)


def eig(x: Any, /) -> eig_result:
    """The eigenvalues and eigenvectors of each matrix, complex; see `linalg.eig`."""
    return eig_result(*as_array(of_linalg.eig(x)))


def eigh(x: Any, /) -> eigh_result:
    """The eigenvalues, in order, and eigenvectors of each Hermitian matrix."""
    return eigh_result(*as_array(of_linalg.eigh(x)))


@standard
def eigvals(x: Any, /) -> Any:
    """The eigenvalues of each matrix, complex; see `linalg.eig`."""
    return of_linalg.eigvals(x)


@standard
def eigvalsh(x: Any, /) -> Any:
    """The eigenvalues of each Hermitian matrix, in order."""
    return of_linalg.eigvalsh(x)


@standard
def inv(x: Any, /) -> Any:
    """The inverse of each matrix."""
    return main.inverse(x)


@standard
def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    """The norm of each matrix."""
    return of_linalg.matrix_norm(x, ord, keepdim=keepdims)


@standard
def matrix_power(x: Any, n: int, /) -> Any:
    """The n-th power of each matrix."""
    return main.matrix_power(x, n)


@standard
def matrix_rank(x: Any, /, *, rtol: Any = None) -> Any:
    """How many singular values of each matrix are above rtol times the largest."""
    require_dimensions("matrix_rank", x, 2)
    return of_linalg.matrix_rank(x, rtol=rtol)


@standard
def matrix_transpose(x: Any, /) -> Any:
    """Each matrix transposed."""
    return main.matrix_transpose(x)


@standard
def outer(x1: Any, x2: Any, /) -> Any:
    """The products of all elements of one vector and all of another."""
    return main.outer(*common(x1, x2))


@standard
def pinv(x: Any, /, *, rtol: Any = None) -> Any:
    """The pseudo-inverse of each matrix; singular values below rtol times the largest count as
    zero."""
    return of_linalg.pinv(x, rtol=rtol)


def qr(x: Any, /, *, mode: str = "reduced") -> qr_result:
    """Each matrix as a product of an orthogonal and a triangular one."""
    if mode not in ("reduced", "complete"):
        raise ValueError(f"qr: mode is {mode!r}; use 'reduced' or 'complete'")
    return qr_result(*as_array(of_linalg.qr(x, mode)))


def slogdet(x: Any, /) -> slogdet_result:
    """The sign of the determinant of each matrix, and the logarithm of its absolute value."""
    return slogdet_result(*as_array(main.slogdet(x)))


@standard
def solve(x1: Any, x2: Any, /) -> Any:
    """The solutions of x1 y = x2. A vector x2 is one right side; anything else holds matrices."""
    x1, x2 = common(x1, x2)
    one = x2.ndim == 1
    if one:
        x2 = main.expand_dims(x2, -1)
    if x2.ndim < x1.ndim:  # which PyTorch might take for vectors
        x2 = main.reshape(x2, (*(1,) * (x1.ndim - x2.ndim), *x2.shape))
    found = of_linalg.solve(x1, x2)
    return main.squeeze(found, -1) if one else found


def svd(x: Any, /, *, full_matrices: bool = True) -> svd_result:
    """The singular value decomposition of each matrix."""
    return svd_result(*as_array(of_linalg.svd(x, full_matrices)))


@standard
def svdvals(x: Any, /) -> Any:
    """The singular values of each matrix, the largest first."""
    return of_linalg.svdvals(x)


@standard
def tensordot(x1: Any, x2: Any, /, *, axes: int | tuple[Sequence[int], Sequence[int]] = 2) -> Any:
    """The sum of products over axes of both: the last and the first `axes`, or those named."""
    return main.tensordot(*common(x1, x2), axes)


@standard
def trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
    """The sum along the diagonal of each matrix, `offset` columns to the right."""
    return sum(of_linalg.diagonal(x, offset=offset), axis=-1, dtype=dtype)


@standard
def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """The products of vectors along an axis; of complex ones, the first is conjugated."""
    return of_linalg.vecdot(*common(x1, x2), dim=axis)


@standard
def vector_norm(x: Any, /, *, axis: Axes = None, keepdims: bool = False, ord: float = 2) -> Any:
    """The norm of the vectors along `axis`; of all elements for None, of each for no axis, ()."""
    if axis == ():
        return of_linalg.vector_norm(x[..., None], ord, -1)
    return of_linalg.vector_norm(x, ord, axis, keepdims)


_suggest(_modules[__name__])
