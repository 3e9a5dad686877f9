"""Attention."""

import pytest
from tabled import check_case, numbers

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
