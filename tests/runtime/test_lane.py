"""Uploads on a queue of their own: they wait for nothing but the last use of their bytes, launches
wait for them, and drawn programs compute what NumPy does, whichever queue is slow."""

import os
import random
import threading
from contextlib import suppress

import numpy as np
import pyopencl as cl
import pytest

import cltensor as ct
from cltensor.data import DataLoader
from cltensor.runtime import lane
from cltensor.runtime.abilities import Abilities
from cltensor.runtime.lane import LEAST, SPARES
from cltensor.runtime.uploads import SMALL

DRAWS = int(os.environ.get("CLTENSOR_DRAWS", "6"))
DONE = cl.command_execution_status.COMPLETE
COUNT = LEAST // 4  # floats of the least upload


@pytest.fixture(params=["integrated", "discrete"])
def gpu(request, device, use_skeletons, monkeypatch):
    """The device as a GPU of that kind, without uploads so far."""
    use_skeletons("gpu")
    is_unified = request.param == "integrated"
    monkeypatch.setattr(Abilities, "is_unified", property(lambda self: is_unified))
    monkeypatch.setattr(device, "lane", None)
    yield device
    device.synchronize()


class Gates:
    """Holds queues up, each until its gate opens."""

    def __init__(self, device):
        self.device, self.closed = device, []

    def close(self, queue=None):
        """Hold up a queue, by default the one of launches."""
        event = cl.UserEvent(self.device.context)
        cl.enqueue_barrier(queue or self.device.queue, [event])
        self.closed.append(event)

    def open(self):
        with suppress(IndexError):  # a timer may open them too
            while True:
                self.closed.pop().set_status(DONE)

    def open_after(self, seconds):
        threading.Timer(seconds, self.open).start()


@pytest.fixture
def gates(device):
    made = Gates(device)
    yield made
    made.open()


def whole(number, count=COUNT):
    return np.full(count, number, "float32")


def lane_of(device):
    """The lane, of a device that had none."""
    ct.tensor(whole(0))
    return device.lane


def test_what_is_small_goes_with_the_launches_of_a_cpu(device, use_skeletons, monkeypatch):
    use_skeletons("cpu")
    monkeypatch.setattr(device, "lane", None)
    ct.tensor(whole(1, SMALL // 4))
    assert device.lane is None
    x = ct.tensor(whole(2, SMALL // 4 + 1))
    assert device.lane.pool.in_use
    assert (x.numpy() == 2).all()


def test_little_goes_with_the_launches(gpu):
    ct.tensor(whole(1, COUNT - 1))
    assert gpu.lane is None


def test_a_copy_does_not_wait_for_launches(gpu, gates):
    used = lane_of(gpu)
    gates.close()
    x = ct.tensor(whole(3))
    used.queue.finish()
    assert gates.closed
    gates.open()
    assert (x.numpy() == 3).all()


def test_launches_wait_for_the_copy(gpu, gates):
    used = lane_of(gpu)
    gates.close(used.queue)
    gates.open_after(0.1)
    x = ct.tensor(whole(3))  # which is mapped only then where memory is the host's
    y = x + 1
    assert (y.numpy() == 4).all()


@pytest.mark.parametrize("count", [COUNT, SMALL // 4, SMALL // 4 + 1])
def test_bytes_that_launches_still_read_are_not_written(gpu, gates, count):
    ys = []
    gates.close()
    gates.open_after(0.2)
    for i in range(4 * SPARES):
        x = ct.tensor(whole(i, count))
        ys.append((x + 1).realize())
        del x
    for i, y in enumerate(ys):
        assert (y.numpy() == i + 1).all()


def test_a_loop_keeps_few_buffers(gpu):
    for i in range(50):
        x = ct.tensor(whole(i))
        y = x + 1
        if i % 7 == 0:
            y.numpy()
    del x, y
    assert gpu.lane.pool.summary()["in_use"] == 0
    assert 0 < len(gpu.lane.pool.free[LEAST]) <= SPARES
    before = ct.memory_summary()["cached"]
    ct.empty_cache()
    assert ct.memory_summary()["cached"] == 0 < before
    assert gpu.lane.pool._uses == {}


def test_of_what_is_large_one_is_kept(gpu, monkeypatch):
    monkeypatch.setattr(lane, "_SPARE_BYTES", 2 * LEAST - 1)
    kept = [ct.tensor(whole(i)) for i in range(3)]
    del kept
    gpu.lane.pool.summary()
    assert len(gpu.lane.pool.free[LEAST]) == 1


def test_what_was_kept_together_goes_to_the_pool_of_launches(gpu):
    kept = [ct.tensor(whole(i)) for i in range(3 * SPARES)]
    assert gpu.lane.pool.summary()["in_use"] == len(kept) * LEAST
    root = gpu.pool.root
    root.empty_cache()
    del kept
    gpu.lane.pool.summary()
    assert len(gpu.lane.pool.free[LEAST]) == SPARES
    assert root.cached == 2 * SPARES * LEAST


def test_a_copy_that_is_refused_goes_with_the_launches(gpu, monkeypatch):
    used = lane_of(gpu)
    real = {name: getattr(cl, name) for name in ("enqueue_copy", "enqueue_map_buffer")}

    def refusing(name):
        def call(queue, *args, **options):
            if queue is used.queue:
                raise cl.MemoryError(f"{name} failed: MEM_OBJECT_ALLOCATION_FAILURE")
            return real[name](queue, *args, **options)

        return call

    for name in real:
        monkeypatch.setattr(cl, name, refusing(name))
    x = ct.tensor(whole(5))
    assert (x + 1).numpy().tolist() == [6] * COUNT


def test_loaders_use_it(gpu):
    data = np.arange(8 * COUNT, dtype="float32").reshape(8, COUNT)
    found = [x.numpy() for (x,) in DataLoader(ct.data.TensorDataset(data), 2, pin_memory=True)]
    np.testing.assert_array_equal(np.concatenate(found), data)
    assert gpu.lane.pool.peak >= 2 * LEAST


def test_replays_take_what_was_uploaded(gpu, gates):
    @ct.jit
    def step(x):
        return x * 2 + 1

    found = []
    for i in range(30):
        if i == 5:
            gates.close()
            gates.open_after(0.1)
        found.append(step(ct.tensor(whole(i))))
    for i, y in enumerate(found):
        assert (y.numpy() == 2 * i + 1).all()


class Slow:
    """Programs that upload, compute and forget while queues are held up."""

    SIZES = (100, COUNT, COUNT + 7, 3 * COUNT)

    def __init__(self, device, gates, seed):
        self.draw = random.Random(seed)
        self.device, self.gates = device, gates
        self.known = []  # tensors beside arrays
        self.number = 0

    def run(self, steps):
        actions = [self.upload] * 6 + [self.compute] * 4 + [self.forget] * 4
        actions += [self.change, self.read, self.hold_up, self.empty]
        for _ in range(steps):
            self.draw.choice(actions)()
        self.gates.open()
        for x, want in self.known:
            np.testing.assert_array_equal(x.numpy(), want)

    def upload(self):
        self.number += 1
        array = whole(self.number, self.draw.choice(self.SIZES))
        self.known.append((ct.tensor(array), array.copy()))
        array[:] = -1

    def compute(self):
        if self.known:
            x, want = self.draw.choice(self.known)
            y = x * 2 + 1
            self.known.append((y.realize() if self.draw.random() < 0.7 else y, want * 2 + 1))

    def change(self):
        if self.known:
            x, want = self.draw.choice(self.known)
            x += 1
            want += 1

    def forget(self):
        if len(self.known) > 3:
            self.known.pop(self.draw.randrange(len(self.known)))

    def read(self):
        if self.known:
            x, want = self.draw.choice(self.known)
            self.gates.open_after(0.001)
            np.testing.assert_array_equal(x.numpy(), want)

    def hold_up(self):
        used = self.device.lane
        queue = used.queue if used is not None and self.draw.random() < 0.5 else None
        self.gates.close(queue)
        self.gates.open_after(self.draw.random() * 0.01)  # for whoever waits

    def empty(self):
        self.gates.open_after(0.001)
        ct.empty_cache()


@pytest.mark.parametrize("seed", range(DRAWS))
def test_drawn_programs_compute_what_numpy_does(gpu, gates, seed):
    Slow(gpu, gates, seed).run(80)


def test_threads_upload_side_by_side(gpu, gates):
    def work(i):
        for k in range(40):
            x = ct.tensor(whole(k)) + i
            ok[i] &= bool((x.numpy() == k + i).all())

    ok = [True] * 3
    threads = [threading.Thread(target=work, args=(i,)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(ok)
