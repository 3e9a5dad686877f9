"""Layers that learn their input's features at the first input."""

import pytest

import cltensor as ct
from cltensor import nn, optim
from cltensor.errors import ShapeError

LAYERS = {
    "LazyLinear": ((4,), (2, 3)),
    "LazyConv1d": ((4, 3), (2, 3, 8)),
    "LazyConv2d": ((4, 3, 2, 1), (2, 3, 8, 8)),
    "LazyConv3d": ((4, 2), (2, 3, 4, 4, 4)),
    "LazyConvTranspose1d": ((4, 3), (2, 3, 8)),
    "LazyConvTranspose2d": ((4, 3, 2, 1, 1), (2, 3, 5, 5)),
    "LazyConvTranspose3d": ((4, 2), (2, 3, 3, 3, 3)),
    "LazyBatchNorm1d": ((), (4, 3)),
    "LazyBatchNorm2d": ((), (2, 3, 4, 4)),
    "LazyBatchNorm3d": ((1e-3,), (2, 3, 4, 4, 4)),
    "LazyInstanceNorm1d": ((), (2, 3, 4)),
    "LazyInstanceNorm2d": ((), (2, 3, 4, 4)),
    "LazyInstanceNorm3d": ((), (2, 3, 4, 4, 4)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_is_the_plain_layer_then(name):
    args, shape = LAYERS[name]
    x = ct.randn(*shape)
    lazy = getattr(nn, name)(*args)
    held = list(lazy.parameters())
    assert all(isinstance(p, nn.UninitializedParameter) for p in held)
    assert lazy.has_uninitialized_params()
    ct.manual_seed(3)
    found = lazy(x)
    ct.manual_seed(3)
    kind = getattr(nn, name.replace("Lazy", ""))
    options = {"affine": True, "track_running_stats": True} if "InstanceNorm" in name else {}
    plain = kind(3, *args, **options)
    assert type(lazy) is kind
    assert ct.equal(found, plain(x))
    assert list(lazy.state_dict()) == list(plain.state_dict())
    assert all(ct.equal(a, b) for a, b in zip(lazy.parameters(), plain.parameters(), strict=True))
    assert all(a is b for a, b in zip(lazy.parameters(), held, strict=True))
    assert repr(lazy) == repr(plain)


def test_an_optimizer_may_be_made_before():
    model = nn.Sequential(nn.LazyLinear(4), nn.ReLU(), nn.LazyLinear(1, bias=False))
    assert "LazyLinear(4, bias=True" in repr(model)
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    x = ct.ones(3, 5)
    before = model(x).detach().clone()
    for _ in range(3):
        optimizer.zero_grad()
        (model(x) ** 2).sum().backward()
        optimizer.step()
    assert not ct.equal(model(x), before)
    assert model[2].bias is None


def test_dtype_and_device_are_those_that_it_was_moved_to(fp64):
    layer = nn.LazyLinear(2).double()
    assert layer(ct.ones(1, 3, dtype=ct.float64)).dtype == ct.float64
    assert layer.weight.dtype == ct.float64


def test_an_input_without_features():
    with pytest.raises(ShapeError, match="LazyConv2d: an input of shape .* has no axis -3"):
        nn.LazyConv2d(2, 3)(ct.ones(4, 4))
    with pytest.raises(ShapeError, match="LazyBatchNorm1d: an input of shape .* has no axis 1"):
        nn.LazyBatchNorm1d()(ct.ones(4))


def test_pytorchs_further_arguments():
    assert nn.LazyBatchNorm1d(bias=False)(ct.randn(4, 3)).shape == (4, 3)
    layer = nn.LazyBatchNorm2d(bias=False)
    assert list(layer._parameters) == ["weight"]
    layer(ct.randn(1, 2, 3, 3))
    assert layer.bias is None
    turned = nn.LazyConvTranspose1d(2, 3, stride=2)
    assert turned(ct.randn(1, 4, 5), output_size=[12]).shape == (1, 2, 12)
