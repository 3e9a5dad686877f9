"""Devices that run nothing: GPUs of each vendor as far as planning sees them, whose kernels are
rendered and whose launches are recorded. Memory is the host's, and stays zero."""

from contextlib import contextmanager
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pytest

from cltensor.runtime import kernel
from cltensor.runtime.device import Device
from cltensor.runtime.host import HostDevice
from cltensor.runtime.memory import Pool


class Launched(NamedTuple):
    """One launch: what asked for it, the kernel's name and source, and its sizes."""

    workload: str
    name: str
    source: str
    grid: tuple
    local: tuple


class _Recorded(kernel.Kernel):
    """A kernel that is only rendered."""

    def __init__(self, device, program, name, parameters, source):
        self.device, self.name, self.source = device, name, source
        self.names, self.scalars = tuple(parameters), list(parameters.values())
        self._orders = {}

    def _launch(self, grid, local, values):
        device = self.device
        device.launched.append(Launched(device.workload, self.name, self.source, grid, local))


class _Bytes(np.ndarray):
    """Memory of the host as drivers' buffers are."""

    def get_sub_region(self, offset, nbytes):
        return self[offset : offset + nbytes]


class _ZeroPool(Pool):
    """Zeros, which take no memory before they are written."""

    def _create(self, nbytes, reserved):
        return np.zeros(max(1, reserved), np.uint8).view(_Bytes)


class StubDevice(HostDevice):
    """A GPU with these limits. launched: its launches; workload: what asks for the next."""

    is_host = is_cpu = is_pocl = shows_memory = False
    kind = "gpu"
    cl_device = None  # which the host refuses to have
    long_loops = True
    add_kernel = Device.add_kernel

    def __init__(
        self, vendor, units, local, group, fp64=True, is_intel=False, names=("", ""), cached=False
    ):
        self.name = self.title = self.identity = f"stub of {vendor}"
        self.caches_alone = cached
        self.is_intel, self.fp64 = is_intel, fp64
        self.extensions = frozenset({"cl_khr_fp64"} if fp64 else ())
        self.compute_units, self.local_mem, self.max_work_group = units, local, group
        self.max_work_items, self.max_groups = (group, group, 64), 65535
        device, platform = names
        self.cl_device = SimpleNamespace(
            name=device or vendor, vendor=vendor, driver_version="", native_vector_width_float=1,
            max_parameter_size=1024, platform=SimpleNamespace(name=platform or vendor, version=""),
        )  # fmt: skip
        super().__init__()
        self._pool = _ZeroPool(self)
        self.launched, self.workload = [], ""

    def check_process(self):
        """Nothing was opened."""

    def copy_from(self, handle, array, offset, wait=True):
        """See Device; the event is one that is over."""
        super().copy_from(handle, array, offset)
        return SimpleNamespace(wait=lambda: None)


#: What drivers call devices and platforms, by maker.
NAMES = {
    "amd": ("gfx1030", "AMD Accelerated Parallel Processing"),
    "nvidia": ("NVIDIA GeForce RTX 3060", "NVIDIA CUDA"),
    "intel": ("Intel(R) Arc(TM) A380 Graphics", "Intel(R) OpenCL Graphics"),
    "apple": ("Apple M1", "Apple"),
    "mali": ("Mali-G52 r1", "ARM Platform"),
    "adreno": ("QUALCOMM Adreno(TM)", "QUALCOMM Snapdragon(TM)"),
}


def stub(vendor, units, local, group, **more):
    """A device with the names that drivers give those of `vendor`."""
    return StubDevice(vendor, units, local, group, names=NAMES[vendor], **more)


def stubs():
    """By vendor: a card of average size."""
    return {
        "amd": stub("amd", units=32, local=64 << 10, group=256),
        "nvidia": stub("nvidia", units=28, local=48 << 10, group=1024),
        "intel": stub("intel", units=32, local=64 << 10, group=256, fp64=False, is_intel=True),
    }


def straight():
    """A GPU whose local memory is a cache like any other."""
    return stub("mali", units=4, local=32 << 10, group=256, fp64=False, cached=True)


@contextmanager
def recording(device):
    """In this block `device` is the default device, and kernels are rendered, not built."""
    with pytest.MonkeyPatch.context() as patched, device:
        patched.setattr(kernel, "Kernel", _Recorded)
        patched.setattr(kernel, "most_items", lambda device, program, name: device.max_work_group)
        patched.setattr(kernel, "_load", lambda device, entry, source, made: made(None))
        yield device.launched
