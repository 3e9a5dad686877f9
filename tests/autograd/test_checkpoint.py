"""Calls whose activations are computed anew: the same gradients, less memory."""

from contextlib import contextmanager

import pytest

import cltensor as ct
from cltensor import nn
from cltensor.errors import GradientError
from cltensor.utils.checkpoint import (
    CheckpointError,
    checkpoint,
    checkpoint_sequential,
    noop_context_fn,
    set_checkpoint_early_stop,
)


def network():
    ct.manual_seed(3)
    return nn.Sequential(
        nn.Linear(4, 8), nn.Tanh(), nn.Dropout(0.5), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 2)
    )


def gradients(run, needs=True):
    net = network()
    x = ct.randn(5, 4).requires_grad_(needs)
    run(net, x).square().sum().backward()
    found = [p.grad.tolist() for p in net.parameters()]
    return found, x.grad.tolist() if needs else None, ct.rand(1).item()


@pytest.mark.parametrize("needs", [True, False])
def test_the_same_gradients_and_random_numbers(needs):
    want = gradients(lambda net, x: net(x), needs)
    assert gradients(lambda net, x: checkpoint(net, x), needs) == want
    assert gradients(lambda net, x: checkpoint_sequential(net, 3, x), needs) == want
    assert gradients(lambda net, x: checkpoint(net, x, use_reentrant=False), needs) == want


def test_several_results_keywords_and_things_that_are_no_tensors():
    x, w = ct.tensor([1.0, 2.0], requires_grad=True), ct.tensor([3.0, 4.0], requires_grad=True)

    def f(a, scale=1.0):
        return {"product": a * w * scale, "name": "text", "index": a.argmax(), "other": a + 1}

    found = checkpoint(f, x, scale=2.0)
    assert found["name"] == "text"
    assert found["index"].item() == 1
    found["product"].sum().backward()
    assert x.grad.tolist() == [6.0, 8.0]
    assert w.grad.tolist() == [2.0, 4.0]


def test_second_derivatives_and_nesting():
    x = ct.tensor(2.0, requires_grad=True)
    y = checkpoint(lambda v: checkpoint(lambda u: u**3, v) * v, x)
    (first,) = ct.autograd.grad(y, x, create_graph=True)
    (second,) = ct.autograd.grad(first, x)
    assert (first.item(), second.item()) == (32.0, 48.0)


def test_what_is_captured_inside_a_graph():
    w = ct.tensor(3.0, requires_grad=True)
    scaled = w * 2
    checkpoint(lambda v: v * scaled, ct.tensor(5.0)).backward()
    assert w.grad.item() == 10.0
    w.grad, scaled = None, w * 2  # both go in, and each path counts once
    checkpoint(lambda v: v * scaled + w, ct.tensor(5.0)).backward()
    assert w.grad.item() == 11.0


def test_memory_is_that_of_a_segment(device):
    def peak(run):
        layers = [
            nn.Sequential(*[part for _ in range(4) for part in (nn.Linear(256, 256), nn.Tanh())])
            for _ in range(3)
        ]
        x = ct.randn(512, 256)
        ct.empty_cache()
        ct.reset_peak_memory()
        before = device.pool.in_use
        for layer in layers:
            x = run(layer, x).realize()
        used = device.pool.in_use - before
        x.sum().backward()
        return used

    assert peak(checkpoint) < 0.7 * peak(lambda layer, x: layer(x))


def test_a_pass_keeps_no_gradients_that_went_on(device):
    x = ct.randn(1 << 18, requires_grad=True)
    y = x
    for _ in range(16):
        y = checkpoint(lambda v: v.sin(), y)
    y = y.sum()
    ct.empty_cache()
    ct.reset_peak_memory()
    before = device.pool.in_use
    y.backward()
    assert device.pool.peak - before < 6 * x.nbytes


def test_without_recording_nothing_is_kept():
    x = ct.tensor(2.0, requires_grad=True)
    with ct.no_grad():
        assert not checkpoint(lambda v: v * v, x).requires_grad
    assert not checkpoint(lambda v: v * v, ct.tensor(2.0)).requires_grad
    assert checkpoint(lambda v: v, x) is x


def test_what_is_refused():
    x = ct.tensor([1.0, 2.0], requires_grad=True)
    y = x * 1
    out = checkpoint(lambda v: v * v, y)
    y.add_(1)
    with pytest.raises(GradientError, match="add_ changed it in place"):
        out.sum().backward()
    out = checkpoint(lambda v: v.mul_(2).sin(), x * 1)  # the second call would find another v
    with pytest.raises(GradientError, match="mul_ changed it in place"):
        out.sum().backward()
    sizes = iter([1, 2])
    out = checkpoint(lambda v: v[: next(sizes)] * 1, x)
    with pytest.raises(GradientError, match="do the same each time"):
        out.sum().backward()
    with pytest.raises(ValueError, match="determinism_check is 'some'"):
        checkpoint(lambda v: v, x, determinism_check="some")
    with pytest.raises(ValueError, match="segments is 4"):
        checkpoint_sequential([lambda v: v] * 3, 4, x)


@pytest.mark.parametrize("preserve", [True, False])
def test_recorded_calls(device, counts, preserve):
    def found(through):
        net = network()

        def step(x):
            net.zero_grad()
            out = checkpoint(net, x, preserve_rng_state=preserve)
            out.square().sum().backward()
            return out.detach(), net[0].weight.grad, ct.rand(1)

        call = through(step)
        return [[t.tolist() for t in call(ct.full((5, 4), 1.0 + k))] for k in range(5)]

    assert found(ct.jit) == found(lambda f: f)
    assert counts == {"record": 1, "replay": 3}


def test_the_two_calls_have_contexts_of_their_own():
    seen = []

    @contextmanager
    def noting(name):
        seen.append(name)
        yield

    x = ct.ones(2, requires_grad=True)
    y = checkpoint(ct.exp, x, context_fn=lambda: (noting("first"), noting("second")))
    assert seen == ["first"]
    y.sum().backward()
    assert seen == ["first", "second"]
    with set_checkpoint_early_stop(False):
        checkpoint(ct.exp, x, context_fn=noop_context_fn, early_stop=False).sum().backward()
    assert issubclass(CheckpointError, RuntimeError)
