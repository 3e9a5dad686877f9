"""Labels: picking the score of each, and what a label out of range says."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import IndexingError
from cltensor.nn import functional as F
from cltensor.ops.network.labels import label_loss
from cltensor.runtime.kernel import Counters


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


def logarithms(x):
    with np.errstate(all="ignore"):
        top = x.max(1, keepdims=True)
        return np.log(np.exp(x - top).sum(1, keepdims=True)) + top


@pytest.mark.parametrize("classes", [1, 3, 10, 32, 33, 100, 1000, 5000])
def test_losses_of_scores_in_one_launch(skeleton, classes):
    rng = np.random.default_rng(classes)
    rows = 2048 // classes if skeleton.is_cpu else 70
    if not rows:
        pytest.skip("more scores than a CPU takes so")
    x = rng.standard_normal((rows, classes)).astype("float32") * 5
    labels = rng.integers(0, classes, rows)
    labels[rows // 3] = -100
    before = Counters.launches
    loss = label_loss(ct.tensor(x), ct.tensor(labels[:, None]), 1, -100, "here")
    assert Counters.launches == before + 1
    want = logarithms(x.astype(float)) - np.take_along_axis(x, labels[:, None] % classes, 1)
    want[rows // 3] = 0
    np.testing.assert_allclose(loss.numpy(), want, rtol=1e-5, atol=2e-5)


@pytest.mark.parametrize("kind", ["int8", "uint8", "int32", "int64"])
def test_losses_of_windows_and_of_what_is_not_finite(skeleton, kind):
    x = np.random.default_rng(1).standard_normal((9, 6)).astype("float32")
    x[1, 2], x[2, 3], x[3, 0], x[4] = np.nan, np.inf, -np.inf, -np.inf
    labels = np.array([0, 1, 2, 3, 4, 3, 2, 1, 0], kind)
    found = F.cross_entropy(
        ct.tensor(x)[:, 1:5], ct.tensor(labels)[:], ignore_index=4, reduction="none"
    ).numpy()
    cut = x[:, 1:5].astype(float)
    want = (logarithms(cut) - np.take_along_axis(cut, labels[:, None].astype(int) % 4, 1))[:, 0]
    want[labels == 4] = 0
    np.testing.assert_allclose(found, want, rtol=1e-5)


def test_losses_where_a_group_is_small(narrow_kernels):
    narrow_kernels(64, "label_loss")
    x = np.random.default_rng(2).standard_normal((5, 3000)).astype("float32")
    found = label_loss(ct.tensor(x), ct.tensor([[1]] * 5), 1, -100, "here")
    np.testing.assert_allclose(found.numpy(), logarithms(x) - x[:, 1:2], rtol=1e-5)


@pytest.mark.parametrize("ignored", [-100, 1])
def test_losses_have_derivatives_of_every_order(skeleton, ignored):
    labels = ct.tensor([[1], [3], [0]])
    x = ct.tensor(np.random.default_rng(3).standard_normal((3, 5)).astype("float32"))
    x.requires_grad_()
    weights = ct.tensor([[1.0], [2.0], [0.5]])

    def composed(x):
        whole = ct.logsumexp(x, 1, True)
        picked = ct.take_along_axis(x, labels, 1)
        return ct.where(labels == ignored, 0.0, whole - picked)

    def slopes(f):
        (first,) = ct.grad((f(x) ** 2 * weights).sum(), [x], create_graph=True)
        (second,) = ct.grad((first**3).sum(), [x])
        return first, second

    found = slopes(lambda x: label_loss(x, labels, 1, ignored, "here"))
    for a, b in zip(found, slopes(composed), strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-4, atol=1e-5)


def test_a_label_out_of_range_in_one_launch(skeleton):
    skeleton.synchronize()
    x, labels = ct.zeros(40, 3), np.zeros(40, int)
    labels[17] = 3
    with pytest.raises(IndexingError, match="^here: label 3 is out of range for 3 classes"):
        label_loss(ct.tensor(x), ct.tensor(labels[:, None]), 1, -100, "here").numpy()


@pytest.mark.parametrize(("rows", "classes"), [(1, 1), (5, 3), (64, 32), (300, 6)])
def test_means_in_one_launch(skeleton, rows, classes):
    rng = np.random.default_rng(rows)
    x = rng.standard_normal((rows, classes)).astype("float32") * 5
    labels = rng.integers(0, classes, rows)
    if rows > 1:
        labels[rows // 3 :: 4] = -100
    before = Counters.launches
    found = F.cross_entropy(ct.tensor(x), ct.tensor(labels))
    assert Counters.launches == before + 1
    each = logarithms(x.astype(float)) - np.take_along_axis(x, labels[:, None] % classes, 1)
    np.testing.assert_allclose(found.item(), each[labels != -100].mean(), rtol=1e-5)


def test_a_mean_of_no_losses(skeleton):
    assert np.isnan(F.cross_entropy(ct.zeros(3, 2), ct.full((3,), -100, dtype="int64")).item())
    one = F.cross_entropy(ct.zeros(2), ct.tensor(1))
    assert one.item() == pytest.approx(np.log(2))


@pytest.mark.parametrize("ignored", [-100, 1])
def test_means_have_derivatives_of_every_order(skeleton, ignored):
    labels = ct.tensor([1, 3, 0])
    x = ct.tensor(np.random.default_rng(3).standard_normal((3, 5)).astype("float32"))
    x.requires_grad_()

    def slopes(reduction):
        loss = F.cross_entropy(x, labels, ignore_index=ignored, reduction=reduction)
        if reduction == "sum":
            loss = loss / (3 - (ignored == 1))
        (first,) = ct.grad(loss**2, [x], create_graph=True)
        (second,) = ct.grad((first**3).sum(), [x])
        return first, second

    for a, b in zip(slopes("mean"), slopes("sum"), strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-4, atol=1e-5)


def test_losses_that_several_kernels_compute(device):
    labels = ct.zeros(4, 1, dtype="int64")
    for x in (ct.zeros(4, 0), ct.zeros(4, 3, 2), ct.zeros(4, 3, dtype="bfloat16")):
        assert label_loss(x, labels, 1, -100, "here") is None
