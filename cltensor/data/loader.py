"""DataLoader: batches of a data set as Tensors, prepared ahead in a thread."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from cltensor.data.collate import joined, own, to_device
from cltensor.data.dataset import Dataset
from cltensor.data.sampler import (
    AnyGenerator,
    BatchSampler,
    RandomSampler,
    SequentialSampler,
    count_of,
)
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
    thread while the device works; only the caller's thread touches the device. The thread copies
    what it is given, so a data set may use its arrays again.

    Args:    batch_size, None for single items;  shuffle, draw a new order for every pass;  sampler,
             an iterable of indices in place of shuffle;  batch_sampler, an iterable of lists of
             indices in place of batch_size, shuffle, sampler and drop_last;  num_workers, reserved
             for worker processes: only 0 for now;  collate_fn, joins a list of items into a batch;
             drop_last, leave out a last batch that is not full;  generator, a ct.Generator from
             which orders are drawn (None: the default one, which ct.manual_seed restarts);  seed,
             an integer or a NumPy Generator in its place;  prefetch or prefetch_factor, how many
             batches to prepare ahead (2 unless given; 0: none, and no thread);  device, where the
             Tensors are made (None: the default device).
             pin_memory, pin_memory_device, in_order and worker_init_fn are accepted as PyTorch's
             and change nothing: there are no workers, and the driver chooses the host's memory.
    Raises:  DataError for a value that does not fit, two that exclude each other, or what belongs
             to worker processes: persistent_workers, timeout, multiprocessing_context.
    """

    def __init__(
        self,
        dataset: Dataset,
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
        _refuse_workers(
            num_workers,
            persistent_workers=persistent_workers,
            timeout=timeout,
            multiprocessing_context=multiprocessing_context,
        )
        _refuse_together(batch_size, shuffle, sampler, batch_sampler, drop_last)
        if prefetch is not None and prefetch_factor is not None:
            raise DataError("DataLoader: prefetch and prefetch_factor are one thing; give one")
        ahead = prefetch if prefetch_factor is None else prefetch_factor
        self.prefetch = 2 if ahead is None else count_of("DataLoader", "prefetch", ahead, least=0)
        self.generator = _generator(generator, seed)
        if sampler is None:
            sampler = (
                RandomSampler(dataset, generator=self.generator)
                if shuffle
                else SequentialSampler(dataset)
            )
        if batch_sampler is None and batch_size is not None:
            count_of("DataLoader", "batch_size", batch_size)
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        elif batch_sampler is not None:
            batch_size = None
        self.dataset = dataset
        self.batch_size = batch_size
        self.shuffle = bool(shuffle)
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        self.drop_last = drop_last
        self.collate_fn = collate_fn
        self.num_workers = num_workers
        self.pin_memory = pin_memory
        self.device = device

    def __len__(self) -> int:
        return len(self._source())  # type: ignore[arg-type]

    def _source(self) -> Iterable[Any]:
        return self.sampler if self.batch_sampler is None else self.batch_sampler

    def __iter__(self) -> Iterator[Any]:
        # The order is drawn now, not at the first batch: passes begun in turn differ in turn.
        source = self._source()
        try:
            len(source)  # type: ignore[arg-type]
        except (TypeError, NotImplementedError):  # it may have no end
            return self._batches(iter(source))
        return self._batches(iter(list(source)))

    def _batches(self, chosen: Iterator[Any]) -> Iterator[Any]:
        # Variables, not attributes, so that the thread does not keep the loader alive.
        gathered = map(_gatherer(self.dataset, self.collate_fn, self.batch_sampler), chosen)
        if not self.prefetch or getattr(self.dataset, "on_device", False):
            for batch in gathered:
                yield to_device(batch, self.device)
            return
        ahead = _Ahead(map(own, gathered), self.prefetch)
        try:
            for batch in ahead:
                yield to_device(batch, self.device)
        finally:
            ahead.close()


def _refuse_workers(num_workers: int, **options: Any) -> None:
    """Raise DataError for worker processes, and for options of theirs that are set."""
    if num_workers != 0:
        raise DataError(
            f"DataLoader: num_workers is {num_workers}, but worker processes come later; "
            "use num_workers=0, which prepares batches in a thread"
        )
    for name, value in options.items():
        if value:
            raise DataError(
                f"DataLoader: {name} is {value!r}, which is for worker processes, and there "
                "are none; leave it out"
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


def _gatherer(
    dataset: Any, collate_fn: Callable[[list[Any]], Any] | None, batch_sampler: Any
) -> Callable[[Any], Any]:
    """What makes a batch, in NumPy, of the indices that a sampler gave."""
    gather = _single(dataset, collate_fn) if batch_sampler is None else _whole(dataset, collate_fn)

    def guarded(indices: Any) -> Any:
        try:
            return gather(indices)
        except StopIteration as error:  # which would end the loop as if all had come
            raise DataError(
                f"DataLoader: {type(dataset).__name__} (or the collate_fn) raised StopIteration "
                f"for {indices}; a data set says by its length where it ends"
            ) from error

    return guarded


def _single(dataset: Any, collate_fn: Callable[[Any], Any] | None) -> Callable[[Any], Any]:
    convert = collate_fn or (lambda item: item)
    return lambda index: convert(dataset[index])


def _whole(dataset: Any, collate_fn: Callable[[list[Any]], Any] | None) -> Callable[[Any], Any]:
    collate = collate_fn or joined
    at_once = getattr(dataset, "__getitems__", None)
    rows = getattr(dataset, "batch", None) if collate_fn is None else None

    def gather(indices: Any) -> Any:
        if rows is not None:
            places = np.asarray(indices)
            if places.dtype.kind in "iu" and places.ndim == 1:
                return rows(places)
        if at_once is not None:
            return collate(at_once(indices))
        return collate([dataset[index] for index in indices])

    return gather
