"""Powers and the exponential of matrices, systems between tensors, matrices of powers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from math import prod
from typing import Any

from cltensor import dtypes, return_types
from cltensor.core.checks import MOST, axis_of, whole, wholes
from cltensor.core.composite import composite
from cltensor.core.op import Op, primitive, require_tensor
from cltensor.core.tensor import Tensor
from cltensor.errors import ShapeError
from cltensor.ops.create import ones
from cltensor.ops.elementwise.rounding import abs_
from cltensor.ops.elementwise.select import where
from cltensor.ops.linalg.matmul import matmul
from cltensor.ops.linalg.solve import inverse, solve, solve_ex
from cltensor.ops.linalg.stack import identity, mH, require_matrices
from cltensor.ops.linalg.triangular import require_fitting, solve_left
from cltensor.ops.reduce.fold import max_over, sum
from cltensor.ops.shape.cut import diagonal as _diagonal
from cltensor.ops.shape.cut import part
from cltensor.ops.shape.join import concat, stack
from cltensor.ops.shape.view import broadcast_to, movedim, reshape

#: Coefficients of the numerator of Pade's approximation, and up to which norm it is exact.
_PADE = {
    dtypes.float32: (
        (17297280.0, 8648640.0, 1995840.0, 277200.0, 25200.0, 1512.0, 56.0, 1.0),
        3.925724783138660,
    ),
    dtypes.float64: (
        (
            64764752532480000.0, 32382376266240000.0, 7771770303897600.0, 1187353796428800.0,
            129060195264000.0, 10559470521600.0, 670442572800.0, 33522128640.0, 1323241920.0,
            40840800.0, 960960.0, 16380.0, 182.0, 1.0,
        ),
        5.371920351148152,
    ),
}  # fmt: skip


@composite
def matrix_power(A: Tensor, n: int) -> Tensor:
    """A multiplied by itself n times, by squaring; for a negative n the inverse of A is.

    Raises LinAlgError for a negative n and a singular matrix.

    >>> ct.matrix_power(ct.tensor([[1.0, 1.0], [0.0, 1.0]]), 3)
    tensor([[1., 3.],
            [0., 1.]])
    """
    n = whole("linalg.matrix_power", "n", n, -MOST)
    require_tensor("linalg.matrix_power", "A", A)
    if A.ndim < 2 or A.shape[-1] != A.shape[-2]:
        raise ShapeError(f"linalg.matrix_power: A has shape {A.shape}; it takes square matrices")
    if n < 0:
        A, n = inverse(A), -n
    if n == 0:
        # Nothing depends on A, but the graph goes on.
        return where(ones(1, dtype="bool", device=A.device), identity(A.shape[-1], A), A)
    found: Any = None
    while True:
        if n & 1:
            found = A if found is None else matmul(found, A)
        n >>= 1
        if not n:
            return found.clone() if found is A else found
        A = matmul(A, A)


def _pade(a: Tensor, coefficients: Sequence[float]) -> Tensor:
    """Pade's approximation of the exponential: (V - U)^-1 (V + U), U and V sums of odd and even
    powers."""
    n = a.shape[-1]
    scaled = [c / coefficients[0] for c in coefficients]
    squared = matmul(a, a)
    # Horner's rule in a^2.
    odd, even = [broadcast_to(identity(n, a), tuple(a.shape)) * scaled[-1 - k] for k in (0, 1)]
    for k in range(len(scaled) - 3, 0, -2):
        odd = matmul(odd, squared) + identity(n, a) * scaled[k]
        even = matmul(even, squared) + identity(n, a) * scaled[k - 1]
    odd = matmul(a, odd)
    return solve_ex(even - odd, even + odd).result


def _run_exp(a: Tensor) -> Tensor:
    if not a.size:
        return a.clone()
    coefficients, limit = _PADE[dtypes.real_of(a.dtype)]
    size = max_over(sum(abs_(a), -2, True), -1, True)
    halvings = _halvings(size, limit)
    most = int(max_over(halvings).item())
    found = _pade(a * 2.0**-halvings, coefficients)
    for k in range(most):
        found = where(halvings > k, matmul(found, found), found)
    return found


def _halvings(size: Tensor, limit: float) -> Tensor:
    """How often to halve matrices of a norm so that it is below `limit`, in its dtype."""
    ratio = where(size > limit, size / limit, 1.0)
    ratio = where(abs_(size) < math.inf, ratio, 1.0)
    return ratio.log2().ceil()


def _exp_rule(g: Any, a: Any) -> Any:
    """The upper right corner of the exponential of [[a^H, g], [0, a^H]] (Mathias 1996)."""
    adjoint, n = mH(a), a.shape[-1]
    top, bottom = concat([adjoint, g], -1), concat([g * 0, adjoint], -1)
    found = _matrix_exp(concat([top, bottom], -2))
    return part(part(found, -2, 0, n), -1, n, n)


_matrix_exp: Op = primitive("matrix_exp(a)", _run_exp, takes_halves=True, da=_exp_rule)
_matrix_exp.holomorphic = False


@composite
def matrix_exp(A: Tensor) -> Tensor:
    """The exponential of square matrices, complex too: sum_k A^k / k!. It reads their norms.

    Source: Higham, The scaling and squaring method for the matrix exponential revisited (2005).

    >>> ct.matrix_exp(ct.zeros(2, 2))
    tensor([[1., 0.],
            [0., 1.]])
    """
    require_matrices("linalg.matrix_exp", A, square=True, kinds="fc")
    return _matrix_exp(A)


# ----------------------------------------------------------------------- systems of tensors


@composite(method=False, space="linalg")
def tensorinv(A: Tensor, ind: int = 2) -> Tensor:
    """The inverse of A as a map: its first `ind` axes, as many elements as the others, change
    places with them. tensordot(tensorinv(A, ind), B, ind) is tensorsolve(A, B).

    >>> ct.linalg.tensorinv(ct.eye(4).reshape(2, 2, 4), ind=2).shape
    Size([4, 2, 2])
    """
    ind = whole("linalg.tensorinv", "ind", ind, 1)
    first, last = tuple(A.shape[:ind]), tuple(A.shape[ind:])
    if prod(first) != prod(last):
        raise ShapeError(
            f"linalg.tensorinv: axes {first} and {last} of shape {A.shape} hold different numbers "
            "of elements; they must be equal"
        )
    return reshape(inverse(reshape(A, (prod(first), prod(last)))), (*last, *first))


@composite(method=False, space="linalg")
def tensorsolve(A: Tensor, B: Tensor, dims: Sequence[int] | None = None) -> Tensor:
    """The X for which tensordot(A, X, X.ndim) is B.

    Args:    A: its first axes are those of B, the others hold as many elements; dims: axes to move
             to its end first.

    >>> ct.linalg.tensorsolve(2 * ct.eye(4).reshape(2, 2, 2, 2), ct.ones(2, 2))
    tensor([[0.5000, 0.5000],
            [0.5000, 0.5000]])
    """
    name = "linalg.tensorsolve"
    if dims is not None:
        axes = [axis_of(name, d, A.ndim) for d in wholes(name, "dims", dims, -MOST)]
        A = movedim(A, axes, list(range(A.ndim - len(axes), A.ndim)))
    rest = tuple(A.shape[B.ndim :])
    if prod(rest) != B.size or prod(A.shape[: B.ndim]) != B.size:
        raise ShapeError(
            f"{name}: A of shape {A.shape} does not map {rest} to the {B.size} elements of B, of "
            f"shape {B.shape}"
        )
    return reshape(solve(reshape(A, (B.size, B.size)), reshape(B, (-1,))), rest)


# -------------------------------------------------------------------------------- the rest


@composite(method=False, space="linalg")
def vander(x: Tensor, *, N: int | None = None) -> Tensor:
    """The powers 0 to N - 1 of each element of vectors (..., n): (..., n, N). N is n for None.

    >>> ct.linalg.vander(ct.tensor([2, 3]), N=3)
    tensor([[1, 2, 4],
            [1, 3, 9]])
    """
    x = x if x.ndim else reshape(x, (1,))
    count = x.shape[-1] if N is None else whole("linalg.vander", "N", N)
    if count <= 1 and N is not None:
        raise ShapeError(f"linalg.vander: N is {N}; it must be above 1")
    powers = [ones(*x.shape, dtype=_counted(x.dtype), device=x.device)]
    for _ in range(count - 1):
        powers.append(powers[-1] * x)
    return stack(powers[:count], -1)


def _counted(dtype: Any) -> Any:
    return dtype if dtype.kind == "f" else dtypes.int64


@composite(method=False, space="linalg")
def diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """`ct.diagonal` of the last two axes, unless others are named. A view.

    >>> ct.linalg.diagonal(ct.arange(4).reshape(2, 2))
    tensor([0, 3])
    """
    return _diagonal(A, offset, dim1, dim2)


@composite
def triangular_solve(
    b: Tensor, A: Tensor, upper: bool = True, transpose: bool = False, unitriangular: bool = False
) -> return_types.triangular_solve:
    """PyTorch's older `linalg.solve_triangular`: a pair of the solution of A X = b, or A^T X = b
    for transpose=True, and a copy of A.

    >>> ct.triangular_solve(ct.tensor([[4.0]]), ct.tensor([[2.0]])).solution
    tensor([[2.]])
    """
    require_matrices("triangular_solve", A, b, names=("A", "b"), square=True)
    require_fitting("triangular_solve", A, b)
    t = mH(A) if transpose else A
    found = solve_left(t, b, upper != transpose, unitriangular)
    return return_types.triangular_solve(found, A.clone())
