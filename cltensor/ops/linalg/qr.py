"""QR factors by reflections, and products of reflections."""

from __future__ import annotations

from typing import Any

from cltensor import return_types
from cltensor.core.composite import composite
from cltensor.core.op import Op, primitive
from cltensor.core.tensor import Tensor
from cltensor.errors import GradientError, ShapeError
from cltensor.ops.linalg.lu import rectangle
from cltensor.ops.linalg.matmul import matmul
from cltensor.ops.linalg.stack import (
    batches,
    diagonals,
    grid_of,
    identity,
    mH,
    on_diagonal,
    require_matrices,
    subtract_product,
    team_kernel,
    window,
    working,
)
from cltensor.ops.linalg.triangular import flat, solve_right
from cltensor.ops.precision import exactly
from cltensor.ops.reduce.fold import sum
from cltensor.ops.shape.cut import part
from cltensor.ops.shape.join import concat, pad, tril, triu
from cltensor.ops.shape.parts import imag
from cltensor.ops.shape.view import broadcast_to, reshape, unsqueeze

#: Reflections that are applied together.
PANEL = 64
#: The reflections of a panel: from which row on, their vectors V, and the triangle T of their
#: product I - V T V^H.
Block = tuple[int, Tensor, Tensor]


def reflected(a: Tensor) -> tuple[Tensor, Tensor, list[Block]]:
    """R above the diagonal and the vectors of the reflections below, their factors tau, and the
    blocks of them; all outside the graph, the blocks as stacks with one batch dimension."""
    (m, n), count, device = a.shape[-2:], batches(a), a.device
    steps = min(m, n)
    work = working(a)
    tau = Tensor.empty((*a.shape[:-2], steps), a.dtype, device)
    blocks: list[Block] = []
    if not work.size:
        return work, tau, blocks
    each = flat(work)
    lanes = 64 // a.dtype.itemsize
    kept = {}
    if device.is_cpu:
        room = (count, 2, min(steps, PANEL), m + lanes)
        kept["keep_g"] = Tensor.empty(room, a.dtype, device).buffer
    name = "qr_panel_cpu" if kept else "qr_panel"
    run = team_kernel(device, name, a.dtype, block=PANEL, lanes=lanes)
    for low in range(0, steps, PANEL):
        high = min(steps, low + PANEL)
        width = high - low
        v = Tensor.empty((count, m - low, width), a.dtype, device)
        t = Tensor.empty((count, width, width), a.dtype, device)
        run(
            *grid_of(device, count), a_g=work.buffer, tau_g=tau.buffer, v_g=v.buffer,
            t_g=t.buffer, **kept, m=m, n=n, first=low, width=width, steps=steps,
        )  # fmt: skip
        blocks.append((low, v, t))
        if high < n:
            reflect(window(each, (low, m), (high, n)), v, mH(t))
    return work, tau, blocks


@exactly
def reflect(x: Tensor, v: Tensor, t: Tensor) -> None:
    """x becomes (I - v t v^H) x, all of them stored and outside the graph."""
    inner = matmul(t, matmul(mH(v), x))
    subtract_product(x, v, inner.realize())


def joined(blocks: list[Block], rows: int, columns: int, like: Tensor) -> Tensor:
    """The first columns of the product of all reflections, as a stack with one batch dimension."""
    q = working(broadcast_to(rectangle_of(rows, columns, like), (batches(like), rows, columns)))
    for low, v, t in reversed(blocks):
        if low < columns:
            reflect(window(q, (low, rows), (low, columns)), v, t)
    return q


def rectangle_of(m: int, n: int, like: Tensor) -> Any:
    """The first n columns of the identity matrix of order m; beyond those, zeros."""
    if n <= m:
        return rectangle(m, n, like)
    return pad(identity(m, like), ((0, 0), (0, n - m)))


def _run_qr(a: Tensor, mode: str) -> tuple[Tensor, Tensor]:
    (m, n), batch = a.shape[-2:], tuple(a.shape[:-2])
    columns = m if mode == "complete" else min(m, n)
    work, _, blocks = reflected(a)
    r = triu(part(work, -2, 0, min(m, n)))
    if columns > min(m, n):
        r = pad(r, (*[(0, 0)] * (a.ndim - 2), (0, columns - n), (0, 0)))
    if mode == "r":
        return Tensor.empty((0,), a.dtype, a.device), r
    return reshape(joined(blocks, m, columns, a), (*batch, m, columns)), r


def _qr_rule(g: Any, out: Any, mode: str) -> Any:
    """(gQ + Q S) R^-H for as many columns as rows at least, S the triangle R gR^H... made
    symmetric; further columns A2 = Q R2 give gR2 to Q as well (Walter and Lehmann 2018)."""
    (q, r), (of_q, of_r) = out, g
    m, n = (q.shape[-2] if mode != "r" else r.shape[-2]), r.shape[-1]
    if mode == "r" or (mode == "complete" and m > n):
        raise GradientError(
            f"linalg.qr: mode {mode!r} of a matrix with {m} rows and {n} columns has no "
            "derivative; use mode='reduced'"
        )
    if of_q is None and of_r is None:
        return None
    more = None
    if n > m:
        if of_r is not None:
            more = part(of_r, -1, m, n - m)
            rest = matmul(matmul(q, part(r, -1, m, n - m)), mH(more))
            of_q = rest if of_q is None else of_q + rest
            of_r = part(of_r, -1, 0, m)
        r = part(r, -1, 0, m)
    inner: Any = None if of_r is None else matmul(of_r, mH(r))
    if of_q is not None:
        turned = matmul(mH(q), of_q)
        inner = -turned if inner is None else inner - turned
    high = triu(inner)
    if high.dtype.kind == "c":  # the diagonal of R is real
        high = high - on_diagonal(imag(diagonals(high)) * 1j)
    found = matmul(q, high + mH(triu(high, 1)))
    found = solve_right(mH(r), found if of_q is None else found + of_q, upper=False)
    if n > m:
        last = matmul(q, more) if more is not None else None
        shape = (*found.shape[:-1], n - m)
        last = broadcast_to(sum(found) * 0, shape) if last is None else last
        found = concat([found, last], -1)
    return found


_qr: Op = primitive("qr(a, mode)", _run_qr, takes_halves=True, da=_qr_rule)


@composite(method=False, space="linalg")
def qr(A: Tensor, mode: str = "reduced") -> return_types.qr:
    """Q with orthonormal columns, and an upper triangular R, with A = Q R.

    Args:    A (..., m, n);  mode: "reduced": Q has k = min(m, n) columns; "complete": m; "r": it is
             empty.
    Returns: Q (..., m, k), R (..., k, n); the diagonal of R is real, and may be
             negative.
    Raises:  ValueError for another mode. Backward: GradientError for "r", and for "complete" of a
             matrix with more rows than columns. The derivative asks that the first k columns of A
             are independent.
    Source:  Householder's reflections in blocks: Golub and Van Loan, Matrix Computations, 5.2.

    >>> Q, R = ct.linalg.qr(ct.tensor([[3.0, 1.0], [4.0, 2.0]]))
    >>> ct.allclose(Q @ R, ct.tensor([[3.0, 1.0], [4.0, 2.0]]))
    True
    """
    require_matrices("linalg.qr", A, kinds="fc")
    if mode not in ("reduced", "complete", "r"):
        raise ValueError(f"linalg.qr: mode is {mode!r}; use 'reduced', 'complete' or 'r'")
    return return_types.qr(*_qr(A, mode))


@composite
def qr_(A: Tensor, some: bool = True) -> return_types.qr:
    """`linalg.qr`, reduced or, for some=False, complete: PyTorch's older name.

    >>> A = ct.tensor([[3.0, 1.0], [4.0, 2.0]])
    >>> Q, R = ct.qr(A)
    >>> ct.allclose(Q @ R, A, atol=1e-5), ct.qr(ct.ones(3, 2), some=False).Q.shape
    (True, Size([3, 3]))
    """
    require_matrices("qr", A, kinds="fc")
    return return_types.qr(*_qr(A, "reduced" if some else "complete"))


@composite
def geqrf(A: Tensor) -> return_types.geqrf:
    """The reflections that make A upper triangular, as LAPACK's geqrf: R on and above the diagonal,
    below it the vectors (whose first element is 1), and their factors tau. It has no derivative.

    >>> reflections, tau = ct.geqrf(ct.tensor([[3.0, 1.0], [4.0, 2.0]]))
    >>> reflections.shape, tau
    (Size([2, 2]), tensor([1.6000, 0.0000]))
    """
    require_matrices("geqrf", A, kinds="fc")
    if A.requires_grad:
        raise GradientError("geqrf: it has no derivative; use linalg.qr, or detach the input")
    work, tau, _ = reflected(A)
    return return_types.geqrf(work, tau)


# -------------------------------------------------------------------- products of reflections


@exactly
def _turned(x: Any, v: Any, t: Any) -> Any:
    """v t v^H x."""
    return matmul(v, matmul(t, matmul(mH(v), x)))


@exactly
def triangle(v: Any, tau: Any) -> Any:
    """T of H_1 H_2 ... = I - V T V^T: its inverse has 1 / tau on the diagonal and above it V^T V,
    so that T = D (I + triu(V^T V, 1) D)^-1 with tau on the diagonal of D, 0 included."""
    factors = on_diagonal(tau)
    inner = triu(matmul(mH(v), v), 1) * unsqueeze(tau, -2)
    return solve_right(inner + identity(tau.shape[-1], tau), factors, upper=True, unit=True)


def _vectors(a: Any, low: int, high: int) -> Any:
    """Vectors low to high of the reflections that are kept in a, from row `low` on."""
    below = part(part(a, -2, low, a.shape[-2] - low), -1, low, high - low)
    return tril(below, -1) + rectangle(below.shape[-2], high - low, a)


def _require_reflections(operation: str, a: Any, tau: Any, most: int) -> None:
    """Raise unless tau has one number for each of the first columns of a, `most` of them."""
    if tau.dtype != a.dtype or tau.device is not a.device:
        raise ShapeError(
            f"{operation}: tau is {tau.dtype.name} on '{tau.device}', the input {a.dtype.name} on "
            f"'{a.device}'; make them alike"
        )
    if not tau.ndim or tau.shape[:-1] != a.shape[:-2] or tau.shape[-1] > most:
        raise ShapeError(
            f"{operation}: tau of shape {tau.shape} for an input of shape {a.shape}; tau needs the "
            f"same batch dimensions and at most {most} elements"
        )


@composite
def orgqr(input: Tensor, tau: Tensor) -> Tensor:
    """The first n columns of the product H_1 H_2 ... H_k of reflections, as `geqrf` gives them.

        H_i = I - tau_i v_i v_i^H, v_i = (0, ..., 0, 1, input[i + 1:, i])

    Args:    input (..., m, n) with m >= n;  tau (..., k) with k <= n.
    Returns: (..., m, n).

    >>> A = ct.tensor([[3.0, 1.0], [4.0, 2.0]])
    >>> Q = ct.orgqr(*ct.geqrf(A))
    >>> ct.allclose(Q.mT @ Q, ct.eye(2), atol=1e-5)
    True
    """
    require_matrices("linalg.householder_product", input, names=("input",), kinds="fc")
    m, n = input.shape[-2:]
    if m < n:
        raise ShapeError(
            f"linalg.householder_product: the input has shape {input.shape}; it needs no more "
            "columns than rows"
        )
    _require_reflections("linalg.householder_product", input, tau, n)
    k, batch = tau.shape[-1], tuple(input.shape[:-2])
    high = k
    if not k:  # nothing depends on the operands, but the graph goes on
        input = input + unsqueeze(sum(tau, -1, True), -1)
        return input * 0 + rectangle_of(m, n, input)
    q = broadcast_to(rectangle_of(m - k, n - k, input), (*batch, m - k, n - k))
    for low in reversed(range(0, k, PANEL)):
        width = high - low
        v = _vectors(input, low, high)
        t = triangle(v, part(tau, -1, low, width))
        corner = rectangle(m - low, width, input)
        q = pad(q, (*[(0, 0)] * len(batch), (width, 0), (width, 0)))
        q = q + pad(corner, ((0, 0), (0, n - high)))
        q = q - _turned(q, v, t)
        high = low
    return q


@composite
def ormqr(
    input: Tensor, tau: Tensor, other: Tensor, left: bool = True, transpose: bool = False
) -> Tensor:
    """Q other, Q the product of all reflections (`orgqr`, with m columns); with transpose=True
    Q^H other, with left=False other Q and other Q^H.

    Args:    input (..., m, k), tau (..., k), other (..., m, n), or (..., n, m) for left=False.

    >>> A = ct.tensor([[3.0, 1.0], [4.0, 2.0]])
    >>> reflections, tau = ct.geqrf(A)
    >>> R = ct.ormqr(reflections, tau, A, transpose=True)
    >>> ct.allclose(R, reflections.triu(), atol=1e-5)
    True
    """
    require_matrices("ormqr", input, other, names=("input", "other"), kinds="fc")
    _require_reflections("ormqr", input, tau, min(input.shape[-2:]))
    m, k = input.shape[-2], tau.shape[-1]
    if other.shape[-2 if left else -1] != m or other.shape[:-2] != input.shape[:-2]:
        raise ShapeError(
            f"ormqr: other has shape {other.shape} for an input of shape {input.shape}; it needs "
            f"{m} {'rows' if left else 'columns'} and the same batch dimensions"
        )
    found = other if left else mH(other)
    # Q x = H_1 (H_2 ...) x: the last block comes first, and of Q^H the first one.
    adjoint = transpose if left else not transpose
    starts = range(0, k, PANEL)
    for low in starts if adjoint else reversed(starts):
        high = min(k, low + PANEL)
        v = _vectors(input, low, high)
        t = triangle(v, part(tau, -1, low, high - low))
        below = part(found, -2, low, m - low)
        below = below - _turned(below, v, mH(t) if adjoint else t)
        found = concat([part(found, -2, 0, low), below], -2) if low else below
    return found if left else mH(found)
