"""The same bits everywhere: short trainings, by what each implementation and each way computes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from implementations import implementations
from reproducible import HASHES, NETWORKS, OPTIMIZERS, WAYS, trained

SCRIPT = Path(__file__).parent / "reproducible.py"
EACH = [f"{network}/{optimizer}" for network in NETWORKS for optimizer in OPTIMIZERS]


def wanted(small):
    """The hashes that were written down."""
    return json.loads(HASHES.read_text())["small" if small else "whole"]


@pytest.mark.parametrize("each", EACH)
@pytest.mark.parametrize("how", WAYS)
def test_ways_of_this_device(device, skeleton, deterministic, how, each):
    assert trained(*each.split("/"), small=True, how=how) == wanted(small=True)[each]


@pytest.mark.slow
@pytest.mark.parametrize("each", EACH)
def test_this_device(device, deterministic, each):
    assert trained(*each.split("/")) == wanted(small=False)[each]


@pytest.mark.slow
@pytest.mark.parametrize("name", implementations())
def test_implementations(name):
    # Mesa's fused multiply-adds have no numbers below the normal range, which these do not meet.
    command = [sys.executable, str(SCRIPT), *(["--warn"] if name == "Rusticl" else [])]
    env = {**os.environ, **implementations()[name]}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=1500)
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout.splitlines()[-1]) == wanted(small=False)
