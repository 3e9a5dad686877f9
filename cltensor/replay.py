"""Recording the launches of a call, and launching them again without Python in between.

While a Recorder is active on a device, allocations come from a pool of its own, so the buffers of
the recorded launches stay theirs and are reused among them as the call did. A Tape is the result:
one bound kernel per launch. What changes from call to call is set before a launch: the buffers of
arguments and results, and Live numbers. Everything else is as it was when recorded, and the tape
knows when it no longer is.
"""

from __future__ import annotations

import struct
import sys
import weakref
from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import partial
from itertools import groupby
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np

from cltensor.commands import CommandBuffer, are_worthwhile
from cltensor.device import Device
from cltensor.errors import DeviceError
from cltensor.memory import Buffer, Pool
from cltensor.program import Counters, Live

if TYPE_CHECKING:
    import pyopencl as cl

    from cltensor.program import Kernel


class Recorder:
    """Context in which the launches on `device` are noted as well as run."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.steps: list[Any] = []
        self.kept: list[Buffer] = []
        #: Buffers from outside. Not ours to keep alive: when their owner drops one, the recording
        #: is out of date.
        self.outside: dict[int, weakref.ref[Buffer]] = {}
        self.replaced: set[int] = set()
        self.spoiled = False
        self.states: dict[Hashable, tuple[Any, Callable[[], Any], Callable[[Any], None]]] = {}
        self.watched: dict[int, Any] = {}
        self.pool = Pool(device, parent=device.pool)

    def __enter__(self) -> Recorder:
        self.device.lock.acquire()
        if self.device.recorder is not None:
            self.device.lock.release()
            raise DeviceError(
                "jit: a function being recorded called another jitted function; jit the outer one"
            )
        self.outer_pool = self.device.pool
        self.device.pool = self.pool
        self.device.recorder = self
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.device.pool = self.outer_pool
        self.device.recorder = None
        self.device.lock.release()

    def launched(
        self,
        kernel: Kernel,
        global_size: tuple[int, ...],
        local_size: tuple[int, ...],
        args: tuple[Any, ...],
    ) -> None:
        """Note a launch; called by the kernel."""
        for a in args:
            if type(a) is Buffer and a.pool is not self.pool:
                self.outside[id(a)] = weakref.ref(a)
        # Buffers of our own pool are noted by handle, so that they can be reused meanwhile.
        # A reference tells a buffer from a later one whose object got the same address.
        marks = [weakref.ref(a) if type(a) is Buffer else None for a in args]
        plain = [a.cl if type(a) is Buffer else a for a in args]
        self.steps.append(_Launch(kernel, global_size, local_size, plain, marks))

    def keep(self, buffer: Buffer) -> None:
        """Never reuse `buffer`: the host wrote constants into it."""
        self.kept.append(buffer)

    def host(self, action: Callable[[], None]) -> None:
        """Run `action` now and at this place of every replay."""
        action()
        self.steps.append(action)

    def replaces(self, buffer: Buffer) -> None:
        """Note that a launch changes elements of `buffer` in place."""
        self.replaced.add(id(buffer))

    def rebinds(
        self, key: Hashable, before: Any, current: Callable[[], Any], show: Callable[[Any], None]
    ) -> None:
        """Note, before it happens, that a holder exchanges the Tensor `before` for another: a
        state, whose next value the next replay must find where this one found `before`.

        current returns what the holder shows at the end, show makes it show another Tensor.
        """
        if key not in self.states:
            self.states[key] = (before, current, show)

    def watch(self, holder: Any) -> None:
        """Note that the call read the data of `holder`, which may show something else later."""
        self.watched[id(holder)] = holder

    def refuse(self, what: str) -> None:
        """Raise: `what` cannot be replayed."""
        raise DeviceError(
            f"jit: {what} inside a jitted function happens only once, when the call is recorded; "
            "do it outside, or pass the data as an argument"
        )


class _Launch:
    """One recorded launch: a kernel object of its own with its arguments bound."""

    __slots__ = ("handle", "is_fixed", "live", "marks", "plain", "sizes")

    def __init__(
        self,
        kernel: Kernel,
        global_size: tuple[int, ...],
        local_size: tuple[int, ...],
        plain: list[Any],
        marks: list[weakref.ref[Buffer] | None],
    ) -> None:
        import pyopencl as cl

        self.handle = cl.Kernel(kernel.program, kernel.name)
        self.sizes = (global_size, local_size)
        self.marks = marks
        self.plain = plain  # keeps the handles of the buffers alive
        self.live: list[tuple[int, Live, struct.Struct]] = []
        for i, (a, scalar) in enumerate(zip(plain, kernel.scalars, strict=True)):
            if scalar is None:
                self.handle.set_arg(i, a)
            elif type(a) is Live:
                self.live.append((i, a, struct.Struct(np.dtype(scalar).char)))
            else:
                self.handle.set_arg(i, scalar(a))
        #: Whether every replay has the same arguments.
        self.is_fixed = not self.live

    def actions(self, device: Device) -> list[Callable[[], Any]]:
        """What a replay calls: the setting of arguments that change, and the launch."""
        import pyopencl as cl

        launch = partial(cl.enqueue_nd_range_kernel, device.queue, self.handle, *self.sizes)
        return [self._read_live, launch] if self.live else [launch]

    def _read_live(self) -> None:
        for i, live, form in self.live:
            self.handle.set_arg(i, form.pack(live.read()))


class Tape:
    """Recorded launches that can be run again.

    exchanged are the buffers that every replay exchanges, states pairs of a buffer that the call
    read and the one that replays read instead.
    """

    def __init__(
        self,
        recorder: Recorder,
        exchanged: Iterable[Buffer],
        states: Sequence[tuple[Buffer, Buffer]],
    ) -> None:
        self.device = recorder.device
        self._steps = recorder.steps
        self._pool = recorder.pool
        self._places: dict[int, list[tuple[cl.Kernel, int]]] = {}
        changing = {id(b) for b in exchanged}
        places = changing | {id(before) for before, _ in states}
        for step in self._steps:
            if type(step) is _Launch:
                for i, mark in enumerate(step.marks):
                    buffer = mark() if mark else None
                    if buffer is not None and id(buffer) in places:
                        self._places.setdefault(id(buffer), []).append((step.handle, i))
                        step.is_fixed = step.is_fixed and id(buffer) not in changing
        for before, after in states:
            self.exchange(before, after)
        self._kept = recorder.kept
        self._watchers = list(recorder.watched.values())
        self._watched: list[tuple[Any, weakref.ref[Any]]] = []
        held = {**recorder.outside, **{id(b): weakref.ref(b) for b in recorder.kept}}
        self._held: list[list[Any]] = [
            [ref, mark in recorder.replaced, 0] for mark, ref in held.items() if mark not in places
        ]
        self._launches = sum(type(step) is _Launch for step in self._steps)
        self._actions = self._compiled()

    def _compiled(self) -> list[Callable[[], Any]]:
        """The steps as calls without arguments; fixed launches in a row are one where the driver
        has command buffers."""
        actions: list[Callable[[], Any]] = []
        together = are_worthwhile(self.device)
        for fixed, steps in groupby(self._steps, lambda s: type(s) is _Launch and s.is_fixed):
            row = list(steps)
            if fixed and together and len(row) > 1:
                launches = [(step.handle, *step.sizes) for step in row]
                actions.append(CommandBuffer(self.device, launches))
                continue
            for step in row:
                actions += step.actions(self.device) if type(step) is _Launch else [step]
        return actions

    def seal(self) -> None:
        """Take the present owners of every outside buffer as those that must stay."""
        self._watched = [(holder, weakref.ref(holder._data)) for holder in self._watchers]
        for entry in self._held:
            entry[2] = sys.getrefcount(entry[0]())

    def is_current(self) -> bool:
        """Whether what the launches read, and change, is still what it was when recorded."""
        for holder, data in self._watched:
            if holder._data is not data():
                return False
        for ref, is_replaced, owners in self._held:
            count = sys.getrefcount(ref())
            if count < owners or (is_replaced and count != owners) or ref() is None:
                return False
        return True

    def exchange(self, recorded: Buffer, now: Buffer) -> None:
        """Use `now` wherever the recorded call used `recorded`."""
        for handle, i in self._places.get(id(recorded), ()):
            handle.set_arg(i, now.cl)

    def replay(self) -> None:
        """Launch everything again, in order."""
        with self.device.lock:
            for act in self._actions:
                act()
        Counters.launches += self._launches
