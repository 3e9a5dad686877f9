"""Linear and Identity."""

import numpy as np
import pytest
from layers import array, assert_as_pytorch, host

import cltensor as ct
from cltensor import nn

# name, constructor arguments, shape of the input
LAYERS = [
    ("Identity", (), {}, (2, 3)),
    ("Linear", (5, 4), {}, (3, 5)),
    ("Linear", (5, 4), {"bias": False}, (2, 3, 5)),
]


@pytest.mark.parametrize(("name", "args", "options", "shape"), LAYERS)
def test_as_pytorch(name, args, options, shape):
    assert_as_pytorch(name, args, options, shape)


def test_linear():
    layer = nn.Linear(3, 2)
    x = array(4, 5, 3)
    wanted = x @ host(layer.weight).T + host(layer.bias)
    np.testing.assert_allclose(host(layer(ct.tensor(x))), wanted, rtol=1e-5, atol=1e-6)
    assert layer(ct.zeros(3)).shape == (2,)
    assert layer(ct.zeros(0, 3)).shape == (0, 2)
    with pytest.raises(ct.ShapeError, match=r"linear: an input of shape \(2, 4\)"):
        layer(ct.zeros(2, 4))
    assert list(nn.Linear(1, 1, bias=False).state_dict()) == ["weight"]


def test_sizes_that_are_no_integers():
    for given in (("a", 3), (3, 2.5), (-1, 3)):
        with pytest.raises(ct.ShapeError, match=r"Linear: \w+_features is"):
            nn.Linear(*given)
    assert nn.Linear(2, 3, bias=2).bias.shape == (3,)


def test_bilinear():
    layer = nn.Bilinear(2, 3, 4)
    assert repr(layer) == "Bilinear(in1_features=2, in2_features=3, out_features=4, bias=True)"
    bound = 1 / np.sqrt(2)
    values = [host(p) for p in layer.parameters()]
    assert all(abs(v).max() <= bound for v in values)
    a, b = array(5, 2), array(5, 3)
    found = host(layer(ct.tensor(a), ct.tensor(b)))
    np.testing.assert_allclose(
        found, np.einsum("ni,oij,nj->no", a, values[0], b) + values[1], rtol=1e-4, atol=1e-5
    )
    assert nn.Bilinear(2, 3, 4, bias=False).bias is None
