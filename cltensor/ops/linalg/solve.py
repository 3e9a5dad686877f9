"""Systems of linear equations, inverses and determinants."""

from __future__ import annotations

from typing import Any

from cltensor import return_types
from cltensor.core.composite import composite
from cltensor.core.mode import mode
from cltensor.core.op import Op, primitive
from cltensor.core.tensor import Tensor
from cltensor.halves import limits_of
from cltensor.ops.elementwise.cast import astype, conj
from cltensor.ops.elementwise.compare import eq
from cltensor.ops.elementwise.functions import log
from cltensor.ops.elementwise.rounding import abs_, sgn
from cltensor.ops.elementwise.select import where
from cltensor.ops.linalg.lu import lu_of, parity, solve_factored
from cltensor.ops.linalg.matmul import matmul
from cltensor.ops.linalg.stack import (
    broadcast_stack,
    diagonals,
    identity,
    mH,
    on_diagonal,
    raise_at,
    require_matrices,
)
from cltensor.ops.linalg.triangular import require_fitting
from cltensor.ops.reduce.fold import prod, sum
from cltensor.ops.shape.parts import imag
from cltensor.ops.shape.view import broadcast_to, matrix_transpose, reshape, unsqueeze

_SINGULAR = (
    "the input is singular: U of its LU factors has a zero at place {info} of its diagonal; use "
    "linalg.lstsq or linalg.pinv"
)


def _is_recorded() -> bool:
    """Whether what a rule computes shall be differentiated again."""
    return mode.enabled


def _run_solve(a: Tensor, b: Tensor) -> tuple[Tensor, ...]:
    factors, pivots, info = lu_of(a)
    return solve_factored(factors, pivots, b.detach(), False), factors, pivots, info


def _solve_rule(g: Any, a: Any, out: Any) -> Any:
    """x = a^-1 b: b gets a^-H g, a gets -(a^-H g) x^H."""
    if g[0] is None:
        return None, None
    x, factors, pivots, _ = out
    if _is_recorded():
        of_b = _solve(mH(a), g[0])[0]
    else:
        of_b = solve_factored(factors.detach(), pivots, g[0], True)
    return -matmul(of_b, mH(x)), of_b


#: The batch dimensions of both are one. Gives the solution, and what was used: only the solution
#: has a derivative.
_solve: Op = primitive("solve_ex(a, b)", _run_solve, takes_halves=True, da_b=_solve_rule)


def _solved(operation: str, A: Any, B: Any, left: bool) -> tuple[Any, Any]:
    """The solution and info; B may be a stack of vectors."""
    require_matrices(operation, A, square=True, kinds="fc")
    vectors = isinstance(B, Tensor) and left and (
        B.ndim == 1 or (B.ndim == A.ndim - 1 and B.shape == A.shape[:-1])
    )  # fmt: skip
    right = unsqueeze(B, -1) if vectors else B
    require_matrices(operation, A, right, kinds="fc")
    shape = require_fitting(operation, A, right, left)
    A, right = broadcast_stack(A, shape), broadcast_stack(right, shape)
    if not left:
        A, right = matrix_transpose(A), matrix_transpose(right)
    x, _, _, info = _solve(A, right)
    if not left:
        x = matrix_transpose(x)
    return (reshape(x, x.shape[:-1]) if vectors else x), info


@composite(space="linalg")
def solve_ex(
    A: Tensor, B: Tensor, *, left: bool = True, check_errors: bool = False
) -> return_types.solve_ex:
    """`linalg.solve`, which waits for nothing, and info (int32): 0, or which pivot is 0, counted
    from 1. check_errors: raise LinAlgError for one.

    >>> x, info = ct.linalg.solve_ex(ct.tensor([[2.0, 0.0], [0.0, 4.0]]), ct.tensor([2.0, 8.0]))
    >>> x, info.item()
    (tensor([1., 2.]), 0)
    """
    x, info = _solved("linalg.solve_ex", A, B, left)
    if check_errors:
        raise_at("linalg.solve_ex", info, _SINGULAR)
    return return_types.solve_ex(x, info)


@composite(space="linalg")
def solve(A: Tensor, B: Tensor, *, left: bool = True) -> Tensor:
    """The solution X of A X = B, or of X A = B for left=False.

    Args:    A (..., n, n);  B (..., n, k), or vectors: (n,), or the shape of A without its last
             size. Batch dimensions broadcast.
    Raises:  LinAlgError for a singular matrix: this waits for the device (`solve_ex` does not).
    Source:  LU factors with row exchanges, two triangular systems.

    >>> ct.linalg.solve(ct.tensor([[2.0, 0.0], [0.0, 4.0]]), ct.tensor([2.0, 8.0]))
    tensor([1., 2.])
    """
    x, info = _solved("linalg.solve", A, B, left)
    raise_at("linalg.solve", info, _SINGULAR)
    return x


def _run_inverse(a: Tensor) -> tuple[Tensor, Tensor]:
    factors, pivots, info = lu_of(a)
    n = a.shape[-1]
    whole = broadcast_to(identity(n, a), tuple(a.shape))
    return solve_factored(factors, pivots, whole, False), info


def _inverse_rule(g: Any, out: Any) -> Any:
    if g[0] is None:
        return None
    inverse = mH(out[0])
    return -matmul(matmul(inverse, g[0]), inverse)


_inverse: Op = primitive("inv_ex(a)", _run_inverse, takes_halves=True, da=_inverse_rule)


@composite(space="linalg")
def inv_ex(A: Tensor, *, check_errors: bool = False) -> return_types.inv_ex:
    """`linalg.inv`, which waits for nothing, and info (int32): 0, or which pivot is 0, counted from
    1. check_errors: raise LinAlgError for one.

    >>> inverse, info = ct.linalg.inv_ex(ct.tensor([[2.0, 0.0], [0.0, 4.0]]))
    >>> inverse, info.item()
    (tensor([[0.5000, 0.0000],
            [0.0000, 0.2500]]), 0)
    """
    require_matrices("linalg.inv_ex", A, square=True, kinds="fc")
    inverse, info = _inverse(A)
    if check_errors:
        raise_at("linalg.inv_ex", info, _SINGULAR)
    return return_types.inv_ex(inverse, info)


@composite
def inverse(A: Tensor) -> Tensor:
    """The inverse of square matrices (..., n, n); `linalg.solve` is faster and more accurate where
    it is to be multiplied with something.

    Raises LinAlgError for a singular matrix: this waits for the device (`inv_ex` does not).

    >>> ct.inverse(ct.tensor([[2.0, 0.0], [0.0, 4.0]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.2500]])
    """
    require_matrices("linalg.inv", A, square=True, kinds="fc")
    inverse, info = _inverse(A)
    raise_at("linalg.inv", info, _SINGULAR)
    return inverse


# ------------------------------------------------------------------------------ determinants


def _run_det(a: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    factors, pivots, _ = lu_of(a)
    return prod(diagonals(factors), -1) * astype(parity(pivots), a.dtype), factors, pivots


def _det_rule(g: Any, a: Any, out: Any) -> Any:
    """g det(a) a^-H. Of a singular matrix, whose determinant has a derivative all the same, zero
    pivots count as the smallest number for which 1 + it is not 1."""
    if g[0] is None:
        return None
    det, factors, pivots = out
    if _is_recorded():
        return _times(g[0] * conj(det), mH(_inverse(a)[0]))
    factors = factors.detach()
    diagonal = diagonals(factors)
    tiny = float(limits_of(a.dtype).eps)
    moved = where(eq(diagonal, 0), tiny, diagonal)
    det = prod(moved, -1) * astype(parity(pivots), a.dtype)
    whole = broadcast_to(identity(a.shape[-1], a), tuple(a.shape))
    factors = factors + on_diagonal(moved - diagonal)
    return solve_factored(factors, pivots, _times(g[0] * conj(det), whole), True)


def _times(factor: Any, matrices: Any) -> Any:
    return reshape(factor, (*factor.shape, 1, 1)) * matrices


_det: Op = primitive("det(a)", _run_det, takes_halves=True, da=_det_rule)


@composite
def det(A: Tensor) -> Tensor:
    """The determinants of square matrices (..., n, n).

    Its derivative is right for singular matrices too (to rounding); the second one needs matrices
    that are not.
    Source:  the product of the diagonal of U of the LU factors, and the sign of the permutation.

    >>> ct.linalg.det(ct.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor(-2.0000)
    """
    require_matrices("linalg.det", A, square=True, kinds="fc")
    return _det(A)[0]


def _run_slogdet(a: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    factors, pivots, _ = lu_of(a)
    diagonal = diagonals(factors)
    signs = prod(sgn(diagonal), -1) * astype(parity(pivots), a.dtype)
    return signs, sum(log(abs_(diagonal)), -1), factors, pivots


def _slogdet_rule(g: Any, a: Any, out: Any) -> Any:
    """The gradient of log |det a|, times a^-H; a real sign is constant. A complex one turns with
    the imaginary part of log det a: it gives i im(conj(gs) s) to the factor."""
    of_log = g[1]
    if a.dtype.kind == "c" and g[0] is not None:
        turn = imag(g[0] * conj(out[0])) * 1j
        of_log = turn if of_log is None else of_log + turn
    if of_log is None:
        return None
    if _is_recorded():
        return _times(of_log, mH(_inverse(a)[0]))
    whole = broadcast_to(identity(a.shape[-1], a), tuple(a.shape))
    return solve_factored(out[2].detach(), out[3], _times(of_log, whole), True)


_slogdet: Op = primitive("slogdet(a)", _run_slogdet, takes_halves=True, da=_slogdet_rule)


@composite
def slogdet(A: Tensor) -> return_types.slogdet:
    """The sign of the determinants of square matrices, and the logarithm of their magnitude.

    A singular matrix gives 0 and -inf, and no finite derivative.

    >>> ct.linalg.slogdet(ct.tensor([[1.0, 2.0], [3.0, 4.0]]))
    cltensor.return_types.slogdet(
    sign=tensor(-1.),
    logabsdet=tensor(0.6931))
    """
    require_matrices("linalg.slogdet", A, square=True, kinds="fc")
    found = _slogdet(A)
    return return_types.slogdet(found[0], found[1])


@composite
def logdet(A: Tensor) -> Tensor:
    """The logarithm of the determinants of square matrices: NaN where one is negative.

    >>> ct.logdet(ct.tensor([[2.0, 0.0], [0.0, 0.5]]))
    tensor(0.)
    """
    require_matrices("logdet", A, square=True)
    found = _slogdet(A)
    return where(eq(found[0], -1), float("nan"), found[1])
