"""Attention."""

import pytest
from tabled import check_case, near, numbers

import cltensor as ct
from cltensor.errors import ShapeError
from cltensor.nn import functional as F

#: (call, shapes of its operands, results, gradients), PyTorch's.
CASES = [
    (
        lambda x, y, z: F.scaled_dot_product_attention(x, y, z),
        [(1, 2, 3), (1, 3, 3), (1, 3, 2)],
        [[-1.7493, 0.61358, -1.7214, 0.15843]],
        [
            [-0.05735, 0.067385, -0.04349, 0.092502, -0.18152, 0.062055],
            [
                0.00879,
                0.11002,
                0.043421,
                -0.023254,
                -0.11757,
                -0.062069,
                0.014464,
                0.0075482,
                0.018648,
            ],
            [-2.6575, 0.22479, -0.80154, -0.20807, -0.040958, -0.016718],
        ],
    ),
    (
        lambda x, y, z: F.scaled_dot_product_attention(x, y, z, is_causal=True, scale=0.5),
        [(1, 3, 2), (1, 3, 2), (1, 3, 2)],
        [[-1.75, 0.75, -1.75, -0.20555, -1.2997, -0.53218]],
        [
            [0, 0, -6.322e-08, -0.19509, 0.015302, -0.16578],
            [0.28185, 0.20603, -0.27573, -0.19379, -0.0061207, -0.012241],
            [-2.4878, 0.27252, -1.3321, -0.91229, -0.18011, -0.36023],
        ],
    ),
    (
        lambda x, y, z: F.scaled_dot_product_attention(x, y, z, attn_mask=(x[..., :3] > 1)),
        [(1, 2, 3), (1, 3, 3), (1, 3, 2)],
        [[0, 0, 0, 0]],
        [[0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0]],
    ),
    (
        lambda x, y, z: F.multi_head_attention_forward(
            x, x, x, 2, 2, y, None, None, None, False, 0.0, z, None
        ),
        [(3, 1, 2), (6, 2), (2, 2)],
        [
            [0.77703, 1.504, 0.53154, 1.2801, 1.8324, 2.3828],
            [0.0026862, 0.39742, 0.5999, 0.0083674, 0.35338, 0.63825, 0.15725, 0.18796, 0.65479],
        ],
        [
            [1.9464, -0.85803, 11.891, -4.9133, 0.62116, -13.697],
            [
                -0.25725,
                -2.1878,
                -0.067838,
                0.14867,
                9.0449,
                -3.3318,
                0.0036086,
                0.0142,
                -12.229,
                -5.8883,
                1.1186,
                2.2551,
            ],
            [2.6485, 1.9049, 1.1038, 0.37777],
        ],
    ),
    (
        lambda x, y, z: F.multi_head_attention_forward(
            x,
            y,
            y,
            2,
            1,
            None,
            z,
            None,
            None,
            True,
            0.0,
            ct.eye(2),
            None,
            True,
            ct.tensor([[False, True, False]]),
            True,
            ct.ones(2, 3) / 4,
            True,
            ct.eye(2),
            ct.eye(2),
            ct.eye(2),
        ),
        [(2, 1, 2), (3, 1, 2), (6,)],
        [
            [-2.2409, -0.26228, -2.1955, -0.32586],
            [0.99283, 0, 0.0070344, 0.00013379, 0.9565, 0, 0.043367, 0.00012889],
        ],
        [
            [-0.022508, 0.030249, 0.058427, -0.083447],
            [-3.307, 0.05356, 0, 0, -0.1946, -0.053177],
            [0.035918, -0.053198, -0.0020803, 0.00038662, -3.4995, -3.6322e-06],
        ],
    ),
]


@pytest.mark.parametrize(("function", "shapes", "values", "gradients"), CASES)
def test_against_pytorchs_numbers(device, function, shapes, values, gradients):
    check_case(function, shapes, values, gradients)


def test_nothing_takes_part(device):
    x = ct.tensor(numbers(1, 2, 3))
    mask = ct.tensor([[True, False], [False, False]])
    for given in (mask, ct.where(mask, 0.0, float("-inf"))):
        out = F.scaled_dot_product_attention(x, x, x, attn_mask=given)
        assert out[0].tolist() == [x[0, 0].tolist(), [0, 0, 0]]


def test_fewer_heads_of_keys(device):
    q, k = ct.tensor(numbers(1, 4, 2, 3)), ct.tensor(numbers(1, 2, 2, 3))
    out = F.scaled_dot_product_attention(q, k, k, enable_gqa=True)
    several = k.repeat_interleave(2, 1)
    assert out.tolist() == F.scaled_dot_product_attention(q, several, several).tolist()


def test_what_does_not_fit(device):
    x = ct.ones(1, 2, 3)
    with pytest.raises(ValueError, match="attn_mask with is_causal"):
        F.scaled_dot_product_attention(x, x, x, ct.ones(2, 2), is_causal=True)
    with pytest.raises(ShapeError, match="scaled_dot_product_attention: query has shape"):
        F.scaled_dot_product_attention(x, ct.ones(1, 2, 4), x)


def test_masks_of_heads(device):
    x = ct.tensor(numbers(2, 1, 2))
    weights = (
        ct.tensor(numbers(6, 2)),
        ct.zeros(6),
        None,
        None,
        False,
        0.0,
        ct.eye(2),
        ct.zeros(2),
    )
    mask = ct.tensor([[[False, True], [False, False]]] * 2)
    one, share = F.multi_head_attention_forward(
        x, x, x, 2, 2, *weights, attn_mask=mask, average_attn_weights=False
    )
    assert share.shape == (1, 2, 2, 2)
    assert share[0, :, 0].tolist() == [[1, 0], [1, 0]]
    same, none = F.multi_head_attention_forward(
        x[:, 0], x[:, 0], x[:, 0], 2, 2, *weights, attn_mask=mask, need_weights=False
    )
    assert none is None
    near(same, one.numpy().ravel())
    with pytest.raises(ShapeError, match="in_proj_weight has shape"):
        F.multi_head_attention_forward(x, x, x, 2, 2, ct.ones(2, 2), *weights[1:])
