"""Device memory: a pool per device, and the copies between host and device.

A Buffer goes back to its pool when nothing refers to it any more. Reusing it at once is safe
without events, because everything on a device runs in the order of its one queue. Sizes are
rounded up to classes (four per power of two), so that later requests fit earlier buffers.
"""

from __future__ import annotations

import os
import re
import weakref
from collections import deque
from itertools import count
from typing import TYPE_CHECKING

import numpy as np

from cltensor.device import Device, devices, get, recording
from cltensor.errors import OutOfMemoryError, SettingError

if TYPE_CHECKING:
    import pyopencl as cl

_SMALLEST = 256
_serials = count()
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


def next_serial() -> int:
    """A number between those of the buffers made so far and of those made from now on."""
    return next(_serials)


def size_class(nbytes: int) -> int:
    """The smallest class that holds `nbytes`: 4, 5, 6 or 7 times a power of two."""
    if nbytes <= _SMALLEST:
        return _SMALLEST
    step = 1 << ((nbytes - 1).bit_length() - 3)
    return -(-nbytes // step) * step


def _parse_limit(text: str) -> int:
    match = re.fullmatch(r"(\d+\.?\d*)\s*([kmg]?)i?b?", text.strip().lower())
    if not match:
        raise SettingError(
            f"CLTENSOR_MEMORY_LIMIT: {text!r} is not a size; write bytes or, for example, '4GiB'"
        )
    return int(float(match[1]) * _UNITS[match[2]])


def _show(nbytes: int) -> str:
    return f"{nbytes / (1 << 20):,.1f} MiB"


class Buffer:
    """A region of device memory, owned by a pool and given back to it when unreachable.

    version counts the writes to it after its first content, changed_by names the operation of the
    last one; serial tells the order in which buffers were made. home is the buffer that this one is
    a region of, from byte `start` on, None for one of its own.
    """

    __slots__ = (
        "__weakref__", "changed_by", "cl", "device", "home", "nbytes", "pool", "reserved", "serial",
        "start", "version",
    )  # fmt: skip

    def __init__(self, pool: Pool, handle: cl.Buffer, nbytes: int, reserved: int) -> None:
        self.pool = pool
        self.device = pool.device
        self.cl = handle
        self.nbytes = nbytes
        self.reserved = reserved
        self.version = 0
        self.changed_by = ""
        self.serial = next(_serials)
        self.home: Buffer | None = None
        self.start = 0

    def mark_changed(self, operation: str) -> None:
        """Note that `operation` wrote elements, so that a graph that saved them can tell."""
        self.version += 1
        self.changed_by = operation
        if recording.current is not None:
            recording.current.changed(self, operation)

    def move_into(self, home: Buffer, offset: int) -> None:
        """Become the region of `home` from byte `offset` on, a multiple of the device's alignment,
        content included: whoever shares this buffer sees it there from now on."""
        import pyopencl as cl

        with self.device.lock:
            region = home.cl.get_sub_region(offset, self.nbytes)
            cl.enqueue_copy(self.device.queue, region, self.cl, byte_count=self.nbytes)
            if self.home is None:
                self.pool.returned.append((self.reserved, self.cl))
            self.cl, self.home, self.start = region, home, offset

    def fill_from(self, source: Buffer) -> None:
        """Copy the content of `source`, of the same size."""
        import pyopencl as cl

        if self.nbytes:
            with self.device.lock:
                cl.enqueue_copy(self.device.queue, self.cl, source.cl, byte_count=self.nbytes)

    def leave(self, pool: Pool) -> None:
        """Take bytes of `pool` with the same content, and leave the present ones to whoever knows
        them by handle."""
        import pyopencl as cl

        with self.device.lock:
            own = pool.allocate(self.nbytes)
            if self.nbytes:
                cl.enqueue_copy(self.device.queue, own.cl, self.cl, byte_count=self.nbytes)
            self.pool.in_use -= self.reserved
            self.pool, self.cl, self.reserved = pool, own.cl, own.reserved
            own.home = self  # its bytes are ours now

    def __del__(self) -> None:
        # A destructor can run anywhere, even inside the pool's own lock: only append, atomically.
        if self.home is None:
            self.pool.returned.append((self.reserved, self.cl))


class Pool:
    """The buffers of one device: those in use are counted, those given back are kept by class.

    The limit is CLTENSOR_MEMORY_LIMIT (for example "4GiB"), else the device's own memory; drivers
    that accept more than the machine has die later, so the pool refuses first.
    """

    def __init__(self, device: Device, parent: Pool | None = None) -> None:
        self.device = device
        self.root: Pool = parent.root if parent else self
        #: Pools whose buffers belong to recorded calls; they count against the root's limit.
        self.children: weakref.WeakSet[Pool] = weakref.WeakSet()
        if parent:
            self.root.children.add(self)
        text = os.environ.get("CLTENSOR_MEMORY_LIMIT")
        self.limit = _parse_limit(text) if text else device.global_mem
        self.returned: deque[tuple[int, cl.Buffer]] = deque()
        self.free: dict[int, list[cl.Buffer]] = {}
        self.in_use = 0
        self.cached = 0
        self.peak = 0

    def allocate(self, nbytes: int) -> Buffer:
        """A buffer of at least `nbytes` bytes, its content undefined.

        Raises OutOfMemoryError: larger than one allocation of the device may be, or over the
        limit even after the cache was freed.
        """
        reserved = size_class(nbytes)
        if reserved > self.device.max_alloc:
            reserved = nbytes  # a class of its own
        with self.device.lock:
            if self.returned:
                self._collect()
            spare = self.free.get(reserved)
            if spare:
                handle = spare.pop()
                self.cached -= reserved
            else:
                handle = self._create(nbytes, reserved)
            self.in_use += reserved
            if self.in_use > self.peak:
                self.peak = self.in_use
        buffer = Buffer(self, handle, nbytes, reserved)
        if self is not self.root and recording.current is not None:
            recording.current.made(buffer)
        return buffer

    def _collect(self) -> None:
        while self.returned:
            reserved, handle = self.returned.popleft()
            self.free.setdefault(reserved, []).append(handle)
            self.in_use -= reserved
            self.cached += reserved

    def _create(self, nbytes: int, reserved: int) -> cl.Buffer:
        import pyopencl as cl

        self.device.check_process()
        if nbytes > self.device.max_alloc:
            raise OutOfMemoryError(
                f"allocate: {_show(nbytes)} is more than the {_show(self.device.max_alloc)} that "
                f"'{self.device.name}' allows in one buffer; split the tensor"
            )
        if self._occupied() + reserved > self.limit:
            self._release_all()
        if self._occupied() + reserved <= self.limit:
            for attempt in (1, 2):
                try:
                    return cl.Buffer(self.device.context, cl.mem_flags.READ_WRITE, reserved)
                except (cl.MemoryError, cl.RuntimeError) as error:
                    if attempt == 2:
                        raise self._exhausted(nbytes) from error
                    self._release_all()
        raise self._exhausted(nbytes)

    def _occupied(self) -> int:
        return sum(p.in_use + p.cached for p in (self.root, *self.root.children))

    def _exhausted(self, nbytes: int) -> OutOfMemoryError:
        return OutOfMemoryError(
            f"allocate: {_show(nbytes)} asked for on '{self.device.name}' with "
            f"{_show(self.in_use)} in use of a limit of {_show(self.limit)} (device memory "
            f"{_show(self.device.global_mem)}); use a smaller batch, drop tensors, or raise "
            "CLTENSOR_MEMORY_LIMIT"
        )

    def _release_all(self) -> None:
        for pool in (self.root, *self.root.children):
            pool._collect()
            pool._release()

    def _release(self) -> None:
        if self.free:
            self.device.queue.finish()
            self.free.clear()
            self.cached = 0

    def empty_cache(self) -> None:
        """Give the buffers that nobody uses back to the driver."""
        self.device.check_process()
        with self.device.lock:
            self._collect()
            self._release()

    def reset_peak(self) -> None:
        """Count the peak from what is in use now; recorded calls included."""
        with self.device.lock:
            for pool in (self, *self.children):
                pool._collect()
                pool.peak = pool.in_use

    def summary(self) -> dict[str, int]:
        """Bytes in use, cached, the peak in use, and the limit; recorded calls included."""
        with self.device.lock:
            pools = [self, *self.children]
            for pool in pools:
                pool._collect()
            return {
                "in_use": sum(p.in_use for p in pools),
                "cached": sum(p.cached for p in pools),
                "peak": sum(p.peak for p in pools),
                "limit": self.limit,
            }


def memory_summary(device: Device | str | None = None) -> dict[str, int]:
    """Bytes of the device's pool: `in_use`, `cached` (free for reuse), `peak`, `limit`."""
    return get(device).pool.root.summary()


def reset_peak_memory(device: Device | str | None = None) -> None:
    """Let `peak` of the device's `memory_summary` start again from what is in use now."""
    get(device).pool.root.reset_peak()


def empty_cache(device: Device | str | None = None) -> None:
    """Give unused buffers back to the driver, on one device or, for None, on all."""
    for each in devices() if device is None else [get(device)]:
        if "_pool" in each.__dict__:
            each.pool.root.empty_cache()


def upload(device: Device, array: np.ndarray) -> Buffer:
    """A new buffer that holds the elements of `array` in row-major order."""
    buffer = device.pool.root.allocate(array.nbytes)
    write(buffer, array)
    recorder = device.recorder
    if recorder is None:
        return buffer
    copied = device.pool.allocate(array.nbytes)
    copied.fill_from(buffer)
    recorder.filled(copied, buffer)
    return copied


def write(buffer: Buffer, array: np.ndarray, offset: int = 0) -> None:
    """Copy `array` into `buffer` from byte `offset` on; returns when the host memory is free."""
    if array.nbytes:
        import pyopencl as cl

        buffer.device.check_process()
        with buffer.device.lock:
            cl.enqueue_copy(
                buffer.device.queue, buffer.cl, np.ascontiguousarray(array), dst_offset=offset
            )


def download(buffer: Buffer, array: np.ndarray, offset: int = 0) -> np.ndarray:
    """Fill `array` from `buffer`, from byte `offset` on, when all earlier launches are done."""
    if array.nbytes:
        import pyopencl as cl

        buffer.device.check_process()
        if buffer.device.recorder is not None:
            buffer.device.recorder.refuse("reading values on the host")
        cl.enqueue_copy(buffer.device.queue, array, buffer.cl, src_offset=offset)
    return array
