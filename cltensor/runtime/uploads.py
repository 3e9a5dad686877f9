"""Copies between the host and a device: small ones for which nobody waits, large ones by halves.

A blocking copy waits for all that is queued before it. What is not large is copied on the host
instead, and the driver copies from there in its turn. Where the device's memory is the host's, it
is mapped, and two threads copy what is large, as one does not use all that the memory gives.
"""

from __future__ import annotations

import threading
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from cltensor.errors import DeviceError

if TYPE_CHECKING:
    import pyopencl as cl

#: Bytes of an array that is copied on the host.
SMALL = 1 << 23
#: Bytes from which on two threads copy.
LARGE = 1 << 24
#: Bytes from which on a GPU's memory that is the host's is mapped to be read: with less, a copy is
#: done as soon.
MAPPED = 1 << 16
#: Bytes of which memory on the host is used again, as that of less is at hand at once.
_AGAIN = 1 << 16
#: Uploads, and their bytes, that may be under way at a time.
_MOST, _MOST_BYTES = 64, 1 << 25


class Uploads:
    """The small uploads of one device, each call with the device's lock held.

    pinned: from memory that the driver pins, of which a GPU copies by itself; from other memory,
    some drivers copy at once and let the caller wait.
    """

    def __init__(self, pinned: bool) -> None:
        self._pinned = pinned
        self._events: deque[tuple[cl.Event, np.ndarray]] = deque()
        self._bytes = 0
        self._free: dict[int, list[np.ndarray]] = {}

    def add(
        self,
        queue: cl.CommandQueue,
        handle: Any,
        array: Any,
        offset: int,
        after: list[cl.Event] | None = None,
    ) -> cl.Event:
        """Copy a dense small array into memory of the device, from byte `offset` on, behind what is
        queued already, and `after` events of other queues; returns the event of the copy."""
        import pyopencl as cl

        self._settle(array.nbytes)
        room = self._room(queue, array.nbytes)
        staged = room[: array.nbytes]
        staged[:] = array.reshape(-1).view(np.uint8)
        event = cl.enqueue_copy(
            queue, handle, staged, dst_offset=offset, wait_for=after, is_blocking=False
        )
        self._events.append((event, room))
        self._bytes += room.nbytes
        return event

    def _settle(self, nbytes: int) -> None:
        """Take back the memory of uploads that are done, and wait for some if they are many.

        Raises DeviceError, once, for one that failed: its tensor never got its elements.
        """
        import pyopencl as cl

        events, done = self._events, cl.command_execution_status.COMPLETE
        while events:
            event, room = events[0]
            if event.command_execution_status > done:
                if len(events) < _MOST and self._bytes + nbytes <= _MOST_BYTES:
                    return
                with suppress(cl.Error):  # the status tells
                    event.wait()
            events.popleft()
            self._bytes -= room.nbytes
            if room.nbytes >= _AGAIN:
                self._free.setdefault(room.nbytes, []).append(room)
            status = event.command_execution_status
            if status < done:
                raise DeviceError(
                    f"copy: an earlier upload failed with code {status}, so a tensor made since "
                    "holds anything; make the tensors anew, and restart the process if it fails "
                    "again, as an earlier kernel may have been at fault"
                )

    def _room(self, queue: cl.CommandQueue, nbytes: int) -> np.ndarray:
        """Memory of the host for an array."""
        if nbytes < _AGAIN:
            return np.empty(nbytes, np.uint8)
        size = 1 << (nbytes - 1).bit_length()
        spare = self._free.get(size)
        if spare:
            return spare.pop()
        return pinned(queue, size) if self._pinned else np.empty(size, np.uint8)


def pinned(queue: cl.CommandQueue, size: int) -> np.ndarray:
    """Memory of the host that the driver has pinned."""
    import pyopencl as cl

    kind, flags = cl.mem_flags, cl.map_flags
    handle = cl.Buffer(queue.context, kind.READ_WRITE | kind.ALLOC_HOST_PTR, size)
    return cl.enqueue_map_buffer(queue, handle, flags.WRITE, 0, (size,), np.dtype(np.uint8))[0]


def _copy_bytes(to: np.ndarray, source: np.ndarray) -> None:
    """Copy the elements of a dense array to another one, if they are many a half of them in a
    thread of its own."""
    if to.nbytes < LARGE:
        np.copyto(to, source)
        return
    half = len(source) // 2
    other = threading.Thread(target=np.copyto, args=(to[half:], source[half:]))
    other.start()
    np.copyto(to[:half], source[:half])
    other.join()


def copy_shown(
    queue: cl.CommandQueue, handle: Any, array: np.ndarray, offset: int, *, to_device: bool
) -> cl.Event:
    """Copy between a dense array and memory of a device that is the host's, when all that is queued
    is done; what is launched afterwards waits for the event, in another queue if it is told to."""
    import pyopencl as cl

    flags = cl.map_flags.WRITE_INVALIDATE_REGION if to_device else cl.map_flags.READ
    host = array.reshape(-1).view(np.uint8)
    shown = cl.enqueue_map_buffer(queue, handle, flags, offset, host.shape, host.dtype)[0]
    try:
        if to_device:
            _copy_bytes(shown, host)
        else:
            _copy_bytes(host, shown)
    finally:
        done = shown.base.release(queue)
    return done
