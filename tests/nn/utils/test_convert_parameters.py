"""Parameters as a vector."""

import pytest

import cltensor as ct
from cltensor import nn


def test_there_and_back():
    layer = nn.Linear(2, 1)
    vector = nn.utils.parameters_to_vector(layer.parameters())
    assert vector.tolist() == [*layer.weight[0].tolist(), *layer.bias.tolist()]
    (vector * ct.tensor([1.0, 2.0, 3.0])).sum().backward()
    assert layer.weight.grad.tolist() == [[1, 2]]
    given = ct.tensor([4.0, 5.0, 6.0])
    nn.utils.vector_to_parameters(given, layer.parameters())
    assert (layer.weight.tolist(), layer.bias.tolist()) == ([[4, 5]], [6])
    given.zero_()
    assert layer.bias.tolist() == [6]


def test_refusals():
    layer = nn.Linear(2, 1)
    with pytest.raises(ct.ShapeError, match=r"vec has shape \(2,\); the parameters take \(3,\)"):
        nn.utils.vector_to_parameters(ct.ones(2), layer.parameters())
    with pytest.raises(TypeError, match="vec is a list; give a Tensor"):
        nn.utils.vector_to_parameters([1.0], layer.parameters())
