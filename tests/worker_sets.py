"""Data sets that worker processes of a loader load by name."""

import os
import random
import signal
import time

import numpy as np

import cltensor as ct
from cltensor.data import Dataset, IterableDataset, get_worker_info


class Rows(Dataset):
    """Items are rows of one array, an index, and what a generator of each kind draws."""

    def __init__(self, count):
        self.rows = np.arange(3.0 * count, dtype=np.float32).reshape(count, 3)

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        self.rows[index] += 1  # the data set's own copy in each worker
        drawn = (random.random(), np.random.rand(), ct.initial_seed())
        return {"row": self.rows[index], "index": index, "drawn": drawn, "name": f"row {index}"}


class Tensors(Rows):
    """Items are tensors, cut from one tensor and made anew."""

    def __init__(self, count):
        self.rows = ct.arange(3.0 * count).reshape(count, 3).realize()

    def __getitem__(self, index):
        return self.rows[index], ct.tensor([index], dtype=ct.int16), ct.from_numpy(np.ones(2, "f4"))


def joined(items):
    """Tensors of a batch in one, without padding and with it."""
    rows = [row for row, *_ in items]
    cut = [row[:k] for k, row in enumerate(rows, 1)]
    padded = ct.nn.utils.rnn.pad_sequence(cut, batch_first=True, padding_value=-1)
    return ct.stack(rows, 1), ct.cat(rows), padded


class Computing(Rows):
    """Computes with tensors, which a worker cannot."""

    def __getitem__(self, index):
        return ct.tensor([1.0]) + index


class Failing(Rows):
    """Raises an error of `kind` for index 5."""

    def __init__(self, count, kind, *args):
        super().__init__(count)
        self.kind, self.args = kind, args

    def __getitem__(self, index):
        if index == 5:
            raise self.kind(*self.args)
        return index


class Unpicklable(Exception):
    """Cannot be made again by pickle."""

    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")


class Deadly(Rows):
    """For index 5 the process ends as told."""

    def __init__(self, count, how):
        super().__init__(count)
        self.how = how

    def __getitem__(self, index):
        if index == 5:
            if self.how == "exit":
                os._exit(3)
            if self.how == "sleep":
                time.sleep(60)
            os.kill(os.getpid(), signal.SIGKILL)
        return index


class Slow(Rows):
    """Even indices take longer than odd ones."""

    def __getitem__(self, index):
        time.sleep(0.0 if index % 2 else 0.3)
        return index


class Lines(IterableDataset):
    """The numbers up to `count`, shared out among the workers."""

    def __init__(self, count):
        self.count = count

    def __iter__(self):
        info = get_worker_info()
        first, step = (0, 1) if info is None else (info.id, info.num_workers)
        return iter(range(first, self.count, step))

    def __len__(self):
        return self.count


def told(number):
    """A worker_init_fn that changes what the data set gives."""
    get_worker_info().dataset.rows[:] = 100 * number


class Once:
    """A worker_init_fn that fails the first time, which it notes in a file; then as `told`."""

    def __init__(self, path):
        self.path = path

    def __call__(self, number):
        dataset = get_worker_info().dataset
        assert not dataset.rows[0, 0], "a data set that nobody has changed"
        dataset.rows[:] = 50
        if not self.path.exists():
            self.path.touch()
            raise RuntimeError("not yet")
        dataset.rows[:] = 100


class Refused(Rows):
    """Gives what pickle refuses."""

    def __getitem__(self, index):
        return (i for i in range(index))


class Halves(Rows):
    """Items are tensors of 16 bits, made in the worker."""

    def __getitem__(self, index):
        return ct.full((2,), index, dtype=ct.bfloat16)


def pairs(items):
    """A collate_fn whose batch is a tuple of arrays, one of them masked, and a tensor."""
    indices = np.array([item["index"] for item in items])
    masked = np.ma.masked_equal(indices, 1)
    return indices, (masked, ct.from_numpy(indices)), {"least": indices[0]}
