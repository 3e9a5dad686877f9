"""Products in the one order that the length of their sums decides, for results that are the same
bits on every device (runtime/determinism.py).

Each result is the sum of a tree, whose leaves are chains of at most LEAF fused multiply-adds. Half
of the products of a sum, and a quarter, have subtrees of their own, so that ranks with equal parts
of a batch find the partial results of one with all of it.
"""

from __future__ import annotations

from math import prod
from typing import NamedTuple

import numpy as np

from cltensor.core.tensor import Tensor
from cltensor.dtypes import C_NAMES
from cltensor.lazy.fixed import cut_of, depth_of
from cltensor.lazy.grids import ceil_div
from cltensor.ops.elementwise.cast import full
from cltensor.ops.kernels.plan import Elements, Launch, Plan, Start, pending
from cltensor.ops.linalg.tiles import ROWS, VECTORS, widest
from cltensor.ops.shape.view import expand
from cltensor.runtime import tuning
from cltensor.runtime.device import Device
from cltensor.runtime.kernel import kernel

#: Multiply-adds of a leaf at most. A rank's part of a sum is a subtree if it has half as many.
LEAF = 16
#: Levels of a tree that a task keeps, unless it has all of a longer sum, and of how many products
#: of a sum a part consists at most: those of a few rows stay in a core's cache for the tiles that
#: need them.
LEVELS, _PART = 16, 1024


class Operand(NamedTuple):
    """How the matrices of a stack lie: elements from one to the next (0: the same for all), from
    row to row, and from column to column."""

    batch: int
    row: int
    column: int


class Tile(NamedTuple):
    """Rows of a tile, and the vectors of its columns."""

    RM: int
    NV: int
    VW: int

    @property
    def width(self) -> int:
        """In columns."""
        return self.NV * self.VW


def product(a: Tensor, b: Tensor, batch: tuple[int, ...]) -> Tensor:
    """The product of stacks of matrices of one floating-point dtype, `batch` together."""
    m, k, n = a.shape[-2], a.shape[-1], b.shape[-1]
    shape = (*batch, m, n)
    if 0 in (*shape, k):
        return full(shape, 0, a.dtype, a.device)
    (a, left), (b, right) = _stacked(a, batch), _stacked(b, batch)
    made = pending(_plan(a.device, a.dtype, batch, m, n, k, left, right), a, b)
    return made.sum(axis=0) if made.ndim > len(shape) else made


def plan_rows(
    device: Device, dtype: np.dtype, rows: int, pitch: int, inner: int, columns: int
) -> Plan:
    """The product of rows of so many elements, `pitch` apart, with a dense matrix, in two launches:
    the first packs the matrix. Its operands are those of `product`, and no size is 0."""
    a, b = Operand(0, pitch, 1), Operand(0, columns, 1)
    return _plan(device, dtype, (), rows, columns, inner, a, b, True)


def _stacked(x: Tensor, batch: tuple[int, ...]) -> tuple[Tensor, Operand]:
    """x, copied where no one step leads from each matrix of the stack to the next."""
    own = x.shape[:-2]
    if prod(own) == 1:
        return x, Operand(0, *x.realize().strides[-2:])
    x = x.realize() if own == batch else expand(x, (*batch, *x.shape[-2:])).contiguous().realize()
    axes = [(n, s) for n, s in zip(batch, x.strides[:-2], strict=True) if n != 1]
    first = step = axes[-1][1]
    for size, stride in reversed(axes):
        if stride != step or not step:
            return _stacked(x.contiguous(), batch)
        step *= size
    return x, Operand(first, *x.strides[-2:])


def tile_of(device: Device, dtype: np.dtype, n: int) -> Tile:
    """The tile for products of n columns."""
    if not device.is_cpu:
        return Tile(4, 1, 4 if n > 2 else n)
    wide = tuning.wide_registers(device)
    most = widest(device, dtype)
    width = min(most, 1 << (n - 1).bit_length())
    return Tile(8 if wide else ROWS, min(VECTORS, ceil_div(n, width)), width)


@tuning.planned
def _plan(
    device: Device,
    dtype: np.dtype,
    batch: tuple[int, ...],
    m: int,
    n: int,
    k: int,
    a: Operand,
    b: Operand,
    whole: bool = False,
) -> Plan:
    tile = tile_of(device, dtype, n)
    depth = depth_of(k, LEAF)
    batches, panels = prod(batch), ceil_div(n, tile.width)
    packed, planes = k * panels * tile.width, batches if b.batch else 1
    rows = ceil_div(m, tile.RM)
    below = depth if whole else levels_of(device, batches * panels * rows, k, depth)
    parts = 1 << (depth - below)
    names = {"T": C_NAMES[dtype]}
    pack = kernel(device, "gemm_fixed_pack", **names, width=tile.width)
    levels = max(LEVELS, below + 1)
    multiply = kernel(device, "gemm_fixed", **names, **tile._asdict(), LEVELS=levels)
    copies = cut_of(device, planes * panels * k)
    tasks = cut_of(device, parts * batches * panels * rows)
    launches = (
        Launch(
            pack, copies.grid, copies.local, y_g=Elements(3), b_g=Elements(2), b_o=Start(2), n=n,
            k=k, b_batch=b.batch, b_k=b.row, b_n=b.column, **copies.numbers,
        ),
        Launch(
            multiply, tasks.grid, tasks.local, y_g=Elements(0), a_g=Elements(1), a_o=Start(1),
            b_g=Elements(3), a_batch=a.batch, a_m=a.row, a_k=a.column,
            b_batch=packed if b.batch else 0, batches=batches, m=m, n=n, k=k, depth=depth,
            below=below, **tasks.numbers,
        ),
    )  # fmt: skip
    shape = (*((parts,) if parts > 1 else ()), *batch, m, n)
    return Plan(shape, dtype, launches, (planes * packed,))


def levels_of(device: Device, tasks: int, k: int, depth: int) -> int:
    """How many levels a task goes through: few enough for its share of the operands to stay in
    cache, and for all units to have work."""
    most = min(depth, LEVELS - 1, max(0, depth - (ceil_div(k, _PART) - 1).bit_length()))
    wanted = (2 if device.is_cpu else 256) * device.compute_units
    parts = (ceil_div(wanted, tasks) - 1).bit_length()
    return max(min(most, depth - parts), min(most, 3))
