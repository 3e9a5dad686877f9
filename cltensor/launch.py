"""`python -m cltensor.launch -n 4 program.py --its arguments`: a program in several processes.

mpiexec starts, for each rank, this file again (not the package: it imports nothing but Python's
own), which starts the program and watches it. MPI's own launchers end all processes when one dies;
here the others first get the time to say which one they miss.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

#: What launchers of MPI call the number of a process, how many there are, the number on its host
#: and how many are there: those of MPICH and its relatives, and of Open MPI.
_NAMES = {
    "RANK": ("PMI_RANK", "OMPI_COMM_WORLD_RANK"),
    "WORLD_SIZE": ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE"),
    "LOCAL_RANK": ("MPI_LOCALRANKID", "OMPI_COMM_WORLD_LOCAL_RANK"),
    "LOCAL_WORLD_SIZE": ("MPI_LOCALNRANKS", "OMPI_COMM_WORLD_LOCAL_SIZE"),
}
_WATCH = "--watch-one"
#: Between looks at the others, in seconds.
_PAUSE = 0.1


def main(argv: Sequence[str] | None = None) -> int:
    """Start the program that the arguments say; the exit code of the first process that failed."""
    options = _arguments(argv)
    mpiexec = options.mpiexec or _mpiexec()
    if mpiexec is None:
        print(
            'cltensor.launch: there is no mpiexec; pip install "cltensor[mpi]" brings one, or name '
            "it by --mpiexec",
            file=sys.stderr,
        )
        return 2
    command = [mpiexec, "-n", str(options.n)]
    if options.hosts:
        command += ["-hosts", options.hosts]
    # -P: this file's folder is a package with names of Python's own modules.
    command += [sys.executable, "-P", __file__, _WATCH, uuid.uuid4().hex, str(options.grace)]
    command += [sys.executable, *options.program]
    try:
        return subprocess.run(command, check=False).returncode
    except KeyboardInterrupt:
        return 130


def _arguments(argv: Sequence[str] | None) -> Any:
    parser = argparse.ArgumentParser(
        prog="python -m cltensor.launch",
        description="Run a program in several processes, which ct.distributed brings together.",
    )
    parser.add_argument("-n", type=int, default=1, help="how many processes")
    parser.add_argument("--hosts", help="names of hosts, with commas: n processes among them")
    parser.add_argument(
        "--grace", type=float, default=20.0,
        help="seconds that the others have after one failed, before they are ended",
    )  # fmt: skip
    parser.add_argument("--mpiexec", help="another launcher of MPI than the one that is found")
    parser.add_argument("-m", metavar="module", help="run a module in place of a file")
    parser.add_argument("program", nargs="?", help="a file, and its arguments")
    own, program = _split(sys.argv[1:] if argv is None else argv)
    options = parser.parse_args(own)
    options.program = program
    if options.n < 1:
        parser.error(f"-n is {options.n}; give 1 or more")
    if not program or program == ["-m"]:
        parser.error("name a program")
    return options


def _split(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    """The launcher's own options, and what Python gets: from the program on, or from -m."""
    place = 0
    while place < len(argv) and argv[place].startswith("-") and argv[place] != "-m":
        takes_next = "=" not in argv[place] and argv[place] not in ("-h", "--help")
        place += 2 if takes_next else 1
    return list(argv[:place]), list(argv[place:])


def _mpiexec() -> str | None:
    beside = Path(sys.executable).parent / "mpiexec"  # of the wheel in this environment
    return str(beside) if beside.exists() else shutil.which("mpiexec")


def environment_of(environ: Mapping[str, str], cores: int) -> dict[str, str]:
    """The environment of a rank: the numbers under PyTorch's names, and for PoCL its share of the
    processor's cores."""
    found = dict(environ)
    for name, theirs in _NAMES.items():
        given = next((environ[n] for n in theirs if n in environ), None)
        if given is not None:
            found[name] = given
    share = max(1, cores // max(1, int(found.get("LOCAL_WORLD_SIZE", 1))))
    found.setdefault("POCL_MAX_PTHREAD_COUNT", str(share))
    return found


def _watch(name: str, grace: float, command: Sequence[str]) -> int:
    """Run the command, say how it failed if it did, and stay until the others of this host are
    done: MPI's launcher ends them all when this process ends with a failure."""
    folder = Path(tempfile.gettempdir(), f"cltensor-launch-{name}")
    folder.mkdir(mode=0o700, exist_ok=True)
    environment = environment_of(os.environ, len(os.sched_getaffinity(0)))
    rank = environment.get("RANK", "0")
    running, failed = folder / f"{rank}.running", folder / f"{rank}.failed"
    running.touch()
    child = subprocess.Popen(command, env=environment, close_fds=False, preexec_fn=_die_with_parent)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: child.send_signal(number))
    code = child.wait()
    if code:
        how = f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
        print(f"cltensor.launch: rank {rank} (process {child.pid}) ended {how}", file=sys.stderr)
        failed.touch()
    running.unlink()
    _stay(folder, grace)
    if not any(folder.glob("*.running")):
        shutil.rmtree(folder, ignore_errors=True)
    return 128 - code if code < 0 else code


def _stay(folder: Path, grace: float) -> None:
    while any(folder.glob("*.running")):
        ages = [time.time() - file.stat().st_mtime for file in folder.glob("*.failed")]
        if ages and max(ages) > grace:
            return
        time.sleep(_PAUSE)


def _die_with_parent() -> None:
    if sys.platform == "linux":
        die = 1  # PR_SET_PDEATHSIG
        ctypes.CDLL(None).prctl(die, signal.SIGKILL)


if __name__ == "__main__":
    if sys.argv[1:2] == [_WATCH]:
        sys.exit(_watch(sys.argv[2], float(sys.argv[3]), sys.argv[4:]))
    sys.exit(main())
