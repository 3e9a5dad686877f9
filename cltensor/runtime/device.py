"""OpenCL devices: finding them, naming them, and one context and in-order queue for each.

Nothing here runs at import. Devices are listed at the first question, a context is made at the
first use of its device.
"""

from __future__ import annotations

import ctypes
import os
import re
import threading
from collections.abc import Callable, Hashable
from functools import cache, cached_property, lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

from cltensor.errors import DeviceError
from cltensor.runtime.abilities import Abilities
from cltensor.runtime.carrier import carrier
from cltensor.runtime.devicenames import Named
from cltensor.runtime.flushing import flushing
from cltensor.runtime.folders import drivers_folder, prepared_environment
from cltensor.runtime.invokers import memoize_invokers
from cltensor.runtime.kernels import Kernels
from cltensor.runtime.ranking import ranked
from cltensor.runtime.uploads import LARGE, MAPPED, SMALL, Uploads, copy_shown

if TYPE_CHECKING:
    import pyopencl as cl


#: What other programs call a GPU.
_GPU_NAMES = ("cuda", "xpu", "mps", "hip")

_forked = False


class _Recording(threading.local):
    """Who notes the launches of this thread, for a replay."""

    current: Any = None  # a Recorder, see replay/tape.py


recording = _Recording()


def _mark_forked() -> None:
    global _forked
    _forked = True
    for found in _discover() if _discover.cache_info().currsize else ():
        # Another thread may have held the lock; its owner does not exist in the child.
        found.lock = threading.RLock()
        # A driver's thread may have held one too, and then releasing a program at the child's end
        # hangs: so nothing is released.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(found))


class device(metaclass=Named):
    """A device by name: ``device("gpu")``, ``device("gpu", 1)``, "gpu:1", "cpu", "cl:0".

    "cuda", "xpu" and "mps" mean the GPU, whosoever. Without a name, the default device. Every
    device is an instance of it; in a ``with`` block it is the default one of the thread.

    Raises DeviceError if there is none of that name.

    >>> ct.ones(2, device=ct.device("cl:0")).device.type in ("cpu", "gpu", "cuda")
    True
    """

    if TYPE_CHECKING:

        def __new__(cls, type: Any = None, index: int | None = None) -> Device: ...


#: What functions take for a device; None for the default one.
DeviceSpec = device | str | int | None


class Device(Abilities, device):
    """One OpenCL device with the limits its driver reports.

    name is "cl:<index>" in the order of `devices()`. The context and the in-order queue are made
    when first used; kernels of one device therefore run in the order they were launched. Uploads
    may have another queue, which that one waits for.

    >>> device = ct.devices()[0]
    >>> device.name, device.compute_units > 0
    ('cl:0', True)
    """

    #: What makes the pool and the notes of faults; set in memory.py and faults.py, which lie above.
    make_pool: ClassVar[Callable[[Device], Any]]
    make_faults: ClassVar[Callable[[Device], Any]]
    #: What makes the device that is the host's memory; set in host.py.
    make_host: ClassVar[Callable[[], Any]]

    def __init__(self, index: int, cl_device: cl.Device, kind: str) -> None:
        self.name = f"cl:{index}"
        super().__init__(cl_device, kind)
        self.lock = threading.RLock()
        self.uploads = Uploads(pinned=self.kind == "gpu")
        #: The uploads that have a queue of their own, once there are any; see lane.py.
        self.lane: Any = None
        #: Built kernels; see `add_kernel`.
        self.kernels = Kernels()
        #: Those and others, by the level of determinism that they are built for.
        self.kernel_sets = [self.kernels, Kernels(), Kernels()]
        #: Kernel parameters by kind, dtype and size class, as looked up in tuning.py.
        self.tuned: dict[Any, Any] = {}
        #: Once tried: what it rounds wrongly (fidelity.py), whether it counts groups (groups.py).
        self.infidelities: tuple[str, ...] | None = None
        self.counts_groups: bool | None = None
        #: Work-items of groups by family of kernels, where one takes fewer; see groups.py.
        self.narrowed: dict[str, int] = {}

    #: Whether it is the host's memory alone, where nothing is computed.
    is_host = False

    @property
    def type(self) -> str:
        """PyTorch's name of `kind`: "gpu" or "cpu"."""
        return self.kind

    @cached_property
    def number(self) -> int:
        """The place among the devices of its kind."""
        return [d for d in _discover() if d.kind == self.kind].index(self)

    @property
    def index(self) -> int | None:
        """PyTorch's: the place among the devices of its kind; None for the CPU."""
        return self.number or (None if self.kind == "cpu" else 0)

    def __enter__(self) -> Device:
        """Make it the default device of this thread until the end of the `with` block."""
        _inside.outer.append(_inside.device)
        _inside.device = self
        return self

    def __exit__(self, *exception: object) -> None:
        _inside.device = _inside.outer.pop()

    def copy_to(self, handle: Any, array: Any, offset: int) -> None:
        """Copy a dense array of the host into memory of the device, from byte `offset` on."""
        import pyopencl as cl

        if array.nbytes <= SMALL:
            self.uploads.add(self.queue, handle, array, offset)
        elif self.is_unified:
            copy_shown(self.queue, handle, array, offset, to_device=True)
        else:
            cl.enqueue_copy(self.queue, handle, array, dst_offset=offset)

    def copy_from(self, handle: Any, array: Any, offset: int, wait: bool = True) -> Any:
        """Fill a dense array of the host from memory of the device, from byte `offset` on; without
        `wait`, when the event that is returned says so."""
        import pyopencl as cl

        least = LARGE if self.shows_memory else MAPPED
        if wait and array.nbytes >= least and self.is_unified:
            copy_shown(self.queue, handle, array, offset, to_device=False)
            return None
        return cl.enqueue_copy(self.queue, array, handle, src_offset=offset, is_blocking=wait)

    def copy_within(self, to: Any, source: Any, nbytes: int) -> None:
        """Copy bytes from one memory object of the device to another."""
        import pyopencl as cl

        cl.enqueue_copy(self.queue, to, source, byte_count=nbytes)

    def show(self, handle: Any, nbytes: int) -> Any:
        """The bytes of memory of the device, where they are, as an array of NumPy."""
        import numpy as np
        import pyopencl as cl

        flags: Any = cl.map_flags.READ | cl.map_flags.WRITE
        byte = np.dtype(np.uint8)
        return cl.enqueue_map_buffer(self.queue, handle, flags, 0, (nbytes,), byte)[0]

    @cached_property
    def context(self) -> cl.Context:
        """The OpenCL context of this device alone."""
        import pyopencl as cl

        self.check_process()
        try:
            return cl.Context([self.cl_device])
        except cl.Error as error:
            raise self._unusable(error) from error

    @cached_property
    def queue(self) -> cl.CommandQueue:
        """The in-order queue that every launch of this device goes through, and every copy but
        those of lane.py."""
        import pyopencl as cl

        try:
            return cl.CommandQueue(self.context)
        except cl.Error as error:
            raise self._unusable(error) from error

    @cached_property
    def timed_queue(self) -> cl.CommandQueue:
        """The one for launches that somebody times; see timing.py."""
        import pyopencl as cl

        properties = cl.command_queue_properties.PROFILING_ENABLE
        return cl.CommandQueue(self.context, properties=properties)

    @cached_property
    def enqueue(self) -> Callable[..., Any]:
        """What launches: takes the queue, pyopencl's kernel, and both sizes."""
        import pyopencl as cl

        launch = cl.enqueue_nd_range_kernel
        return flushing(launch) if self.flushes else launch

    def _unusable(self, error: Exception) -> DeviceError:
        return DeviceError(f"device: '{self.name}' ({self.title}) does not work: {error}")

    @cached_property
    def _pool(self) -> Any:
        return Device.make_pool(self)

    @property
    def pool(self) -> Any:
        """The memory pool that this thread's buffers come from."""
        recorder = recording.current
        return self._pool if recorder is None or recorder.device is not self else recorder.pool

    @property
    def recorder(self) -> Any:
        """While this thread records a call for replay, who notes the launches."""
        return recording.current

    def check_process(self) -> None:
        """Raise in a forked child: drivers hang there instead of failing."""
        if _forked:
            raise DeviceError(
                f"device: '{self.name}' was opened before this process was forked, and OpenCL does "
                "not survive a fork; start workers with multiprocessing's 'spawn' method"
            )

    def add_kernel(self, key: Hashable, make: Callable[..., Any], *args: Any) -> Any:
        """The kernel of `key`, which no other thread builds meanwhile: make(*args), if it is new.

        Whoever launches asks ``device.kernels.get(key) or device.add_kernel(key, make, *args)``:
        after the first time that is one look-up in a dictionary, and no call.
        """
        with self.lock:
            found = self.kernels.recall(key)
            if found is None:
                found = make(*args)
                self.kernels.admit(key, found)
            return found

    def synchronize(self) -> None:
        """Wait until everything launched on this device is done, then report index faults."""
        self.check_process()
        self.faults.ask()
        self.finish()
        self.faults.check()

    def finish(self) -> None:
        """Wait until everything launched on this device is done."""
        self.wait_for(self.queue.finish)

    def wait_for(self, done: Callable[[], Any]) -> None:
        """Call what waits for something on this device; its failure is that of the device."""
        import pyopencl as cl

        try:
            done()
        except cl.Error as error:
            raise self._unusable(error) from error

    @cached_property
    def faults(self) -> Any:
        """What kernels noted of bad indices; see faults.py."""
        return Device.make_faults(self)

    def __repr__(self) -> str:
        index = self.index
        return f"device(type='{self.type}'{'' if index is None else f', index={index}'})"

    def __str__(self) -> str:
        if self.kind == "other":  # of which there is no name but this
            return self.name
        index = self.index
        return self.kind if index is None else f"{self.kind}:{index}"

    def __reduce__(self) -> tuple[Any, ...]:
        return (get, (self.name,))

    def __deepcopy__(self, memo: object) -> Device:
        return self


@cache
def _discover() -> tuple[Device, ...]:
    if carrier.why:
        return ()
    with prepared_environment(drivers_folder()):
        return _listed()


def _listed() -> tuple[Device, ...]:
    import pyopencl as cl

    memoize_invokers()
    if hasattr(os, "register_at_fork"):  # absent where there is no fork
        os.register_at_fork(after_in_child=_mark_forked)
    try:
        platforms = cl.get_platforms()
    except cl.Error:  # the loader found no driver at all
        return ()
    return tuple([Device(i, *found) for i, found in enumerate(ranked(platforms, Abilities))])


def devices() -> list[Device]:
    """All OpenCL devices, the one to prefer first; see ranking.py.

    >>> len(ct.devices()) > 0
    True
    """
    return list(_discover())


def get(spec: DeviceSpec = None) -> Device:
    """The device that `spec` names; the default one for None.

    spec: a Device, "cl:<index>", a kind with optional index ("gpu", "gpu:1", "cpu"), a number of
    a GPU, or "cl:<text>" with a part of the platform, vendor or device name ("cl:nvidia"). The
    names that other programs have for GPUs ("cuda", "xpu", "mps") are "gpu". Where no OpenCL driver
    for the CPU exists, "cpu" is the host's memory, where nothing is computed.

    Raises DeviceError when there is no such device.
    """
    if isinstance(spec, Device):
        return spec
    if spec is None:
        return _inside.device or _state.default or _initial_default()
    return _lookup(f"gpu:{spec}" if isinstance(spec, int) else str(spec))


device.find = get  # type: ignore[attr-defined]


@lru_cache(maxsize=256)
def _lookup(spec: str) -> Device:
    if carrier.why:
        return host_device()
    everything = devices()
    if not everything:
        raise DeviceError(
            "device: no OpenCL device was found; run `python -m cltensor info` for the remedies, "
            'or install a driver for this CPU with pip install "pyopencl[pocl]"'
        )
    known = "|".join(("gpu", "cpu", "accelerator", "cl", *_GPU_NAMES))
    match = re.fullmatch(rf"({known})(?::(.+))?", str(spec).strip().lower())
    if match:
        kind, rest = match.groups()
        kind = "gpu" if kind in _GPU_NAMES else kind
        among = everything if kind == "cl" else [d for d in everything if d.kind == kind]
        if rest is None or re.fullmatch("[0-9]+", rest):
            place = int((rest or "0")[:9])  # Python refuses to read numbers of thousands of digits
            if place < len(among):
                return among[place]
            if kind == "cpu" and not among and not place:
                return host_device()
        elif kind == "cl":
            for d in among:
                vendor = f"{d.cl_device.platform.name} {d.cl_device.vendor} {d.cl_device.name}"
                if rest in vendor.lower():
                    return d
    listing = "; ".join(f"'{d.name}' {d.kind}: {d.title}" for d in everything)
    missing = f"there is no '{spec}'"
    if match and kind == "gpu" and not among:
        missing += ", as no GPU was found (ct.cuda.is_available() tells)"
    raise DeviceError(f"device: {missing}; this machine has {listing}")


@cache
def host_device() -> Device:
    """The host's memory as a device."""
    return Device.make_host()


class _Inside(threading.local):
    """The device of the innermost `with` block of this thread, and those outside it."""

    def __init__(self) -> None:
        self.device: Device | None = None
        self.outer: list[Device | None] = []


_inside = _Inside()


class _State:
    default: Device | None = None


_state = _State()


def _initial_default() -> Device:
    chosen = os.environ.get("CLTENSOR_DEVICE")
    try:
        found = _lookup(chosen or "cl:0")
    except DeviceError as error:
        if chosen:
            raise DeviceError(f"{error}; CLTENSOR_DEVICE asks for '{chosen}'") from None
        raise
    if found.is_simulator and not chosen:
        raise DeviceError(
            f"device: there is only '{found.name}' ({found.title}), a simulator, which nobody gets "
            f"without asking: CLTENSOR_DEVICE={found.name} does, and "
            'pip install "pyopencl[pocl]" gives a driver for this CPU'
        )
    _state.default = found
    return _state.default


def default_reason() -> str:
    """Why the default device is the default, in a few words."""
    if os.environ.get("CLTENSOR_DEVICE"):
        return f"CLTENSOR_DEVICE={os.environ['CLTENSOR_DEVICE']}"
    return "first in the order GPU, accelerator, CPU"


def get_default_device() -> Device:
    """The device of tensors created without one.

    >>> ct.get_default_device() == ct.ones(1).device
    True
    """
    return get()


def set_default_device(spec: DeviceSpec) -> None:
    """Make `spec` the device of tensors created without one; None restores the initial choice.

    >>> before = ct.get_default_device()
    >>> ct.set_default_device("cl:0")
    >>> ct.zeros(1).device == ct.devices()[0]
    True
    >>> ct.set_default_device(before)
    """
    _state.default = None if spec is None else get(spec)
