"""The checks of elementwise operations and casts are right here, and see a wrong element."""

import pytest
from selfchecks import blind, failures

from cltensor.selftest.families import pointwise


def test_the_checks_of_a_quick_run_are_right():
    assert failures(pointwise) == {}


@pytest.mark.thorough
def test_all_checks_are_right():
    assert failures(pointwise, every=True) == {}


def test_they_see_a_wrong_element(monkeypatch):
    assert blind(pointwise, monkeypatch) == []
