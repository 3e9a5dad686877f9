"""Batch and layer normalization: values, what they remember, gradients, refusals."""

import numpy as np
import pytest
from layers import array, assert_as_pytorch, host

import cltensor as ct
from cltensor import nn
from cltensor.autograd import Variable
from cltensor.nn import functional as F
from cltensor.testing import gradcheck, gradgradcheck

# name, constructor arguments, shape of the input
LAYERS = [
    ("BatchNorm1d", (5,), {}, (6, 5)),
    ("BatchNorm1d", (5,), {"momentum": None}, (3, 5, 4)),
    ("BatchNorm2d", (3,), {}, (4, 3, 5, 2)),
    ("BatchNorm2d", (3,), {"affine": False, "eps": 1e-3}, (4, 3, 5, 2)),
    ("BatchNorm2d", (3,), {"bias": False}, (4, 3, 5, 2)),
    ("BatchNorm2d", (3,), {"track_running_stats": False}, (4, 3, 5, 2)),
    ("LayerNorm", (6,), {}, (3, 4, 6)),
    ("LayerNorm", ((4, 6),), {"bias": False}, (3, 4, 6)),
    ("LayerNorm", (6,), {"elementwise_affine": False}, (3, 6)),
]


@pytest.mark.parametrize(("name", "args", "options", "shape"), LAYERS)
def test_as_pytorch(name, args, options, shape):
    assert_as_pytorch(name, args, options, shape)


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


def test_batch_norm_moves_running_statistics_that_are_variables():
    x = ct.tensor([[1.0], [3.0]])
    mean, var = ct.Variable(ct.zeros(1)), ct.Variable(ct.ones(1))
    F.batch_norm(x, mean, var, training=True, momentum=0.5)
    assert mean.item() == 1
    assert var.item() == 1.5


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


def test_a_training_step_in_evaluation_mode_keeps_batch_norm_differentiable():
    layer = nn.BatchNorm1d(3).eval()
    x = Variable(ct.tensor(array(4, 3)), requires_grad=True)
    layer(x).sum().backward()
    np.testing.assert_allclose(host(x.grad), np.full((4, 3), 1 / np.sqrt(1 + 1e-5)), rtol=1e-5)


def test_an_empty_batch_passes_and_is_not_remembered():
    for shape in ((0, 3), (2, 3, 0)):
        layer = nn.BatchNorm1d(3)
        x = Variable(ct.zeros(shape), requires_grad=True)
        out = layer(x)
        assert out.shape == shape
        out.sum().backward()
        assert x.grad.shape == shape
        assert layer.weight.grad.tolist() == [0, 0, 0]
        assert layer.running_mean.tolist() == [0, 0, 0]
        assert layer.running_var.tolist() == [1, 1, 1]
        assert layer.eval()(ct.zeros(shape)).shape == shape
    assert nn.BatchNorm2d(3)(ct.zeros(0, 3, 2, 2)).shape == (0, 3, 2, 2)
    assert nn.LayerNorm(3)(ct.zeros(0, 3)).shape == (0, 3)
    assert nn.LayerNorm(0)(ct.zeros(2, 0)).shape == (2, 0)


def test_one_value_per_channel_is_no_batch():
    for layer in (nn.BatchNorm1d(3), nn.BatchNorm1d(3, track_running_stats=False).eval()):
        with pytest.raises(ct.ShapeError, match="needs more than one value per channel"):
            layer(ct.zeros(1, 3))
    assert nn.BatchNorm1d(3).eval()(ct.zeros(1, 3)).shape == (1, 3)


def test_momentum_none_averages_all_batches():
    layer = nn.BatchNorm1d(1, momentum=None)
    layer(ct.tensor([[1.0], [3.0]]))
    layer(ct.tensor([[2.0], [6.0]]))
    assert layer.running_mean.tolist() == [3]
    assert layer.running_var.tolist() == [5]
    assert layer.num_batches_tracked.item() == 2
    still = nn.BatchNorm1d(1, momentum=0.0, affine=False)
    assert host(still(ct.tensor([[1.0], [3.0]]))).round(3).tolist() == [[-1], [1]]
    assert (still.running_mean.tolist(), still.running_var.tolist()) == ([0], [1])


def test_nan_stays_in_its_channel():
    out = nn.BatchNorm1d(2)(ct.tensor([[float("nan"), 1.0], [2.0, 3.0]]))
    assert np.isnan(host(out)).tolist() == [[True, False], [True, False]]


def test_another_dtype_than_the_parameters_is_refused(fp64):
    x = ct.zeros(4, 3, dtype="float64")
    for layer in (nn.BatchNorm1d(3), nn.BatchNorm1d(3).eval(), nn.LayerNorm(3)):
        with pytest.raises(ct.DTypeError, match="the input is float64 and .* float32; cast the"):
            layer(x)
        assert layer.to("float64")(x).dtype == ct.float64


@pytest.mark.parametrize("name", ["num_features", "eps", "momentum"])
def test_batch_norm_takes_numbers(name):
    given = {"num_features": 3, name: "a"}
    with pytest.raises((ct.DTypeError, ct.ShapeError), match=f"BatchNorm2d: {name} is 'a'"):
        nn.BatchNorm2d(**given)


def test_running_statistics_that_are_switched_off_or_away():
    layer = nn.BatchNorm1d(1)
    layer.track_running_stats = False
    x = ct.tensor([[1.0], [3.0]])
    assert layer(x).flatten().tolist() == pytest.approx([-1, 1], abs=1e-4)
    assert (layer.running_mean.item(), layer.running_var.item()) == (0, 1)
    assert layer.num_batches_tracked.item() == 0
    assert layer.eval()(x).flatten().tolist() == pytest.approx([1, 3], abs=1e-4)
    layer.running_mean = layer.running_var = None
    assert layer(x).flatten().tolist() == pytest.approx([-1, 1], abs=1e-4)
    counted = nn.BatchNorm1d(1)
    counted.num_batches_tracked = None
    counted(x)
    assert counted.running_mean.item() == pytest.approx(0.2)


def test_instances_and_groups():
    x = array(2, 4, 3)
    by_instance = (x - x.mean(2, keepdims=True)) / np.sqrt(x.var(2, keepdims=True) + 1e-5)
    layer = nn.InstanceNorm1d(4)
    assert layer.weight is None
    assert not layer.state_dict()
    np.testing.assert_allclose(host(layer(ct.tensor(x))), by_instance, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(host(layer(ct.tensor(x[0]))), by_instance[0], rtol=1e-3, atol=1e-4)
    parts = x.reshape(2, 2, 6)
    parts = (parts - parts.mean(2, keepdims=True)) / np.sqrt(parts.var(2, keepdims=True) + 1e-5)
    found = nn.GroupNorm(2, 4)(ct.tensor(x))
    np.testing.assert_allclose(host(found), parts.reshape(x.shape), rtol=1e-3, atol=1e-4)
    with pytest.raises(ct.ShapeError, match="num_groups=3 does not divide num_channels=4"):
        nn.GroupNorm(3, 4)
    with pytest.warns(UserWarning, match="has 4 channels, not 5"):
        nn.InstanceNorm1d(5)(ct.tensor(x))
    with pytest.raises(ct.ShapeError, match="has 4 channels, not 5"):
        nn.InstanceNorm1d(5, affine=True)(ct.tensor(x))


def test_running_statistics_of_instances():
    layer = nn.InstanceNorm2d(1, momentum=0.5, track_running_stats=True)
    layer(ct.tensor([[[[0.0, 2.0]]], [[[4.0, 6.0]]]]))
    assert layer.running_mean.tolist() == [1.5]
    assert layer.running_var.tolist() == [1.5]
    found = layer.eval()(ct.tensor([[[[1.5, 1.5]]]]))
    np.testing.assert_allclose(host(found), 0, atol=1e-6)
    layer.reset_running_stats()
    assert layer.running_mean.tolist() == [0]


def test_volumes():
    x = 3 * array(2, 2, 2, 2, 2)
    for layer in (nn.BatchNorm3d(2), nn.InstanceNorm3d(2)):
        assert abs(host(layer(ct.tensor(x))).mean()) < 1e-5
    with pytest.raises(ct.ShapeError, match="BatchNorm3d: expected 5 dimensions"):
        nn.BatchNorm3d(2)(ct.zeros(2, 2))


def test_root_of_the_mean_square():
    layer = nn.RMSNorm(2)
    assert list(layer.state_dict()) == ["weight"]
    np.testing.assert_allclose(
        host(layer(ct.tensor([[3.0, 4.0]]))), np.array([[3, 4]]) / np.sqrt(12.5), rtol=1e-5
    )
    assert repr(layer) == "RMSNorm((2,), eps=None, elementwise_affine=True)"
    assert nn.RMSNorm(2, elementwise_affine=False).weight is None
