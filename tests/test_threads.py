"""Threads that compute and write at the same time: results are those of some serial order."""

import sys
import threading

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
