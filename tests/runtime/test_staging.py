"""Regions of buffers on the host; more in tests/distributed/test_elements.py."""

import numpy as np

import cltensor as ct
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
