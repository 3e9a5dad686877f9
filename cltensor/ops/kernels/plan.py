"""Plans: what an operation launches for given shapes, worked out once and remembered.

Choosing tiles, strides and kernels takes far longer than a launch. Operations with such choices
make a Plan in a cached function of shapes and parameters; `execute` then only supplies operands,
and `pending` leaves that for later, when it is known what becomes of the result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np

from cltensor.core.tensor import Tensor
from cltensor.lazy import fusion
from cltensor.lazy.codegen import Side
from cltensor.runtime.device import Device
from cltensor.runtime.kernel import Kernel, Launcher, build, kernel
from cltensor.runtime.memory import Buffer
from cltensor.runtime.source import render


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

    def takes(self, local: tuple[int, ...]) -> bool:
        """Whether the kernel, which is built, can be launched in groups of this size."""
        return kernel(self.device, self._template, side=None, keep=True, **self._params).takes(
            local
        )


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

    __slots__ = ("_grid", "_local", "_more", "_numbers", "_pick", "_run")

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
        places = [2 * k for k in buffers.values()] + [2 * k + 1 for k, _ in starts.values()]
        self._pick = itemgetter(*places, 0)  # one at least, so that it gives a tuple
        self._more = tuple([0] * len(buffers) + [more for _, more in starts.values()])
        if not any(self._more):
            self._more = ()
        self._numbers = tuple(numbers.values())

    def __call__(self, operands: Sequence[Buffer | int], side: Side | None) -> None:
        """Launch on operands, for each its buffer and where it starts, and with the store side."""
        run: Any = self._run
        extra: Sequence[Any] = ()
        if side is not None:
            assert isinstance(run, Built)  # as `joins` says
            run, extra = run.joined(side), side.arguments
        given = self._pick(operands)[:-1]
        if self._more:
            given = [g + more if more else g for g, more in zip(given, self._more, strict=True)]
        run(self._grid, self._local, [*given, *self._numbers, *extra])


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

    def make(self, value: fusion.Value, side: Side | None) -> Buffer:
        plan, pool = self.plan, value.device.pool
        size = plan.dtype.itemsize
        if side is None or side.keep or plan.passes:
            out = pool.allocate(prod(plan.shape) * size)
        else:
            out = value.args[0].buffer  # not touched
        operands = [out, 0]
        for operand in value.args:
            operands += operand.buffer, operand.offset
        for n in plan.scratch:
            operands += pool.allocate(n * size), 0
        for launch in plan.launches[:-1]:
            launch(operands, None)
        if plan.launches:
            plan.launches[-1](operands, side)
        return out


def pending(plan: Plan, *operands: Tensor) -> Tensor:
    """The result of `plan` on `operands`, launched when it is known what becomes of it."""
    values = tuple([operand._value for operand in operands])
    return Tensor(fusion.product(_Planned(plan), values, plan.shape, plan.dtype))


def execute(plan: Plan, *operands: Tensor) -> Tensor:
    """Launch `plan` on `operands`; returns the result."""
    return pending(plan, *operands).realize()
