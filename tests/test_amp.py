"""Mixed precision: the dtypes inside `autocast`, and what a scaler does with gradients."""

import threading

import numpy as np
import pytest

import cltensor as ct
from cltensor import nn, optim
from cltensor.errors import DeviceError, DTypeError, StateError
from cltensor.nn import functional as F


@pytest.fixture
def kind(device):
    return device.kind


@pytest.fixture
def network(device):
    ct.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 2))


X, Y = np.linspace(-1, 1, 15, dtype=np.float32).reshape(5, 3), np.arange(5) % 2

RESULTS = {
    "matmul": (lambda x: x @ x, True),
    "linear": (lambda x: F.linear(x, x, x[0]), True),
    "conv2d": (lambda x: F.conv2d(x.reshape(1, 1, 3, 3), x[:2, :2].reshape(1, 1, 2, 2)), True),
    "addmm": (lambda x: ct.addmm(x, x, x), True),
    "einsum": (lambda x: ct.einsum("ij,jk->ik", x, x), True),
    "multi_dot": (lambda x: ct.linalg.multi_dot([x, x, x]), True),
    "add": (lambda x: x + x, False),
    "relu": (F.relu, False),
    "softmax": (lambda x: F.softmax(x, 1), False),
    "sum": (lambda x: x.sum(), False),
    "exp": (lambda x: x.exp(), False),
    "mse_loss": (lambda x: F.mse_loss(x, x * 2), False),
    "layer_norm": (lambda x: F.layer_norm(x, (3,)), False),
}


@pytest.mark.parametrize("name", RESULTS)
@pytest.mark.parametrize("dtype", [ct.float16, ct.bfloat16], ids=["float16", "bfloat16"])
def test_of_float32(kind, name, dtype):
    function, is_lower = RESULTS[name]
    x = ct.arange(9.0).reshape(3, 3) / 9
    with ct.autocast(kind, dtype):
        found = function(x)
    assert found.dtype == (dtype if is_lower else ct.float32)
    np.testing.assert_allclose(found.float().numpy(), function(x).numpy(), rtol=2e-2, atol=2e-2)
    assert function(x).dtype == ct.float32, "nothing is left of it"


@pytest.mark.parametrize(
    ("name", "gives"),
    [("matmul", 16), ("add", 16), ("relu", 16), ("softmax", 32), ("sum", 32), ("exp", 32),
     ("mse_loss", 32), ("layer_norm", 32)],
)  # fmt: skip
def test_of_16_bits(kind, name, gives):
    with ct.autocast(kind, ct.bfloat16):
        found = RESULTS[name][0](ct.ones(3, 3, dtype=ct.bfloat16))
    assert found.dtype == (ct.bfloat16 if gives == 16 else ct.float32)


def test_a_sum_that_16_bits_cannot_hold(kind):
    x = ct.full((100,), 1000.0, dtype=ct.float16)
    with ct.autocast(kind, ct.float16):
        assert x.sum().item() == 100_000


def test_float64_and_integers_are_left_alone(kind, fp64):
    with ct.autocast(kind):
        x = ct.ones(2, 2, dtype=ct.float64)
        assert (x @ x).dtype == ct.float64
        i = ct.ones(2, 2, dtype=ct.int64)
        assert (i @ i).dtype == ct.int64


def test_gradients_are_those_of_the_weights(network, kind):
    x, y = ct.tensor(X), ct.tensor(Y)
    F.cross_entropy(network(x), y).backward()
    wanted = [p.grad.numpy().copy() for p in network.parameters()]
    for inside in (False, True):
        network.zero_grad()
        with ct.autocast(kind, ct.bfloat16):
            loss = F.cross_entropy(network(x), y)
            if inside:
                loss.backward()
        if not inside:
            loss.backward()
        for p, gradient in zip(network.parameters(), wanted, strict=True):
            assert p.grad.dtype == ct.float32
            np.testing.assert_allclose(p.grad.numpy(), gradient, atol=2e-2)


def test_blocks_nest_and_other_devices_and_threads_are_left_alone(kind):
    x = ct.ones(2, 2)
    other = "cpu" if kind != "cpu" else "cuda"
    seen = []
    with ct.autocast(kind, ct.float16):
        assert ct.is_autocast_enabled(kind)
        assert ct.get_autocast_dtype(kind) == ct.float16
        with ct.autocast(kind, enabled=False):
            assert (x @ x).dtype == ct.float32
            assert not ct.is_autocast_enabled(kind)
        with ct.autocast(other, ct.bfloat16):
            assert (x @ x).dtype == ct.float16
        with ct.autocast(kind, ct.bfloat16):
            assert (x @ x).dtype == ct.bfloat16
        assert (x @ x).dtype == ct.float16
        thread = threading.Thread(target=lambda: seen.append((x @ x).dtype))
        thread.start()
        thread.join()
    assert seen == [ct.float32]
    assert not ct.is_autocast_enabled(kind)


def test_decorator_and_functions(kind):
    @ct.autocast(kind, ct.float16)
    def product(x):
        return x @ x

    assert product(ct.ones(2, 2)).dtype == ct.float16
    assert ct.amp.is_autocast_available(kind)
    seen = {}

    class Doubled(ct.autograd.Function):
        @staticmethod
        @ct.amp.custom_fwd(device_type=kind, cast_inputs=ct.float32)
        def forward(ctx, x):
            seen["forward"] = x.dtype, (x @ x).dtype
            return x * 2

        @staticmethod
        @ct.amp.custom_bwd(device_type=kind)
        def backward(ctx, g):
            return g * 2

    x = ct.ones(2, 2, requires_grad=True)
    with ct.autocast(kind, ct.float16):
        Doubled.apply(x @ x).sum().backward()
    assert seen["forward"] == (ct.float32, ct.float32)
    assert x.grad.tolist() == [[8, 8], [8, 8]]


def test_jit_and_checkpoint_keep_the_mode(network, kind):
    x = ct.tensor(X)
    call = ct.jit(lambda x: network(x).detach())
    for _ in range(4):
        assert call(x).dtype == ct.float32
        with ct.autocast(kind, ct.bfloat16):
            assert call(x).dtype == ct.bfloat16
    with ct.autocast(kind, ct.bfloat16):
        found = ct.utils.checkpoint.checkpoint(network, x, use_reentrant=False)
    assert found.dtype == ct.bfloat16
    found.float().sum().backward()
    assert network[0].weight.grad.dtype == ct.float32


def test_what_is_refused(kind):
    with pytest.raises(ValueError, match="device_type is 'tpu'; give"):
        ct.autocast("tpu")
    with pytest.raises(DTypeError, match="dtype is float32; give float16 or bfloat16"):
        ct.autocast(kind, ct.float32)
    with pytest.raises(ValueError, match="give one above 1, and one between 0 and 1"):
        ct.amp.GradScaler(growth_factor=1.0)


def test_small_gradients_survive(kind):
    weight = nn.Parameter(ct.ones(2, 2))
    x = ct.full((1, 2), 1e-4)

    def gradient(scaler):
        weight.grad = None
        with ct.autocast(kind, ct.float16):
            loss = F.linear(x, weight).float().sum() * 1e-5
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        return weight.grad.numpy().copy()

    optimizer = optim.SGD([weight], lr=1.0)
    assert not gradient(ct.amp.GradScaler(init_scale=1.0)).any(), "float16 has no such numbers"
    np.testing.assert_allclose(gradient(ct.amp.GradScaler()), 1e-9, rtol=1e-2)


def test_a_step_that_overflows_is_left_out(device):
    weight = nn.Parameter(ct.ones(2))
    optimizer = optim.SGD([weight], lr=0.5)
    scaler = ct.amp.GradScaler(init_scale=8.0, growth_interval=2)
    for factor, wanted, scale in ((1.0, 0.5, 8.0), (ct.inf, 0.5, 4.0), (1.0, 0.0, 4.0),
                                  (1.0, -0.5, 8.0)):  # fmt: skip
        optimizer.zero_grad()
        scaler.scale((weight * factor).sum()).backward()
        scaler.step(optimizer)
        scaler.update()
        assert weight.tolist() == [wanted] * 2
        assert scaler.get_scale() == scale


def test_calls_in_order(device):
    weight = nn.Parameter(ct.ones(2))
    optimizer = optim.SGD([weight], lr=0.5)
    scaler = ct.amp.GradScaler()
    with pytest.raises(StateError, match="no step came before it"):
        scaler.update()
    scaler.scale(weight.sum()).backward()
    scaler.unscale_(optimizer)
    with pytest.raises(StateError, match="were divided since the last"):
        scaler.unscale_(optimizer)
    scaler.step(optimizer)
    with pytest.raises(StateError, match="called twice"):
        scaler.step(optimizer)
    scaler.update(new_scale=2.0)
    other = ct.amp.GradScaler()
    other.load_state_dict(scaler.state_dict())
    assert other.get_scale() == 2.0
    off = ct.amp.GradScaler(enabled=False)
    assert off.state_dict() == {}
    assert off.scale(3) == 3
    with pytest.raises(StateError, match="the state is empty"):
        scaler.load_state_dict({})


@pytest.mark.parametrize("layer", ["LSTM", "GRU", "RNN", "LSTMCell", "GRUCell", "RNNCell"])
def test_recurrent_layers(kind, layer):
    made = getattr(nn, layer)(3, 4)
    x = ct.randn(2, 3) if layer.endswith("Cell") else ct.randn(5, 2, 3)

    def first(found):
        return found[0] if isinstance(found, tuple) else found

    with ct.autocast(kind, ct.bfloat16):
        found = first(made(x))
    assert found.dtype == ct.bfloat16
    right = first(made(x)).detach().numpy()
    np.testing.assert_allclose(found.detach().float().numpy(), right, atol=2e-2)
    found.float().sum().backward()
    assert {p.grad.dtype for p in made.parameters()} == {np.dtype("float32")}


@pytest.mark.parametrize("layer", ["LSTM", "GRU", "RNN"])
def test_recurrent_layers_of_16_bits(kind, layer):
    """As they come from the layer before, with weights that stay float32."""
    made = getattr(nn, layer)(3, 4)
    x = ct.randn(5, 2, 3, requires_grad=True)
    with ct.autocast(kind, ct.float16):
        found = made(x.half())[0]
    assert found.dtype == ct.float16
    right = made(x)[0]
    np.testing.assert_allclose(found.detach().float().numpy(), right.detach().numpy(), atol=2e-3)
    gradients = [ct.autograd.grad(y.float().sum(), [x, *made.parameters()]) for y in (found, right)]
    for a, b in zip(*gradients, strict=True):
        assert a.dtype == ct.float32
        np.testing.assert_allclose(a.numpy(), b.numpy(), atol=2e-2)
    with pytest.raises(ValueError, match="input is float16 and the weights float32"):
        made(x.half())


def test_attention_of_16_bits_takes_no_casts(kind, device, use_skeletons):
    use_skeletons("gpu")
    q, k, v, g = (ct.randn(2, 20, 8).half().realize() for _ in range(4))
    for x in (q, k, v):
        x.requires_grad_()

    def step():
        with ct.autocast(kind, ct.float16):
            out = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return [x.realize() for x in (out, *ct.autograd.grad(out, (q, k, v), g))]

    found = ct.explain(step)
    assert [x.name for x in found] == ["attention_gpu", "reduce_gpu", *["attention_gpu"] * 2]
    assert {x.dtype for x in step()} == {np.dtype("float16")}


def test_what_is_changed_or_written_to_keeps_its_digits(kind):
    weight, out = ct.full((2, 2), 1.001), ct.zeros(2, 2)
    with ct.autocast(kind, ct.bfloat16):
        weight.addmm_(ct.zeros(2, 1), ct.zeros(1, 2))
        ct.matmul(ct.full((2, 2), 1.001), ct.eye(2), out=out)
        ct.exp(ct.zeros(2, 2, dtype=ct.bfloat16), out=ct.zeros(2, 2, dtype=ct.bfloat16))
    assert weight[0, 0].item() == out[0, 0].item() == pytest.approx(1.001, abs=1e-6)


def test_a_scaler_keeps_what_is_wider(fp64):
    scaler = ct.amp.GradScaler(init_scale=4.0)
    assert scaler.scale(ct.tensor(0.1, dtype=ct.float64)).item() == 0.4
    assert scaler.scale(ct.tensor(1 + 2j)).item() == 4 + 8j
    assert scaler.scale([ct.tensor(1.0, dtype=ct.float16)])[0].dtype == ct.float32


def test_gradients_that_a_scaler_refuses(device):
    weight = nn.Parameter(ct.ones(2, dtype=ct.float16))
    optimizer = optim.SGD([weight], lr=0.5)
    with pytest.raises(StateError, match="have no gradient"):
        ct.amp.GradScaler().step(optimizer)
    weight.sum().backward()
    with pytest.raises(DTypeError, match="gradients are float16"):
        ct.amp.GradScaler().step(optimizer)


@pytest.mark.parametrize("method", ["step", "unscale_"])
def test_a_scaler_s_step_inside_a_recorded_call(device, method):
    layer = nn.Linear(2, 1)
    scaler, optimizer = ct.amp.GradScaler(), optim.SGD(layer.parameters(), lr=0.1)

    @ct.jit
    def step(x):
        optimizer.zero_grad()
        scaler.scale(layer(x).sum()).backward()
        getattr(scaler, method)(optimizer)

    step(ct.ones(1, 2))
    scaler.update()
    with pytest.raises(DeviceError, match=rf"scaler\.{method} outside the jitted function"):
        step(ct.ones(1, 2))


def test_a_scaler_that_does_nothing_inside_a_recorded_call(device, counts):
    layer = nn.Linear(2, 1, bias=False)
    scaler = ct.amp.GradScaler(enabled=False)
    optimizer = optim.SGD(layer.parameters(), lr=0.5)
    before = layer.weight.detach().numpy()

    @ct.jit
    def step(x):
        optimizer.zero_grad()
        scaler.scale(layer(x).sum()).backward()
        scaler.step(optimizer)

    for _ in range(4):
        step(ct.ones(1, 2))
    assert counts["replay"] == 2
    np.testing.assert_allclose(layer.weight.detach().numpy(), before - 2)
