"""DataLoader: batches of a data set as Tensors, made in turn, or ahead by a thread or processes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import repeat
from typing import Any

import numpy as np

from cltensor.core.changes import GuardedByName, never_replay
from cltensor.data.collate import moved, to_device
from cltensor.data.dataset import IterableDataset
from cltensor.data.gather import Task
from cltensor.data.passes import Batches, Failed, Finish, ahead, in_turn, tried
from cltensor.data.sampler import (
    AnyGenerator,
    BatchSampler,
    RandomSampler,
    SequentialSampler,
    count_of,
    host_random,
)
from cltensor.data.workers import Workers
from cltensor.errors import DataError
from cltensor.ops.random.generator import Generator
from cltensor.runtime.device import DeviceSpec

#: What is read once, when a loader is made.
_FIXED = frozenset(
    "dataset batch_size shuffle sampler batch_sampler drop_last persistent_workers".split()
)


class DataLoader(GuardedByName):
    """Iterates over `dataset` in batches of Tensors.

    A batch is a list of Tensors where items are tuples (see `default_collate`). A data set that can
    read many items at once is asked for a whole batch (see `Dataset`). As in PyTorch, the caller's
    thread asks the data set for a batch when the loop asks for it, unless worker processes, or a
    thread, are asked to prepare some ahead while the device works. These copy what they are given,
    so a data set may use its arrays again; and the loop does not see when they are in the data set:
    let the two share no random generator, and leave the data set as it is.

    Worker processes run Python anew, whatever the system (nothing is forked), load the data set
    as pickle, or cloudpickle, gives it to them, and share memory with the loader. They have no
    device: there a Tensor is in the memory of the host, and is read, indexed and moved, no more. A
    data set whose items are on a device has no use for them; the loader gathers its batches.

    Args:    batch_size, None for single items;  shuffle, draw a new order for every pass;  sampler,
             an iterable of indices in place of shuffle;  batch_sampler, an iterable of lists of
             indices in place of batch_size, shuffle, sampler and drop_last;  num_workers, how many
             processes prepare batches (0: none);  collate_fn, joins a list of items into a batch,
             which is left as it is (arrays are no Tensors then);  drop_last, leave out a last batch
             that is not full;  timeout, how many seconds a batch of the workers may take (0: any);
             worker_init_fn, called with its number in each worker as it starts;
             multiprocessing_context, "spawn" or what multiprocessing.get_context makes of it: no
             other one suits;  generator, a ct.Generator from which orders and the seeds of workers
             are drawn (None: the default one, which ct.manual_seed restarts);  seed, an integer or
             a NumPy Generator in its place;  prefetch or prefetch_factor, how many batches each
             worker prepares ahead (2 unless given), and without workers, how many a thread does
             (none unless given, and no thread; PyTorch has none at all);  persistent_workers, keep
             the processes from pass to pass (each pass has seeds of its own all the same);
             in_order, whether batches of workers come in the order of their indices, or as they are
             ready;  device, where the Tensors are made (None: the default device).
             pin_memory and pin_memory_device are accepted as PyTorch's and change nothing: to a
             GPU, batches go through pinned memory and a queue of their own anyway.
    Raises:  DataError for a value that does not fit, two that exclude each other, and what belongs
             to worker processes where there are none; in a loop, what the data set raises, after
             which `next` of the iterator gives the batch after that.

    >>> data = ct.utils.data.TensorDataset(ct.arange(5), ct.arange(5) ** 2)
    >>> for x, y in ct.utils.data.DataLoader(data, batch_size=2):
    ...     print(x.tolist(), y.tolist())
    ...
    [0, 1] [0, 1]
    [2, 3] [4, 9]
    [4] [16]
    """

    _made = False

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[Any] | None = None,
        batch_sampler: Iterable[Any] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], Any] | None = None,
        multiprocessing_context: Any = None,
        generator: AnyGenerator = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
        seed: int | np.random.Generator | None = None,
        prefetch: int | None = None,
        device: DeviceSpec = None,
    ) -> None:
        self.num_workers = count_of("DataLoader", "num_workers", num_workers, least=0)
        _check_workers(num_workers, persistent_workers, timeout, multiprocessing_context)
        _refuse_together(batch_size, shuffle, sampler, batch_sampler, drop_last)
        self.prefetch = _depth(prefetch, prefetch_factor, num_workers)
        self.generator = _generator(generator, seed)
        self.dataset = dataset
        self.batch_size = batch_size if batch_sampler is None else None
        self.shuffle = bool(shuffle)
        self._choose(sampler, batch_sampler, drop_last)
        self.drop_last = drop_last
        self.collate_fn = collate_fn
        self.pin_memory = pin_memory
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.persistent_workers = persistent_workers
        self.in_order = in_order
        self.device = device
        self._workers: Workers | None = None
        self._turn = threading.Lock()
        self._made = True

    def __setattr__(self, name: str, value: Any) -> None:
        if self._made and name in _FIXED:
            raise DataError(
                f"DataLoader: {name} decides what is made with the loader, and cannot be set later;"
                " make another loader"
            )
        super().__setattr__(name, value)

    def _choose(self, sampler: Any, batch_sampler: Any, drop_last: bool) -> None:
        """Set what says which items come: sampler and batch_sampler, or neither."""
        if self.batch_size is not None:
            count_of("DataLoader", "batch_size", self.batch_size)
        if self._iterable:
            if self.shuffle or sampler is not None or batch_sampler is not None:
                raise DataError(
                    f"DataLoader: {type(self.dataset).__name__} is an IterableDataset, which says "
                    "itself what comes; leave out shuffle, sampler and batch_sampler"
                )
        elif sampler is None:
            sampler = (
                RandomSampler(self.dataset, generator=self.generator)
                if self.shuffle
                else SequentialSampler(self.dataset)
            )
        if batch_sampler is None and self.batch_size is not None and sampler is not None:
            batch_sampler = BatchSampler(sampler, self.batch_size, drop_last)
        self.sampler = sampler
        self.batch_sampler = batch_sampler

    def __len__(self) -> int:
        if not self._iterable:
            return len(self._source())  # type: ignore[arg-type]
        count, size = len(self.dataset), self.batch_size
        if size is None:
            return count
        return count // size if self.drop_last else -(-count // size)

    @property
    def _iterable(self) -> bool:
        return isinstance(self.dataset, IterableDataset)

    def _source(self) -> Iterable[Any]:
        return self.sampler if self.batch_sampler is None else self.batch_sampler

    def __iter__(self) -> Iterator[Any]:
        never_replay()
        # An order is drawn now, not at the first batch: passes begun in turn differ in turn.
        made = self._batches(repeat(None) if self._iterable else iter(self._source()))
        return Batches(made, self.__len__)

    def _batches(self, chosen: Iterator[Any]) -> Iterator[Any]:
        task = Task(
            self.dataset,
            self.collate_fn,
            self.batch_sampler is not None,
            self.batch_size,
            self.drop_last,
            self.worker_init_fn,
        )
        on_device = getattr(self.dataset, "on_device", False)
        if self.num_workers and not on_device:
            return self._from_workers(task, chosen)
        # Arguments, not attributes, so that a thread does not keep the loader alive.
        if on_device or not self.prefetch:
            return in_turn(task.answers(), chosen, self._finish())
        return ahead(task.answers, chosen, self._finish(), self.prefetch, self._turn)

    def _finish(self) -> Finish:
        """What is done in the caller's thread to a batch."""
        if self.collate_fn is None:
            return partial(to_device, device=self.device)
        if self.device is None and not self.num_workers:
            return lambda batch: batch
        return partial(moved, device=self.device)

    def _from_workers(self, task: Task, chosen: Iterator[Any]) -> Iterator[Any]:
        seed = int(host_random("DataLoader", self.generator).integers(1 << 63))
        workers = self._workers
        if workers is None or not workers.alive:
            workers = Workers(task, self.num_workers, self.prefetch, self.timeout)
        if self.persistent_workers:
            self._workers = workers
        batches = workers.run(chosen, seed, self.in_order)
        return _from_workers(workers, batches, self._finish(), self.persistent_workers)

    def __getstate__(self) -> dict[str, Any]:
        kept = {"_workers": None, "_turn": None}
        return {**self.__dict__, **kept}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _turn=threading.Lock())


def _from_workers(workers: Workers, batches: Iterator[Any], finish: Finish, kept: bool) -> Any:
    try:
        for batch in batches:
            yield batch if isinstance(batch, Failed) else tried(finish, batch)
    finally:
        if not kept:
            workers.close()


def _depth(prefetch: int | None, prefetch_factor: int | None, workers: int) -> int:
    """How many batches to prepare ahead."""
    if prefetch is not None and prefetch_factor is not None:
        raise DataError("DataLoader: prefetch and prefetch_factor are one thing; give one")
    given = prefetch if prefetch_factor is None else prefetch_factor
    if given is None:
        return 2 if workers else 0
    return count_of("DataLoader", "prefetch", given, least=1 if workers else 0)


def _check_workers(count: int, persistent: bool, timeout: float, context: Any) -> None:
    """Raise DataError for options that need worker processes, and for what does not suit them."""
    if not count and (persistent or timeout or context is not None):
        name, value = next(
            (name, value)
            for name, value in (
                ("persistent_workers", persistent or None),
                ("timeout", timeout or None),
                ("multiprocessing_context", context),
            )
            if value is not None
        )
        raise DataError(
            f"DataLoader: {name} is {value!r}, which is for worker processes, and there are none; "
            "leave it out, or set num_workers"
        )
    if not timeout >= 0:
        raise DataError(f"DataLoader: timeout is {timeout!r}; give seconds of 0 or more")
    method = getattr(context, "get_start_method", lambda: context)()
    if method not in (None, "spawn"):
        raise DataError(
            f"DataLoader: multiprocessing_context is {method!r}, but workers always run Python "
            "anew; give 'spawn', or leave it out"
        )


def _refuse_together(
    batch_size: int | None,
    shuffle: bool | None,
    sampler: Iterable[Any] | None,
    batch_sampler: Iterable[Any] | None,
    drop_last: bool,
) -> None:
    """Raise DataError for options of which one says what the other says otherwise."""
    others: dict[str, bool] = {"sampler": sampler is not None, "shuffle": bool(shuffle)}
    if sampler is not None and shuffle:
        raise DataError("DataLoader: sampler and shuffle both choose the order; give one")
    others |= {"batch_size": batch_size != 1, "drop_last": drop_last}
    if batch_sampler is not None and any(others.values()):
        names = " and ".join(name for name, given in others.items() if given)
        raise DataError(f"DataLoader: batch_sampler makes the batches, not {names}; give one")
    if batch_sampler is None and batch_size is None and drop_last:
        raise DataError("DataLoader: batch_size=None makes no batches that drop_last could drop")


def _generator(generator: AnyGenerator, seed: int | np.random.Generator | None) -> AnyGenerator:
    if seed is None:
        if generator is None or isinstance(generator, (Generator, np.random.Generator)):
            return generator
        raise DataError(
            f"DataLoader: generator is a {type(generator).__name__}; give a ct.Generator"
        )
    if generator is not None:
        raise DataError("DataLoader: generator and seed both choose the orders; give one")
    # NumPy takes no negative seeds, manual_seed does.
    return np.random.default_rng(seed % 2**64 if isinstance(seed, int) else seed)
