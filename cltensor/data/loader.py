"""DataLoader: batches of a data set as Tensors, prepared ahead in a thread."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from cltensor.data.dataset import Dataset
from cltensor.device import Device
from cltensor.errors import DataError
from cltensor.ops.create import tensor
from cltensor.tensor import Tensor


def default_collate(items: list[Any]) -> Any:
    """Join items of one structure: numbers and arrays along a new first axis.

    Tuples, lists and dictionaries are joined member by member. Python floats become float32,
    Python integers int64. Raises DataError for anything else.
    """
    first = items[0]
    if isinstance(first, (np.ndarray, np.generic)):
        return np.stack(items)
    if isinstance(first, bool):
        return np.array(items, np.bool_)
    if isinstance(first, int):
        return np.array(items, np.int64)
    if isinstance(first, float):
        return np.array(items, np.float32)
    if isinstance(first, Tensor):
        return np.stack([item.numpy() for item in items])
    if isinstance(first, dict):
        return {key: default_collate([item[key] for item in items]) for key in first}
    if isinstance(first, (tuple, list)):
        return _like(first, [default_collate(list(part)) for part in zip(*items, strict=True)])
    raise DataError(
        f"DataLoader: items of type {type(first).__name__} cannot be joined into a batch; "
        "give a collate_fn"
    )


def _like(model: tuple[Any, ...] | list[Any], members: list[Any]) -> Any:
    """`members` as a sequence of the type of `model`, named tuples included."""
    return type(model)(*members) if hasattr(model, "_fields") else type(model)(members)


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

    A data set with ``batch(indices)`` is indexed a whole batch at a time. Batches are prepared by
    NumPy in one thread while the device works; only the caller's thread touches the device.

    Args:    batch_size;  shuffle, draw a new order for every pass;  drop_last, leave out a last
             batch that is not full;  seed, an integer or a NumPy Generator that fixes the orders;
             collate_fn, joins a list of items into a batch;  prefetch, how many batches to prepare
             ahead (0: none, and no thread);  device, where the Tensors are made (None: the default
             device);  num_workers, reserved for worker processes: only 0 for now.
    Raises:  DataError for a value that does not fit.
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int = 1,
        shuffle: bool = False,
        *,
        drop_last: bool = False,
        seed: int | np.random.Generator | None = None,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        num_workers: int = 0,
        prefetch: int = 2,
        device: Device | str | None = None,
    ) -> None:
        if num_workers != 0:
            raise DataError(
                f"DataLoader: num_workers is {num_workers}, but worker processes come later; "
                "use num_workers=0, which prepares batches in a thread"
            )
        if batch_size < 1:
            raise DataError(f"DataLoader: batch_size is {batch_size}; give 1 or more")
        if prefetch < 0:
            raise DataError(f"DataLoader: prefetch is {prefetch}; give 0 or more")
        self.dataset = dataset
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.drop_last = drop_last
        self.collate_fn = collate_fn
        self.prefetch = prefetch
        self.device = device
        # NumPy takes no negative seeds, manual_seed does.
        self._random = np.random.default_rng(seed % 2**64 if isinstance(seed, int) else seed)

    def __len__(self) -> int:
        whole, rest = divmod(len(self.dataset), self.batch_size)
        return whole + (rest > 0 and not self.drop_last)

    def __iter__(self) -> Iterator[Any]:
        # The order is drawn now, not at the first batch: passes begun in turn differ in turn.
        count = len(self.dataset)
        order = self._random.permutation(count) if self.shuffle else np.arange(count)
        return self._batches(order)

    def _batches(self, order: np.ndarray) -> Iterator[Any]:
        # Variables, not attributes, so that the thread does not keep the loader alive.
        gathered = map(_gatherer(self.dataset, self.collate_fn), self._chunks(order))
        if not self.prefetch or getattr(self.dataset, "on_device", False):
            for batch in gathered:
                yield _to_device(batch, self.device)
            return
        ahead = _Ahead(gathered, self.prefetch)
        try:
            for batch in ahead:
                yield _to_device(batch, self.device)
        finally:
            ahead.close()

    def _chunks(self, order: np.ndarray) -> list[np.ndarray]:
        size = self.batch_size
        return [order[start : start + size] for start in range(0, len(self) * size, size)]


def _gatherer(
    dataset: Dataset, collate_fn: Callable[[list[Any]], Any] | None
) -> Callable[[np.ndarray], Any]:
    whole = getattr(dataset, "batch", None)
    if whole is not None and collate_fn is None:
        return whole
    collate = collate_fn or default_collate
    return lambda indices: collate([dataset[int(index)] for index in indices])


def _to_device(batch: Any, device: Device | str | None) -> Any:
    """`batch` with every NumPy array in it made a Tensor."""
    if isinstance(batch, (np.ndarray, np.generic)):
        return tensor(batch, device=device)
    if isinstance(batch, Tensor):
        return batch if device is None else batch.to(device)
    if isinstance(batch, dict):
        return {key: _to_device(value, device) for key, value in batch.items()}
    if isinstance(batch, (tuple, list)):
        return _like(batch, [_to_device(value, device) for value in batch])
    return batch
