"""Different elements."""

import pytest

import cltensor as ct

NAN = float("nan")


def lists(found):
    return [x.tolist() for x in found]


def test_different_elements_their_places_and_counts(device):
    x = ct.tensor([[3, 1, 3], [2, 1, 3]])
    assert x.unique().tolist() == ct.unique(x).tolist() == [1, 2, 3]
    found = x.unique(sorted=True, return_inverse=True, return_counts=True)
    assert lists(found) == [[1, 2, 3], [[2, 0, 2], [1, 0, 2]], [2, 1, 3]]
    assert lists(x.unique(return_counts=True)) == [[1, 2, 3], [2, 1, 3]]
    assert len(ct.tensor([NAN, 1.0, NAN]).unique().tolist()) == 3


def test_runs_of_equal_neighbours(device):
    x = ct.tensor([1, 1, 2, 1, 1, 1])
    found = x.unique_consecutive(return_inverse=True, return_counts=True)
    assert lists(found) == [[1, 2, 1], [0, 0, 1, 2, 2, 2], [2, 1, 3]]
    assert ct.tensor(5).unique_consecutive().tolist() == [5]


def test_nothing_has_no_elements(device):
    found = ct.ones(0, 2).unique(return_inverse=True, return_counts=True)
    assert [x.shape for x in found] == [(0,), (0, 2), (0,)]


def test_a_dimension_is_refused(device):
    with pytest.raises(ValueError, match="unique: dim is 0; only elements are compared"):
        ct.ones(2, 2).unique(dim=0)
