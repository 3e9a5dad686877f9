"""Programs drawn at random give the same bits in every way, by kernels of both kinds, and on every
implementation of OpenCL, where these are asked for; or are refused everywhere.

CLTENSOR_DRAWS says how many programs are drawn, CLTENSOR_SEED where they start.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from implementations import implementations
from reproducible_programs import WAYS, result

DRAWS, SEED = (int(os.environ.get(f"CLTENSOR_{name}", 0)) for name in ("DRAWS", "SEED"))
SCRIPT = Path(__file__).parent / "reproducible_programs.py"
#: Of GPUs that PoCL plays.
PLAYED = ("group=64 local=16K", "group=256 local=32K without=fp64,fp16")
SETTINGS = {
    **implementations(),
    "eagerly": {"CLTENSOR_EAGER": "1"},
    **{text: {"CLTENSOR_PLAYED": text} for text in PLAYED},
}
_wanted = {}  # by seed, from test to test

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


@pytest.mark.parametrize("seed", range(SEED, SEED + (DRAWS or 4)))
@pytest.mark.parametrize("way", WAYS)
def test_ways_of_this_device(skeleton, deterministic, way, seed):
    found = result(seed, way)
    assert len(found) == 1
    assert found == _wanted.setdefault(seed, found)


@pytest.mark.slow
@pytest.mark.parametrize("name", SETTINGS)
def test_implementations(name):
    wanted, found = _printed({}), _printed(SETTINGS[name])
    assert found.keys() == wanted.keys()
    fewer = name == "Rusticl" or "fp64" in name  # without float64 more is refused
    for seed, gave in found.items():
        # Of two errors in a program either comes first, as an eager call meets it before.
        alike = gave == wanted[seed] or (_failed(gave) and (fewer or _failed(wanted[seed])))
        assert alike, f"seed {seed}: {gave}, not {wanted[seed]}"


def _failed(gave):
    """Whether a program gave an error, which has no sha256."""
    return not all(re.fullmatch("[0-9a-f]{16}", each) for each in gave)


def _printed(setting):
    """What a process of its own gives, by seed."""
    count = DRAWS or 20
    command = [sys.executable, str(SCRIPT), str(SEED), str(SEED + count), "--warn"]
    env = {**os.environ, **setting}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=3000)
    found = dict(map(json.loads, done.stdout.splitlines()))
    # Not the exit status: Mesa's Rusticl may die after all results (docs/portability.md).
    assert len(found) == count, done.stderr[-2000:]
    return found
