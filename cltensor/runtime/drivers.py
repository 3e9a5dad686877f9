"""Where the OpenCL loader finds drivers, and why one of them does not load.

An ICD is a small file that names a driver's library. The loader passes silently over one that it
cannot use; this module asks the same files in the same order and says what went wrong. Libraries
are opened in a process of their own, because a broken driver may take the process with it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

#: Where the loader looks when no variable says otherwise.
SYSTEM_FOLDER = "/etc/OpenCL/vendors"
_TIMEOUT = 60

# Loading is not enough: a loader asks each library for this function and then for its platforms.
_PROBE = """
import ctypes, sys
try:
    library = ctypes.CDLL(sys.argv[1])
except OSError as error:
    sys.exit(str(error))
try:
    find = library.clGetExtensionFunctionAddress
except AttributeError:
    sys.exit("the library loads, but is no OpenCL driver: no clGetExtensionFunctionAddress in it")
find.restype = ctypes.c_void_p
address = find(b"clIcdGetPlatformIDsKHR")
if not address:
    sys.exit("the library loads, but offers loaders no clIcdGetPlatformIDsKHR")
count = ctypes.c_uint(0)
prototype = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_uint, ctypes.c_void_p, ctypes.POINTER(ctypes.c_uint)
)
status = prototype(address)(0, None, ctypes.byref(count))
if status or not count.value:
    sys.exit("the library loads, but reports no platform (status %d)" % status)
"""


@dataclass
class Icd:
    """One driver entry: the file that names it, the library it names, and what is wrong.

    problem is empty for a driver that loads. source is the library itself where the environment
    names one without a file.
    """

    source: str
    library: str = ""
    problem: str = ""


def survey() -> list[Icd]:
    """Every ICD that the loader would read, each tried out."""
    found = []
    for source in _sources():
        entry = _read(source)
        if not entry.problem:
            entry.problem = _try(entry.library)
        found.append(entry)
    return found


def bundled_folders() -> list[Path]:
    """The folders in which pyopencl's wheels carry a loader and drivers of their own."""
    spec = find_spec("pyopencl")
    if spec is None or spec.origin is None:
        return []
    package = Path(spec.origin).parent
    places = (package / ".libs", package / ".dylibs", package.parent / "pyopencl.libs")
    return [place for place in places if place.is_dir()]


def _sources() -> list[str]:
    """Paths of .icd files, names of libraries, and folders that do not exist, in reading order."""
    chosen = os.environ.get("OCL_ICD_VENDORS")
    folder = chosen or os.environ.get("OPENCL_VENDOR_PATH") or SYSTEM_FOLDER
    if chosen and not os.path.isdir(chosen):
        return [chosen]  # a file or a library: that driver alone
    sources = sorted(str(path) for path in Path(folder).glob("*.icd"))
    for place in bundled_folders():
        sources += sorted(str(path) for path in place.glob("*.icd"))
    return list(dict.fromkeys(sources))


def _read(source: str) -> Icd:
    if not source.endswith(".icd"):
        if os.sep in source and not os.path.exists(source):
            return Icd(source, problem="there is no such file or folder")
        return Icd(source, library=source)
    try:
        lines = Path(source).read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        return Icd(source, problem=f"the file cannot be read: {error}")
    library = lines[0].strip()
    if not library:
        return Icd(source, problem="its first line is empty; it must name the driver's library")
    beside = Path(source).parent / library  # wheels write the bare name of a library beside it
    return Icd(source, library=str(beside) if beside.exists() else library)


def _try(library: str) -> str:
    """What keeps `library` from being a working driver, "" if nothing."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", _PROBE, library],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"the driver did not answer within {_TIMEOUT} s"
    except OSError as error:
        return f"it could not be tried: {error}"
    if done.returncode < 0:
        return f"loading it kills the process ({signal.Signals(-done.returncode).name})"
    if done.returncode:
        return (done.stderr.strip() or f"exit status {done.returncode}").splitlines()[-1]
    return ""
