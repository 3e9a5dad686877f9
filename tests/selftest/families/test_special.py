"""The checks of special functions are right on the default device, and see a wrong element."""

import pytest
from selfchecks import blind, failures

from cltensor.selftest.families import special


def test_the_checks_of_a_quick_run_are_right():
    assert failures(special) == {}


@pytest.mark.thorough
def test_all_checks_are_right():
    assert failures(special, every=True) == {}


def test_they_see_a_wrong_element(monkeypatch):
    assert blind(special, monkeypatch) == []
