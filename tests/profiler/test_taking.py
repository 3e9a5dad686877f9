"""Profiles: kernels and blocks are found, steps follow their schedule, traces can be read."""

import gzip
import json
import threading

import pytest

import cltensor as ct
from cltensor.core.hooks import Hooks
from cltensor.errors import StateError
from cltensor.profiler import (
    ProfilerAction,
    ProfilerActivity,
    profile,
    record_function,
    schedule,
    tensorboard_trace_handler,
)
from cltensor.runtime.events import Listeners, ignore, listen
from cltensor.runtime.timing import Timing


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
    kernels = [row for row in rows.values() if row.self_device_time_total]
    assert sum(row.count for row in kernels) == found.launches >= 3
    assert found.host_us >= sum(row.device_us for row in kernels)
    assert found.peak >= x.nbytes
    table = found.key_averages().table(sort_by="self_cuda_time_total", row_limit=2)
    assert len(table.splitlines()) == 6
    assert table.splitlines()[-1].startswith(f"{found.launches} launches, ")
    assert rows["a block"].device_time_total == pytest.approx(sum(r.device_us for r in kernels))
    assert rows["a block"].self_device_time_total == 0
    assert rows["a block"].self_cpu_time_total < rows["a block"].cpu_time_total
    assert rows["a block"].depth == 0 < kernels[0].depth
    assert sum(row.nbytes for row in kernels) >= 3 * x.nbytes
    found.export_chrome_trace(tmp_path / "trace.json")
    events = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    assert {event["name"] for event in events if event["ph"] == "X"} == set(rows)
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
    assert found.peak >= x.nbytes
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


def test_pytorchs_further_keywords(device):
    with pytest.warns(FutureWarning, match="use_cuda changes nothing"):
        profile(use_cuda=True)
    options = {"experimental_config": None, "execution_trace_observer": None}
    with profile(**options, custom_trace_id_callback=None, profile_memory=True) as found:
        ct.ones(3).sum().item()
    assert found.key_averages().table().splitlines()[0].endswith("memory")
    assert ProfilerActivity.CPU in ct.profiler.supported_activities()
    with pytest.raises(NotImplementedError, match="export_stacks: lines of the program are not"):
        found.export_stacks("stacks.txt")


def test_blocks_of_several_threads_and_within_each_other(device):
    def run():
        with record_function("outer"), record_function("inner"):
            ct.ones(4).add(1).tolist()

    with profile() as found, profile() as within:
        threads = [threading.Thread(target=run) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for each in (found, within):
        rows = {row.key: row for row in each.key_averages()}
        assert rows["outer"].count == rows["inner"].count == 2
        assert rows["outer"].device_us == rows["inner"].device_us > 0
        assert rows["outer"].host_us >= rows["inner"].host_us > rows["inner"].self_host_us
        assert (rows["outer"].depth, rows["inner"].depth) == (0, 1)
    with record_function("begun before"), profile() as later:
        ct.ones(3).tolist()
    with record_function("begun before"):
        pass
    assert "begun before" not in {event.name for event in later.events()}


def test_metadata_and_compressed_traces(device, tmp_path):
    handler = tensorboard_trace_handler(tmp_path, "me", use_gzip=True)
    with profile(on_trace_ready=handler) as found:
        found.add_metadata("run", "7")
        found.add_metadata_json("sizes", "[1, 2]")
        ct.ones(3).tolist()
    (path,) = tmp_path.glob("me.*.pt.trace.json.gz")
    kept = json.loads(gzip.decompress(path.read_bytes()))
    assert (kept["run"], kept["sizes"]) == ("7", [1, 2])


def test_a_profile_that_begins_while_another_thread_launches(device):
    """That launch went to the usual queue, which notes no times."""
    x, launches = ct.ones(3).realize(), []
    listen(launches.append)
    try:
        (x + 1).realize()
    finally:
        ignore(launches.append)
    with profile() as found:
        Listeners.tell(launches[0])
        (x * 2).realize()
    assert len(found.events()) == 1


def test_profiles_of_several_threads_leave_nothing_behind(device):
    before = Hooks.observed, Timing.users, Listeners.present
    x = ct.ones(3).realize()

    def take():
        for _ in range(30):
            with profile():
                (x + 1).realize()

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (Hooks.observed, Timing.users, Listeners.present) == before
