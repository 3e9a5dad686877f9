"""Device memory: a pool per device.

A Buffer goes back to its pool when nothing refers to it any more. Reusing it at once is safe
without events, because everything on a device runs in the order of its one queue; those that
uploads fill in a queue of their own are apart (lane.py). Sizes are rounded up to classes (four per
power of two), so that later requests fit earlier buffers.
"""

from __future__ import annotations

import gc
import weakref
from collections import deque
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

from cltensor.errors import CLTensorError, DeviceError, OutOfMemoryError, SettingError
from cltensor.runtime.device import Device, DeviceSpec, devices, get, recording
from cltensor.runtime.settings import parse_size, setting

if TYPE_CHECKING:
    import pyopencl as cl

_SMALLEST = 256
_serials = count()


def next_serial() -> int:
    """A number between those of the buffers made so far and of those made from now on."""
    return next(_serials)


def size_class(nbytes: int) -> int:
    """The smallest class that holds `nbytes`: 4, 5, 6 or 7 times a power of two."""
    if nbytes <= _SMALLEST:
        return _SMALLEST
    step = 1 << ((nbytes - 1).bit_length() - 3)
    return -(-nbytes // step) * step


def _memory_limit(device: Device) -> int:
    def read(text: str) -> int:
        limit = parse_size(text)
        if limit == 0:
            raise SettingError(f"{text!r} leaves no memory at all; unset it, or name a size")
        return limit

    return setting("CLTENSOR_MEMORY_LIMIT", read, device.global_mem)


def amount(nbytes: int) -> str:
    return f"{nbytes / (1 << 20):,.1f} MiB"


class Buffer:
    """A region of device memory, owned by a pool and given back to it when unreachable.

    version counts the writes to it after its first content, changed_by names the operation of the
    last one; serial tells the order in which buffers were made. home is the buffer that this one is
    a region of, from byte `start` on, None for one of its own. shown: how many on the host hold its
    bytes where they are, so that it must keep them.
    """

    __slots__ = (
        "__weakref__", "changed_by", "cl", "device", "home", "nbytes", "pool", "reserved", "serial",
        "shown", "start", "version",
    )  # fmt: skip

    def __init__(self, pool: Pool, handle: cl.Buffer, nbytes: int, reserved: int) -> None:
        self.reserved = reserved
        self.device = pool.device
        self.cl = handle
        self.nbytes = nbytes
        self.version = 0
        self.changed_by = ""
        self.serial = next(_serials)
        self.home: Buffer | None = None
        self.start = self.shown = 0
        self.pool = pool  # last: without it, an interrupt has come between, and nobody counts it

    @property
    def address(self) -> int:
        """What tells it apart from other buffers: the driver's handle, or where the host has it."""
        handle = self.cl
        return int(handle.ctypes.data if isinstance(handle, np.ndarray) else handle.int_ptr)

    def mark_changed(self, operation: str) -> None:
        """Note that `operation` wrote elements, so that a graph that saved them can tell."""
        self.version += 1
        self.changed_by = operation
        if recording.current is not None:
            recording.current.changed(self, operation)

    def fill_from(self, source: Buffer) -> None:
        """Copy the content of `source`, of the same size."""
        _copy_bytes(self.device, self.cl, source.cl, self.nbytes)

    def move_into(self, home: Buffer, offset: int) -> None:
        """Become the region of `home` from byte `offset` on, a multiple of the device's alignment,
        content included: whoever shares this buffer sees it there from now on."""
        with self.device.lock:
            recorder = recording.current
            if recorder is not None:
                # Regions stay where they are; what was recorded knows other handles.
                recorder.spoiled = True
                if home.pool is recorder.pool:
                    home.leave(recorder.outer_pool)
            region = _region(home, offset, self.nbytes)
            _copy_bytes(self.device, region, self.cl, self.nbytes)
            if self.home is None:
                self.pool.returned.append((self.reserved, self.cl))
            self.cl, self.home, self.start, self.pool = region, home, offset, home.pool

    def leave(self, pool: Pool) -> None:
        """Take bytes of `pool` with the same content, and leave the present ones to whoever knows
        them by handle."""
        with self.device.lock:
            own = pool.allocate(self.nbytes)
            own.fill_from(self)
            left, freed = self.pool, self.reserved
            # In one line: an interrupt finds both buffers as they were, or exchanged.
            self.pool, self.cl, self.reserved, own.home = pool, own.cl, own.reserved, self
            left.in_use -= freed

    def __del__(self) -> None:
        # A destructor can run anywhere, even inside the pool's own lock: only append, atomically.
        try:
            if hasattr(self, "pool") and self.home is None:
                self.pool.returned.append((self.reserved, self.cl))
        except BaseException:  # an interrupt, which Python reports and forgets here
            self.pool.is_miscounted = True
            raise


class Pool:
    """The buffers of one device: those in use are counted, those given back are kept by class.

    The limit is CLTENSOR_MEMORY_LIMIT (for example "4GiB"), else the device's own memory; drivers
    that accept more than the machine has die later, so the pool refuses first.
    """

    #: Whether its buffers belong to a recorded call, which keeps them in any case.
    is_recorded = True

    def __init__(self, device: Device, parent: Pool | None = None) -> None:
        self.device = device
        self.root: Pool = parent.root if parent else self
        #: Pools of recorded calls, and of uploads; they count against the root's limit.
        self.children: weakref.WeakSet[Pool] = weakref.WeakSet()
        if parent:
            self.root.children.add(self)
        self.limit: int = parent.root.limit if parent else _memory_limit(device)
        self.returned: deque[tuple[int, cl.Buffer]] = deque()
        self.free: dict[int, list[cl.Buffer]] = {}
        self.in_use = 0
        self.cached = 0
        self.peak = 0
        #: Whether a buffer may be gone that still counts.
        self.is_miscounted = False

    def allocate(self, nbytes: int) -> Buffer:
        """A buffer of at least `nbytes` bytes, its content undefined.

        Raises OutOfMemoryError: larger than one allocation of the device may be, or over the
        limit even after the cache was freed.
        """
        reserved = self.reserved_for(nbytes)
        with self.device.lock:
            try:
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
            except CLTensorError:
                raise  # before anything was counted
            except BaseException:
                self._recount()
                raise
        if self is not self.root and recording.current is not None:
            recording.current.made(buffer)
        return buffer

    def reserved_for(self, nbytes: int) -> int:
        """How many bytes a buffer for `nbytes` takes."""
        reserved = size_class(nbytes)
        return nbytes if reserved > self.device.max_alloc else reserved  # a class of its own

    def _recount(self) -> None:
        """Count anew after an interrupt (Ctrl-C), which can come between any two lines.

        A handle that it kept from its list or its Buffer is the driver's again.
        """
        self.is_miscounted = False
        held = sum(
            each.reserved
            for each in gc.get_objects()
            if type(each) is Buffer and getattr(each, "pool", None) is self and each.home is None
        )
        self.in_use = held + sum(reserved for reserved, _ in self.returned)
        self.cached = sum(reserved * len(handles) for reserved, handles in self.free.items())

    def _collect(self) -> None:
        try:
            if self.is_miscounted:
                self._recount()
            while self.returned:
                reserved, handle = self.returned.popleft()
                self.free.setdefault(reserved, []).append(handle)
                self.in_use -= reserved
                self.cached += reserved
        except BaseException:
            self._recount()
            raise

    def _create(self, nbytes: int, reserved: int) -> cl.Buffer:
        import pyopencl as cl

        self.device.check_process()
        if nbytes > self.device.max_alloc:
            raise OutOfMemoryError(
                f"allocate: {amount(nbytes)} is more than the {amount(self.device.max_alloc)} that "
                f"'{self.device.name}' allows in one buffer; split the tensor"
            )
        if self._occupied() + reserved > self.limit:
            self._release()
        if self._occupied() + reserved <= self.limit:
            for attempt in (1, 2):
                try:
                    return cl.Buffer(self.device.context, cl.mem_flags.READ_WRITE, reserved)
                except (cl.Error, MemoryError) as error:
                    if not is_exhaustion(error) and "INVALID_BUFFER_SIZE" not in str(error):
                        raise DeviceError(
                            f"allocate: {amount(nbytes)} on '{self.device.name}' failed: {error}"
                        ) from error
                    if attempt == 2:
                        raise self._exhausted(nbytes) from error
                    self._release()
        raise self._exhausted(nbytes)

    def _occupied(self) -> int:
        return sum(p.in_use + p.cached for p in (self.root, *self.root.children))

    def _exhausted(self, nbytes: int) -> OutOfMemoryError:
        recorded = sum(p.in_use + p.cached for p in self.root.children if p.is_recorded)
        in_use = sum(p.in_use for p in self.root.shared())
        kept = f", and {amount(recorded)} kept by recorded calls," if recorded else ""
        drop = "tensors or jitted functions" if recorded else "tensors"
        return OutOfMemoryError(
            f"allocate: {amount(nbytes)} asked for on '{self.device.name}' with "
            f"{amount(in_use)} in use{kept} of a limit of {amount(self.limit)} (device memory "
            f"{amount(self.device.global_mem)}); use a smaller batch, drop {drop}, or raise "
            "CLTENSOR_MEMORY_LIMIT"
        )

    def shared(self) -> list[Pool]:
        """The root, and those below it that belong to no recorded call."""
        return [self, *(p for p in self.children if not p.is_recorded)]

    def _release(self) -> None:
        """Give back what free lists hold; a recorded call keeps its own in any case."""
        pools = self.root.shared()
        for pool in pools:
            pool._collect()
        if any(pool.free for pool in pools):
            self.device.finish()
            for pool in pools:
                pool.forget()

    def forget(self) -> None:
        """Drop the free buffers, which nothing that runs uses."""
        try:
            self.free.clear()
            self.cached = 0
        except BaseException:
            self._recount()
            raise

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


Device.make_pool = Pool


def memory_summary(device: DeviceSpec = None) -> dict[str, int]:
    """Bytes of the device's pool: `in_use`, `cached` (free for reuse), `peak`, `limit`.

    >>> sorted(ct.memory_summary())
    ['cached', 'in_use', 'limit', 'peak']
    """
    return get(device).pool.root.summary()


def reset_peak_memory(device: DeviceSpec = None) -> None:
    """Let `peak` of the device's `memory_summary` start again from what is in use now.

    >>> ct.reset_peak_memory()
    >>> x = ct.zeros(1000).realize()
    >>> ct.memory_summary()["peak"] >= x.nbytes
    True
    """
    get(device).pool.root.reset_peak()


def empty_cache(device: DeviceSpec = None) -> None:
    """Give unused buffers back to the driver, on one device or, for None, on all.

    >>> ct.empty_cache()
    """
    for each in devices() if device is None else [get(device)]:
        if "_pool" in each.__dict__:
            each.pool.root.empty_cache()


def is_exhaustion(error: BaseException) -> bool:
    """Whether an error of pyopencl says that memory, or another resource, ran out."""
    import pyopencl as cl

    names = ("OUT_OF_RESOURCES", "OUT_OF_HOST_MEMORY", "MEM_OBJECT_ALLOCATION_FAILURE")
    return isinstance(error, (cl.MemoryError, MemoryError)) or any(n in str(error) for n in names)


def is_pyopencls(error: BaseException) -> bool:
    """Whether an error is of the driver, or of memory."""
    import pyopencl as cl

    return isinstance(error, (cl.Error, MemoryError))


def rescued(
    device: Device,
    error: Exception,
    again: Callable[[], Any],
    what: str,
    kind: type[CLTensorError] = DeviceError,
) -> Any:
    """What `again` returns, after `error` of pyopencl: once more where resources ran out, with the
    pool's cache given back, as drivers often allocate only at the first use.

    Raises OutOfMemoryError if that fails too, `kind` for another error of pyopencl, each with
    `what` as the operation; any other error is raised as it is.
    """
    import pyopencl as cl

    if not is_pyopencls(error):
        raise error
    if not is_exhaustion(error):
        raise kind(f"{what} failed: {error}") from error
    try:
        device.pool.empty_cache()
        return again()
    except (cl.Error, MemoryError) as second:
        pool = device.pool
        raise OutOfMemoryError(
            f"{what} failed, also after unused memory was given back, with "
            f"{amount(pool.in_use)} in use of {amount(pool.limit)}: {second}; use a smaller "
            "batch or drop tensors. (Some drivers say so too when an earlier kernel failed.)"
        ) from error


def _copy_bytes(device: Device, to: cl.Buffer, source: cl.Buffer, nbytes: int) -> None:
    if nbytes:
        copy = partial(device.copy_within, to, source, nbytes)
        with device.lock:
            try:
                copy()
            except Exception as error:
                what = f"copy: moving {amount(nbytes)} on '{device.name}'"
                rescued(device, error, copy, what)


def _region(home: Buffer, offset: int, nbytes: int) -> cl.Buffer:
    cut = partial(home.cl.get_sub_region, offset, nbytes)
    try:
        return cut()
    except Exception as error:
        what = f"allocate: a region of {amount(nbytes)} on '{home.device.name}'"
        return rescued(home.device, error, cut, what)
