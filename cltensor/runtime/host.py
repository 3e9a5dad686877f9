"""The host's memory as a device, where no OpenCL driver for the CPU exists.

A tensor there can be read, printed, saved, viewed, copied, joined and
moved. Nothing is computed with it.
"""

from __future__ import annotations

import threading
from typing import Any, NoReturn

import numpy as np

from cltensor.errors import DeviceError
from cltensor.runtime.carrier import carrier
from cltensor.runtime.device import Device
from cltensor.runtime.kernels import Kernels
from cltensor.runtime.memory import Pool


class _HostPool(Pool):
    """Arrays of NumPy in place of the driver's buffers."""

    def _create(self, nbytes: int, reserved: int) -> Any:
        return np.empty(max(1, reserved), np.uint8)


class HostDevice(Device):
    """See above. Its name is "cpu"."""

    is_host = True
    is_simulator = is_integrated = flushes = caches_alone = False
    kind = "cpu"
    name = "cpu"
    title = "the memory of the host"
    identity = "host"
    number = 0
    is_cpu = True
    fp64 = True
    hidden = frozenset()
    compute_units = max_work_group = max_groups = 1
    max_work_items = (1, 1, 1)
    global_mem = max_alloc = 1 << 62
    local_mem = 0
    alignment = 128

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.kernels = Kernels()
        self.tuned: dict[Any, Any] = {}
        self.narrowed: dict[str, int] = {}
        self._pool = _HostPool(self)

    @property
    def shows_memory(self) -> bool:
        """It is nothing else."""
        return True

    def show(self, handle: Any, nbytes: int) -> Any:
        """The bytes themselves."""
        return handle[:nbytes]

    def _refuse(self) -> NoReturn:
        if carrier.why:
            raise DeviceError(f"device: {carrier.why}")
        raise DeviceError(
            "device: 'cpu' is the memory of the host here, where nothing is computed, as no OpenCL "
            'driver for the CPU was found; get one with pip install "pyopencl[pocl]", or move the '
            "tensor back to a device with .to(...)"
        )

    def add_kernel(self, key: Any, make: Any, *args: Any) -> NoReturn:
        """Raise DeviceError: it has no kernels."""
        self._refuse()

    @property
    def context(self) -> Any:
        """Raises DeviceError: it has none."""
        self._refuse()

    queue = cl_device = context

    def finish(self) -> None:
        """Nothing is ever under way."""

    def copy_to(self, handle: Any, array: Any, offset: int) -> None:
        """See Device."""
        handle[offset : offset + array.nbytes] = array.reshape(-1).view(np.uint8)

    def copy_from(self, handle: Any, array: Any, offset: int, wait: bool = True) -> Any:
        """See Device."""
        array.reshape(-1).view(np.uint8)[:] = handle[offset : offset + array.nbytes]

    def copy_within(self, to: Any, source: Any, nbytes: int) -> None:
        """See Device."""
        to[:nbytes] = source[:nbytes]


Device.make_host = HostDevice
