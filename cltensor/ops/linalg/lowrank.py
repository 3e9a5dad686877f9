"""Singular values and principal components of large matrices, by random projections.

Source:  Halko, Martinsson and Tropp, "Finding structure with randomness" (2011), algorithms 4.4
and 5.1.
"""

from __future__ import annotations

from typing import Any

from cltensor.core.checks import whole
from cltensor.core.composite import composite
from cltensor.core.tensor import Tensor
from cltensor.errors import ShapeError
from cltensor.ops.linalg.matmul import matmul
from cltensor.ops.linalg.qr import qr
from cltensor.ops.linalg.stack import mH, require_matrices
from cltensor.ops.linalg.svd import svd
from cltensor.ops.random.draw import randn
from cltensor.ops.reduce.fold import mean


def _basis(a: Any, q: int, niter: int) -> Any:
    """Orthonormal columns (..., m, q) that span about what the first singular vectors of a do."""
    drawn = randn(a.shape[-1], q, dtype=a.dtype, device=a.device)
    found = qr(matmul(a, drawn))[0]
    for _ in range(niter):
        found = qr(matmul(mH(a), found))[0]
        found = qr(matmul(a, found))[0]
    return found


def _low_rank(operation: str, a: Any, q: Any, niter: Any) -> tuple[Any, Any, Any]:
    most = min(a.shape[-2:])
    q = whole(operation, "q", q)
    if q > most:
        raise ShapeError(
            f"{operation}: q is {q}, and matrices of shape {tuple(a.shape[-2:])} have {most} "
            "singular values; ask for no more"
        )
    niter = whole(operation, "niter", niter)
    wide = a.shape[-2] < a.shape[-1]
    tall = mH(a) if wide else a
    basis = _basis(tall, q, niter)
    u, s, vh = svd(matmul(mH(basis), tall), full_matrices=False)
    u, v = matmul(basis, u), mH(vh)
    return (v, s, u) if wide else (u, s, v)


@composite(method=False)
def svd_lowrank(
    A: Tensor, q: int | None = 6, niter: int | None = 2, M: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """About the first q singular values and vectors of A (of A - M, with M): U diag(S) V^H.

    Args:    A (..., m, n); q: how many, a few more than are wanted; niter: power iterations, more
             where singular values fall slowly; M (..., m, n) broadcasts.
    Returns: U (..., m, q), S (..., q), V (..., n, q); they depend on the random numbers.
    Raises:  ShapeError for q above m or n.

    >>> U, S, V = ct.svd_lowrank(ct.rand(6, 4), q=2)
    >>> S.shape
    Size([2])
    """
    require_matrices("svd_lowrank", A)
    a = A if M is None else A - M
    return _low_rank("svd_lowrank", a, 6 if q is None else q, 2 if niter is None else niter)


@composite(method=False)
def pca_lowrank(
    A: Tensor, q: int | None = None, center: bool = True, niter: int = 2
) -> tuple[Tensor, Tensor, Tensor]:
    """About the first q principal components of samples, the rows of A, by `svd_lowrank`: V has
    them as columns, S**2 / (m - 1) are the variances along them.

    Args:    A (..., m, n); q: min(6, m, n) if left out; center=False: A has no mean to subtract.

    >>> U, S, V = ct.pca_lowrank(ct.rand(6, 4), q=2)
    >>> U.shape, S.shape, V.shape
    (Size([6, 2]), Size([2]), Size([4, 2]))
    """
    require_matrices("pca_lowrank", A)
    a = A - mean(A, -2, True) if center else A
    return _low_rank("pca_lowrank", a, min(6, *A.shape[-2:]) if q is None else q, niter)
