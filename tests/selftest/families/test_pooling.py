"""The checks of pooling are right on the default device, and see a wrong element."""

import pytest
from selfchecks import blind, failures

from cltensor.selftest.families import pooling


def test_the_checks_of_a_quick_run_are_right():
    assert failures(pooling) == {}


@pytest.mark.thorough
def test_all_checks_are_right():
    assert failures(pooling, every=True) == {}


def test_they_see_a_wrong_element(monkeypatch):
    assert blind(pooling, monkeypatch) == []
