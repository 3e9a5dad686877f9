"""Convolutions of one, two and three axes, and their windows."""

import numpy as np
import pytest
from tabled import check_case, numbers

import cltensor as ct
from cltensor.errors import ShapeError
from cltensor.nn import functional as F
from cltensor.testing import gradgradcheck

#: (call, shapes of its operands, results, gradients), PyTorch's.
CASES = [
    (
        lambda x, y: F.conv1d(x, y, stride=2, padding=1),
        [(2, 2, 5), (3, 2, 3)],
        [
            [
                -4.125,
                -4.3125,
                0.8125,
                6.125,
                -1.375,
                -0.5,
                -7,
                -6.375,
                -0.25,
                -3.125,
                -5.4375,
                -3.9375,
                2.125,
                12.125,
                6,
                -3.8125,
                -1.625,
                -1.0625,
            ]
        ],
        [
            [
                2.6875,
                -2.375,
                0.5625,
                -1,
                1.6875,
                0.875,
                -2.4375,
                0.625,
                1.0625,
                1.75,
                -2.5,
                11.5,
                -3,
                2.625,
                -2.375,
                1.375,
                0.75,
                -2.4375,
                8.0625,
                2.5625,
            ],
            [
                1.875,
                5.125,
                -8.875,
                1.5,
                7.125,
                -2.375,
                1.375,
                3.6875,
                3.8125,
                -4.75,
                1,
                -0.75,
                -5.75,
                -1.5,
                -0.75,
                1.5,
                -0.375,
                3.8125,
            ],
        ],
    ),
    (
        lambda x, y: F.conv_transpose1d(x, y, stride=2, padding=1, output_padding=1),
        [(1, 2, 3), (2, 1, 3)],
        [[-0.9375, 2.875, 0.8125, 3, -0.8125, 4.0625]],
        [
            [-2.625, -1.3125, 2.6875, 0.125, 1.0625, 1.8125],
            [1.875, 2.625, -0.125, 0.375, 2.6875, 0.8125],
        ],
    ),
    (
        lambda x, y: F.conv3d(x, y, stride=(2, 1, 1), padding=(1, 0, 1), groups=2),
        [(1, 2, 3, 2, 2), (2, 1, 2, 2, 2)],
        [[1.75, -3.375, -1.875, -3.375, -6.125, 5.75, 0.5, 5.25, 0.5, 1.625, -2.75, -1.125]],
        [
            [
                1.375,
                0.125,
                1.5,
                -3.5,
                0.3125,
                1.375,
                1.4375,
                2.125,
                1,
                1,
                -1,
                -2,
                4,
                0,
                -1,
                -1.5,
                1,
                6.25,
                1,
                -6,
                -4,
                -4,
                3,
                -0.5,
            ],
            [
                1.25,
                0.875,
                -1,
                -1.5,
                -1.375,
                3.5,
                -0.5,
                3.25,
                -1.125,
                5,
                -4.125,
                2,
                3.75,
                2.5,
                4.25,
                -4,
            ],
        ],
    ),
    (
        lambda x, y: F.conv3d(x, y, padding="same", dilation=(2, 1, 1)),
        [(1, 1, 3, 2, 2), (1, 1, 2, 2, 1)],
        [[-0.625, 1.75, -3.5, 0, 0.625, 0.5, 6.5625, -1.3125, 2.375, 1.75, -3.5, 0]],
        [
            [0.875, 1.75, -3.875, -0.75, 0.4375, 2.1875, 9, -3.375, 0.875, 1.75, -3.125, 0.75],
            [-6.125, 4.625, -6.125, -4],
        ],
    ),
    (
        lambda x, y: F.conv_transpose3d(
            x, y, stride=2, padding=(1, 0, 0), output_padding=(1, 0, 0)
        ),
        [(1, 2, 2, 1, 2), (2, 1, 3, 1, 2)],
        [
            [
                2.3125,
                2.3125,
                -2.8125,
                1.4375,
                8.9375,
                -0.3125,
                2.9375,
                -2.8125,
                6.0625,
                -2.6875,
                1.3125,
                0.5625,
                -3.125,
                4.75,
                0.375,
                0.75,
            ]
        ],
        [
            [3.75, 2.625, -3, -0.125, -4.625, -5.125, 8.25, -0.75],
            [-0.625, 1.75, 0.625, 0.5, 3.125, -1.375, -1, -2, 5.625, -3.625, -1.75, 4.5],
        ],
    ),
    (
        lambda x: F.unfold(x, (2, 1), dilation=(1, 2), padding=(1, 0), stride=2),
        [(1, 2, 3, 3)],
        [[0, 0, -0.75, -1, -1.75, -1.75, 2, 1.5, 0, 0, 0, -1, -2, 1.5, -0.5, -1.75]],
        [[-0.5, 0, -1, -1.75, 0, -0.75, 2, 0, 0, 0, 0, 2, -2, 0, 1.5, -1, 0, -0.5]],
    ),
    (
        lambda x: F.fold(x, (3, 3), (2, 2), padding=1, stride=2),
        [(1, 4, 4)],
        [[0, -2, 2, 2, -0.75, 0, -1, 1.5, -0.5]],
        [[0, 0, 0, -0.5, 0, 0, -0.75, -1, 0, 0.75, 0, 0, -1.75, -1.75, 2, 1.5]],
    ),
]


@pytest.mark.parametrize(("function", "shapes", "values", "gradients"), CASES)
def test_against_pytorchs_numbers(device, function, shapes, values, gradients):
    check_case(function, shapes, values, gradients)


def test_images_without_a_batch():
    x = ct.tensor(np.arange(16, dtype="float32").reshape(1, 4, 4))
    ones = ct.ones(1, 1, 2, 2)
    assert F.conv2d(x, ones, ct.tensor([1.0]), stride=2).tolist() == [[[11, 19], [43, 51]]]
    assert F.conv_transpose2d(x[:, :1, :2], ones, stride=2).tolist() == [[[0, 0, 1, 1]] * 2]
    assert F.max_pool2d(x, 2).tolist() == [[[5, 7], [13, 15]]]
    assert F.avg_pool2d(x, 2).tolist() == [[[2.5, 4.5], [10.5, 12.5]]]
    assert F.adaptive_avg_pool2d(x, 1).tolist() == [[[7.5]]]
    assert F.adaptive_max_pool2d(x, (1, 3)).tolist() == [[[13, 14, 15]]]


def test_windows_and_their_sums_are_adjoint(device):
    x = ct.tensor(numbers(2, 3, 5, 4))
    columns = F.unfold(x, (2, 3), padding=(1, 0), stride=(2, 1))
    y = ct.tensor(numbers(*columns.shape))
    back = F.fold(y, (5, 4), (2, 3), padding=(1, 0), stride=(2, 1))
    assert abs((columns * y).sum().item() - (x * back).sum().item()) < 1e-2
    assert F.unfold(x[0], 2).shape == (12, 12)


def test_second_derivatives(device, fp64):
    x, w = [ct.tensor(numbers(*s), dtype=ct.float64) for s in ((1, 2, 2, 2, 2), (2, 2, 2, 1, 2))]
    for function in (F.conv3d, F.conv_transpose3d):
        gradgradcheck(function, (x.requires_grad_(), w.requires_grad_()))


def test_what_does_not_fit(device):
    x = ct.ones(1, 2, 4)
    with pytest.raises(ShapeError, match="conv1d: w has shape"):
        F.conv1d(x, ct.ones(1, 2))
    with pytest.raises(ShapeError, match="conv3d: volumes of shape"):
        F.conv3d(ct.ones(1, 2, 2, 2, 2), ct.ones(1, 3, 1, 1, 1))
    with pytest.raises(ShapeError, match="fold: input has shape"):
        F.fold(ct.ones(1, 4, 5), (3, 3), 2)
    with pytest.raises(ShapeError, match="unfold: windows"):
        F.unfold(ct.ones(1, 1, 2, 2), 3)


def test_rows_with_their_axes_in_another_order():
    x, weight, bias = ct.randn(7, 2, 3), ct.randn(3, 3, 4), ct.randn(4)
    found = F.conv_tbc(x, weight, bias, pad=1)
    wanted = F.conv1d(x.permute(1, 2, 0), weight.permute(2, 1, 0), bias, padding=1)
    assert found.shape == (7, 2, 4)
    assert found.tolist() == wanted.permute(2, 0, 1).tolist()
