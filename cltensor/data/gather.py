"""What makes a batch, in NumPy, of the indices of a data set, or of what an iterable one gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from cltensor.data.collate import joined
from cltensor.data.dataset import IterableDataset, gathering
from cltensor.errors import DataError

Collate = Callable[[Any], Any]
Answer = Callable[[Any], Any]


class Exhausted(Exception):
    """An iterable data set has no more items."""


@dataclass
class Task:
    """What a loader, or each of its workers, has to do.

    batch_size is None where a sampler says what belongs together, or items are not joined at all;
    whole says whether what comes from the sampler is a list of indices.
    """

    dataset: Any
    collate_fn: Collate | None
    whole: bool
    batch_size: int | None = None
    drop_last: bool = False
    worker_init_fn: Callable[[int], Any] | None = None

    @property
    def iterable(self) -> bool:
        """Whether the data set says itself what comes next."""
        return isinstance(self.dataset, IterableDataset)

    def answers(self) -> Answer:
        """A function that makes a batch of what a sampler gave, or of what an iterable data set
        gives next, whatever its argument; it raises Exhausted when that was all."""
        if not self.iterable:
            return self.gatherer()
        follow = self._following()
        return lambda _: follow()

    def _following(self) -> Callable[[], Any]:
        """A function that makes a batch of what an iterable data set gives next."""
        items = iter(self.dataset)
        if self.batch_size is None:
            convert = self.collate_fn or _same
            return lambda: self._made(convert, self._some(items, 1)[0])
        collate, size = self.collate_fn or joined, self.batch_size

        def follow() -> Any:
            chunk = self._some(items, size)
            if len(chunk) < size and self.drop_last:
                raise Exhausted
            return self._made(collate, chunk)

        return follow

    def _some(self, items: Iterator[Any], count: int) -> list[Any]:
        """The next `count` items, or as many as there are; Exhausted if there are none."""
        found: list[Any] = []
        try:
            while len(found) < count:
                found.append(next(items))
        except StopIteration:
            if not found:
                raise Exhausted from None
        return found

    def _made(self, make: Callable[[Any], Any], given: Any) -> Any:
        """make(given), whose StopIteration would end the loop as if all had come."""
        try:
            return make(given)
        except StopIteration as error:
            raise DataError(
                f"DataLoader: {type(self.dataset).__name__} (or the collate_fn) raised "
                f"StopIteration for {given}; a data set says by its length where it ends"
            ) from error

    def gatherer(self) -> Answer:
        """A function of what a sampler gave."""
        gather = self._rows() if self.whole else self._single()
        return lambda indices: self._made(gather, indices)

    def _single(self) -> Callable[[Any], Any]:
        convert = self.collate_fn or _same
        return lambda index: convert(self.dataset[index])

    def _rows(self) -> Callable[[Any], Any]:
        dataset, collate = self.dataset, self.collate_fn or joined
        at_once = getattr(dataset, "__getitems__", None)
        rows = gathering(dataset) if self.collate_fn is None else None

        def gather(indices: Any) -> Any:
            if rows is not None:
                places = np.asarray(indices)
                if places.dtype.kind in "iu" and places.ndim == 1:
                    return rows(places)
            if at_once is not None:
                return collate(at_once(indices))
            return collate([dataset[index] for index in indices])

        return gather


def _same(item: Any) -> Any:
    return item
