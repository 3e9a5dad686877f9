"""Recording the launches of a call, and launching them again without Python in between.

While a thread records, the buffers that it allocates come from a pool of the recording, so those of
the recorded launches stay theirs and are reused among them as the call did. What is still held at
the end gets bytes of its own. A Tape is the result: one bound kernel per launch, and what the call
did to storages and gradients outside. Everything else that the call read is guarded: the tape knows
when it is no longer what it was.
"""

from __future__ import annotations

import struct
import weakref
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import groupby
from linecache import getline
from operator import length_hint
from typing import TYPE_CHECKING, Any

import numpy as np

from cltensor.dtypes import real_of
from cltensor.errors import DeviceError, KernelError
from cltensor.replay.command_buffer import CommandBuffer, are_worthwhile
from cltensor.runtime.callers import users_frame
from cltensor.runtime.device import Device, recording
from cltensor.runtime.events import Launched, Listeners, Recordings, ignore, listen
from cltensor.runtime.faults import Site
from cltensor.runtime.flushing import flush
from cltensor.runtime.kernel import Counters, Live
from cltensor.runtime.memory import Buffer, Pool, is_pyopencls, rescued
from cltensor.runtime.timing import Timing, timed_queue, waited

if TYPE_CHECKING:
    from cltensor.runtime.kernel import Kernel


class Recorder:
    """Context in which the launches of this thread on `device` are noted as well as run."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.steps: list[Any] = []
        #: Buffers from outside that launches use, by id.
        self.outside: dict[int, Buffer] = {}
        #: Those among them that were written, and by which operation.
        self.written: dict[int, tuple[Buffer, str]] = {}
        #: Buffers that the host filled, and launches copy.
        self.sources: list[Buffer] = []
        #: Whether a replay would not do what the call did.
        self.spoiled = False
        self.guards: list[Callable[[], bool]] = []
        #: Where launches may meet a fault.
        self.sites: dict[Site, None] = {}
        self.pool = Pool(device, parent=device.pool.root)
        self._made: list[weakref.ref[Buffer]] = []
        #: Buffers that other threads gave to pending values, perhaps to ones of the recording.
        self._others: list[weakref.ref[Buffer]] = []

    def start(self) -> None:
        """Note what this thread launches, from now on."""
        listen(self.launched)
        Recordings.add(self._computed)
        recording.current = self

    def stop(self) -> None:
        """Note no more; a second call does nothing."""
        if recording.current is self:
            recording.current = None
        Recordings.remove(self._computed)
        ignore(self.launched)

    def __enter__(self) -> Recorder:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()
        if error[0] is not None:
            self.give_away()

    @property
    def outer_pool(self) -> Pool:
        """The pool of what does not belong to the recording."""
        return self.pool.root

    def _computed(self, buffer: Buffer) -> None:
        """Note a buffer that a pending value got, if it is another thread that computed it."""
        if recording.current is not self:
            self._others.append(weakref.ref(buffer))

    def met_others(self, buffers: Iterable[Buffer]) -> bool:
        """Whether another thread launched what the recording should have: `buffers`, or some that
        its launches use, are of other threads."""
        others = {id(b) for ref in self._others if (b := ref()) is not None}
        return not others.isdisjoint([*self.outside, *map(id, buffers)])

    def made(self, buffer: Buffer) -> None:
        """Note a buffer of the recording's pool."""
        self._made.append(weakref.ref(buffer))

    def give_away(self) -> list[Buffer]:
        """Give bytes of its own to every buffer of the recording that somebody still holds;
        returns them."""
        held = [b for ref in self._made if (b := ref()) is not None and b.pool is self.pool]
        for buffer in held:
            buffer.leave(self.outer_pool)
        return held

    def launched(self, event: Launched) -> None:
        """Note a launch, if it is of this thread."""
        if recording.current is not self:
            return
        kernel, global_size, local_size, args, _ = event
        if kernel.device is not self.device:
            self.spoiled = True
            return
        for a in args:
            if type(a) is Buffer and a.pool is not self.pool:
                self.outside[id(a)] = a
        # Buffers of our own pool are noted by handle, so that they can be reused meanwhile.
        # A reference tells a buffer from a later one whose object got the same address.
        marks = [weakref.ref(a) if type(a) is Buffer else None for a in args]
        plain = [a.cl if type(a) is Buffer else a for a in args]
        self.steps.append(_Launch(kernel, global_size, local_size, plain, marks))

    def filled(self, buffer: Buffer, source: Buffer) -> None:
        """Note that `buffer` got the content of `source`, which the host wrote."""
        import pyopencl as cl

        self.outside[id(source)] = source
        self.sources.append(source)
        # The bytes are copied anew in every replay, since the call may change them.
        self.steps.append(
            partial(
                cl.enqueue_copy, self.device.queue, buffer.cl, source.cl, byte_count=source.nbytes
            )
        )

    def constant(self, buffer: Buffer) -> None:
        """Note that `buffer`, from outside, has a content that never changes."""
        self.sources.append(buffer)

    def host(self, action: Callable[[], None]) -> None:
        """Run `action` now and at this place of every replay."""
        action()
        self.steps.append(action)

    def changed(self, buffer: Buffer, operation: str) -> None:
        """Note that `operation` wrote elements of `buffer`."""
        if buffer.pool is not self.pool:
            self.written[id(buffer)] = buffer, operation

    def refuse(self, what: str) -> None:
        """Raise: `what` cannot be replayed."""
        raise DeviceError(
            f"jit: {what} inside a jitted function happens only once, when the call is recorded; "
            f"do it outside, or pass the data as an argument{_asked_by()}"
        )


def _asked_by() -> str:
    """The line of the user's that what runs now was called from, which may name an operation that
    is not known to do so."""
    frame, _ = users_frame()
    if frame is None:
        return ""
    file, line = frame.f_code.co_filename, frame.f_lineno
    code = getline(file, line, frame.f_globals).strip()
    return f" ({file}:{line}: {code})" if code else f" ({file}:{line})"


def _packing(dtype: np.dtype) -> Callable[[float], bytes]:
    """What makes an argument of `dtype` of a number."""
    if dtype.kind == "c":  # of its two parts
        form = struct.Struct(2 * real_of(dtype).char)
        return lambda number: form.pack(number, 0.0)
    return struct.Struct(dtype.char).pack


class _Launch:
    """One recorded launch: a kernel object of its own with its arguments bound."""

    __slots__ = ("_last", "handle", "is_fixed", "kernel", "live", "marks", "plain", "sizes")

    def __init__(
        self,
        kernel: Kernel,
        global_size: tuple[int, ...],
        local_size: tuple[int, ...],
        plain: list[Any],
        marks: list[weakref.ref[Buffer] | None],
    ) -> None:
        import pyopencl as cl

        self.kernel = kernel
        self.handle = cl.Kernel(kernel.program, kernel.name)
        self.sizes = (global_size, local_size)
        self.marks = marks
        self.plain = plain  # keeps the handles of the buffers alive
        self.live: list[tuple[int, Live, Callable[[float], bytes]]] = []
        self._last: list[bytes] = []
        for i, (a, scalar) in enumerate(zip(plain, kernel.scalars, strict=True)):
            if scalar is None:
                self.handle.set_arg(i, a)
            elif type(a) is Live:
                self.live.append((i, a, _packing(np.dtype(scalar))))
                self._last.append(b"")
            else:
                self.handle.set_arg(i, scalar(a))
        #: Whether every replay has the same arguments.
        self.is_fixed = not self.live

    def actions(self, device: Device) -> list[Callable[[], Any]]:
        """What a replay calls: the setting of arguments that change, and the launch."""
        launch = partial(device.enqueue, device.queue, self.handle, *self.sizes)
        return [self._read_live, launch] if self.live else [launch]

    def timed(self, device: Device) -> Launched:
        """The launch, timed by the device."""
        import pyopencl as cl

        self._read_live()
        queue = timed_queue(device)
        done = waited(device, cl.enqueue_nd_range_kernel(queue, self.handle, *self.sizes))
        return Launched(self.kernel, *self.sizes, tuple(self.plain), done)

    def _read_live(self) -> None:
        last = self._last
        for k, (i, live, pack) in enumerate(self.live):
            packed = pack(live.read())
            if packed != last[k]:
                self.handle.set_arg(i, packed)
                last[k] = packed


class Uses:
    """The arguments of launches, each with its number, that are one buffer."""

    __slots__ = ("_bound", "arguments")

    def __init__(self, arguments: Sequence[tuple[_Launch, int]]) -> None:
        self.arguments = arguments
        self._bound: Any = None

    def put(self, buffer: Buffer) -> None:
        """Have those launches use `buffer`."""
        handle = buffer.cl
        if self._bound is not handle:
            self._bound = None
            for launch, i in self.arguments:
                launch.handle.set_arg(i, handle)
                launch.plain[i] = handle
            self._bound = handle


class Tape:
    """Recorded launches that can be run again, on other buffers in place of `exchanged`. Those that
    stay and are not the recording's are kept: `outside`, by default all."""

    def __init__(
        self,
        recorder: Recorder,
        exchanged: Iterable[Buffer],
        outside: dict[int, Buffer] | None = None,
    ) -> None:
        self.device = recorder.device
        self._steps = recorder.steps
        self._pool = recorder.pool
        self._outside = recorder.outside if outside is None else outside
        self._sites = recorder.sites
        self._places: dict[int, list[tuple[_Launch, int]]] = {}
        changing = {id(b) for b in exchanged}
        for step in self._steps:
            if type(step) is _Launch:
                for i, mark in enumerate(step.marks):
                    buffer = mark() if mark else None
                    if buffer is not None and id(buffer) in changing:
                        self._places.setdefault(id(buffer), []).append((step, i))
                        step.is_fixed = False
        self._launches = [step for step in self._steps if type(step) is _Launch]
        self._actions, self._sources = self._compiled()
        #: Whether the last replay failed before anything was launched.
        self.is_untouched = False

    def _compiled(self) -> tuple[list[Callable[[], Any]], list[list[Any]]]:
        """The steps as calls without arguments, and for each call the steps that it stands for;
        fixed launches in a row are one where the driver has command buffers."""
        actions: list[Callable[[], Any]] = []
        sources: list[list[Any]] = []
        together = are_worthwhile(self.device)
        for fixed, steps in groupby(self._steps, lambda s: type(s) is _Launch and s.is_fixed):
            row = list(steps)
            if fixed and together and len(row) > 1:
                launches = [(step.handle, *step.sizes) for step in row]
                actions.append(CommandBuffer(self.device, launches))
                sources.append(row)
                continue
            for step in row:
                calls = step.actions(self.device) if type(step) is _Launch else [step]
                actions += calls
                sources += [[step]] * len(calls)
        if self.device.flushes:
            actions.append(partial(flush, self.device.queue))
            sources.append([flush])
        return actions, sources

    def uses(self, recorded: Buffer) -> Uses:
        """Where launches use `recorded`, one of those exchanged."""
        return Uses(self._places.get(id(recorded), ()))

    def replay(self) -> None:
        """Launch everything again, in order.

        Raises KernelError, or OutOfMemoryError, with the kernel, its sizes and the device, where
        the driver refuses a launch; what comes before it in the tape is then done, which
        `is_untouched` tells.
        """
        self.device.check_process()
        self.is_untouched = False
        timed = Timing.users > 0
        actions, sources = self._timed() if timed else (self._actions, self._sources)
        remaining = iter(actions)
        done = False
        try:
            while not done:
                try:
                    for act in remaining:
                        act()
                    done = True
                except Exception as error:
                    place = len(actions) - 1 - length_hint(remaining)
                    self.is_untouched = place == 0
                    self._rescue(error, sources[place], act)
        finally:
            self.device.faults.note(self._sites)  # of what was launched, if not of all
        Counters.launches += len(self._launches)
        if Listeners.present and not timed:
            for step in self._launches:
                Listeners.tell(Launched(step.kernel, *step.sizes, tuple(step.plain)))

    def _timed(self) -> tuple[list[Callable[[], Any]], list[list[Any]]]:
        """`_compiled` for steps one by one, each launch timed and told before the next one."""

        def launch(step: _Launch) -> None:
            Listeners.tell(step.timed(self.device))

        actions = [partial(launch, s) if type(s) is _Launch else s for s in self._steps]
        return actions, [[s] for s in self._steps]

    def _rescue(self, error: Exception, steps: list[Any], act: Callable[[], Any]) -> None:
        """Do `act`, which failed and stands for `steps`, again where the driver ran out of
        resources; raises what `rescued` raises."""
        if type(steps[0]) is _Launch:
            if not is_pyopencls(error):
                for step in steps:
                    step.kernel.require_numbers(step.plain)
            what = f"jit: {steps[0].kernel.described(*steps[0].sizes)}"
            if len(steps) > 1:
                what += f", with the {len(steps) - 1} launches after it in one command buffer,"
        else:
            what = f"jit: a copy on '{self.device.name}' ({self.device.title})"
        with self.device.lock:
            rescued(self.device, error, act, what, KernelError)
        self.is_untouched = False
