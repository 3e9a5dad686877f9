"""Regions of buffers on the host; more in tests/distributed/test_elements.py."""

import threading

import numpy as np
import pyopencl as cl

import cltensor as ct
from cltensor.runtime import staging
from cltensor.runtime.staging import Region


def test_a_region_of_memory_that_is_not_the_hosts(device, monkeypatch):
    monkeypatch.setattr(type(device), "shows_memory", property(lambda self: False))
    x = ct.arange(16.0)
    for _ in range(3):  # pinned memory is used again
        region = Region(x.buffer, 16, 32)
        device.synchronize()
        assert region.is_ready()
        region.array.view(np.float32)[:] *= 2
        region.release(written=True)
    wanted = np.arange(16.0)
    wanted[4:12] *= 8
    np.testing.assert_array_equal(x.numpy(), wanted)
    region = Region(x.buffer, 0, 64)
    device.synchronize()
    region.array.view(np.float32)[:] = 0
    region.release(written=False)
    np.testing.assert_array_equal(x.numpy(), wanted)


def test_a_region_is_ready_when_what_is_queued_is_done(device):
    x = ct.ones(1 << 20)
    for _ in range(20):
        x = (x * 1.5).realize()
    region = Region(x.buffer, 0, 64)
    device.synchronize()
    assert region.is_ready()
    np.testing.assert_allclose(region.array.view(np.float32), 1.5**20, rtol=1e-5)
    region.release(written=False)
    assert x.buffer.shown == 0


def test_memory_is_not_used_again_while_it_is_read_into(device, monkeypatch):
    monkeypatch.setattr(type(device), "shows_memory", property(lambda self: False))
    monkeypatch.setattr(staging, "_spare", {})
    x = ct.arange(16.0).realize()
    Region(x.buffer, 0, 64).release(written=False)
    device.synchronize()
    gate = cl.UserEvent(device.context)
    cl.enqueue_barrier(device.queue, [gate])
    opened = threading.Timer(0.1, gate.set_status, (cl.command_execution_status.COMPLETE,))
    opened.start()
    early = Region(x.buffer, 0, 64)
    early.release(written=False)
    region = Region(x.buffer, 0, 64, reads=False)
    region.array.view(np.float32)[:] = 7
    opened.join()
    device.synchronize()
    region.release(written=True)
    assert (x.numpy() == 7).all()
