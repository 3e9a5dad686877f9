"""The search for kernel parameters, on a fake clock and on the device."""

import time

import numpy as np
import pytest
from tuning_rows import FLOAT, found

import cltensor as ct
from cltensor.command import tuner
from cltensor.command.tasks import Call, Task, tasks
from cltensor.errors import KernelError, ShapeError
from cltensor.runtime import tuning
from cltensor.runtime.kernel import Counters


class Toy:
    """A task on a fake clock: parameters decide how long a call takes and what it gives."""

    def __init__(self, device, cost, value=lambda chosen: 1.0):
        self.device, self.cost, self.value = device, cost, value
        self.now = 0.0
        self.timed = []
        self.lines = []

    def clock(self):
        return self.now

    def run(self):
        chosen = found(self.device)
        self.timed.append(chosen)
        self.now += self.cost(chosen)
        return ct.tensor([self.value(chosen)])

    def tune(self, end):
        calls = [Call(self.run, lambda: np.ones(1))]
        task = Task("toy", FLOAT, "all", lambda: calls)
        return tuner.tune(self.device, task, end, self.clock, self.lines.append)


def test_the_search_finds_what_is_fastest_and_leaves_no_trace(device, own, toy):
    task = Toy(device, lambda chosen: 1 / (chosen["a"] * chosen["b"]))
    best = task.tune(end=1e9)
    assert best.parameters == {"a": 3, "b": 20}
    assert best.default_time == pytest.approx(6 * best.time, rel=0.01)
    assert best.key[:4] == tuning.place_of(device)
    assert found(device) == {"a": 1, "b": 10}


def test_a_wrong_candidate_is_rejected_before_it_is_timed(device, own, toy):
    task = Toy(
        device,
        cost=lambda chosen: {1: 0.3, 2: 0.2, 3: 0.1}[chosen["a"]],
        value=lambda chosen: 1.0 if chosen["a"] < 3 else 1.01,
    )
    assert task.tune(end=1e9).parameters == {"a": 2}
    assert any("refused {'a': 3, 'b': 10}: a wrong result" in line for line in task.lines)
    for b in (10, 20):
        assert task.timed.count({"a": 3, "b": b}) <= 1


def test_a_candidate_that_does_not_build_is_rejected(device, own, toy):
    def cost(chosen):
        if chosen["a"] == 3:
            raise KernelError("toy: no such tile\nwith a long log")
        return 1 / chosen["a"]

    task = Toy(device, cost)
    assert task.tune(end=1e9).parameters == {"a": 2}
    assert any(line.endswith(": toy: no such tile") for line in task.lines)


def _refusals():
    import pyopencl as cl

    return [
        cl.RuntimeError("clEnqueueNDRangeKernel failed: OUT_OF_RESOURCES"),
        cl.MemoryError("clEnqueueNDRangeKernel failed: MEM_OBJECT_ALLOCATION_FAILURE"),
        cl.LogicError("clEnqueueNDRangeKernel failed: INVALID_WORK_GROUP_SIZE"),
        MemoryError(),
        ct.OutOfMemoryError("toy: no memory"),
        ct.DeviceError("device: does not work"),
    ]


@pytest.mark.parametrize("which", range(6))
@pytest.mark.parametrize("after", [0, 3, 9])
def test_a_candidate_that_the_driver_refuses_is_dropped(device, own, toy, which, after):
    """At once, or when it has run several times."""
    error, runs = _refusals()[which], [0]

    def cost(chosen):
        if chosen["a"] == 3:
            runs[0] += 1
            if runs[0] > after:
                raise error
        return 0.01 / chosen["a"]

    task = Toy(device, cost)
    assert task.tune(end=1e9).parameters == {"a": 2}
    assert any(line.startswith("toy all: refused {'a': 3") for line in task.lines)


@pytest.mark.parametrize("after", [1, 5, 10, 20, 40, 80])
def test_defaults_that_the_driver_refuses_later_leave_a_row_to_trust_or_none(
    device, own, toy, after
):
    runs = [0]

    def cost(chosen):
        if chosen["a"] == 1:
            runs[0] += 1
            if runs[0] > after:
                raise _refusals()[0]
        return 1.0

    task = Toy(device, cost)
    best = task.tune(end=1e9)
    assert best is None or best.time == best.default_time == 1.0
    assert best is not None or "the driver refuses" in task.lines[-1] or "work" in task.lines[-1]


def test_what_the_driver_has_no_room_for_is_left_out(device, own, toy):
    def calls():
        raise ct.OutOfMemoryError("allocate: too much\nand more")

    lines = []
    task = Task("toy", FLOAT, "all", calls)
    assert tuner.tune(device, task, 1e9, time.perf_counter, lines.append) is None
    assert lines == ["toy float32 all: left out: allocate: too much"]


def test_parameters_that_change_nothing_stay_at_their_default(device, own, toy):
    task = Toy(device, lambda chosen: 1 / chosen["a"])
    assert task.tune(end=1e9).parameters == {"a": 3}


def test_defaults_that_are_best_give_a_row_that_says_so(device, own, toy):
    task = Toy(device, lambda chosen: chosen["a"] * chosen["b"])
    best = task.tune(end=1e9)
    assert best.parameters == {}
    assert best.time == best.default_time
    assert task.lines == ["toy float32 all: defaults, best of 4"]


def test_the_budget_ends_the_search(device, own, toy):
    task = Toy(device, lambda chosen: 1 / (chosen["a"] * chosen["b"]))
    assert task.tune(end=0.0) is None
    assert all(chosen == {"a": 1, "b": 10} for chosen in task.timed)


def test_wrong_defaults_are_said(device, own, toy):
    task = Toy(device, lambda chosen: 1.0, value=lambda chosen: 2.0)
    assert task.tune(end=1e9) is None
    assert "the defaults do not work" in task.lines[-1]


@pytest.mark.slow
def test_every_task_is_right_under_each_single_change(device, own):
    """What the search may meet computes right results: every value of every parameter."""
    for task in tasks(device, FLOAT):
        kind = tuning.KINDS[task.kind]
        assert task.size_class in kind.classes
        if task.size_class not in ("small", "row", "column", "filter", "all"):
            continue
        calls = task.calls()
        base = kind.defaults(task.size_class, device)
        for name, values in kind.choices.items():
            for value in values:
                with tuning.trial(device, *task[:3], {**base, name: value}):
                    assert all(tuner._is_right(c) for c in calls), (task[:3], name, value)


def test_what_is_timed_is_launched(device, own):
    first = {task.kind: task for task in reversed(list(tasks(device, FLOAT)))}
    for task in first.values():
        meter = tuner._Meter(device, task, time.perf_counter, print)
        for call in meter.calls:
            call.run().realize()
            before = Counters.launches
            assert meter._once(call, 2) > 0
            assert Counters.launches - before >= 2, task[:3]


def test_search_gives_rows_and_shares_the_budget(device, own, monkeypatch):
    seen = []
    monkeypatch.setattr(tuner, "tune", lambda *args: seen.append((args[1].kind, args[2])))
    assert tuner.search(device, ["reduce", "pointwise"], 10.0, clock=lambda: 0.0) == []
    kinds = [kind.partition("_")[0] for kind, _ in seen]
    assert set(kinds) == {"reduce", "pointwise"}
    assert seen[-1][1] == 10.0
    with pytest.raises(ShapeError, match="no kind of kernel begins with"):
        tuner.search(device, ["nonsense"])


def test_a_real_search_in_a_bounded_time(device, own):
    rows = tuner.search(device, ["pointwise"], 0.2)
    assert not any(tuning.KINDS[r.kind].objection(r.size_class, r.parameters) for r in rows)


def test_whole_configurations_are_tried_before_single_changes(device, own, toy, monkeypatch):
    """What no single change leads to."""
    listed = [{"a": 2}, {"a": 3, "b": 20}, {"a": 3, "b": 20}]
    monkeypatch.setattr(tuner, "shortlist", lambda *_: listed)
    task = Toy(device, lambda chosen: 1.0 if chosen == {"a": 3, "b": 20} else 2.0 * chosen["a"])
    assert task.tune(end=1e9).parameters == {"a": 3, "b": 20}
    first = list(dict.fromkeys([tuple(chosen.values()) for chosen in task.timed]))
    assert first[:3] == [(1, 10), (2, 10), (3, 20)]


def test_the_budget_ends_the_shortlist(device, own, toy, monkeypatch):
    monkeypatch.setattr(tuner, "shortlist", lambda *_: [{"a": 3}])
    task = Toy(device, lambda chosen: 1 / chosen["a"])
    assert task.tune(end=0.0) is None
    assert task.lines[-1].endswith("no time to try anything")


def test_a_row_is_kept_before_the_next_is_looked_for(device, own, monkeypatch):
    kept = []

    def tune(_device, task, *_):
        if kept:
            raise KeyboardInterrupt
        return task.kind

    monkeypatch.setattr(tuner, "tune", tune)
    with pytest.raises(KeyboardInterrupt):
        tuner.search(device, ["reduce"], 10.0, keep=kept.append)
    assert [kind.partition("_")[0] for kind in kept] == ["reduce"]


def test_a_device_that_gives_no_times_is_timed_by_the_host(device, own, toy, monkeypatch):
    monkeypatch.setattr(tuner.Stopwatch, "try_events", lambda *_: "the driver has none")
    task = Toy(device, lambda chosen: 1 / (chosen["a"] * chosen["b"]))
    assert task.tune(end=1e9).parameters == {"a": 3, "b": 20}
    assert task.lines[0] == "toy all: timed by the host: the driver has none"


@pytest.mark.slow
def test_tasks_for_gpus_are_right_with_the_defaults_and_what_is_listed(
    device, own, use_skeletons, monkeypatch
):
    use_skeletons("gpu")
    monkeypatch.setattr(device, "compute_units", 2)
    for task in tasks(device, FLOAT):
        kind = tuning.KINDS[task.kind]
        if task.size_class == "large" or not kind.name.startswith(("gemm_gpu", "conv")):
            continue
        calls = task.calls()
        base = kind.defaults(task.size_class, device)
        for each in [{}, *kind.cached.values()]:
            with tuning.trial(device, *task[:3], {**base, **each}):
                assert all(tuner._is_right(c) for c in calls), (task[:3], each)


@pytest.mark.parametrize(("seconds", "least", "most"), [(0.5, 3, 20), (0.001, 40, 1000)])
def test_long_calls_are_timed_few_times(device, own, toy, seconds, least, most):
    task = Toy(device, lambda chosen: seconds / chosen["a"])
    assert task.tune(end=1e9).parameters == {"a": 3}
    assert least <= task.timed.count({"a": 1, "b": 10}) <= most
