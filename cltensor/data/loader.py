"""DataLoader: batches of a data set as Tensors, prepared ahead in a thread or in processes."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import repeat
from typing import Any

import numpy as np

from cltensor.data.collate import own, to_device
from cltensor.data.dataset import IterableDataset
from cltensor.data.gather import Task
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


class _Ahead:
    """Runs `produce` in a thread, at most `depth` results before they are asked for.

    What `produce` raises is raised again at the consumer. `close` ends the thread; it is called
    by the loader's generator however its loop is left.
    """

    def __init__(self, produce: Iterator[Any], depth: int) -> None:
        self._ready: deque[Any] = deque()
        self._depth = depth
        self._changed = threading.Condition()
        self._finished = self._closed = False
        self._error: BaseException | None = None
        # A daemon, so that a loop left half-way in a reference cycle cannot hold up the exit.
        self._thread = threading.Thread(
            target=self._run, args=(produce,), name="cltensor-prefetch", daemon=True
        )
        self._thread.start()

    def _run(self, produce: Iterator[Any]) -> None:
        try:
            for value in produce:
                with self._changed:
                    self._ready.append(value)
                    self._changed.notify_all()
                    self._changed.wait_for(lambda: self._closed or len(self._ready) < self._depth)
                    if self._closed:
                        return
        except BaseException as error:
            self._error = error
        finally:
            with self._changed:
                self._finished = True
                self._changed.notify_all()

    def __iter__(self) -> Iterator[Any]:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._ready or self._finished)
                if not self._ready:
                    break
                value = self._ready.popleft()
                self._changed.notify_all()
            yield value
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join()


class DataLoader:
    """Iterates over `dataset` in batches of Tensors.

    A batch is a list of Tensors where items are tuples (see `default_collate`). A data set with
    ``batch(indices)`` is indexed a whole batch at a time. Batches are prepared by NumPy in one
    thread, or in worker processes, while the device works; only the caller's thread touches the
    device. Whoever prepares them copies what it is given, so a data set may use its arrays again.

    Worker processes run Python anew, whatever the system (nothing is forked), load the data set
    as pickle, or cloudpickle, gives it to them, and share memory with the loader. They have no
    device: there a Tensor is in the memory of the host, and is read, indexed and moved, no more. A
    data set whose items are on a device has no use for them; the loader gathers its batches.

    Args:    batch_size, None for single items;  shuffle, draw a new order for every pass;  sampler,
             an iterable of indices in place of shuffle;  batch_sampler, an iterable of lists of
             indices in place of batch_size, shuffle, sampler and drop_last;  num_workers, how many
             processes prepare batches (0: a thread does);  collate_fn, joins a list of items into
             a batch;  drop_last, leave out a last batch that is not full;  timeout, how many
             seconds a batch of the workers may take (0: any);  worker_init_fn, called with its
             number in each worker as it starts;  multiprocessing_context, "spawn" or what
             multiprocessing.get_context makes of it: no other one suits;  generator, a
             ct.Generator from which orders and the seeds of workers are drawn (None: the default
             one, which ct.manual_seed restarts);  seed, an integer or a NumPy Generator in its
             place;  prefetch or prefetch_factor, how many batches (each worker) prepares ahead (2
             unless given; 0: none, and no thread);  persistent_workers, keep the processes from
             pass to pass (each pass has seeds of its own all the same);  in_order, whether batches
             of workers come in the order of their indices, or as they are ready;  device, where
             the Tensors are made (None: the default device).
             pin_memory and pin_memory_device are accepted as PyTorch's and change nothing: the
             driver chooses the host's memory.
    Raises:  DataError for a value that does not fit, two that exclude each other, and what belongs
             to worker processes where there are none; in a loop, what the data set raises.
    """

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
        self.prefetch = _ahead(prefetch, prefetch_factor, least=1 if num_workers else 0)
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

    def _choose(self, sampler: Any, batch_sampler: Any, drop_last: bool) -> None:
        """Set what says which items come: sampler and batch_sampler, or neither."""
        if self.batch_size is not None:
            count_of("DataLoader", "batch_size", self.batch_size)
        if isinstance(self.dataset, IterableDataset):
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
        if not isinstance(self.dataset, IterableDataset):
            return len(self._source())  # type: ignore[arg-type]
        count, size = len(self.dataset), self.batch_size
        if size is None:
            return count
        return count // size if self.drop_last else -(-count // size)

    def _source(self) -> Iterable[Any]:
        return self.sampler if self.batch_sampler is None else self.batch_sampler

    def __iter__(self) -> Iterator[Any]:
        if isinstance(self.dataset, IterableDataset):
            return self._batches(repeat(None))
        # The order is drawn now, not at the first batch: passes begun in turn differ in turn.
        source = self._source()
        try:
            len(source)  # type: ignore[arg-type]
        except (TypeError, NotImplementedError):  # it may have no end
            return self._batches(iter(source))
        return self._batches(iter(list(source)))

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
        gathered = task.batches() if task.iterable else map(task.gatherer(), chosen)
        depth = 0 if on_device else self.prefetch
        # An argument, not an attribute, so that the thread does not keep the loader alive.
        return _from_thread(gathered, depth, self.device)

    def _from_workers(self, task: Task, chosen: Iterator[Any]) -> Iterator[Any]:
        seed = int(host_random("DataLoader", self.generator).integers(1 << 63))
        workers = self._workers
        if workers is None or not workers.alive:
            workers = Workers(task, self.num_workers, self.prefetch, self.timeout)
        if self.persistent_workers:
            self._workers = workers
        return _from_workers(workers, chosen, seed, self)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_workers": None}


def _from_thread(gathered: Iterator[Any], depth: int, device: DeviceSpec) -> Iterator[Any]:
    if not depth:
        for batch in gathered:
            yield to_device(batch, device)
        return
    ahead = _Ahead(map(own, gathered), depth)
    try:
        for batch in ahead:
            yield to_device(batch, device)
    finally:
        ahead.close()


def _from_workers(
    workers: Workers, chosen: Iterator[Any], seed: int, loader: DataLoader
) -> Iterator[Any]:
    device, kept = loader.device, loader.persistent_workers
    batches = workers.run(chosen, seed, loader.in_order)
    try:
        for batch in batches:
            yield to_device(batch, device)
    finally:
        if not kept:
            workers.close()


def _ahead(prefetch: int | None, prefetch_factor: int | None, least: int) -> int:
    """How many batches to prepare ahead."""
    if prefetch is not None and prefetch_factor is not None:
        raise DataError("DataLoader: prefetch and prefetch_factor are one thing; give one")
    given = prefetch if prefetch_factor is None else prefetch_factor
    return 2 if given is None else count_of("DataLoader", "prefetch", given, least=least)


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
