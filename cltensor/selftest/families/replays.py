"""What surrounds the kernels: gradients, recorded calls, threads, errors."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np

import cltensor as ct
from cltensor.selftest.checks import Family, floats, leaf, near, numbers, same, true

REPLAYS = Family("gradients, replays, threads, errors")


@REPLAYS.check()
def second_derivatives() -> None:
    x = numbers(33)
    t = leaf(x)
    first: Any = ct.autograd.grad((ct.sin(t) * t).sum(), [t], create_graph=True)[0]
    (second,) = ct.autograd.grad(first.sum(), [t])
    near(second, 2 * np.cos(x.astype("float64")) - x * np.sin(x), 1e-5, "float32")


@REPLAYS.check()
def a_recorded_call_with_other_arguments() -> None:
    @ct.jit
    def call(x: Any, y: Any) -> Any:
        scores = x @ y
        weights: Any = scores.softmax(1)
        return weights.sum(0)

    for seed in range(4):
        x, y = numbers(9, 7, seed=seed), numbers(7, 5, seed=seed + 9)
        e = np.exp(x.astype("float64") @ y)
        got = call(ct.tensor(x), ct.tensor(y))
        near(got, (e / e.sum(1, keepdims=True)).sum(0), 1e-5, "float32")


@REPLAYS.check()
def random_numbers_of_a_recorded_call() -> None:
    draw = ct.jit(lambda x: x + ct.rand(33))
    x = ct.zeros(33)
    drawn = [draw(x).numpy() for _ in range(4)]
    true(not np.array_equal(drawn[2], drawn[3]), "two replays drew the same numbers")


@REPLAYS.check()
def threads_compute_beside_each_other() -> None:
    wrong: list[str] = []

    def work(number: int) -> None:
        try:
            for i in range(20):
                x = numbers(50, 40, seed=number * 100 + i)
                near(ct.tensor(x).T @ ct.tensor(x), x.astype("float64").T @ x, 2e-5, "float32")
        except Exception as error:
            wrong.append(str(error))

    device = ct.get_default_device()
    threads = [threading.Thread(target=_inside, args=(device, work, n)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    true(not wrong, f"{len(wrong)} of 4 threads: {'; '.join(wrong[:1])}")


def _inside(device: ct.Device, work: Callable[[int], None], number: int) -> None:
    with device:
        work(number)


@REPLAYS.check()
def an_index_out_of_range_is_an_error() -> None:
    x = ct.tensor(numbers(9, 3))
    try:
        x.index_select(0, ct.tensor([2, 9])).numpy()
    except IndexError:
        same(ct.tensor([1.0]) + 1, floats(2))  # and the device goes on
        return
    raise AssertionError("index 9 of 9 rows raised no error")


@REPLAYS.check()
def too_much_memory_is_an_error() -> None:
    try:
        ct.zeros(1 << 50, dtype="uint8").realize()
    except MemoryError:
        same(ct.tensor([1.0]) + 1, floats(2))
        return
    raise AssertionError("2**50 bytes raised no error")


@REPLAYS.check()
def eager_and_deferred_are_the_same() -> None:
    x = numbers(300)
    a = ct.tensor(x)
    pending = ct.exp(-a * a) + a.sum()
    step = (-a).realize()
    step = ct.exp((step * a).realize()).realize() + a.sum().realize()
    want = np.exp(-(x.astype("float64") ** 2)) + x.sum(dtype="float64")
    for got in (pending, step):
        near(got, want, 1e-6, "float32")
