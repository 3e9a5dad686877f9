"""Losses against NumPy, and against PyTorch where it is installed: values, gradients, refusals."""

import numpy as np
import pytest

import cltensor as ct
from cltensor import nn
from cltensor.autograd import Variable
from cltensor.errors import DTypeError
from cltensor.nn import functional as F
from cltensor.testing import gradcheck, gradgradcheck

RANDOM = np.random.default_rng(6)
REDUCTIONS = ("mean", "sum", "none")


def array(*shape):
    return RANDOM.standard_normal(shape).astype(np.float32)


def host(x):
    return np.asarray(x.detach())


def leaf(data):
    return Variable(ct.tensor(data), requires_grad=True)


def assert_as_pytorch(name, data, *rest, **options):
    """Value and gradient of F.<name>(data, *rest, **options) equal PyTorch's."""
    torch = pytest.importorskip("torch")

    def given(value, make):
        return make(value) if isinstance(value, np.ndarray) else value

    x = leaf(data)
    tx = torch.tensor(data, requires_grad=True)
    out = getattr(F, name)(
        x,
        *[given(r, ct.tensor) for r in rest],
        **{k: given(v, ct.tensor) for k, v in options.items()},
    )
    wanted = getattr(torch.nn.functional, name)(
        tx,
        *[given(r, torch.tensor) for r in rest],
        **{k: given(v, torch.tensor) for k, v in options.items()},
    )
    assert out.shape == tuple(wanted.shape)
    np.testing.assert_allclose(host(out), wanted.detach(), rtol=1e-5, atol=1e-6)
    out.sum().backward()
    wanted.sum().backward()
    np.testing.assert_allclose(host(x.grad), tx.grad, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("shape", [(6,), (3, 4), (2, 3, 2), ()])
@pytest.mark.parametrize("classes", [5, 1])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_cross_entropy_as_pytorch(shape, classes, reduction):
    scores = 3 * array(*shape[:1], classes, *shape[1:])
    labels = RANDOM.integers(0, classes, shape)
    assert_as_pytorch("cross_entropy", scores, labels, reduction=reduction)
    weight = np.abs(array(classes)) + 0.1
    options = {"reduction": reduction, "weight": weight}
    assert_as_pytorch("cross_entropy", scores, labels, label_smoothing=0.2, **options)
    assert_as_pytorch("nll_loss", scores, labels, **options)
    if shape:
        labels.ravel()[::2] = -100
        labels.ravel()[1] = 0
        assert_as_pytorch("cross_entropy", scores, labels, label_smoothing=0.2, **options)
        labels.ravel()[::2] = 0
        options["ignore_index"] = 0
        labels.ravel()[1] = classes - 1
        assert_as_pytorch("cross_entropy", scores, labels, **options)
        assert_as_pytorch("nll_loss", scores, labels, **options)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_cross_entropy_of_probabilities_as_pytorch(reduction):
    scores, other = array(4, 5, 2), array(4, 5, 2)
    target = np.exp(other) / np.exp(other).sum(1, keepdims=True)
    assert_as_pytorch("cross_entropy", scores, target, reduction=reduction)
    weight = np.abs(array(5))
    assert_as_pytorch(
        "cross_entropy", scores, target, reduction=reduction, weight=weight, label_smoothing=0.1
    )
    assert_as_pytorch("cross_entropy", scores[0, :, 0], target[0, :, 0], reduction=reduction)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_regression_losses_as_pytorch(reduction):
    x, y, weight = array(4, 3), array(4, 3), np.abs(array(4, 3))
    y[0] = x[0]
    for name in ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"):
        assert_as_pytorch(name, x, y, reduction=reduction)
    assert_as_pytorch("smooth_l1_loss", x, y, reduction=reduction, beta=0.3)
    assert_as_pytorch("smooth_l1_loss", x, y, reduction=reduction, beta=0.0)
    assert_as_pytorch("huber_loss", x, y, reduction=reduction, delta=0.3)
    for name in ("mse_loss", "l1_loss", "huber_loss"):
        assert_as_pytorch(name, x, y, reduction=reduction, weight=weight)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_binary_losses_as_pytorch(reduction):
    x = 4 * array(4, 3)
    x[0] = [0, 100, -100]
    y = RANDOM.integers(0, 2, (4, 3)).astype(np.float32)
    p = (1 / (1 + np.exp(-x.astype(np.float64)))).astype(np.float32)
    p[1], y[1] = [0, 1, 0.5], [1, 0, 0.5]
    weight = np.abs(array(4, 3))
    assert_as_pytorch("binary_cross_entropy", p, y, reduction=reduction)
    assert_as_pytorch("binary_cross_entropy", p, y, reduction=reduction, weight=weight)
    name = "binary_cross_entropy_with_logits"
    assert_as_pytorch(name, x, y, reduction=reduction)
    assert_as_pytorch(name, x, y, reduction=reduction, weight=weight, pos_weight=np.abs(array(3)))


def test_cross_entropy_by_hand():
    scores = array(5, 4)
    labels = np.array([0, 3, 1, 1, 2])
    wanted = np.log(np.exp(scores).sum(1)) - scores[np.arange(5), labels]
    x = leaf(scores)
    out = F.cross_entropy(x, ct.tensor(labels))
    assert out.shape == ()
    np.testing.assert_allclose(out.item(), wanted.mean(), rtol=1e-5)
    out.backward()
    p = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    p[np.arange(5), labels] -= 1
    np.testing.assert_allclose(host(x.grad), p / 5, rtol=1e-4, atol=1e-7)
    each = F.cross_entropy(ct.tensor(scores), ct.tensor(labels), reduction="none")
    np.testing.assert_allclose(host(each), wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32", "int64", "uint64"])
def test_labels_of_any_integer_type(dtype):
    labels = np.array([1, 0, 2], dtype)
    scores = ct.tensor(array(3, 3))
    wanted = F.cross_entropy(scores, ct.tensor(labels.astype(np.int64))).item()
    assert F.cross_entropy(scores, ct.tensor(labels)).item() == wanted


def test_cross_entropy_of_views():
    scores, labels = array(6, 4, 5), RANDOM.integers(0, 4, (5, 6))
    x = ct.tensor(scores)[1::2].permute(2, 1, 0)
    y = ct.tensor(labels)[:, 1::2]
    found = F.cross_entropy(x, y).item()
    copied = scores[1::2].transpose(2, 1, 0).copy(), labels[:, 1::2].copy()
    np.testing.assert_allclose(found, F.cross_entropy(*map(ct.tensor, copied)).item(), rtol=1e-6)


def test_cross_entropy_of_large_scores_is_finite():
    scores = leaf(np.array([[1e4, -1e4], [-1e4, 1e4]], np.float32))
    out = F.cross_entropy(scores, ct.tensor([0, 0]))
    assert out.item() == 1e4
    out.backward()
    np.testing.assert_array_equal(host(scores.grad), [[0, 0], [-0.5, 0.5]])


def test_all_labels_ignored_gives_nan_as_pytorch():
    scores = ct.tensor(array(2, 3))
    assert np.isnan(F.cross_entropy(scores, ct.tensor([-100, -100])).item())


@pytest.mark.parametrize("bad", [3, -1, 1 << 20])
@pytest.mark.parametrize("name", ["cross_entropy", "nll_loss"])
def test_a_label_out_of_range_is_reported_at_the_next_read(name, bad):
    scores = leaf(array(4, 3))
    labels = ct.tensor([0, 1, bad, 2])
    loss = getattr(F, name)(scores, labels)
    with pytest.raises(ct.IndexingError, match=rf"{name}.*{bad}"):
        loss.item()
    loss = getattr(F, name)(scores, labels)
    loss.backward()
    with pytest.raises(ct.IndexingError, match=name):
        scores.grad.numpy()
    # One report, and the device goes on.
    assert np.isfinite(getattr(F, name)(scores, ct.tensor([0, 1, 0, 2])).item())


def test_labels_that_do_not_fit_are_refused_at_once():
    scores = ct.zeros(4, 3)
    with pytest.raises(ct.ShapeError, match=r"cross_entropy: labels have shape \(3,\)"):
        F.cross_entropy(scores, ct.tensor([0, 1, 2]))
    with pytest.raises(ct.ShapeError, match=r"go with labels of shape \(4,\)"):
        F.nll_loss(scores, ct.zeros(4, 1, dtype=ct.int64))
    with pytest.raises(ct.DTypeError, match=r"cross_entropy: labels are float32"):
        F.cross_entropy(scores, ct.zeros(4))
    with pytest.raises(ct.ShapeError, match="a scalar"):
        F.cross_entropy(ct.tensor(1.0), ct.tensor(0))
    with pytest.raises(ct.ShapeError, match=r"weight has shape \(2,\)"):
        F.cross_entropy(scores, ct.tensor([0, 1, 2, 0]), weight=ct.ones(2))
    with pytest.raises(ValueError, match="label_smoothing is 2"):
        F.cross_entropy(scores, ct.tensor([0, 1, 2, 0]), label_smoothing=2)


def test_labels_on_another_device_are_refused(other_device):
    with pytest.raises(ct.DeviceError, match=r"cross_entropy: operands are on .*\.to\("):
        F.cross_entropy(ct.zeros(2, 3), ct.tensor([0, 1], device=other_device))


def test_other_refusals():
    x = ct.zeros(3)
    with pytest.raises(ValueError, match="mse_loss: reduction is 'average'"):
        F.mse_loss(x, x, reduction="average")
    with pytest.raises(ValueError, match="MSELoss: reduction is 'average'"):
        nn.MSELoss(reduction="average")
    with pytest.raises(ValueError, match="huber_loss: delta is 0"):
        F.huber_loss(x, x, delta=0)
    with pytest.raises(ValueError, match="smooth_l1_loss: beta is -1"):
        F.smooth_l1_loss(x, x, beta=-1)
    with pytest.raises(ct.ShapeError, match="binary_cross_entropy: the target"):
        F.binary_cross_entropy(x, ct.zeros(2))
    with pytest.raises(ct.ShapeError, match="mse_loss: the weight"):
        F.mse_loss(x, x, weight=ct.ones(2))
    with pytest.warns(UserWarning, match=r"mse_loss: the target has shape \(3, 1\)"):
        F.mse_loss(x, ct.zeros(3, 1))


def test_modules_pass_their_options_on():
    x, y = ct.tensor(array(4, 3)), ct.tensor(array(4, 3))
    p, hits = ct.sigmoid(x), ct.tensor(RANDOM.integers(0, 2, (4, 3)).astype(np.float32))
    labels, weight = ct.tensor([0, 1, 2, 0]), ct.tensor([1.0, 2.0, 3.0])
    pairs = [
        (nn.MSELoss(reduction="sum")(x, y), F.mse_loss(x, y, reduction="sum")),
        (nn.L1Loss(reduction="none")(x, y), F.l1_loss(x, y, reduction="none")),
        (nn.SmoothL1Loss(beta=0.2)(x, y), F.smooth_l1_loss(x, y, beta=0.2)),
        (nn.HuberLoss(delta=0.2)(x, y), F.huber_loss(x, y, delta=0.2)),
        (nn.BCELoss(weight)(p, hits), F.binary_cross_entropy(p, hits, weight)),
        (
            nn.BCEWithLogitsLoss(pos_weight=weight)(x, hits),
            F.binary_cross_entropy_with_logits(x, hits, pos_weight=weight),
        ),
        (nn.NLLLoss(weight, ignore_index=1)(x, labels), F.nll_loss(x, labels, weight, None, 1)),
        (
            nn.CrossEntropyLoss(weight, None, 1, None, "sum", 0.1)(x, labels),
            F.cross_entropy(x, labels, weight, None, 1, None, "sum", 0.1),
        ),
    ]
    for found, wanted in pairs:
        np.testing.assert_array_equal(host(found), host(wanted))
    assert repr(nn.CrossEntropyLoss()) == "CrossEntropyLoss()"
    assert list(nn.CrossEntropyLoss(weight).state_dict()) == ["weight"]


def test_gradients_and_their_gradients(fp64):
    scores = leaf(array(3, 4).astype(np.float64))
    labels = ct.tensor([0, 2, -100])
    weight = ct.tensor(np.array([0.5, 1, 2, 3]))
    for options in ({}, {"weight": weight}, {"label_smoothing": 0.1}):

        def loss(x, options=options):
            return F.cross_entropy(x, labels, **options)

        assert gradcheck(loss, [scores])
        assert gradgradcheck(loss, [scores])
    p = leaf(RANDOM.uniform(0.2, 0.8, (3, 2)))
    y = leaf(RANDOM.uniform(0.2, 0.8, (3, 2)))
    assert gradcheck(F.binary_cross_entropy, [p, y])
    assert gradcheck(F.binary_cross_entropy_with_logits, [p, y])


INF, NAN = float("inf"), float("nan")


def loss_and_slope(function, points):
    x = leaf(np.float32(points))
    out = function(x)
    out.sum().backward()
    return out.tolist(), x.grad.tolist()


def same(got, want):
    np.testing.assert_allclose(np.float32(got), np.float32(want), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("label", [0, 1])
@pytest.mark.parametrize("options", [{}, {"label_smoothing": 0.1}, {"weight": [1.0, 2.0, 0.5]}])
@pytest.mark.parametrize("bad", [NAN, INF])
def test_a_score_that_is_nan_or_infinite_gives_nan(bad, options, label):
    options = {k: ct.tensor(v) if isinstance(v, list) else v for k, v in options.items()}
    got, grad = loss_and_slope(
        lambda x: F.cross_entropy(x, ct.tensor([label]), **options), [[1, bad, 2]]
    )
    same(got, NAN)
    same(grad, [[NAN] * 3])


def test_cross_entropy_of_minus_infinity():
    loss = lambda label: lambda x: F.cross_entropy(x, ct.tensor([label]))  # noqa: E731
    got, grad = loss_and_slope(loss(0), [[1, -INF, 2]])
    same(got, 1.3132617)
    same(grad, [[-0.7310586, 0, 0.7310586]])
    got, grad = loss_and_slope(loss(1), [[1, -INF, 2]])
    same(got, INF)
    same(grad, [[0.2689414, -1, 0.7310586]])
    got, grad = loss_and_slope(loss(0), [[-INF, -INF]])
    same([got, *grad[0]], [NAN] * 3)


def test_an_ignored_row_with_nan_does_not_count():
    got, grad = loss_and_slope(
        lambda x: F.cross_entropy(x, ct.tensor([-100, 0])), [[NAN, 1], [1, 2]]
    )
    same(got, 1.3132617)
    same(grad[1], [-0.7310586, 0.7310586])


def test_nll_loss_of_extremes():
    for bad, label, value, grad in (
        (NAN, 0, -1, [-1, 0, 0]),
        (INF, 1, -INF, [0, -1, 0]),
        (-INF, 1, INF, [0, -1, 0]),
    ):
        got = loss_and_slope(lambda x, i=label: F.nll_loss(x, ct.tensor([i])), [[1, bad, 2]])
        same(got[0], value)
        same(got[1], [grad])


@pytest.mark.parametrize("function", [F.huber_loss, F.smooth_l1_loss])
def test_errors_without_end_have_a_slope(function):
    got, grad = loss_and_slope(
        lambda x: function(x, ct.zeros(5), reduction="none"), [INF, -INF, 2, -0.5, 1]
    )
    same(got, [INF, INF, 1.5, 0.125, 0.5])
    same(grad, [1, -1, 1, -0.5, 1])


def test_binary_cross_entropy_at_0_and_1_and_near():
    target = ct.tensor([0.0, 1.0, 0.0, 1.0])
    got, grad = loss_and_slope(
        lambda x: F.binary_cross_entropy(x, target, reduction="none"), [0, 0, 1, 1]
    )
    same(got, [0, 100, 100, 0])
    same(grad, [0, -1e12, 1e12, 0])
    got, _ = loss_and_slope(lambda x: F.binary_cross_entropy(x, ct.zeros(1)), [1e-9])
    same(got, 1e-9)
    y = leaf(np.float32([0.5, 0.0]))
    F.binary_cross_entropy(ct.tensor([0.3, 0.0]), y, reduction="sum").backward()
    same(y.grad.tolist(), [0.8472979, INF])


@pytest.mark.parametrize("bad", [1.5, -0.5, NAN])
def test_probabilities_out_of_range_are_reported_at_the_next_read(bad):
    half, wrong = ct.tensor([0.5]), ct.tensor([bad])
    for x, y, which in ((wrong, half, "input"), (half, wrong, "target")):
        loss = F.binary_cross_entropy(leaf(x), y)
        with pytest.raises(
            ValueError, match=f"binary_cross_entropy: an element of {which} is not between 0 and 1"
        ):
            loss.item()
    assert np.isfinite(nn.BCELoss()(half, half).item())


@pytest.mark.parametrize(
    ("logit", "target", "value", "slope"),
    [
        (INF, 0, INF, 1),
        (-INF, 1, NAN, -1),
        (1000, 0, 1000, 1),
        (NAN, 0, NAN, NAN),
        (0, 0.5, 0.6931472, 0),
    ],
)
def test_binary_cross_entropy_of_extreme_logits(logit, target, value, slope):
    got, grad = loss_and_slope(
        lambda x: F.binary_cross_entropy_with_logits(x, ct.tensor([float(target)])), [logit]
    )
    same([got, *grad], [value, slope])


@pytest.mark.parametrize(
    "name",
    [
        *("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"),
        *("binary_cross_entropy", "binary_cross_entropy_with_logits"),
    ],
)
def test_the_mean_of_no_losses_is_nan(name):
    x = ct.zeros(0)
    same(getattr(F, name)(x, x).item(), NAN)
    assert getattr(F, name)(x, x, reduction="sum").item() == 0
    assert getattr(F, name)(x, x, reduction="none").shape == (0,)


def test_classification_of_an_empty_batch():
    x, labels = ct.zeros(0, 3), ct.zeros(0, dtype="int64")
    for options in ({}, {"label_smoothing": 0.1}):
        same(F.cross_entropy(x, labels, **options).item(), NAN)
    same(F.cross_entropy(x, ct.zeros(0, 3)).item(), NAN)
    assert F.nll_loss(x, labels, reduction="sum").item() == 0
    with pytest.raises(ct.IndexingError):
        F.cross_entropy(ct.zeros(2, 0), ct.zeros(2, dtype="int64")).item()


def test_targets_and_weights_are_of_the_dtype_of_the_scores(device):
    scores, labels = ct.ones(2, 3), ct.tensor([0, 1])
    with pytest.raises(DTypeError, match="binary_cross_entropy: operands are float32 and int64"):
        F.binary_cross_entropy(ct.ones(2) * 0.5, labels)
    for call in (F.cross_entropy, F.nll_loss):
        with pytest.raises(DTypeError, match=f"{call.__name__}: operands are float32 and int64"):
            call(scores, labels, weight=ct.tensor([1, 1, 1]))
    with pytest.raises(DTypeError, match="cross_entropy: operands are float32 and int64"):
        F.cross_entropy(scores, scores, weight=ct.tensor([1, 1, 1]))


def test_options_of_losses_that_are_no_numbers_are_named(device):
    x = ct.ones(2, 2)
    for call, name in (
        (lambda: F.huber_loss(x, x, delta="a"), "huber_loss: delta"),
        (lambda: F.smooth_l1_loss(x, x, beta=None), "smooth_l1_loss: beta"),
        (lambda: F.cross_entropy(x, x, label_smoothing="a"), "cross_entropy: label_smoothing"),
    ):
        with pytest.raises(ct.DTypeError, match=f"{name} is .*; give a number"):
            call()
