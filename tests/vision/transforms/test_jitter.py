"""Transforms that draw colours and holes."""

import numpy as np
from pictures import noise, planes

import cltensor as ct
from cltensor.vision import transforms
from cltensor.vision.transforms import chance, geometry
from cltensor.vision.transforms import functional as F

#: Neither black nor white, so that there is something to stretch.
PIXELS = noise(24, 24) // 2 + 30
ARRAY = planes(PIXELS)


def test_jitter_of_one_kind_is_that_change():
    x = ct.tensor(ARRAY)
    jitter = transforms.ColorJitter(brightness=(0.5, 0.5))
    assert jitter(x).tolist() == F.adjust_brightness(x, 0.5).tolist()
    assert transforms.ColorJitter()(x) is x


def test_erasing_erases_a_rectangle():
    x = ct.ones(3, 20, 30)
    ct.manual_seed(0)
    for _ in range(10):
        found = transforms.RandomErasing(1.0, value=(2, 3, 4))(x).numpy()
        rows, columns = np.nonzero(found[0] == 2)
        inside = found[:, rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        assert np.all(inside == np.reshape([2, 3, 4], (3, 1, 1)))
        assert np.sum(found == 1) == found.size - inside.size
        assert 0.01 < inside[0].size / 600 < 0.36


def test_pickles_of_earlier_versions_find_them():
    assert chance.ColorJitter is transforms.ColorJitter
    assert chance.RandomApply is transforms.RandomApply
    assert geometry.rotate is F.rotate
