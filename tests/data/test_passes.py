"""A pass over a loader: what it raises, and how it goes on."""

import contextlib
import gc
import weakref

import numpy as np
import pytest
from samples import Squares

from cltensor.data import DataLoader, Dataset, IterableDataset
from cltensor.data.passes import Batches, Failed, each, tried


def everything(loader):
    """The first numbers of all batches, and the texts of what is raised in place of some."""
    batches, found = iter(loader), []
    while True:
        try:
            batch = next(batches)
            found.append((batch[0] if isinstance(batch, list) else batch).tolist())
        except StopIteration:
            return found
        except RuntimeError as error:
            found.append(str(error))


@pytest.mark.parametrize("options", [{}, {"prefetch": 2}, {"num_workers": 1}])
def test_after_a_batch_that_failed_comes_the_next(options):
    loader = DataLoader(Squares(8, fail_at=2), 2, **options)
    wanted = [[0, 1], "item 2 is broken", [4, 5], [6, 7]]
    assert everything(loader) == wanted
    assert len(iter(loader)) == 4
    kept = DataLoader(Squares(8, fail_at=2), 2, persistent_workers=True, num_workers=1)
    if "num_workers" in options:
        assert everything(kept) == everything(kept) == wanted


def test_what_ended_a_pass_is_raised_again():
    def made():
        yield 1
        raise OSError("gone")

    batches = Batches(made(), lambda: 1)
    assert next(batches) == 1
    for _ in range(2):
        with pytest.raises(OSError, match="gone"):
            next(batches)


@pytest.mark.parametrize("options", [{}, {"prefetch": 2}, {"num_workers": 1}])
def test_an_error_that_was_handled_keeps_nothing(options):
    batches = iter(DataLoader(Squares(8, fail_at=0), 2, **options))
    gone = weakref.ref(batches)
    gc.disable()
    try:
        with contextlib.suppress(RuntimeError):
            next(batches)
        del batches
        assert gone() is None
    finally:
        gc.enable()


def test_tried():
    assert tried(int, "3") == 3
    assert isinstance(tried(int, "x"), Failed)
    assert list(each(iter([1, 2]))) == [1, 2]


class Broken(Dataset):
    """Items are their indices, but for those that are broken."""

    def __init__(self, count, broken):
        self.count, self.broken = count, broken

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        if index in self.broken:
            raise RuntimeError(str(index))
        return index


class BrokenStream(Broken, IterableDataset):
    """The same, one after the other; it is its own iterator."""

    def __iter__(self):
        self.at = -1
        return self

    def __next__(self):
        self.at += 1
        if self.at >= self.count:
            raise StopIteration
        return self[self.at]


def wanted(order, broken, size, drop_last, is_stream):
    """What a pass gives: lists of numbers, and texts of what it raises."""
    found, chunk = [], []
    for place, index in enumerate(order):
        chunk.append(index)
        if is_stream and index in broken:  # what came before it in the batch is lost
            found.append(str(index))
            chunk = []
        elif len(chunk) == size or (place == len(order) - 1 and not drop_last):
            bad = [i for i in chunk if i in broken]
            found.append(str(bad[0]) if bad else chunk)
            chunk = []
    return found


@pytest.mark.parametrize("seed", range(40))
def test_drawn_passes(seed):
    random = np.random.default_rng(seed)
    count, size = int(random.integers(0, 14)), int(random.integers(1, 5))
    broken = {i for i in range(count) if random.random() < 0.2}
    options = {"drop_last": random.random() < 0.5, "prefetch": int(random.integers(0, 4))}
    is_stream = seed % 2 == 1
    order = list(range(count))
    if is_stream:
        data = BrokenStream(count, broken)
    else:
        data = Broken(count, broken)
        order = options["sampler"] = random.permutation(count).tolist()
    loader = DataLoader(data, size, **options)
    told = wanted(order, broken, size, options["drop_last"], is_stream)
    assert everything(loader) == told
    assert everything(loader) == told
