"""Losses of distributions and of margins."""

import pytest
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
        F.kl_div(x, x, "average")


def test_one_sample(device):
    x = ct.tensor([1.0, 2, 0])
    assert F.multi_margin_loss(x, ct.tensor(1)).item() == 0
    assert F.multilabel_margin_loss(x, ct.tensor([1, -1, 0])).item() == 0
    assert F.gaussian_nll_loss(x, x, 1.0).item() == 0
