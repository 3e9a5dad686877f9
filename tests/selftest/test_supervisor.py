"""What a worker says is noted; one that hangs or dies is named, and the rest goes on."""

import pytest

from cltensor.errors import DeviceError
from cltensor.selftest import supervisor
from cltensor.selftest.supervisor import FAILED, Supervisor

#: A worker that does what the names of its checks say.
WORKER = """
import json, os, sys, time
def say(**what): print(json.dumps(what), flush=True)
skip = sys.argv[sys.argv.index("--skip") + 1] if "--skip" in sys.argv else ""
skip = {int(n) for n in skip.split(",") if n}
names = PLAN
say(facts={"device": {"name": "any"}}, plan=[[n.partition(".")[0], n, ""] for n in names])
for i, name in enumerate(names):
    if i in skip:
        continue
    say(begin=i)
    print("last words", file=sys.stderr, flush=True)
    if name.endswith("hangs"): time.sleep(60)
    if name.endswith("dies"): os._exit(9)
    if name.endswith("kills"): os.kill(os.getpid(), 11)
    verdict = "wrong" if name.endswith("wrong") else "right"
    say(end=i, verdict=verdict, message="", seconds=0.5, value=i)
say(done=True)
sys.exit(EXIT)
"""


@pytest.fixture
def work(monkeypatch):
    """Runs a plan of these names; gives the findings, and the outcomes as they were told."""

    def run(*names, status=0, limit=20.0, program=WORKER):
        code = program.replace("PLAN", repr(list(names))).replace("EXIT", str(status))
        monkeypatch.setattr(supervisor, "PROGRAM", ("-c", code))
        told = []
        return Supervisor(None, False, limit, told.append).run(), told

    return run


def test_all_is_noted_in_its_order(work):
    findings, told = work("a.one", "a.wrong", "b.two")
    assert [(o.name, o.verdict, o.value) for o in findings.outcomes] == [
        ("a.one", "right", 0), ("a.wrong", "wrong", 1), ("b.two", "right", 2),
    ]  # fmt: skip
    assert told == findings.outcomes
    assert findings.facts == {"device": {"name": "any"}}
    assert findings.ends == []
    assert findings.as_dict()["outcomes"][2]["seconds"] == 0.5


def test_a_check_that_dies_is_named_with_its_last_words_and_the_rest_goes_on(work):
    findings, told = work("a.one", "a.dies", "b.kills", "b.two")
    assert [o.verdict for o in findings.outcomes] == ["right", "died", "died", "right"]
    assert findings.outcomes[1].message == "exit status 9: last words\nlast words"
    assert findings.outcomes[2].message.startswith("SIGSEGV")
    assert len(told) == 4


def test_a_check_that_hangs_is_ended(work):
    findings, _ = work("a.one", "a.hangs", "b.two", limit=1.5)
    assert [o.verdict for o in findings.outcomes] == ["right", "hung", "right"]
    assert findings.outcomes[1].message == "no result after 1.5 s"


def test_a_family_that_takes_many_processes_along_is_given_up(work):
    findings, told = work("a.1dies", "a.2dies", "a.3dies", "a.4", "b.5")
    assert [o.verdict for o in findings.outcomes] == ["died"] * 3 + ["not tried", "right"]
    assert {o.name for o in told} == {o.name for o in findings.outcomes}
    assert set(FAILED) > {"died", "hung", "not tried"}


def test_known_bugs_may_take_as_many_as_they_like(work):
    names = [f"known bugs.{i}dies" for i in range(5)]
    findings, _ = work(*names, "known bugs.fine")
    assert [o.verdict for o in findings.outcomes] == ["died"] * 5 + ["right"]


def test_workers_without_end(work, monkeypatch):
    monkeypatch.setattr(supervisor, "_WORKERS", 2)
    findings, told = work("a.dies", "b.dies", "c.one")
    assert [o.verdict for o in findings.outcomes] == ["died", "died", "not tried"]
    assert len(told) == 3


def test_ctrl_c_leaves_what_was_found(monkeypatch):
    told = []

    def report(outcome):
        told.append(outcome.verdict)
        if len(told) == 1:
            raise KeyboardInterrupt

    code = WORKER.replace("PLAN", "['a.one', 'a.two']").replace("EXIT", "0")
    monkeypatch.setattr(supervisor, "PROGRAM", ("-c", code))
    findings = Supervisor(None, False, 20.0, report).run()
    assert [o.verdict for o in findings.outcomes] == ["right", "not tried"]
    assert findings.outcomes[1].message == "interrupted"


def test_a_process_that_ends_badly_after_all_is_done(work):
    findings, _ = work("a.one", status=7)
    assert findings.outcomes[0].verdict == "right"
    assert findings.ends == ["exit status 7: last words"]


def test_a_device_that_cannot_be_opened(work):
    with pytest.raises(DeviceError, match="selftest: device: there is none"):
        work(program='print(\'{"failed": "device: there is none"}\')')
    with pytest.raises(DeviceError, match="died while it opened the device: exit status 3"):
        work(program="import sys; sys.exit(3)")
    with pytest.raises(DeviceError, match="not opened within 1 s"):
        work(program="import time; time.sleep(60)", limit=1.0)


def test_a_device_that_does_not_open_again_leaves_what_was_found(work):
    program = WORKER.replace("names = PLAN", "names = PLAN\nif skip: say(failed='it is gone')\n")
    program = program.replace("it is gone')", "it is gone'); sys.exit(1)")
    findings, told = work("a.one", "a.dies", "b.two", program=program)
    assert [o.verdict for o in findings.outcomes] == ["right", "died", "not tried"]
    assert findings.outcomes[2].message == "selftest: it is gone"
    assert len(told) == 3


def test_a_process_that_dies_between_the_last_check_and_its_end(work):
    findings, told = work("a.one", program=WORKER.replace("say(done=True)", "os._exit(5)"))
    assert [o.verdict for o in findings.outcomes] == ["right"]
    assert findings.ends == ["exit status 5: last words"]
    assert len(told) == 1


def test_a_limit_beyond_what_systems_know(work):
    findings, _ = work("a.one", limit=1e300)
    assert findings.outcomes[0].verdict == "right"


def test_options_reach_the_worker():
    assert Supervisor("cl:1", quick=True).arguments == ["--device", "cl:1", "--quick"]
    assert Supervisor(None).arguments == []
