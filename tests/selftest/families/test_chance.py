"""The checks of random numbers are right on the default device, and see a wrong element."""

import pytest
from selfchecks import blind, failures

from cltensor.selftest.families import chance


def test_the_checks_of_a_quick_run_are_right():
    assert failures(chance) == {}


@pytest.mark.thorough
def test_all_checks_are_right():
    assert failures(chance, every=True) == {}


def test_they_see_a_wrong_element(monkeypatch):
    # What is compared is read back the same way, and is wrong alike.
    assert blind(chance, monkeypatch) == ["a seed repeats them"]
