"""Losses with a margin."""

import numpy as np
import pytest
from layers import host

import cltensor as ct
from cltensor import nn


@pytest.mark.parametrize(
    ("loss", "args", "out"),
    [
        (nn.HingeEmbeddingLoss(), ([0.5, 3.0], [1, -1]), 0.25),
        (nn.MarginRankingLoss(1.0), ([2.0, 0.0], [0.0, 0.5], [1, 1]), 0.75),
        (nn.CosineEmbeddingLoss(0.5), ([[1.0, 0.0]], [[1.0, 0.0]], [-1]), 0.5),
        (nn.SoftMarginLoss(reduction="none"), ([0.0], [1]), [np.log(2)]),
        (nn.MultiMarginLoss(), ([[0.5, 1.0]], [0]), 0.75),
        (nn.MultiMarginLoss(2, weight=ct.tensor([2.0, 1.0])), ([[0.5, 1.0]], [0]), 2.25),
        (nn.MultiLabelMarginLoss(), ([[0.5, 1.0]], [[0, -1]]), 0.75),
        (nn.MultiLabelSoftMarginLoss(), ([[0.0, 0.0]], [[0.0, 1.0]]), np.log(2)),
        (nn.TripletMarginLoss(2.0), ([[0.0]], [[1.0]], [[2.0]]), 1.0),
        (nn.TripletMarginLoss(2.0, swap=True), ([[0.0]], [[1.0]], [[2.0]]), 2.0),
        (nn.TripletMarginWithDistanceLoss(margin=2.0), ([[0.0]], [[1.0]], [[2.0]]), 1.0),
        (
            nn.TripletMarginWithDistanceLoss(distance_function=lambda a, b: (a - b).sum(-1)),
            ([[0.0]], [[1.0]], [[-3.0]]),
            0.0,
        ),
    ],
)
def test_values(loss, args, out):
    found = loss(*[ct.tensor(a) for a in args])
    np.testing.assert_allclose(host(found), out, rtol=1e-5)


def test_refusals():
    with pytest.raises(ValueError, match="TripletMarginLoss: margin is 0; it must be positive"):
        nn.TripletMarginLoss(0)
    with pytest.raises(ValueError, match="MultiMarginLoss: p is 3; use 1 or 2"):
        nn.MultiMarginLoss(3)
    with pytest.raises(ct.ShapeError, match="give one for each class"):
        nn.MultiMarginLoss(weight=ct.ones(2, 2))
