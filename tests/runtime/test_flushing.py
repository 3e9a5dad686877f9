"""When a driver is told to begin."""

import types

import pyopencl as cl
import pytest

import cltensor as ct
from cltensor.runtime.device import Device
from cltensor.runtime.flushing import EVERY, flush, flushing


class Queue:
    """Counts what is asked of it."""

    def __init__(self, error=None):
        self.flushes, self.launches, self.error = 0, 0, error

    def flush(self):
        self.flushes += 1
        if self.error:
            raise self.error


def count(queue, *args):
    queue.launches += 1
    return queue.launches


def test_a_queue_is_flushed_after_every_few_launches():
    queue, launch = Queue(), flushing(count)
    assert [launch(queue, "kernel", (1,), (1,)) for _ in range(3 * EVERY)][-1] == 3 * EVERY
    assert queue.flushes == 3


def test_a_launch_that_is_refused_does_not_count():
    queue, refused = Queue(), [True]

    def enqueue(queue):
        if refused.pop() if refused else False:
            raise cl.RuntimeError("clEnqueueNDRangeKernel failed: OUT_OF_RESOURCES")

    launch = flushing(enqueue)
    with pytest.raises(cl.RuntimeError):
        launch(queue)
    for _ in range(EVERY):
        assert queue.flushes == 0
        launch(queue)
    assert queue.flushes == 1


def test_a_flush_that_fails_is_not_the_failure_of_a_launch():
    queue = Queue(cl.RuntimeError("clFlush failed: OUT_OF_RESOURCES"))
    launch = flushing(count)
    for _ in range(EVERY):
        launch(queue)
    flush(queue)
    assert (queue.launches, queue.flushes) == (EVERY, 2)


@pytest.mark.parametrize("flushes", [False, True])
def test_a_device_that_begins_by_itself_launches_by_pyopencls_own_function(device, flushes):
    made = types.SimpleNamespace(flushes=flushes)
    launch = Device.enqueue.func(made)
    assert (launch is cl.enqueue_nd_range_kernel) is not flushes


def test_a_replay_ends_with_a_flush(device, monkeypatch):
    from cltensor.replay import tape

    flushed = []
    monkeypatch.setattr(device, "flushes", True)
    monkeypatch.setattr(tape, "flush", flushed.append)
    step = ct.jit(lambda x: (x + 1).sum())
    x = ct.ones(3)
    for _ in range(5):
        assert step(x).item() == 6
    assert flushed
    assert set(flushed) == {device.queue}
