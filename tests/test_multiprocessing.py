"""Python's multiprocessing, which always spawns here."""

import pytest

import cltensor as ct
from cltensor.errors import SettingError


def add_up(index, queue, start):
    queue.put(start + index)


def fail(index):
    raise SystemExit(2 + index)


def test_spawn():
    queue = ct.multiprocessing.SimpleQueue()
    assert ct.multiprocessing.spawn(add_up, (queue, 10), nprocs=2) is None
    assert sorted(queue.get() for _ in range(2)) == [10, 11]


def test_spawn_without_waiting():
    started = ct.multiprocessing.spawn(fail, nprocs=1, join=False)
    assert len(started.pids()) == 1
    with pytest.raises(ChildProcessError, match="process 0 ended with exit code 2"):
        started.join()


def test_no_forks():
    ct.multiprocessing.set_start_method("spawn", force=True)
    assert ct.multiprocessing.get_start_method() == "spawn"
    with pytest.raises(SettingError, match="'fork', but an OpenCL driver does not survive"):
        ct.multiprocessing.set_start_method("fork")
    ct.multiprocessing.set_sharing_strategy("file_system")
