"""Data sets: rows of tensors, subsets, images."""

import numpy as np
import pytest
from samples import Squares, images, numbers, read

import cltensor as ct
from cltensor.data import DataLoader, Subset, TensorDataset
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
