"""Data sets: rows of tensors, subsets, images."""

import numpy as np
import pytest
from samples import Squares, images, numbers, read

import cltensor as ct
from cltensor.data import (
    ConcatDataset,
    DataLoader,
    ImageDataset,
    StackDataset,
    Subset,
    TensorDataset,
    random_split,
)
from cltensor.data.dataset import gathering
from cltensor.errors import ShapeError


def test_tensors_stay_on_their_device():
    rows = ct.tensor(np.arange(12, dtype=np.float32).reshape(6, 2))
    dataset = TensorDataset(rows, np.arange(6))
    loader = DataLoader(dataset, 4, shuffle=True, seed=0)
    for values, index in loader:
        np.testing.assert_array_equal(values.numpy(), rows.numpy()[index.numpy()])
    assert dataset.on_device


def test_subset():
    dataset = Subset(numbers(10), [7, 2, 5])
    assert len(dataset) == 3
    assert dataset[1][0] == 2
    assert read(DataLoader(dataset, 2)) == [[7, 2], [5]]
    assert read(DataLoader(Subset(Squares(9), [8, 1]), 2)) == [[8, 1]]


def test_image_dataset_normalises():
    dataset = images()
    dataset.mean, dataset.std = (0.1, 0.2, 0.3), (0.5, 0.6, 0.7)
    batch, labels = dataset.batch(np.array([4, 0]))
    mean, std = (np.reshape(v, (3, 1, 1)) for v in (dataset.mean, dataset.std))
    np.testing.assert_allclose(batch, (dataset.data[[4, 0]] / 255 - mean) / std, atol=1e-6)
    assert (batch.dtype, labels.dtype) == (np.float32, np.int64)
    assert labels.tolist() == [4, 0]
    assert repr(dataset) == "ImageDataset(6 images of 3x5x4)"


def test_rows_must_match():
    with pytest.raises(ShapeError, match="have 3 and 4 rows"):
        TensorDataset(np.zeros(3), np.zeros(4))


def test_a_subset_of_what_is_no_dataset():
    assert read(DataLoader(Subset([(5,), (6,), (7,)], [2, 0]), 2)) == [[7, 5]]
    assert gathering(Subset([1, 2], [0])) is None
    nested = Subset(Subset(numbers(9), [8, 1, 3]), [2, 0])
    assert read(DataLoader(nested, 2)) == [[3, 8]]


def test_names_of_users_mean_nothing_to_a_loader():
    class Mine(Squares):
        def __init__(self, count):
            super().__init__(count, dtype=np.float32)
            self.batch = 4

    class Method(Squares):
        def batch(self, indices):
            raise AssertionError("this is the user's own")

    class Images(ImageDataset):
        batch = 4

    for dataset in (Mine(3), Subset(Mine(4), [0, 1, 2]), Method(3, dtype=np.float32)):
        assert read(DataLoader(dataset, 2)) == [[0, 1], [2]]
    (_, labels), *_ = DataLoader(Images(images().data, np.arange(6)), 2)
    assert labels.tolist() == [0, 1]


def test_what_a_subclass_reads_anew_is_read_so():
    class Doubled(TensorDataset):
        def __getitem__(self, index):
            return (2 * super().__getitem__(index)[0],)

    class Less(Subset):
        def __getitem__(self, index):
            return (super().__getitem__(index)[0] - 1,)

    class Wrapper:
        """Hands on all but the items."""

        def __init__(self, dataset):
            self.dataset = dataset

        def __getattr__(self, name):
            return getattr(self.dataset, name)

        def __len__(self):
            return len(self.dataset)

        def __getitem__(self, index):
            return (self.dataset[index][0] + 10,)

    values = np.arange(4)
    assert read(DataLoader(Doubled(values), 2)) == [[0, 2], [4, 6]]
    assert read(DataLoader(Subset(Doubled(values), [3, 1]), 2)) == [[6, 2]]
    assert read(DataLoader(Less(TensorDataset(values), [3, 1]), 2)) == [[2, 0]]
    assert read(DataLoader(Wrapper(TensorDataset(values)), 2)) == [[10, 11], [12, 13]]


class AtOnce(Squares):
    """Reads several items at once, one by one not at all."""

    def __getitem__(self, index):
        raise AssertionError("items are read at once")

    def __getitems__(self, indices):
        assert all(type(index) is int for index in indices)
        return [10 * index for index in indices]


def test_items_at_once():
    def batches(dataset, **options):
        return [batch.tolist() for batch in DataLoader(dataset, 2, **options)]

    assert batches(AtOnce(3)) == [[0, 10], [20]]
    assert batches(Subset(AtOnce(9), [8, 1, 3])) == [[80, 10], [30]]
    assert batches(Subset(Subset(AtOnce(9), [8, 1, 3]), [2, 0])) == [[30, 80]]
    assert list(DataLoader(Subset(AtOnce(9), [8, 1]), 2, collate_fn=str)) == ["[80, 10]"]


def test_concat():
    both = ConcatDataset([numbers(3), Squares(2, dtype=np.float32), numbers(0), numbers(1)])
    assert len(both) == 6
    assert both.cumulative_sizes == [3, 5, 5, 6]
    assert [int(both[i][0]) for i in range(6)] == [0, 1, 2, 0, 1, 0]
    assert int(both[-1][0]) == 0
    assert int(both[-2][0]) == 1
    assert read(DataLoader(both, 4)) == [[0, 1, 2, 0], [1, 0]]
    assert len(numbers(2) + numbers(3)) == 5
    for index in (6, -7):
        with pytest.raises(IndexError, match=f"index {index} is out of range for 6 items"):
            both[index]
    with pytest.raises(ct.DataError, match="ConcatDataset: no data set was given"):
        ConcatDataset([])


def test_concat_of_tensors_stays_off_the_thread():
    assert ConcatDataset([numbers(2), TensorDataset(ct.ones(2))]).on_device


@pytest.mark.parametrize(
    ("lengths", "sizes"),
    [([7, 3], [7, 3]), ([0.7, 0.3], [7, 3]), ([0.5, 0.25, 0.25], [6, 2, 2]), ([10, 0], [10, 0]),
     ([0.34, 0.33, 0.33], [4, 3, 3]), ([1.0], [10])],
)  # fmt: skip
def test_random_split(lengths, sizes):
    parts = random_split(numbers(10), lengths)
    assert [len(part) for part in parts] == sizes
    assert sorted(int(item[0]) for part in parts for item in part) == list(range(10))


def test_random_split_follows_the_seed():
    def split(generator=None):
        return [part.indices for part in random_split(numbers(20), [15, 5], generator)]

    ct.manual_seed(3)
    first = split()
    ct.manual_seed(3)
    assert split() == first
    assert split() != first
    assert split(ct.Generator(1)) == split(ct.Generator(1))


@pytest.mark.parametrize(
    ("lengths", "message"),
    [([5, 4], "lengths of 9 in all for a data set of 10 items"), ([11, -1], "a length is -1"),
     ([1.5, -0.5], "are no shares"), ([2.5, 7.5], r"a length is 2\.5")],
)  # fmt: skip
def test_random_split_refuses(lengths, message):
    with pytest.raises(ct.DataError, match="random_split: .*" + message):
        random_split(numbers(10), lengths)


def test_several_data_sets_beside_each_other():
    both = StackDataset(numbers(4), [5, 6, 7, 8])
    assert len(both) == 4
    assert both[2][1] == 7
    named = StackDataset(a=[1, 2], b=["x", "y"])
    assert named[1] == {"a": 2, "b": "y"}
    batch = next(iter(DataLoader(named, 2)))
    assert batch["a"].tolist() == [1, 2]
    assert batch["b"] == ["x", "y"]
    for wrong in ((), ([1], [1, 2])):
        with pytest.raises(ShapeError, match="StackDataset: .* of one length"):
            StackDataset(*wrong)
    with pytest.raises(TypeError, match="by position, or all by name"):
        StackDataset([1], a=[1])


def test_indices_stay_a_list_and_are_passed_on_as_they_are():
    first, second = random_split(range(6), [2, 4])
    assert sorted(first.indices + second.indices) == list(range(6))
    named = Subset({"a": 1, "b": 2}, ["b", "a"])
    assert [named[0], named[-1]] == [2, 1]
    assert Subset(np.arange(10) * 2, [1, 3, 5])[[0, 2]].tolist() == [2, 10]
    assert Subset([5, 6, 7], ct.tensor([2, 0]))[1] == 5
    assert read(DataLoader(Subset(numbers(9), np.array([8, 1, 3])), 2)) == [[8, 1], [3]]
    changed = Subset(numbers(9), [8, 1])
    changed.indices = [2, 3]
    assert read(DataLoader(changed, 2)) == [[2, 3]]
