"""A worker process of a DataLoader: it prepares batches, in NumPy, in memory that is shared.

It has no OpenCL device: whatever name of one is asked for, a tensor is in the memory of the host.
The loader starts it with `main`, and speaks with it in the messages that are declared here.
"""

from __future__ import annotations

import contextlib
import mmap
import multiprocessing.spawn
import os
import pickle
import random
import shutil
import socket
import sys
import threading
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any, NamedTuple

import numpy as np

from cltensor.core.tensor import Tensor
from cltensor.data.channel import Channel, Shared, Slots
from cltensor.data.collate import Placed, is_numeric, mapped
from cltensor.data.gather import Exhausted, Task
from cltensor.ops.random.generator import manual_seed
from cltensor.runtime.carrier import only_carry

#: How long a worker may go on with what it is at, once its loader is gone.
_GRACE = 5.0
_WHY_HOST = (
    "this is a worker process of a DataLoader, which has no device and computes in NumPy alone; "
    "compute with arrays in the data set, or use num_workers=0 (and where it is the program itself "
    "that runs here, put what it does under `if __name__ == '__main__':`, or install cloudpickle)"
)


class WorkerInfo(NamedTuple):
    """What a data set may want to know of the worker that it is in; see `get_worker_info`.

    >>> info = ct.utils.data.WorkerInfo(id=1, num_workers=4, seed=7, dataset=None)
    >>> [*range(10)][info.id :: info.num_workers]
    [1, 5, 9]
    """

    id: int
    num_workers: int
    seed: int
    dataset: Any


class _State:
    info: WorkerInfo | None = None
    inside = False


_state = _State()


def get_worker_info() -> WorkerInfo | None:
    """In a worker process of a DataLoader: its id, num_workers, seed and dataset; elsewhere None.

    An iterable data set reads from it which part of all to give.

    >>> ct.utils.data.get_worker_info() is None
    True
    """
    return _state.info


def inside_worker() -> bool:
    """Whether this process is a worker of a DataLoader."""
    return _state.inside


@dataclass
class Start:
    """The first message: where files are made, and the task, pickled; its large arrays are in the
    file `buffers` at `places`. main is what multiprocessing needs to load the program again."""

    number: int
    count: int
    folders: tuple[Path, ...]
    task: bytes
    buffers: Path | None
    places: list[Shared]
    main: dict[str, Any] | None
    #: Whether classes go by value, with cloudpickle: here, and so on the way back.
    by_value: bool


class Pass(NamedTuple):
    """A pass over the data set begins, with random numbers from `seed`."""

    number: int
    seed: int


class Job(NamedTuple):
    """The batch of `indices` is wanted, in the file of `slot`."""

    passed: int
    number: int
    slot: int
    indices: Any


@dataclass
class Mark:
    """Stands in a batch for an array: which, and whether it is that of a Tensor."""

    number: int
    tensor: bool


class Batch(NamedTuple):
    """A batch, with marks for its arrays, which are at `places` in the file `path`; or no batch,
    as the data set is exhausted."""

    passed: int
    number: int
    slot: int
    path: Path | None
    places: list[Shared]
    tree: Any
    exhausted: bool = False


class Raised(NamedTuple):
    """What the data set raised: the exception, pickled, if that can be, and its traceback."""

    passed: int
    number: int
    error: bytes | None
    text: str


def main(handle: int | None) -> None:
    """Work until the loader closes its end of the socket `handle` (None: given at stdin)."""
    if handle is None:
        end = socket.fromshare(sys.stdin.buffer.read())  # type: ignore[attr-defined]
    else:
        end = socket.socket(fileno=handle)
    _state.inside = True
    only_carry(_WHY_HOST)
    channel = Channel(end)
    with contextlib.suppress(EOFError, OSError):  # the loader is gone
        start: Start = channel.receive()
        try:
            _Worker(channel, start).run()
        finally:
            for folder in start.folders:
                shutil.rmtree(folder, ignore_errors=True)


class _Worker:
    def __init__(self, channel: Channel, start: Start) -> None:
        self._channel = channel
        self._start = start
        self._slots = Slots(start.folders, start.number)
        self._task: Task | None = None
        self._pass = Pass(-1, 0)
        self._next: Any = None
        self._newest = -1
        self._jobs: SimpleQueue[Pass | Job | None] = SimpleQueue()
        # Read at once, whatever the data set is at: the loader never waits for room in the socket.
        threading.Thread(target=self._read, name="cltensor-jobs", daemon=True).start()

    def _read(self) -> None:
        with contextlib.suppress(EOFError, OSError):
            while True:
                message = self._channel.receive()
                if isinstance(message, Pass):
                    self._newest = message.number
                self._jobs.put(message)
        self._jobs.put(None)
        time.sleep(_GRACE)
        os._exit(1)  # the data set does not come back, and nobody waits for it

    def run(self) -> None:
        begun = Pass(-1, 0)
        while (message := self._jobs.get()) is not None:
            if isinstance(message, Pass):
                begun = message
            elif message.passed == self._newest:  # else of a pass that was left half-way
                self._channel.send_pickled(self._answer(message, begun))

    def _answer(self, job: Job, begun: Pass) -> bytes:
        """What to send for a job, pickled."""
        try:
            return self._pickled(self._batch(job, begun))
        except Exception as error:  # a data set raises anything, and gives what pickle refuses
            text = traceback.format_exc()
            return pickle.dumps(Raised(job.passed, job.number, self._error(error), text))

    def _error(self, error: Exception) -> bytes | None:
        """The exception, pickled, if it can be made again."""
        try:
            content = self._pickled(error)
            pickle.loads(content)
        except Exception:  # an exception may be anything
            return None
        return content

    def _pickled(self, message: Any) -> bytes:
        if not self._start.by_value:
            return pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
        import cloudpickle  # an optional extra, which the loader has too

        return cloudpickle.dumps(message)

    def _batch(self, job: Job, begun: Pass) -> Batch:
        try:
            if self._pass is not begun:
                self._begin(begun)
                self._pass = begun
            tree = self._next(job.indices)
            arrays: list[np.ndarray] = []
            tree = mapped(lambda leaf: _taken_out(leaf, arrays), tree)
            path, places = self._slots.write(job.slot, arrays) if arrays else (None, [])
            return Batch(job.passed, job.number, job.slot, path, places, tree)
        except Exhausted:
            return Batch(job.passed, job.number, job.slot, None, [], None, exhausted=True)

    def _begin(self, begun: Pass) -> None:
        """Load the task, if this is the first pass; and make what answers jobs."""
        number, count = self._start.number, self._start.count
        seed = begun.seed + number
        random.seed(seed)
        np.random.seed(seed % 2**32)  # for data sets that draw from NumPy's own
        manual_seed(seed)
        task = self._task or self._load()
        _state.info = WorkerInfo(number, count, seed, task.dataset)
        if self._task is None and task.worker_init_fn is not None:
            task.worker_init_fn(number)  # if it raises, the next pass begins anew
        self._task = task
        self._next = task.answers()

    def _load(self) -> Task:
        if self._start.main is not None:
            multiprocessing.spawn.prepare(self._start.main)
        buffers: list[Any] = []
        if self._start.buffers is not None:
            with open(self._start.buffers, "rb") as file:
                # A private copy of each page that the data set writes; all others are shared.
                memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
            buffers = [place.array(memory) for place in self._start.places]
        return pickle.loads(self._start.task, buffers=buffers)


def _taken_out(leaf: Any, arrays: list[np.ndarray]) -> Any:
    """A mark in place of an array, which joins `arrays`; anything else itself."""
    array = leaf
    if isinstance(leaf, Placed):
        array = leaf.array
    elif isinstance(leaf, Tensor):
        array = leaf.detach()._stored()
    elif type(leaf) is not np.ndarray or not is_numeric(leaf):  # a subclass has more than elements
        return leaf
    arrays.append(array)
    return Mark(len(arrays) - 1, leaf is not array)
