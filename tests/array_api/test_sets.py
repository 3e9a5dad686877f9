"""Different elements."""

import numpy as np

from cltensor import array_api as xp


def test_unique(device):
    x = xp.asarray([[3, 1, 3], [2, 1, 0]])
    found = xp.unique_all(x)
    assert [a.tolist() for a in found] == [
        [0, 1, 2, 3], [5, 1, 3, 0], [[3, 1, 3], [2, 1, 0]], [1, 2, 1, 2],
    ]  # fmt: skip
    assert all(type(a) is xp.Array for a in found)
    assert xp.unique_counts(x).counts.tolist() == [1, 2, 1, 2]
    assert xp.unique_inverse(x).inverse_indices.shape == (2, 3)
    assert xp.unique_values(x).tolist() == [0, 1, 2, 3]
    assert xp.unique_all(xp.ones((0, 2))).indices.shape == (0,)
    nans = xp.unique_all(xp.asarray([np.nan, 1.0, np.nan]))
    assert (nans.counts.tolist(), nans.indices.tolist()) == ([1, 1, 1], [1, 0, 2])


def test_isin(device):
    x = xp.asarray([1, 2, 3])
    assert xp.isin(x, xp.asarray([2.0])).tolist() == [False, True, False]
    assert xp.isin(x, 2, invert=True).tolist() == [True, False, True]
