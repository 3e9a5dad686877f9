"""`ct.accelerator`: the device programs ask for without saying whose: a GPU, if there is one."""

from __future__ import annotations

from sys import modules as _modules
from typing import Any

from cltensor import cuda
from cltensor.core.names import name_all as _name_all
from cltensor.core.suggestions import suggest as _suggest
from cltensor.runtime.device import Device, get

__all__ = [
    "current_accelerator",
    "current_device_idx",
    "current_device_index",
    "device_count",
    "empty_cache",
    "is_available",
    "max_memory_allocated",
    "memory_allocated",
    "memory_reserved",
    "reset_peak_memory_stats",
    "set_device_idx",
    "set_device_index",
    "synchronize",
]

device_count = cuda.device_count
empty_cache = cuda.empty_cache
is_available = cuda.is_available
max_memory_allocated = cuda.max_memory_allocated
memory_allocated = cuda.memory_allocated
memory_reserved = cuda.memory_reserved
reset_peak_memory_stats = cuda.reset_peak_memory_stats
synchronize = cuda.synchronize


def current_accelerator(check_available: bool = False) -> Device | None:
    """The GPU that is used by default, or the first one; None where there is none.

    check_available changes nothing: a GPU that is listed can be used.

    >>> ct.accelerator.current_accelerator(
    ...     check_available=True
    ... ) is None or ct.accelerator.is_available()
    True
    """
    if not is_available():
        return None
    current = get()
    return current if current.kind == "gpu" else get("gpu")


def current_device_index() -> int:
    """The number of that GPU. Raises DeviceError if there is none.

    >>> ct.accelerator.is_available() or ct.accelerator.device_count() == 0
    True
    """
    return cuda.current_device()


def set_device_index(device: Any) -> None:
    """Make that GPU, a number or a name, the default device.

    >>> if ct.accelerator.is_available():
    ...     ct.accelerator.set_device_index(0)
    ...
    >>> ct.set_default_device(None)
    """
    cuda.set_device(device)


current_device_idx, set_device_idx = current_device_index, set_device_index

_name_all(globals(), __all__)
_suggest(_modules[__name__])
