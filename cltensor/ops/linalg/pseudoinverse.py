"""What takes matrices of any rank: pseudoinverses, ranks, least squares."""

from __future__ import annotations

from typing import Any

import numpy as np

from cltensor import dtypes, return_types
from cltensor.core.composite import composite
from cltensor.core.op import Op, primitive, require_tensor
from cltensor.core.tensor import Tensor
from cltensor.dtypes import real_of
from cltensor.errors import ShapeError
from cltensor.halves import limits_of
from cltensor.ops.elementwise.arithmetic import square
from cltensor.ops.elementwise.cast import astype
from cltensor.ops.elementwise.compare import greater
from cltensor.ops.elementwise.rounding import abs_, sign
from cltensor.ops.elementwise.select import maximum, where
from cltensor.ops.linalg.eigh import eigh, eigvalsh
from cltensor.ops.linalg.matmul import matmul
from cltensor.ops.linalg.qr import reflect, reflected
from cltensor.ops.linalg.stack import (
    batches,
    broadcast_stack,
    mH,
    require_matrices,
    window,
    working,
    zeros_of,
)
from cltensor.ops.linalg.svd import svd, svdvals
from cltensor.ops.linalg.triangular import solve_left
from cltensor.ops.reduce.fold import amax, sum
from cltensor.ops.shape.copy import copy
from cltensor.ops.shape.cut import part
from cltensor.ops.shape.join import triu
from cltensor.ops.shape.view import reshape, unsqueeze


def _tolerances(a: Any, atol: Any, rtol: Any) -> tuple[Any, Any]:
    """Both, the relative one by default the rounding of the larger size, if no absolute one is
    given."""
    if rtol is None:
        by_size = max(a.shape[-2:]) * float(limits_of(a.dtype).eps)
        rtol = by_size
        if isinstance(atol, Tensor):
            rtol = where(greater(atol, 0), 0.0, by_size)
        elif atol:
            rtol = 0.0
    return (0.0 if atol is None else atol), rtol


def _column(tolerance: Any) -> Any:
    """A tensor of tolerances, one for each matrix, beside the values of each."""
    return unsqueeze(tolerance, -1) if isinstance(tolerance, Tensor) else tolerance


def _counts(values: Any, atol: Any, rtol: Any) -> Any:
    """Which of the singular values count as more than 0."""
    limit = amax(values, -1, True) * _column(rtol)
    atol = _column(atol)
    if isinstance(atol, Tensor):
        limit = maximum(limit, astype(atol, values.dtype))
    elif atol:
        limit = where(limit > atol, limit, float(atol))
    return values > limit


def _run_pinv(a: Tensor, atol: Any, rtol: Any, hermitian: bool) -> Tensor:
    if not a.size:
        return zeros_of((*a.shape[:-2], a.shape[-1], a.shape[-2]), a)
    if hermitian:
        values, vectors = eigh(a)
        size = abs_(values)
        left, right = vectors, mH(vectors) * unsqueeze(sign(values), -1)
    else:
        left, size, right = svd(a, False)
    counts = _counts(size, atol, rtol)
    inverse = where(counts, 1 / where(counts, size, 1.0), 0.0)
    return matmul(mH(right) * unsqueeze(inverse, -2), mH(left))


def _pinv_rule(g: Any, a: Any, out: Any) -> Any:
    """For P = pinv(a): -P^H g P^H + (1 - a P) g^H P P^H + P^H P g^H (1 - P a), which holds as long
    as the rank stays (Golub and Pereyra 1973)."""
    adjoint, turned = mH(out), mH(g)
    found = -matmul(matmul(adjoint, g), adjoint)
    inner = matmul(turned, matmul(out, adjoint))
    found = found + inner - matmul(a, matmul(out, inner))
    inner = matmul(matmul(adjoint, out), turned)
    return found + inner - matmul(matmul(inner, out), a)


_pinv: Op = primitive("pinv(a, atol, rtol, hermitian)", _run_pinv, takes_halves=True, da=_pinv_rule)
_pinv.holomorphic = False


@composite(method=False, space="linalg")
def pinv(
    A: Tensor, rcond: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None
) -> Tensor:
    """The pseudoinverse of matrices (Moore and Penrose): singular values up to max(atol, rtol *
    largest) count as 0, the inverses of the others are taken.

    Args:    A (..., m, n), complex too;  rtol: by default max(m, n) times the
             spacing of the dtype, or 0 beside a positive atol (0 by default); tensors with one for
             each matrix, too.  rcond: an older name of rtol.  hermitian: A is symmetric (only its
             lower triangle is read).
    Returns: (..., n, m). The derivative holds where the rank does not change.

    >>> ct.linalg.pinv(ct.tensor([[2.0], [0.0]]))
    tensor([[0.5000, 0.0000]])
    """
    require_matrices("linalg.pinv", A, square=hermitian, kinds="fc")
    atol, rtol = _tolerances(A, atol, rcond if rtol is None else rtol)
    return _pinv(A, atol, rtol, hermitian)


@composite
def pinverse(A: Tensor, rcond: float = 1e-15) -> Tensor:
    """PyTorch's older `linalg.pinv`.

    >>> ct.pinverse(ct.tensor([[2.0], [0.0]]))
    tensor([[0.5000, 0.0000]])
    """
    require_matrices("pinverse", A, kinds="fc")
    return _pinv(A, 0.0, rcond, False)


@composite(method=False, space="linalg")
def matrix_rank(
    A: Tensor, tol: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None
) -> Tensor:
    """How many singular values of matrices are above max(atol, rtol * largest), int64.

    Args:    as for `linalg.pinv`; tol: an older name of atol, with rtol 0.

    >>> ct.linalg.matrix_rank(ct.tensor([[1.0, 2.0], [2.0, 4.0]]))
    tensor(1)
    """
    require_matrices("linalg.matrix_rank", A, square=hermitian, kinds="fc")
    A = A.detach()
    if not A.size:
        return zeros_of(tuple(A.shape[:-2]), A, dtypes.int64)
    if tol is not None:
        atol, rtol = tol, 0.0
    atol, rtol = _tolerances(A, atol, rtol)
    values = abs_(eigvalsh(A)) if hermitian else svdvals(A)
    return astype(sum(astype(_counts(values, atol, rtol), dtypes.int64), -1), dtypes.int64)


# ------------------------------------------------------------------------------- least squares


def _by_qr(a: Tensor, b: Tensor) -> Tensor:
    """The solution for matrices of full rank."""
    (m, n), columns, count = a.shape[-2:], b.shape[-1], batches(a)
    work, _, blocks = reflected(a if m >= n else mH(a))
    k = min(m, n)
    r = triu(part(work, -2, 0, k))
    x = zeros_of((count, max(m, n), columns), a)
    known = reshape(b, (count, m, columns))
    if m >= n:
        x = working(known)
        for low, v, t in blocks:
            reflect(window(x, (low, m), (0, columns)), v, mH(t))
        return solve_left(r, reshape(part(x, -2, 0, n), (*a.shape[:-2], n, columns)), upper=True)
    inner = solve_left(mH(r), b, upper=False)
    copy(window(x, (0, m), (0, columns)), reshape(inner, (count, m, columns)).realize())
    for low, v, t in reversed(blocks):
        reflect(window(x, (low, n), (0, columns)), v, t)
    return reshape(x, (*a.shape[:-2], n, columns))


def _run_lstsq(a: Tensor, b: Tensor, rcond: float, driver: str) -> tuple[Tensor, Tensor, Tensor]:
    batch = tuple(a.shape[:-2])
    nothing = Tensor.empty((0,), real_of(a.dtype), a.device)
    if not a.size or not b.size:
        rank = zeros_of(batch, a, dtypes.int64)
        shape = (*batch, a.shape[-1], b.shape[-1])
        return zeros_of(shape, a), rank, zeros_of((*batch, min(a.shape[-2:])), a, real_of(a.dtype))
    if driver == "gels":
        return _by_qr(a, b), Tensor.empty((0,), dtypes.int64, a.device), nothing
    u, s, vt = svd(a, False)
    counts = _counts(s, 0.0, rcond)
    inverse = where(counts, 1 / where(counts, s, 1.0), 0.0)
    x = matmul(mH(vt), matmul(mH(u), b) * unsqueeze(inverse, -1))
    return x, astype(sum(astype(counts, dtypes.int64), -1), dtypes.int64), s


def _lstsq_rule(g: Any, a: Any, b: Any) -> Any:
    """Of x = pinv(a) b."""
    if g[0] is None:
        return None, None
    inverse = _pinv(a, *_tolerances(a, None, None), False)
    return _pinv_rule(matmul(g[0], mH(b)), a, inverse), matmul(mH(inverse), g[0])


_lstsq: Op = primitive(
    "lstsq(a, b, rcond, driver)", _run_lstsq, takes_halves=True, da_b=_lstsq_rule
)
_lstsq.holomorphic = False


def _gives(driver: str | None) -> bool:
    """Whether LAPACK's driver gives singular values."""
    return driver in ("gelsd", "gelss")


@composite(method=False, space="linalg")
def lstsq(
    A: Tensor, B: Tensor, rcond: float | None = None, *, driver: str | None = None
) -> return_types.lstsq:
    """The X for which the squares of A X - B have the smallest sum, and of those the smallest one.

    Args:    A (..., m, n), complex too;  B (..., m, k), or (..., m);  batches broadcast.
             driver: "gels": by QR factors, for matrices of full rank; "gelsy" (the default),
             "gelsd" and "gelss": by singular values, of which those up to rcond times the largest
             count as 0 (by default max(m, n) times the spacing of the dtype).
    Returns: solution (..., n, k); residuals (..., k), the sums of squares: empty for "gelsy", for
             m <= n, and for one matrix whose rank, which is read, is below n (but for "gels"); rank
             (int64), empty for "gels"; singular_values, empty but for "gelsd" and "gelss".
    Raises:  ShapeError; ValueError for another driver. The derivative asks for full rank.

    >>> A, B = ct.tensor([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]]), ct.tensor([[1.0], [3.0], [5.0]])
    >>> ct.linalg.lstsq(A, B).solution
    tensor([[1.0000],
            [2.0000]])
    """
    name = "linalg.lstsq"
    require_matrices(name, A, kinds="fc")
    require_tensor(name, "B", B)
    if driver not in (None, "gels", "gelsy", "gelsd", "gelss"):
        raise ValueError(f"{name}: driver is {driver!r}; use gels, gelsy, gelsd or gelss")
    vectors = B.ndim == 1 or (B.ndim == A.ndim - 1 and B.shape == A.shape[:-1])
    right = unsqueeze(B, -1) if vectors else B
    require_matrices(name, A, right, kinds="fc")
    (m, n) = A.shape[-2:]
    if right.shape[-2] != m:
        raise ShapeError(f"{name}: shapes {A.shape} and {B.shape} do not fit; B needs {m} rows")
    shape = np.broadcast_shapes(A.shape[:-2], right.shape[:-2])
    A, right = broadcast_stack(A, shape), broadcast_stack(right, shape)
    rcond = max(m, n) * float(limits_of(A.dtype).eps) if rcond is None else rcond
    x, rank, values = _lstsq(A, right, rcond, driver or "gelsy")
    nothing = Tensor.empty((0,), real_of(A.dtype), A.device)
    residuals = nothing
    if m > n and (driver == "gels" or (_gives(driver) and (shape or rank.item() == n))):
        residuals = sum(square(abs_(matmul(A, x) - right)), -2)
        residuals = reshape(residuals, shape) if vectors else residuals
    if not _gives(driver):
        values = nothing
    x = reshape(x, x.shape[:-1]) if vectors else x
    return return_types.lstsq(x, residuals, rank, values)
