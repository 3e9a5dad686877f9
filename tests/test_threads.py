"""Threads that compute and write at the same time: results are those of some serial order."""

import os
import subprocess
import sys
import threading
import time
from functools import partial

import numpy as np
import pytest

import cltensor as ct

COUNT = 4
ROUNDS = 60


@pytest.fixture(autouse=True)
def switching_often():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def together(*tasks):
    """Run each in a thread of its own, all at the same time; raises what one of them raised."""
    errors = []
    start = threading.Barrier(len(tasks))

    def guarded(task):
        start.wait()
        try:
            task()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def test_each_computes_its_own():
    def task(k):
        def run():
            for i in range(ROUNDS):
                x = ct.tensor(np.arange(6.0, dtype="float32")) + k
                y = (x * i).sum()
                assert y.item() == (15 + 6 * k) * i

        return run

    together(*[task(k) for k in range(COUNT)])


def test_rows_of_one_tensor():
    x = ct.zeros((COUNT, 50))

    def task(k):
        def run():
            for i in range(ROUNDS):
                x[k] = float(i)
                x[k] += k
                x[k, ::2] *= 1

        return run

    together(*[task(k) for k in range(COUNT)])
    want = np.repeat(np.arange(COUNT, dtype="float32")[:, None] + ROUNDS - 1, 50, 1)
    np.testing.assert_array_equal(x.numpy(), want)


@pytest.mark.parametrize("stored", [True, False])
@pytest.mark.parametrize("view", [False, True])
def test_all_additions_count(stored, view):
    x = ct.zeros((3,)) + 0
    if stored:
        x.realize()

    def run():
        for _ in range(ROUNDS):
            if view:
                x[1:].add_(1)
            else:
                x.add_(1)

    together(*[run] * COUNT)
    want = COUNT * ROUNDS
    assert x.tolist() == ([0, want, want] if view else [want] * 3)


def test_additions_through_the_operator_and_by_index():
    x = ct.zeros((5,))

    def run():
        nonlocal x
        for _ in range(ROUNDS):
            x += 1

    together(*[run] * COUNT)
    assert x.tolist() == [COUNT * ROUNDS] * 5


def test_what_a_reader_sees_was_there():
    """All elements are written at once, so no reader may see two values."""
    x = ct.zeros((64,))
    done = threading.Event()

    def write():
        for i in range(ROUNDS * 3):
            x.fill_(float(i))
        done.set()

    def read():
        last = 0.0
        while not done.is_set():
            pending = x * 2 + 1
            view = x[::2]
            for found in (pending.numpy(), view.numpy() * 2 + 1):
                assert len(set(found.tolist())) == 1
                assert found[0] >= last
                last = found[0]

    together(write, read, read)
    assert x.tolist() == [ROUNDS * 3 - 1.0] * 64


def test_gradients_of_one_leaf_from_several_threads():
    w = ct.ones((4,), requires_grad=True)
    w.grad = ct.zeros((4,))

    def run():
        for _ in range(ROUNDS):
            (w * 2).sum().backward()

    together(*[run] * COUNT)
    assert w.grad.tolist() == [2.0 * COUNT * ROUNDS] * 4


def test_the_first_gradients_of_one_leaf_from_several_threads():
    for _ in range(ROUNDS):
        w = ct.ones((4,), requires_grad=True)
        together(*[lambda w=w: (w * 2).sum().backward()] * COUNT)
        assert w.grad.tolist() == [2.0 * COUNT] * 4


def test_threads_with_graphs_that_change_in_place():
    def task(k):
        def run():
            for _ in range(ROUNDS // 2):
                w = ct.tensor([1.0, 2.0, 3.0], requires_grad=True)
                y = w * (k + 1)
                y[0].mul_(5)
                y[1:] *= y[1:].detach().clone()
                y.sum().backward()
                n = k + 1
                assert w.grad.tolist() == [5 * n, 2 * n * n, 3 * n * n]

        return run

    together(*[task(k) for k in range(COUNT)])


# ------------------------------------------------------------------------------- kernels


def in_threads(count, work):
    """Run work(i) in `count` threads at once; re-raise what any of them raised."""
    errors = []
    barrier = threading.Barrier(count)

    def run(i):
        try:
            barrier.wait()
            work(i)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if errors:
        raise errors[0]


def test_threads_launch_at_once_with_right_results(device, mode):
    shared = ct.arange(257, dtype="float32").realize()
    wrong = []

    def work(i):
        for step in range(150):
            k = float(i * 1000 + step)
            got = (shared * 2 + k).sum().item()
            if got != 257 * 256 + 257 * k:
                wrong.append((k, got))

    in_threads(6, work)
    assert wrong == []


def test_threads_may_share_a_pending_value(device, deferred):
    sums = []

    def work(total, pending, i):
        sums.append((total + i).item() - i + (pending * 0).sum().item())

    for _ in range(20):
        pending = ct.arange(1000, dtype="float32") + 1
        in_threads(4, partial(work, pending.sum(), pending))
    assert sums == [500500.0] * 80


def test_threads_may_build_the_same_kernel_at_once(device):
    x = ct.ones(10, dtype="int16")
    x.realize()
    results = []
    in_threads(4, lambda i: results.append(((x + 3) * 5 - 4).numpy().tolist()))
    assert results == [[16] * 10] * 4


def test_recording_is_on_or_off_per_thread(device):
    seen = {}

    def work(i):
        if i == 0:
            with ct.no_grad():
                seen[i] = [ct.is_grad_enabled() for _ in range(100)]
        else:
            seen[i] = [ct.is_grad_enabled() for _ in range(100)]

    in_threads(2, work)
    assert seen == {0: [False] * 100, 1: [True] * 100}


# ------------------------------------------------------------------------------- replays


def during(other):
    """Record a function while other() runs in another thread; the function, and the result."""
    go, result, calls = threading.Event(), [], []

    def work():
        go.wait()
        try:
            result.append(other())
        except Exception as error:
            result.append(error)

    @ct.jit
    def f(x):
        for _ in range(4):
            x = (x + 1).realize()
        calls.append(1)
        if len(calls) == 2:  # being recorded
            go.set()
            time.sleep(0.05)
        for _ in range(4):
            x = (x + 1).realize()
        return x

    thread = threading.Thread(target=work)
    thread.start()
    f(ct.zeros(10)), f(ct.zeros(10))
    thread.join()
    return f, result[0]


def test_other_threads_are_no_part_of_a_recording():
    x, p = ct.ones(3).realize(), ct.zeros(2).realize()
    assert during(lambda: x.tolist())[1] == [1.0, 1.0, 1.0]
    assert during(lambda: ct.tensor([1.0]).shape)[1] == (1,)
    f, _ = during(lambda: p.add_(1.0))
    f(ct.zeros(10)), f(ct.zeros(10))
    assert p.tolist() == [1.0, 1.0]


def test_a_recording_waits_for_a_thread_that_waits_for_the_device():
    lock, started = threading.Lock(), threading.Event()

    @ct.jit
    def step(x, number):
        y = x * 2
        started.set()
        with lock:
            return y + number

    def other():
        started.wait(30)
        for _ in range(200):
            with lock:
                assert (ct.ones(3) + 1).tolist() == [2] * 3

    thread = threading.Thread(target=other, daemon=True)
    thread.start()
    x = ct.ones(2)
    for number in range(100):
        for _ in range(3):
            assert step(x, number).tolist() == [2 + number] * 2
    thread.join(60)
    assert not thread.is_alive()


def test_what_another_thread_computed_is_not_replayed():
    weight = ct.ones(4)
    weight.realize()
    turn = [threading.Event(), threading.Event()]

    def other():
        while turn[0].wait(30) and turn[0].is_set():
            turn[0].clear()
            weight.add_(1)  # computes what another thread was about to, as it reads this
            turn[1].set()

    thread = threading.Thread(target=other, daemon=True)
    thread.start()
    meets = True

    @ct.jit
    def step(x):
        y = weight * x  # pending
        if meets:
            turn[0].set()
            assert turn[1].wait(30)
            turn[1].clear()
        return y + 1

    x = ct.full((4,), 2.0)
    for number in range(1, 5):
        assert step(x).tolist() == [2.0 * number + 1] * 4
    meets = False
    for _ in range(4):
        assert step(x).tolist() == [11.0] * 4
        x.add_(1)
        assert step(x).tolist() == [5 * 3.0 + 1] * 4
        x.sub_(1)


def test_threads_share_a_jitted_function():
    f = ct.jit(lambda x: x * 2 + 1)
    xs, bad = [ct.full((4,), float(k)).realize() for k in range(4)], []
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)

    def work(k):
        bad.extend(k for _ in range(100) if f(xs[k]).tolist()[0] != 2 * k + 1)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    try:
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    finally:
        sys.setswitchinterval(interval)
    assert bad == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_replay_in_a_forked_child_is_refused():
    code = """
import os, cltensor as ct
x = ct.tensor([1.0]); f = ct.jit(lambda x: x * 2)
for _ in range(3): f(x)
if os.fork() == 0:
    try: f(x); print("none", flush=True)
    except ct.DeviceError: print("DeviceError", flush=True)
    os._exit(0)
os.wait()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "DeviceError"
