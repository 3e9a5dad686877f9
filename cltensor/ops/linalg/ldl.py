"""L D L^T and L D L^H factors of matrices that need not be definite."""

from __future__ import annotations

from functools import partial
from typing import Any

from cltensor import dtypes, return_types
from cltensor.core.batched import of_whole
from cltensor.core.composite import composite
from cltensor.core.tensor import Tensor
from cltensor.dtypes import C_NAMES
from cltensor.errors import DTypeError, GradientError, ShapeError
from cltensor.ops.linalg.stack import (
    batches,
    broadcast_stack,
    grid_of,
    raise_at,
    require_matrices,
    team_kernel,
    working,
    zeros_of,
)
from cltensor.ops.linalg.triangular import require_fitting
from cltensor.ops.shape.join import tril
from cltensor.ops.shape.view import broadcast_to
from cltensor.runtime.kernel import kernel


def _require_constant(operation: str, *operands: Any) -> None:
    if any(x.requires_grad for x in operands):
        raise GradientError(f"{operation}: it has no derivative; use linalg.solve, or detach")


def _factored(operation: str, a: Any, hermitian: bool) -> tuple[Tensor, Tensor, Tensor]:
    require_matrices(operation, a, square=True, kinds="fc")
    _require_constant(operation, a)
    return of_whole(partial(_run_factor, hermitian=hermitian), a)


def _run_factor(a: Tensor, hermitian: bool) -> tuple[Tensor, Tensor, Tensor]:
    work = working(tril(a))
    pivots = Tensor.empty(tuple(a.shape[:-1]), dtypes.int32, a.device)
    info = zeros_of(tuple(a.shape[:-2]), a, dtypes.int32)
    if work.size:
        run = team_kernel(a.device, "ldl_factor", a.dtype, hermitian=hermitian)
        run(
            *grid_of(a.device, batches(a)), a_g=work.buffer, pivot_g=pivots.buffer,
            info_g=info.buffer, n=a.shape[-1],
        )  # fmt: skip
    return work, pivots, info


_SINGULAR = "the input is singular: D has a zero at place {info} of its diagonal"


@composite(space="linalg")
def ldl_factor_ex(
    A: Tensor, *, hermitian: bool = False, check_errors: bool = False
) -> return_types.ldl_factor_ex:
    """`linalg.ldl_factor`, which waits for nothing, and info (int32): 0, or which is the first zero
    on the diagonal of D, counted from 1. check_errors: raise LinAlgError for one.

    >>> LD, pivots, info = ct.linalg.ldl_factor_ex(ct.tensor([[4.0, 2.0], [2.0, 5.0]]))
    >>> info.item()
    0
    """
    work, pivots, info = _factored("linalg.ldl_factor_ex", A, hermitian)
    if check_errors:
        raise_at("linalg.ldl_factor_ex", info, _SINGULAR)
    return return_types.ldl_factor_ex(work, pivots, info)


@composite(space="linalg")
def ldl_factor(A: Tensor, *, hermitian: bool = False) -> return_types.ldl_factor:
    """L, with ones on its diagonal, and D, with blocks of order 1 and 2, of symmetric matrices
    A = P L D L^T P^T, in one matrix; and pivots as LAPACK's sytrf gives them.

    Args:    A (..., n, n), of which the lower triangle is read; hermitian: complex matrices are
             Hermitian, A = P L D L^H P^T, of whose diagonal the real part is read.
    Raises:  GradientError for an operand that requires a gradient: there is no derivative.
    Source:  Bunch and Kaufman (1977).

    >>> LD, pivots = ct.linalg.ldl_factor(ct.tensor([[4.0, 2.0], [2.0, 5.0]]))
    >>> LD.diagonal()
    tensor([4., 4.])
    """
    work, pivots, _ = _factored("linalg.ldl_factor", A, hermitian)
    return return_types.ldl_factor(work, pivots)


@composite(method=False, space="linalg")
def ldl_solve(LD: Tensor, pivots: Tensor, B: Tensor, *, hermitian: bool = False) -> Tensor:
    """The solution X of A X = B by what `linalg.ldl_factor` gave of A (with the same `hermitian`);
    batches broadcast. It has no derivative.

    >>> LD, pivots = ct.linalg.ldl_factor(ct.tensor([[4.0, 2.0], [2.0, 5.0]]))
    >>> ct.linalg.ldl_solve(LD, pivots, ct.tensor([[8.0], [12.0]]))
    tensor([[1.],
            [2.]])
    """
    name = "linalg.ldl_solve"
    require_matrices(name, LD, B, names=("LD", "B"), square=True, kinds="fc")
    _require_constant(name, LD, B)
    shape = require_fitting(name, LD, B)
    if pivots.dtype.kind not in "iu" or pivots.shape != LD.shape[:-1]:
        kind = DTypeError if pivots.dtype.kind not in "iu" else ShapeError
        raise kind(
            f"{name}: pivots are {pivots.dtype.name} of shape {pivots.shape} for LD of shape "
            f"{LD.shape}; give int32, one for each row"
        )
    factors = broadcast_stack(LD, shape)
    rows = broadcast_to(pivots.to(dtypes.int32), (*shape, LD.shape[-1]))
    run = partial(_run_solve, hermitian=hermitian)
    return of_whole(run, factors, rows, broadcast_stack(B, shape))


def _run_solve(factors: Tensor, rows: Tensor, b: Tensor, hermitian: bool) -> Tensor:
    """Stacks of one shape."""
    x = working(b)
    factors, rows = factors.contiguous().realize(), rows.contiguous().realize()
    factors, rows = [y if not y.offset else working(y) for y in (factors, rows)]
    if x.size:
        device, items = x.device, batches(x) * x.shape[-1]
        local = 1 if device.is_cpu else min(64, device.max_work_group)
        run = kernel(device, "ldl_solve", T=C_NAMES[x.dtype], hermitian=hermitian)
        run(
            (-(-items // local) * local,), (local,), b_g=x.buffer, a_g=factors.buffer,
            pivot_g=rows.buffer, n=x.shape[-2], columns=x.shape[-1], items=items,
        )  # fmt: skip
    return x
