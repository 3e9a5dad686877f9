"""New processes: the import, and the first result with a warm and with an empty kernel cache."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import cltensor as ct
from benchmarks.case import Case, Library

FAMILY = "startup"

#: From the start of Python to a product on the host.
_FIRST = "import cltensor as ct; x = ct.ones((64, 64)); (x @ x).numpy()"


def _seconds(statement: str, **variables: str) -> float:
    """How long `statement` takes in a new process, the start of Python not counted."""
    program = f"import time; t = time.perf_counter(); {statement}; print(time.perf_counter() - t)"
    root = str(Path(ct.__file__).parent.parent)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])]),
        "PYTHONDONTWRITEBYTECODE": "",  # an installed package has its byte code; so shall this
        "CLTENSOR_DEVICE": ct.device().name,
        **variables,
    }
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env=environment,
        check=True,
    )
    return float(done.stdout)


def _import(lib: Library):
    return lambda: _seconds(f"import {lib.name}")


def _first_warm(lib: Library):
    return lambda: _seconds(_FIRST)


def _first_cold(lib: Library):
    def call() -> float:
        with tempfile.TemporaryDirectory() as folder:
            return _seconds(_FIRST, CLTENSOR_CACHE=folder, POCL_CACHE_DIR=f"{folder}/pocl")

    return call


def cases() -> list[Case]:
    """The cases of this family."""
    return [
        Case(FAMILY, "import", _import, self_timed=True),
        Case(FAMILY, "first matmul, warm cache", _first_warm, rivals=(), self_timed=True),
        Case(
            FAMILY, "first matmul, empty cache", _first_cold, rivals=(), self_timed=True, slow=True
        ),
    ]
