"""What parameters and values must be."""

from math import inf, nan

import numpy as np
import pytest

import cltensor as ct
from cltensor.distributions import constraints as c

NUMBERS = [-1.0, 0.0, 0.5, 1.0, 2.0, inf, nan]


@pytest.mark.parametrize(
    ("constraint", "want"),
    [
        (c.real, [1, 1, 1, 1, 1, 1, 0]),
        (c.boolean, [0, 1, 0, 1, 0, 0, 0]),
        (c.positive, [0, 0, 1, 1, 1, 1, 0]),
        (c.nonnegative, [0, 1, 1, 1, 1, 1, 0]),
        (c.unit_interval, [0, 1, 1, 1, 0, 0, 0]),
        (c.nonnegative_integer, [0, 1, 0, 1, 1, 1, 0]),
        (c.positive_integer, [0, 0, 0, 1, 1, 1, 0]),
        (c.integer_interval(0, 1), [0, 1, 0, 1, 0, 0, 0]),
        (c.half_open_interval(0.0, 1.0), [0, 1, 1, 0, 0, 0, 0]),
        (c.greater_than_eq(0.5), [0, 0, 1, 1, 1, 1, 0]),
        (c.less_than(1.0), [1, 1, 1, 0, 0, 0, 0]),
    ],
)
def test_of_numbers(device, constraint, want):
    assert constraint.check(ct.tensor(NUMBERS)).tolist() == [bool(w) for w in want]


def test_of_vectors_and_matrices(device):
    x = ct.tensor([[0.25, 0.75], [0.5, 0.6], [-0.5, 1.5], [0.0, 1.0]])
    assert c.simplex.check(x).tolist() == [True, False, False, True]
    assert c.one_hot.check(x).tolist() == [False, False, False, True]
    assert c.independent(c.nonnegative, 1).check(x).tolist() == [True, True, False, True]
    assert c.real_vector.event_dim == 1
    assert c.multinomial(3).check(ct.tensor([[1.0, 2.0], [2.0, 2.0]])).tolist() == [True, False]
    lower = ct.tensor(np.float32([[[1, 0], [2, 3]], [[1, 2], [0, 3]], [[-1, 0], [0, 1]]]))
    assert c.lower_cholesky.check(lower).tolist() == [True, False, False]
    assert c.positive_definite.check(lower).tolist() == [False, False, False]
    assert c.positive_definite.check(ct.eye(3)).item()
    assert repr(c.independent(c.real, 2)) == "independent(real, 2)"


def test_of_matrices(device):
    indefinite = [[1.0, 2.0], [2.0, 1.0]]
    x = ct.tensor([[[2.0, 1.0], [1.0, 2.0]], indefinite, [[1.0, 0.5], [0.0, 1.0]]])
    assert c.symmetric.check(x).tolist() == [True, True, False]
    assert c.positive_definite.check(x).tolist() == [True, False, False]
    assert c.positive_semidefinite.check(x).tolist() == [True, False, False]
    assert c.lower_triangular.check(x.swapaxes(-2, -1)).tolist() == [False, False, True]
    assert c.corr_cholesky.check(ct.tensor([[1.0, 0.0], [0.6, 0.8]])).item()
    assert not c.corr_cholesky.check(ct.tensor([[1.0, 0.0], [0.6, 0.9]])).item()
    assert c.square.check(x).tolist() == [True] * 3
    for kind in (c.square, c.symmetric, c.positive_definite, c.positive_semidefinite):
        assert kind.check(ct.ones(2, 3, 2)).tolist() == [False] * 2


def test_of_parts(device):
    x = ct.tensor([[-1.0, 2.0, 0.5], [1.0, 2.0, -0.5]])
    side = c.cat([c.positive, c.unit_interval], -1, [2, 1])
    assert side.check(x).tolist() == [[False, True, True], [True, True, False]]
    rows = c.stack([c.real, c.positive], 0)
    assert rows.check(x).tolist() == [[True] * 3, [True, True, False]]
    assert (side.event_dim, rows.event_dim, c.stack([c.simplex] * 2, -2).event_dim) == (0, 0, 2)
    assert c.cat([c.boolean, c.real]).is_discrete
    mixed = c.MixtureSameFamilyConstraint(c.interval(ct.tensor([0.0, 1.0]), 3.0))
    assert mixed.check(ct.tensor([0.5, 1.5])).tolist() == [False, True]
    with pytest.raises(ValueError, match="3 lengths of 2 constraints"):
        c.cat([c.real, c.real], 0, [1, 1, 1])
