"""What data sets of images share."""

import numpy as np
import pytest
from pictures import noise

from cltensor.errors import DataError
from cltensor.vision.datasets import VisionDataset
from cltensor.vision.datasets.base import ArrayDataset, host_array, sources


class Two(ArrayDataset):
    classes = ("cat", "dog")

    def __init__(self, **options):
        super().__init__("~/somewhere", **options)
        self.data, self.targets = np.stack([noise(4, 5), noise(4, 5, seed=1)]), [1, 0]


def size(picture):
    return picture.size


def test_items_are_images_and_targets():
    pytest.importorskip("PIL")
    data = Two()
    assert len(data) == 2
    assert data.class_to_idx == {"cat": 0, "dog": 1}
    picture, target = data[1]
    assert np.array(picture).tolist() == noise(4, 5, seed=1).tolist()
    assert target == 0
    assert data[-1][1] == 0
    assert [target for _, target in data] == [1, 0]
    for index in (2, -3):
        with pytest.raises(IndexError, match=f"Two: index {index} of 2 images"):
            data[index]


def test_transforms():
    pytest.importorskip("PIL")
    assert Two(transform=size, target_transform=str)[0] == ((5, 4), "1")
    assert Two(transforms=lambda image, target: (target, size(image)))[0] == (1, (5, 4))
    with pytest.raises(DataError, match="Two: transforms is one function for image and target"):
        Two(transforms=max, transform=size)


def test_repr():
    shown = repr(Two(transform=size))
    assert shown.startswith("Dataset Two\n    Number of datapoints: 2\n    Root location: ")
    assert "~" not in shown
    assert "Transform: <function size" in shown
    assert VisionDataset().root is None


def test_where_to_look(tmp_path):
    def fill(folder):
        raise AssertionError

    assert sources(tmp_path, False, lambda place: place == tmp_path, fill)[0] == tmp_path
    known, then = sources(tmp_path, True, lambda place: False, fill)
    assert known is None
    assert then is fill
    _, then = sources(tmp_path, False, lambda place: False, fill)
    with pytest.raises(DataError, match=r"holds none, and download=True was not given"):
        then(tmp_path)
    _, then = sources(None, False, lambda place: False, fill)
    with pytest.raises(DataError, match="^download=True was not given"):
        then(tmp_path)


def test_arrays_of_tensors():
    import cltensor as ct

    assert host_array(ct.tensor([1, 2])).tolist() == [1, 2]
    assert host_array([1, 2]).tolist() == [1, 2]
