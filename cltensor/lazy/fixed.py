"""Reductions in the one order that their sizes decide, for results that are the same bits on every
device (runtime/determinism.py).

Neighbouring axes are reduced together, the last ones first; axis 0 on its own and at the end, so
that of a batch cut into two or four equal parts each has a subtree of the whole's sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from cltensor.dtypes import C_NAMES
from cltensor.lazy.codegen import Shape
from cltensor.lazy.grids import ceil_div
from cltensor.lazy.values import Value
from cltensor.runtime.device import Device
from cltensor.runtime.groups import power_below
from cltensor.runtime.kernel import Kernel, kernel
from cltensor.runtime.memory import Buffer

#: Interleaved sums of a leaf of neighbours, elements of such a leaf, and of one of others.
LANES, _ROW, _COLUMN = 16, 256, 16
#: The most levels of a tree that a work-item goes through.
_LEVELS = 16
_TASKS = 16  # for each compute unit of a CPU
_GPU_LEVELS = 4


class Fold(NamedTuple):
    """A pass over elements (outer, n, inner) along n, in leaves of so many."""

    outer: int
    n: int
    inner: int
    leaf: int
    lanes: int


class Cut(NamedTuple):
    """Global and local size of a launch over tasks, and what `each_task` of tree.cl takes."""

    grid: tuple[int]
    local: tuple[int]
    numbers: dict[str, int]


def folds(shape: Shape, kept: Sequence[bool], is_complex: bool) -> list[Fold]:
    """The passes that reduce `shape` over what is not kept."""
    sizes, found = list(shape), []
    axis = len(shape) - 1
    while axis >= 0:
        first = axis
        if not kept[axis]:
            while first > 1 and not kept[first - 1]:
                first -= 1
            n, inner = prod(sizes[first : axis + 1]), prod(sizes[axis + 1 :])
            lanes = LANES if first and inner == 1 and not is_complex else 0
            leaf = 1 if not first else _ROW if lanes else _COLUMN
            if n != 1:
                found.append(Fold(prod(sizes[:first]), n, inner, leaf, lanes))
            sizes[first : axis + 1] = [1] * (axis + 1 - first)
        axis = first - 1
    return found


def depth_of(n: int, leaf: int) -> int:
    """Of the tree whose leaves have at most so many of n elements."""
    return (ceil_div(n, leaf) - 1).bit_length() if n > leaf else 0


def cut_of(device: Device, tasks: int) -> Cut:
    """How so many tasks are spread over work-items: of a CPU each takes neighbours."""
    if device.is_cpu:
        groups = min(tasks, _TASKS * device.compute_units)
        local, chunk = 1, ceil_div(tasks, max(groups, 1))
    else:
        groups, local, chunk = min(ceil_div(tasks, 64), 64 * device.compute_units), 64, 1
    return Cut((groups * local,), (local,), {"tasks": tasks, "chunk": chunk})


def launch_fold(root: Value, op: Any, operand: Value) -> Buffer:
    """Launch the passes of a reduction of stored, dense elements; returns where the results are."""
    device, dtype = root.device, root.dtype
    given: tuple[Buffer, int] = operand.buffer, operand.offset  # type: ignore[assignment]
    passes = folds(operand.shape, root.kept, dtype.kind == "c")
    if not passes:  # of axes of one element
        passes = [Fold(prod(operand.shape), 1, 1, 1, 0)]
    for each in passes:
        given = _launch(device, op, dtype, each, given), 0
    return given[0]


def _launch(
    device: Device, op: Any, dtype: np.dtype, fold: Fold, given: tuple[Buffer, int]
) -> Buffer:
    outer, n, inner, leaf, lanes = fold
    depth = depth_of(n, leaf)
    width = 1
    if device.is_cpu and dtype.kind != "c":
        width = min(LANES, power_below(inner))
    columns = ceil_div(inner, width)
    while True:
        below = _levels(device, outer * columns, depth)
        tasks = outer * columns << (depth - below)
        out = device.pool.allocate((outer * inner << (depth - below)) * dtype.itemsize)
        cut = cut_of(device, tasks)
        _kernel(device, op, dtype, width, lanes)(
            cut.grid, cut.local, y_g=out, x_g=given[0], x_o=given[1], outer=outer, n=n, inner=inner,
            depth=depth, below=below, **cut.numbers,
        )  # fmt: skip
        if depth == below:
            return out
        # The partial results are the leaves of the rest of the tree, one each.
        given, n, depth, lanes = (out, 0), 1 << (depth - below), depth - below, 0


def _levels(device: Device, tasks: int, depth: int) -> int:
    """How many levels a work-item goes through, so that there is work for all, but few launches."""
    if not device.is_cpu:
        return min(depth, _GPU_LEVELS)
    parts = (ceil_div(_TASKS * device.compute_units, max(tasks, 1)) - 1).bit_length()
    return min(depth, _LEVELS - 1, max(depth - parts, _LEVELS // 2))


def _kernel(device: Device, op: Any, dtype: np.dtype, width: int, lanes: int) -> Kernel:
    return kernel(
        device,
        "reduce_fixed",
        T=C_NAMES[dtype],
        start=op.start_of(dtype),
        combine=op.combine,
        width=width,
        lanes=lanes,
        LEVELS=_LEVELS,
    )
