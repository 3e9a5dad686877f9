"""What the driver says of a device, and what the process runs with."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from cltensor.ops.linalg.unit_choice import described
from cltensor.runtime.processor import require_name
from cltensor.version import __version__

if TYPE_CHECKING:
    from cltensor.runtime.device import Device

#: Variables that hold places, or that the self-test sets itself.
_LEFT_OUT = ("CLTENSOR_CACHE", "CLTENSOR_DATA", "CLTENSOR_TUNING", "CLTENSOR_QUIET")
_VARIABLES = (
    *("OCL_ICD_VENDORS", "OPENCL_VENDOR_PATH", "POCL_DEVICES", "POCL_MAX_PTHREAD_COUNT"),
    *("RUSTICL_ENABLE", "CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "ONEAPI_DEVICE_SELECTOR"),
)


def facts(device: Device) -> dict[str, dict[str, Any]]:
    """Texts and numbers by name, in groups: the device, its limits, its surroundings."""
    if device.is_pocl:
        require_name(device.cl_device)
    return {"device": _identity(device), "limits": _limits(device), "surroundings": surroundings()}


def surroundings() -> dict[str, Any]:
    """What the process runs with."""
    found = {"cltensor": __version__, "Python": platform.python_version()}
    for package in ("numpy", "pyopencl", "mako"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    found["system"] = f"{platform.system()} {platform.release()}, {platform.machine()}"
    known = [n for n in os.environ if n.startswith("CLTENSOR_")]
    for name in (*_VARIABLES, *sorted(known)):
        if os.environ.get(name) and name not in _LEFT_OUT:
            found[name] = os.environ[name]
    return found


def _asked(question: Callable[[], Any]) -> Any:
    """The answer, or what the driver said instead."""
    try:
        return question()
    except Exception as error:  # an old driver does not know every question
        return f"not known ({type(error).__name__})"


def _identity(device: Device) -> dict[str, Any]:
    d = device.cl_device
    return {
        "name": d.name.strip(),
        "kind": device.kind,
        "vendor": d.vendor.strip(),
        "platform": f"{d.platform.name.strip()}, {d.platform.version.strip()}",
        "driver": d.driver_version.strip(),
        "OpenCL C": d.opencl_c_version.strip(),
        "cltensor's name": device.name,
        "kernels": "for CPUs" if device.is_cpu else "for GPUs",
        "extensions": " ".join(sorted(device.extensions)),
    }


def _limits(device: Device) -> dict[str, Any]:
    import pyopencl as cl

    d = device.cl_device
    kinds = cl.device_local_mem_type
    local = _asked(lambda: "of its own" if d.local_mem_type == kinds.LOCAL else "in global memory")
    return {
        "compute units": device.compute_units,
        "clock (MHz)": _asked(lambda: d.max_clock_frequency),
        "memory (bytes)": device.global_mem,
        "largest allocation (bytes)": device.max_alloc,
        "memory shared with the host": _asked(lambda: bool(d.host_unified_memory)),
        "cache (bytes)": _asked(lambda: d.global_mem_cache_size),
        "cache line (bytes)": _asked(lambda: d.global_mem_cacheline_size),
        "alignment (bytes)": device.alignment,
        "local memory (bytes)": device.local_mem,
        "local memory": local,
        "constant memory (bytes)": _asked(lambda: d.max_constant_buffer_size),
        "arguments (bytes)": _asked(lambda: d.max_parameter_size),
        "work-group": device.max_work_group,
        "work-items by axis": _asked(lambda: list(d.max_work_item_sizes)),
        "vectors of float": _asked(lambda: d.native_vector_width_float),
        "address bits": _asked(lambda: d.address_bits),
        "float32": _asked(lambda: _abilities(d.single_fp_config)),
        "float64": _asked(lambda: _abilities(d.double_fp_config)) if device.fp64 else "none",
        "matrix units": _asked(lambda: described(device)),
        "timer (ns)": _asked(lambda: d.profiling_timer_resolution),
        "error correction": _asked(lambda: bool(d.error_correction_support)),
    }


def _abilities(config: int) -> str:
    """What the driver says of floats of one width."""
    import pyopencl as cl

    names = ("DENORM", "INF_NAN", "ROUND_TO_NEAREST", "FMA", "CORRECTLY_ROUNDED_DIVIDE_SQRT")
    flags = cl.device_fp_config
    return " ".join(n for n in names if config & getattr(flags, n)) or "none of the usual"
