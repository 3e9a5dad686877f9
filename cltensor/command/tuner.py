"""Measuring kernel parameters on a device: the search behind `python -m cltensor tune`.

A Task stands for one kind of kernel, dtype and size class: a few typical calls with their results
as NumPy gives them. From the defaults on, the search changes one parameter at a time and keeps
what is faster. A candidate whose result is wrong, or that the driver refuses, is dropped.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from math import inf
from typing import Any, NamedTuple

import numpy as np

from cltensor.core.tensor import Tensor
from cltensor.errors import CLTensorError, ShapeError
from cltensor.ops import create
from cltensor.ops.conv.choose import run_forward, run_weight
from cltensor.ops.elementwise.activation import relu
from cltensor.ops.linalg.matmul import matmul
from cltensor.ops.reduce import fold as reduce
from cltensor.runtime import tuning
from cltensor.runtime.device import Device

_GAIN = 0.97  # a candidate must be this much faster; less is noise
_ROUNDS = 6  # of measuring two candidates in turn
_LEAST = 0.002  # seconds that one measurement lasts at least


class Call(NamedTuple):
    """One computation, and its result."""

    run: Callable[[], Tensor]
    expected: np.ndarray


class Task(NamedTuple):
    """What to measure for one row."""

    kind: str
    dtype: np.dtype
    size_class: str
    #: Made when the task begins, since arrays are large.
    calls: Callable[[], Sequence[Call]]


def search(
    device: Device,
    kinds: Sequence[str] | None = None,
    budget: float = 60.0,
    dtype: str = "float32",
    clock: Callable[[], float] = time.perf_counter,
    report: Callable[[str], None] = lambda line: None,
) -> list[tuning.Row]:
    """Measure parameters on `device` for about `budget` seconds.

    Args:    kinds: beginnings of kinds ("gemm", "conv", "reduce", "pointwise"), all for None;
             report: takes a line for each size class and each candidate that is refused.
    Returns: a row for each size class: where the best parameters differ from the defaults.
    Raises:  ShapeError if no kind has such a name.
    """
    every = list(tasks(device, np.dtype(dtype)))
    chosen = [t for t in every if kinds is None or t.kind.startswith(tuple(kinds))]
    if not chosen:
        known = ", ".join(sorted({t.kind for t in every}))
        raise ShapeError(f"tune: no kind of kernel begins with {kinds}; this device has {known}")
    rows = []
    end = clock() + budget
    for i, task in enumerate(chosen):
        now = clock()
        # Time that one class leaves over is for the others.
        row = tune(device, task, now + (end - now) / (len(chosen) - i), clock, report)
        if row is not None:
            rows.append(row)
    return rows


def tune(
    device: Device,
    task: Task,
    end: float,
    clock: Callable[[], float] = time.perf_counter,
    report: Callable[[str], None] = lambda line: None,
) -> tuning.Row | None:
    """The row for `task`, searched until the clock shows `end`; None without a result to trust.

    It tells what differs from the defaults, so a row without parameters means that those are best.
    """
    kind = tuning.KINDS[task.kind]
    defaults = kind.defaults(task.size_class, device)
    name = f"{task.kind} {task.dtype.name} {task.size_class}"
    try:
        meter = _Meter(device, task, clock, report)
    except _refusals() as error:
        report(f"{name}: left out: {_first_line(error)}")
        return None
    if meter.time(defaults) is None:
        report(f"{name}: the defaults do not work on this device; please report it")
        return None
    best, tried = _climb(kind, meter, defaults, end)
    for key in [key for key in kind.choices if best[key] != defaults[key]]:
        simpler = {**best, key: defaults[key]}
        if not meter.is_faster(best, simpler):
            best = simpler
    if tried == 1:
        report(f"{name}: no time to try anything")
        return None
    default_time, best_time = meter.compare(defaults, best)
    if inf in (default_time, best_time):
        report(f"{name}: left out: the driver refuses what it took before")
        return None
    changed = {key: value for key, value in best.items() if value != defaults[key]}
    found = (
        f"{default_time / best_time:.2f} times as fast with {changed}" if changed else "defaults"
    )
    report(f"{name}: {found}, best of {tried}")
    return tuning.Row(
        *tuning.place_of(device), task.kind, task.dtype.name, task.size_class, changed,
        float(f"{best_time:.3g}"), float(f"{default_time:.3g}"),
    )  # fmt: skip


def _climb(
    kind: tuning.Kind, meter: _Meter, best: tuning.Parameters, end: float
) -> tuple[tuning.Parameters, int]:
    """What is best after changing one parameter at a time until a whole round changes nothing or
    the clock shows `end`, and how many were tried."""
    tried = [best]
    before = None
    while before != best:
        before = best
        for name, values in kind.choices.items():
            for value in values:
                candidate = {**best, name: value}
                if candidate in tried:
                    continue
                if meter.clock() >= end:
                    return best, len(tried)
                tried.append(candidate)
                if meter.is_faster(candidate, best):
                    best = candidate
    return best, len(tried)


class _Meter:
    """Times the calls of a task under given parameters."""

    def __init__(
        self, device: Device, task: Task, clock: Callable[[], float], report: Callable[[str], None]
    ) -> None:
        self.device = device
        self.task = task
        self.clock = clock
        self.report = report
        self.calls = task.calls()
        #: The least time of each candidate so far.
        self.known: dict[frozenset[tuple[str, int]], float] = {}

    def time(self, chosen: tuning.Parameters) -> float | None:
        """Seconds for all calls, the least of a few measurements; None for wrong results."""
        task, key = self.task, _key(chosen)
        with tuning.trial(self.device, task.kind, task.dtype, task.size_class, chosen):
            try:
                if key in self.known or all(_is_right(call) for call in self.calls):
                    elapsed = sum(self._least(call) for call in self.calls)
                    self.known[key] = min(elapsed, self.known.get(key, elapsed))
                    return elapsed
                why = "a wrong result"
            except _refusals() as error:
                why = _first_line(error)
        self.report(f"{task.kind} {task.size_class}: refused {dict(chosen)}: {why}")
        return None

    def is_faster(self, candidate: tuning.Parameters, best: tuning.Parameters) -> bool:
        """Whether `candidate` is right, and faster than `best` by more than noise."""
        elapsed = self.time(candidate)
        if elapsed is None or elapsed >= _GAIN * self.known[_key(best)]:
            return False
        new, old = self.compare(candidate, best)
        return new < _GAIN * old

    def compare(self, a: tuning.Parameters, b: tuning.Parameters) -> tuple[float, float]:
        """Seconds of both, measured in turn: other work on the machine favours now one, now the
        other. Infinity if it was refused."""
        times = [inf, inf]
        for _ in range(_ROUNDS):
            for i, chosen in enumerate((a, b)):
                elapsed = self.time(chosen)
                if elapsed is None:
                    times[i] = inf
                    return times[0], times[1]
                times[i] = min(times[i], elapsed)
        return times[0], times[1]

    def _least(self, call: Call) -> float:
        """Seconds of one call; short ones are launched several times before the wait."""
        self._once(call, 1)
        repeats = max(1, min(100, round(_LEAST / max(self._once(call, 1), 1e-9))))
        return min(self._once(call, repeats) for _ in range(4)) / repeats

    def _once(self, call: Call, repeats: int) -> float:
        self.device.synchronize()
        begin = self.clock()
        for _ in range(repeats):
            call.run().realize()
        self.device.synchronize()
        return self.clock() - begin


def _refusals() -> tuple[type[Exception], ...]:
    """What says that a driver does not do it."""
    import pyopencl as cl

    return CLTensorError, cl.Error, MemoryError


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0] or type(error).__name__


def _key(chosen: tuning.Parameters) -> frozenset[tuple[str, int]]:
    return frozenset(chosen.items())


def _is_right(call: Call) -> bool:
    """Whether the result is NumPy's, up to what rounding in another order may change."""
    got, want = call.run().numpy(), call.expected
    if got.shape != want.shape:
        return False
    tolerance = 1e3 * np.finfo(got.dtype).eps * max(1.0, float(np.abs(want).max(initial=0)))
    return bool(np.all(np.abs(got - want) <= tolerance))


def tasks(device: Device, dtype: np.dtype) -> Iterator[Task]:
    """All that can be measured on `device` for `dtype`."""
    suffix = "cpu" if device.is_cpu else "gpu"
    maker = _Maker(device, dtype)
    products = _PRODUCTS if device.is_cpu else _GPU_PRODUCTS
    families: list[tuple[str, Mapping[str, Sequence[Any]], Callable[..., Call]]] = [
        ("gemm", products, maker.product),
        ("gemm_thin", _THIN_PRODUCTS, maker.product),
        ("pointwise", _LENGTHS, maker.chain),
        ("reduce", _REDUCTIONS, maker.reduction),
    ]
    if device.is_cpu:
        families.append(("conv", _CONVOLUTIONS, maker.convolution))
    for kind, examples, make in families:
        for size_class, sizes in examples.items():
            yield Task(f"{kind}_{suffix}", dtype, size_class, partial(_calls, make, sizes))
    if device.is_cpu:
        special = {"conv_depth": _DEPTHWISE, "conv_wino": _WINOGRAD if dtype == np.float32 else {}}
        for kind, classes in special.items():
            for size_class, sizes in classes.items():
                yield Task(kind, dtype, size_class, partial(_calls, maker.convolution, sizes))


def _calls(make: Callable[..., Call], sizes: Sequence[Any]) -> list[Call]:
    return [make(*size) for size in sizes]


#: Sizes m, n, k and whether a and b are transposed views, by size class.
_PRODUCTS = {
    "thin": [(256, 10, 784, False, False), (10, 784, 256, True, False)],
    "deep": [(64, 576, 8192, False, True), (256, 128, 4096, True, False)],
    "small": [(128, 128, 128, False, False), (64, 256, 784, False, True)],
    "large": [(512, 512, 512, False, False), (768, 512, 640, True, False)],
}
_GPU_PRODUCTS = {
    "small": _PRODUCTS["small"],
    "medium": [(512, 512, 512, False, False), (640, 512, 768, True, False)],
    "large": [(2048, 2048, 2048, False, False), (1536, 2048, 1024, False, True)],
}
_THIN_PRODUCTS = {
    "row": [(1024, 1, 1024, False, False), (256, 4, 784, False, False)],
    "column": [(1024, 1, 1024, True, False), (1, 1000, 512, False, False)],
}
_LENGTHS = {"small": [(4096,), (40000,)], "medium": [(1 << 20,)], "large": [(10_000_000,)]}
#: Shape and axis.
_REDUCTIONS = {
    "row": [((2048, 1000), 1), ((1 << 21,), 0), ((64, 64, 256), 2)],
    "column": [((2048, 1000), 0), ((64, 64, 256), 1), ((1024, 4096), 0)],
}


#: Shapes of images and filters, stride, and whether the filters' gradient is wanted.
_CONVOLUTIONS = {
    "image": [
        ((32, 3, 32, 32), (32, 3, 3, 3), 1, False),
        ((16, 64, 16, 16), (128, 64, 1, 1), 1, False),
        ((32, 6, 14, 14), (16, 6, 5, 5), 1, False),
        ((16, 32, 32, 32), (64, 32, 3, 3), 2, False),
    ],
    "filter": [
        ((32, 3, 32, 32), (32, 3, 3, 3), 1, True),
        ((32, 64, 16, 16), (64, 64, 3, 3), 1, True),
    ],
}
_DEPTHWISE: Mapping[str, Sequence[Any]] = {
    "all": [
        ((16, 64, 16, 16), (64, 1, 3, 3), 1, False),
        ((16, 64, 32, 32), (64, 1, 3, 3), 2, False),
        ((16, 64, 14, 14), (64, 1, 5, 5), 1, False),
    ]
}
_WINOGRAD: Mapping[str, Sequence[Any]] = {
    "image": [
        ((16, 64, 16, 16), (64, 64, 3, 3), 1, False),
        ((16, 128, 8, 8), (128, 128, 3, 3), 1, False),
        ((8, 32, 32, 32), (64, 32, 3, 3), 1, False),
    ],
    "image_few": [((16, 16, 32, 32), (16, 16, 3, 3), 1, False)],
    "image_5x5": [((16, 32, 16, 16), (32, 32, 5, 5), 1, False)],
    "filter": [
        ((16, 64, 16, 16), (64, 64, 3, 3), 1, True),
        ((32, 128, 8, 8), (64, 128, 3, 3), 1, True),
    ],
    "filter_few": [((32, 16, 32, 32), (16, 16, 3, 3), 1, True)],
    "filter_5x5": [((32, 32, 16, 16), (32, 32, 5, 5), 1, True)],
}


class _Maker:
    """Makes calls of one dtype on one device, from one stream of numbers."""

    def __init__(self, device: Device, dtype: np.dtype) -> None:
        self.device = device
        self.dtype = dtype
        self.random = np.random.default_rng(0)

    def draw(self, *shape: int) -> tuple[Tensor, np.ndarray]:
        """Numbers in [-1, 1), on the device and as float64."""
        values = self.random.uniform(-1, 1, shape).astype(self.dtype)
        on_device = create.tensor(values, device=self.device)
        return on_device, values.astype("float64")

    def product(self, m: int, n: int, k: int, turn_a: bool, turn_b: bool) -> Call:
        a, wide_a = self.draw(*((k, m) if turn_a else (m, k)))
        b, wide_b = self.draw(*((n, k) if turn_b else (k, n)))
        a, wide_a = (a.mT, wide_a.T) if turn_a else (a, wide_a)
        b, wide_b = (b.mT, wide_b.T) if turn_b else (b, wide_b)
        return Call(lambda: matmul(a, b), wide_a @ wide_b)

    def chain(self, n: int) -> Call:
        (x, wide_x), (y, wide_y) = self.draw(n), self.draw(n)
        expected = np.maximum(wide_x * wide_y + wide_x, 0)
        return Call(lambda: relu(x * y + x).realize(), expected)

    def reduction(self, shape: tuple[int, ...], axis: int) -> Call:
        x, wide = self.draw(*shape)
        return Call(lambda: reduce.sum(x, axis, False).realize(), wide.sum(axis=axis))

    def convolution(
        self, image: tuple[int, ...], filters: tuple[int, ...], stride: int, gradient: bool
    ) -> Call:
        """A convolution padded to keep the size at stride 1, plain or depthwise, or the gradient of
        its filters."""
        (x, wide_x), (w, wide_w) = self.draw(*image), self.draw(*filters)
        groups = image[1] // filters[1]
        taps = (filters[2], filters[3])
        pad = (taps[0] // 2, taps[0] // 2, taps[1] // 2, taps[1] // 2)
        how = ((stride, stride), pad, (1, 1), groups)
        padded = np.pad(wide_x, ((0, 0), (0, 0), pad[:2], pad[2:]))
        windows = np.lib.stride_tricks.sliding_window_view(padded, taps, (2, 3))
        windows = windows[:, :, ::stride, ::stride]
        if not gradient:
            form = "nchwpq,ocpq->nohw" if groups == 1 else "nohwpq,ocpq->nohw"
            expected = np.einsum(form, windows, wide_w, optimize=True)
            return Call(lambda: run_forward(x, w, *how), expected)
        y, wide_y = self.draw(image[0], filters[0], *windows.shape[2:4])
        expected = np.einsum("nohw,nchwpq->ocpq", wide_y, windows, optimize=True)
        return Call(lambda: run_weight(y, x, taps, *how), expected)
