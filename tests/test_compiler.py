"""`ct.compile`: a replay where it is the same as a call, else the call."""

import pytest

import cltensor as ct
from cltensor import nn, optim
from cltensor.compiler import Compiled, CompiledModule


def test_a_function_without_gradients_is_replayed():
    calls = []

    @ct.compile
    def double(x):
        calls.append(1)
        return x * 2

    for k in range(5):
        assert double(ct.tensor([1.0 + k])).item() == 2 + 2 * k
    assert len(calls) < 5


def test_gradients_flow_through_calls():
    w = ct.tensor([3.0], requires_grad=True)
    scaled = ct.compile(lambda x: x * w, mode="max-autotune", fullgraph=True)
    for k in range(5):
        scaled(ct.tensor([float(k)])).sum().backward()
    assert w.grad.item() == 10
    with ct.no_grad():
        found = [scaled(ct.tensor([float(k)])).item() for k in range(5)]
    assert found == [0, 3, 6, 9, 12]


def test_a_training_step_is_replayed(device):
    model = nn.Linear(2, 1)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    calls = []

    @ct.compile(dynamic=False)
    def step(x, y):
        calls.append(1)
        optimizer.zero_grad()
        loss = ((model(x) - y) ** 2).mean()
        loss.backward()
        optimizer.step()
        return loss.detach()

    x, y = ct.ones(4, 2), ct.zeros(4, 1)
    losses = [step(x, y).item() for _ in range(6)]
    assert losses == sorted(losses, reverse=True)
    assert len(calls) < 6


def test_a_module():
    model = nn.Sequential(nn.Linear(2, 3), nn.Dropout(0.5))
    compiled = ct.compile(model)
    assert isinstance(compiled, CompiledModule)
    assert ct.compile(compiled) is compiled
    assert list(compiled.state_dict()) == ["_orig_mod.0.weight", "_orig_mod.0.bias"]
    assert compiled.eval() is compiled
    assert not model.training
    x = ct.ones(1, 2)
    for _ in range(4):
        assert ct.equal(compiled(x), model(x))
    compiled(x).sum().backward()
    assert model[0].weight.grad.tolist() == [[1, 1]] * 3
    assert compiled.append is not None


class Scaler:
    factor = 2

    @ct.compile
    def scale(self, x):
        return x * self.factor


def test_a_method():
    scaler = Scaler()
    assert [scaler.scale(ct.tensor(3)).item() for _ in range(4)] == [6] * 4
    scaler.factor = 5
    assert scaler.scale(ct.tensor(3)).item() == 15


def test_what_is_not_compiled():
    assert ct.compile(abs, disable=True) is abs
    assert ct.compiler.disable(abs) is abs
    assert isinstance(ct.compile()(abs), Compiled)
    assert not ct.compiler.is_compiling()
    ct.compiler.reset()
    with pytest.raises(TypeError, match="a int cannot be called; give a function"):
        ct.compile(3)
