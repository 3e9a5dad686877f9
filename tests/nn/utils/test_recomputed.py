"""Weights that a hook computes before each forward."""

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
