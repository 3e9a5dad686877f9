"""Cholesky's factors, and what is computed with them."""

from __future__ import annotations

from typing import Any

from cltensor import dtypes, return_types
from cltensor.core.composite import composite
from cltensor.core.op import Op, primitive
from cltensor.core.tensor import Tensor
from cltensor.ops.elementwise.cast import conj
from cltensor.ops.linalg.matmul import matmul
from cltensor.ops.linalg.stack import (
    batches,
    diagonals,
    grid_of,
    identity,
    mH,
    on_diagonal,
    raise_at,
    require_matrices,
    subtract_product,
    team_kernel,
    window,
    working,
    zeros_of,
)
from cltensor.ops.linalg.triangular import (
    BLOCK,
    flat,
    require_fitting,
    solve_in_place,
    solve_left,
    solve_right,
)
from cltensor.ops.shape.join import tril
from cltensor.ops.shape.view import matrix_transpose


def _run(a: Tensor) -> tuple[Tensor, Tensor]:
    """The lower factor of each matrix, and the order of the first minor that is not positive."""
    n, count = a.shape[-1], batches(a)
    work, info = working(a), zeros_of(tuple(a.shape[:-2]), a, dtypes.int32)
    if not work.size:
        return work, info
    each = flat(work)
    run = team_kernel(a.device, "cholesky_block", a.dtype, block=BLOCK)
    for low in range(0, n, BLOCK):
        high = min(n, low + BLOCK)
        column = window(each, (low, n), (low, high))
        left = window(each, (low, n), (0, low))
        subtract_product(column, left, mH(window(each, (low, high), (0, low))))
        run(
            *grid_of(a.device, count), a_g=work.buffer, info_g=info.buffer, order=n, first=low,
            n=high - low,
        )  # fmt: skip
        if high < n:
            corner = window(each, (low, high), (low, high))
            below = window(each, (high, n), (low, high))
            solve_in_place(conj(corner).realize(), matrix_transpose(below), False, False)
    return tril(work), info


def _rule(g: Any, out: Any) -> Any:
    """L^-H P(L^H g) L^-1, made symmetric, P: the lower triangle with half of the diagonal."""
    factor = out[0]
    if g[0] is None:
        return None
    inner = half_lower(matmul(mH(factor), tril(g[0])))
    whole = inner + mH(inner)
    right = solve_right(factor, whole, upper=False)
    return solve_left(mH(factor), right, upper=True) * 0.5


def half_lower(x: Any) -> Any:
    """The lower triangle with half of the diagonal."""
    return tril(x) - on_diagonal(diagonals(x)) * 0.5


_cholesky: Op = primitive("cholesky_ex(a)", _run, takes_halves=True, da=_rule)


@composite(space="linalg")
def cholesky_ex(
    A: Tensor, *, upper: bool = False, check_errors: bool = False
) -> return_types.cholesky_ex:
    """`linalg.cholesky`, which says what went wrong instead of raising, and waits for nothing.

    Returns: the factors L, and info (int32): 0, or the order of the first leading minor that is
             not positive definite (L is unfinished then).  check_errors: raise LinAlgError all the
             same.

    >>> L, info = ct.linalg.cholesky_ex(ct.tensor([[4.0, 2.0], [2.0, 5.0]]))
    >>> L, info.item()
    (tensor([[2., 0.],
            [1., 2.]]), 0)
    """
    require_matrices("linalg.cholesky_ex", A, square=True, kinds="fc")
    factor, info = _cholesky(mH(A) if upper else A)
    if check_errors:
        _check("linalg.cholesky_ex", info)
    return return_types.cholesky_ex(mH(factor) if upper else factor, info)


def _check(operation: str, info: Tensor) -> None:
    what = (
        "the input is not positive definite: its leading minor of order {info} is not; add a "
        "multiple of the identity"
    )
    raise_at(operation, info, what)


@composite
def cholesky(A: Tensor, upper: bool = False) -> Tensor:
    """The lower triangular L with A = L L^H of positive definite matrices; for upper=True, L^H.

    Args:    A (..., n, n), of which one triangle is read (the upper one for upper=True).
    Raises:  LinAlgError for a matrix that is not positive definite: this waits for the device.
    Source:  Golub and Van Loan, Matrix Computations, 4.2, in blocks of columns; its derivative:
             Murray, Differentiation of the Cholesky decomposition (2016).

    >>> ct.linalg.cholesky(ct.tensor([[4.0, 2.0], [2.0, 5.0]]))
    tensor([[2., 0.],
            [1., 2.]])
    """
    require_matrices("linalg.cholesky", A, square=True, kinds="fc")
    factor, info = _cholesky(mH(A) if upper else A)
    _check("linalg.cholesky", info)
    return mH(factor) if upper else factor


@composite
def cholesky_solve(B: Tensor, L: Tensor, upper: bool = False) -> Tensor:
    """The solution X of (L L^H) X = B; with upper=True, of (L^H L) X = B.

    Args:    B (..., n, k);  L (..., n, n), of which one triangle is read; batches broadcast.

    >>> ct.cholesky_solve(ct.tensor([[4.0], [1.0]]), ct.tensor([[2.0, 0.0], [0.0, 1.0]]))
    tensor([[1.],
            [1.]])
    """
    require_matrices("cholesky_solve", L, B, names="LB", square=True, kinds="fc")
    require_fitting("cholesky_solve", L, B)
    lower = mH(L) if upper else L
    return solve_left(mH(lower), solve_left(lower, B, upper=False), upper=True)


@composite
def cholesky_inverse(L: Tensor, upper: bool = False) -> Tensor:
    """The inverse of L L^H; with upper=True, of L^H L. L (..., n, n): one triangle is read.

    >>> ct.cholesky_inverse(ct.tensor([[2.0, 0.0], [0.0, 1.0]]))
    tensor([[0.2500, 0.0000],
            [0.0000, 1.0000]])
    """
    require_matrices("cholesky_inverse", L, names="L", square=True, kinds="fc")
    return cholesky_solve(identity(L.shape[-1], L), L, upper)
