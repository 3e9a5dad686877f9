"""Functions of tests that run in several ranks.

    ranks.run(2, __file__, "in_ranks_sum")

starts this file in two ranks, each of which imports the file of tests and calls its function with
the rank and the number of ranks, in a process group.
"""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
#: Seconds of a call between ranks.
LIMIT = 60


def needed():
    """Skip without an MPI."""
    reason = "several ranks need mpi4py and an MPI: pip install 'cltensor[mpi]'"
    pytest.importorskip("mpi4py", reason=reason)


def launched(count, *command, timeout=240, grace=1.0, **environment):
    """The finished process of `python -m cltensor.launch`."""
    needed()
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    env = {**os.environ, "PYTHONPATH": path, "POCL_MAX_PTHREAD_COUNT": "1", **environment}
    program = [sys.executable, "-m", "cltensor.launch", "-n", str(count), "--grace", str(grace)]
    return subprocess.run(
        [*program, *map(str, command)], env=env, capture_output=True, text=True, timeout=timeout
    )


def run(count, file, function, *args, check=True, limit=LIMIT, **options):
    """Call the function of a file of tests in `count` ranks; gives the finished process, whose
    ranks have all returned if `check`."""
    done = launched(count, __file__, file, function, limit, *args, **options)
    if check:
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.count("rank is done") == count, done.stdout + done.stderr
    return done


def _main(file, function, limit, *args):
    import cltensor as ct

    spec = importlib.util.spec_from_file_location("tests_of_ranks", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    ct.distributed.init_process_group(timeout=float(limit))
    getattr(module, function)(ct.distributed.get_rank(), ct.distributed.get_world_size(), *args)
    sys.stdout.write("rank is done\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _main(*sys.argv[1:])
