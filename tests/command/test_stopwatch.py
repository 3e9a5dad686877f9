"""How long calls take, by a clock of the device that can be believed, or by the host's."""

import re
import time

import pyopencl as cl
import pytest

import cltensor as ct
from cltensor.command import stopwatch
from cltensor.command.stopwatch import Stopwatch
from cltensor.runtime.events import Listeners
from cltensor.runtime.timing import Timing


@pytest.fixture
def watch(device, use_skeletons):
    use_skeletons("gpu")
    return Stopwatch(device, time.perf_counter)


@pytest.fixture
def call():
    x = ct.randn(300, 300).realize()
    return lambda: (x @ x).realize()


def test_a_gpu_is_timed_by_its_own_clock(watch, call):
    assert watch.try_events(call) == ""
    assert watch.by_events
    began = time.perf_counter()
    seconds = watch.seconds(lambda: (time.sleep(0.02), call().numpy()), 3)
    assert 0 < seconds < time.perf_counter() - began - 0.05


def test_a_cpu_is_timed_by_the_hosts_clock(device, use_skeletons, call):
    use_skeletons("cpu")
    now = iter(range(100))
    watch = Stopwatch(device, lambda: next(now))
    assert watch.try_events(call) == ""
    assert not watch.by_events
    assert watch.seconds(call, 2) == 1


@pytest.mark.parametrize(
    ("microseconds", "said"),
    [
        (0.0, "the driver says 0 s of what took"),
        (-3.0, "the driver says -3e-06 s of what took"),
        (1e12, r"the driver says 1e\+06 s of what took"),
        (float("nan"), "the driver says nan s of what took"),
        (cl.RuntimeError("PROFILING_INFO_NOT_AVAILABLE"), "has no times.*PROFILING_INFO"),
        (ct.DeviceError("lost\nand more"), r"has no times of launches \(lost\)"),
    ],
)
def test_times_that_cannot_be_believed_are_not_used(watch, call, monkeypatch, microseconds, said):
    def told(_event):
        if isinstance(microseconds, Exception):
            raise microseconds
        return microseconds

    monkeypatch.setattr(stopwatch, "microseconds", told)
    objection = watch.try_events(call)
    assert re.search(said, objection)
    assert not watch.by_events
    assert watch.seconds(call, 1) > 0


def test_nobody_listens_after_a_call_that_fails(watch):
    def fails():
        raise ct.KernelError("no such kernel")

    before = Listeners.present, Timing.users
    assert "no such kernel" in watch.try_events(fails)
    watch.by_events = True
    with pytest.raises(ct.KernelError):
        watch.seconds(fails, 1)
    assert (Listeners.present, Timing.users) == before


def test_launches_of_other_devices_do_not_count(watch, call, other_device):
    assert watch.try_events(call) == ""
    x = ct.randn(900, 900, device=other_device).realize()
    x = (x @ x).realize()

    def both():
        call()
        (x @ x).realize()

    few = min(watch.seconds(call, 1) for _ in range(5))
    assert min(watch.seconds(both, 1) for _ in range(5)) < 10 * few
