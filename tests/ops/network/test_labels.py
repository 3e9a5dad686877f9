"""Labels: picking the score of each, and what a label out of range says."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import IndexingError
from cltensor.nn import functional as F


@pytest.mark.parametrize("label", [-1, 3])
def test_a_label_out_of_range_is_reported_at_the_next_read(device, label):
    device.synchronize()  # so that no operation of another test is named
    scores = ct.tensor([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]])
    loss = F.cross_entropy(scores, ct.tensor([0, label]))
    message = (
        f"^cross_entropy: label {label} is out of range for 3 classes along axis 1; valid labels "
        "are 0 to 2$"
    )
    with pytest.raises(IndexingError, match=message):
        loss.item()
    assert F.cross_entropy(scores, ct.tensor([2, 0])).item() == pytest.approx(0.407606)


@pytest.mark.parametrize(
    ("dtype", "ignored"), [("int8", -100), ("int8", 1), ("int64", 1), ("int64", 2**40)]
)
def test_gradients_are_zero_where_a_label_is_ignored(device, dtype, ignored):
    labels = ct.tensor([0, ignored, 2], dtype=dtype)
    scores = ct.zeros(3, 3, requires_grad=True)
    F.cross_entropy(scores, labels, ignore_index=ignored, reduction="sum").backward()
    third = 1 / 3
    want = [[third - 1, third, third], [0, 0, 0], [third, third, third - 1]]
    np.testing.assert_allclose(scores.grad.numpy(), want, rtol=1e-6)


def test_one_hot_refuses_negative_labels(device):
    spread = ct.one_hot(ct.tensor([1, -1]), 3)
    with pytest.raises(IndexingError, match="^one_hot: label -1 is out of range for 3 classes"):
        spread.numpy()


def test_labels_where_there_are_no_classes(device):
    """Nothing is read then."""
    loss = F.nll_loss(ct.zeros(2, 0, 3), ct.zeros(2, 3, dtype="int64"), reduction="none")
    with pytest.raises(IndexingError, match="nll_loss: label 0 is out of range for 0 classes"):
        loss.numpy()
    none = F.nll_loss(ct.zeros(2, 0), ct.full((2,), -100, dtype="int64"), reduction="none")
    assert none.tolist() == [0, 0]
