"""A rank that dies, hangs, leaves or goes another way is named by the others; nothing hangs."""

import os
import re
import signal
import sys
import time

import pytest
import ranks

import cltensor as ct
from cltensor import distributed as dist
from cltensor.distributed.watch import is_alive


def in_ranks(rank, size, how):
    x = ct.ones(3)
    dist.all_reduce(x)
    if rank == 1:
        if how == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if how == "stopped":
            os.kill(os.getpid(), signal.SIGSTOP)
        if how == "asleep":
            time.sleep(60)
        if how == "raising":
            raise ValueError("an error of the program")
        if how == "leaving":
            sys.exit(0)
        if how == "elsewhere":
            dist.recv(x, 0)
    start = time.monotonic()
    try:
        dist.all_reduce(x)
    except ct.DistributedError as error:
        sys.stdout.write(f"rank {rank} after {time.monotonic() - start:.0f} s: {error}\n")
        sys.stdout.flush()
        with pytest.raises(ct.DistributedError, match="rank 1"):  # and so do all calls from now on
            dist.barrier()
        raise


SAID = {
    "killed": (30, r"rank 1 died \(process \d+ on "),
    "stopped": (2, "not done within 2 s; rank 1 gave no sign, so hung"),
    "asleep": (2, r"rank 1 has not called it; its last was distributed.all_reduce\(SUM\) of"),
    "raising": (30, "rank 1 left before: the program ended there, or its error is shown"),
    "leaving": (30, "rank 1 left before"),
    "elsewhere": (2, "(rank 1 has not called it|rank 0 has not made the call that belongs to it)"),
}


@pytest.mark.parametrize("how", ["killed", "stopped", "raising"])
def test_others_name_the_rank(how):
    check(how)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["asleep", "leaving", "elsewhere"])
def test_others_name_the_rank_in_other_cases(how):
    check(how)


def check(how):
    limit, wanted = SAID[how]
    start = time.monotonic()
    done = ranks.run(3, __file__, "in_ranks", how, check=False, limit=limit)
    assert time.monotonic() - start < 40
    assert done.returncode != 0
    for rank in (0, 2):
        assert re.search(rf"rank {rank} after \d+ s: .*{wanted}", done.stdout), done
    if how == "killed":
        assert re.search(r"cltensor.launch: rank 1 \(process \d+\) ended by SIGKILL", done.stderr)
    if how == "raising":
        assert "ValueError: an error of the program" in done.stderr


def test_processes_that_have_ended_are_not_alive():
    assert is_alive(os.getpid())
    assert is_alive(1)
    child = os.posix_spawn(sys.executable, [sys.executable, "-c", ""], os.environ)
    end = time.monotonic() + 20
    while is_alive(child):  # until it is a zombie
        assert time.monotonic() < end
        time.sleep(0.01)
    os.waitpid(child, 0)
    assert not is_alive(child)
