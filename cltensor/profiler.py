"""`ct.profiler`: where the time of a program goes, under PyTorch's names.

While a profile is taken, the host waits after each launch, which is how long a kernel is known to
run on any driver, and recorded calls run as calls: the sum over the kernels is what the device
takes, the whole is longer than without.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import ContextDecorator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from sys import modules as _modules
from typing import Any, NamedTuple

from cltensor.core.changes import GuardedByName
from cltensor.core.hooks import Hooks
from cltensor.core.names import name_all as _name_all
from cltensor.core.paths import place as _place
from cltensor.core.suggestions import suggest as _suggest
from cltensor.errors import StateError
from cltensor.runtime.events import Launched, ignore, listen
from cltensor.runtime.kernel import Counters
from cltensor.runtime.memory import Buffer, memory_summary

__all__ = [
    "ProfilerAction",
    "ProfilerActivity",
    "profile",
    "record_function",
    "schedule",
    "tensorboard_trace_handler",
]

_SORTS = {
    "cpu_time_total": "host_us",
    "self_cpu_time_total": "host_us",
    "cuda_time_total": "device_us",
    "self_cuda_time_total": "device_us",
    "device_time_total": "device_us",
    "self_device_time_total": "device_us",
    "count": "count",
}


class ProfilerActivity(Enum):
    """What PyTorch tells apart; here kernels and the blocks of `record_function` always count."""

    CPU = "cpu"
    CUDA = "cuda"
    XPU = "xpu"


class ProfilerAction(Enum):
    """What a profile does in a step."""

    NONE = 0
    WARMUP = 1
    RECORD = 2
    RECORD_AND_SAVE = 3


class Event(NamedTuple):
    """A kernel that ran, or a block: when it began and how long it took, in microseconds since the
    profile began; bytes, of the buffers that a kernel uses; thread."""

    name: str
    is_kernel: bool
    start: float
    duration: float
    nbytes: int
    thread: int


class Averages(list["Row"]):
    """A row for each name."""

    def table(self, sort_by: str | None = None, row_limit: int = 100, **shown: Any) -> str:
        """The rows as text, the greatest of `sort_by` first: "device_time_total" (the default),
        "cpu_time_total" or "count". Raises ValueError for another word."""
        key = _SORTS.get(sort_by or "device_time_total")
        if key is None:
            raise ValueError(f"table: sort_by is {sort_by!r}; there are {', '.join(_SORTS)}")
        rows = sorted(self, key=lambda row: -getattr(row, key))[: max(row_limit, 0) or None]
        total = sum(row.device_us for row in self) or 1.0
        width = max([4, *(len(row.key) for row in rows)])
        titles = ("calls", 7), ("device", 10), ("share", 6), ("each", 10), ("host", 10)
        head = f"{'name':<{width}}" + "".join(f"  {title:>{size}}" for title, size in titles)
        lines = [head, "-" * len(head)]
        lines += [
            f"{row.key:<{width}}  {row.count:>7,}  {_time(row.device_us):>10}  "
            f"{row.device_us / total:>6.1%}  {_time(row.device_us / row.count):>10}  "
            f"{_time(row.host_us):>10}"
            for row in rows
        ]
        return "\n".join(lines)


@dataclass(frozen=True)
class Row:
    """All events of a name: how many, and microseconds of the device (kernels) or of the host
    (blocks)."""

    key: str
    count: int
    device_us: float
    host_us: float
    nbytes: int

    @property
    def device_time_total(self) -> float:
        """Microseconds of the device."""
        return self.device_us

    @property
    def cpu_time_total(self) -> float:
        """Microseconds of the host."""
        return self.host_us


def _time(us: float) -> str:
    if us >= 1e6:
        return f"{us / 1e6:.3f} s"
    return f"{us / 1e3:.3f} ms" if us >= 1e3 else f"{us:.1f} us"


#: Profiles that are being taken, innermost last.
_running: list[profile] = []


class profile(GuardedByName):
    """A block whose kernels and marked parts are timed.

        with ct.profiler.profile() as found:
            step()
        print(found.key_averages().table(sort_by="device_time_total", row_limit=10))

    Args:    schedule: what to do in which step, as `schedule` makes it; call `step()` after each;
             on_trace_ready: called with the profile when a recorded part ends.
             activities, record_shapes, profile_memory, with_stack, with_flops, with_modules and
             acc_events are PyTorch's and change nothing.
    Attributes:  host_us, how long the whole took; builds and launches, how many there were; peak,
             the most bytes in use meanwhile.
    """

    def __init__(
        self,
        *,
        activities: Iterable[Any] | None = None,
        schedule: Callable[[int], ProfilerAction] | None = None,
        on_trace_ready: Callable[[profile], Any] | None = None,
        record_shapes: bool = False,
        profile_memory: bool = False,
        with_stack: bool = False,
        with_flops: bool = False,
        with_modules: bool = False,
        acc_events: bool = False,
    ) -> None:
        self._schedule = schedule
        self._ready = on_trace_ready
        self._events: list[Event] = []
        self._began = 0.0
        self._last = threading.local()
        self._records = False
        self.step_num = 0
        self.host_us = 0.0
        self.builds = self.launches = self.peak = 0

    def __enter__(self) -> profile:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def start(self) -> None:
        """Begin, as the block does."""
        self._begin(self._action(0))

    def stop(self) -> None:
        """End, as the block does."""
        was = self._records
        self._end()
        if was and self._ready is not None and self._action(self.step_num) != ProfilerAction.NONE:
            self._ready(self)

    def step(self) -> None:
        """The next step begins."""
        before = self._action(self.step_num)
        self.step_num += 1
        now = self._action(self.step_num)
        if before == ProfilerAction.RECORD_AND_SAVE:
            self._end()
            if self._ready is not None:
                self._ready(self)
        if self._is_recording(now) != self._records:
            self._end() if self._records else self._begin(now)

    def _action(self, step: int) -> ProfilerAction:
        return ProfilerAction.RECORD if self._schedule is None else self._schedule(step)

    @staticmethod
    def _is_recording(action: ProfilerAction) -> bool:
        return action in (ProfilerAction.RECORD, ProfilerAction.RECORD_AND_SAVE)

    def _begin(self, action: ProfilerAction) -> None:
        if self._records:
            raise StateError("profile.start: it was started already; stop() ends it")
        if not self._is_recording(action):
            return
        self._events, self._records = [], True
        self._before = Counters.builds, Counters.launches
        self._began = time.perf_counter()
        Hooks.observed += 1
        listen(self._launched)
        _running.append(self)

    def _end(self) -> None:
        if not self._records:
            return
        ignore(self._launched)
        Hooks.observed -= 1
        _running.remove(self)
        self._records = False
        self.host_us = (time.perf_counter() - self._began) * 1e6
        self.builds = Counters.builds - self._before[0]
        self.launches = Counters.launches - self._before[1]

    def _launched(self, event: Launched) -> None:
        """Wait for the kernel that was just launched, and note how long that took."""
        start = time.perf_counter()
        device = event.kernel.device
        device.finish()
        end = time.perf_counter()
        nbytes = sum(a.nbytes for a in event.args if isinstance(a, Buffer))
        self.peak = max(self.peak, memory_summary(device)["in_use"])
        self._note(event.kernel.name, True, start, end, nbytes)

    def _note(self, name: str, is_kernel: bool, start: float, end: float, nbytes: int = 0) -> None:
        begun, took = (start - self._began) * 1e6, (end - start) * 1e6
        self._events.append(Event(name, is_kernel, begun, took, nbytes, threading.get_ident()))

    def events(self) -> list[Event]:
        """All that was noted, in the order in which it ended."""
        return list(self._events)

    def key_averages(
        self,
        group_by_input_shape: bool = False,
        group_by_stack_n: int = 0,
        group_by_overload_name: bool = False,
    ) -> Averages:
        """A row for each kernel and each block, by name.

        Raises:  ValueError where they are to be told apart by what is not noted: shapes, lines of
                 the program, overloads.
        """
        if group_by_input_shape or group_by_stack_n or group_by_overload_name:
            raise ValueError(
                "key_averages: shapes, stacks and overloads are not noted; name parts of a run by "
                "record_function, and leave these out"
            )
        rows: dict[str, Row] = {}
        for event in self._events:
            row = rows.get(event.name, Row(event.name, 0, 0.0, 0.0, 0))
            device, host = (event.duration, 0.0) if event.is_kernel else (0.0, event.duration)
            rows[event.name] = Row(
                row.key,
                row.count + 1,
                row.device_us + device,
                row.host_us + host,
                row.nbytes + event.nbytes,
            )
        return Averages(rows.values())

    def export_chrome_trace(self, path: Any) -> None:
        """Write what chrome://tracing and Perfetto read: kernels in one row, blocks by thread."""
        process = os.getpid()
        events = [
            {
                "name": event.name,
                "cat": "kernel" if event.is_kernel else "user_annotation",
                "ph": "X",
                "ts": event.start,
                "dur": event.duration,
                "pid": process,
                "tid": "device" if event.is_kernel else event.thread,
                "args": {"bytes": event.nbytes} if event.is_kernel else {},
            }
            for event in self._events
        ]
        text = json.dumps({"traceEvents": events, "displayTimeUnit": "ms"})
        Path(path).write_text(text, encoding="utf-8")


class record_function(ContextDecorator):
    """A block, or a function, that has a name in profiles."""

    def __init__(self, name: str, args: str | None = None) -> None:
        self.name = name
        self._starts: list[float] = []

    def __enter__(self) -> record_function:
        self._starts.append(time.perf_counter())
        return self

    def __exit__(self, *error: object) -> None:
        start, end = self._starts.pop(), time.perf_counter()
        for running in _running:
            running._note(self.name, False, start, end)


def schedule(
    *,
    wait: int,
    warmup: int,
    active: int,
    repeat: int = 0,
    skip_first: int = 0,
    skip_first_wait: int = 0,
) -> Callable[[int], ProfilerAction]:
    """Steps of a profile: leave out skip_first, then again and again `wait`, warm up, and record
    `active` ones; `repeat` times, or for 0 for ever.

    Raises:  ValueError for numbers that fit none.
    """
    if min(wait, warmup, repeat, skip_first) < 0 or active < 1:
        raise ValueError(
            f"schedule: wait={wait}, warmup={warmup}, active={active}, repeat={repeat}, skip_first="
            f"{skip_first}; give 0 or more, and an active of 1 or more"
        )

    def action(step: int) -> ProfilerAction:
        if step < skip_first:
            return ProfilerAction.NONE
        step -= skip_first
        if skip_first_wait:
            step += wait
        cycle = wait + warmup + active
        if repeat and step // cycle >= repeat:
            return ProfilerAction.NONE
        place = step % cycle
        if place < wait:
            return ProfilerAction.NONE
        if place < wait + warmup:
            return ProfilerAction.WARMUP
        last = place == cycle - 1
        return ProfilerAction.RECORD_AND_SAVE if last else ProfilerAction.RECORD

    return action


def tensorboard_trace_handler(
    dir_name: Any, worker_name: str | None = None, use_gzip: bool = False
) -> Callable[[profile], None]:
    """What writes each recorded part into a file of a folder; for on_trace_ready.

    Raises:  ValueError for use_gzip, which is not done.
    """
    if use_gzip:
        raise ValueError("tensorboard_trace_handler: use_gzip is not there; leave it out")
    worker = worker_name or f"{socket.gethostname()}_{os.getpid()}"

    def write(found: profile) -> None:
        folder = Path(dir_name)
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{worker}.{time.time_ns() // 1_000_000}.pt.trace.json"
        found.export_chrome_trace(folder / name)

    return write


_name_all(globals(), __all__)
_place(__name__, {"profiler": _modules[__name__]})
_suggest(_modules[__name__])
