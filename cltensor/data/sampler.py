"""Samplers: which items of a data set come, in which order, one by one or a batch at a time.

An order is drawn when the iteration begins, from a generator of cltensor (the default one, which
`ct.manual_seed` restarts, unless another is given), and on the host: no kernel runs for it.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Sequence, Sized
from typing import Any

import numpy as np

from cltensor.distributed.process import get_rank, get_world_size, is_initialized
from cltensor.errors import DataError
from cltensor.ops.random.generator import Generator, default_generator

AnyGenerator = Generator | np.random.Generator | None


def host_random(operation: str, generator: AnyGenerator) -> np.random.Generator:
    """NumPy's generator for one draw, which takes one counter from `generator`.

    Raises:  DataError for what is no generator.
    """
    if isinstance(generator, np.random.Generator):
        return generator
    if generator is not None and not isinstance(generator, Generator):
        raise DataError(
            f"{operation}: generator is a {type(generator).__name__}; give a ct.Generator"
        )
    return np.random.default_rng((generator or default_generator).take(1))


def count_of(operation: str, name: str, value: Any, least: int = 1) -> int:
    """`value` as an integer of `least` or more, else DataError naming it."""
    try:
        count = operator.index(value)
    except TypeError:
        count = least - 1
    if count < least or isinstance(value, bool):
        raise DataError(f"{operation}: {name} is {value!r}; give an integer of {least} or more")
    return count


def each(iterator: Iterator[Any]) -> Iterator[Any]:
    """What is left in `iterator`, whose `__iter__` (which may begin anew) is not called."""
    while True:
        try:
            item = next(iterator)
        except StopIteration:
            return
        yield item


class Sampler:
    """Base class: a subclass defines ``__iter__``, which gives indices, and mostly ``__len__``.

    >>> isinstance(ct.utils.data.SequentialSampler([1, 2]), ct.utils.data.Sampler)
    True
    """

    def __iter__(self) -> Iterator[Any]:
        raise NotImplementedError(f"{type(self).__name__}: define __iter__")


class SequentialSampler(Sampler):
    """0, 1, 2, ... up to the length of `data_source`.

    >>> list(ct.utils.data.SequentialSampler(["a", "b", "c"]))
    [0, 1, 2]
    """

    def __init__(self, data_source: Sized) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler):
    """The indices of `data_source` in a new random order each time.

    Args:    replacement: draw each independently of the others; num_samples: how many, as many as
             there are unless given (beyond that, further orders follow); generator: see the module.
    Raises:  DataError for a num_samples below 1.

    >>> sorted(ct.utils.data.RandomSampler(range(4)))
    [0, 1, 2, 3]
    """

    def __init__(
        self,
        data_source: Sized,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: AnyGenerator = None,
    ) -> None:
        if num_samples is not None:
            count_of("RandomSampler", "num_samples", num_samples)
        self.data_source = data_source
        self.replacement = replacement
        self._num_samples = num_samples
        self.generator = generator

    @property
    def num_samples(self) -> int:
        """How many indices an iteration gives."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self) -> Iterator[int]:
        random = host_random("RandomSampler", self.generator)
        count, wanted = len(self.data_source), self.num_samples
        if self.replacement:
            return iter(random.integers(0, count, wanted).tolist())
        if count == 0:
            return iter(())
        orders = [random.permutation(count) for _ in range(-(-wanted // count))]
        return iter(np.concatenate(orders)[:wanted].tolist() if orders else ())

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(Sampler):
    """The given indices in a new random order each time.

    >>> sorted(ct.utils.data.SubsetRandomSampler([4, 2]))
    [2, 4]
    """

    def __init__(self, indices: Sequence[int], generator: AnyGenerator = None) -> None:
        self.indices = indices
        self.generator = generator

    def __iter__(self) -> Iterator[Any]:
        random = host_random("SubsetRandomSampler", self.generator)
        return iter([self.indices[i] for i in random.permutation(len(self.indices)).tolist()])

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler):
    """`num_samples` indices, each drawn with a probability in proportion to its weight.

    Raises:  DataError for weights that are negative, not finite, all zero or no sequence, and
             without replacement for more samples than weights above zero.

    >>> list(ct.utils.data.WeightedRandomSampler([0.0, 1.0], num_samples=3))
    [1, 1, 1]
    """

    def __init__(
        self,
        weights: Sequence[float],
        num_samples: int,
        replacement: bool = True,
        generator: AnyGenerator = None,
    ) -> None:
        self.num_samples = count_of("WeightedRandomSampler", "num_samples", num_samples)
        self.weights = np.array(weights, np.float64)
        valid = self.weights.ndim == 1 and np.isfinite(self.weights).all()
        if not valid or not (self.weights >= 0).all() or not self.weights.any():
            raise DataError(
                f"WeightedRandomSampler: weights of shape {self.weights.shape} are no row of "
                "finite numbers of 0 or more with one above it; give one number an item"
            )
        drawable = np.count_nonzero(self.weights)
        if not replacement and num_samples > drawable:
            raise DataError(
                f"WeightedRandomSampler: {num_samples} samples of {drawable} items with a weight "
                "above 0; draw fewer, or with replacement"
            )
        self.replacement = replacement
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        random = host_random("WeightedRandomSampler", self.generator)
        shares = self.weights / self.weights.sum()
        count = len(self.weights)
        return iter(random.choice(count, self.num_samples, self.replacement, shares).tolist())

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler):
    """Lists of `batch_size` indices of another sampler; the last one may be shorter.

    Args:    sampler: any iterable of indices; drop_last: leave out a last list that is shorter.
    Raises:  DataError for a batch_size below 1.

    >>> list(ct.utils.data.BatchSampler(range(5), batch_size=2, drop_last=False))
    [[0, 1], [2, 3], [4]]
    """

    def __init__(self, sampler: Iterable[Any], batch_size: int, drop_last: bool = False) -> None:
        self.sampler = sampler
        self.batch_size = count_of("BatchSampler", "batch_size", batch_size)
        self.drop_last = drop_last

    def __iter__(self) -> Iterator[list[Any]]:
        return self._lists(iter(self.sampler))  # which draws the order now

    def _lists(self, indices: Iterator[Any]) -> Iterator[list[Any]]:
        batch = []
        for index in each(indices):
            batch.append(index)
            if len(batch) == self.batch_size:
                yield batch
                batch = []
        if batch and not self.drop_last:
            yield batch

    def __len__(self) -> int:
        whole, rest = divmod(len(self.sampler), self.batch_size)  # type: ignore[arg-type]
        return whole + (rest > 0 and not self.drop_last)


class DistributedSampler(Sampler):
    """The share of one of `num_replicas` processes: every num_replicas-th index, from `rank` on;
    without them, as the process group says, or of the one process that there is.

    Of an order that all processes draw alike, from `seed` and the epoch that `set_epoch` names.
    Each process gets equally many: the first indices come again at the end, or with drop_last the
    last ones are left out.

    Args:    batch_size: that of all processes together: each gets its part of every such batch, one
             index after the other, instead, so that together they have the batches of one process.
    Raises:  DataError for a rank that there is not, and a batch_size that the processes do not
             divide.

    >>> list(ct.utils.data.DistributedSampler([0] * 6, num_replicas=2, rank=1, shuffle=False))
    [1, 3, 5]
    >>> list(ct.utils.data.DistributedSampler([0] * 8, 2, 1, shuffle=False, batch_size=4))
    [2, 3, 6, 7]
    """

    def __init__(
        self,
        dataset: Sized,
        num_replicas: int | None = None,
        rank: int | None = None,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = False,
        *,
        batch_size: int | None = None,
    ) -> None:
        known = is_initialized()
        count = num_replicas if num_replicas is not None else get_world_size() if known else 1
        self.num_replicas = count_of("DistributedSampler", "num_replicas", count)
        place = rank if rank is not None else get_rank() if known else 0
        self.rank = count_of("DistributedSampler", "rank", place, least=0)
        if self.rank >= count:
            raise DataError(
                f"DistributedSampler: rank is {place} of {count} processes; give one from 0 "
                f"to {count - 1}"
            )
        if batch_size is not None:
            count_of("DistributedSampler", "batch_size", batch_size)
            if batch_size % count:
                raise DataError(
                    f"DistributedSampler: batch_size is {batch_size}, that of all {count} "
                    "processes together; give a multiple of their number"
                )
        self.batch_size = batch_size
        self.dataset = dataset
        self.shuffle = shuffle
        self.seed = seed
        self.drop_last = drop_last
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Have the next pass draw the order of that epoch."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        count = len(self.dataset)
        order = np.arange(count)
        if self.shuffle:
            order = np.random.default_rng((self.seed % 2**64, self.epoch)).permutation(count)
        total = len(self) * self.num_replicas
        whole = order[:total] if self.drop_last else np.resize(order, total if count else 0)
        if self.batch_size is None:
            return iter(whole[self.rank :: self.num_replicas].tolist())
        batches = [whole[at : at + self.batch_size] for at in range(0, total, self.batch_size)]
        shares = [np.split(batch, self.num_replicas)[self.rank] for batch in batches]
        return iter(np.concatenate([order[:0], *shares]).tolist())

    def __len__(self) -> int:
        count = len(self.dataset)
        return count // self.num_replicas if self.drop_last else -(-count // self.num_replicas)
