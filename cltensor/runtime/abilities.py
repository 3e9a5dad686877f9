"""What the driver of a device says of it: names, limits, and what its kernels may use."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from cltensor.runtime.ranking import is_simulator, peak
from cltensor.runtime.settings import hidden_extensions

if TYPE_CHECKING:
    import pyopencl as cl

#: NVIDIA's drivers refuse more groups than this along any but the first dimension.
_MOST_GROUPS = 65535
_GLOBAL = 2  # CL_GLOBAL, a type of local memory


class Abilities:
    """Those of `cl_device`, of a kind as in ranking.py."""

    def __init__(self, cl_device: cl.Device, kind: str) -> None:
        self.cl_device = cl_device
        self.kind = kind
        #: Mesa's llvmpipe leaves a work-item's loops after 65535 iterations in all and carries on
        #: with wrong values, reporting nothing (seen with 22.3.6).
        self.long_loops = "llvmpipe" not in cl_device.name
        #: Whether it gets the kernels for CPUs: few work-items that loop long.
        self.is_cpu = kind == "cpu" and self.long_loops
        #: What the driver has and CLTENSOR_HIDE takes away.
        self.hidden = hidden_extensions()
        self.extensions = frozenset(cl_device.extensions.split()) - self.hidden
        self.fp64 = "cl_khr_fp64" in self.extensions
        #: Work-items of a group along each dimension.
        self.max_work_items = tuple(cl_device.max_work_item_sizes)
        #: Work-items of a group that lies along the first one.
        self.max_work_group: int = min(cl_device.max_work_group_size, self.max_work_items[0])
        #: Groups of a launch along each dimension but the first.
        self.max_groups = _MOST_GROUPS
        self.local_mem: int = cl_device.local_mem_size
        #: Whether local memory of a GPU is memory as any other, in the same caches.
        self.caches_alone = not self.is_cpu and cl_device.local_mem_type == _GLOBAL
        self.global_mem: int = cl_device.global_mem_size
        self.max_alloc: int = cl_device.max_mem_alloc_size
        self.compute_units: int = cl_device.max_compute_units
        #: Where a region of a buffer may start, in bytes.
        self.alignment: int = max(128, cl_device.mem_base_addr_align // 8)
        self.is_pocl = "Portable Computing" in cl_device.platform.name
        self.is_intel = "Intel" in cl_device.platform.name
        self.is_simulator = is_simulator(cl_device)
        #: Whether the same chip may show a screen: its driver then ends what runs for seconds.
        self.is_integrated = kind == "gpu" and bool(cl_device.host_unified_memory)
        #: Whether its driver may keep launches until it is told to begin.
        self.flushes = kind != "cpu"

    @property
    def shows_memory(self) -> bool:
        """Whether its memory is the host's, and can be used there while kernels use it."""
        return self.kind == "cpu" and bool(self.cl_device.host_unified_memory)

    @property
    def is_unified(self) -> bool:
        """Whether its memory is the host's, where mapping it copies nothing."""
        return self.shows_memory or self.is_integrated

    @property
    def title(self) -> str:
        """What a person calls it: the device and platform names."""
        return f"{self.cl_device.name.strip()} ({self.cl_device.platform.name.strip()})"

    @cached_property
    def identity(self) -> str:
        """Device, driver and platform versions: the part of a cache key that hardware decides."""
        d = self.cl_device
        return "|".join((d.platform.name, d.platform.version, d.name, d.driver_version))

    @cached_property
    def peak(self) -> float:
        """Multiply-adds a second, as far as the driver tells."""
        return peak(self.cl_device)
