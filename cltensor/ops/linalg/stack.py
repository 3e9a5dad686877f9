"""Stacks of matrices: what is checked of them, and the copies that kernels work in."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from cltensor import dtypes
from cltensor.core.batched import whole_of
from cltensor.core.op import require_tensor, same_device
from cltensor.core.tensor import Tensor
from cltensor.errors import DTypeError, LinAlgError, ShapeError
from cltensor.lazy.writes import write
from cltensor.ops.create import eye
from cltensor.ops.elementwise.arithmetic import add, subtract
from cltensor.ops.elementwise.cast import full
from cltensor.ops.linalg.matmul import matmul
from cltensor.ops.precision import exactly
from cltensor.ops.shape.copy import copy
from cltensor.ops.shape.cut import cut_view, diagonal, diagonal_backward
from cltensor.ops.shape.parts import adjoint
from cltensor.ops.shape.view import Shape, broadcast_to
from cltensor.runtime.device import Device
from cltensor.runtime.kernel import Kernel, kernel


def mH(x: Any) -> Any:
    """The adjoint of each matrix."""
    return adjoint(x)


def require_matrices(
    operation: str, *operands: Any, names: Sequence[str] = "AB", square: bool = False,
    kinds: str = "f",
) -> None:  # fmt: skip
    """Raise unless each operand is a stack of matrices of one floating-point type and device.

    kinds: "fc" if complex ones will do.

    DTypeError for another type, ShapeError for fewer than two dimensions or (the first, if
    `square`) one that is not square.
    """
    for name, x in zip(names, operands, strict=False):
        require_tensor(operation, name, x)
        if x.dtype.kind not in kinds or x.dtype in dtypes.SHORT:
            taken = "float32 and float64" + (", or complex" if "c" in kinds else "")
            raise DTypeError(
                f"{operation}: {name} is {x.dtype.name}; it takes {taken}, cast with .to(dtype)"
            )
        if x.ndim < 2:
            raise ShapeError(
                f"{operation}: {name} has shape {x.shape}; it takes matrices, two or more "
                "dimensions"
            )
    same_device(operation, *operands)
    first = operands[0]
    for x in operands[1:]:
        if x.dtype != first.dtype:
            raise DTypeError(
                f"{operation}: operands are {first.dtype.name} and {x.dtype.name}; cast one"
            )
    if square and first.shape[-1] != first.shape[-2]:
        raise ShapeError(
            f"{operation}: {names[0]} has shape {first.shape}; it takes square matrices, the last "
            "two sizes equal"
        )


def batches(x: Any) -> int:
    """How many matrices x is a stack of."""
    return prod(x.shape[:-2])


def working(x: Tensor) -> Tensor:
    """A copy of x outside the graph, dense and in a buffer of its own, for kernels to change."""
    made = Tensor.empty(tuple(x.shape), x.dtype, x.device)
    if made.size:
        copy(made, x.realize())
    return made


def zeros_of(shape: Shape, like: Tensor, dtype: Any = None) -> Tensor:
    """Stored zeros of a shape, on the device of `like`."""
    made = Tensor.empty(shape, dtype or like.dtype, like.device)
    if made.size:
        copy(made, 0)
    return made


def identity(n: int, like: Any) -> Tensor:
    """The identity matrix of order n, of the dtype and on the device of `like`."""
    return eye(n, dtype=like.dtype, device=like.device)


def window(x: Tensor, rows: tuple[int, int], columns: tuple[int, int]) -> Tensor:
    """A view of rows and columns (from, to) of each matrix of a stored x."""
    cut = [(0, 1, n) for n in x.shape[:-2]]
    cut += [(low, 1, high - low) for low, high in (rows, columns)]
    return cut_view(x, tuple(cut))


@exactly
def subtract_product(target: Tensor, a: Tensor, b: Tensor) -> None:
    """target -= a @ b where the elements of `target` are, all of them outside the graph."""
    if a.shape[-1] and target.size:
        write(target._value, subtract.run(target, matmul(a, b))._value, "linalg")


def team_of(device: Device) -> int:
    """Work-items that share a matrix: one on a CPU, whose loops are vector code."""
    return 1 if device.is_cpu else min(64, 1 << (device.max_work_group.bit_length() - 1))


def team_kernel(device: Device, template: str, dtype: np.dtype, **params: Any) -> Kernel:
    """A kernel in which a team of work-items has a matrix."""
    names = {"T": dtypes.C_NAMES[dtype], "team": team_of(device)}
    return kernel(device, template, **names, **params)


def grid_of(device: Device, count: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Global and local size for a team for each of `count` matrices."""
    team = team_of(device)
    return (count * team,), (team,)


def raise_at(operation: str, info: Tensor, what: str) -> None:
    """Raise LinAlgError for the first matrix whose `info`, which is read, is not 0.

    what: what is wrong with it, with {info} for the number.
    """
    found = whole_of(info).numpy()
    if not found.any():
        return
    where = tuple(int(i) for i in np.argwhere(found)[0])
    number = int(found[where])
    at = f" (matrix {where if len(where) > 1 else where[0]} of the stack)" if where else ""
    raise LinAlgError(f"{operation}: {what.format(info=number)}{at}")


def broadcast_stack(x: Any, shape: Shape) -> Any:
    """x with the batch dimensions of `shape`."""
    return x if x.shape[:-2] == shape else broadcast_to(x, (*shape, *x.shape[-2:]))


def on_diagonal(x: Any) -> Any:
    """Matrices with the vectors of x on their diagonals."""
    n, batch = x.shape[-1], x.shape[:-1]
    return diagonal_backward(x, 0, len(batch), len(batch) + 1, (*batch, n, n))


def diagonals(x: Any) -> Any:
    """The diagonals of a stack of matrices."""
    return diagonal(x, 0, -2, -1)


def plus(*terms: Any) -> Any:
    """The sum of the terms that are not None; None without any."""
    total = None
    for term in terms:
        if term is not None:
            total = term if total is None else add(total, term)
    return total


def no_elements(shape: Shape, like: Tensor, value: float = 0) -> Tensor:
    """A tensor of `shape` filled with `value`, on the device and of the dtype of `like`."""
    return full(shape, value, like.dtype, like.device)
