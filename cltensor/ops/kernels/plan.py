"""Plans: what an operation launches for given shapes, worked out once and remembered.

Choosing tiles, strides and kernels takes far longer than a launch. Operations with such choices
make a Plan in a cached function of shapes and parameters; `execute` then only supplies operands,
and `pending` leaves that for later, when it is known what becomes of the result.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from cltensor.core.tensor import Tensor
from cltensor.lazy import fusion
from cltensor.lazy.codegen import Side
from cltensor.runtime.device import Device
from cltensor.runtime.kernel import Kernel, build, kernel, render
from cltensor.runtime.memory import Buffer


class Recipe:
    """A kernel that is built when it is first launched, alone or with a store side.

    Its template takes `side`, the codegen.Code of that expression or None, beside `params`.
    """

    __slots__ = ("_alone", "device", "params", "template")

    def __init__(self, device: Device, template: str, **params: Any) -> None:
        self.device = device
        self.template = template
        self.params = params
        self._alone: Kernel | None = None

    def __call__(self, grid: tuple[int, ...], local: tuple[int, ...], *args: Any) -> None:
        """Launch the kernel without a store side."""
        if self._alone is None:
            self._alone = kernel(self.device, self.template, side=None, keep=True, **self.params)
        self._alone(grid, local, *args)

    def joined(self, side: Side) -> Kernel:
        """The kernel with `side`."""
        key = (self.template, tuple(self.params.items()), side.key)
        return self.device.kernels.get(key) or self.device.add_kernel(key, self._join, side)

    def _join(self, side: Side) -> Kernel:
        source = render(self.device, self.template, side=side.code, keep=side.keep, **self.params)
        origin = f"{self.template}.cl with {self.params} and a store side"
        return build(self.device, self.template, source, origin)


class Launch(NamedTuple):
    """One launch. Operand 0 is the result, then come those of the operation, then scratch."""

    run: Kernel | Recipe
    grid: tuple[int, ...]
    local: tuple[int, ...]
    #: The operands whose buffers are the kernel's first arguments.
    buffers: tuple[int, ...]
    #: Arguments that follow: where an operand starts, and how many elements later to begin.
    offsets: tuple[tuple[int, int], ...]
    #: The arguments after those.
    rest: tuple[int, ...]


class Plan(NamedTuple):
    """The launches of one operation, the result that they fill, and scratch of its dtype.

    joins: whether the last kernel, a Recipe, takes a store side and writes every result; passes:
    whether that kernel keeps sums in the result meanwhile.
    """

    shape: tuple[int, ...]
    dtype: np.dtype
    launches: tuple[Launch, ...]
    scratch: tuple[int, ...] = ()
    joins: bool = False
    passes: bool = True


class _Planned(fusion.Producer):
    """A plan that waits for its launch."""

    __slots__ = ("joins", "passes", "plan")

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.joins = plan.joins
        self.passes = plan.passes

    def launch(self, value: fusion.Value, side: Side | None) -> Buffer:
        plan, pool = self.plan, value.device.pool
        size = plan.dtype.itemsize
        operands = [(v.buffer, v.offset) for v in value.args]
        if side is None or side.keep or plan.passes:
            out = pool.allocate(prod(plan.shape) * size)
        else:
            out = operands[0][0]  # not touched
        every = [(out, 0), *operands, *[(pool.allocate(n * size), 0) for n in plan.scratch]]
        for i, (run, grid, local, buffers, offsets, rest) in enumerate(plan.launches, 1):
            extra: Sequence[Any] = ()
            if side is not None and i == len(plan.launches):
                assert isinstance(run, Recipe)  # as `joins` says
                run, extra = run.joined(side), side.arguments
            run(
                grid,
                local,
                *[every[b][0] for b in buffers],
                *[every[o][1] + more for o, more in offsets],
                *rest,
                *extra,
            )
        return out


def pending(plan: Plan, *operands: Tensor) -> Tensor:
    """The result of `plan` on `operands`, launched when it is known what becomes of it."""
    values = tuple([operand._value for operand in operands])
    return Tensor(fusion.product(_Planned(plan), values, plan.shape, plan.dtype))


def execute(plan: Plan, *operands: Tensor) -> Tensor:
    """Launch `plan` on `operands`; returns the result."""
    return pending(plan, *operands).realize()
