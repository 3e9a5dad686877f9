"""Losses of distributions and of margins."""

import inspect

import numpy as np
import pytest
from layers import host
from tabled import check_case

import cltensor as ct
from cltensor.errors import ShapeError
from cltensor.nn import functional as F

#: (call, shapes of its operands, results, gradients), PyTorch's.
CASES = [
    (
        lambda x, y: F.kl_div(x, y * y, reduction="batchmean"),
        [(2, 3), (2, 3)],
        [[8.8526]],
        [
            [-1.5312, -0.28125, -1.5312, -0.28125, -0.125, -0.5],
            [-6.7712, -0.24402, -6.7712, -0.88098, -0.056853, -2],
        ],
    ),
    (
        lambda x, y: F.kl_div(x, y, reduction="sum", log_target=True),
        [(2, 3), (2, 3)],
        [[0]],
        [
            [-0.17377, -2.117, -0.17377, -0.47237, -0.60653, -0.36788],
            [0.17377, 2.117, 0.17377, 0.47237, 0.60653, 0.36788],
        ],
    ),
    (
        lambda x, y: F.poisson_nll_loss(x, y * y, full=True, reduction="none"),
        [(2, 3), (2, 3)],
        [[7.3768, 1.6951, 7.3768, 0.89424, 0.73153, 1.3679]],
        [
            [5.0553, 1.1659, 5.0553, 0.0676, -0.17827, 0.63212],
            [18.574, -0.84375, 18.574, 0.84375, 0.25, 2],
        ],
    ),
    (
        lambda x, y: F.poisson_nll_loss(x * x, y, log_input=False),
        [(2, 3), (2, 3)],
        [[1.954]],
        [
            [-0.91667, -0.083333, -0.91667, -0.58333, -0.5, -0.66667],
            [-0.18654, 0.095894, -0.18654, 0.095894, 0.23105, 0],
        ],
    ),
    (
        lambda x, y, z: F.gaussian_nll_loss(x, y, z * z, full=True),
        [(2, 3), (2, 3), (2, 1)],
        [[1.0549]],
        [[0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0], [-0.28571, 0.66667]],
    ),
    (
        lambda x, y: F.hinge_embedding_loss(x, (y > 0) * 2.0 - 1, reduction="none"),
        [(2, 3), (2, 3)],
        [[2.75, 0.75, 2.75, 1.75, 1.5, 2]],
        [[1.75, 0.75, 1.75, 0.75, 0.5, 1], []],
    ),
    (
        lambda x, y: F.margin_ranking_loss(x, y, (x > 0) * 2.0 - 1, 0.5, reduction="none"),
        [(2, 3), (2, 3)],
        [[0.5, 0.5, 0.5, 0.5, 0.5, 0.5]],
        [[-1.75, -0.75, -1.75, -0.75, -0.5, -1], [1.75, 0.75, 1.75, 0.75, 0.5, 1]],
    ),
    (
        lambda x, y: F.soft_margin_loss(x, (y > 0) * 2.0 - 1),
        [(2, 3), (2, 3)],
        [[0.31359]],
        [[0.024675, -0.05347, 0.024675, 0.05347, 0.062923, 0.044824], []],
    ),
    (
        lambda x, y: F.multilabel_soft_margin_loss(x, (y > 0) * 1.0),
        [(2, 3), (2, 3)],
        [[0.31359]],
        [[0.024675, -0.05347, 0.024675, 0.05347, 0.062923, 0.044824], []],
    ),
    (
        lambda x, y, z: F.multi_margin_loss(x, (y > 0).long(), 2, weight=z.detach() ** 2),
        [(2, 3), (2,), (3,)],
        [[6.8392]],
        [[-4.5938, 3.5729, 1.0208, 0.14062, -0.23438, 0.09375], [], []],
    ),
    (
        lambda x, y: F.multilabel_margin_loss(x, (y > 0).long() * 3 - 1),
        [(2, 3), (2, 3)],
        [[0]],
        [[0, 0, 0, 0, 0, 0], []],
    ),
    (
        lambda x, y, z: F.triplet_margin_loss(x, y, z, swap=True),
        [(2, 3), (1, 3), (2, 1)],
        [[0.072873]],
        [[0, 0, 0, 0.56888, -0.11519, 0.54584], [-0.28284, 0.35355, -0.21213], [0, -0.85812]],
    ),
    (
        lambda x, y, z: F.triplet_margin_with_distance_loss(
            x, y, z, distance_function=F.cosine_similarity
        ),
        [(2, 3), (1, 3), (2, 1)],
        [[2.0614]],
        [
            [0.031298, 0.14606, 0.031298, -0.1064, 0.13285, 0.013377],
            [-0.006711, -0.11509, -0.042615],
            [0, -1.0431e-07],
        ],
    ),
    (
        lambda x, y, z: F.cosine_embedding_loss(x, y, (z > 0) * 2.0 - 1, -0.5, reduction="none"),
        [(3, 2), (1, 2), (3,)],
        [[1.5, 0.31034, 0.55872]],
        [[0, 0, 0.11237, -0.26219, 1.3976, -0.69879], [0.47381, 1.1056], []],
    ),
    (
        lambda x, y, z: F.linear_cross_entropy(x, y, ct.tensor([1, 0]), linear_bias=z),
        [(2, 3), (4, 3), (4,)],
        [[1.7938]],
        [
            [-0.4091, 0.50912, -0.30428, 0.37705, -0.58723, 0.41415],
            [
                -0.39627,
                0.51817,
                -0.29025,
                0.42639,
                -0.49951,
                0.32999,
                -0.0001949,
                -0.0001278,
                -0.00025922,
                -0.029932,
                -0.018536,
                -0.039478,
            ],
            [-0.015885, -0.023296, 0.00025838, 0.038922],
        ],
    ),
    (
        lambda x: F.ctc_loss(
            F.log_softmax(x, 2),
            ct.tensor([[1, 2, 2], [3, 1, 0]]),
            ct.tensor([6, 5]),
            ct.tensor([3, 2]),
            reduction="none",
        ),
        [(6, 2, 4)],
        [[5.1848, 5.8525]],
        [
            [
                -0.098695,
                0.48371,
                -0.10355,
                -0.28147,
                -0.2969,
                0.029467,
                0.59185,
                -0.32442,
                0.78638,
                0.028084,
                0.034883,
                -0.84935,
                -0.16152,
                0.44884,
                0.029467,
                -0.31679,
                -0.24304,
                -0.10246,
                0.44905,
                -0.10355,
                -0.043867,
                -0.075637,
                0.031226,
                0.088277,
                1.2941,
                -1.3634,
                0.11048,
                -0.041172,
                -0.27776,
                -0.12902,
                0.41861,
                -0.011828,
                0.7448,
                -0.24532,
                0.59995,
                -1.0994,
                -0.081689,
                -0.36927,
                0.28071,
                0.17026,
                -0.56332,
                -0.13455,
                0.71608,
                -0.01821,
                0,
                0,
                0,
                0,
            ]
        ],
    ),
    (
        lambda x: F.ctc_loss(F.log_softmax(x, 2), ct.tensor([1, 3]), (5, 4), (1, 1)),
        [(5, 2, 4)],
        [[5.3559]],
        [
            [
                -0.20516,
                0.095157,
                0.029584,
                0.080419,
                -0.26137,
                0.019644,
                0.39457,
                -0.15284,
                -0.22434,
                -0.025663,
                0.0073281,
                0.24267,
                -0.14317,
                0.39457,
                0.019644,
                -0.27104,
                -0.33066,
                -0.059341,
                0.36041,
                0.029584,
                -0.0084314,
                0.034322,
                0.020817,
                -0.046708,
                -0.18044,
                0.15691,
                0.011763,
                0.011763,
                -0.29461,
                0.037768,
                0.27907,
                -0.022232,
                -0.29314,
                -0.046773,
                0.025785,
                0.31413,
                0,
                0,
                0,
                0,
            ]
        ],
    ),
    (
        lambda x: F.ctc_loss(
            F.log_softmax(x, 1), ct.tensor([1, 1]), ct.tensor(4), ct.tensor(2), 3, "sum", True
        ),
        [(4, 4)],
        [[3.1301]],
        [
            [
                0.059169,
                -0.22381,
                0.059169,
                0.10547,
                0.064776,
                -0.2642,
                0.78914,
                -0.58971,
                0.48534,
                -0.007383,
                0.014656,
                -0.49262,
                0.1068,
                -0.20919,
                0.039289,
                0.063104,
            ]
        ],
    ),
    (
        lambda x: F.ctc_loss(
            F.log_softmax(x, 2),
            ct.tensor([[1, 1, 1]]),
            ct.tensor([3]),
            ct.tensor([3]),
            zero_infinity=True,
        ),
        [(3, 1, 2)],
        [[0]],
        [[0, 0, 0, 0, 0, 0]],
    ),
]


@pytest.mark.parametrize(("function", "shapes", "values", "gradients"), CASES)
def test_against_pytorchs_numbers(device, function, shapes, values, gradients):
    check_case(function, shapes, values, gradients)


def test_what_does_not_fit(device):
    x, labels = ct.ones(2, 3), ct.tensor([0, 1])
    with pytest.raises(ShapeError, match="gaussian_nll_loss: var has shape"):
        F.gaussian_nll_loss(x, x, ct.ones(3, 2))
    with pytest.raises(ValueError, match="var is -1"):
        F.gaussian_nll_loss(x, x, -1)
    with pytest.raises(ValueError, match="p is 3"):
        F.multi_margin_loss(x, labels, 3)
    with pytest.raises(ValueError, match="triplet_margin_loss: margin is 0"):
        F.triplet_margin_loss(x, x, x, 0)
    with pytest.raises(ShapeError, match="multilabel_margin_loss: the target has shape"):
        F.multilabel_margin_loss(x, labels)
    with pytest.raises(ValueError, match="kl_div: reduction"):
        F.kl_div(x, x, reduction="average")


def test_one_sample(device):
    x = ct.tensor([1.0, 2, 0])
    assert F.multi_margin_loss(x, ct.tensor(1)).item() == 0
    assert F.multilabel_margin_loss(x, ct.tensor([1, -1, 0])).item() == 0
    assert F.gaussian_nll_loss(x, x, 1.0).item() == 0


def test_lengths_must_fit(device):
    x, labels = ct.zeros(3, 1, 2), ct.tensor([[1, 1]])
    for times, counts in (((4,), (2,)), ((3,), (3,)), ((3, 3), (2,))):
        with pytest.raises(ShapeError, match="ctc_loss: log_probs of shape"):
            F.ctc_loss(x, labels, times, counts)


def test_arguments_stand_where_pytorch_has_them():
    x, y, p = ct.rand(4, 3), ct.rand(4, 3), ct.rand(4, 3) + 0.1
    labels, signs = ct.tensor([0, 1, 2, 1]), ct.sign(ct.randn(4))
    pairs = [
        (F.mse_loss(x, y, None, None, "sum"), F.mse_loss(x, y, reduction="sum")),
        (F.smooth_l1_loss(x, y, None, None, "sum", 0.2),
         F.smooth_l1_loss(x, y, reduction="sum", beta=0.2)),
        (F.binary_cross_entropy(p / 2, y, p, None, None, "sum"),
         F.binary_cross_entropy(p / 2, y, p, reduction="sum")),
        (F.binary_cross_entropy_with_logits(x, y, None, None, None, "none", p[0]),
         F.binary_cross_entropy_with_logits(x, y, reduction="none", pos_weight=p[0])),
        (F.kl_div(x, y, None, None, "sum", True),
         F.kl_div(x, y, reduction="sum", log_target=True)),
        (F.poisson_nll_loss(x, y, False, True, None, 0.1, None, "sum"),
         F.poisson_nll_loss(x, y, False, True, eps=0.1, reduction="sum")),
        (F.multi_margin_loss(x, labels, 2, 0.5, None, None, None, "sum"),
         F.multi_margin_loss(x, labels, 2, 0.5, reduction="sum")),
        (F.triplet_margin_loss(x, y, p, 1.0, 2, 1e-6, False, None, None, "sum"),
         F.triplet_margin_loss(x, y, p, reduction="sum")),
        (F.cosine_embedding_loss(x, y, signs, 0.1, None, None, "sum"),
         F.cosine_embedding_loss(x, y, signs, 0.1, reduction="sum")),
    ]  # fmt: skip
    for found, wanted in pairs:
        np.testing.assert_array_equal(host(found), host(wanted))
    with pytest.warns(UserWarning, match="use reduction='sum'"):
        found = F.nll_loss(x, labels, None, False)
    assert found.item() == F.nll_loss(x, labels, reduction="sum").item()
    with pytest.raises(TypeError, match="size_average is 'sum', .* give reduction by its name"):
        F.mse_loss(x, y, "sum")
    with pytest.raises(TypeError, match="'size_average' is given twice"):
        F.mse_loss(x, y, None, size_average=True)
    assert list(inspect.signature(F.cross_entropy).parameters)[3:6] == [
        "size_average", "ignore_index", "reduce",
    ]  # fmt: skip
