"""`ct.multiprocessing`: Python's module, whose processes always run Python anew.

An OpenCL driver does not survive a fork, so whatever is taken from here spawns. A tensor that is
sent to another process arrives as a copy.
"""

from __future__ import annotations

from collections.abc import Callable
from multiprocessing import (
    active_children,
    cpu_count,
    current_process,
    get_all_start_methods,
    get_context,
    parent_process,
)
from sys import modules as _modules
from typing import Any

from cltensor.core.names import name_all as _name_all
from cltensor.core.paths import place as _place
from cltensor.core.suggestions import suggest as _suggest
from cltensor.errors import SettingError

_context = get_context("spawn")
Array, Barrier, BoundedSemaphore = _context.Array, _context.Barrier, _context.BoundedSemaphore
Condition, Event, JoinableQueue = _context.Condition, _context.Event, _context.JoinableQueue
Lock, Manager, Pipe, Pool = _context.Lock, _context.Manager, _context.Pipe, _context.Pool
Process, Queue, RLock = _context.Process, _context.Queue, _context.RLock
Semaphore, SimpleQueue, Value = _context.Semaphore, _context.SimpleQueue, _context.Value

__all__ = [
    "Array",
    "Barrier",
    "BoundedSemaphore",
    "Condition",
    "Event",
    "JoinableQueue",
    "Lock",
    "Manager",
    "Pipe",
    "Pool",
    "Process",
    "Queue",
    "RLock",
    "Semaphore",
    "SimpleQueue",
    "Value",
    "active_children",
    "cpu_count",
    "current_process",
    "get_all_start_methods",
    "get_context",
    "get_start_method",
    "parent_process",
    "set_sharing_strategy",
    "set_start_method",
    "spawn",
]


def get_start_method(allow_none: bool = False) -> str:
    """ "spawn", always.

    >>> ct.multiprocessing.get_start_method()
    'spawn'
    """
    return "spawn"


def set_start_method(method: str | None, force: bool = False) -> None:
    """Accepts "spawn". Raises SettingError for another method.

    >>> ct.multiprocessing.set_start_method("spawn")
    """
    if method not in (None, "spawn"):
        raise SettingError(
            f"multiprocessing.set_start_method: {method!r}, but an OpenCL driver does not survive "
            "a fork; use 'spawn'"
        )


def set_sharing_strategy(new_strategy: str) -> None:
    """Accepted: tensors are copied between processes, whatever the strategy.

    >>> ct.multiprocessing.set_sharing_strategy("file_system")
    """


class SpawnContext:
    """The processes that `spawn` started."""

    def __init__(self, processes: list[Any]) -> None:
        self.processes = processes

    def pids(self) -> list[int | None]:
        """Their numbers."""
        return [process.pid for process in self.processes]

    def join(self, timeout: float | None = None) -> bool:
        """Wait for all; whether they have ended.

        Raises:  ChildProcessError for one that failed; the others are ended then.
        """
        for index, process in enumerate(self.processes):
            process.join(timeout)
            if process.exitcode not in (None, 0):
                for other in self.processes:
                    other.terminate()
                raise ChildProcessError(
                    f"spawn: process {index} ended with exit code {process.exitcode}; its "
                    "traceback is above"
                )
        return all(process.exitcode is not None for process in self.processes)


def spawn(
    fn: Callable[..., Any],
    args: tuple[Any, ...] = (),
    nprocs: int = 1,
    join: bool = True,
    daemon: bool = False,
    start_method: str = "spawn",
) -> SpawnContext | None:
    """Run fn(i, *args) in `nprocs` new processes, i from 0.

    Args:    join: wait for them; daemon: end them with this process.
    Returns: None, or without join a context with their pids and its own join.
    Raises:  SettingError for another start method; ChildProcessError if one fails.

    >>> started = ct.multiprocessing.spawn(divmod, args=(3,), nprocs=2, join=False)
    >>> started.join()
    True
    """
    set_start_method(start_method)
    processes = [_context.Process(target=fn, args=(i, *args), daemon=daemon) for i in range(nprocs)]
    for process in processes:
        process.start()
    started = SpawnContext(processes)
    if not join:
        return started
    started.join()
    return None


_name_all(globals(), [name for name in __all__ if name in ("spawn", "set_start_method")])
_here = _modules[__name__]
_place(__name__, dict.fromkeys(("pool", "queue", "spawn"), _here))
_suggest(_here)
