"""A worker's side of the loader: who it is told to be, and the device that it has not."""

from worker_sets import Lines

from cltensor.data import DataLoader, get_worker_info
from cltensor.data.worker import inside_worker


def test_there_is_no_worker_here():
    assert get_worker_info() is None
    assert not inside_worker()


def identity(items):
    info = get_worker_info()
    return [info.id, info.num_workers, info.seed, type(info.dataset).__name__]


def test_who_a_worker_is():
    found = list(DataLoader(Lines(4), 2, num_workers=2, collate_fn=identity, seed=1))
    assert [row[:2] + row[3:] for row in found] == [[0, 2, "Lines"], [1, 2, "Lines"]]
    assert found[1][2] == found[0][2] + 1
