"""The older weight norm."""

import numpy as np
from layers import host

import cltensor as ct
from cltensor import nn


def test_length_and_direction():
    layer = nn.utils.weight_norm(nn.Linear(2, 2))
    assert list(layer.state_dict()) == ["bias", "weight_g", "weight_v"]
    state = {"bias": [0.0, 0.0], "weight_g": [[10.0], [1.0]], "weight_v": [[3.0, 4.0], [0.0, 2.0]]}
    layer.load_state_dict(state)
    out = layer(ct.tensor([[1.0, 1.0]]))
    np.testing.assert_allclose(host(out), [[14, 1]], rtol=1e-6)
    out.sum().backward()
    np.testing.assert_allclose(host(layer.weight_g.grad), [[1.4], [1]], rtol=1e-5)
    np.testing.assert_allclose(
        host(layer.weight_v.grad), [[0.32, -0.24], [0.5, 0]], rtol=1e-4, atol=1e-6
    )
    nn.utils.remove_weight_norm(layer)
    np.testing.assert_allclose(host(layer.weight), [[6, 8], [0, 1]], rtol=1e-6)
    assert nn.utils.weight_norm(nn.Linear(2, 2), dim=None).weight_g.shape == ()
