"""Plans: what an operation launches for given shapes, worked out once and remembered.

Choosing tiles, strides and kernels takes far longer than a launch. Operations with such choices
make a Plan in a cached function of shapes and parameters; `execute` then only supplies operands,
and `pending` leaves that for later, when it is known what becomes of the result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from cltensor.core.tensor import Tensor
from cltensor.lazy import fusion
from cltensor.lazy.codegen import Side
from cltensor.runtime.device import Device
from cltensor.runtime.kernel import Kernel, Launcher, build, kernel, render
from cltensor.runtime.memory import Buffer


class Recipe:
    """A kernel that is built when it is first launched, alone or with a store side.

    Its template takes `side`, the codegen.Code of that expression or None, beside `params`.
    """

    __slots__ = ("_params", "_template", "device")

    def __init__(self, device: Device, template: str, **params: Any) -> None:
        self.device = device
        self._template = template
        self._params = params

    def by_name(self, names: tuple[str, ...]) -> Built:
        """As Kernel.by_name; names are checked when the kernel is built."""
        return Built(self.device, self._template, self._params, names)


class Built:
    """The launcher of a recipe for arguments in the order of `names`."""

    __slots__ = ("_alone", "_device", "_key", "_names", "_params", "_template")

    def __init__(
        self, device: Device, template: str, params: Mapping[str, Any], names: tuple[str, ...]
    ) -> None:
        self._device = device
        self._template = template
        self._params = params
        self._names = names
        self._key = (template, tuple(params.items()), names)
        self._alone: Launcher | None = None

    def __call__(
        self, grid: tuple[int, ...], local: tuple[int, ...], values: Sequence[Any]
    ) -> None:
        """Launch the kernel without a store side."""
        if self._alone is None:
            run = kernel(self._device, self._template, side=None, keep=True, **self._params)
            self._alone = run.by_name(self._names)
        self._alone(grid, local, values)

    def joined(self, side: Side) -> Launcher:
        """What launches the kernel with `side`, whose arguments follow."""
        key = (self._key, side.key)
        return self._device.kernels.get(key) or self._device.add_kernel(key, self._join, side)

    def _join(self, side: Side) -> Launcher:
        code, params = side.code, self._params
        source = render(self._device, self._template, side=code, keep=side.keep, **params)
        origin = f"{self._template}.cl with {params} and a store side"
        run = build(self._device, self._template, source, origin)
        return run.by_name((*self._names, *code.parameters))


class Elements(NamedTuple):
    """As an argument: the buffer of an operand. Operand 0 is the result, then come those of the
    operation, then scratch."""

    operand: int


class Start(NamedTuple):
    """As an argument: where the elements of an operand start in its buffer, and how many later to
    begin."""

    operand: int
    more: int = 0


class Launch:
    """One launch of a plan: a kernel, its sizes, and its arguments by name, each Elements, a Start
    or a number. Names are checked here, or when a Recipe is built.

    Raises KernelError for names that are not the kernel's.
    """

    __slots__ = ("_buffers", "_grid", "_local", "_numbers", "_run", "_starts")

    def __init__(
        self,
        run: Kernel | Recipe,
        grid: tuple[int, ...],
        local: tuple[int, ...],
        /,
        **args: Elements | Start | int,
    ) -> None:
        buffers = {n: a.operand for n, a in args.items() if type(a) is Elements}
        starts = {n: (a.operand, a.more) for n, a in args.items() if type(a) is Start}
        numbers = {n: a for n, a in args.items() if n not in buffers and n not in starts}
        self._run = run.by_name((*buffers, *starts, *numbers))
        self._grid = grid
        self._local = local
        self._buffers = tuple(buffers.values())
        self._starts = tuple(starts.values())
        self._numbers = tuple(numbers.values())

    def __call__(self, operands: Sequence[tuple[Buffer, int]], side: Side | None) -> None:
        """Launch on operands, each a buffer and where it starts, and with the store side."""
        run: Any = self._run
        extra: Sequence[Any] = ()
        if side is not None:
            assert isinstance(run, Built)  # as `joins` says
            run, extra = run.joined(side), side.arguments
        values = [
            *[operands[k][0] for k in self._buffers],
            *[operands[k][1] + more for k, more in self._starts],
            *self._numbers,
            *extra,
        ]
        run(self._grid, self._local, values)


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
        for launch in plan.launches[:-1]:
            launch(every, None)
        if plan.launches:
            plan.launches[-1](every, side)
        return out


def pending(plan: Plan, *operands: Tensor) -> Tensor:
    """The result of `plan` on `operands`, launched when it is known what becomes of it."""
    values = tuple([operand._value for operand in operands])
    return Tensor(fusion.product(_Planned(plan), values, plan.shape, plan.dtype))


def execute(plan: Plan, *operands: Tensor) -> Tensor:
    """Launch `plan` on `operands`; returns the result."""
    return pending(plan, *operands).realize()
