"""What a loader, or a worker, does with indices."""

import pickle

import numpy as np
import pytest
from worker_sets import Lines

from cltensor.data import IterableDataset, TensorDataset
from cltensor.data.gather import Exhausted, Task
from cltensor.errors import DataError

NUMBERS = TensorDataset(np.arange(10))


def everything(task):
    """What an iterable data set gives until it is exhausted; text for what it raises."""
    answer, found = task.answers(), []
    while True:
        try:
            found.append(np.asarray(answer(None)).tolist())
        except Exhausted:
            return found
        except ValueError as error:
            found.append(str(error))


def test_whole_batches_single_items_and_iterables():
    whole = Task(NUMBERS, None, whole=True)
    assert whole.gatherer()([3, 1])[0].tolist() == [3, 1]
    single = Task(NUMBERS, lambda item: item[0] + 100, whole=False)
    assert single.gatherer()(3) == 103
    assert not single.iterable
    lines = pickle.loads(pickle.dumps(Task(Lines(5), None, False, batch_size=2)))
    assert lines.iterable
    assert everything(lines) == [[0, 1], [2, 3], [4]]
    dropping = Task(Lines(5), None, False, batch_size=2, drop_last=True)
    assert everything(dropping) == [[0, 1], [2, 3]]
    assert everything(Task(Lines(2), None, False)) == [0, 1]


def test_stop_iteration_is_an_error():
    def stopping(_):
        raise StopIteration

    with pytest.raises(DataError, match="TensorDataset .* raised StopIteration for 3"):
        Task(NUMBERS, stopping, whole=False).gatherer()(3)
    with pytest.raises(DataError, match=r"Lines .* raised StopIteration for \[0, 1\]"):
        Task(Lines(3), stopping, False, batch_size=2).answers()(None)


class Itself(IterableDataset):
    """Is its own iterator, which `iter` has begin anew; its third item is broken."""

    def __iter__(self):
        self.count = 0
        return self

    def __next__(self):
        self.count += 1
        if self.count > 6:
            raise StopIteration
        if self.count == 3:
            raise ValueError("broken")
        return self.count


def test_a_data_set_that_is_its_own_iterator():
    assert everything(Task(Itself(), None, False)) == [1, 2, "broken", 4, 5, 6]
    assert everything(Task(Itself(), None, False, 2)) == [[1, 2], "broken", [4, 5], [6]]
    assert everything(Task(Itself(), None, False, 2, True)) == [[1, 2], "broken", [4, 5]]
