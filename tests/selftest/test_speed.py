"""What is measured is time, beside the work that it needs."""

import pytest

from cltensor.selftest import speed
from cltensor.selftest.checks import Missing
from cltensor.selftest.speed import SPEED


@pytest.fixture
def hasty(monkeypatch):
    monkeypatch.setattr(speed, "_SPAN", 0.0)


@pytest.mark.parametrize("name", ["total", "columns", "small product", "depthwise", "launch"])
def test_a_measurement(hasty, name):
    (check,) = [c for c in SPEED.checks if c.name == name]
    found = check.run()
    assert 0 < found["seconds"] < 60
    assert found["flops"] >= 0
    assert found["bytes"] >= 0
    assert check.note


def test_a_simulator_is_not_measured(monkeypatch):
    monkeypatch.setattr(speed, "_PATIENCE", 0.0)
    with pytest.raises(Missing, match="so slow"):
        speed.add()
