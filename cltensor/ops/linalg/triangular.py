"""Systems with triangular matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from cltensor.core.composite import composite
from cltensor.core.op import Op, primitive
from cltensor.core.tensor import Tensor
from cltensor.dtypes import C_NAMES
from cltensor.errors import ShapeError
from cltensor.ops.linalg.matmul import matmul
from cltensor.ops.linalg.stack import (
    batches,
    broadcast_stack,
    mH,
    require_matrices,
    subtract_product,
    window,
    working,
)
from cltensor.ops.shape.cut import backwards
from cltensor.ops.shape.join import tril, triu
from cltensor.ops.shape.view import matrix_transpose
from cltensor.runtime.device import Device
from cltensor.runtime.kernel import kernel

#: Order of the triangles that one work-item goes through.
BLOCK = 64


def _lanes(device: Device, dtype: np.dtype) -> int:
    """Columns that a work-item solves side by side: what a few registers of a CPU hold."""
    return 128 // dtype.itemsize if device.is_cpu else 1


def _solve_block(t: Tensor, b: Tensor, unit: bool) -> None:
    """b becomes the solution of t x = b, t lower triangular of order BLOCK at most; both are
    stacks of one length whose batch dimensions are one."""
    device, n, columns = b.device, b.shape[-2], b.shape[-1]
    lanes = _lanes(device, b.dtype)
    run = kernel(
        device, "solve_block", T=C_NAMES[b.dtype], lanes=lanes, block=BLOCK, unit=unit
    )  # fmt: skip
    items = b.shape[0] * -(-columns // lanes)
    local = 1 if device.is_cpu else min(64, device.max_work_group)
    run(
        (-(-items // local) * local,), (local,), b_g=b.buffer, t_g=t.buffer, b_start=b.offset,
        t_start=t.offset, n=n, columns=columns, b_row=b.strides[-2], b_column=b.strides[-1],
        b_batch=b.strides[0], t_row=t.strides[-2], t_column=t.strides[-1], t_batch=t.strides[0],
        items=items,
    )  # fmt: skip
    b.buffer.mark_changed("solve_triangular")


def solve_in_place(t: Tensor, b: Tensor, upper: bool, unit: bool) -> None:
    """Replace b by the solution x of t x = b, in a stored b outside the graph.

    t (N, n, n) and b (N, n, k) are stored, in any memory order; of t one triangle is read. An upper
    one is a lower one read from the end.
    """
    if upper:
        t, b = backwards(t, -2, -1), backwards(b, -2)
    n = t.shape[-1]
    for low in range(0, n, BLOCK):
        high = min(n, low + BLOCK)
        part = window(b, (low, high), (0, b.shape[-1]))
        if low:
            known = window(b, (0, low), (0, b.shape[-1]))
            subtract_product(part, window(t, (low, high), (0, low)), known)
        _solve_block(window(t, (low, high), (low, high)), part, unit)


def flat(x: Tensor) -> Tensor:
    """A stored x as a stack with one batch dimension. x is dense, or a transposed dense one."""
    count = batches(x)
    step = x.shape[-1] * x.shape[-2]
    x = x.realize()
    return x.window((count, *x.shape[-2:]), (step, *x.strides[-2:]), x.offset)


def _run(a: Tensor, b: Tensor, upper: bool, unit: bool) -> Tensor:
    """a and b have the same batch dimensions."""
    result = working(b)
    if result.size:
        dense = a.contiguous() if a.ndim > 3 or a.strides[-1] != 1 else a
        if a.mT.is_contiguous():
            dense = a
        t = dense.realize() if dense.ndim == 3 else flat(dense)
        solve_in_place(t, flat(result), upper, unit)
    return result


def _rule(g: Any, a: Any, out: Any, upper: bool, unit: bool) -> Any:
    """x = a^-1 b: b gets a^-H g, and a the part of -(a^-H g) x^H that is read of it."""
    of_b = _solve(mH(a), g, not upper, unit)
    of_a = -matmul(of_b, mH(out))
    keep = triu if upper else tril
    return keep(of_a, (1 if upper else -1) if unit else 0), of_b


_solve: Op = primitive("solve_triangular(a, b, upper, unit)", _run, takes_halves=True, da_b=_rule)
_solve.holomorphic = False


def solve_left(a: Any, b: Any, upper: bool, unit: bool = False) -> Any:
    """The solution x of a x = b for operands that are checked; batch dimensions broadcast."""
    shape = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    return _solve(broadcast_stack(a, shape), broadcast_stack(b, shape), upper, unit)


def solve_right(a: Any, b: Any, upper: bool, unit: bool = False) -> Any:
    """The solution x of x a = b, as `solve_left`."""
    return matrix_transpose(
        solve_left(matrix_transpose(a), matrix_transpose(b), not upper, unit)
    )  # fmt: skip


def require_fitting(operation: str, a: Any, b: Any, left: bool = True) -> tuple[int, ...]:
    """The batch dimensions of both. Raises ShapeError if b has not as many rows (columns, unless
    `left`) as a, or batches do not broadcast."""
    n = a.shape[-1]
    if b.shape[-2 if left else -1] != n:
        side = "rows" if left else "columns"
        raise ShapeError(
            f"{operation}: shapes {a.shape} and {b.shape} do not fit; B needs {n} {side}"
        )
    try:
        return np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    except ValueError:
        raise ShapeError(
            f"{operation}: the batch dimensions of shapes {a.shape} and {b.shape} do not broadcast"
        ) from None


@composite(space="linalg")
def solve_triangular(
    A: Tensor, B: Tensor, *, upper: bool, left: bool = True, unitriangular: bool = False
) -> Tensor:
    """The solution X of A X = B (or X A = B for left=False), A being triangular.

    Args:    A (..., n, n), of which only one triangle is read; unitriangular: nor the diagonal,
             which counts as 1.  B (..., n, k), or (..., k, n) for left=False; batches broadcast.
    Returns: X of the broadcast shape. A zero on the diagonal gives infinities or NaN.
    Raises:  ShapeError, DTypeError.
    Source:  forward substitution in blocks of rows, products between them.

    >>> ct.linalg.solve_triangular(
    ...     ct.tensor([[2.0, 1.0], [0.0, 4.0]]), ct.tensor([[4.0], [8.0]]), upper=True
    ... )
    tensor([[1.],
            [2.]])
    """
    name = "linalg.solve_triangular"
    require_matrices(name, A, B, square=True, kinds="fc")
    require_fitting(name, A, B, left)
    return (solve_left if left else solve_right)(A, B, upper, unitriangular)
