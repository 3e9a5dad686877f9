"""The checks of what surrounds the kernels are right here, and see a wrong element."""

import pytest
from selfchecks import blind, failures

from cltensor.selftest.families import replays


def test_the_checks_of_a_quick_run_are_right():
    assert failures(replays) == {}


@pytest.mark.thorough
def test_all_checks_are_right():
    assert failures(replays, every=True) == {}


def test_they_see_a_wrong_element(monkeypatch):
    # That one only asks whether two draws differ.
    assert blind(replays, monkeypatch) == ["random numbers of a recorded call"]
