"""Reading between pixels, under PyTorch's numbers of modes."""

import pytest
from tabled import check_case

import cltensor as ct
from cltensor.errors import ShapeError

#: (call, shapes of its operands, results, gradients), PyTorch's.
CASES = [
    (
        lambda x, y: ct.grid_sampler_2d(x, y / 2, 0, 1, False),
        [(1, 2, 3, 3), (1, 2, 2, 2)],
        [[0.79688, -1.3125, -0.28906, -1, -0.28125, -1.125, -1.1875, -1]],
        [
            [
                -0.070312,
                -0.82031,
                0,
                -0.60156,
                -0.27344,
                -0.75,
                -0.98438,
                0,
                0,
                0,
                0.9375,
                0,
                -0.46875,
                0.3125,
                0,
                -0.28125,
                0,
                0,
            ],
            [0, -3.4219, 0, -0.9375, -1.793, 5.4082, 0, -1.4062],
        ],
    ),
    (
        lambda x, y: ct.grid_sampler_3d(x, y / 2, 1, 0, True),
        [(1, 1, 2, 2, 3), (1, 1, 2, 2, 3)],
        [[-0.75, 0.75, 1.5, 2]],
        [[0, 0.75, 0, -1.75, 0, 0, -0.75, 0, -1.75, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
    ),
]


@pytest.mark.parametrize(("function", "shapes", "values", "gradients"), CASES)
def test_against_pytorchs_numbers(device, function, shapes, values, gradients):
    check_case(function, shapes, values, gradients)


def test_numbers_of_modes(device):
    with pytest.raises(ShapeError, match="grid_sampler_2d: input of shape"):
        ct.grid_sampler_2d(ct.ones(1, 1, 2, 2), ct.zeros(1, 1, 1, 2), 3, 0, True)


def test_no_images_at_all(device):
    x, grid = ct.zeros(0, 2, 3, 3, requires_grad=True), ct.zeros(0, 4, 5, 2)
    found = ct.grid_sampler_2d(x, grid, 0, 0, False)
    assert found.shape == (0, 2, 4, 5)
    found.sum().backward()
    assert x.grad.shape == x.shape
    assert ct.grid_sampler_2d(ct.zeros(2, 0, 3, 3), ct.zeros(2, 4, 5, 2), 2, 1, True).size == 0
