"""Images read between pixels."""

import pytest
from tabled import check_case

import cltensor as ct
from cltensor.errors import ShapeError
from cltensor.nn import functional as F

#: (call, shapes of its operands, results, gradients), PyTorch's.
CASES = [
    (
        lambda x, y: F.grid_sample(x, y / 2, align_corners=False),
        [(1, 2, 3, 3), (1, 2, 2, 2)],
        [[0.54785, -0.90234, -0.28906, -0.5, -0.19336, -0.77344, -1.1875, -0.5]],
        [
            [
                -0.20215,
                -0.82031,
                0,
                -0.46484,
                -0.27344,
                -0.375,
                -0.67676,
                0,
                0,
                0.17578,
                0.9375,
                0,
                -0.26367,
                0.3125,
                0,
                -0.19336,
                0,
                0,
            ],
            [-0.94043, -2.3525, 0.10547, -0.64453, -1.793, 5.4082, -0.5625, -0.70312],
        ],
    ),
    (
        lambda x, y: F.grid_sample(x, y / 2, "bilinear", "border", True),
        [(1, 1, 3, 3), (1, 2, 2, 2)],
        [[0.20703, -0.98828, -0.21875, -1]],
        [
            [0.027344, -0.62109, 0, -0.76562, -0.73438, -0.75, -0.57422, -0.082031, 0],
            [0.51953, -2.1602, 0.41016, 0.26953, -1.2031, 0.60156, 0, -0.9375],
        ],
    ),
    (
        lambda x, y: F.grid_sample(x, y / 2, "bilinear", "reflection", False),
        [(1, 1, 3, 3), (1, 2, 2, 2)],
        [[0.79688, -1.3125, -0.28906, -1]],
        [
            [-0.070312, -0.82031, 0, -0.60156, -0.27344, -0.75, -0.98438, 0, 0],
            [0, -3.6094, 0, 0.5625, -2.543, 0.5332, 0, -1.4062],
        ],
    ),
    (
        lambda x, y: F.grid_sample(x, y / 2, "nearest", "border", True),
        [(1, 1, 3, 3), (1, 2, 2, 2)],
        [[-0.75, -0.75, 0.75, -1]],
        [[0, -1.75, 0, -1, 0, -0.75, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0]],
    ),
    (
        lambda x, y: F.grid_sample(x, y / 3, "bicubic", "zeros", True),
        [(1, 1, 3, 3), (1, 2, 2, 2)],
        [[-0.19311, -0.93318, -0.2098, -0.93982]],
        [
            [
                0.16225,
                -0.42763,
                0.027335,
                -0.79758,
                -2.0163,
                -0.4095,
                -0.34459,
                -0.075735,
                0.023917,
            ],
            [0.40165, -1.3676, 0.41199, 0.12247, -0.6419, 0.76887, 0.15104, -0.3941],
        ],
    ),
    (
        lambda x, y: F.grid_sample(x, y / 2, align_corners=True),
        [(1, 1, 2, 2, 3), (1, 1, 2, 2, 3)],
        [[-0.93616, -0.3252, 1.1406, 1.5312]],
        [
            [
                -0.41052,
                0.15564,
                -0.10938,
                -0.90784,
                -0.0091553,
                -0.10938,
                -0.64221,
                0.06897,
                -0.76562,
                -0.039429,
                0.034546,
                -0.76562,
            ],
            [
                -0.74768,
                -0.19226,
                -0.050415,
                0.34863,
                -0.18604,
                0.010986,
                0.99805,
                -0.041016,
                -1.2578,
                0.53906,
                0.63281,
                -0.70312,
            ],
        ],
    ),
]


@pytest.mark.parametrize(("function", "shapes", "values", "gradients"), CASES)
def test_against_pytorchs_numbers(device, function, shapes, values, gradients):
    check_case(function, shapes, values, gradients)


def test_what_does_not_fit(device):
    x, grid = ct.ones(1, 1, 2, 2), ct.zeros(1, 1, 1, 2)
    with pytest.raises(ShapeError, match="grid_sample: input has shape"):
        F.grid_sample(x, ct.zeros(1, 1, 1, 3))
    with pytest.raises(ValueError, match="mode is 'cubic'"):
        F.grid_sample(x, grid, "cubic")
    with pytest.raises(ValueError, match="padding_mode is 'none'"):
        F.grid_sample(x, grid, padding_mode="none")
