"""Layers without initial values."""

import numpy as np
import pytest

import cltensor as ct
from cltensor import nn


def test_a_layer_without_initial_values(device):
    ct.manual_seed(2)
    first = ct.rand(1).item()
    ct.manual_seed(2)
    layer = nn.utils.skip_init(nn.Linear, 3, 2, bias=False, dtype=ct.float32, device=device)
    assert ct.rand(1).item() == first
    assert repr(layer) == "Linear(in_features=3, out_features=2, bias=False)"
    assert layer.weight.device is device
    layer.load_state_dict({"weight": np.ones((2, 3))})
    assert layer(ct.ones(1, 3)).tolist() == [[3, 3]]
    assert np.any(nn.Linear(3, 2).weight.detach().numpy())


def test_classes_that_cannot():
    with pytest.raises(TypeError, match="skip_init: ReLU takes no 'device'"):
        nn.utils.skip_init(nn.ReLU)
    with pytest.raises(TypeError, match="skip_init: .* is no class of modules"):
        nn.utils.skip_init(ct.ones, 3)
