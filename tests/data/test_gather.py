"""What a loader, or a worker, does with indices."""

import pickle

import numpy as np
import pytest
from worker_sets import Lines

from cltensor.data import TensorDataset
from cltensor.data.gather import Task
from cltensor.errors import DataError

NUMBERS = TensorDataset(np.arange(10))


def test_whole_batches_single_items_and_iterables():
    whole = Task(NUMBERS, None, whole=True)
    assert whole.gatherer()([3, 1])[0].tolist() == [3, 1]
    single = Task(NUMBERS, lambda item: item[0] + 100, whole=False)
    assert single.gatherer()(3) == 103
    assert not single.iterable
    lines = pickle.loads(pickle.dumps(Task(Lines(5), None, False, batch_size=2)))
    assert lines.iterable
    assert [batch.tolist() for batch in lines.batches()] == [[0, 1], [2, 3], [4]]
    dropping = Task(Lines(5), None, False, batch_size=2, drop_last=True)
    assert [batch.tolist() for batch in dropping.batches()] == [[0, 1], [2, 3]]
    assert list(Task(Lines(2), None, False).batches()) == [0, 1]


def test_stop_iteration_is_an_error():
    def stopping(_):
        raise StopIteration

    with pytest.raises(DataError, match="TensorDataset .* raised StopIteration for 3"):
        Task(NUMBERS, stopping, whole=False).gatherer()(3)
