"""Layers against NumPy, and against PyTorch where it is installed: values, gradients, text."""

import numpy as np
import pytest

import cltensor as ct
from cltensor import nn
from cltensor.autograd import Variable
from cltensor.nn import functional as F
from cltensor.testing import gradcheck, gradgradcheck

RANDOM = np.random.default_rng(5)


def array(*shape):
    return RANDOM.standard_normal(shape).astype(np.float32)


def host(x):
    return np.asarray(x.detach())


# name, constructor arguments, shape of the input, tolerance
LAYERS = [
    ("Identity", (), {}, (2, 3)),
    ("Linear", (5, 4), {}, (3, 5)),
    ("Linear", (5, 4), {"bias": False}, (2, 3, 5)),
    ("Conv2d", (3, 4, 3), {}, (2, 3, 7, 6)),
    ("Conv2d", (4, 6, (3, 2)), {"stride": 2, "padding": (1, 0), "groups": 2}, (2, 4, 7, 8)),
    ("Conv2d", (2, 3, 3), {"padding": "same", "dilation": 2, "bias": False}, (1, 2, 8, 8)),
    ("Conv2d", (2, 3, 3), {"padding": "valid"}, (1, 2, 8, 8)),
    ("ConvTranspose2d", (3, 4, 3), {}, (2, 3, 5, 6)),
    ("ConvTranspose2d", (4, 6, (3, 2)), {"stride": 2, "output_padding": 1}, (1, 4, 3, 4)),
    ("ConvTranspose2d", (4, 6, 3, 2, 1), {"groups": 2, "bias": False}, (2, 4, 5, 3)),
    ("ConvTranspose2d", (2, 3, 3), {"dilation": 2, "padding": 1}, (1, 2, 5, 5)),
    ("MaxPool2d", (2,), {}, (2, 3, 6, 8)),
    ("MaxPool2d", (3,), {"stride": 2, "padding": 1}, (2, 3, 7, 8)),
    ("AvgPool2d", (2,), {}, (2, 3, 6, 8)),
    ("AvgPool2d", (3,), {"stride": 2, "padding": 1}, (2, 3, 7, 8)),
    ("AdaptiveAvgPool2d", (1,), {}, (2, 3, 6, 8)),
    ("AdaptiveAvgPool2d", ((3, 4),), {}, (2, 3, 6, 8)),
    ("AdaptiveAvgPool2d", ((None, 2),), {}, (2, 3, 6, 8)),
    ("BatchNorm1d", (5,), {}, (6, 5)),
    ("BatchNorm1d", (5,), {"momentum": None}, (3, 5, 4)),
    ("BatchNorm2d", (3,), {}, (4, 3, 5, 2)),
    ("BatchNorm2d", (3,), {"affine": False, "eps": 1e-3}, (4, 3, 5, 2)),
    ("BatchNorm2d", (3,), {"bias": False}, (4, 3, 5, 2)),
    ("BatchNorm2d", (3,), {"track_running_stats": False}, (4, 3, 5, 2)),
    ("LayerNorm", (6,), {}, (3, 4, 6)),
    ("LayerNorm", ((4, 6),), {"bias": False}, (3, 4, 6)),
    ("LayerNorm", (6,), {"elementwise_affine": False}, (3, 6)),
    ("Flatten", (), {}, (2, 3, 4)),
    ("Flatten", (0, 1), {}, (2, 3, 4)),
    ("Unflatten", (1, (2, 3)), {}, (4, 6)),
    ("ReLU", (), {}, (3, 4)),
    ("ReLU6", (), {}, (3, 4)),
    ("LeakyReLU", (0.2,), {}, (3, 4)),
    ("ELU", (0.7,), {}, (3, 4)),
    ("SiLU", (), {}, (3, 4)),
    ("GELU", (), {}, (3, 4)),
    ("GELU", (), {"approximate": "tanh"}, (3, 4)),
    ("Tanh", (), {}, (3, 4)),
    ("Sigmoid", (), {}, (3, 4)),
    ("Softplus", (), {}, (3, 4)),
    ("Softplus", (2.0,), {}, (3, 4)),
    ("Softmax", (1,), {}, (3, 4)),
    ("LogSoftmax", (0,), {}, (3, 4)),
]


@pytest.mark.parametrize(("name", "args", "options", "shape"), LAYERS)
def test_as_pytorch(name, args, options, shape):
    torch = pytest.importorskip("torch")
    theirs = getattr(torch.nn, name)(*args, **options)
    ours = getattr(nn, name)(*args, **options)
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours.load_state_dict(theirs.state_dict())
    for training in (True, True, False):
        ours.train(training)
        theirs.train(training)
        data = 3 * array(*shape)
        x = Variable(ct.tensor(data), requires_grad=True)
        tx = torch.tensor(data, requires_grad=True)
        out, wanted = ours(x), theirs(tx)
        np.testing.assert_allclose(host(out), wanted.detach(), rtol=1e-5, atol=1e-5)
        weights = array(*wanted.shape)
        ours.zero_grad()
        theirs.zero_grad()
        (out * ct.tensor(weights)).sum().backward()
        (wanted * torch.tensor(weights)).sum().backward()
        np.testing.assert_allclose(host(x.grad), tx.grad, rtol=1e-4, atol=2e-5)
        for (key, p), q in zip(ours.named_parameters(), theirs.parameters(), strict=True):
            np.testing.assert_allclose(host(p.grad), q.grad, rtol=1e-4, atol=1e-4, err_msg=key)
    for (key, value), other in zip(
        ours.state_dict().items(), theirs.state_dict().values(), strict=True
    ):
        np.testing.assert_allclose(value.numpy(), other, rtol=1e-5, atol=1e-6, err_msg=key)


def test_linear():
    layer = nn.Linear(3, 2)
    x = array(4, 5, 3)
    wanted = x @ host(layer.weight).T + host(layer.bias)
    np.testing.assert_allclose(host(layer(ct.tensor(x))), wanted, rtol=1e-5, atol=1e-6)
    assert layer(ct.zeros(3)).shape == (2,)
    assert layer(ct.zeros(0, 3)).shape == (0, 2)
    with pytest.raises(ct.ShapeError, match=r"linear: an input of shape \(2, 4\)"):
        layer(ct.zeros(2, 4))
    assert list(nn.Linear(1, 1, bias=False).state_dict()) == ["weight"]


def test_conv2d_checks_its_arguments():
    with pytest.raises(ct.ShapeError, match="groups=2 does not divide"):
        nn.Conv2d(3, 4, 3, groups=2)
    with pytest.raises(ValueError, match="padding_mode is 'reflect'"):
        nn.Conv2d(3, 4, 3, padding_mode="reflect")
    with pytest.raises(ct.ShapeError, match="conv2d"):
        nn.Conv2d(3, 4, 3)(ct.zeros(1, 2, 8, 8))


def test_a_transposed_convolution_is_the_adjoint_of_the_convolution():
    down, up = nn.Conv2d(3, 4, 3, 2, 1, bias=False), nn.ConvTranspose2d(4, 3, 3, 2, 1, bias=False)
    up.weight.data = down.weight.data
    x, y = ct.tensor(array(2, 3, 7, 5)), ct.tensor(array(2, 4, 4, 3))
    np.testing.assert_allclose((down(x) * y).sum().item(), (x * up(y)).sum().item(), rtol=1e-4)
    with pytest.raises(ct.ShapeError, match="ConvTranspose2d: groups=2 does not divide"):
        nn.ConvTranspose2d(3, 4, 3, groups=2)


def test_conv2d_of_ones_counts_the_window():
    layer = nn.Conv2d(2, 1, 3, padding=1)
    nn.init.ones_(layer.weight)
    nn.init.constant_(layer.bias, 0.5)
    found = host(layer(ct.ones(1, 2, 3, 3)))[0, 0]
    np.testing.assert_array_equal(found, [[8.5, 12.5, 8.5], [12.5, 18.5, 12.5], [8.5, 12.5, 8.5]])


def test_pooling():
    x = np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4)
    found = host(nn.MaxPool2d(2)(ct.tensor(x)))[0, 0]
    np.testing.assert_array_equal(found, [[5, 7], [13, 15]])
    found = host(nn.AvgPool2d(2)(ct.tensor(x)))[0, 0]
    np.testing.assert_array_equal(found, [[2.5, 4.5], [10.5, 12.5]])
    found = host(nn.AdaptiveAvgPool2d(1)(ct.tensor(x)))
    np.testing.assert_array_equal(found, [[[[7.5]]]])
    with pytest.raises(ct.ShapeError, match="adaptive_avg_pool2d: 3 x 3 windows"):
        nn.AdaptiveAvgPool2d(3)(ct.tensor(x))


def test_batch_norm_uses_the_batch_and_then_what_it_remembers():
    layer = nn.BatchNorm2d(2)
    x = 3 * array(8, 2, 4, 4) + 5
    out = host(layer(ct.tensor(x)))
    np.testing.assert_allclose(out.mean((0, 2, 3)), 0, atol=1e-5)
    np.testing.assert_allclose(out.std((0, 2, 3)), 1, rtol=1e-4)
    mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), ddof=1)
    np.testing.assert_allclose(layer.running_mean.numpy(), 0.1 * mean, rtol=1e-4)
    np.testing.assert_allclose(layer.running_var.numpy(), 0.9 + 0.1 * var, rtol=1e-4)
    assert layer.num_batches_tracked.item() == 1
    layer.eval()
    wanted = (x - 0.1 * mean[:, None, None]) / np.sqrt(0.9 + 0.1 * var + 1e-5)[:, None, None]
    np.testing.assert_allclose(host(layer(ct.tensor(x))), wanted, rtol=1e-3, atol=1e-4)
    assert layer.num_batches_tracked.item() == 1
    layer.reset_running_stats()
    assert layer.num_batches_tracked.item() == 0
    np.testing.assert_array_equal(layer.running_var.numpy(), [1, 1])


def test_batch_norm_large_mean_keeps_its_digits():
    x = array(64, 1, 4, 4) + 1000
    out = host(nn.BatchNorm2d(1)(ct.tensor(x)))
    wanted = (x.astype(np.float64) - x.mean(dtype=np.float64)) / x.std(dtype=np.float64)
    np.testing.assert_allclose(out, wanted, atol=2e-3)


def test_batch_norm_refuses():
    layer = nn.BatchNorm1d(3)
    with pytest.raises(ct.ShapeError, match=r"BatchNorm1d: expected 2 or 3 dimensions"):
        layer(ct.zeros(2, 3, 4, 5))
    with pytest.raises(ct.ShapeError, match="has 4 channels, running_mean"):
        layer(ct.zeros(2, 4))
    before = layer.running_mean.numpy()
    with pytest.raises(ct.ShapeError, match="more than one value per channel"):
        layer(ct.zeros(1, 3))
    np.testing.assert_array_equal(layer.running_mean.numpy(), before)
    with pytest.raises(ValueError, match="evaluation needs running_mean"):
        F.batch_norm(ct.zeros(2, 3), None, None)
    assert layer.eval()(ct.zeros(1, 3)).shape == (1, 3)


def test_batch_norm_gradients(fp64):
    def function(x, weight, bias):
        return F.batch_norm(x, None, None, weight, bias, training=True)

    inputs = [
        Variable(ct.tensor(array(*shape).astype(np.float64)), requires_grad=True)
        for shape in ((4, 3, 2, 2), (3,), (3,))
    ]
    assert gradcheck(function, inputs)
    assert gradgradcheck(function, inputs)


def test_layer_norm_gradients(fp64):
    inputs = [
        Variable(ct.tensor(array(*shape).astype(np.float64)), requires_grad=True)
        for shape in ((3, 4), (4,), (4,))
    ]
    assert gradcheck(lambda x, w, b: F.layer_norm(x, (4,), w, b), inputs)
    with pytest.raises(ct.ShapeError, match=r"layer_norm: .* does not end in \(5,\)"):
        nn.LayerNorm(5)(ct.zeros(2, 4))


def test_dropout():
    ct.manual_seed(1)
    layer = nn.Dropout(0.25)
    x = ct.ones(200, 200)
    out = host(layer(x))
    assert set(np.unique(out)) == {np.float32(0), np.float32(1 / 0.75)}
    np.testing.assert_allclose((out == 0).mean(), 0.25, atol=0.01)
    assert not np.array_equal(host(layer(x)), out)
    ct.manual_seed(1)
    np.testing.assert_array_equal(host(layer(x)), out)
    assert layer.eval()(x) is x
    assert (host(F.dropout(x, 1.0)) == 0).all()
    assert F.dropout(x, 0.0) is x
    assert repr(layer) == "Dropout(p=0.25, inplace=False)"
    with pytest.raises(ValueError, match=r"Dropout: p is 1\.5"):
        nn.Dropout(1.5)


def test_dropout_masks_the_gradient_like_the_value():
    x = Variable(ct.ones(50, 50), requires_grad=True)
    out = nn.Dropout(0.5)(x)
    out.sum().backward()
    np.testing.assert_array_equal(host(x.grad), host(out))


def test_dropout2d_drops_whole_channels():
    out = host(nn.Dropout2d(0.5)(ct.ones(10, 20, 3, 3)))
    assert (out == out[:, :, :1, :1]).all()
    assert 0 < (out == 0).mean() < 1


def test_activations_at_extreme_values():
    x = np.array([-1e4, -100, -1e-3, 0, 1e-3, 100, 1e4, np.inf, -np.inf, np.nan], np.float32)
    v = Variable(ct.tensor(x[:-3]), requires_grad=True)
    for function in (F.relu, F.elu, F.leaky_relu, F.sigmoid, F.tanh, F.softplus, F.gelu, F.silu):
        out = function(v)
        assert np.isfinite(host(out)).all(), function.__name__
        v.grad = None
        out.sum().backward()
        assert np.isfinite(host(v.grad)).all(), function.__name__
    np.testing.assert_array_equal(host(F.relu(ct.tensor(x)))[-3:], [np.inf, 0, np.nan])
    np.testing.assert_array_equal(host(F.hardtanh(ct.tensor(x), -2, 2))[-3:], [2, -2, np.nan])


def test_in_place_activations_leave_their_input_alone():
    x = Variable(ct.tensor([-1.0, 2.0]), requires_grad=True)
    layer = nn.ReLU(inplace=True)
    assert repr(layer) == "ReLU(inplace=True)"
    np.testing.assert_array_equal(host(layer(x)), [0, 2])
    np.testing.assert_array_equal(host(x), [-1, 2])


def test_softmax_of_large_scores():
    out = host(F.softmax(ct.tensor([[1000.0, 1000.0], [-1000.0, 1000.0]]), 1))
    np.testing.assert_allclose(out, [[0.5, 0.5], [0, 1]])


def test_a_training_step_in_evaluation_mode_keeps_batch_norm_differentiable():
    layer = nn.BatchNorm1d(3).eval()
    x = Variable(ct.tensor(array(4, 3)), requires_grad=True)
    layer(x).sum().backward()
    np.testing.assert_allclose(host(x.grad), np.full((4, 3), 1 / np.sqrt(1 + 1e-5)), rtol=1e-5)
