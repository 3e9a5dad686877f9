"""Uploads on a queue of their own: their copies do not wait for what was launched before.

What is launched after an upload waits for its copy, as in one queue: a barrier says so at once, and
nothing else need know. Bytes that were used before are written when their last use is done: they
are apart from those of other buffers, and a marker behind the launches tells.

A CPU's driver maps memory when a kernel is done, later than the host copies what is small; what is
large would wait for all that is queued, and comes here.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from cltensor.runtime.copies import write
from cltensor.runtime.device import Device
from cltensor.runtime.flushing import flush
from cltensor.runtime.memory import Buffer, Pool, is_pyopencls
from cltensor.runtime.uploads import SMALL, Uploads, copy_shown

if TYPE_CHECKING:
    import pyopencl as cl

#: Bytes from which on an upload goes here: less is copied before queues are told of each other.
LEAST = 1 << 16
#: Buffers of a size that are kept although launches may still use them. With batches of a loop one
#: is in use, one was used by the step that runs, and the next is filled.
SPARES = 3
#: Bytes of them, of a size: of what is larger, one.
_SPARE_BYTES = 1 << 28


class LanePool(Pool):
    """Buffers for uploads, the one longest unused first; `last_use` tells when a buffer is free."""

    is_recorded = False

    def __init__(self, device: Device) -> None:
        super().__init__(device, parent=device.pool.root)
        self._uses: dict[int, cl.Event] = {}

    def allocate(self, nbytes: int) -> Buffer:
        """See Pool. Rather a new buffer than one that launches still use, unless these are many."""
        with self.device.lock:
            self._collect()
            reserved = self.reserved_for(nbytes)
            spares = self.free.get(reserved)
            if spares and self._may_keep(spares, reserved) and not self._is_idle(spares[-1]):
                handle = self._create(nbytes, reserved)  # which may empty the lists
                self.free.setdefault(reserved, []).append(handle)
                self.cached += reserved
            return super().allocate(nbytes)

    def last_use(self, buffer: Buffer) -> cl.Event | None:
        """What to wait for before a buffer that was just allocated is written, if anything."""
        idle = self._is_idle(buffer.cl)
        used = self._uses.pop(buffer.cl.int_ptr, None)
        return None if idle else used

    def _is_idle(self, handle: cl.Buffer) -> bool:
        import pyopencl as cl

        used = self._uses.get(handle.int_ptr)
        # A failed event has a negative status, and nothing waits for it.
        return used is None or used.command_execution_status <= cl.command_execution_status.COMPLETE

    def _collect(self) -> None:
        try:
            if self.is_miscounted:
                self._recount()
            count = len(self.returned)  # others may come meanwhile, and wait for the next time
            if count:
                used = self._marker()
                for _ in range(count):
                    self._take_back(*self.returned.popleft(), used)
        except BaseException:
            self._recount()
            raise

    def _take_back(self, reserved: int, handle: cl.Buffer, used: cl.Event | None) -> None:
        self.in_use -= reserved
        spares = self.free.setdefault(reserved, [])
        if not self._may_keep(spares, reserved):  # for launches, which use it in order
            self.root.free.setdefault(reserved, []).append(handle)
            self.root.cached += reserved
            return
        spares.insert(0, handle)
        self.cached += reserved
        if used is not None:
            self._uses[handle.int_ptr] = used

    @staticmethod
    def _may_keep(spares: list[cl.Buffer], reserved: int) -> bool:
        """Whether there may be one more of them."""
        count = len(spares) + 1
        return not spares or (count <= SPARES and count * reserved <= _SPARE_BYTES)

    def _marker(self) -> cl.Event | None:
        """Complete when all that is queued is done; None where it is."""
        import pyopencl as cl

        try:
            return cl.enqueue_marker(self.device.queue)
        except cl.Error:
            self.device.finish()
            return None

    def forget(self) -> None:
        """See Pool."""
        self._uses.clear()
        super().forget()


class Lane:
    """The uploads of one device that do not wait."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self.pool = LanePool(device)
        self._staged = Uploads(pinned=device.kind == "gpu")

    @cached_property
    def queue(self) -> cl.CommandQueue:
        """The queue of the copies."""
        import pyopencl as cl

        return cl.CommandQueue(self._device.context)

    def upload(self, array: np.ndarray) -> Buffer:
        """A new buffer that holds the elements of a dense array, for what is launched from now on.

        Returns when the array may change: at once, but for those of more than SMALL bytes, whose
        own copy it waits for.
        """
        device = self._device
        device.check_process()
        with device.lock:
            buffer = self.pool.allocate(array.nbytes)
            try:
                copied = self._copy(buffer, array)
                if copied is not None:
                    self._let_wait(copied)
            except Exception as error:
                if not is_pyopencls(error):
                    raise
                device.wait_for(self.queue.finish)  # it may be half-way
                write(buffer, array)
        return buffer

    def _copy(self, buffer: Buffer, array: np.ndarray) -> cl.Event | None:
        """Have the bytes copied; returns what to wait for, if anything."""
        import pyopencl as cl

        used = self.pool.last_use(buffer)
        if used is None and self._device.is_unified:
            return copy_shown(self.queue, buffer.cl, array, 0, to_device=True)
        if used is not None:
            flush(self._device.queue)  # or it would never be done
        after = None if used is None else [used]
        if array.nbytes <= SMALL:
            return self._staged.add(self.queue, buffer.cl, array, 0, after)
        cl.enqueue_copy(self.queue, buffer.cl, array, wait_for=after)
        return None

    def _let_wait(self, copied: cl.Event) -> None:
        """Have what is launched from now on wait for a copy."""
        import pyopencl as cl

        flush(self.queue)
        cl.enqueue_barrier(self._device.queue, [copied])


def upload(device: Device, array: np.ndarray) -> Buffer:
    """A new buffer that holds the elements of `array` in row-major order."""
    recorder = device.recorder
    least = SMALL + 1 if device.is_cpu else LEAST
    if recorder is None and array.nbytes >= least and not device.is_host:
        return _lane(device).upload(np.ascontiguousarray(array))
    buffer = device.pool.root.allocate(array.nbytes)
    write(buffer, array)
    if recorder is None:
        return buffer
    copied = device.pool.allocate(array.nbytes)
    copied.fill_from(buffer)
    recorder.filled(copied, buffer)
    return copied


def _lane(device: Device) -> Lane:
    with device.lock:
        if device.lane is None:
            device.lane = Lane(device)
        found: Lane = device.lane
        return found
