"""Distances and similarities."""

import pytest
from tabled import check_case

import cltensor as ct
from cltensor.errors import ShapeError
from cltensor.nn import functional as F

#: (call, shapes of its operands, results, gradients), PyTorch's.
CASES = [
    (
        lambda x, y: F.cosine_similarity(x, y),
        [(2, 3), (2, 3)],
        [[1, 1]],
        [
            [0, 1.4901e-08, 0, 0, 1.4901e-08, 2.9802e-08],
            [0, 1.4901e-08, 0, 0, 1.4901e-08, 2.9802e-08],
        ],
    ),
    (
        lambda x, y: F.pairwise_distance(x, y, 3.0),
        [(2, 3), (1, 3)],
        [[1.4422e-06, 1.5]],
        [[-0.84131, -0.84131, -0.84131, 0.33333, -0.52083, 0.1875], [0.50798, 1.3621, 0.65381]],
    ),
    (
        lambda x: F.pdist(x),
        [(3, 2)],
        [[1.5, 2.1506, 1.2748]],
        [[-0.43593, -1.1397, 1.716, 1.4068, -1.2801, -0.2671]],
    ),
]


@pytest.mark.parametrize(("function", "shapes", "values", "gradients"), CASES)
def test_against_pytorchs_numbers(device, function, shapes, values, gradients):
    check_case(function, shapes, values, gradients)


def test_lengths_of_nothing(device):
    zero = ct.zeros(1, 2, requires_grad=True)
    F.cosine_similarity(zero, ct.ones(1, 2)).sum().backward()
    assert zero.grad.isfinite().all().item()
    with pytest.raises(ShapeError, match="pdist"):
        F.pdist(ct.ones(3))
