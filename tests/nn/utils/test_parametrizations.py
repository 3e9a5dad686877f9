"""Weight and spectral norm as parametrizations."""

import numpy as np
import pytest
from layers import array, host

import cltensor as ct
from cltensor import nn
from cltensor.nn.utils import parametrizations


def test_weight_norm():
    layer = parametrizations.weight_norm(nn.Linear(2, 2, bias=False))
    assert list(layer.state_dict()) == [
        "parametrizations.weight.original0", "parametrizations.weight.original1",
    ]  # fmt: skip
    layer.load_state_dict(
        dict(zip(layer.state_dict(), ([[10.0], [1.0]], [[3.0, 4.0], [0.0, 2.0]]), strict=True))
    )
    np.testing.assert_allclose(host(layer.weight), [[6, 8], [0, 1]], rtol=1e-6)
    whole = parametrizations.weight_norm(nn.Linear(2, 2), dim=None)
    assert whole.parametrizations.weight.original0.shape == ()


def test_files_of_the_older_weight_norm_can_be_read():
    def made(norm):
        return nn.Sequential(norm(nn.Linear(3, 2)), nn.Sequential(norm(nn.Conv1d(2, 2, 1))))

    older, newer = made(nn.utils.weight_norm), made(parametrizations.weight_norm)
    state = older.state_dict()
    assert "1.0.weight_g" in state
    newer.load_state_dict(state)
    for a, b in ((older[0], newer[0]), (older[1][0], newer[1][0])):
        np.testing.assert_array_equal(host(a.weight), host(b.weight))
    alone = parametrizations.weight_norm(nn.Linear(1, 1, bias=False))
    alone.load_state_dict({"weight_g": [[2.0]], "weight_v": [[-3.0]]})
    assert alone.weight.tolist() == [[-2]]
    del state["0.weight_v"]
    with pytest.raises(ct.StateError, match="Missing.*0.parametrizations.weight.original1"):
        newer.load_state_dict(state)


@pytest.mark.parametrize(
    ("layer", "axis"), [(nn.Linear(4, 3), 0), (nn.ConvTranspose1d(3, 4, 2), 1)]
)
def test_spectral_norm(layer, axis):
    weight = np.moveaxis(host(layer.weight).copy(), axis, 0)
    largest = np.linalg.norm(weight.reshape(len(weight), -1), 2)
    parametrizations.spectral_norm(layer, n_power_iterations=3)
    for _ in range(10):
        found = layer.weight
    np.testing.assert_allclose(
        np.moveaxis(host(found), axis, 0), weight / largest, rtol=0.02, atol=0.01
    )
    kept = {k: v.numpy().copy() for k, v in layer.state_dict().items()}
    layer.eval()
    (layer.weight * ct.tensor(array(*layer.weight.shape))).sum().backward()
    assert layer.parametrizations.weight.original.grad is not None
    for name, value in layer.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), kept[name])


def test_a_vector_is_divided_by_its_length():
    layer = nn.Module()
    layer.weight = nn.Parameter(ct.tensor([3.0, 4.0]))
    parametrizations.spectral_norm(layer)
    np.testing.assert_allclose(host(layer.weight), [0.6, 0.8], rtol=1e-6)
    with pytest.raises(ValueError, match="spectral_norm: Module has no parameter 'bias'"):
        parametrizations.spectral_norm(layer, "bias")
