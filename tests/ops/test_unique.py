"""Different elements."""

import numpy as np
import pytest
from arrays import check

import cltensor as ct
from cltensor.errors import GradientError, ShapeError

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


@pytest.mark.parametrize("dim", [0, 1, -1])
def test_slices_along_an_axis(dim):
    a = np.random.default_rng(0).integers(0, 2, (6, 5, 2))
    x = ct.tensor(a)
    values, inverse, counts = ct.unique(x, True, True, True, dim)
    want = np.unique(a, return_inverse=True, return_counts=True, axis=dim)
    check(values, want[0])
    check(inverse, want[1].reshape(-1))
    check(counts, want[2])
    check(ct.unique(x, dim=dim), want[0])


def test_neighbouring_slices():
    a = np.array([[1, 2], [1, 2], [0, 1], [1, 2]])
    values, inverse, counts = ct.unique_consecutive(ct.tensor(a), True, True, 0)
    check(values, a[[0, 2, 3]])
    check(inverse, np.int64([0, 0, 1, 2]))
    check(counts, np.int64([2, 1, 1]))
    assert ct.unique(ct.zeros(3, 0, 2), dim=1).shape == (3, 0, 2)
    with pytest.raises(ShapeError, match="unique: slices along axis 0 of shape"):
        ct.unique(ct.zeros(3, 0), dim=0)


def test_complex_numbers_go_by_their_real_part_first(device):
    z = ct.tensor([2 + 1j, 1 + 5j, 2 - 1j, 1 + 5j])
    values, inverse, counts = ct.unique(z, return_inverse=True, return_counts=True)
    assert values.tolist() == [1 + 5j, 2 - 1j, 2 + 1j]
    assert inverse.tolist() == [2, 0, 1, 0]
    assert counts.tolist() == [2, 1, 1]


def test_no_slices_along_an_axis(device):
    x = ct.zeros(5, 0, 2)
    for found in (
        ct.unique(x, return_inverse=True, return_counts=True, dim=1),
        ct.unique_consecutive(x, return_inverse=True, return_counts=True, dim=1),
    ):
        assert [f.shape for f in found] == [(5, 0, 2), (0,), (0,)]
        assert found[1].dtype == ct.int64
    assert ct.unique(x, return_inverse=True)[1].shape == (5, 0, 2)


@pytest.mark.parametrize("find", [ct.unique, ct.unique_consecutive])
@pytest.mark.parametrize("dim", [None, 0])
def test_backward_says_that_there_is_no_derivative(device, find, dim):
    x = ct.tensor([1.0, 2.0, 2.0], requires_grad=True)
    values, places, counts = find(x, return_inverse=True, return_counts=True, dim=dim)
    assert values.tolist() == [1, 2]
    assert [t.requires_grad for t in (values, places, counts)] == [True, False, False]
    with pytest.raises(GradientError, match=f"derivative of {find.__name__} is not implemented"):
        values.sum().backward()
    with ct.no_grad():
        assert not find(x, dim=dim).requires_grad
    assert not find(x.detach(), dim=dim).requires_grad
