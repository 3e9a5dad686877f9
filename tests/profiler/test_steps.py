"""Which steps of a run a profile records."""

import pytest

from cltensor.profiler import schedule


def test_schedule():
    plan = schedule(wait=1, warmup=1, active=2, repeat=2, skip_first=1)
    names = [plan(step).name for step in range(11)]
    cycle = ["NONE", "WARMUP", "RECORD", "RECORD_AND_SAVE"]
    assert names == ["NONE", *cycle, *cycle, "NONE", "NONE"]
    with pytest.raises(ValueError, match="an active of 1 or more"):
        schedule(wait=0, warmup=0, active=0)


def test_the_first_wait_may_be_skipped():
    plan = schedule(wait=2, warmup=1, active=1, skip_first_wait=1)
    cycle = ["WARMUP", "RECORD_AND_SAVE", "NONE", "NONE"]
    assert [plan(step).name for step in range(8)] == cycle * 2
