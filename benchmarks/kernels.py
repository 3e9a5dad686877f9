"""The kernels behind a case: each launch of one call, waited for and timed on its own.

Waiting adds the cost of a launch and of a wait to every line (tens of microseconds on a CPU), and
keeps kernels from following each other closely; the lines say where time goes, not what it sums to.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import cltensor as ct
from benchmarks.case import OURS, Case, Library
from benchmarks.report import duration
from cltensor.runtime.events import Launched, ignore, listen
from cltensor.runtime.kernel import Kernel

_CALLS = 20

#: Kernel name, global size, local size, seconds.
Launch = tuple[str, tuple[int, ...], tuple[int, ...], float]


@contextmanager
def _recorded(kernels: Iterable[Kernel]) -> Iterator[list[Launch]]:
    """The list that launches of the kernels, but not of replays, are added to."""
    launches: list[Launch] = []
    queue = ct.device().queue
    enqueue = {kernel: kernel._enqueue for kernel in kernels}

    def timed(kernel: Kernel, *args: Any) -> None:
        queue.finish()
        began = time.perf_counter()
        enqueue[kernel](*args)
        queue.finish()
        launches.append((kernel.name, *args[-2:], time.perf_counter() - began))

    for kernel in enqueue:
        kernel._enqueue = partial(timed, kernel)
    try:
        yield launches
    finally:
        for kernel, before in enqueue.items():
            kernel._enqueue = before


def launches(case: Case, calls: int = _CALLS) -> list[Launch]:
    """The launches of one call of `case`, each with the least of its times over `calls` calls."""
    library = Library(OURS)
    call = case.build(library)
    kernels: dict[Kernel, None] = {}

    def note(event: Launched) -> None:
        kernels[event.kernel] = None

    listen(note)
    try:
        for _ in range(3):  # the first builds kernels, the second makes an optimizer's state
            library.settle(call())
    finally:
        ignore(note)
    runs = []
    for _ in range(calls):
        with _recorded(kernels) as recorded:
            library.settle(call())
        runs.append(recorded)
    length = Counter(len(r) for r in runs).most_common(1)[0][0]
    alike = [r for r in runs if len(r) == length]
    return [(*same[0][:3], min(each[3] for each in same)) for same in zip(*alike, strict=True)]


def lines(found: list[Launch]) -> list[str]:
    """The launches in order, then the kernels by their share of the sum."""
    if not found:
        return ["  no launches of its own: a replayed call launches what was recorded"]
    total = sum(seconds for *_, seconds in found)
    shown = [
        f"  {i:3} {name:<20} {'x'.join(map(str, grid)):>14} in {'x'.join(map(str, group)):<8}"
        f"{duration(seconds):>9}"
        for i, (name, grid, group, seconds) in enumerate(found)
    ]
    shares: dict[str, float] = dict.fromkeys((name for name, *_ in found), 0.0)
    for name, _, _, seconds in found:
        shares[name] += seconds
    shown.append(
        f"  sum {duration(total)}: "
        + ", ".join(
            f"{name} {seconds / total:.0%}"
            for name, seconds in sorted(shares.items(), key=lambda s: -s[1])
        )
    )
    return shown
