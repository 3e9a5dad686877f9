"""Eigenvalues and eigenvectors of symmetric and Hermitian matrices."""

from __future__ import annotations

from typing import Any

from cltensor import return_types
from cltensor.core.composite import composite
from cltensor.core.op import Op, primitive
from cltensor.core.tensor import Tensor
from cltensor.dtypes import real_of
from cltensor.halves import limits_of
from cltensor.ops.elementwise.cast import astype
from cltensor.ops.elementwise.compare import eq, logical_and
from cltensor.ops.elementwise.rounding import abs_
from cltensor.ops.elementwise.select import where
from cltensor.ops.index.gather import take_along_axis
from cltensor.ops.linalg.matmul import matmul
from cltensor.ops.linalg.qr import reflect, triangle
from cltensor.ops.linalg.rotations import QL, iterate
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
from cltensor.ops.reduce.fold import max_over
from cltensor.ops.shape.cut import part
from cltensor.ops.shape.join import tril, triu
from cltensor.ops.shape.parts import imag
from cltensor.ops.shape.view import broadcast_to, matrix_transpose, reshape, unsqueeze
from cltensor.ops.sort import argsort

#: Reflections that are applied together.
PANEL = 64


def moderate(x: Tensor) -> tuple[Tensor, Tensor]:
    """x (count, m, n) with elements whose squares neither overflow nor vanish, and what each matrix
    was divided by for that."""
    limits: Any = limits_of(x.dtype)
    low, high = float(limits.tiny) ** 0.25, float(limits.max) ** 0.25
    largest = max_over(abs_(x), (-2, -1), True)
    fine = logical_and(largest > low, largest < high)
    divisor = where(fine, 1.0, where(eq(largest, 0), 1.0, largest))
    return x / divisor, reshape(divisor, (-1, 1))


def reflect_back(z: Tensor, vectors: Tensor, tau: Tensor, start: int) -> None:
    """z (count, m, k) becomes the product of reflections times z: vector j, a row of `vectors`, is
    0 up to element j + start."""
    steps, m = vectors.shape[-2:]
    columns = (0, z.shape[-1])
    for low in reversed(range(0, steps, PANEL)):
        high = min(steps, low + PANEL)
        v = matrix_transpose(window(vectors, (low, high), (low + start, m)))
        if v.shape[-2]:
            t = triangle(v, part(tau, -1, low, high - low)).realize()
            reflect(window(z, (low + start, m), columns), v, t)


def _tridiagonal(a: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The diagonal and what stands beside it of a similar tridiagonal matrix, the vectors of the
    reflections as rows, and their factors. a (count, n, n) is overwritten."""
    count, n = a.shape[:2]
    d, e = [Tensor.empty((count, n), real_of(a.dtype), a.device) for _ in range(2)]
    tau, w, p = [Tensor.empty((count, n), a.dtype, a.device) for _ in range(3)]
    vectors = Tensor.empty((count, n, n), a.dtype, a.device)
    run = team_kernel(a.device, "tridiagonal", a.dtype, lanes=64 // a.dtype.itemsize)
    run(
        *grid_of(a.device, count), a_g=a.buffer, d_g=d.buffer, e_g=e.buffer, v_g=vectors.buffer,
        tau_g=tau.buffer, w_g=w.buffer, p_g=p.buffer, n=n,
    )  # fmt: skip
    return d, e, vectors, tau


def _run(a: Tensor, upper: bool, vectors: bool) -> tuple[Tensor, Tensor]:
    n, batch, count = a.shape[-1], tuple(a.shape[:-2]), batches(a)
    nothing = Tensor.empty((0,), a.dtype, a.device)
    if not a.size:
        values = Tensor.empty((*batch, n), real_of(a.dtype), a.device)
        return values, (Tensor.empty(tuple(a.shape), a.dtype, a.device) if vectors else nothing)
    keep, sign = (triu, 1) if upper else (tril, -1)
    whole = keep(a) + mH(keep(a, sign))
    if a.dtype.kind == "c":  # the diagonal counts as real
        whole = whole - on_diagonal(imag(diagonals(whole)) * 1j)
    whole, divisor = moderate(reshape(whole, (count, n, n)))
    d, e, reflections, tau = _tridiagonal(working(whole))
    turned = iterate("linalg.eigh", QL, d, e, vectors)
    order = argsort(d)
    values = reshape(take_along_axis(d, order, -1) * divisor, (*batch, n))
    if not vectors:
        return values, nothing
    rows = take_along_axis(turned[0].matrices(), broadcast_to(unsqueeze(order, -1), whole.shape), 1)
    z = working(astype(matrix_transpose(rows), a.dtype))
    reflect_back(z, reflections, tau, 1)
    return values, reshape(z, tuple(a.shape))


def _rule(g: Any, out: Any) -> Any:
    """V (diag(gL) + (V^H gV) / (L_j - L_i)) V^H, made symmetric (Giles, Collected matrix
    derivative results)."""
    (values, vectors), (of_values, of_vectors) = out, g
    if of_values is None and of_vectors is None:
        return None
    if of_vectors is None:
        return matmul(vectors * unsqueeze(of_values, -2), mH(vectors))
    n = values.shape[-1]
    gaps = unsqueeze(values, -2) - unsqueeze(values, -1) + identity(n, values)
    inner = matmul(mH(vectors), of_vectors) / gaps
    inner = inner - on_diagonal(diagonals(inner))
    if of_values is not None:
        inner = inner + on_diagonal(of_values)
    found = matmul(matmul(vectors, inner), mH(vectors))
    return (found + mH(found)) * 0.5


_eigh: Op = primitive("eigh(a, upper, vectors)", _run, takes_halves=True, da=_rule)


def symmetric(operation: str, A: Any, UPLO: str, vectors: bool) -> Any:
    """Eigenvalues and vectors of matrices that are checked; one triangle of them is read."""
    require_matrices(operation, A, square=True, kinds="fc")
    if not isinstance(UPLO, str) or UPLO.upper() not in ("L", "U"):
        raise ValueError(f"{operation}: UPLO is {UPLO!r}; use 'L' or 'U'")
    return _eigh(A, UPLO.upper() == "U", vectors or A.requires_grad)


@composite(space="linalg")
def eigh(A: Tensor, UPLO: str = "L") -> return_types.eigh:
    """Eigenvalues, in ascending order, and orthonormal eigenvectors of symmetric or
    Hermitian matrices: A = V diag(L) V^H.

    Args:    A (..., n, n);  UPLO: which triangle is read, "L" (lower) or "U".
    Returns: L (..., n), real; V (..., n, n), the vectors as columns, each up to its sign (phase).
    Raises:  LinAlgError where it does not converge, as for NaN: this waits for the device. The
             gradient of the vectors is finite for matrices without equal eigenvalues only, and
             means something only where a result does not depend on the signs of the vectors.
    Source:  reflections to tridiagonal form, implicit QL steps: Golub and Van Loan, Matrix
             Computations, 8.3.

    >>> values, vectors = ct.linalg.eigh(ct.tensor([[2.0, 1.0], [1.0, 2.0]]))
    >>> values
    tensor([1., 3.])
    """
    return return_types.eigh(*symmetric("linalg.eigh", A, UPLO, True))


@composite(space="linalg")
def eigvalsh(A: Tensor, UPLO: str = "L") -> Tensor:
    """The eigenvalues of `linalg.eigh` alone; their gradient is always finite.

    >>> ct.linalg.eigvalsh(ct.tensor([[2.0, 1.0], [1.0, 2.0]]))
    tensor([1., 3.])
    """
    return symmetric("linalg.eigvalsh", A, UPLO, False)[0]
