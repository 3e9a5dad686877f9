"""Measuring kernel parameters on a device: the search behind `python -m cltensor tune`.

The search first tries whole configurations that serve other devices of the maker (`shortlist.py`),
then changes one parameter of the best at a time and keeps what is faster. A candidate whose result
is wrong, or that the driver refuses, is dropped.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from math import inf

import numpy as np

from cltensor.command.shortlist import shortlist
from cltensor.command.stopwatch import Stopwatch
from cltensor.command.tasks import Call, Task, tasks
from cltensor.errors import CLTensorError, ShapeError
from cltensor.runtime import tuning
from cltensor.runtime.device import Device

_GAIN = 0.97  # a candidate must be this much faster; less is noise
_ROUNDS = 6  # of measuring two candidates in turn
_LEAST = 0.002  # seconds that one measurement lasts at least
_LONG = 0.1  # seconds of a call that is long enough for noise to matter less, and costs budget


def search(
    device: Device,
    kinds: Sequence[str] | None = None,
    budget: float = 60.0,
    dtype: str = "float32",
    clock: Callable[[], float] = time.perf_counter,
    report: Callable[[str], None] = lambda line: None,
    keep: Callable[[tuning.Row], object] = lambda row: None,
) -> list[tuning.Row]:
    """Measure parameters on `device` for about `budget` seconds.

    Args:    kinds: beginnings of kinds ("gemm", "conv", "reduce", "pointwise"), all for None;
             report: takes a line for each size class and each candidate that is refused;
             keep: takes each row as soon as it is found: a driver may end the process later.
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
            keep(row)
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
    if clock() >= end:
        report(f"{name}: no time to try anything")
        return None
    try:
        meter = _Meter(device, task, clock, report)
    except _refusals() as error:
        report(f"{name}: left out: {_first_line(error)}")
        return None
    if meter.time(defaults) is None:
        report(f"{name}: the defaults do not work on this device; please report it")
        return None
    listed = shortlist(device, task.kind, task.size_class)
    best, tried = _climb(kind, meter, *_best_of(listed, meter, defaults, end), end)
    for key in [key for key in kind.choices if best[key] != defaults[key]]:
        simpler = {**best, key: defaults[key]}
        if not meter.is_faster(best, simpler):
            best = simpler
    if len(tried) == 1:
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
    report(f"{name}: {found}, best of {len(tried)}")
    return tuning.Row(
        *tuning.place_of(device), task.kind, task.dtype.name, task.size_class, changed,
        float(f"{best_time:.3g}"), float(f"{default_time:.3g}"),
    )  # fmt: skip


def _best_of(
    listed: Sequence[tuning.Parameters], meter: _Meter, best: tuning.Parameters, end: float
) -> tuple[tuning.Parameters, list[tuning.Parameters]]:
    """What is best of the defaults, `best`, and whole configurations, and what was tried."""
    tried = [best]
    for parameters in listed:
        candidate = {**tried[0], **parameters}
        if candidate in tried or meter.clock() >= end:
            continue
        tried.append(candidate)
        if meter.is_faster(candidate, best):
            best = candidate
    return best, tried


def _climb(
    kind: tuning.Kind, meter: _Meter, best: tuning.Parameters, tried: list[tuning.Parameters],
    end: float,
) -> tuple[tuning.Parameters, list[tuning.Parameters]]:  # fmt: skip
    """What is best after changing one parameter at a time until a whole round changes nothing or
    the clock shows `end`, and what was tried."""
    before = None
    while before != best:
        before = best
        for name, values in kind.choices.items():
            for value in values:
                candidate = {**best, name: value}
                if candidate in tried:
                    continue
                if meter.clock() >= end:
                    return best, tried
                tried.append(candidate)
                if meter.is_faster(candidate, best):
                    best = candidate
    return best, tried


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
        self.watch = Stopwatch(device, clock)
        #: The least time of each candidate so far.
        self.known: dict[frozenset[tuple[str, int]], float] = {}

    def time(self, chosen: tuning.Parameters) -> float | None:
        """Seconds for all calls, the least of a few measurements; None for wrong results."""
        task, key = self.task, _key(chosen)
        with tuning.trial(self.device, task.kind, task.dtype, task.size_class, chosen):
            try:
                if key in self.known or all(_is_right(call) for call in self.calls):
                    if not self.known:
                        self._choose_clock()
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
        long = min(self.known[_key(each)] for each in (a, b)) > _LONG
        for _ in range(2 if long else _ROUNDS):
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
        single = self._once(call, 1)
        if single > _LONG:
            return single
        repeats = max(1, min(100, round(_LEAST / max(single, 1e-9))))
        return min(self._once(call, repeats) for _ in range(4)) / repeats

    def _once(self, call: Call, repeats: int) -> float:
        return self.watch.seconds(lambda: call.run().realize(), repeats)

    def _choose_clock(self) -> None:
        """Have all candidates timed by the same clock."""
        objection = self.watch.try_events(lambda: self.calls[0].run().realize())
        if objection:
            self.report(f"{self.task.kind} {self.task.size_class}: timed by the host: {objection}")


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
    got, want = call.run().numpy(), call.expected()
    if got.shape != want.shape:
        return False
    tolerance = 1e3 * np.finfo(got.dtype).eps * max(1.0, float(np.abs(want).max(initial=0)))
    return bool(np.all(np.abs(got - want) <= tolerance))
