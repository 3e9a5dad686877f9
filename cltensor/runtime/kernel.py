"""Kernels: built from source, cached in memory and on disk, and launched."""

from __future__ import annotations

import atexit
import os
import re
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import prod
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from cltensor.errors import KernelError
from cltensor.runtime import binaries
from cltensor.runtime.determinism import Determinism, is_deterministic, require_fixed
from cltensor.runtime.device import Device
from cltensor.runtime.events import Launched, Listeners
from cltensor.runtime.fidelity import require_fidelity
from cltensor.runtime.groups import GroupError, asks_for_group, most_items, require_room, shrunk
from cltensor.runtime.memory import Buffer, is_pyopencls, rescued
from cltensor.runtime.programs import built, notice, quietly
from cltensor.runtime.source import declarations, own_source, prelude, render, without_comments
from cltensor.runtime.timing import Timing, timed_queue, waited

if TYPE_CHECKING:
    import pyopencl as cl

_SCALARS = {
    "char": np.int8,
    "short": np.int16,
    "int": np.int32,
    "long": np.int64,
    "uchar": np.uint8,
    "ushort": np.uint16,
    "uint": np.uint32,
    "ulong": np.uint64,
    "float": np.float32,
    "double": np.float64,
    "float2": np.complex64,
    "double2": np.complex128,
}
_LARGEST_GRID = 1 << 40  # far beyond any memory; drivers crash on absurd sizes instead of refusing


class Counters:
    """What the process built and launched so far (printed at exit under CLTENSOR_DEBUG=1)."""

    builds = 0
    disk_hits = 0
    launches = 0


class Live:
    """A number that is asked for at every launch, for values that change from step to step.

    In an expression it counts as a Python float; `read` gives its value when the kernel that
    contains it is launched, or launched again by a replay.
    """

    __slots__ = ("read",)

    def __init__(self, read: Callable[[], float]) -> None:
        self.read = read

    # What becomes of it where a kernel's arguments are packed.

    def __float__(self) -> float:
        return float(self.read())

    def __index__(self) -> int:
        return int(self.read())

    @property
    def real(self) -> float:
        """The number, where one of complex numbers is to be packed."""
        return float(self.read())

    @property
    def imag(self) -> float:
        """None: the number is real."""
        return 0.0


#: Launches a kernel over a global and a local size with the values of its arguments.
Launcher = Callable[[tuple[int, ...], tuple[int, ...], Sequence[Any]], None]


class Kernel:
    """A built kernel, called as ``kernel(global_size, local_size, name=value, ...)``.

    Arguments go by the names of the kernel's parameters, in any order: Buffers for pointers and
    numbers for scalars. `by_name` checks names once for many launches. One lock per device covers
    setting the arguments and the launch, so threads may share kernels.
    """

    def __init__(
        self,
        device: Device,
        program: cl.Program,
        name: str,
        parameters: Mapping[str, Any],
        source: str,
    ) -> None:
        import pyopencl as cl

        scalars = list(parameters.values())
        handle = cl.Kernel(program, name)
        # Typed scalars make setting the arguments fifteen times faster than letting pyopencl guess.
        handle.set_scalar_arg_dtypes(scalars)
        self.device = device
        self.name = name
        # As those in calls are: the same objects are compared faster.
        self.names = tuple([sys.intern(name) for name in parameters])
        self.program = program
        self.scalars = scalars
        self.source = source
        #: What was asked for when it was built; see determinism.py.
        self.level = Determinism.level
        self._handle = handle
        self._lock = device.lock
        self._queue = device.queue
        self._pointers = [i for i, scalar in enumerate(scalars) if scalar is None]
        self._set_args = handle.set_args
        self._enqueue = device.enqueue
        self._orders: dict[tuple[str, ...], Callable[[Sequence[Any]], tuple[Any, ...]]] = {}

    def __call__(
        self,
        global_size: tuple[int, ...],
        local_size: tuple[int, ...],
        /,
        **args: Buffer | Live | float,
    ) -> None:
        """Launch over `global_size` work-items, a multiple of `local_size`; an empty grid is a
        no-op."""
        names = tuple(args)
        launch = self._launch if names == self.names else self.by_name(names)
        launch(global_size, local_size, [*args.values()])

    def by_name(self, names: tuple[str, ...]) -> Launcher:
        """What launches the kernel with the values of its arguments in the order of `names`.

        Raises KernelError unless each of the kernel's parameters is named once.
        """
        if names == self.names:
            return self._launch
        launch, order = self._launch, self._orders.get(names) or self._order(names)
        return lambda global_size, local_size, values: launch(
            global_size, local_size, order(values)
        )

    def _order(self, names: tuple[str, ...]) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
        if sorted(names) != sorted(self.names):
            wrong = {
                "missing": [n for n in self.names if n not in names],
                "unknown": [n for n in dict.fromkeys(names) if n not in self.names],
                "given more than once": [n for n in dict.fromkeys(names) if names.count(n) > 1],
            }
            said = "; ".join(f"{what}: {', '.join(each)}" for what, each in wrong.items() if each)
            raise KernelError(
                f"{self.name}: arguments {said}; the kernel's parameters are "
                f"{', '.join(self.names)}"
            )
        order = itemgetter(*[names.index(n) for n in self.names])
        self._orders[names] = order
        return order

    def _launch(
        self, global_size: tuple[int, ...], local_size: tuple[int, ...], values: Sequence[Any]
    ) -> None:
        total = prod(global_size)
        if total == 0:
            return
        if total > _LARGEST_GRID:
            raise KernelError(f"{self.name}: a grid of {global_size} work-items is out of range")
        self.device.check_process()
        if Determinism.level and self.level is not Determinism.level:
            require_fixed(self.name, own_source(self.source), "an older kernel")
        given = list(values)
        for i in self._pointers:
            given[i] = given[i].cl
        with self._lock:
            # One after the other: to set arguments again would draw other random numbers.
            try:
                self._set_args(*given)
            except Exception as error:
                again = partial(self._set_args, *given)
                self._rescue(error, again, given, global_size, local_size)
            queue = timed_queue(self.device) if Timing.users else self._queue
            try:
                done = self._enqueue(queue, self._handle, global_size, local_size)
            except Exception as error:
                again = partial(self._enqueue, queue, self._handle, global_size, local_size)
                done = self._rescue(error, again, given, global_size, local_size)
            Counters.launches += 1
            done = None if queue is self._queue else waited(self.device, done)
            if Listeners.present:
                Listeners.tell(Launched(self, global_size, local_size, tuple(values), done))

    def takes(self, local_size: tuple[int, ...]) -> bool:
        """Whether it can be launched in groups of this size."""
        device = self.device
        sides = zip(local_size, device.max_work_items, strict=False)
        return prod(local_size) <= device.max_work_group and all(n <= most for n, most in sides)

    def described(self, global_size: tuple[int, ...], local_size: tuple[int, ...]) -> str:
        """What errors call a launch."""
        return (
            f"{self.name}: the launch of {global_size} work-items in groups of {local_size} on "
            f"'{self.device.name}' ({self.device.title})"
        )

    def require_numbers(self, values: Sequence[Any]) -> None:
        """Raise KernelError for the first scalar argument that is no number: after a launch that
        failed, as what packs the arguments says neither which it was nor what."""
        for name, scalar, value in zip(self.names, self.scalars, values, strict=True):
            if scalar is None:
                continue
            found = value.read() if isinstance(value, Live) else value
            try:
                float(found)
            except (TypeError, ValueError):
                raise KernelError(
                    f"{self.name}: argument {name!r} is {found!r}; give a number, also where it is "
                    "asked for at every step, such as the lr of a group"
                ) from None

    def _rescue(
        self,
        error: Exception,
        again: Callable[[], Any],
        given: Sequence[Any],
        global_size: tuple[int, ...],
        local_size: tuple[int, ...],
    ) -> Any:
        """Call `again` where the driver ran out of resources; raises what `rescued` raises."""
        what = self.described(global_size, local_size)
        if is_pyopencls(error):
            require_room(self.device, self._handle, what)
        else:
            self.require_numbers(given)
        return rescued(self.device, error, again, what, KernelError)


class _Narrow(Kernel):
    """A kernel that takes no groups as large as its device does, but of `most` work-items."""

    def __init__(self, most: int, *args: Any) -> None:
        super().__init__(*args)
        self._most = most
        own = self.source.removeprefix(prelude(self.device))
        self._asks_for_group = asks_for_group(own)

    def takes(self, local_size: tuple[int, ...]) -> bool:
        """See Kernel."""
        return prod(local_size) <= self._most and super().takes(local_size)

    def _launch(
        self, global_size: tuple[int, ...], local_size: tuple[int, ...], values: Sequence[Any]
    ) -> None:
        if prod(local_size) > self._most:
            if self._asks_for_group:
                raise GroupError(
                    f"{self.described(global_size, local_size)} failed: this kernel takes groups "
                    f"of up to {self._most} work-items there",
                    self.device,
                    self._most,
                )
            local_size = shrunk(local_size, self._most)
        super()._launch(global_size, local_size, values)


def kernel(device: Device, template: str, **params: Any) -> Kernel:
    """The kernel of cl_kernels/<kind>/<template>.cl rendered with `params` for `device`.

    params must be hashable. The first call renders and builds (or loads the cached binary); later
    ones are a dictionary look-up.

    Raises KernelError with template, parameters, source and build log.
    """
    key = (template, tuple(params.items()))
    return device.kernels.get(key) or device.add_kernel(key, _make, device, template, params)


def _make(device: Device, template: str, params: Mapping[str, Any]) -> Kernel:
    source = render(device, template, **params)
    return build(device, template, source, f"{template}.cl with {params}")


def build(
    device: Device, name: str, source: str, origin: str, ordered: bool | None = None
) -> Kernel:
    """The kernel `name` of OpenCL C `source`; `origin` says in errors where it comes from.

    ordered: whether it adds up, if at all, what is the same in any order, or None for a template,
    whose name says so; see determinism.py.
    """
    import pyopencl as cl

    device.check_process()
    if is_deterministic():
        require_fidelity(device)
        require_fixed(name, without_comments(own_source(source)), origin, ordered)
    if "\0" in source:
        raise KernelError(f"{name}: the source of {origin} contains a NUL character")
    parameters = _signature(name, source)
    entry = binaries.Entry(device, source)

    def made(program: cl.Program) -> Kernel:
        given = (device, program, name, parameters, source)
        if device.is_cpu:  # whose kernels are launched in groups of one
            return Kernel(*given)
        most = most_items(device, program, name)
        return Kernel(*given) if most >= device.max_work_group else _Narrow(most, *given)

    found = _load(device, entry, source, made)
    if found is not None:
        Counters.disk_hits += 1
        return found
    began = time.perf_counter()
    try:
        found = _compiled(device, entry, source, made)
    except cl.Error as error:
        numbered = "\n".join(f"{i:4} {line}" for i, line in enumerate(source.split("\n"), 1))
        raise KernelError(
            f"{name}: {origin} did not build on '{device.name}' ({device.title})\n"
            f"{numbered}\n{error}"
        ) from error
    Counters.builds += 1
    notice(time.perf_counter() - began)
    return found


def _load(
    device: Device, entry: binaries.Entry, source: str, made: Callable[[cl.Program], Kernel]
) -> Kernel | None:
    """The kernel of the program cached at `entry`, or None when none there can be trusted."""
    import pyopencl as cl

    files = entry.read()
    if files is None:
        return None
    try:
        binary = binaries.binary_of(files)
        if binary is not None:
            return made(quietly(cl.Program(device.context, [device.cl_device], [binary])))
        if not binaries.has_own_cache(device):
            return None
        cache = binaries.pocl_cache()
        if not cache.restore(entry, files):
            return None
        found = made(built(device, source))
        cache.confirm(entry)
        return found
    except cl.Error:  # what this driver no longer accepts is just an old entry
        if binaries.has_own_cache(device):
            binaries.pocl_cache().discard(entry)
        return None


def _compiled(
    device: Device, entry: binaries.Entry, source: str, made: Callable[[cl.Program], Kernel]
) -> Kernel:
    """The kernel of `source`, built anew and kept at `entry`."""
    import pyopencl as cl

    if not binaries.has_own_cache(device):
        program = built(device, source)
        binaries.keep_binary(entry, program)
        return made(program)
    cache = binaries.pocl_cache()
    try:
        with cache.building(entry):
            return made(built(device, source))
    except cl.Error:
        if not cache.is_foreign():
            raise
        # Another name for PoCL, whose own entry, in a folder that is not ours, may be damaged.
        return made(built(device, source, "-DCT_ANEW"))


def _signature(name: str, source: str) -> dict[str, Any]:
    """The parameters of kernel `name` in order, each with the NumPy type of a scalar one or None
    for a pointer."""
    found = {}
    for parameter, text in declarations(name, source).items():
        words = re.sub(r"\bconst\b", "", text).split()
        found[parameter] = None if "*" in text else _SCALARS[words[0]]
    return found


def _report() -> None:
    print(
        f"cltensor: {Counters.builds} programs built, {Counters.disk_hits} loaded from the cache, "
        f"{Counters.launches} launches",
        file=sys.stderr,
    )


if os.environ.get("CLTENSOR_DEBUG") == "1":
    atexit.register(_report)
