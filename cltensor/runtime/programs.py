"""OpenCL programs: compiled with the options that a device takes, and that said to who waits."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cltensor.runtime.determinism import is_deterministic
from cltensor.runtime.device import Device
from cltensor.runtime.linker import require_linker
from cltensor.runtime.processor import require_name
from cltensor.runtime.source import prelude

if TYPE_CHECKING:
    import pyopencl as cl

#: Has clang take its declarations of OpenCL C's functions for read; builtins.cl has those in use.
_WITHOUT_HEADER = "-D_OPENCL_H_"
_PATIENCE = 1.0  # seconds of compiling after which a person is told


def built(device: Device, source: str, *more: str) -> cl.Program:
    """The program of `source`, built. PoCL counts warnings on the screen, hence -w."""
    import pyopencl as cl

    options = ["-w", *more]
    if (
        "cl_khr_fp64" in device.hidden
    ):  # numbers without a suffix are floats where there is no other
        options.append("-cl-single-precision-constant")
    if is_deterministic() and _rounds_quotients(device.cl_device):
        options.append("-cl-fp32-correctly-rounded-divide-sqrt")
    if device.is_pocl:
        require_linker()
        require_name(device.cl_device)
    if device.is_pocl and source.startswith(prelude(device)):
        try:
            return quietly(cl.Program(device.context, source), [_WITHOUT_HEADER, *options])
        except cl.RuntimeError:  # wrong, or it calls what builtins.cl does not declare
            pass
    return quietly(cl.Program(device.context, source), options)


class _Compiling:
    """How long this process has compiled, and whether that was said."""

    seconds = 0.0
    was_said = False


def notice(seconds: float) -> None:
    """Say once, to a person who waits, what takes so long."""
    _Compiling.seconds += seconds
    if _Compiling.seconds < _PATIENCE or _Compiling.was_said:
        return
    _Compiling.was_said = True
    if os.environ.get("CLTENSOR_QUIET") != "1" and sys.stderr is not None and sys.stderr.isatty():
        print(
            "cltensor: compiling kernels for the first time; they are kept, and later runs start "
            "at once (CLTENSOR_QUIET=1 hides this line)",
            file=sys.stderr,
        )


def quietly(program: cl.Program, options: Sequence[str] = ()) -> cl.Program:
    """`program`, built; drivers report their progress as a compiler warning, which is dropped."""
    import pyopencl as cl

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cl.CompilerWarning)
        return program.build(list(options))


def _rounds_quotients(cl_device: cl.Device) -> bool:
    """Whether the driver has an option for quotients and roots of float32 that are rounded once."""
    import pyopencl as cl

    return bool(cl_device.single_fp_config & cl.device_fp_config.CORRECTLY_ROUNDED_DIVIDE_SQRT)
