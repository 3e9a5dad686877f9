"""Whether PoCL can link kernels here: where it cannot, it ends the process.

PoCL makes a shared library of each kernel, by a linker and with the C library of the system; on a
machine without them, as small containers are, its compiler aborts. A machine that looks whole is
taken to be so; on any other one a process of its own tries.
"""

from __future__ import annotations

import sys
from functools import cache

from cltensor.errors import DeviceError

_TIMEOUT = 120
#: What the linker is asked for: the compiler's own library, and the file that stands for C's.
_COMPILERS = ("/usr/lib/gcc*/*/*/libgcc.a", "/usr/lib64/gcc/*/*/libgcc.a")
_LIBRARIES = ("/usr/lib/*/libc.so", "/usr/lib64/libc.so", "/usr/lib/libc.so")

_TRIAL = """
import numpy, pyopencl as cl
(device,) = [d for p in cl.get_platforms() if "Portable Computing" in p.name
             for d in p.get_devices()][:1]
context = cl.Context([device])
queue = cl.CommandQueue(context)
x = cl.Buffer(context, cl.mem_flags.READ_WRITE, 4)
source = "__kernel void linked(__global int *x) { x[0] = 1; }"
cl.Program(context, source).build().linked(queue, (1,), None, x)
queue.finish()
"""


def require_linker() -> None:
    """Raise DeviceError if PoCL cannot make programs of kernels on this machine."""
    problem = _problem()
    if problem:
        raise DeviceError(
            f"device: PoCL cannot link kernels on this machine ({problem}); it needs a linker and "
            "the libraries of a C compiler: install them (Debian, Ubuntu: apt install gcc "
            "libc6-dev; Fedora: dnf install gcc), or another driver for the CPU (pip install "
            "intel-opencl-rt, for x86)"
        )


@cache
def _problem() -> str:
    """What keeps PoCL from linking, "" if nothing."""
    import subprocess

    if not sys.platform.startswith("linux") or _looks_whole():
        return ""
    try:
        done = subprocess.run(
            [sys.executable, "-c", _TRIAL],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""  # that says nothing about linking
    if done.returncode >= 0:  # an exception is an answer of a process that lives
        return ""
    lines = [line for line in done.stderr.splitlines() if "error" in line or "cannot" in line]
    return lines[0].strip() if lines else f"a trial ended by signal {-done.returncode}"


def _looks_whole() -> bool:
    import shutil
    from glob import glob

    has = [any(glob(pattern) for pattern in patterns) for patterns in (_COMPILERS, _LIBRARIES)]
    return shutil.which("ld") is not None and all(has)
