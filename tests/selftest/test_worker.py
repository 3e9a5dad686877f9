"""The process that touches the device: what it says, and what becomes of errors."""

import json
import os
import subprocess
import sys

import pytest

import cltensor as ct
from cltensor.selftest import worker
from cltensor.selftest.checks import Check, Missing
from cltensor.selftest.worker import tried


def test_verdicts():
    def fails(error):
        raise error

    def verdict(error):
        found = tried(Check("any", "one", lambda: fails(error)))
        return found["verdict"], found["message"]

    assert tried(Check("any", "one", lambda: 7))["value"] == 7
    assert verdict(Missing("no fp64")) == ("left out", "no fp64")
    assert verdict(AssertionError("3 differ")) == ("wrong", "3 differ")
    assert verdict(ValueError("what")) == ("error", "ValueError: what")


def test_an_error_names_its_place_in_the_package_and_is_not_endless():
    found = tried(Check("any", "one", lambda: ct.zeros(2, 3) @ ct.zeros(2, 3)))
    assert found["verdict"] == "error"
    assert found["message"].startswith("ShapeError: matmul")
    assert "(in cltensor/ops/linalg/" in found["message"]
    long = tried(Check("any", "one", lambda: _raise(9000)))
    assert len(long["message"]) < 4000


def _raise(length):
    raise ValueError("x" * length)


def test_a_bad_index_of_one_check_is_not_that_of_the_next():
    def wrong():
        ct.arange(3)[ct.tensor([7])].realize()
        raise ValueError("before the fault is read")

    assert tried(Check("any", "one", wrong))["message"].startswith("ValueError")
    assert tried(Check("any", "two", lambda: ct.zeros(3).numpy().tolist()))["value"] == [0, 0, 0]


@pytest.mark.slow
def test_a_process_says_where_it_is(tmp_path):
    # What a driver writes to the standard output goes elsewhere.
    total = len(worker.plan(quick=True))
    skip = ",".join(str(n) for n in range(2, total))
    done = subprocess.run(
        [sys.executable, "-m", "cltensor.selftest.worker", "--quick", "--skip", skip],
        capture_output=True, text=True, env=os.environ, check=False, timeout=120,
    )  # fmt: skip
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, done.stderr
    assert len(lines[0]["plan"]) == total
    assert lines[0]["facts"]["device"]["name"]
    assert [sorted(set(line) & {"begin", "end", "done"}) for line in lines[1:]] == [
        ["begin"], ["end"], ["begin"], ["end"], ["done"],
    ]  # fmt: skip


@pytest.mark.slow
def test_a_device_that_is_not_there():
    done = subprocess.run(
        [sys.executable, "-m", "cltensor.selftest.worker", "--device", "cl:nosuch"],
        capture_output=True, text=True, env=os.environ, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 1
    assert "there is no 'cl:nosuch'" in json.loads(done.stdout)["failed"]
