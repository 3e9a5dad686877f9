"""Data sets: things with a length that give items, one by one or a whole batch at once."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from cltensor.core.tensor import Tensor
from cltensor.data.sampler import AnyGenerator, count_of, host_random
from cltensor.errors import DataError, IndexingError, ShapeError

#: A change to a float32 batch (N, C, H, W), made in NumPy.
Transform = Callable[[np.ndarray], np.ndarray]


class Dataset:
    """Base class: a subclass defines ``__len__`` and ``__getitem__(index)``.

    A subclass that can read many items at once also defines ``__getitems__(indices)``, which
    returns a list of them; or ``__getbatch__(indices)``, which gets an array of integers and
    returns what collating the single items would. `DataLoader` then never goes item by item.

    >>> class Squares(ct.utils.data.Dataset):
    ...     def __len__(self):
    ...         return 4
    ...     def __getitem__(self, i):
    ...         return i * i
    ...
    >>> [batch.tolist() for batch in ct.utils.data.DataLoader(Squares(), batch_size=2)]
    [[0, 1], [4, 9]]
    """

    #: Whether items live on a device; a loader then leaves them to the caller's thread.
    on_device = False

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__}: define __len__")

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError(f"{type(self).__name__}: define __getitem__")

    def __iter__(self) -> Iterator[Any]:
        return (self[index] for index in range(len(self)))

    def __add__(self, other: Any) -> ConcatDataset:
        return ConcatDataset([self, other])


def gathering(dataset: Any) -> Callable[[np.ndarray], Any] | None:
    """The ``__getbatch__`` of `dataset`; None where it has none, or gives other items than the
    class that defines it, because a subclass says anew how they are read."""
    for kind in type(dataset).__mro__:
        if "__getbatch__" in vars(kind):
            return dataset.__getbatch__
        if "__getitem__" in vars(kind) or "__getitems__" in vars(kind):
            break
    return None


class IterableDataset(Dataset):
    """Base class: a subclass defines ``__iter__``, which says itself what comes next.

    With worker processes each iterates over a copy of its own: `get_worker_info` tells it which
    part to give, else every item comes once from each.

    >>> class Count(ct.utils.data.IterableDataset):
    ...     def __iter__(self):
    ...         return iter(range(3))
    ...
    >>> [x.tolist() for x in ct.utils.data.DataLoader(Count(), batch_size=2)]
    [[0, 1], [2]]
    """

    def __iter__(self) -> Iterator[Any]:
        raise NotImplementedError(f"{type(self).__name__}: define __iter__")

    def __len__(self) -> int:
        raise TypeError(f"{type(self).__name__}: an iterable data set has no length of its own")

    def __getitem__(self, index: int) -> Any:
        raise TypeError(f"{type(self).__name__}: an iterable data set has no items by index")

    def __add__(self, other: Any) -> Any:
        return ChainDataset([self, other])


class ChainDataset(IterableDataset):
    """The items of several iterable data sets, one after the other.

    Raises:  DataError for a data set that is not iterable.

    >>> class Some(ct.utils.data.IterableDataset):
    ...     def __iter__(self):
    ...         return iter([1, 2])
    ...
    >>> list(ct.utils.data.ChainDataset([Some(), Some()]))
    [1, 2, 1, 2]
    """

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = list(datasets)
        for part in self.datasets:
            if not isinstance(part, IterableDataset):
                raise DataError(
                    f"ChainDataset: a {type(part).__name__} is no IterableDataset; use "
                    "ConcatDataset for data sets with a length"
                )

    def __iter__(self) -> Iterator[Any]:
        for part in self.datasets:
            yield from part

    def __len__(self) -> int:
        return sum(len(part) for part in self.datasets)


class TensorDataset(Dataset):
    """Items are tuples of rows of the given arrays, all of the same length.

    Args:    NumPy arrays, or Tensors, which stay on their device.
    Raises:  ShapeError if the lengths differ.

    >>> data = ct.utils.data.TensorDataset(ct.arange(3), ct.ones(3))
    >>> data[1]
    (tensor(1), tensor(1.))
    """

    def __init__(self, *tensors: np.ndarray | Tensor) -> None:
        if not tensors:
            raise ShapeError("TensorDataset: no array was given; give at least one")
        lengths = [len(tensor) for tensor in tensors]
        if len(set(lengths)) > 1:
            raise ShapeError(
                f"TensorDataset: the arrays have {' and '.join(map(str, lengths))} rows; "
                "give arrays of one length"
            )
        self.tensors = tensors
        self.on_device = not all(isinstance(tensor, np.ndarray) for tensor in tensors)

    def __len__(self) -> int:
        return len(self.tensors[0])

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        return tuple(tensor[index] for tensor in self.tensors)

    def __getbatch__(self, indices: np.ndarray) -> tuple[Any, ...]:
        return tuple(tensor[indices] for tensor in self.tensors)


class StackDataset(Dataset):
    """Items are tuples of the items of several data sets of one length, or, for data sets given by
    name, dictionaries of them.

    Raises:  ShapeError if the lengths differ, or for none; TypeError for both kinds.

    >>> pairs = ct.utils.data.StackDataset([1, 2], ["a", "b"])
    >>> pairs[1]
    (2, 'b')
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if args and kwargs:
            raise TypeError("StackDataset: give all data sets by position, or all by name")
        self.datasets: Any = kwargs or args
        lengths = {len(part) for part in self._parts()}
        if len(lengths) != 1:
            raise ShapeError(
                f"StackDataset: the data sets have {' and '.join(map(str, sorted(lengths)))} items;"
                " give one or more, of one length"
            )

    def _parts(self) -> list[Any]:
        named = isinstance(self.datasets, dict)
        return list(self.datasets.values() if named else self.datasets)

    def __len__(self) -> int:
        return len(self._parts()[0])

    def __getitem__(self, index: int) -> Any:
        found = [part[index] for part in self._parts()]
        if isinstance(self.datasets, dict):
            return dict(zip(self.datasets, found, strict=True))
        return tuple(found)


class Subset(Dataset):
    """The items of `dataset` at `indices`, in that order; these stay a list where they are one.

    >>> part = ct.utils.data.Subset(["a", "b", "c"], [2, 0])
    >>> list(part)
    ['c', 'a']
    """

    def __init__(self, dataset: Any, indices: Sequence[Any] | np.ndarray) -> None:
        self.dataset = dataset
        self.indices = indices if isinstance(indices, (Sequence, np.ndarray)) else _host(indices)
        self.on_device = getattr(dataset, "on_device", False)

    def __len__(self) -> int:
        return len(self.indices)

    def _place(self, position: int) -> Any:
        """Which item of `dataset` is at a position here."""
        place = self.indices[position]
        return int(place) if isinstance(place, np.integer) else place

    def __getitem__(self, index: int) -> Any:
        if isinstance(index, list):
            return self.dataset[[self._place(position) for position in index]]
        return self.dataset[self._place(index)]

    def __getitems__(self, positions: Sequence[int]) -> list[Any]:
        at_once = getattr(self.dataset, "__getitems__", None)
        if at_once is None or type(self).__getitem__ is not Subset.__getitem__:
            return [self[position] for position in positions]
        return at_once([self._place(position) for position in positions])

    @property
    def __getbatch__(self) -> Callable[[np.ndarray], Any] | None:
        rows = gathering(self.dataset)
        if rows is None:
            return None
        return lambda positions: rows(np.array([self._place(i) for i in positions.tolist()]))


def _host(indices: Any) -> np.ndarray:
    """A Tensor's elements, which index one by one on the host."""
    return np.asarray(indices, np.int64)


class ConcatDataset(Dataset):
    """The items of several data sets, one after the other.

    Raises:  DataError without a data set.

    >>> both = ct.utils.data.ConcatDataset([[1, 2], [3]])
    >>> len(both), both[2]
    (3, 3)
    """

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise DataError("ConcatDataset: no data set was given; give at least one")
        self.cumulative_sizes = np.cumsum([len(part) for part in self.datasets]).tolist()
        self.on_device = any(getattr(part, "on_device", False) for part in self.datasets)

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]

    def __getitem__(self, index: int) -> Any:
        size = len(self)
        if not -size <= index < size:
            raise IndexingError(f"ConcatDataset: index {index} is out of range for {size} items")
        index %= size
        number = bisect_right(self.cumulative_sizes, index)
        before = self.cumulative_sizes[number - 1] if number else 0
        return self.datasets[number][index - before]


def random_split(
    dataset: Any, lengths: Sequence[float], generator: AnyGenerator = None
) -> list[Subset]:
    """Parts of `dataset` that have no item in common, chosen at random.

    Args:    lengths: how many items each part gets; or shares that sum to 1, of which each part
             gets the whole items, and the first parts one more until none is left.
    Raises:  DataError for lengths that do not sum to the length of the data set.

    >>> first, second = ct.utils.data.random_split(range(10), [0.8, 0.2])
    >>> len(first), len(second)
    (8, 2)
    """
    count = len(dataset)
    if math.isclose(sum(lengths), 1) and sum(lengths) <= 1 + 1e-9:
        if not all(0 <= share <= 1 for share in lengths):
            raise DataError(f"random_split: {list(lengths)} are no shares; give numbers in [0, 1]")
        sizes = [math.floor(count * share) for share in lengths]
        for i in range(count - sum(sizes)):
            sizes[i % len(sizes)] += 1
    else:
        sizes = [count_of("random_split", "a length", length, least=0) for length in lengths]
    if sum(sizes) != count:
        raise DataError(
            f"random_split: lengths of {sum(sizes)} in all for a data set of {count} items; "
            "give lengths that sum to it, or shares that sum to 1"
        )
    order = host_random("random_split", generator).permutation(count).tolist()
    ends = np.cumsum(sizes)
    return [Subset(dataset, order[end - n : end]) for n, end in zip(sizes, ends, strict=True)]


class ImageDataset(Dataset):
    """Labelled images kept as bytes and normalised when they are read.

    Attributes:  data (N,C,H,W) uint8;  targets (N,) int64;  classes, the names of the labels;
                 mean and std, one per channel, of the pixels scaled to [0, 1].
    Items:       (image (C,H,W) float32 = (pixel / 255 - mean) / std, label).

    >>> images = np.full((2, 1, 4, 4), 255, np.uint8)
    >>> image, label = ct.utils.data.ImageDataset(images, np.array([3, 5]))[1]
    >>> image.shape, float(image.max()), label
    ((1, 4, 4), 1.0, 5)
    """

    classes: tuple[str, ...] = ()
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)

    def __init__(
        self, data: np.ndarray, targets: np.ndarray, transform: Transform | None = None
    ) -> None:
        self.data = data
        self.targets = targets.astype(np.int64)
        self.transform = transform

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[np.ndarray, int]:
        images, labels = self.__getbatch__(np.array([index]))
        return images[0], int(labels[0])

    def batch(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The normalised images and the labels at `indices`."""
        return self.__getbatch__(indices)

    def __getbatch__(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        images = self.data[indices].astype(np.float32)
        # One multiplication and one addition: x / 255 / std - mean / std.
        scale = 1 / (255 * np.array(self.std))
        shift = -np.array(self.mean) / np.array(self.std)
        images *= scale.astype(np.float32)[:, None, None]
        images += shift.astype(np.float32)[:, None, None]
        if self.transform is not None:
            images = self.transform(images)
        return images, self.targets[indices]

    def __repr__(self) -> str:
        shape = "x".join(map(str, self.data.shape[1:]))
        return f"{type(self).__name__}({len(self):,} images of {shape})"
