"""Weights that a hook computes before each forward."""

import copy

import numpy as np
import pytest

import cltensor as ct
from cltensor import nn
from cltensor.nn.utils.recomputed import Recomputed


class Halved(Recomputed):
    def compute_weight(self, module):
        return getattr(module, f"{self.name}_double") / 2

    def split(self, module, weight):
        module.register_parameter(f"{self.name}_double", nn.Parameter(2 * weight.detach()))

    def parts(self):
        return [f"{self.name}_double"]


def test_attached_and_removed():
    layer = nn.Linear(1, 1)
    layer.load_state_dict({"weight": [[3.0]], "bias": [0.0]})
    Halved("weight").attach(layer)
    assert list(layer.state_dict()) == ["bias", "weight_double"]
    assert layer.weight.tolist() == [[3]]
    layer.load_state_dict({"weight_double": [[8.0]], "bias": [0.0]})
    assert layer(ct.ones(1, 1)).tolist() == [[4]]
    with pytest.raises(ValueError, match="Halved: 'weight' of Linear has one already"):
        Halved("weight").attach(layer)
    with pytest.raises(ValueError, match="Halved: Linear has none on 'bias'"):
        Halved.remove(layer, "bias")
    Halved.remove(layer, "weight")
    assert list(layer.state_dict()) == ["bias", "weight"]
    assert layer(ct.ones(1, 1)).tolist() == [[4]]
    with pytest.raises(ValueError, match="Halved: Linear has no parameter 'wait'"):
        Halved("wait").attach(layer)


def test_a_layer_whose_weight_is_computed_can_be_copied():
    layer = nn.utils.weight_norm(nn.Linear(2, 1, bias=False))
    layer.load_state_dict({"weight_g": [[10.0]], "weight_v": [[3.0, 4.0]]})
    x = ct.ones(1, 2)
    layer(x)
    made = copy.deepcopy(layer)
    assert not made.weight.requires_grad
    with ct.no_grad():
        layer.weight_g.zero_()
    np.testing.assert_allclose(made(x).tolist(), [[14]], rtol=1e-6)
    assert layer(x).tolist() == [[0]]
    made(x).backward()
    np.testing.assert_allclose(made.weight_g.grad.tolist(), [[1.4]], rtol=1e-6)
    assert layer.weight_g.grad is None
