"""The checks of floats of 16 bits are right on the default device, and see a wrong element."""

import pytest
from selfchecks import blind, failures

from cltensor.selftest.families import halves


def test_the_checks_of_a_quick_run_are_right():
    assert failures(halves) == {}


@pytest.mark.thorough
def test_all_checks_are_right():
    assert failures(halves, every=True) == {}


def test_they_see_a_wrong_element(monkeypatch):
    assert blind(halves, monkeypatch) == []
