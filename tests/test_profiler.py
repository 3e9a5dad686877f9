"""Profiles: kernels and blocks are found, steps follow their schedule, traces can be read."""

import json

import pytest

import cltensor as ct
from cltensor.errors import StateError
from cltensor.profiler import (
    ProfilerAction,
    ProfilerActivity,
    profile,
    record_function,
    schedule,
    tensorboard_trace_handler,
)


def work(x):
    with record_function("a block"):
        return (x @ x).sum().item()


def test_kernels_and_blocks(device, tmp_path):
    x = ct.ones(32, 32)
    with profile(activities=[ProfilerActivity.CPU], record_shapes=True) as found:
        for _ in range(3):
            work(x)
    rows = {row.key: row for row in found.key_averages()}
    assert rows["a block"].count == 3
    assert rows["a block"].cpu_time_total > 0
    kernels = [row for row in rows.values() if row.device_time_total]
    assert sum(row.count for row in kernels) == found.launches >= 3
    assert found.host_us >= sum(row.device_us for row in kernels)
    assert found.peak >= x.nbytes
    table = found.key_averages().table(sort_by="self_cuda_time_total", row_limit=2)
    assert len(table.splitlines()) == 4
    found.export_chrome_trace(tmp_path / "trace.json")
    events = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    assert {event["name"] for event in events} == set(rows)
    before = len(found.events())
    work(x)
    assert len(found.events()) == before, "it has ended"


def test_recorded_calls_run_as_calls(device):
    call = ct.jit(lambda x: (x @ x) + 1)
    x = ct.ones(8, 8)
    for _ in range(4):
        call(x)
    with profile() as found:
        assert call(x).sum().item() == 64 * 9
    assert found.launches > 0
    assert len([event for event in found.events() if event.is_kernel]) == found.launches


def test_schedule():
    plan = schedule(wait=1, warmup=1, active=2, repeat=2, skip_first=1)
    names = [plan(step).name for step in range(11)]
    cycle = ["NONE", "WARMUP", "RECORD", "RECORD_AND_SAVE"]
    assert names == ["NONE", *cycle, *cycle, "NONE", "NONE"]
    with pytest.raises(ValueError, match="an active of 1 or more"):
        schedule(wait=0, warmup=0, active=0)


def test_steps(device, tmp_path):
    x, seen = ct.ones(4, 4), []
    handler = tensorboard_trace_handler(tmp_path / "traces", "me")

    def ready(found):
        seen.append([event.name for event in found.events() if not event.is_kernel])
        handler(found)

    plan = schedule(wait=1, warmup=0, active=2, repeat=1)
    with profile(schedule=plan, on_trace_ready=ready) as found:
        for _ in range(6):
            work(x)
            found.step()
    assert seen == [["a block", "a block"]]
    assert len(list((tmp_path / "traces").glob("me.*.pt.trace.json"))) == 1
    assert plan(0) == ProfilerAction.NONE


def test_start_and_stop(device):
    found = profile()
    found.start()
    with pytest.raises(StateError, match="was started already"):
        found.start()
    found.stop()

    @record_function("named")
    def function():
        return 3

    with profile() as outer:
        assert function() == 3
    assert [row.key for row in outer.key_averages()] == ["named"]
    with pytest.raises(ValueError, match="sort_by is 'name'"):
        outer.key_averages().table(sort_by="name")


def test_averages_are_by_name_alone():
    with profile() as found:
        ct.ones(3).sum().item()
    assert found.key_averages(group_by_stack_n=0)
    with pytest.raises(ValueError, match="key_averages: shapes, stacks and overloads"):
        found.key_averages(group_by_input_shape=True)
