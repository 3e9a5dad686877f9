"""The loader: order, batching, the prefetch thread."""

import itertools
import pickle
import queue
import threading
import time
from typing import NamedTuple

import numpy as np
import pytest
from samples import Squares, numbers, read

import cltensor as ct
from cltensor.data import DataLoader, IterableDataset, TensorDataset
from cltensor.errors import DataError


def prefetch_threads():
    return [t for t in threading.enumerate() if t.name == "cltensor-prefetch"]


def no_thread_is_left():
    """Whether all threads end soon, as they do unless a data set does not answer."""
    deadline = time.monotonic() + 20
    while prefetch_threads() and time.monotonic() < deadline:
        time.sleep(0.001)
    return prefetch_threads() == []


@pytest.mark.parametrize("prefetch", [0, 1, 3])
def test_batches_come_in_order(prefetch):
    loader = DataLoader(numbers(10), 4, prefetch=prefetch)
    assert read(loader) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert len(loader) == 3
    dropping = DataLoader(numbers(10), 4, drop_last=True, prefetch=prefetch)
    assert read(dropping) == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert len(dropping) == 2
    assert no_thread_is_left()


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


@pytest.mark.parametrize(
    ("options", "thread"),
    [({}, "MainThread"), ({"prefetch_factor": 2}, "cltensor-prefetch"), ({"prefetch": 0}, "Main")],
)
def test_a_thread_collates_if_asked_to(fp64, options, thread):
    dataset = Squares(5)
    batches = list(DataLoader(dataset, 2, **options))
    assert [b[1].numpy().tolist() for b in batches] == [[0, 1], [4, 9], [16]]
    assert (batches[0][0].dtype, batches[0][1].dtype) == (np.int64, np.float64)
    assert [name.startswith(thread) for name in dataset.threads] == [True]


class Noted(Squares):
    """Notes what it is asked for."""

    def __init__(self, count):
        super().__init__(count)
        self.asked = []

    def __getitem__(self, index):
        self.asked.append(index)
        return self.asked.count(index), np.random.randint(1 << 30), ct.is_grad_enabled()


def test_the_loop_and_the_data_set_take_turns():
    """As in PyTorch: in the caller's thread, in order, no batch before it is asked for."""
    dataset = Noted(6)
    np.random.seed(7)
    wanted = [np.random.randint(1 << 30) for _ in range(9)]
    np.random.seed(7)
    drawn = []
    with ct.no_grad():
        for count, values, recorded in DataLoader(dataset, 2):
            assert len(dataset.asked) % 2 == 0
            assert count.tolist() == [1, 1]
            assert recorded.tolist() == [False, False]
            assert dataset.asked == list(range(len(drawn) // 3 * 2 + 2))
            drawn += [*values.tolist(), np.random.randint(1 << 30)]
    assert drawn == wanted


def test_the_loop_may_change_the_data_set():
    values = np.zeros(6, np.int64)
    seen = []
    for (batch,) in DataLoader(TensorDataset(values), 2):
        seen.append(batch.tolist())
        values += 1
    assert seen == [[0, 0], [1, 1], [2, 2]]


def test_samplers_are_drawn_as_batches_are_asked_for():
    """Also one that has a length and no end."""

    class Endless:
        drawn = 0

        def __len__(self):
            return 6

        def __iter__(self):
            while True:
                self.drawn += 1
                yield self.drawn % 6

    for options, drawn in (({}, 2), ({"prefetch": 3}, 8), ({"num_workers": 1}, 4)):
        sampler = Endless()
        batches = iter(DataLoader(numbers(6), 2, sampler=sampler, **options))
        assert next(batches)[0].tolist() == [1, 2]
        assert sampler.drawn == drawn
        batches.close()
    assert no_thread_is_left()


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
    class Nothing(Squares):
        def __getitem__(self, index):
            return None

    with pytest.raises(DataError, match="type NoneType cannot be joined into a batch"):
        list(DataLoader(Nothing(3), 2))


def test_errors_in_the_thread_reach_the_caller():
    for prefetch in (0, 2):
        batches = iter(DataLoader(Squares(8, fail_at=5), 2, prefetch=prefetch))
        assert [next(batches)[0].numpy().tolist() for _ in range(2)] == [[0, 1], [2, 3]]
        with pytest.raises(RuntimeError, match="item 5 is broken"):
            next(batches)
        assert next(batches)[0].tolist() == [6, 7]
        assert next(batches, None) is None
    assert no_thread_is_left()


def test_thread_ends_when_the_loop_is_left():
    for batch in DataLoader(numbers(1000), 2, prefetch=2):
        assert batch[0].shape == (2,)
        break
    assert no_thread_is_left()
    iterator = iter(DataLoader(numbers(1000), 2, prefetch=2))
    next(iterator)
    assert len(prefetch_threads()) == 1
    iterator.close()
    assert no_thread_is_left()


class Stream(IterableDataset):
    """What comes in a queue; notes how many threads are waiting for it."""

    def __init__(self):
        self.queue = queue.SimpleQueue()
        self.inside, self.most = 0, 0

    def __iter__(self):
        while True:
            self.inside += 1
            self.most = max(self.most, self.inside)
            item = self.queue.get()
            self.inside -= 1
            yield item


def test_nobody_waits_for_a_data_set_that_does_not_answer():
    stream = Stream()
    loader = DataLoader(stream, None, prefetch=2)
    stream.queue.put(1)
    for item in loader:
        assert item == 1
        break
    assert len(prefetch_threads()) == 1
    for item in (2, 3):
        stream.queue.put(item)
    batches = iter(loader)
    assert next(batches) == 3, "2 went to the loop that was left"
    assert stream.most == 1, "the next loop waits until that is out of the data set"
    batches.close()
    stream.queue.put(4)
    assert no_thread_is_left()


def test_two_loops_over_one_loader():
    for prefetch in (0, 2):
        loader = DataLoader(numbers(6), 2, prefetch=prefetch)
        pairs = [(a[0].tolist(), b[0].tolist()) for a, b in zip(loader, loader, strict=True)]
        assert pairs == [([i, i + 1],) * 2 for i in (0, 2, 4)]
    again = pickle.loads(pickle.dumps(loader))
    assert read(again) == [[0, 1], [2, 3], [4, 5]]


def test_prefetch_is_bounded():
    dataset = Noted(100)
    iterator = iter(DataLoader(dataset, 1, prefetch=2, collate_fn=str))
    next(iterator)
    iterator.close()
    assert no_thread_is_left()
    assert dataset.asked in ([0], [0, 1], [0, 1, 2])


def pieces(loader):
    """The first tensor of every batch of one pass, in one list."""
    return [value for batch in read(loader) for value in batch]


def test_manual_seed_fixes_the_orders():
    loader = DataLoader(numbers(50), 7, shuffle=True)
    ct.manual_seed(1)
    once, again = pieces(loader), pieces(loader)
    ct.manual_seed(1)
    assert [pieces(DataLoader(numbers(50), 7, shuffle=True)) for _ in range(2)] == [once, again]
    assert once != again
    ct.manual_seed(2)
    assert pieces(loader) != once
    state = ct.get_rng_state()
    third = pieces(loader)
    ct.set_rng_state(state)
    assert pieces(loader) == third


def test_a_generator_of_its_own_leaves_the_default_one_alone():
    before = ct.get_rng_state()
    orders = [
        pieces(DataLoader(numbers(50), 7, shuffle=True, generator=ct.Generator(3)))
        for _ in range(2)
    ]
    assert orders[0] == orders[1] != list(range(50))
    pieces(DataLoader(numbers(50), 7))
    assert ct.get_rng_state() == before


@pytest.mark.parametrize("prefetch", [0, 2])
def test_stop_iteration_is_no_silent_end(prefetch):
    class Ending(Squares):
        def __getitem__(self, index):
            if index == 3:
                raise StopIteration
            return index

    class Rows(Ending):
        def __getbatch__(self, indices):
            raise StopIteration

    def collate(items):
        raise StopIteration

    batches = iter(DataLoader(Ending(8), 2, prefetch=prefetch))
    assert next(batches).tolist() == [0, 1]
    with pytest.raises(DataError, match=r"Ending .* raised StopIteration for \[2, 3\]"):
        next(batches)
    batches.close()
    for loader in (
        DataLoader(Rows(8), 2, prefetch=prefetch),
        DataLoader(Squares(8), 2, collate_fn=collate, prefetch=prefetch),
        DataLoader(Ending(8, 3), None, sampler=[3], prefetch=prefetch),
    ):
        with pytest.raises(DataError, match="raised StopIteration for "):
            list(loader)
    assert no_thread_is_left()


class Reusing(Squares):
    """Gives the same array again and again, with other elements."""

    def __init__(self, count):
        super().__init__(count)
        self.array = np.zeros(2, np.int64)

    def __getbatch__(self, indices):
        self.array[:] = indices
        return self.array, [self.array], {"x": self.array}


@pytest.mark.parametrize("prefetch", [0, 1, 4])
def test_a_data_set_may_use_its_arrays_again(prefetch):
    seen = []
    for rows, (inner,), named in DataLoader(Reusing(20), 2, prefetch=prefetch):
        time.sleep(0.002)  # the thread goes on meanwhile
        seen.append([rows.tolist(), inner.tolist(), named["x"].tolist()])
    assert seen == [[[i, i + 1]] * 3 for i in range(0, 20, 2)]


def test_a_collate_fn_may_use_its_array_again():
    array = np.zeros(2, np.int64)

    def collate(items):
        array[:] = [index for index, _ in items]
        return array

    batches = []
    for batch in DataLoader(Squares(20), 2, collate_fn=collate, prefetch=4):
        time.sleep(0.002)
        batches.append(batch.tolist())
    assert batches == [[i, i + 1] for i in range(0, 20, 2)]


@pytest.mark.parametrize("prefetch", [0, 2])
def test_what_a_collate_fn_returns_is_left_as_it_is(prefetch, other_device):
    made = {"array": np.ones(2), "tensors": (ct.ones(2), Pair("a", np.float32(3)))}
    (batch,) = DataLoader(numbers(2), 2, collate_fn=lambda items: (made, items), prefetch=prefetch)
    assert type(batch) is tuple
    assert type(batch[0]["array"]) is np.ndarray
    assert type(batch[0]["tensors"][1]) is Pair
    assert batch[0]["tensors"][0] is made["tensors"][0]
    assert type(batch[0]["tensors"][1].value) is np.float32
    assert prefetch or batch[0] is made
    (batch,) = DataLoader(
        numbers(2), 2, collate_fn=lambda _: made, prefetch=prefetch, device=other_device
    )
    assert type(batch["array"]) is np.ndarray
    assert batch["tensors"][0].device is other_device
    (batch,) = DataLoader(numbers(2), 2, collate_fn=ct.data.default_collate, prefetch=prefetch)
    assert [type(part) for part in batch] == [ct.Tensor, ct.Tensor]


def test_batches_are_lists():
    for dataset in (numbers(4), Squares(4, dtype=np.float32)):
        batch = next(iter(DataLoader(dataset, 2)))
        assert type(batch) is list
        assert batch[0].tolist() == [0, 1]


def test_single_items():
    loader = DataLoader(numbers(3), batch_size=None)
    items = list(loader)
    assert len(loader) == 3
    assert [(index.item(), double.item()) for index, double in items] == [(0, 0), (1, 2), (2, 4)]
    assert list(DataLoader(Squares(2), None, collate_fn=str)) == ["(0, 0.0)", "(1, 1.0)"]


def test_samplers():
    assert read(DataLoader(numbers(9), 2, sampler=[7, 1, 3])) == [[7, 1], [3]]
    chosen = DataLoader(numbers(9), batch_sampler=[[1, 2, 3], [8]])
    assert read(chosen) == [[1, 2, 3], [8]]
    assert (len(chosen), chosen.batch_size) == (2, None)
    endless = DataLoader(numbers(9), 3, sampler=itertools.cycle(range(4)))
    batches = iter(endless)
    assert [next(batches)[0].tolist() for _ in range(3)] == [[0, 1, 2], [3, 0, 1], [2, 3, 0]]
    batches.close()
    assert no_thread_is_left()
    with pytest.raises(TypeError):
        len(endless)


def test_indices_may_be_names():
    class Named(Squares):
        def __getitem__(self, index):
            return {"a": 1, "b": 2}[index]

    assert [b.tolist() for b in DataLoader(Named(2), 2, sampler=["b", "a"])] == [[2, 1]]


def test_what_has_no_meaning_without_workers_is_accepted():
    loader = DataLoader(
        numbers(4), 2, num_workers=0, pin_memory=True, worker_init_fn=print, in_order=True,
        pin_memory_device="cuda", persistent_workers=False, timeout=0, prefetch_factor=3,
    )  # fmt: skip
    assert loader.prefetch == 3
    assert read(loader) == [[0, 1], [2, 3]]


def test_positions_are_those_of_pytorch():
    loader = DataLoader(numbers(5), 2, False, None, None, 0, None, False, True)
    assert read(loader) == [[0, 1], [2, 3]]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "batch_size is 0; give an integer of 1 or more"),
        ({"batch_size": 2.5}, r"batch_size is 2\.5; give an integer"),
        ({"prefetch": -1}, "prefetch is -1; give an integer of 0 or more"),
        ({"prefetch": 1, "prefetch_factor": 1}, "are one thing; give one"),
        ({"persistent_workers": True}, "persistent_workers is True, which is for worker"),
        ({"timeout": 3}, "timeout is 3, which is for worker"),
        ({"multiprocessing_context": "spawn"}, "multiprocessing_context is 'spawn', which"),
        ({"sampler": [1], "shuffle": True}, "sampler and shuffle both choose the order"),
        ({"batch_sampler": [[1]], "batch_size": 2}, "makes the batches, not batch_size; give one"),
        ({"batch_sampler": [[1]], "sampler": [1]}, "makes the batches, not sampler; give one"),
        ({"batch_sampler": [[1]], "drop_last": True}, "makes the batches, not drop_last"),
        ({"batch_size": None, "drop_last": True}, "batch_size=None makes no batches"),
        ({"generator": ct.Generator(), "seed": 1}, "generator and seed both choose"),
        ({"generator": 3}, r"generator is a int; give a ct\.Generator"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_bad_arguments(options, message):
    with pytest.raises(DataError, match="DataLoader: .*" + message):
        DataLoader(numbers(3), **options)


def test_what_is_read_once_cannot_be_set_later():
    loader = DataLoader(numbers(6), 2)
    for name in ("dataset", "batch_size", "sampler", "batch_sampler", "drop_last", "shuffle"):
        with pytest.raises(DataError, match=f"DataLoader: {name} .* make another loader"):
            setattr(loader, name, 3)
    loader.collate_fn = len
    assert list(pickle.loads(pickle.dumps(loader))) == [2, 2, 2]
