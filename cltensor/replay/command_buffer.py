"""Command buffers (cl_khr_command_buffer): launches that the driver keeps and runs as one command.

pyopencl does not wrap the extension, so its functions are called through ctypes, found by the
loader that pyopencl itself uses.

Source: the Khronos OpenCL Extension Specification, cl_khr_command_buffer.
"""

from __future__ import annotations

import ctypes
import os
import sys
import weakref
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from cltensor.errors import KernelError
from cltensor.runtime.device import Device

if TYPE_CHECKING:
    import pyopencl as cl

_CAPABILITIES = 0x12A9  # CL_DEVICE_COMMAND_BUFFER_CAPABILITIES_KHR
_FLAGS = 0x1293  # CL_COMMAND_BUFFER_FLAGS_KHR
#: Capability and flag: enqueued again while an earlier run is still under way, as a loop does.
_CAN_SIMULTANEOUS, _SIMULTANEOUS = 1 << 2, 1 << 0

_int, _uint, _pointer = ctypes.c_int, ctypes.c_uint, ctypes.c_void_p
_FUNCTIONS: dict[str, tuple[Any, ...]] = {
    "clCreateCommandBufferKHR": (_pointer, _uint, *[_pointer] * 3),
    "clCommandNDRangeKernelKHR": (
        *(_int, _pointer, _pointer, _pointer, _pointer, _uint, _pointer, _pointer, _pointer),
        *(_uint, _pointer, _pointer, _pointer),
    ),
    "clFinalizeCommandBufferKHR": (_int, _pointer),
    "clEnqueueCommandBufferKHR": (_int, _uint, _pointer, _pointer, _uint, _pointer, _pointer),
    "clReleaseCommandBufferKHR": (_int, _pointer),
}


def are_worthwhile(device: Device) -> bool:
    """Whether `device` has command buffers, may enqueue one again before it is done, and gains.

    Intel's runtime for CPUs takes 2.4 us for each launch in a buffer and 1.4 for one without.
    """
    return (
        os.environ.get("CLTENSOR_COMMAND_BUFFERS") != "0"
        and "cl_khr_command_buffer" in device.extensions
        and not device.is_intel
        and _functions(device) is not None
    )


@cache
def _functions(device: Device) -> dict[str, Any] | None:
    """The extension's functions by name; None where one is missing or cannot do what is needed."""
    import pyopencl as cl

    name = "OpenCL" if sys.platform == "win32" else cl._cl.__file__
    try:
        loader = ctypes.CDLL(name)
        address_of = loader.clGetExtensionFunctionAddressForPlatform
        device_info = loader.clGetDeviceInfo
    except (OSError, AttributeError):  # another loader than ours knows
        return None
    capabilities = ctypes.c_ulong(0)
    handle = _pointer(device.cl_device.int_ptr)
    device_info(handle, _CAPABILITIES, 8, ctypes.byref(capabilities), None)
    if not capabilities.value & _CAN_SIMULTANEOUS:
        return None
    address_of.restype = _pointer
    address_of.argtypes = [_pointer, ctypes.c_char_p]
    platform = device.cl_device.platform.int_ptr
    found = {name: address_of(platform, name.encode()) for name in _FUNCTIONS}
    if not all(found.values()):
        return None
    return {name: ctypes.CFUNCTYPE(*_FUNCTIONS[name])(address) for name, address in found.items()}


class CommandBuffer:
    """Launches, given as (kernel with its arguments set, global size, local size), that one call
    enqueues in order. The kernels' arguments must stay as they are: PoCL 3.1 reads them each time.

    Raises KernelError when the driver refuses.
    """

    def __init__(
        self,
        device: Device,
        launches: Sequence[tuple[cl.Kernel, tuple[int, ...], tuple[int, ...]]],
    ) -> None:
        functions = _functions(device)
        assert functions is not None  # are_worthwhile has been asked
        queues = (_pointer * 1)(device.queue.int_ptr)
        properties = (ctypes.c_ulong * 3)(_FLAGS, _SIMULTANEOUS, 0)
        status = _int(0)
        handle = functions["clCreateCommandBufferKHR"](1, queues, properties, ctypes.byref(status))
        _check("clCreateCommandBufferKHR", status.value)
        weakref.finalize(self, functions["clReleaseCommandBufferKHR"], handle).atexit = False
        for kernel, global_size, local_size in launches:
            sizes = [
                (ctypes.c_size_t * len(extents))(*extents) for extents in (global_size, local_size)
            ]
            code = functions["clCommandNDRangeKernelKHR"](
                handle, None, None, kernel.int_ptr, len(global_size), None, *sizes, 0, None, None,
                None,
            )  # fmt: skip
            _check("clCommandNDRangeKernelKHR", code)
        _check("clFinalizeCommandBufferKHR", functions["clFinalizeCommandBufferKHR"](handle))
        self._handle = handle
        self._enqueue = functions["clEnqueueCommandBufferKHR"]

    def __call__(self) -> None:
        """Enqueue all launches. Raises pyopencl's error, as a plain launch does."""
        status = self._enqueue(0, None, self._handle, 0, None, None)
        if status:
            import pyopencl as cl

            name = cl.status_code.to_string(status, f"error {status}")  # type: ignore[operator]
            raise cl.RuntimeError(
                f"clEnqueueCommandBufferKHR failed: {name}; CLTENSOR_COMMAND_BUFFERS=0 replays "
                "launches one by one"
            )


def _check(function: str, status: int) -> None:
    if status:
        raise KernelError(
            f"jit: {function} failed with OpenCL error {status}; CLTENSOR_COMMAND_BUFFERS=0 "
            "replays launches one by one"
        )
