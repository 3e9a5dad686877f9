"""PoCL needs a linker; where there is none, cltensor says so before PoCL ends the process."""

import shutil
import subprocess
import sys

import pytest

from cltensor.errors import DeviceError
from cltensor.runtime import linker


@pytest.fixture
def bare(monkeypatch):
    """A machine that does not look whole."""
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    linker._problem.cache_clear()
    yield
    linker._problem.cache_clear()


ABORTS = """
import os, sys
print('error: unable to execute command: Executable "ld" does not exist!', file=sys.stderr)
sys.stderr.flush()
os.abort()
"""


def test_a_machine_without_a_linker_is_named(bare, monkeypatch):
    monkeypatch.setattr(linker, "_TRIAL", ABORTS)
    with pytest.raises(DeviceError, match='Executable "ld" does not exist.*apt install gcc'):
        linker.require_linker()


def test_who_is_silent_at_the_end_is_named_by_its_signal(bare, monkeypatch):
    monkeypatch.setattr(linker, "_TRIAL", "import os; os.abort()")
    with pytest.raises(DeviceError, match="a trial ended by signal 6"):
        linker.require_linker()


@pytest.mark.parametrize("trial", ["", "raise SystemExit(3)"])
def test_what_lives_can_link_or_says_so_itself(bare, monkeypatch, trial):
    monkeypatch.setattr(linker, "_TRIAL", trial)
    linker.require_linker()


def test_a_whole_machine_is_not_tried(monkeypatch):
    linker._problem.cache_clear()
    monkeypatch.setattr(linker, "_looks_whole", lambda: True)
    monkeypatch.setattr(subprocess, "run", lambda *a, **k: pytest.fail("tried"))
    linker.require_linker()
    linker._problem.cache_clear()


def test_the_trial_runs_where_pocl_does(bare, device):
    if not device.is_pocl:
        pytest.skip(f"'{device.name}' ({device.title}) is not PoCL's")
    linker.require_linker()
