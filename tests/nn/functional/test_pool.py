"""Pooling of one, two and three axes."""

import pytest
from tabled import check_case, numbers

import cltensor as ct
from cltensor.errors import ShapeError
from cltensor.nn import functional as F

#: (call, shapes of its operands, results, gradients), PyTorch's.
CASES = [
    (
        lambda x: F.max_pool1d(x, 3, 2, 1),
        [(1, 2, 5)],
        [[0.75, 0.75, -0.5, 2, 2, 1.5]],
        [[0, -1, 0, 0, -1.75, 0, -1.25, 0, -1, 0]],
    ),
    (
        lambda x: F.avg_pool1d(x, 3, 2, 1, count_include_pad=False),
        [(1, 2, 5)],
        [[-0.5, -0.58333, -0.625, 0.5, 1.1667, -0.25]],
        [[-0.875, -0.625, 0.25, -0.625, -0.875, -0.375, -0.54167, -0.16667, -0.66667, -0.5]],
    ),
    (
        lambda x: F.max_pool3d(x, 2, (1, 2, 2), (1, 0, 0)),
        [(1, 1, 3, 4, 2)],
        [[0.75, 2, 1.5, 2, 1.5, 2, 0.75, 2]],
        [[0, -1.75, 0, 0, 0, 0, 0, 0, -2.25, 0, 0, 0, 0, -1, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0]],
    ),
    (
        lambda x: F.avg_pool3d(x, 2, (1, 2, 2), (1, 0, 0), count_include_pad=False),
        [(1, 1, 3, 4, 2)],
        [[-0.875, 0.125, -0.5625, 0.125, -0.5625, 0.03125, -0.875, -0.0625]],
        [
            [
                -0.65625,
                -0.65625,
                -0.65625,
                -0.65625,
                0.09375,
                0.09375,
                0.09375,
                0.09375,
                -0.28125,
                -0.28125,
                -0.28125,
                -0.28125,
                -0.21875,
                -0.21875,
                -0.21875,
                -0.21875,
                0.4375,
                0.4375,
                0.4375,
                0.4375,
                -0.125,
                -0.125,
                -0.125,
                -0.125,
            ]
        ],
    ),
    (
        lambda x: F.avg_pool3d(x, (2, 2, 1), ceil_mode=True, divisor_override=3),
        [(1, 3, 3, 1)],
        [[-0.75, -0.91667, 0.66667, 0.5]],
        [[-0.58333, -0.58333, 0.25, -0.58333, -0.58333, 0.25, -0.58333, -0.58333, -0.25]],
    ),
    (
        lambda x: F.lp_pool1d(x, 2, 2),
        [(1, 2, 4)],
        [[1.9039, 1.9039, 1.118, 2]],
        [[1.6085, -0.68936, -0.68936, -0.29544, 0.78262, 1.5652, -0.75, 0]],
    ),
    (
        lambda x: F.lp_pool2d(x, 2, 2),
        [(1, 2, 4)],
        [[2.2079, 2.7613]],
        [[1.387, -0.59445, -0.47531, -0.20371, 0.3963, 0.79259, 0.54321, 0]],
    ),
    (
        lambda x: F.lp_pool3d(x, 2, (2, 1, 2)),
        [(1, 2, 2, 2)],
        [[2.2079, 2.7613]],
        [[1.387, -0.59445, -0.47531, -0.20371, 0.3963, 0.79259, 0.54321, 0]],
    ),
    (
        lambda x: F.adaptive_avg_pool1d(x, 3),
        [(1, 2, 5)],
        [[-0.5, -0.58333, -0.625, 0.5, 1.1667, -0.25]],
        [[-0.875, -0.625, 0.25, -0.625, -0.875, -0.375, -0.54167, -0.16667, -0.66667, -0.5]],
    ),
    (
        lambda x: F.adaptive_max_pool1d(x, 3),
        [(1, 2, 5)],
        [[0.75, 0.75, -0.5, 2, 2, 1.5]],
        [[0, -1, 0, 0, -1.75, 0, -1.25, 0, -1, 0]],
    ),
    (
        lambda x: F.adaptive_avg_pool3d(x, (2, 1, None)),
        [(1, 3, 2, 2)],
        [[-0.5, -0.25, 0.25, -0.375]],
        [
            [
                -0.4375,
                0.1875,
                -0.4375,
                0.1875,
                -0.875,
                0,
                -0.875,
                0,
                -0.4375,
                -0.1875,
                -0.4375,
                -0.1875,
            ]
        ],
    ),
    (
        lambda x: F.adaptive_max_pool3d(x, (2, 1, None)),
        [(1, 3, 2, 2)],
        [[2, 0.75, 2, 1.5]],
        [[0, 0.75, 0, 0, 0, 0, -3.5, 0, 0, 0, 0, -0.75]],
    ),
    (
        lambda x: F.fractional_max_pool2d(
            x, 2, 2, return_indices=True, _random_samples=ct.tensor([[[0.3, 0.8]]])
        ),
        [(1, 1, 5, 4)],
        [[0.75, 2, 2, 0.75], [1, 6, 13, 18]],
        [[0, -1.75, 0, 0, 0, 0, 0.75, 0, 0, 0, 0, 0, 0, -1.75, 0, 0, 0, 0, -0.75, 0]],
    ),
    (
        lambda x: F.fractional_max_pool3d(
            x, 2, output_size=2, _random_samples=ct.tensor([[[0.3, 0.8, 0.1]]])
        ),
        [(1, 1, 5, 4, 4)],
        [[0.75, 2, 2, 2, 2, -0.5, 2, 2]],
        [
            [
                0,
                -1.75,
                0,
                0,
                0,
                0,
                0.75,
                0,
                0,
                0,
                0,
                0,
                0,
                -1.75,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                -0.75,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                -1,
                0,
                2,
                0,
                0,
                0,
                0,
                0,
                0,
                -0.5,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
            ]
        ],
    ),
]


@pytest.mark.parametrize(("function", "shapes", "values", "gradients"), CASES)
def test_against_pytorchs_numbers(device, function, shapes, values, gradients):
    check_case(function, shapes, values, gradients)


def test_places_of_the_largest(device):
    x = ct.tensor(numbers(2, 4, 3))
    values, places = F.max_pool1d(x, 2, return_indices=True)
    assert places.shape == values.shape == (2, 4, 1)
    volume = ct.tensor(numbers(1, 2, 3, 4, 5))
    for pooled in (
        F.max_pool3d(volume, 2, 1, 1, return_indices=True),
        F.adaptive_max_pool3d(volume, (2, 3, 2), True),
    ):
        flat = volume.reshape(1, 2, 60)
        taken = ct.take_along_axis(flat, pooled[1].reshape(1, 2, -1), 2)
        assert taken.tolist() == pooled[0].reshape(1, 2, -1).tolist()


def test_unpooling(device):
    x = ct.tensor([[[[1.0, 5, 2, 0], [3, 4, 8, 6]]]])
    values, places = F.max_pool2d(x, 2, return_indices=True)
    assert F.max_unpool2d(values, places, 2).tolist() == [[[[0, 5, 0, 0], [0, 0, 8, 0]]]]
    row, at = F.max_pool1d(x[0, 0], 2, return_indices=True)
    assert F.max_unpool1d(row, at, 2, output_size=(1, 2, 4)).tolist() == [
        [0, 5, 2, 0], [0, 4, 8, 0]
    ]  # fmt: skip
    volume, there = F.max_pool3d(x, (1, 2, 2), return_indices=True)
    assert F.max_unpool3d(volume, there, (1, 2, 2)).shape == (1, 1, 2, 4)
    with pytest.raises(ShapeError, match="max_unpool2d: input has shape"):
        F.max_unpool2d(values, places[0], 2)


def test_nan_wins(device):
    x = ct.tensor([[[[1.0, float("nan")], [3, 4]], [[1, 2], [3, 4]]]])
    assert F.max_pool3d(x, 2).isnan().all().item()
    assert F.adaptive_max_pool3d(x, 1).isnan().all().item()


def test_what_does_not_fit(device):
    x = ct.ones(1, 2, 2, 2)
    with pytest.raises(ShapeError, match="max_pool3d: windows"):
        F.max_pool3d(x, 3)
    with pytest.raises(ShapeError, match="avg_pool3d: padding 2 is more than half"):
        F.avg_pool3d(x, 2, padding=2)
    with pytest.raises(ShapeError, match="adaptive_avg_pool3d: output_size"):
        F.adaptive_avg_pool3d(x, (1, 2))


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("kind", ["max", "adaptive_max", "fractional_max"])
def test_with_the_places_of_the_results(kind, axes):
    if (kind, axes) == ("fractional_max", 1):
        return
    x = ct.randn(1, 2, *([6] * axes))
    options = {"output_size": 3} if kind == "adaptive_max" else {"kernel_size": 2}
    if kind == "fractional_max":
        options |= {"output_size": 3, "_random_samples": ct.rand(1, 2, axes)}
    plain = getattr(F, f"{kind}_pool{axes}d")
    wanted = plain(x, **options, return_indices=True)
    both = getattr(F, f"{kind}_pool{axes}d_with_indices")
    assert [part.tolist() for part in both(x, **options)] == [part.tolist() for part in wanted]
