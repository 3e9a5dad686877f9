"""Parameters computed from others."""

import copy
import pickle

import pytest

import cltensor as ct
from cltensor import nn
from cltensor.nn.utils import parametrize


class Doubled(nn.Module):
    calls = 0

    def forward(self, x):
        Doubled.calls += 1
        return 2 * x

    def right_inverse(self, x):
        return x / 2


class Summed(nn.Module):
    def forward(self, a, b):
        return a + b

    def right_inverse(self, x):
        return x - 1, ct.ones_like(x)


def linear():
    layer = nn.Linear(2, 1)
    layer.load_state_dict({"weight": [[2.0, 4.0]], "bias": [0.0]})
    return layer


def test_one_tensor():
    layer = linear()
    kept = layer.weight
    assert parametrize.register_parametrization(layer, "weight", Doubled()) is layer
    assert list(layer.state_dict()) == ["bias", "parametrizations.weight.original"]
    assert layer.parametrizations.weight.original is kept
    assert (kept.tolist(), layer.weight.tolist()) == ([[1, 2]], [[2, 4]])
    layer(ct.ones(1, 2)).sum().backward()
    assert kept.grad.tolist() == [[2, 2]]
    layer.weight = ct.tensor([[6.0, 8.0]])
    assert kept.tolist() == [[3, 4]]
    assert (type(layer).__name__, isinstance(layer, nn.Linear)) == ("ParametrizedLinear", True)
    assert parametrize.type_before_parametrizations(layer) is nn.Linear
    assert "(weight): ParametrizationList" in repr(layer)
    twin = copy.deepcopy(layer)
    parametrize.remove_parametrizations(twin, "weight")
    assert (type(twin), twin.weight.tolist()) == (nn.Linear, [[6, 8]])
    assert parametrize.is_parametrized(layer, "weight")
    parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False)
    assert layer.weight is kept
    assert kept.tolist() == [[3, 4]]
    assert not parametrize.is_parametrized(layer)
    assert list(layer.state_dict()) == ["bias", "weight"]


def test_several():
    layer = parametrize.register_parametrization(linear(), "weight", Summed())
    assert [n for n, _ in layer.named_parameters()] == [
        "bias", "parametrizations.weight.original0", "parametrizations.weight.original1",
    ]  # fmt: skip
    assert layer.weight.tolist() == [[2, 4]]
    parametrize.register_parametrization(layer, "weight", Doubled())
    assert layer.weight.tolist() == [[4, 8]]
    layer.weight = ct.tensor([[6.0, 8.0]])
    assert layer.parametrizations.weight.original0.tolist() == [[2, 3]]
    with pytest.raises(ValueError, match="computed from 2 tensors; use leave_parametrized=True"):
        parametrize.remove_parametrizations(layer, "weight", False)
    parametrize.remove_parametrizations(layer, "weight")
    assert (layer.weight.tolist(), isinstance(layer.weight, nn.Parameter)) == ([[6, 8]], True)


def test_a_block_in_which_each_is_computed_once():
    layer = parametrize.register_parametrization(linear(), "weight", Doubled())
    before = Doubled.calls
    with parametrize.cached(), parametrize.cached():
        assert layer.weight is layer.weight
    assert Doubled.calls == before + 1
    assert layer.weight is not layer.weight


def test_sharing():
    one = parametrize.register_parametrization(linear(), "weight", Doubled())
    other = parametrize.transfer_parametrizations_and_params(one, nn.Linear(2, 1))
    assert other.parametrizations.weight.original is one.parametrizations.weight.original
    assert other.weight.tolist() == [[2, 4]]


def test_refusals():
    class Flat(nn.Module):
        def forward(self, x):
            return x.reshape(-1)

    class Words(nn.Module):
        def forward(self, x):
            return "word"

    with pytest.raises(ct.ShapeError, match=r"gives shape \(2,\) for \(1, 2\)"):
        parametrize.register_parametrization(linear(), "weight", Flat())
    with pytest.raises(ValueError, match="gives a str; it must give a Tensor"):
        parametrize.register_parametrization(linear(), "weight", Words())
    with pytest.raises(ValueError, match="Linear has no parameter or buffer 'wait'"):
        parametrize.register_parametrization(linear(), "wait", Doubled())
    with pytest.raises(ValueError, match="'weight' of Linear is not parametrized"):
        parametrize.remove_parametrizations(linear(), "weight")
    layer = parametrize.register_parametrization(linear(), "weight", Flat(), unsafe=True)
    assert layer.weight.shape == (2,)
    with pytest.raises(TypeError, match="Flat: it has no right_inverse"):
        layer.weight = ct.ones(2)
    with pytest.raises(TypeError, match="is saved by its state_dict"):
        pickle.dumps(layer)
