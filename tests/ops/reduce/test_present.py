"""Reductions of what is there."""

from math import nan as NAN

import pytest
from leaves import leaf, same

import cltensor as ct
from cltensor.errors import ShapeError


def test_counts(device):
    x = ct.tensor([[0, 1, 2], [0, 0, 3]])
    assert ct.count_nonzero(x).item() == 3
    assert ct.count_nonzero(x, dim=0).tolist() == [0, 1, 2]


def test_sums_and_means_without_nan(device):
    x = leaf([[1.0, NAN, 3], [NAN, NAN, NAN]])
    same(ct.nansum(x, 1).tolist(), [4, 0])
    same(ct.nanmean(x, 1).tolist(), [2, NAN])
    ct.nansum(x).backward()
    assert x.grad.tolist() == [[1, 0, 1], [0, 0, 0]]
    assert ct.nansum(ct.tensor([1, 2])).item() == 3


def test_both_extremes(device):
    low, high = ct.aminmax(ct.tensor([[1.0, 5], [3, -2]]), dim=1)
    assert (low.tolist(), high.tolist()) == ([1, -2], [5, 3])
    found = ct.aminmax(ct.tensor(2.0), dim=0)
    assert (found.min.item(), found.max.shape) == (2, ())


def test_hashes(device, fp64):
    assert ct.hash_tensor(ct.tensor([5, 3, 8])).item() == 14
    assert ct.hash_tensor(ct.tensor([[1.5, 1.5], [2.0, 0.0]]), 1).tolist() == [0, 1 << 62]
    assert ct.hash_tensor(ct.tensor([-1])).dtype == ct.uint64


def test_distance(device):
    a, b = ct.tensor([1.0, 2]), ct.tensor([4.0, 6])
    assert ct.dist(a, b).item() == 5
    assert ct.dist(a, b, 1).item() == 7


def test_sums_to_a_size(device):
    x = ct.ones(2, 3, 4)
    assert x.sum_to_size(3, 1).tolist() == [[8]] * 3
    assert x.sum_to_size(2, 3, 4).shape == (2, 3, 4)
    for size in ((2,), (1, 2, 3, 4)):
        with pytest.raises(ShapeError, match="sum_to_size"):
            x.sum_to_size(size)


def test_bools_summed_to_one_are_counted(device):
    for x, want in ((ct.tensor(True), 1), (ct.tensor([True, True]), 2)):
        found = x.sum_to_size(())
        assert found.item() == want
        assert found.dtype == ct.int64
    assert ct.tensor([True]).sum_to_size(1).dtype == ct.bool_
