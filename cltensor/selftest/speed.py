"""How fast the device is: its peaks, and what kernels reach beside them."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

import cltensor as ct
from cltensor.nn import functional as F
from cltensor.observe import peak
from cltensor.selftest.checks import Family, Missing, numbers

SPEED = Family("speed")

#: Seconds of samples for each measurement.
_SPAN = 0.15
#: Seconds for adding to a MiB that say that measuring would take minutes.
_PATIENCE = 0.02


def _best(call: Callable[[], Any]) -> float:
    """The least seconds of a call, waited for; short ones are repeated before the wait."""
    device = ct.get_default_device()

    def once(repeats: int) -> float:
        began = time.perf_counter()
        for _ in range(repeats):
            call()
        device.synchronize()
        return (time.perf_counter() - began) / repeats

    once(1)
    repeats = max(1, min(200, round(0.005 / max(once(1), 1e-9))))
    least, end = float("inf"), time.perf_counter() + _SPAN
    while True:
        least = min(least, once(repeats))
        if time.perf_counter() >= end:
            return least


@cache
def _first_impression() -> float:
    """Seconds for adding to a MiB, the least of three."""
    x = ct.zeros(1 << 18).realize()
    device = ct.get_default_device()
    spent = []
    for _ in range(4):  # the first one compiles
        began = time.perf_counter()
        (x + 1).realize()
        device.synchronize()
        spent.append(time.perf_counter() - began)
    return min(spent[1:])


def require_speed() -> None:
    """Raises Missing where measuring would take minutes."""
    if _first_impression() > _PATIENCE:
        raise Missing("the device is so slow that measuring would take minutes")


@SPEED.check("single precision, by multiply-adds in registers; read and written, by a copy",
             brief=False)  # fmt: skip
def peaks() -> dict[str, float]:
    require_speed()
    return peak.measure(ct.get_default_device())


def _measured(call: Callable[[], Any], flops: float, nbytes: float) -> dict[str, float]:
    """Seconds of a call, beside the operations and the bytes that it needs at least."""
    require_speed()
    with ct.no_grad():
        return {"seconds": _best(call), "flops": flops, "bytes": nbytes}


_N = 1 << 23


@SPEED.check(f"x + y of {_N} elements", brief=False)
def add() -> dict[str, float]:
    x, y = ct.ones(_N).realize(), ct.ones(_N).realize()
    return _measured(lambda: (x + y).realize(), _N, 12 * _N)


@SPEED.check(f"exp(x) * y + z of {_N} elements, in one kernel", brief=False)
def chain() -> dict[str, float]:
    x, y, z = (ct.ones(_N).realize() for _ in range(3))
    return _measured(lambda: (ct.exp(x) * y + z).realize(), 3 * _N, 16 * _N)


@SPEED.check(f"the sum of {_N} elements", brief=False)
def total() -> dict[str, float]:
    x = ct.ones(_N).realize()
    return _measured(lambda: x.sum().realize(), _N, 4 * _N)


@SPEED.check("sums down the columns of 4096 x 2048", brief=False)
def columns() -> dict[str, float]:
    x = ct.ones(4096, 2048).realize()
    return _measured(lambda: x.sum(0).realize(), x.size, 4 * x.size)


@SPEED.check("softmax of 4096 rows of 1000", brief=False)
def softmax() -> dict[str, float]:
    x = ct.tensor(numbers(4096, 1000)).realize()
    return _measured(lambda: x.softmax(1).realize(), 4 * x.size, 8 * x.size)


@SPEED.check("a transposed copy of 2048 x 2048", brief=False)
def transposition() -> dict[str, float]:
    x = ct.ones(2048, 2048).realize()
    return _measured(lambda: x.T.contiguous().realize(), 0, 8 * x.size)


def _product(n: int) -> dict[str, float]:
    a, b = ct.tensor(numbers(n, n)), ct.tensor(numbers(n, n, seed=1))
    return _measured(lambda: (a @ b).realize(), 2.0 * n**3, 12 * n * n)


@SPEED.check("a product of matrices of 512 x 512", brief=False)
def small_product() -> dict[str, float]:
    return _product(512)


@SPEED.check("a product of matrices of 1536 x 1536", brief=False)
def large_product() -> dict[str, float]:
    return _product(1536)


@SPEED.check("3 x 3, 64 channels to 64, 16 images of 32 x 32", brief=False)
def convolution() -> dict[str, float]:
    x, w = ct.tensor(numbers(16, 64, 32, 32)), ct.tensor(numbers(64, 64, 3, 3))
    flops = 2.0 * 16 * 64 * 64 * 9 * 32 * 32
    return _measured(lambda: F.conv2d(x, w, padding=1).realize(), flops, 8.0 * x.size)


@SPEED.check("3 x 3, 128 channels, each of its own, 16 images of 32 x 32", brief=False)
def depthwise() -> dict[str, float]:
    x, w = ct.tensor(numbers(16, 128, 32, 32)), ct.tensor(numbers(128, 1, 3, 3))
    call = lambda: F.conv2d(x, w, padding=1, groups=128).realize()  # noqa: E731
    return _measured(call, 18.0 * x.size, 8.0 * x.size)


@SPEED.check("64 MiB from the host", brief=False)
def upload() -> dict[str, float]:
    require_speed()
    host = np.ones(1 << 24, "float32")
    return {"seconds": _best(lambda: ct.tensor(host).realize()), "flops": 0, "bytes": 2.0**26}


@SPEED.check("64 MiB to the host", brief=False)
def download() -> dict[str, float]:
    require_speed()
    x = ct.ones(1 << 24).realize()
    return {"seconds": _best(lambda: x.numpy()), "flops": 0, "bytes": 2.0**26}


@SPEED.check("one small kernel after another, not waited for", brief=False)
def launch() -> dict[str, float]:
    require_speed()
    x = ct.ones(16).realize()
    return {"seconds": _best(lambda: (x + 1).realize()), "flops": 0, "bytes": 0}
