"""Profiles as they are taken: launches and marked blocks as they come."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
import warnings
from collections.abc import Callable, Iterable
from contextlib import ContextDecorator
from enum import Enum
from pathlib import Path
from typing import Any, NoReturn

from cltensor.core.changes import GuardedByName
from cltensor.core.hooks import Hooks
from cltensor.errors import StateError
from cltensor.profiler import traces
from cltensor.profiler.events import Averages, Event, Events, size
from cltensor.profiler.steps import ProfilerAction
from cltensor.runtime.device import devices
from cltensor.runtime.events import Launched, ignore, listen
from cltensor.runtime.kernel import Counters
from cltensor.runtime.memory import Buffer, memory_summary
from cltensor.runtime.timing import Timing, microseconds


class ProfilerActivity(Enum):
    """What PyTorch tells apart; here kernels and the blocks of `record_function` always count.

    >>> ct.profiler.ProfilerActivity.CPU.name
    'CPU'
    """

    CPU = "cpu"
    CUDA = "cuda"
    XPU = "xpu"


def supported_activities() -> set[ProfilerActivity]:
    """CPU, and CUDA where there is a GPU.

    >>> "CPU" in [each.name for each in ct.profiler.supported_activities()]
    True
    """
    has_gpu = any(not device.is_cpu for device in devices())
    return {ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if has_gpu else [])}


class _Block:
    """A block that is open in a thread, and what was in it so far."""

    def __init__(self) -> None:
        self.start = time.perf_counter()
        self.inner_us = self.device_us = 0.0
        self.memory = 0


class _Open(threading.local):
    """The blocks that are open in this thread, the innermost last."""

    def __init__(self) -> None:
        self.blocks: list[_Block] = []


_open = _Open()


#: Profiles that are being taken, innermost last.
_running: list[profile] = []
_changing = threading.Lock()


class profile(GuardedByName):
    """A block whose kernels and marked parts are timed.

        with ct.profiler.profile() as found:
            step()
        print(found.key_averages().table(sort_by="device_time_total", row_limit=10))

    Args:    schedule: what to do in which step, as `schedule` makes it; call `step()` after each;
             on_trace_ready: called with the profile when a recorded part ends;
             profile_memory: whether tables have a column of memory, which is always noted.
             All others are PyTorch's and change nothing.
    Attributes:  host_us, how long the whole took; builds and launches, how many there were; peak,
             the most bytes in use meanwhile.

    >>> from cltensor.profiler import profile
    >>> with profile() as seen:
    ...     _ = ct.ones(8).exp().numpy()
    ...
    >>> len(seen.key_averages()) > 0
    True
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
        use_cuda: bool | None = None,
        experimental_config: Any = None,
        execution_trace_observer: Any = None,
        custom_trace_id_callback: Any = None,
        post_processing_timeout_s: float | None = None,
    ) -> None:
        if use_cuda is not None:
            warnings.warn(
                "profile: use_cuda changes nothing, kernels of every device are timed; PyTorch has "
                "activities instead",
                FutureWarning,
                stacklevel=3,
            )
        self._schedule = schedule
        self._ready = on_trace_ready
        self._has_memory = profile_memory
        self._events: list[Event] = []
        self._metadata: dict[str, Any] = {}
        self._began = 0.0
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
        self.peak = 0
        self._began = time.perf_counter()
        Hooks.observe(1)
        with _changing:
            if not _running:
                Timing.begin()
                listen(_launched)
            _running.append(self)

    def _end(self) -> None:
        if not self._records:
            return
        Hooks.observe(-1)
        with _changing:
            _running.remove(self)
            if not _running:
                ignore(_launched)
                Timing.end()
        self._records = False
        self.host_us = (time.perf_counter() - self._began) * 1e6
        self.builds = Counters.builds - self._before[0]
        self.launches = Counters.launches - self._before[1]

    def _note(self, start: float, end: float, **found: Any) -> None:
        """Note an event, unless it began before this profile."""
        if start < self._began:
            return
        begun, took = (start - self._began) * 1e6, (end - start) * 1e6
        thread, depth = threading.get_ident(), len(_open.blocks)
        self.peak = max(self.peak, found.get("in_use", 0))
        event = Event(start=begun, duration=took, thread=thread, depth=depth, **found)
        self._events.append(event)

    # -- what was found ----------------------------------------------------------------------

    def _foot(self) -> str:
        return (
            f"{self.launches:,} launches, {self.builds:,} kernels built, {self.host_us / 1e3:.3f} "
            f"ms in all; at most {size(self.peak)} in use"
        )

    def events(self) -> Events:
        """All that was noted, in the order in which it ended."""
        return Events(self._events, self._foot(), self._has_memory)

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
        return self.events().key_averages()

    def add_metadata(self, key: str, value: str) -> None:
        """Have traces hold a text under a key."""
        self._metadata[key] = value

    def add_metadata_json(self, key: str, value: str) -> None:
        """Have traces hold, under a key, what a text of JSON says."""
        self._metadata[key] = json.loads(value)

    preset_metadata_json = add_metadata_json

    def export_chrome_trace(self, path: Any) -> None:
        """Write what chrome://tracing and Perfetto read: kernels in one row for each device, blocks
        by thread, and the memory in use. Compressed where the name ends in .gz."""
        traces.write(path, traces.chrome_trace(self._events, self._metadata))

    def export_memory_timeline(self, path: Any, device: str | None = None) -> None:
        """Write the memory in use after each kernel: a page with a curve where the name ends in
        .html, else [times, sizes] as JSON, microseconds since the beginning and lists of one number
        of bytes; compressed where the name ends in .gz.

        Args:    device: its name, None for that of the first kernel.
        Raises:  ValueError for .raw.json.gz, and for a device that no kernel ran on.
        """
        traces.write(path, traces.memory_timeline(self._events, device, path))

    def export_stacks(self, path: Any, metric: str = "self_cpu_time_total") -> NoReturn:
        """Raises NotImplementedError."""
        raise NotImplementedError(
            "export_stacks: lines of the program are not noted; name parts of a run by "
            "record_function, and write it with export_chrome_trace(path)"
        )


#: Bytes in use on each device after its last kernel.
_in_use: dict[str, int] = {}


def _launched(event: Launched) -> None:
    """Note how long the kernel took that was just launched."""
    if event.done is None:  # launched as another thread began the profile
        return
    device = event.kernel.device
    us = microseconds(event.done)
    end = time.perf_counter()
    start, name, in_use = end - us * 1e-6, str(device), memory_summary(device)["in_use"]
    memory = in_use - _in_use.get(name, in_use)
    _in_use[name] = in_use
    for block in _open.blocks:
        block.device_us += us
        block.memory += memory
    if _open.blocks:
        _open.blocks[-1].inner_us += us
    nbytes = sum(a.nbytes for a in event.args if isinstance(a, Buffer))
    for running in tuple(_running):
        running._note(
            start, end, key=event.kernel.name, is_kernel=True, device_us=us, self_device_us=us,
            nbytes=nbytes, memory=memory, self_memory=memory, in_use=in_use, device=name,
        )  # fmt: skip


class record_function(ContextDecorator):
    """A block, or a function, that has a name in profiles.

    >>> from cltensor.profiler import profile, record_function
    >>> with profile() as seen:
    ...     with record_function("part"):
    ...         _ = ct.ones(8).exp().numpy()
    ...
    >>> "part" in [each.key for each in seen.key_averages()]
    True
    """

    def __init__(self, name: str, args: str | None = None) -> None:
        self.name = name

    def __enter__(self) -> record_function:
        _open.blocks.append(_Block())
        return self

    def __exit__(self, *error: object) -> None:
        end, block = time.perf_counter(), _open.blocks.pop()
        us = (end - block.start) * 1e6
        if _open.blocks:
            _open.blocks[-1].inner_us += us
        for running in tuple(_running):
            running._note(
                block.start, end, key=self.name, is_kernel=False, device_us=block.device_us,
                host_us=us, self_host_us=us - block.inner_us, memory=block.memory,
            )  # fmt: skip


def tensorboard_trace_handler(
    dir_name: Any,
    worker_name: str | None = None,
    use_gzip: bool = False,
    use_python_export: bool = False,
) -> Callable[[profile], None]:
    """What writes each recorded part into a file of a folder; for on_trace_ready.

    Args:    worker_name: how files are called, without one this machine and process; use_gzip:
             compress them; use_python_export: PyTorch's, changes nothing.

    >>> import pathlib, tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> handler = ct.profiler.tensorboard_trace_handler(folder.name, "worker")
    >>> with ct.profiler.profile(on_trace_ready=handler):
    ...     y = ct.ones(2).sum().item()
    ...
    >>> [file.name.partition(".")[0] for file in pathlib.Path(folder.name).iterdir()]
    ['worker']
    >>> folder.cleanup()
    """
    worker = worker_name or f"{socket.gethostname()}_{os.getpid()}"

    def write(found: profile) -> None:
        folder = Path(dir_name)
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{worker}.{time.time_ns()}.pt.trace.json{'.gz' * use_gzip}"
        found.export_chrome_trace(folder / name)

    return write
