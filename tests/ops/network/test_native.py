"""Normalisation with its statistics."""

import pytest
from tabled import check_case

import cltensor as ct
from cltensor.errors import ShapeError

#: (call, shapes of its operands, results, gradients), PyTorch's.
CASES = [
    (
        lambda x, y: ct.native_layer_norm(x, (3,), y, None, 1e-5),
        [(2, 3), (3,)],
        [[1.2374, 1.0607, 1.2374, 0, 0.91845, 2.143], [-0.91667, -0.75], [0.84853, 4.8984]],
        [[5.0068e-06, -1.0252e-05, 5.0068e-06, 2.041, -1.0217, -1.0192], [1.2374, 0.44836, 2.462]],
    ),
    (
        lambda x, y, z: ct.native_group_norm(x, y, z, 1, 4, 2, 2, 1e-5),
        [(1, 4, 2), (4,), (4,)],
        [
            [-0.25343, -4.5293, 0.10861, 0.84163, -0.78957, -0.02122, -1.9848, -0.66768],
            [-0.875, 0.125],
            [0.97735, 0.87811],
        ],
        [
            [1.4662, 0.39031, -2.8098, -0.79671, 0.22453, 0.6054, 0.076402, -0.15634],
            [2.6877, 1.4049, 1.2623, 3.2929],
            [-1, -2.5, -1.5, 2],
        ],
    ),
    (
        lambda x, y: ct.native_batch_norm(x, y, None, None, None, True, 0.1, 1e-5),
        [(3, 2, 2), (2,)],
        [
            [
                1.7271,
                -1.7271,
                -0.78563,
                -0.28944,
                0,
                0.69085,
                1.0751,
                0.082697,
                -2.7634,
                2.0725,
                -0.90967,
                0.82697,
            ],
            [-0.5, -0.16667],
            [0.78954, 0.66158],
        ],
        [
            [
                1.0706e-05,
                -1.0706e-05,
                -3.3715e-06,
                -1.2421e-06,
                0,
                4.2825e-06,
                4.6137e-06,
                3.549e-07,
                -1.713e-05,
                1.2847e-05,
                -3.9039e-06,
                3.549e-06,
            ],
            [7.5993, 9.0692],
        ],
    ),
]


@pytest.mark.parametrize(("function", "shapes", "values", "gradients"), CASES)
def test_against_pytorchs_numbers(device, function, shapes, values, gradients):
    check_case(function, shapes, values, gradients)


def test_running_statistics(device):
    x, mean, var = ct.tensor([[1.0, 2], [3, 6]]), ct.zeros(2), ct.ones(2)
    ct.native_batch_norm(x, None, None, mean, var, True, 0.5, 0.0)
    assert (mean.tolist(), var.tolist()) == ([1, 2], [1.5, 4.5])
    out, *saved = ct.native_batch_norm(x, None, None, mean, var, False, 0.5, 0.0)
    assert [s.shape for s in saved] == [(0,), (0,)]
    assert abs(out[0, 1].item()) < 1e-6
    with pytest.raises(ValueError, match="evaluation needs"):
        ct.native_batch_norm(x, None, None, None, None, False, 0.5, 0.0)
    with pytest.raises(ShapeError, match="native_group_norm"):
        ct.native_group_norm(x, None, None, 2, 2, 1, 3, 0.0)
    with pytest.raises(ShapeError, match="native_layer_norm"):
        ct.native_layer_norm(x, (3,), None, None, 0.0)
