"""Layers that learn their input's features at the first input."""

import pytest

import cltensor as ct
from cltensor import nn, optim
from cltensor.errors import ShapeError, StateError

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


@pytest.mark.parametrize("name", LAYERS)
def test_a_state_may_be_loaded_before_the_first_input(name):
    args, shape = LAYERS[name]
    x, make = ct.randn(*shape), getattr(nn, name)
    plain, lazy = make(*args), make(*args)
    plain(x)
    lazy.load_state_dict(make(*args).state_dict())  # as empty as it is
    assert lazy.has_uninitialized_params()
    optimizer = optim.SGD(lazy.parameters(), lr=1.0)
    lazy.load_state_dict(plain.state_dict())
    assert not lazy.has_uninitialized_params()
    plain.eval(), lazy.eval()
    assert ct.equal(lazy(x), plain(x))
    assert type(lazy) is type(plain)
    lazy(x).sum().backward()
    optimizer.step()
    assert not ct.equal(lazy.weight, plain.weight)


def test_a_state_that_does_not_fit_changes_nothing():
    model = nn.Sequential(nn.LazyBatchNorm1d(), nn.Linear(3, 2))
    other = nn.Sequential(nn.BatchNorm1d(3), nn.Linear(4, 2)).state_dict()
    with pytest.raises(StateError, match="size mismatch for 1.weight"):
        model.load_state_dict(other)
    assert model[0].has_uninitialized_params()

    class Refuses(nn.Linear):
        def get_extra_state(self):
            return 1

        def set_extra_state(self, state):
            raise ValueError("no")

    model = nn.Sequential(nn.LazyBatchNorm1d(), Refuses(3, 2))
    with pytest.raises(ValueError, match="no"):
        model.load_state_dict(nn.Sequential(nn.BatchNorm1d(3), Refuses(3, 2)).state_dict())
    assert isinstance(model[0].running_mean, nn.UninitializedBuffer)
    assert isinstance(model[0].weight, nn.UninitializedParameter)
    assert model(ct.ones(2, 3)).shape == (2, 2)


def test_an_input_that_the_loaded_state_is_not_for():
    layer = nn.LazyLinear(3)
    layer.load_state_dict(nn.Linear(4, 3).state_dict())
    with pytest.raises(ShapeError, match=r"\(2, 7\) wants weight of shape .*loaded has \(3, 4\)"):
        layer(ct.ones(2, 7))
    assert layer(ct.ones(2, 4)).shape == (2, 3)


def test_statistics_without_elements_are_moved_and_cast():
    layer = nn.LazyBatchNorm1d().half()
    assert isinstance(layer.running_mean, nn.UninitializedBuffer)
    assert repr(layer.running_mean) == "<UninitializedBuffer>"
    assert layer.running_mean.dtype == ct.float16
    assert "running_mean" not in nn.LazyBatchNorm1d(track_running_stats=False).state_dict()
