"""The known bugs of drivers: each is tried, and what is wrong is seen."""

import json

import numpy as np
import pytest

from cltensor.selftest import bugs
from cltensor.selftest.bugs import BUGS
from cltensor.selftest.probes import launched

#: Those that this driver may have; all others would be news.
SOME_DRIVERS = ("dividing integers by zero", "built in functions are calls",
                "processor without a name", "kernels shared by threads")  # fmt: skip
#: Of these a compiler dies, and with it the tests.
DEADLY = ("choosing zero for 8 bits", "saturating to char", "nested choices around a cast")


@pytest.mark.parametrize("bug", BUGS.checks, ids=lambda bug: bug.name)
def test_a_bug_is_tried(bug, device):
    if bug.name in DEADLY and not (device.is_pocl or device.is_intel):
        pytest.skip(f"the compiler of '{device}' ({device.title}) may die of it")
    there, seen = bug.run()
    assert json.loads(json.dumps([there, seen])) == [there, seen]
    if device.is_pocl and bug.name not in SOME_DRIVERS:
        assert not there, seen


@pytest.mark.parametrize("bug", [
    "loops_end_after_65535_rounds", "comparing_a_widened_integer", "dividing_by_a_literal_zero",
    "dividing_by_a_zero_of_memory", "functions_that_do_not_link", "saturating_to_char",
])  # fmt: skip
def test_a_wrong_result_is_a_bug(monkeypatch, bug):
    def wrong(source, result, *inputs, **more):
        return np.full_like(result, 5)

    monkeypatch.setattr(bugs, "launched", wrong)
    there, seen = getattr(bugs, bug)()
    assert there
    assert "5" in seen
    assert launched is not wrong
