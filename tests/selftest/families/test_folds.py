"""The checks of reductions, rows and scans are right here, and see a wrong element."""

import pytest
from selfchecks import blind, failures

from cltensor.selftest.families import folds


def test_the_checks_of_a_quick_run_are_right():
    assert failures(folds) == {}


@pytest.mark.thorough
def test_all_checks_are_right():
    assert failures(folds, every=True) == {}


def test_they_see_a_wrong_element(monkeypatch):
    assert blind(folds, monkeypatch) == []
