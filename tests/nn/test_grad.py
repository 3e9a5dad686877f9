"""Gradients of convolutions by themselves."""

import inspect

import pytest

import cltensor as ct
from cltensor import nn
from cltensor.nn import functional as F


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_they_are_those_of_the_convolution(device, axes):
    x = ct.randn(2, 4, *([6] * axes), requires_grad=True)
    weight = ct.randn(6, 2, *([3] * axes), requires_grad=True)
    options = {"stride": 2, "padding": 1, "dilation": 1, "groups": 2}
    out = getattr(F, f"conv{axes}d")(x, weight, None, *options.values())
    g = ct.randn(*out.shape)
    by_input, by_weight = (getattr(nn.grad, f"conv{axes}d_{by}") for by in ("input", "weight"))
    wanted = ct.grad(out, [x, weight], g)
    with ct.no_grad():
        found = by_input(x.shape, weight, g, **options), by_weight(x, weight.shape, g, **options)
    for one, other in zip(found, wanted, strict=True):
        assert not one.requires_grad
        assert ct.allclose(one, other, rtol=1e-4, atol=1e-5)
    assert by_input.__name__ == f"conv{axes}d_input"
    assert list(inspect.signature(by_weight).parameters)[:3] == [
        "input", "weight_size", "grad_output",
    ]  # fmt: skip


def test_they_have_gradients():
    weight = ct.randn(1, 1, 3, requires_grad=True)
    g = ct.ones(1, 1, 4)
    found = nn.grad.conv1d_input((1, 1, 6), weight, g)
    assert ct.grad(found.sum(), weight)[0].tolist() == [[[4, 4, 4]]]
    with pytest.raises(TypeError, match="no keyword 'bias'"):
        nn.grad.conv1d_input((1, 1, 6), weight, g, bias=None)
