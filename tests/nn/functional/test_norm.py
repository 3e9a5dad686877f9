"""Normalisation."""

import pytest
from tabled import check_case, near, numbers

import cltensor as ct
from cltensor.errors import ShapeError
from cltensor.nn import functional as F

#: (call, shapes of its operands, results, gradients), PyTorch's.
CASES = [
    (
        lambda x, y: F.rms_norm(x, (3,), y),
        [(2, 3), (3,)],
        [[2.0512, 0.37675, 2.0512, 1.6886, -0.48245, 2.2514]],
        [[0.24647, 1.1502, 0.24647, 0.33272, -1.3864, 0.44363], [2.7749, 0.69838, 3.3377]],
    ),
    (
        lambda x, y, z: F.group_norm(x, 2, y, z),
        [(1, 4, 2), (4,), (4,)],
        [[-0.25343, -4.5293, 0.10861, 0.84163, -0.78957, -0.02122, -1.9848, -0.66768]],
        [
            [2.261, 0.16409, -2.0149, -0.41027, -0.042314, 0.27508, 0.12694, -0.35971],
            [2.6877, 1.4049, 1.2623, 3.2929],
            [-1, -2.5, -1.5, 2],
        ],
    ),
    (
        lambda x, y: F.instance_norm(x, weight=y),
        [(2, 2, 3), (2,)],
        [
            [
                1.2374,
                -2.4749,
                1.2374,
                0,
                0.91845,
                -0.91845,
                -1.716,
                2.4024,
                -0.6864,
                -0.53033,
                -0.53033,
                1.0607,
            ]
        ],
        [
            [
                9.0721e-06,
                -1.8144e-05,
                9.0721e-06,
                0,
                0.00022034,
                -0.00022034,
                -2.3729e-05,
                3.3221e-05,
                -9.4918e-06,
                -1.9282e-06,
                -1.9282e-06,
                3.8564e-06,
            ],
            [6.085, 5.562],
        ],
    ),
    (
        lambda x: F.local_response_norm(x, 3),
        [(1, 4, 2)],
        [[-1.7497, 0.74998, -1.7497, -0.74996, -0.49991, -0.99996, 1.9998, 0]],
        [[-1.7492, 0.74994, -1.7492, -0.74988, -0.49973, -0.99988, 1.9994, 0]],
    ),
    (
        lambda x: F.normalize(x, 3.0, 1),
        [(2, 3)],
        [[-0.78355, 0.33581, -0.78355, -0.6485, -0.43233, -0.86467]],
        [[0.039562, 0.18462, 0.039562, -0.078606, -0.17905, 0.14848]],
    ),
]


@pytest.mark.parametrize(("function", "shapes", "values", "gradients"), CASES)
def test_against_pytorchs_numbers(device, function, shapes, values, gradients):
    check_case(function, shapes, values, gradients)


def test_running_statistics_of_instances(device):
    x, mean, var = ct.tensor(numbers(2, 2, 3)), ct.zeros(2), ct.ones(2)
    F.instance_norm(x, mean, var)
    near(mean, 0.1 * numbers(2, 2, 3).mean((0, 2)))
    near(var, 0.9 + 0.1 * numbers(2, 2, 3).var(2, ddof=1).mean(0))
    used = F.instance_norm(x, mean, var, use_input_stats=False)
    assert used.tolist() == F.batch_norm(x, mean, var).tolist()


def test_what_does_not_fit(device):
    with pytest.raises(ShapeError, match="rms_norm"):
        F.rms_norm(ct.ones(2, 3), (2,))
    with pytest.raises(ShapeError, match="group_norm"):
        F.group_norm(ct.ones(2, 3), 2)
    with pytest.raises(ShapeError, match="instance_norm"):
        F.instance_norm(ct.ones(2, 3, 1))
    with pytest.raises(ShapeError, match="local_response_norm"):
        F.local_response_norm(ct.ones(2, 3), 2)


def test_a_batch_without_samples_and_channels(device):
    x, nothing = ct.zeros(0, requires_grad=True), ct.zeros(0)
    found = F.batch_norm(x, nothing, nothing, training=True)
    assert found.shape == (0,)
    assert found.requires_grad


def test_normalized_over_two_axes(device):
    x = ct.tensor(numbers(2, 3, 4))
    squares = (F.normalize(x, 2.0, (1, 2)) ** 2).sum((1, 2))
    near(squares, [1, 1])
