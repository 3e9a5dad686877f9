"""Losses as modules: their options, and PyTorch's older words for them."""

import numpy as np
import pytest
from layers import host

import cltensor as ct
from cltensor import nn

X, Y = [0.0, 1.0, 4.0], [1.0, 1.0, 2.0]


@pytest.mark.parametrize(
    ("loss", "args", "out"),
    [
        (nn.MSELoss(), (X, Y), 5 / 3),
        (nn.L1Loss(reduction="none"), (X, Y), [1, 0, 2]),
        (nn.SmoothL1Loss(reduction="sum", beta=2.0), (X, Y), 1.25),
        (nn.HuberLoss("sum", 2.0), (X, Y), 2.5),
        (nn.KLDivLoss(reduction="batchmean"), ([[-1.0, -2.0]], [[0.5, 0.5]]), 1.5 - np.log(2)),
        (nn.KLDivLoss(None, None, "sum", True), ([[-1.0]], [[0.0]]), 1.0),
        (nn.PoissonNLLLoss(False, reduction="sum"), ([2.0], [3.0]), 2 - 3 * np.log(2)),
        (nn.GaussianNLLLoss(reduction="sum"), ([1.0], [3.0], [4.0]), 0.5 * (np.log(4) + 1)),
    ],
)
def test_values(loss, args, out):
    found = loss(*[ct.tensor(a) for a in args])
    np.testing.assert_allclose(host(found), out, rtol=1e-5)


def test_older_words():
    with pytest.warns(UserWarning, match="use reduction='sum'"):
        assert nn.L1Loss(False).reduction == "sum"
    with pytest.warns(UserWarning, match="use reduction='none'"):
        assert nn.CrossEntropyLoss(None, None, 1, False).reduction == "none"
    assert nn.CrossEntropyLoss(None, None, 1).ignore_index == 1
    with pytest.raises(TypeError, match="MSELoss: size_average is 'sum'.*give reduction by its"):
        nn.MSELoss("sum")
    with pytest.raises(ValueError, match="MSELoss: reduction is 'batchmean'"):
        nn.MSELoss(reduction="batchmean")
    with pytest.warns(FutureWarning, match="NLLLoss2d is deprecated"):
        loss = nn.NLLLoss2d()
    assert loss(ct.full((1, 2, 1, 1), -3.0), ct.tensor([[[1]]])).item() == 3


def test_the_cross_entropy_of_a_linear_map():
    loss = nn.LinearCrossEntropyLoss(3, 4, out_features=(2,), bias=True, ignore_index=0)
    assert list(loss.state_dict()) == ["linear.weight", "linear.bias"]
    assert loss.linear.weight.shape == (8, 3)
    x, labels = ct.ones(5, 3), ct.tensor([[1, 2]] * 5)
    scores = loss.linear(x).reshape(5, 4, 2)
    wanted = nn.functional.cross_entropy(scores, labels, ignore_index=0)
    np.testing.assert_allclose(loss(x, labels).item(), wanted.item(), rtol=1e-5)
    with pytest.raises(ct.ShapeError, match=r"weight has shape \(2,\); give \(4,\)"):
        nn.LinearCrossEntropyLoss(3, 4, weight=ct.ones(2))


def test_labels_without_their_places():
    even = ct.full((2, 1, 2), float(np.log(0.5)))
    given = even, ct.tensor([[1]]), ct.tensor([2]), ct.tensor([1])
    # Three of the four paths of two steps say "1".
    np.testing.assert_allclose(nn.CTCLoss()(*given).item(), -np.log(0.75), rtol=1e-5)
    np.testing.assert_allclose(
        nn.CTCLoss(blank=0, reduction="sum")(*given).item(), -np.log(0.75), rtol=1e-5
    )
    short = even[:1], ct.tensor([[1, 1]]), ct.tensor([1]), ct.tensor([2])
    assert nn.CTCLoss(zero_infinity=True)(*short).item() == 0
