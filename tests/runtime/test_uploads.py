"""Small uploads: nobody waits, nothing is lost, and an array may be used again at once."""

import threading

import numpy as np
import pyopencl as cl
import pytest

import cltensor as ct
from cltensor.errors import DeviceError
from cltensor.runtime import lane, uploads
from cltensor.runtime.abilities import Abilities


def test_an_array_may_be_changed_after_it_was_given(device):
    a = np.zeros(1000, "float32")
    found = []
    for i in range(3 * uploads._MOST):
        a[:] = i
        found.append(ct.tensor(a) + 1)
    for i, x in enumerate(found):
        assert (x.numpy() == i + 1).all()


@pytest.fixture
def in_order(monkeypatch):
    """No upload has a queue of its own."""
    monkeypatch.setattr(lane, "LEAST", 1 << 60)


@pytest.mark.parametrize("pinned", [False, True])
def test_memory_of_the_host_is_used_again(device, in_order, monkeypatch, pinned):
    held = uploads.Uploads(pinned)
    monkeypatch.setattr(device, "uploads", held)
    random = np.random.default_rng(1)
    for _ in range(60):
        a = random.standard_normal(int(random.integers(1, 1 << 20))).astype("float32")
        x, wanted = ct.tensor(a) * 2, a * 2
        a[:] = 0
        np.testing.assert_array_equal(x.numpy(), wanted)
    device.synchronize()
    held._settle(0)
    assert held._bytes == 0
    assert 0 < sum(len(rooms) for rooms in held._free.values()) < 20


def test_an_upload_does_not_wait_for_what_is_queued(device, in_order):
    a = ct.randn(1200, 1200).realize()
    product = a @ a
    device.synchronize()
    for _ in range(20):
        product = (product @ a).realize()
    before = [e for e, _ in device.uploads._events]
    ct.tensor(np.ones(1 << 20, "float32"))
    event = device.uploads._events[-1][0]
    assert event not in before
    assert event.command_execution_status != cl.command_execution_status.COMPLETE
    device.synchronize()


class Failed:
    """The event of a copy that failed, as its status says before or after somebody waits."""

    def __init__(self, at_once):
        self.command_execution_status = -5 if at_once else cl.command_execution_status.QUEUED

    def wait(self):
        self.command_execution_status = -5
        raise cl.RuntimeError("clWaitForEvents failed: EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST")


@pytest.mark.parametrize("at_once", [False, True])
def test_an_upload_that_failed_is_told_once(device, in_order, monkeypatch, at_once):
    held = uploads.Uploads(False)
    monkeypatch.setattr(device, "uploads", held)
    monkeypatch.setattr(uploads, "_MOST", 1)
    held._events.append((Failed(at_once), np.empty(1 << 17, np.uint8)))
    held._bytes += 1 << 17
    with pytest.raises(DeviceError, match="an earlier upload failed with code -5"):
        ct.tensor(np.ones(1000, "float32"))
    assert held._bytes == 0
    assert ct.tensor(np.ones(1000, "float32")).sum().item() == 1000


@pytest.mark.parametrize("more", [0, 3])
def test_large_copies_there_and_back(device, more):
    a = np.arange((uploads.LARGE // 4) + more, dtype="float32")
    b = a[: uploads.SMALL // 4 + 1 + more]
    x, y = ct.tensor(a), ct.tensor(b)
    z = x + 1
    np.testing.assert_array_equal(x.numpy(), a)
    np.testing.assert_array_equal(y.numpy(), b)
    np.testing.assert_array_equal(z.numpy(), a + 1)
    x[3:-2] = a[5:]
    np.testing.assert_array_equal(x[3:-2].numpy(), a[5:])


def test_small_and_large_ones_keep_their_order(device):
    x = ct.zeros(uploads.SMALL)
    large, small = np.full(x.shape, 2, "float32"), np.full(10, 3, "float32")
    for _ in range(20):
        x[:] = large
        x[5:15] = small
        x[10:] = large[10:]
        got = x.numpy()
        assert (got[5:10] == 3).all()
        assert (got[10:] == 2).all()


def test_threads_upload_side_by_side(device):
    def work(i):
        for k in range(100):
            ok[i] &= float((ct.tensor(np.full(100, k, "float32")) + i).sum().item()) == 100 * (
                k + i
            )

    ok = [True] * 4
    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(ok)


def test_few_are_remembered(device):
    for i in range(5 * uploads._MOST):
        ct.tensor([float(i)]).realize()
    assert len(device.uploads._events) <= uploads._MOST


@pytest.mark.parametrize("more", [-4, 0, 8 << 20])
def test_memory_that_is_a_gpus_and_the_hosts_is_mapped(device, use_skeletons, monkeypatch, more):
    use_skeletons("gpu")
    monkeypatch.setattr(Abilities, "shows_memory", property(lambda self: False))
    monkeypatch.setattr(device, "is_integrated", True)
    monkeypatch.setattr(device, "lane", None)
    called, real = [], {name: getattr(cl, name) for name in ("enqueue_copy", "enqueue_map_buffer")}
    for name in real:

        def call(*args, name=name, **options):
            called.append(name)
            return real[name](*args, **options)

        monkeypatch.setattr(cl, name, call)
    a = np.arange((uploads.MAPPED + more) // 4, dtype="float32")
    x = ct.tensor(a)
    np.testing.assert_array_equal(x.numpy(), a)
    assert set(called) == {"enqueue_copy" if more < 0 else "enqueue_map_buffer"}
    x[...] = a + 1  # in the order of the launches
    np.testing.assert_array_equal(x.numpy(), a + 1)
