"""Sums and the like: their dtypes, and what is running."""

import numpy as np
import pytest

from cltensor import array_api as xp
from cltensor.errors import ShapeError


def test_integers_add_up_in_the_widest_of_their_kind(device):
    x = xp.asarray([200, 200], dtype=xp.uint8)
    for function, want in ((xp.sum, 400), (xp.prod, 40000)):
        assert (function(x).dtype, function(x).item()) == (xp.uint64, want)
    assert xp.cumulative_sum(x).dtype == xp.uint64
    assert xp.sum(xp.ones(2, dtype=xp.int8)).dtype == xp.int64
    assert xp.sum(xp.ones(2), dtype=xp.int32).dtype == xp.int32
    assert xp.sum(xp.ones((2, 3)), axis=(0, 1), keepdims=True).tolist() == [[6]]


def test_running_sums_and_products(device):
    x = xp.asarray([[1, 2], [3, 4]])
    assert xp.cumulative_sum(x, axis=0, include_initial=True).tolist() == [[0, 0], [1, 2], [4, 6]]
    assert xp.cumulative_prod(x, axis=-1, include_initial=True).tolist() == [[1, 1, 2], [1, 3, 12]]
    assert xp.cumulative_prod(x[1]).tolist() == [3, 12]
    with pytest.raises(ShapeError, match="cumulative_sum: an array of shape"):
        xp.cumulative_sum(x)


def test_moments(device):
    x = np.random.default_rng(0).standard_normal((4, 5)).astype("float32")
    a = xp.asarray(x)
    np.testing.assert_allclose(xp.std(a, axis=0, correction=1.0).numpy(), x.std(0, ddof=1), 1e-5)
    np.testing.assert_allclose(xp.var(a, keepdims=True).numpy(), x.var(keepdims=True), 1e-5)
    np.testing.assert_allclose(xp.mean(a, axis=(0, 1)).numpy(), x.mean(), 1e-4)
    assert xp.max(a, axis=1).tolist() == x.max(1).tolist()
    assert xp.min(a).item() == x.min()


def test_differences_and_truth(device):
    x = xp.asarray([1, 4, 9])
    assert xp.diff(x, n=2).tolist() == [2]
    assert xp.diff(x, prepend=xp.asarray([0.5])).tolist() == [0.5, 3, 5]
    assert xp.all(x).item() is True
    assert xp.any(xp.asarray([[0, 1], [0, 0]]), axis=1).tolist() == [True, False]


@pytest.mark.parametrize("dtype", ["uint8", "int16", "bool"])
def test_all_and_any_are_bools(device, dtype):
    x = xp.astype(xp.asarray([0, 1, 2]), getattr(xp, dtype))
    assert xp.all(x).dtype == xp.any(x).dtype == xp.bool
    assert not xp.all(x)
    assert xp.any(x)
