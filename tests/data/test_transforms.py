"""Transforms of batches of images."""

import numpy as np
import pytest
from samples import images

from cltensor.data import Compose, RandomCrop, RandomHorizontalFlip
from cltensor.errors import ShapeError


def test_transforms_follow_their_seed():
    batch = images(200).batch(np.arange(200))[0]
    flipped = RandomHorizontalFlip(seed=1)(batch)
    mirrored = (flipped == batch[..., ::-1]).all(axis=(1, 2, 3))
    assert (mirrored | (flipped == batch).all(axis=(1, 2, 3))).all()
    assert 60 < mirrored.sum() < 140
    np.testing.assert_array_equal(flipped, RandomHorizontalFlip(seed=1)(batch))

    cropped = RandomCrop(2, seed=1)(batch)
    assert cropped.shape == batch.shape
    padded = np.pad(batch, ((0, 0), (0, 0), (2, 2), (2, 2)))
    offsets = [(i, j) for i in range(5) for j in range(5)]
    for image, around in zip(cropped[:20], padded[:20], strict=True):
        assert any((image == around[:, i : i + 5, j : j + 4]).all() for i, j in offsets)

    both = images(8, Compose(RandomHorizontalFlip(1.0), RandomCrop(0))).batch(np.arange(8))[0]
    np.testing.assert_array_equal(both, images(8).batch(np.arange(8))[0][..., ::-1])
    with pytest.raises(ShapeError, match=r"shape \(3, 5, 4\); give a batch"):
        RandomCrop(1)(batch[0])
