"""The namespace cltensor.linalg. Written by `python -m cltensor.command.stubs`."""

import builtins
from collections.abc import Sequence
from typing import Any, TypeAlias, overload

from cltensor import return_types
from cltensor.core.tensor import Tensor
from cltensor.return_types import linalg_svd

_DType: TypeAlias = Any
_bool: TypeAlias = builtins.bool
_float: TypeAlias = builtins.float
_int: TypeAlias = builtins.int

__all__: list[str]

@overload
def cholesky(A: Tensor, upper: _bool = False, *, out: Tensor | None = None) -> Tensor: ...
@overload
def cholesky(input: Tensor, upper: _bool = False, *, out: Tensor | None = None) -> Tensor: ...
@overload
def cholesky_ex(
    A: Tensor, *, upper: _bool = False, check_errors: _bool = False
) -> return_types.cholesky_ex: ...
@overload
def cholesky_ex(
    input: Tensor, *, upper: _bool = False, check_errors: _bool = False
) -> return_types.cholesky_ex: ...
@overload
def cond(A: Tensor, p: Any = None, *, out: Tensor | None = None) -> Tensor: ...
@overload
def cond(input: Tensor, p: Any = None, *, out: Tensor | None = None) -> Tensor: ...
@overload
def cross(x: Tensor, other: Tensor, *, dim: _int = -1, out: Tensor | None = None) -> Tensor: ...
@overload
def cross(input: Tensor, other: Tensor, *, dim: _int = -1, out: Tensor | None = None) -> Tensor: ...
@overload
def cross(x: Tensor, other: Tensor, *, axis: _int = -1, out: Tensor | None = None) -> Tensor: ...
@overload
def det(A: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def det(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def diagonal(
    A: Tensor, *, offset: _int = 0, dim1: _int = -2, dim2: _int = -1, out: Tensor | None = None
) -> Tensor: ...
@overload
def diagonal(
    input: Tensor, *, offset: _int = 0, dim1: _int = -2, dim2: _int = -1, out: Tensor | None = None
) -> Tensor: ...
@overload
def eig(A: Tensor) -> return_types.eig: ...
@overload
def eig(input: Tensor) -> return_types.eig: ...
@overload
def eigh(A: Tensor, UPLO: str = "L") -> return_types.eigh: ...
@overload
def eigh(input: Tensor, UPLO: str = "L") -> return_types.eigh: ...
@overload
def eigvals(A: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def eigvals(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def eigvalsh(A: Tensor, UPLO: str = "L", *, out: Tensor | None = None) -> Tensor: ...
@overload
def eigvalsh(input: Tensor, UPLO: str = "L", *, out: Tensor | None = None) -> Tensor: ...
def householder_product(input: Tensor, tau: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def inv(A: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def inv(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def inv_ex(A: Tensor, *, check_errors: _bool = False) -> return_types.inv_ex: ...
@overload
def inv_ex(input: Tensor, *, check_errors: _bool = False) -> return_types.inv_ex: ...
@overload
def ldl_factor(A: Tensor, *, hermitian: _bool = False) -> return_types.ldl_factor: ...
@overload
def ldl_factor(input: Tensor, *, hermitian: _bool = False) -> return_types.ldl_factor: ...
@overload
def ldl_factor_ex(
    A: Tensor, *, hermitian: _bool = False, check_errors: _bool = False
) -> return_types.ldl_factor_ex: ...
@overload
def ldl_factor_ex(
    input: Tensor, *, hermitian: _bool = False, check_errors: _bool = False
) -> return_types.ldl_factor_ex: ...
@overload
def ldl_solve(
    LD: Tensor, pivots: Tensor, B: Tensor, *, hermitian: _bool = False, out: Tensor | None = None
) -> Tensor: ...
@overload
def ldl_solve(
    LD: Tensor,
    pivots: Tensor,
    other: Tensor,
    *,
    hermitian: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def lstsq(
    A: Tensor, B: Tensor, rcond: _float | None = None, *, driver: str | None = None
) -> return_types.lstsq: ...
@overload
def lstsq(
    input: Tensor, other: Tensor, rcond: _float | None = None, *, driver: str | None = None
) -> return_types.lstsq: ...
@overload
def lu(A: Tensor, *, pivot: _bool = True) -> return_types.lu: ...
@overload
def lu(input: Tensor, *, pivot: _bool = True) -> return_types.lu: ...
@overload
def lu_factor(A: Tensor, *, pivot: _bool = True) -> return_types.lu_factor: ...
@overload
def lu_factor(input: Tensor, *, pivot: _bool = True) -> return_types.lu_factor: ...
@overload
def lu_factor_ex(
    A: Tensor, *, pivot: _bool = True, check_errors: _bool = False
) -> return_types.lu_factor_ex: ...
@overload
def lu_factor_ex(
    input: Tensor, *, pivot: _bool = True, check_errors: _bool = False
) -> return_types.lu_factor_ex: ...
@overload
def lu_solve(
    LU: Tensor,
    pivots: Tensor,
    B: Tensor,
    *,
    left: _bool = True,
    adjoint: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def lu_solve(
    LU: Tensor,
    pivots: Tensor,
    other: Tensor,
    *,
    left: _bool = True,
    adjoint: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def matmul(a: Tensor, b: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def matmul(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def matrix_exp(A: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def matrix_exp(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def matrix_norm(
    A: Tensor,
    ord: Any = "fro",
    dim: Any = ...,
    keepdim: _bool = False,
    *,
    dtype: _DType = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def matrix_norm(
    input: Tensor,
    ord: Any = "fro",
    dim: Any = ...,
    keepdim: _bool = False,
    *,
    dtype: _DType = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def matrix_norm(
    A: Tensor,
    ord: Any = "fro",
    axis: Any = ...,
    keepdims: _bool = False,
    *,
    dtype: _DType = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def matrix_power(A: Tensor, n: _int, *, out: Tensor | None = None) -> Tensor: ...
@overload
def matrix_power(input: Tensor, n: _int, *, out: Tensor | None = None) -> Tensor: ...
@overload
def matrix_rank(
    A: Tensor,
    tol: Any = None,
    hermitian: _bool = False,
    *,
    atol: Any = None,
    rtol: Any = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def matrix_rank(
    input: Tensor,
    tol: Any = None,
    hermitian: _bool = False,
    *,
    atol: Any = None,
    rtol: Any = None,
    out: Tensor | None = None,
) -> Tensor: ...
def multi_dot(tensors: Sequence[Tensor], *, out: Tensor | None = None) -> Tensor: ...
@overload
def norm(
    A: Tensor,
    ord: Any = None,
    dim: Any = None,
    keepdim: _bool = False,
    *,
    dtype: _DType = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def norm(
    input: Tensor,
    ord: Any = None,
    dim: Any = None,
    keepdim: _bool = False,
    *,
    dtype: _DType = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def norm(
    A: Tensor,
    ord: Any = None,
    axis: Any = None,
    keepdims: _bool = False,
    *,
    dtype: _DType = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def pinv(
    A: Tensor,
    rcond: Any = None,
    hermitian: _bool = False,
    *,
    atol: Any = None,
    rtol: Any = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def pinv(
    input: Tensor,
    rcond: Any = None,
    hermitian: _bool = False,
    *,
    atol: Any = None,
    rtol: Any = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def qr(A: Tensor, mode: str = "reduced") -> return_types.qr: ...
@overload
def qr(input: Tensor, mode: str = "reduced") -> return_types.qr: ...
@overload
def slogdet(A: Tensor) -> return_types.slogdet: ...
@overload
def slogdet(input: Tensor) -> return_types.slogdet: ...
@overload
def solve(A: Tensor, B: Tensor, *, left: _bool = True, out: Tensor | None = None) -> Tensor: ...
@overload
def solve(
    input: Tensor, other: Tensor, *, left: _bool = True, out: Tensor | None = None
) -> Tensor: ...
@overload
def solve_ex(
    A: Tensor, B: Tensor, *, left: _bool = True, check_errors: _bool = False
) -> return_types.solve_ex: ...
@overload
def solve_ex(
    input: Tensor, other: Tensor, *, left: _bool = True, check_errors: _bool = False
) -> return_types.solve_ex: ...
@overload
def solve_triangular(
    A: Tensor,
    B: Tensor,
    *,
    upper: _bool,
    left: _bool = True,
    unitriangular: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def solve_triangular(
    input: Tensor,
    other: Tensor,
    *,
    upper: _bool,
    left: _bool = True,
    unitriangular: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def svd(A: Tensor, full_matrices: _bool = True, *, driver: str | None = None) -> linalg_svd: ...
@overload
def svd(input: Tensor, full_matrices: _bool = True, *, driver: str | None = None) -> linalg_svd: ...
@overload
def svdvals(A: Tensor, *, driver: str | None = None, out: Tensor | None = None) -> Tensor: ...
@overload
def svdvals(input: Tensor, *, driver: str | None = None, out: Tensor | None = None) -> Tensor: ...
@overload
def tensorinv(A: Tensor, ind: _int = 2, *, out: Tensor | None = None) -> Tensor: ...
@overload
def tensorinv(input: Tensor, ind: _int = 2, *, out: Tensor | None = None) -> Tensor: ...
@overload
def tensorsolve(
    A: Tensor, B: Tensor, dims: Sequence[_int] | None = None, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def tensorsolve(
    input: Tensor, other: Tensor, dim: Sequence[_int] | None = None, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def tensorsolve(
    A: Tensor, B: Tensor, axis: Sequence[_int] | None = None, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def vander(x: Tensor, *, N: _int | None = None, out: Tensor | None = None) -> Tensor: ...
@overload
def vander(input: Tensor, *, N: _int | None = None, out: Tensor | None = None) -> Tensor: ...
@overload
def vecdot(x: Tensor, y: Tensor, *, dim: _int = -1, out: Tensor | None = None) -> Tensor: ...
@overload
def vecdot(input: Tensor, y: Tensor, *, dim: _int = -1, out: Tensor | None = None) -> Tensor: ...
@overload
def vecdot(x: Tensor, y: Tensor, *, axis: _int = -1, out: Tensor | None = None) -> Tensor: ...
@overload
def vector_norm(
    x: Tensor,
    ord: _float = 2,
    dim: _int | tuple[_int, ...] | None = None,
    keepdim: _bool = False,
    *,
    dtype: _DType = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def vector_norm(
    input: Tensor,
    ord: _float = 2,
    dim: _int | tuple[_int, ...] | None = None,
    keepdim: _bool = False,
    *,
    dtype: _DType = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def vector_norm(
    x: Tensor,
    ord: _float = 2,
    axis: _int | tuple[_int, ...] | None = None,
    keepdims: _bool = False,
    *,
    dtype: _DType = None,
    out: Tensor | None = None,
) -> Tensor: ...
