"""Launches timed by the device: alone, in replays, and not when nobody asks."""

import time

import numpy as np

import cltensor as ct
from cltensor.runtime.events import ignore, listen
from cltensor.runtime.timing import Timing, microseconds


def timed(call):
    """(name, microseconds) of the launches of call."""
    found = []

    def note(event):
        found.append((event.kernel.name, microseconds(event.done)))

    Timing.begin()
    listen(note)
    try:
        call()
    finally:
        ignore(note)
        Timing.end()
    return found


def test_the_time_is_the_kernels_own(device):
    x = ct.randn(700, 700).realize()
    (x @ x).realize()

    def call():
        y = x @ x
        y.realize()
        time.sleep(0.05)
        small = x[:2, :2] + 1
        small.realize()

    before = time.perf_counter()
    found = timed(call)
    whole = (time.perf_counter() - before) * 1e6
    assert all(us > 0 for _, us in found)
    assert sum(us for _, us in found) < whole - 50_000
    assert max(found, key=lambda pair: pair[1])[0].startswith("gemm")


def test_each_launch_of_a_replay_is_timed(device):
    x = ct.randn(500, 500)

    @ct.jit
    def step(x):
        return ((x @ x).cos() @ x).sum(0)

    wanted = [step(x).numpy() for _ in range(3)][-1]
    results = []
    found = timed(lambda: results.append(step(x)))
    np.testing.assert_array_equal(results[0].numpy(), wanted)
    products = [us for name, us in found if name.startswith("gemm")]
    assert len(products) == 2
    assert min(products) > 0.2 * max(products)
    np.testing.assert_array_equal(step(x).numpy(), wanted)


def test_what_is_queued_comes_first(device):
    a = ct.randn(900, 900).realize()
    for _ in range(3):
        b = a
        for _ in range(4):
            b = ((b @ a) * 0.03).realize()
        c = []
        timed(lambda b=b, c=c: c.append((b + 1).realize()))
        np.testing.assert_array_equal((c[0] * 2).numpy(), (b.numpy() + 1) * 2)


def test_what_comes_next_may_go_to_the_other_queue(device):
    a = ct.randn(900, 900).realize()
    wanted = (a @ a).numpy()
    for _ in range(3):
        Timing.begin()
        product = (a @ a).realize()  # of which nobody is told
        Timing.end()
        np.testing.assert_array_equal(product.numpy(), wanted)
