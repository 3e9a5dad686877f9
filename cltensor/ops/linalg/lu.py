"""LU factors with row exchanges, and what is computed with them."""

from __future__ import annotations

from typing import Any

import numpy as np

from cltensor import dtypes, return_types
from cltensor.core.composite import composite
from cltensor.core.op import Op, primitive, require_tensor
from cltensor.core.tensor import Tensor
from cltensor.dtypes import C_NAMES
from cltensor.errors import DTypeError, ShapeError
from cltensor.ops.elementwise.cast import astype
from cltensor.ops.linalg.matmul import matmul
from cltensor.ops.linalg.stack import (
    batches,
    broadcast_stack,
    grid_of,
    identity,
    mH,
    raise_at,
    require_matrices,
    subtract_product,
    team_kernel,
    window,
    working,
    zeros_of,
)
from cltensor.ops.linalg.triangular import (
    flat,
    require_fitting,
    solve_in_place,
    solve_left,
    solve_right,
)
from cltensor.ops.shape.cut import part
from cltensor.ops.shape.join import concat, tril, triu
from cltensor.ops.shape.view import broadcast_to
from cltensor.runtime.kernel import kernel

#: Columns that a panel has.
PANEL = 64
#: Columns of it that a CPU factors before it goes on to those to the right.
_NARROW = 8


def _exchange(
    x: Tensor, pivots: Tensor, first: int, end: int, skip: tuple[int, int], backwards: bool
) -> None:
    """Exchange rows of the stored dense x, outside the columns of `skip`."""
    m, n = x.shape[-2:]
    device = x.device
    each = 64 if device.is_cpu else 1
    items = batches(x) * -(-n // each)
    local = 1 if device.is_cpu else min(64, device.max_work_group)
    run = kernel(device, "lu_exchange", T=C_NAMES[x.dtype])
    run(
        (-(-items // local) * local,), (local,), a_g=x.buffer, pivot_g=pivots.buffer, m=m, n=n,
        first=first, end=end, steps=pivots.shape[-1], **{"from": skip[0]}, to=skip[1],
        backwards=int(backwards), each=each, items=items,
    )  # fmt: skip


def lu_of(a: Tensor, pivot: bool = True) -> tuple[Tensor, Tensor, Tensor]:
    """The factors L (below the diagonal) and U in one matrix, the pivots, and the first that is 0,
    all outside the graph."""
    (m, n), batch, device = a.shape[-2:], tuple(a.shape[:-2]), a.device
    steps = min(m, n)
    work = working(a)
    pivots = Tensor.empty((*batch, steps), dtypes.int32, device)
    info = zeros_of(batch, a, dtypes.int32)
    if not work.size:
        return work, pivots, info
    each = flat(work)
    kept = {}
    if device.is_cpu and n > PANEL:
        kept["keep_g"] = Tensor.empty((*batch, m, PANEL), a.dtype, device).buffer
    name = "lu_panel_cpu" if kept else "lu_panel"
    run = team_kernel(device, name, a.dtype, block=PANEL, narrow=_NARROW, pivots=pivot)
    for low in range(0, steps, PANEL):
        high = min(steps, low + PANEL)
        run(
            *grid_of(device, batches(a)), a_g=work.buffer, pivot_g=pivots.buffer,
            info_g=info.buffer, **kept, m=m, n=n, first=low, width=high - low, steps=steps,
        )  # fmt: skip
        if pivot and high - low < n:
            _exchange(work, pivots, low, high, (low, high), False)
        if high < n:
            right = window(each, (low, high), (high, n))
            solve_in_place(window(each, (low, high), (low, high)), right, False, True)
            if high < m:
                left = working(window(each, (high, m), (low, high)))
                subtract_product(window(each, (high, m), (high, n)), left, working(right))
    return work, pivots, info


def _run(a: Tensor, pivot: bool) -> tuple[Tensor, Tensor, Tensor]:
    return lu_of(a, pivot)


def _inner(g: Any, factors: Any) -> tuple[Any, Any, Any]:
    """Gradients of L^-1 dA U^-1 on the first k rows and columns, of the other columns of dU, and of
    the other rows of dL; k is the smaller size."""
    m, n = factors.shape[-2:]
    k = min(m, n)
    low = tril(part(part(g, -2, 0, k), -1, 0, k), -1)
    high = triu(part(part(g, -2, 0, k), -1, 0, k))
    corner = part(part(factors, -2, 0, k), -1, 0, k)
    lower, upper = tril(corner, -1) + identity(k, factors), triu(corner)
    below, above = matmul(mH(lower), low), matmul(high, mH(upper))
    right = bottom = None
    if n > k:
        right = part(g, -1, k, n - k)
        below = below - matmul(right, mH(part(factors, -1, k, n - k)))
    if m > k:
        bottom = part(g, -2, k, m - k)
        above = above - matmul(mH(part(factors, -2, k, m - k)), bottom)
    return tril(below, -1) + triu(above), right, bottom


def _rule(g: Any, out: Any) -> Any:
    """P L^-H (...) U^-H, see `_inner`."""
    factors, pivots = out[0], out[1]
    if g[0] is None:
        return None
    k = min(factors.shape[-2:])
    inner, right, bottom = _inner(g[0], factors)
    corner = part(part(factors, -2, 0, k), -1, 0, k)
    upper, lower = mH(corner), mH(corner)
    found = solve_right(upper, solve_left(lower, inner, True, True), False)
    if right is not None:
        found = concat([found, solve_left(lower, right, True, True)], -1)
    if bottom is not None:
        found = concat([found, solve_right(upper, bottom, False)], -2)
    return exchanged(found, pivots, True)


_lu_factor: Op = primitive("lu_factor_ex(a, pivot)", _run, takes_halves=True, da=_rule)


def _run_exchanged(x: Tensor, pivots: Tensor, backwards: bool) -> Tensor:
    result = working(x)
    if result.size:
        steps = pivots.shape[-1]
        _exchange(result, pivots.contiguous(), 0, steps, (0, 0), backwards)
    return result


_exchanged: Op = primitive(
    "exchange_rows(x, pivots, backwards)",
    _run_exchanged,
    takes_halves=True,
    dx=lambda g, pivots, backwards: _exchanged(g, pivots, not backwards),
)


def exchanged(x: Any, pivots: Any, backwards: bool) -> Any:
    """x with the rows of each matrix exchanged as its pivots say: P^T x, or backwards P x."""
    return _exchanged(x, pivots.detach(), backwards)


# ----------------------------------------------------------------------------------- factors


@composite(space="linalg")
def lu_factor_ex(
    A: Tensor, *, pivot: bool = True, check_errors: bool = False
) -> return_types.lu_factor_ex:
    """`linalg.lu_factor`, which waits for nothing, and info (int32): 0, or which is the first zero
    on the diagonal of U, counted from 1. check_errors: raise LinAlgError for one.

    >>> LU, pivots, info = ct.linalg.lu_factor_ex(ct.tensor([[1.0, 2.0], [2.0, 2.0]]))
    >>> info.item()
    0
    """
    require_matrices("linalg.lu_factor_ex", A, kinds="fc")
    factors, pivots, info = _lu_factor(A, pivot)
    if check_errors:
        raise_at("linalg.lu_factor_ex", info, _SINGULAR)
    return return_types.lu_factor_ex(factors, pivots, info)


_SINGULAR = "the input is singular: U has a zero at place {info} of its diagonal"


@composite(space="linalg")
def lu_factor(A: Tensor, *, pivot: bool = True) -> return_types.lu_factor:
    """L and U with A = P L U in one matrix, and the pivots (int32): row i was exchanged with row
    pivots[i] - 1, one after the other.

    Args:    A (..., m, n);  pivot=False: no rows are exchanged.
    Source:  Golub and Van Loan, Matrix Computations, 3.4, in panels of columns. A matrix without
             full rank has no derivative.

    >>> LU, pivots = ct.linalg.lu_factor(ct.tensor([[1.0, 2.0], [2.0, 2.0]]))
    >>> LU, pivots
    (tensor([[2.0000, 2.0000],
            [0.5000, 1.0000]]), tensor([2, 2], dtype=int32))
    """
    require_matrices("linalg.lu_factor", A, kinds="fc")
    factors, pivots, _ = _lu_factor(A, pivot)
    return return_types.lu_factor(factors, pivots)


@composite
def lu_(A: Tensor, pivot: bool = True, get_infos: bool = False) -> Any:
    """PyTorch's older `linalg.lu_factor`: a tuple, with get_infos also of info.

    >>> A = ct.tensor([[4.0, 3.0], [2.0, 1.0]])
    >>> ct.lu(A)
    (tensor([[ 4.0000,  3.0000],
            [ 0.5000, -0.5000]]), tensor([1, 2], dtype=int32))
    """
    require_matrices("lu", A, kinds="fc")
    factors, pivots, info = _lu_factor(A, pivot)
    return (factors, pivots, info) if get_infos else (factors, pivots)


@composite(method=False)
def lu_unpack(
    LU_data: Tensor, LU_pivots: Tensor, unpack_data: bool = True, unpack_pivots: bool = True
) -> return_types.lu_unpack:
    """P, L and U of `linalg.lu_factor`; an empty tensor for what is not asked for.

    >>> P, L, U = ct.lu_unpack(*ct.linalg.lu_factor(ct.tensor([[1.0, 2.0], [2.0, 2.0]])))
    >>> U
    tensor([[2., 2.],
            [0., 1.]])
    """
    if LU_pivots.dtype != dtypes.int32:
        raise DTypeError(f"lu_unpack: pivots are {LU_pivots.dtype.name}; give int32")
    m, n = LU_data.shape[-2:]
    k = min(m, n)
    nothing = Tensor.empty((0,), LU_data.dtype, LU_data.device)
    order, lower, upper = nothing, nothing, nothing
    if unpack_data:
        lower = tril(part(LU_data, -1, 0, k), -1) + rectangle(m, k, LU_data)
        upper = triu(part(LU_data, -2, 0, k))
    if unpack_pivots:
        order = permutation(LU_pivots, m, LU_data)
    return return_types.lu_unpack(order, lower, upper)


def rectangle(m: int, n: int, like: Any) -> Any:
    """The first rows and columns, m and n, of an identity matrix."""
    return part(identity(m, like), -1, 0, n)


def permutation(pivots: Tensor, m: int, like: Any) -> Any:
    """The matrix P of pivots."""
    whole = broadcast_to(identity(m, like), (*pivots.shape[:-1], m, m))
    return exchanged(whole, pivots, True)


@composite(space="linalg")
def lu(A: Tensor, *, pivot: bool = True) -> return_types.lu:
    """P, L and U with A = P L U: a permutation, a lower triangle with ones on its diagonal, and an
    upper triangle.

    Args:    A (..., m, n);  pivot=False: no rows are exchanged, and P is empty.
    Returns: P (..., m, m), L (..., m, k), U (..., k, n) for k = min(m, n).

    >>> P, L, U = ct.linalg.lu(ct.tensor([[1.0, 2.0], [2.0, 2.0]]))
    >>> L, U
    (tensor([[1.0000, 0.0000],
            [0.5000, 1.0000]]), tensor([[2., 2.],
            [0., 1.]]))
    """
    require_matrices("linalg.lu", A, kinds="fc")
    factors, pivots, _ = _lu_factor(A, pivot)
    return return_types.lu(*lu_unpack(factors, pivots, unpack_pivots=pivot))


# --------------------------------------------------------------------------------- solutions


def solve_factored(factors: Any, pivots: Any, b: Any, adjoint: bool) -> Any:
    """The solution x of A x = b, or with `adjoint` of A^H x = b, by A's LU factors; the batch
    dimensions are one."""
    if adjoint:
        inner = solve_left(mH(factors), b, upper=False)
        return exchanged(solve_left(mH(factors), inner, True, True), pivots, True)
    inner = solve_left(factors, exchanged(b, pivots, False), False, True)
    return solve_left(factors, inner, upper=True)


@composite(method=False, space="linalg")
def lu_solve(
    LU: Tensor, pivots: Tensor, B: Tensor, *, left: bool = True, adjoint: bool = False
) -> Tensor:
    """The solution X of A X = B (X A = B for left=False), by what `linalg.lu_factor` gave of A;
    with adjoint=True, for A^H in the place of A. Batch dimensions broadcast.

    >>> LU, pivots = ct.linalg.lu_factor(ct.tensor([[1.0, 2.0], [2.0, 2.0]]))
    >>> ct.linalg.lu_solve(LU, pivots, ct.tensor([[5.0], [6.0]]))
    tensor([[1.],
            [2.]])
    """
    return _solved("linalg.lu_solve", LU, pivots, B, left, adjoint)


def _solved(operation: str, LU: Any, pivots: Any, B: Any, left: bool, adjoint: bool) -> Any:
    require_matrices(operation, LU, B, names=("LU", "B"), square=True, kinds="fc")
    require_tensor(operation, "pivots", pivots)
    if pivots.dtype != dtypes.int32 or pivots.shape != LU.shape[:-1]:
        raise ShapeError(
            f"{operation}: pivots are {pivots.dtype.name} of shape {pivots.shape} for LU of shape "
            f"{LU.shape}; give int32, one for each row"
        )
    shape = require_fitting(operation, LU, B, left)
    LU, B = broadcast_stack(LU, shape), broadcast_stack(B, shape)
    pivots = broadcast_to(pivots, (*shape, pivots.shape[-1]))
    if left:
        return solve_factored(LU, pivots, B, adjoint)
    return mH(solve_factored(LU, pivots, mH(B), not adjoint))


@composite
def lu_solve_(b: Tensor, LU_data: Tensor, LU_pivots: Tensor) -> Tensor:
    """`linalg.lu_solve` with its operands in PyTorch's older order.

    >>> LU, pivots = ct.linalg.lu_factor(ct.tensor([[2.0, 0.0], [0.0, 4.0]]))
    >>> ct.lu_solve(ct.tensor([[2.0], [8.0]]), LU, pivots)
    tensor([[1.],
            [2.]])
    """
    return _solved("lu_solve", LU_data, LU_pivots, b, True, False)


def parity(pivots: Tensor) -> Tensor:
    """The determinant of the permutation, 1 or -1 (int32), outside the graph."""
    straight = np.arange(1, pivots.shape[-1] + 1, dtype=np.int32)
    moved = astype(pivots.detach() != Tensor.from_numpy(straight, pivots.device), dtypes.int32)
    return 1 - 2 * (moved.sum(axis=-1) % 2)
