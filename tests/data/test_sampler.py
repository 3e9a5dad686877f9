"""Samplers: what they give, that the default generator decides, and what they refuse."""

import itertools

import numpy as np
import pytest

import cltensor as ct
from cltensor.data import (
    BatchSampler,
    DistributedSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)
from cltensor.errors import DataError

ITEMS = "abcdefghij"


def test_sequential():
    assert list(SequentialSampler(ITEMS)) == list(range(10))
    assert len(SequentialSampler(ITEMS)) == 10


def test_random_orders():
    sampler = RandomSampler(ITEMS)
    once, again = list(sampler), list(sampler)
    assert sorted(once) == sorted(again) == list(range(10))
    assert once != again
    assert all(type(index) is int for index in once)
    more = list(RandomSampler(ITEMS, num_samples=25))
    assert len(more) == len(RandomSampler(ITEMS, num_samples=25)) == 25
    assert sorted(more[:10]) == sorted(more[10:20]) == list(range(10))
    assert len(set(RandomSampler(ITEMS, num_samples=4))) == 4
    assert list(RandomSampler("")) == []


def test_random_with_replacement():
    drawn = list(RandomSampler(ITEMS, replacement=True, num_samples=2000))
    assert len(drawn) == 2000
    assert np.bincount(drawn, minlength=10).min() > 120


def test_subset_random():
    sampler = SubsetRandomSampler([5, 7, 9])
    assert sorted(sampler) == [5, 7, 9]
    assert len({tuple(sampler) for _ in range(60)}) == 6


def test_weighted():
    drawn = list(WeightedRandomSampler([1.0, 0.0, 3.0], 4000))
    counts = np.bincount(drawn, minlength=3)
    assert counts[1] == 0
    assert 0.7 < counts[2] / 4000 < 0.8
    assert sorted(WeightedRandomSampler([1, 2, 3], 3, replacement=False)) == [0, 1, 2]


@pytest.mark.parametrize(
    "make",
    [
        lambda generator: RandomSampler(ITEMS, generator=generator),
        lambda generator: RandomSampler(ITEMS, True, 20, generator),
        lambda generator: SubsetRandomSampler(range(10), generator),
        lambda generator: WeightedRandomSampler([1] * 10, 20, generator=generator),
    ],
)
def test_the_seed_decides(make):
    ct.manual_seed(4)
    by_default = list(make(None))
    ct.manual_seed(4)
    assert list(make(None)) == by_default
    own = [list(make(ct.Generator(9))) for _ in range(2)]
    assert own[0] == own[1] != by_default
    with pytest.raises(DataError, match=r"Sampler: generator is a int; give a ct\.Generator"):
        list(make(5))


def test_orders_are_drawn_when_the_iteration_begins():
    """As with PyTorch, what is drawn in the loop does not change the order."""
    ct.manual_seed(4)
    wanted = list(RandomSampler(ITEMS))
    ct.manual_seed(4)
    begun = iter(BatchSampler(RandomSampler(ITEMS), 3))
    ct.manual_seed(5)
    assert list(itertools.chain(*begun)) == wanted


def test_batches():
    assert list(BatchSampler(range(5), 2)) == [[0, 1], [2, 3], [4]]
    assert list(BatchSampler(range(5), 2, drop_last=True)) == [[0, 1], [2, 3]]
    assert [len(BatchSampler(range(n), 2)) for n in range(4)] == [0, 1, 1, 2]
    assert [len(BatchSampler(range(n), 2, True)) for n in range(4)] == [0, 0, 1, 1]
    assert next(iter(BatchSampler(itertools.count(), 3))) == [0, 1, 2]


def test_a_sampler_defines_what_it_gives():
    with pytest.raises(NotImplementedError, match="Sampler: define __iter__"):
        iter(Sampler())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RandomSampler(ITEMS, num_samples=0), "RandomSampler: num_samples is 0; give"),
        (lambda: RandomSampler(ITEMS, num_samples=True), "num_samples is True; give an integer"),
        (lambda: BatchSampler(ITEMS, 0), "BatchSampler: batch_size is 0; give an integer"),
        (lambda: BatchSampler(ITEMS, 1.5), "batch_size is 1.5; give an integer of 1"),
        (lambda: WeightedRandomSampler([1], -1), "num_samples is -1; give"),
        (lambda: WeightedRandomSampler([1, -1], 1), r"weights of shape \(2,\) are no row"),
        (lambda: WeightedRandomSampler([0, 0], 1), "are no row of finite"),
        (lambda: WeightedRandomSampler([1, np.nan], 1), "are no row of finite"),
        (lambda: WeightedRandomSampler([[1]], 1), r"weights of shape \(1, 1\)"),
        (lambda: WeightedRandomSampler([], 1), r"weights of shape \(0,\)"),
        (lambda: WeightedRandomSampler([1, 0], 2, False), "2 samples of 1 items with a weight"),
    ],
)
def test_bad_arguments(make, message):
    with pytest.raises(DataError, match=message):
        make()


@pytest.mark.parametrize(("drop_last", "each"), [(False, 4), (True, 3)])
@pytest.mark.parametrize("shuffle", [False, True])
def test_distributed(drop_last, each, shuffle):
    samplers = [
        DistributedSampler(range(10), 3, rank, shuffle=shuffle, seed=5, drop_last=drop_last)
        for rank in range(3)
    ]
    shares = [list(sampler) for sampler in samplers]
    assert [len(share) for share in shares] == [len(sampler) for sampler in samplers] == [each] * 3
    together = [index for row in zip(*shares, strict=True) for index in row]
    if shuffle:
        samplers[0].set_epoch(1)
        assert list(samplers[0]) != shares[0]
    else:
        assert together == ([*range(9)] if drop_last else [*range(10), 0, 1])
    assert len(set(together)) == (9 if drop_last else 10)
    assert list(DistributedSampler([], 3, 1)) == []


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("count", [16, 18, 5, 0])
def test_distributed_batches_are_those_of_one_process(count, drop_last):
    """Where the processes divide the data; else a few come again, or not at all."""
    alone = list(DistributedSampler(range(count), 1, 0, seed=3))
    samplers = [
        DistributedSampler(range(count), 2, rank, seed=3, drop_last=drop_last, batch_size=8)
        for rank in range(2)
    ]
    shares = [list(sampler) for sampler in samplers]
    assert [len(share) for share in shares] == [len(sampler) for sampler in samplers]
    together = []
    for at in range(0, len(shares[0]), 4):
        together += [*shares[0][at : at + 4], *shares[1][at : at + 4]]
    assert together == (alone[: count // 2 * 2] if drop_last else [*alone, *alone[: count % 2]])
    assert all(type(index) is int for index in together)


def test_distributed_refuses_batches_that_the_processes_do_not_divide():
    with pytest.raises(DataError, match="batch_size is 9, that of all 2 processes together; give"):
        DistributedSampler(range(4), 2, 0, batch_size=9)
    with pytest.raises(DataError, match="batch_size is 0"):
        DistributedSampler(range(4), 2, 0, batch_size=0)


def test_distributed_refuses_a_rank_that_there_is_not():
    with pytest.raises(DataError, match="rank is 3 of 3 processes; give one from 0 to 2"):
        DistributedSampler(range(4), 3, 3)


def test_there_is_one_process_unless_said():
    alone = DistributedSampler(range(5), shuffle=False)
    assert list(alone) == [0, 1, 2, 3, 4]
    assert list(DistributedSampler(range(5), None, None, False)) == [0, 1, 2, 3, 4]


def test_a_sampler_that_is_its_own_iterator_begins_once():
    class Itself:
        begun = 0

        def __iter__(self):
            self.begun += 1
            self.left = [3, 1, 2]
            return self

        def __next__(self):
            if not self.left:
                raise StopIteration
            return self.left.pop(0)

    sampler = Itself()
    assert list(BatchSampler(sampler, 2)) == [[3, 1], [2]]
    assert sampler.begun == 1
