"""The implementations of OpenCL that this machine has, each by what has a process use it alone."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_FOLDERS = ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib")


def _library(name: str, *folders: str) -> str:
    """Where the library lies, "" if it is in none of the usual places."""
    places = [Path(folder) / name for folder in (*folders, *_FOLDERS)]
    return next((str(place) for place in places if place.exists()), "")


def implementations() -> dict[str, dict[str, str]]:
    """The variables of the environment that choose each; that of this process has none."""
    inside = str(Path(sys.prefix) / "lib")
    intel = os.environ.get("CLTENSOR_INTEL") or _library("libintelocl.so", inside)
    libraries = {
        "PoCL of the system": (_library("libpocl.so.2"), {}),
        "Intel": (intel, {"LD_LIBRARY_PATH": str(Path(intel).parent)}),
        "Rusticl": (_library("libRusticlOpenCL.so.1"), {"RUSTICL_ENABLE": "llvmpipe"}),
    }
    found: dict[str, dict[str, str]] = {"this one": {}}
    found["this one, one thread"] = {"POCL_MAX_PTHREAD_COUNT": "1"}
    for name, (library, more) in libraries.items():
        if library:
            found[name] = {"OCL_ICD_VENDORS": library, **more}
    return found
