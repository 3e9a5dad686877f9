"""The plan holds every family once, each check under a name of its own."""

from collections import Counter
from pathlib import Path

from cltensor.selftest import families, plan
from cltensor.selftest.supervisor import BUGS


def test_each_name_is_there_once_and_families_stay_together():
    checks = plan.plan()
    assert [
        n for n, count in Counter((c.family, c.name) for c in checks).items() if count > 1
    ] == []
    order = list(dict.fromkeys(c.family for c in checks))
    runs = [c.family for i, c in enumerate(checks) if not i or checks[i - 1].family != c.family]
    assert runs == order
    assert order[0] == "probes"
    assert order[-1] == BUGS
    assert 400 < len(checks) < 800


def test_a_quick_run_has_some_of_each_family_and_times_nothing():
    every, quick = plan.plan(), plan.plan(quick=True)
    assert {c.family for c in every} - {c.family for c in quick} == {"speed"}
    assert len(quick) < len(every) / 2


def test_every_module_of_families_is_in_it():
    here = Path(families.__file__).parent
    assert {p.stem for p in here.glob("*.py")} - {"__init__"} == set(families.MODULES)


def test_bugs_probes_and_speed_say_what_they_mean():
    told = [c for c in plan.plan() if c.family in ("probes", "speed", BUGS)]
    assert [c.name for c in told if not c.note] == []
