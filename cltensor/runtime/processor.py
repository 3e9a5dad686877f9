"""A name for a processor that PoCL's compiler does not know.

LLVM calls such a one "generic", a name that its own front end for x86 then refuses: pip's PoCL 3.0,
with LLVM 14, builds no kernel on AMD's processors of 2024 and later. PoCL puts the name last among
the options of a build, where none of ours can follow, and reads it from its description of the
device. There it is replaced, by the name of an older processor that has the same instructions.
"""

from __future__ import annotations

import struct
import sys
from functools import cache
from typing import IO, TYPE_CHECKING, Any

from cltensor.errors import DeviceError

if TYPE_CHECKING:
    import pyopencl as cl

_UNKNOWN = b"generic"
_TRIPLE = b"x86_64-"
#: Names in LLVM 14, the best last, and the flags of a processor that each asks for.
_NAMES = (
    ("x86-64", ""),
    ("haswell", "avx2 fma f16c bmi1 bmi2 movbe abm"),
    ("skylake-avx512", "avx2 fma bmi2 adx avx512f avx512bw avx512cd avx512dq avx512vl"),
    ("icelake-server", "avx512f avx512_vbmi2 avx512_vnni avx512_bitalg gfni vaes vpclmulqdq"),
)
#: Bytes of PoCL's description of a device that are searched.
_SEARCHED = 1024

#: The names that PoCL reads from now on: they must stay where they are.
_kept: list[Any] = []


@cache
def require_name(device: cl.Device) -> None:
    """Give the processor of a device of PoCL a name if it has none.

    Raises DeviceError where PoCL would refuse every kernel and that cannot be helped.
    """
    if not device.version.endswith(_UNKNOWN.decode()):
        return
    name = _name()
    if not (name and _rename(device.int_ptr, name.encode())) and not _builds(device):
        raise DeviceError(
            "device: this processor is newer than the compiler in PoCL, which builds no kernel for "
            "it; install a newer PoCL, or another driver for the CPU (pip install intel-opencl-rt "
            "intel-cmplr-lib-rt)"
        )


def _builds(device: cl.Device) -> bool:
    """Whether PoCL builds anything, without a word on the screen."""
    import warnings

    import pyopencl as cl

    source = "__kernel void any(__global int *x) { x[0] = 1; }"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            cl.Program(cl.Context([device]), source).build()
        except cl.RuntimeError:
            return False
    return True


def _name() -> str:
    """LLVM's name of the last processor whose instructions this one has; "" if that is unknown."""
    try:
        with open("/proc/cpuinfo") as file:
            lines = [line for line in file if line.startswith("flags")]
    except OSError:
        return ""
    flags = set(lines[0].split()) if lines else set()
    names = [name for name, needed in _NAMES if flags.issuperset(needed.split())]
    return names[-1] if flags else ""


def _rename(address: int, name: bytes) -> bool:
    """Replace the processor's name in PoCL's description of a device at `address`: a pointer to it
    stands after one to the triple of the target. False if that is not found.

    The process reads its own memory as a file, since a word that is no pointer is an error there
    and nothing worse.
    """
    import ctypes

    if not sys.platform.startswith("linux"):
        return False
    text = ctypes.create_string_buffer(name)
    with open("/proc/self/mem", "r+b", buffering=0) as memory:
        held = _read(memory, address, _SEARCHED)
        words = struct.unpack(f"{len(held) // 8}Q", held[: len(held) // 8 * 8])
        for place in range(1, len(words)):
            triple, found = (_read(memory, words[i], 8) for i in (place - 1, place))
            if triple[: len(_TRIPLE)] == _TRIPLE and found == _UNKNOWN + b"\0":
                _kept.append(text)
                memory.seek(address + 8 * place)
                memory.write(struct.pack("Q", ctypes.addressof(text)))
                return True
    return False


def _read(memory: IO[bytes], address: int, count: int) -> bytes:
    """Bytes of this process; none if there is no such memory."""
    try:
        memory.seek(address)
        return memory.read(count)
    except (OSError, OverflowError, ValueError):
        return b""
