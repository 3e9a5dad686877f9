"""What findings come to."""

import pytest
from selftest_findings import findings, outcome

from cltensor.selftest import summary


def test_what_counts_as_a_failure():
    found = findings()
    assert [o.name for o in summary.failures(found)] == ["two", "five", "slow"]
    assert summary.verdict(found) == (
        "3 of 5 checks FAILED (1 left out: the device lacks what they need)"
    )
    right = findings(only=("right", "left out"))
    assert summary.verdict(right).startswith("all 2 checks right (1 left out")


def test_what_was_not_tried_is_no_failure_by_name():
    found = findings()
    found.outcomes.append(outcome("sums", "six", "not tried", "interrupted"))
    assert summary.verdict(found).startswith("3 of 6 checks FAILED, 1 of 6 were not tried (1 left")
    rest = findings(only=("right",))
    rest.outcomes.append(outcome("sums", "six", "not tried", "interrupted"))
    assert summary.verdict(rest) == "1 of 3 were not tried"
    assert len(summary.failures(rest)) == 1  # so that the exit status says so


def test_counts_by_family_leave_out_what_only_tells():
    found = summary.families(findings())
    assert list(found) == ["sums", "training"]
    assert found["sums"] == {"right": 1, "wrong": 1, "left out": 1, "died": 1}


@pytest.mark.parametrize(
    ("found", "want"),
    [
        (outcome("known bugs", "x", value=[True, "5 in place of 6"]), ("there", "5 in place of 6")),
        (outcome("known bugs", "x", value=[False, "right"]), ("not there", "right")),
        (outcome("known bugs", "x", "died", "SIGSEGV"), ("there", "died: SIGSEGV")),
        (outcome("known bugs", "x", "left out", "no such"), ("not tried", "no such")),
    ],
)
def test_a_bug_is_there_or_not(found, want):
    assert summary.bug(found) == want


def test_the_end_of_the_process_is_a_known_bug():
    assert summary.at_exit(findings()) == ("there", "SIGABRT: double free")


def test_the_roofline():
    found = {row.name: row for row in summary.rows(findings())}
    # 4e9 operations and 1e9 bytes in 0.1 s; at 100 GFLOP/s and 20 GB/s, 0.04 s and 0.05 s.
    assert found["mixed"].share == pytest.approx(0.5)
    assert (found["mixed"].rate, found["mixed"].unit) == (pytest.approx(10), "GB/s")
    assert found["dense"].share == pytest.approx(0.8)
    assert found["dense"].unit == "GFLOP/s"
    assert found["launch"].share is None
    assert found["launch"].rate == 0
    assert found["upload"].share is None
    assert summary.peaks(findings(only=("wrong",))) == {}


def test_texts():
    assert [summary.duration(s) for s in (2.5, 0.0125, 3.2e-5, 5e-9)] == [
        "2.5 s", "12.5 ms", "32 us", "5 ns",
    ]  # fmt: skip
    assert summary.shown({"a": 1.23456, "b": True, "c": [70000, "x"]}) == (
        "a 1.23456, b yes, c 70,000, x"
    )
