"""The loader: order, batching, the prefetch thread."""

import threading
from typing import NamedTuple

import numpy as np
import pytest
from samples import Squares, numbers, read

import cltensor as ct
from cltensor.data import DataLoader
from cltensor.errors import DataError


def prefetch_threads():
    return [t for t in threading.enumerate() if t.name == "cltensor-prefetch"]


@pytest.mark.parametrize("prefetch", [0, 1, 3])
def test_batches_come_in_order(prefetch):
    loader = DataLoader(numbers(10), 4, prefetch=prefetch)
    assert read(loader) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert len(loader) == 3
    dropping = DataLoader(numbers(10), 4, drop_last=True, prefetch=prefetch)
    assert read(dropping) == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert len(dropping) == 2
    assert prefetch_threads() == []


def test_batches_are_tensors():
    index, double = next(iter(DataLoader(numbers(10), 4)))
    assert isinstance(index, ct.Tensor)
    assert (index.dtype, double.dtype) == (np.int64, np.float32)
    np.testing.assert_array_equal(double.numpy(), [0, 2, 4, 6])


def test_shuffle_follows_the_seed():
    first, second = (DataLoader(numbers(50), 7, shuffle=True, seed=3) for _ in range(2))
    once, again = read(first), read(first)
    assert once == read(second)
    assert once != again, "every pass has an order of its own"
    assert sorted(np.concatenate(once)) == list(range(50))
    assert read(DataLoader(numbers(50), 7, shuffle=True, seed=4)) != once
    generator = np.random.default_rng(3)
    assert read(DataLoader(numbers(50), 7, shuffle=True, seed=generator)) == once
    assert read(DataLoader(numbers(50), 7, shuffle=True, seed=-3)) != once


def test_empty_dataset_has_no_batches():
    assert read(DataLoader(numbers(0), 4)) == []


def test_items_are_collated_in_the_thread():
    dataset = Squares(5)
    batches = list(DataLoader(dataset, 2))
    assert [b[1].numpy().tolist() for b in batches] == [[0, 1], [4, 9], [16]]
    assert (batches[0][0].dtype, batches[0][1].dtype) == (np.int64, np.float32)
    assert dataset.threads == {"cltensor-prefetch"}


class Pair(NamedTuple):
    name: str
    value: dict


class Named(Squares):
    def __getitem__(self, index):
        return {"pair": Pair([index, True], {"x": np.full(2, index)})}


def test_structures_are_kept():
    batch = next(iter(DataLoader(Named(4), 3)))
    pair = batch["pair"]
    assert isinstance(pair, Pair)
    np.testing.assert_array_equal(pair.name[0].numpy(), [0, 1, 2])
    assert pair.name[1].dtype == np.bool_
    np.testing.assert_array_equal(pair.value["x"].numpy(), [[0, 0], [1, 1], [2, 2]])


def test_collate_fn_gets_the_items():
    loader = DataLoader(Squares(4), 2, collate_fn=lambda items: [str(item) for item in items])
    assert list(loader) == [["(0, 0.0)", "(1, 1.0)"], ["(2, 4.0)", "(3, 9.0)"]]


def test_items_that_cannot_be_joined():
    class Strings(Squares):
        def __getitem__(self, index):
            return "text"

    with pytest.raises(DataError, match="type str cannot be joined into a batch; give a collate"):
        list(DataLoader(Strings(3), 2))


def test_errors_in_the_thread_reach_the_caller():
    batches = iter(DataLoader(Squares(8, fail_at=5), 2))
    assert [next(batches)[0].numpy().tolist() for _ in range(2)] == [[0, 1], [2, 3]]
    with pytest.raises(RuntimeError, match="item 5 is broken"):
        next(batches)
    assert prefetch_threads() == []


def test_thread_ends_when_the_loop_is_left():
    for batch in DataLoader(numbers(1000), 2):
        assert batch[0].shape == (2,)
        break
    assert prefetch_threads() == []
    iterator = iter(DataLoader(numbers(1000), 2))
    next(iterator)
    assert len(prefetch_threads()) == 1
    iterator.close()
    assert prefetch_threads() == []


def test_prefetch_is_bounded():
    dataset = Squares(100)
    asked = []
    dataset.__class__ = type("Counted", (Squares,), {"__getitem__": lambda s, i: asked.append(i)})
    loader = DataLoader(dataset, 1, prefetch=2, collate_fn=lambda items: items)
    iterator = iter(loader)
    next(iterator)
    iterator.close()
    assert len(asked) <= 4


def test_bad_arguments():
    with pytest.raises(DataError, match="num_workers is 2, but worker processes come later"):
        DataLoader(numbers(3), num_workers=2)
    with pytest.raises(DataError, match="batch_size is 0"):
        DataLoader(numbers(3), 0)
    with pytest.raises(DataError, match="prefetch is -1"):
        DataLoader(numbers(3), prefetch=-1)
