"""Singular values and vectors."""

from __future__ import annotations

from typing import Any

from cltensor import return_types
from cltensor.core.composite import composite
from cltensor.core.op import Op, primitive
from cltensor.core.tensor import Tensor
from cltensor.dtypes import real_of
from cltensor.ops.create import zeros
from cltensor.ops.elementwise.cast import astype
from cltensor.ops.elementwise.rounding import abs_
from cltensor.ops.elementwise.select import where
from cltensor.ops.index.gather import take_along_axis
from cltensor.ops.linalg.eigh import moderate, reflect_back
from cltensor.ops.linalg.matmul import matmul
from cltensor.ops.linalg.qr import rectangle_of, reflect, reflected
from cltensor.ops.linalg.rotations import GOLUB_KAHAN, iterate
from cltensor.ops.linalg.stack import (
    batches,
    diagonals,
    grid_of,
    identity,
    mH,
    on_diagonal,
    require_matrices,
    team_kernel,
    window,
    working,
)
from cltensor.ops.shape.cut import part
from cltensor.ops.shape.join import concat, pad, triu
from cltensor.ops.shape.view import broadcast_to, matrix_transpose, reshape, unsqueeze
from cltensor.ops.sort import argsort


class _Bidiagonal:
    """Matrices (count, m, n), m >= n, as U B V^H, B real: the diagonals of B, and the reflections
    of U and V."""

    def __init__(self, a: Tensor) -> None:
        count, m, n = a.shape
        device, dtype = a.device, a.dtype
        self.d, self.e = [Tensor.empty((count, n), real_of(dtype), device) for _ in range(2)]
        self.tau, self.rho, w = [Tensor.empty((count, n), dtype, device) for _ in range(3)]
        self.left = Tensor.empty((count, n, m), dtype, device)
        self.right = Tensor.empty((count, n, n), dtype, device)
        z = Tensor.empty((count, m), dtype, device)
        run = team_kernel(device, "bidiagonal", dtype, lanes=64 // dtype.itemsize)
        run(
            *grid_of(device, count), a_g=working(a).buffer, d_g=self.d.buffer,
            e_g=self.e.buffer, u_g=self.left.buffer, v_g=self.right.buffer,
            tau_g=self.tau.buffer, rho_g=self.rho.buffer, w_g=w.buffer, z_g=z.buffer, m=m, n=n,
        )  # fmt: skip


def _tall(a: Tensor, columns: int) -> tuple[Tensor, Tensor, Tensor]:
    """U (count, m, columns), the values, and V^H (count, n, n), of m >= n >= 1; only the values for
    0 columns."""
    count, m, n = a.shape
    if 2 * m > 3 * n:
        work, _, blocks = reflected(a)
        u, s, vt = _square(triu(part(work, -2, 0, n)), min(n, columns))
        if columns:
            padded = pad(u, ((0, 0), (0, m - n), (0, 0)))
            if columns > n:
                rest = part(rectangle_of(m, m, a), -1, n, m - n)
                padded = concat([padded, broadcast_to(rest, (count, m, m - n))], -1)
            u = working(padded)
            for low, v, t in reversed(blocks):
                reflect(window(u, (low, m), (0, columns)), v, t)
        return u, s, vt
    return _square(a, columns)


def _square(a: Tensor, columns: int) -> tuple[Tensor, Tensor, Tensor]:
    """`_tall` for matrices that are not much longer than wide."""
    count, m, n = a.shape
    made = _Bidiagonal(a)
    sides = iterate("linalg.svd", GOLUB_KAHAN, made.d, made.e, columns > 0)
    size = abs_(made.d)
    order = argsort(size, descending=True)
    values = take_along_axis(size, order, -1)
    if not columns:
        return values, values, values
    # A negative value changes the sign of its right vector.
    signs = where(made.d < 0, -1.0, 1.0)
    index = broadcast_to(unsqueeze(order, -1), (count, n, n))
    left = take_along_axis(sides[0].matrices(), index, 1)
    right = take_along_axis(sides[1].matrices() * unsqueeze(signs, -1), index, 1)
    u = matrix_transpose(left)
    if columns > n or m > n:
        rows = pad(u, ((0, 0), (0, m - n), (0, 0)))
        more = part(rectangle_of(m, m, a), -1, n, columns - n)
        u = concat([rows, broadcast_to(more, (count, m, columns - n))], -1) if columns > n else rows
    u, v = [working(astype(x, a.dtype)) for x in (u, matrix_transpose(right))]
    reflect_back(u, made.left, made.tau, 0)
    reflect_back(v, made.right, made.rho, 1)
    return u, values, mH(v)


def _run(a: Tensor, full: bool, vectors: bool) -> tuple[Tensor, Tensor, Tensor]:
    (m, n), batch = a.shape[-2:], tuple(a.shape[:-2])
    k = min(m, n)
    columns, rows = (m, n) if full else (k, k)
    nothing = Tensor.empty((0,), a.dtype, a.device)
    if not a.size:
        values = Tensor.empty((*batch, k), real_of(a.dtype), a.device)
        if not vectors:
            return nothing, values, nothing
        u = working(broadcast_to(rectangle_of(m, columns, a), (*batch, m, columns)))
        vt = working(broadcast_to(matrix_transpose(rectangle_of(n, rows, a)), (*batch, rows, n)))
        return u, values, vt
    work, divisor = moderate(reshape(a, (batches(a), m, n)))
    turned = m < n
    found = _tall(mH(work) if turned else work, max(columns, rows) * vectors)
    values = reshape(found[1] * divisor, (*batch, k))
    if not vectors:
        return nothing, values, nothing
    u, vt = (mH(found[2]), mH(found[0])) if turned else (found[0], found[2])
    return reshape(u, (*batch, m, columns)), values, reshape(vt, (*batch, rows, n))


def _skew(x: Any) -> Any:
    return x - mH(x)


def _rule(g: Any, out: Any, full: bool) -> Any:
    """[(U^H gU - gU^H U) / E S + S (V^H gV - gV^H V) / E + gS] between U and V^H, E_ij = s_j^2 -
    s_i^2, and what leaves their spans; of the first k vectors (Townsend 2016)."""
    u, s, vt = out
    of_u, of_s, of_vt = g
    k = s.shape[-1]
    if full:
        u, vt = part(u, -1, 0, k), part(vt, -2, 0, k)
        of_u = None if of_u is None else part(of_u, -1, 0, k)
        of_vt = None if of_vt is None else part(of_vt, -2, 0, k)
    if of_u is None and of_vt is None:
        return None if of_s is None else matmul(u * unsqueeze(of_s, -2), vt)
    across, down = unsqueeze(s, -2), unsqueeze(s, -1)
    gaps = (across - down) * (across + down) + identity(k, s)
    inner = on_diagonal(of_s) if of_s is not None else 0
    skew_u = skew_v = None
    if of_u is not None:
        skew_u = _skew(matmul(mH(u), of_u)) / gaps
        inner = inner + skew_u * across
        if u.dtype.kind == "c":
            inner = inner + on_diagonal(diagonals(skew_u) / (2 * s))
    if of_vt is not None:
        skew_v = _skew(matmul(vt, mH(of_vt))) / gaps
        inner = inner + down * skew_v
    found = matmul(matmul(u, inner), vt)
    if of_u is not None and u.shape[-2] > k:
        rest = of_u - matmul(u, matmul(mH(u), of_u))
        found = found + matmul(rest / across, vt)
    if of_vt is not None and vt.shape[-1] > k:
        rest = of_vt - matmul(matmul(of_vt, mH(vt)), vt)
        found = found + matmul(u, rest / down)
    return found


_svd: Op = primitive("svd(a, full, vectors)", _run, takes_halves=True, da=_rule)


@composite(method=False, space="linalg")
def svd(
    A: Tensor, full_matrices: bool = True, *, driver: str | None = None
) -> return_types.linalg_svd:
    """Singular values, in descending order, and vectors: A = U diag(S) Vh.

    Args:    A (..., m, n);  full_matrices: U (..., m, m) and Vh (..., n, n); otherwise only their
             first k = min(m, n) columns and rows.  driver: PyTorch's keyword, which changes
             nothing.
    Returns: U, S (..., k), Vh; pairs of vectors up to their signs.
    Raises:  LinAlgError where it does not converge, as for NaN: this waits for the device. The
             gradient of the vectors is finite for different values only (none of them 0, unless A
             is square), and means something only where a result does not depend on the signs; it
             ignores vectors beyond the first k.
    Source:  reflections to bidiagonal form, implicit QR steps: Golub and Van Loan, Matrix
             Computations, 8.6; Demmel and Kahan (1990).

    >>> U, S, Vh = ct.linalg.svd(
    ...     ct.tensor([[3.0, 0.0], [0.0, 2.0], [0.0, 0.0]]), full_matrices=False
    ... )
    >>> S
    tensor([3., 2.])
    """
    require_matrices("linalg.svd", A, kinds="fc")
    return return_types.linalg_svd(*_svd(A, bool(full_matrices), True))


@composite(space="linalg")
def svdvals(A: Tensor, *, driver: str | None = None) -> Tensor:
    """The singular values of `linalg.svd` alone; their gradient is always finite.

    >>> ct.linalg.svdvals(ct.tensor([[3.0, 0.0], [0.0, 2.0]]))
    tensor([3., 2.])
    """
    require_matrices("linalg.svdvals", A, kinds="fc")
    return _svd(A, False, A.requires_grad)[1]


@composite
def svd_(A: Tensor, some: bool = True, compute_uv: bool = True) -> return_types.svd:
    """PyTorch's older `linalg.svd`: U, S and V (not Vh), A = U diag(S) V^H.

    some=False: U and V are square; compute_uv=False: they are zeros, (m, m) and (n, n).

    >>> A = ct.tensor([[3.0, 1.0], [4.0, 2.0]])
    >>> U, S, V = ct.svd(A)
    >>> ct.allclose(U @ ct.diag(S) @ V.mT, A, atol=1e-5)
    True
    """
    require_matrices("svd", A)
    if not compute_uv:
        (m, n), batch = A.shape[-2:], tuple(A.shape[:-2])
        u, v = [zeros((*batch, k, k), dtype=A.dtype, device=A.device) for k in (m, n)]
        return return_types.svd(u, _svd(A, False, A.requires_grad)[1], v)
    u, s, vt = _svd(A, not some, True)
    return return_types.svd(u, s, mH(vt))
