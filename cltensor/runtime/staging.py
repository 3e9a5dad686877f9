"""Bytes of a buffer on the host, for who reads and writes them beside the queue: where they are, on
a device whose memory is the host's, else in memory that the driver pins.

Nothing here waits: a Region says whether it is ready, and is put back behind what is queued then.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from cltensor.errors import DeviceError
from cltensor.runtime.device import Device
from cltensor.runtime.flushing import flush
from cltensor.runtime.memory import Buffer, rescued, size_class
from cltensor.runtime.uploads import pinned

if TYPE_CHECKING:
    import pyopencl as cl

#: Seconds between two looks at an event: who asks all the time keeps PoCL's threads from their
#: locks, and all events seem to come at the end.
_PAUSE = 3e-4
#: Pinned memory by device and size that nobody uses, each with the event of the last copy from it,
#: or into it.
_spare: dict[tuple[Device, int], list[tuple[np.ndarray, Any]]] = {}


class Region:
    """`nbytes` bytes of `buffer` from byte `offset` on, as they are when all is done that is queued
    now; without `reads`, whatever they are. `array` has them once `is_ready`."""

    def __init__(self, buffer: Buffer, offset: int, nbytes: int, reads: bool = True) -> None:
        self._buffer, self._offset = buffer, offset
        self._event: cl.Event | None = None
        self._room: np.ndarray | None = None
        self._held = False
        self._next_look = 0.0
        device = buffer.device
        device.check_process()
        if not nbytes:
            self.array = np.empty(0, np.uint8)
        elif device.is_host:
            self.array = device.show(buffer.cl, offset + nbytes)[offset:]
        else:
            take = partial(self._map if device.shows_memory else self._stage, nbytes, reads)
            with device.lock:
                try:
                    take()
                except Exception as error:
                    rescued(device, error, take, f"share: {nbytes} bytes of '{device.name}'")
            flush(device.queue)
        buffer.shown += 1
        self._held = True

    def _map(self, nbytes: int, reads: bool) -> None:
        import pyopencl as cl

        queue, handle = self._buffer.device.queue, self._buffer.cl
        flags: Any = cl.map_flags.READ | cl.map_flags.WRITE
        byte = np.dtype(np.uint8)
        self.array, self._event = cl.enqueue_map_buffer(
            queue, handle, flags, self._offset, (nbytes,), byte, is_blocking=False
        )
        self._mapping: Any = self.array.base

    def _stage(self, nbytes: int, reads: bool) -> None:
        import pyopencl as cl

        device, size = self._buffer.device, size_class(nbytes)
        spare = _spare.get((device, size))
        if spare and _is_over(spare[0][1]):
            self._room = spare.pop(0)[0]
        else:
            self._room = pinned(device.queue, size)
        self.array = self._room[:nbytes]
        if reads:
            self._event = cl.enqueue_copy(
                device.queue, self.array, self._buffer.cl, src_offset=self._offset,
                is_blocking=False,
            )  # fmt: skip

    def is_ready(self) -> bool:
        """Whether `array` has the bytes. Raises DeviceError where the device failed before."""
        if self._event is None:
            return True
        now = time.perf_counter()
        if now < self._next_look:
            return False
        self._next_look = now + _PAUSE
        return _is_complete(self._event)

    def release(self, written: bool) -> None:
        """Let go of the bytes; what was written is there for all that is queued from now on."""
        if not self._held:
            return
        self._held = False
        buffer, device = self._buffer, self._buffer.device
        with device.lock:
            buffer.shown -= 1
            if self._room is not None:
                self._unstage(device, written)
            elif not device.is_host and len(self.array):
                self._mapping.release(device.queue)

    def _unstage(self, device: Device, written: bool) -> None:
        import pyopencl as cl

        assert self._room is not None
        event = self._event  # what is let go of early is still being read
        if written:
            event = cl.enqueue_copy(
                device.queue, self._buffer.cl, self.array, dst_offset=self._offset,
                is_blocking=False,
            )  # fmt: skip
            flush(device.queue)
        _spare.setdefault((device, len(self._room)), []).append((self._room, event))

    def __del__(self) -> None:
        self.release(written=False)


def _is_over(event: cl.Event | None) -> bool:
    # A failed event has a negative status.
    return event is None or event.command_execution_status <= 0


def _is_complete(event: cl.Event) -> bool:
    status = event.command_execution_status
    if status < 0:
        raise DeviceError(f"share: what the device computed before failed with code {status}")
    return status == 0
