"""The worker processes of a DataLoader, as it sees them: started, asked, waited for, ended."""

from __future__ import annotations

import contextlib
import importlib.util
import multiprocessing.spawn
import os
import pickle
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import weakref
from collections import deque
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from cltensor.data.channel import Channel, Windows, allocated, places
from cltensor.data.collate import Placed, mapped
from cltensor.data.gather import Task
from cltensor.data.passes import Failed
from cltensor.data.worker import Batch, Job, Mark, Pass, Raised, Start, inside_worker
from cltensor.errors import DataError
from cltensor.runtime.device import get
from cltensor.runtime.files import hold
from cltensor.runtime.folders import sweep

_IN_MEMORY = Path("/dev/shm")
_PREFIX = "cltensor-loader-"  # of the names of folders whose files are shared
_PATIENCE = 1.0  # seconds that a worker has to end by itself, and then by a signal


class WorkerTraceback(Exception):
    """Where in a worker an exception was raised: the cause of the one that the loader raises."""

    def __init__(self, number: int, text: str) -> None:
        super().__init__(f"in worker {number} of the DataLoader:\n\n{text}")


class _Member:
    """One worker: its process, its channel, and the numbers of the batches it was asked for."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.asked: deque[int] = deque()
        self.slot = 0
        self.exhausted = False
        ours, theirs = socket.socketpair()
        with theirs:
            self.process = _started(theirs)
        self.channel = Channel(ours)


class Workers:
    """`count` processes that prepare the batches of `task`, `depth` each ahead of the loop.

    They run Python anew (nothing is forked) and are ended by `close`, with the program, or when
    nobody holds this object any more. Each number of a batch belongs to one worker, in turn, so a
    seed decides what every batch is.
    """

    def __init__(self, task: Task, count: int, depth: int, timeout: float) -> None:
        if inside_worker():
            raise DataError(
                "DataLoader: a worker process starts no workers of its own; use num_workers=0 in "
                "it. If this is the program itself, loaded anew for its data set: put what it does "
                "under `if __name__ == '__main__':`, or install cloudpickle"
            )
        self._depth = depth
        self._timeout = timeout
        self._keeps_arrays = task.collate_fn is not None  # else they become Tensors
        self._passed = 0
        self._ready: dict[int, Batch | Raised] = {}
        self._windows = Windows()
        self._folders, locks = _folders(f"{os.getpid()}-{id(self):x}-{time.monotonic_ns():x}")
        self._members: list[_Member] = []
        self._closed = weakref.finalize(
            self, _end, os.getpid(), self._members, self._folders, locks
        )
        try:
            start = self._start(task, count)
            for number in range(count):
                self._members.append(_Member(number))
            for member in self._members:
                start.number = member.number
                self._send(member, start)
        except BaseException:
            self.close()
            raise

    def _start(self, task: Task, count: int) -> Start:
        content, buffers, main, by_value = _pickled(task)
        arrays = [np.frombuffer(buffer.raw(), np.uint8) for buffer in buffers]
        found, nbytes = places(arrays)
        path = None
        if nbytes:
            path, memory = allocated(self._folders, "task", nbytes)
            for place, array in zip(found, arrays, strict=True):
                place.array(memory)[:] = array
        return Start(0, count, self._folders, content, path, found, main, by_value)

    @property
    def alive(self) -> bool:
        """Whether it was not closed yet."""
        return self._closed.alive

    def close(self) -> None:
        """End the processes, and remove the memory that was shared."""
        self._closed()

    def run(self, chosen: Iterator[Any], seed: int, in_order: bool) -> Iterator[Any]:
        """The batches of `chosen`, with arrays of Tensors that hold until the next one is asked
        for; in place of one, as Failed, what the data set raised for it, with the worker's
        traceback as its cause.

        Raises:  DataError for a worker that died, or that took longer than the timeout.
        """
        self._passed = passed = self._passed + 1
        self._ready.clear()
        for member in self._members:
            member.asked.clear()
            member.exhausted = False
            self._send(member, Pass(self._passed, seed))
        asked, more, order = 0, True, deque[int]()
        while True:
            if self._passed != passed:
                raise DataError(
                    "DataLoader: another loop over it has begun, and persistent workers serve one "
                    "at a time; end this one first, or use persistent_workers=False"
                )
            while more and (free := self._free(asked, in_order)) is not None:
                try:
                    indices = next(chosen)
                except StopIteration:
                    more = False
                    break
                self._send(free, Job(self._passed, asked, free.slot, indices))
                free.asked.append(asked)
                free.slot = (free.slot + 1) % self._depth
                order.append(asked)
                asked += 1
            if not order:
                return
            message = self._receive(order, in_order)
            if isinstance(message, Failed):
                yield message
            elif not message.exhausted:
                yield self._seen(message)

    def _free(self, number: int, in_order: bool) -> _Member | None:
        """Who gets the next batch: the next in turn, or (out of order) who has least to do."""
        able = [member for member in self._members if not member.exhausted]
        if not able:
            return None
        if in_order:
            count = len(self._members)
            turns = ((number + i) % count for i in range(count))
            member = next(m for m in (self._members[turn] for turn in turns) if not m.exhausted)
        else:
            member = min(able, key=lambda m: len(m.asked))
        return member if len(member.asked) < self._depth else None

    def _receive(self, order: deque[int], in_order: bool) -> Batch | Failed:
        """The next message in order, or any; or what a worker raised."""
        while not (order[0] in self._ready if in_order else self._ready):
            self._wait([m for m in self._members if m.asked])
        number = order[0] if in_order else next(iter(self._ready))
        order.remove(number)
        message = self._ready.pop(number)
        member = next(m for m in self._members if number in m.asked)
        member.asked.remove(number)
        if isinstance(message, Raised):
            cause = WorkerTraceback(member.number, message.text)
            if message.error is None:
                return Failed(DataError(f"DataLoader: {cause}"))
            error = pickle.loads(message.error)
            error.__cause__ = cause
            return Failed(error)
        member.exhausted |= message.exhausted
        return message

    def _wait(self, members: list[_Member]) -> None:
        """Take one message of each worker that has one, waiting until there is one."""
        by_channel = {member.channel: member for member in members}
        found = Channel.ready(list(by_channel), self._timeout or None)
        if not found:
            waiting = ", ".join(str(member.number) for member in members)
            raise DataError(
                f"DataLoader: no batch came within the timeout of {self._timeout} s from worker "
                f"{waiting}; give more time, or find out what the data set waits for"
            )
        for channel in found:
            try:
                message = channel.receive()
            except EOFError:
                raise self._died(by_channel[channel]) from None
            if message.passed == self._passed:  # else of a pass that was left half-way
                self._ready[message.number] = message

    def _seen(self, message: Batch) -> Any:
        """The batch with arrays in place of marks."""
        if message.path is None:
            return message.tree
        owner = int(message.path.name.split("-")[0])
        memory = self._windows.see(owner, message.slot, message.path)
        device = get()

        def found(leaf: Any) -> Any:
            if not isinstance(leaf, Mark):
                return leaf
            array = message.places[leaf.number].array(memory)
            if leaf.tensor:
                return Placed(array, device)
            return array.copy() if self._keeps_arrays else array

        return mapped(found, message.tree)

    def _send(self, member: _Member, message: Any) -> None:
        try:
            member.channel.send(message)
        except OSError:
            raise self._died(member) from None

    def _died(self, member: _Member) -> DataError:
        """The error for a worker that ended by itself; ends the others."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            member.process.wait(_PATIENCE)
        code = member.process.poll()
        self.close()
        reason = f"exit code {code}"
        if code is not None and code < 0:
            reason = f"signal {signal.strsignal(-code) or -code}"
        return DataError(
            f"DataLoader: worker {member.number} ended with {reason} before its batches were ready "
            "(what it wrote is above; a worker that was killed mostly means that memory ran out); "
            "num_workers=0 shows what the data set does"
        )


def _started(theirs: socket.socket) -> subprocess.Popen[bytes]:
    """A new Python that works at the socket `theirs`.

    It has a process group of its own, so that Ctrl-C at the terminal reaches the program alone.
    """
    windows = hasattr(theirs, "share")
    handle = None if windows else theirs.fileno()
    code = (
        f"import sys; sys.path[:] = {sys.path!r}; "
        f"from cltensor.data.worker import main; main({handle})"
    )
    command = [sys.executable, "-c", code]
    if windows:
        group = subprocess.CREATE_NEW_PROCESS_GROUP  # type: ignore[attr-defined]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, creationflags=group)
        assert process.stdin is not None
        process.stdin.write(theirs.share(process.pid))  # type: ignore[attr-defined]
        process.stdin.close()
        return process
    return subprocess.Popen(
        command, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()], process_group=0
    )


def _pickled(
    task: Task,
) -> tuple[bytes, list[pickle.PickleBuffer], dict[str, Any] | None, bool]:
    """The task, its large arrays, what is needed to load the program again if it must be, and
    whether cloudpickle was needed.

    What the program's main module defines goes along whole where cloudpickle is installed; else
    the worker loads that module, as multiprocessing does.
    """
    buffers: list[pickle.PickleBuffer] = []
    content = b""
    try:
        content = pickle.dumps(task, protocol=5, buffer_callback=buffers.append)
        reason = None
    except Exception as error:  # what a data set holds may raise anything here
        reason = error
    if reason is None and b"__main__" not in content:
        return content, buffers, None, False
    if importlib.util.find_spec("cloudpickle"):
        import cloudpickle  # an optional extra

        buffers.clear()
        try:
            content = cloudpickle.dumps(task, protocol=5, buffer_callback=buffers.append)
        except Exception as error:
            raise _unfit(error) from error
        return content, buffers, None, True
    if reason is not None:
        raise _unfit(reason) from reason
    known = multiprocessing.spawn.get_preparation_data("worker")
    kept = ("init_main_from_name", "init_main_from_path", "sys_argv")
    return content, buffers, {name: known[name] for name in kept if name in known}, False


def _unfit(reason: Exception) -> DataError:
    advice = "" if importlib.util.find_spec("cloudpickle") else " (the extra 'workers', which "
    if advice:
        advice += "brings cloudpickle, takes lambdas and local classes, too)"
    return DataError(
        "DataLoader: the data set, collate_fn or worker_init_fn cannot be given to worker "
        f"processes: {type(reason).__name__}: {reason}; let them hold what pickle takes{advice}, "
        "or use num_workers=0"
    )


def _folders(name: str) -> tuple[tuple[Path, ...], list[int]]:
    """Where memory is shared: in the first of these that has room; and the locks on them, which say
    that this process lives. What one left that was killed with its workers is removed."""
    bases = [_IN_MEMORY] if os.access(_IN_MEMORY, os.W_OK) else []
    found, locks = [], []
    for base in (*bases, Path(tempfile.gettempdir())):
        _swept(base)
        found.append(base / f"{_PREFIX}{name}")
        with contextlib.suppress(OSError):  # a full disk is told of where the room is needed
            found[-1].mkdir(mode=0o700)
            locks.append(hold(found[-1]))
    return tuple(found), [lock for lock in locks if lock is not None]


@cache
def _swept(base: Path) -> None:
    sweep(base, _PREFIX)


def _end(owner: int, members: list[_Member], folders: tuple[Path, ...], locks: list[int]) -> None:
    """Close the channels, wait for the processes, ask and then force them; remove the files."""
    if os.getpid() != owner:
        return  # a forked child, which has copies of what is another's
    for member in members:
        member.channel.close()
    for ask in (lambda _: None, subprocess.Popen.terminate, subprocess.Popen.kill):
        deadline = time.monotonic() + _PATIENCE
        for member in members:
            if member.process.poll() is None:
                ask(member.process)
        for member in members:
            with contextlib.suppress(subprocess.TimeoutExpired):
                member.process.wait(max(0.0, deadline - time.monotonic()))
    for member in members:
        member.process.wait()
    members.clear()
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    for lock in locks:
        os.close(lock)
