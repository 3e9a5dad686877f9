"""The older spectral norm."""

import numpy as np
from layers import host

import cltensor as ct
from cltensor import nn


def test_the_largest_singular_value_becomes_one():
    layer = nn.utils.spectral_norm(nn.Linear(2, 2, bias=False), n_power_iterations=2)
    assert list(layer.state_dict()) == ["weight_orig", "weight_u", "weight_v"]
    state = {
        "weight_orig": [[2.0, 0.0], [0.0, 4.0]],
        "weight_u": [0.6, 0.8],
        "weight_v": [0.8, 0.6],
    }
    layer.load_state_dict(state)
    assert host(layer.eval()(ct.ones(1, 2))).tolist() == [
        [np.float32(2 / 2.88), np.float32(4 / 2.88)]
    ]
    layer.train()
    for _ in range(6):
        out = layer(ct.ones(1, 2))
    np.testing.assert_allclose(host(out), [[0.5, 1]], rtol=1e-4)
    out.sum().backward()
    assert layer.weight_orig.grad is not None
    nn.utils.remove_spectral_norm(layer)
    np.testing.assert_allclose(host(layer.weight), [[0.5, 0], [0, 1]], rtol=1e-4)
    assert list(layer.state_dict()) == ["weight"]
