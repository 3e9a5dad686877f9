"""Plans: what an operation launches for given shapes, worked out once and remembered.

Choosing tiles, strides and kernels takes far longer than a launch. Operations with such choices
make a Plan in a cached function of shapes and parameters; `execute` then only supplies operands.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from cltensor.program import Kernel
from cltensor.tensor import Tensor


class Launch(NamedTuple):
    """One launch. Operand 0 is the result, then come those of the operation, then scratch."""

    run: Kernel
    grid: tuple[int, ...]
    local: tuple[int, ...]
    #: The operands whose buffers are the kernel's first arguments.
    buffers: tuple[int, ...]
    #: Arguments that follow: where an operand starts, and how many elements later to begin.
    offsets: tuple[tuple[int, int], ...]
    #: The arguments after those.
    rest: tuple[int, ...]


class Plan(NamedTuple):
    """The launches of one operation, the result that they fill, and scratch of its dtype."""

    shape: tuple[int, ...]
    dtype: np.dtype
    launches: tuple[Launch, ...]
    scratch: tuple[int, ...] = ()


def execute(plan: Plan, *operands: Tensor) -> Tensor:
    """Launch `plan` on `operands`; returns the result."""
    device = operands[0].device
    out = Tensor.empty(plan.shape, plan.dtype, device)
    every = [out, *operands]
    for size in plan.scratch:
        every.append(Tensor.empty((size,), plan.dtype, device))
    for launch in plan.launches:
        launch.run(
            launch.grid,
            launch.local,
            *[every[i].buffer for i in launch.buffers],
            *[every[i].offset + more for i, more in launch.offsets],
            *launch.rest,
        )
    return out
