"""Timing: contenders take turns, medians over the rounds, and a watch on what else is running.

One process measures everything, so that heat, clock and neighbours meet all contenders alike. A
sample is as many calls as fill `sample` seconds, with one wait for the device at its end: a device
is measured as a loop would use it, not with a wait after every call.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np

from benchmarks.case import OURS, UNITS, Case, Library
from benchmarks.memory import working_memory
from cltensor.runtime.kernel import Counters

#: Threads of the contender before keep spinning for a while; let them go to sleep.
_PAUSE = 0.03
#: A sample counts as clean while other processes used less than this part of a core.
CLEAN = 0.10
#: A spread (interquartile range over median) that deserves a warning.
WIDE = 0.15
_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Plan:
    """How long to measure: rounds per case, seconds per sample, seconds per case.

    Rounds go on until so many were clean, or the seconds are spent (but three are always done).
    """

    repeats: int = 9
    sample: float = 0.04
    limit: float = 10.0


@dataclass
class Timing:
    """Seconds per call of one contender: the median, the fastest, and how far to trust them.

    spread is the interquartile range over the median, foreign the cores that other processes used
    meanwhile, first the seconds of the very first call, compilation included.
    """

    seconds: float
    best: float
    spread: float
    foreign: float
    samples: int
    clean: int
    first: float

    @property
    def noisy(self) -> bool:
        """Whether the spread or the foreign load is too high to rely on."""
        return self.spread > WIDE or self.foreign > CLEAN


@dataclass
class Result:
    """A case with its timings by library, and what cltensor did for one call.

    compile: what the first call took longer than later ones, where it built or loaded programs.
    memory: the most bytes in use during a call, over those before, by library.
    """

    family: str
    name: str
    work: float
    unit: str
    timings: dict[str, Timing]
    flops: float = 0.0
    compile: float = 0.0
    launches: float = 0.0
    programs: int = 0
    error: float | None = None
    failure: str = ""
    memory: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Result:
        """The result that `as_dict` wrote."""
        known = {f.name: entry[f.name] for f in fields(cls) if f.name in entry}
        timings = {name: Timing(**timing) for name, timing in entry["timings"].items()}
        return cls(**{**known, "timings": timings})

    @property
    def wrong(self) -> bool:
        """Whether the results of cltensor and a rival differ."""
        return self.error is not None and not self.error <= _TOLERANCE

    def ratio(self, rival: str, best: bool = False) -> float | None:
        """Our time over the rival's, by medians or by the fastest samples; below 1 is faster."""
        if rival not in self.timings or OURS not in self.timings:
            return None
        ours, theirs = self.timings[OURS], self.timings[rival]
        return ours.best / theirs.best if best else ours.seconds / theirs.seconds

    def share(self, peaks: Mapping[str, float], best: bool = False) -> float | None:
        """Our rate over the device's peak; above 1 where the work fits in a cache."""
        work, unit = (self.flops, "GFLOP/s") if self.flops else (self.work, self.unit)
        if not work or unit not in peaks or OURS not in self.timings:
            return None
        ours = self.timings[OURS]
        return work / UNITS[unit] / (ours.best if best else ours.seconds) / peaks[unit]

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        plain = asdict(self)
        rivals = [name for name in self.timings if name != OURS]
        plain["ratios"] = {name: self.ratio(name) for name in rivals}
        plain["best_ratios"] = {name: self.ratio(name, best=True) for name in rivals}
        return plain


@dataclass
class _Contender:
    library: Library
    call: Callable[[], Any]
    case: Case

    def run(self, calls: int) -> float:
        """Seconds for `calls` calls, the last one's work done."""
        if self.case.self_timed:
            return sum(self.call() for _ in range(calls))
        call, settle = self.call, self.library.settle
        began = time.perf_counter()
        for _ in range(calls):
            settle(call())
        self.library.finish()
        return time.perf_counter() - began


def run(case: Case, libraries: list[str], plan: Plan) -> Result:
    """Measure `case` in cltensor and in those of `libraries` that it can be compared with."""
    result = Result(case.family, case.name, case.work, case.unit, {}, case.flops)
    contenders: dict[str, _Contender] = {}
    firsts: dict[str, float] = {}
    reference: list[np.ndarray] = []
    for name in [OURS, *[n for n in libraries if n in case.rivals]]:
        library = Library(name)
        contender = _Contender(library, case.build(library), case)
        before = Counters.builds + Counters.disk_hits
        began = time.perf_counter()
        output = contender.call()
        library.settle(output)
        library.finish()
        firsts[name] = output if case.self_timed else time.perf_counter() - began
        values = library.host(output)
        if name == OURS:
            result.programs = Counters.builds + Counters.disk_hits - before
            reference = values
        else:
            for mine, theirs in zip(reference, values, strict=False):
                result.error = max(result.error or 0.0, _difference(mine, theirs))
        contenders[name] = contender
    result.launches = _count_launches(contenders[OURS])
    repeats = min(plan.repeats, 3) if case.slow else plan.repeats
    samples = _alternate(contenders, repeats, plan)
    if case.memory:
        for name, contender in contenders.items():
            needed = working_memory(contender.library, contender.call)
            if needed is not None:
                result.memory[name] = needed
    for name, taken in samples.items():
        result.timings[name] = _summarise(taken, case.inner, firsts[name])
    ours = result.timings[OURS]
    if result.programs:  # without programs to build, a first call is slower for fresh memory
        result.compile = max(0.0, ours.first - ours.seconds) * case.inner
    return result


def _difference(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The largest difference, relative to the largest value."""
    if ours.shape != theirs.shape:
        return float("inf")
    scale = float(np.abs(theirs).max()) or 1.0
    return float(np.abs(ours - theirs).max()) / scale


def _count_launches(ours: _Contender) -> float:
    if ours.case.self_timed:
        return 0.0
    ours.run(1)  # where the case is jitted, this call records, with copies of its own
    before, calls = Counters.launches, 3
    ours.run(calls)
    return (Counters.launches - before) / (calls * ours.case.inner)


def _alternate(
    contenders: Mapping[str, _Contender], repeats: int, plan: Plan
) -> dict[str, list[tuple[float, float]]]:
    """Samples (seconds per call, foreign cores) of each contender, in turns."""
    calls = {name: _calls(c, plan) for name, c in contenders.items()}
    samples: dict[str, list[tuple[float, float]]] = {name: [] for name in contenders}
    began = time.perf_counter()
    turn = 0
    while turn < 3 or time.perf_counter() - began < plan.limit:
        order = list(contenders)
        for name in order if turn % 2 == 0 else reversed(order):
            contender = contenders[name]
            time.sleep(_PAUSE)
            if not contender.case.self_timed:
                contender.run(1)
            load, clock = foreign(), time.perf_counter()
            seconds = contender.run(calls[name])
            clock = time.perf_counter() - clock
            samples[name].append((seconds / calls[name], max(0.0, foreign() - load) / clock))
        turn += 1
        if min(sum(load <= CLEAN for _, load in s) for s in samples.values()) >= repeats:
            break
    return samples


def _calls(contender: _Contender, plan: Plan) -> int:
    if contender.case.self_timed:
        return 1
    seconds = min(contender.run(1), contender.run(1))
    return max(1, round(plan.sample / max(seconds, 1e-7)))


def _summarise(samples: list[tuple[float, float]], inner: int, first: float) -> Timing:
    clean = [s for s in samples if s[1] <= CLEAN]
    used = clean if len(clean) >= max(3, len(samples) // 3) else samples
    seconds = sorted(s for s, _ in used)
    median = statistics.median(seconds)
    quarters = statistics.quantiles(seconds, n=4) if len(seconds) > 1 else (median,) * 3
    return Timing(
        seconds=median / inner,
        best=seconds[0] / inner,
        spread=(quarters[2] - quarters[0]) / median,
        foreign=statistics.mean(load for _, load in used),
        samples=len(samples),
        clean=len(clean),
        first=first / inner,
    )


def foreign() -> float:
    """CPU seconds that other processes have used so far; 0 where the system does not say."""
    try:
        with open("/proc/stat") as file:
            fields = [int(x) for x in file.readline().split()[1:9]]
    except (OSError, ValueError):
        return 0.0
    user, nice, system, _idle, _wait, irq, softirq, steal = fields
    ticks = os.sysconf("SC_CLK_TCK")
    own = sum(os.times()[:4])  # this process and the children that it waited for
    return (user + nice + system + irq + softirq + steal) / ticks - own
