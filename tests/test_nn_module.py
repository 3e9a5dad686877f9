"""Module: registration, walking, state_dicts, hooks, copies, devices and text."""

import copy
import pickle
from collections import OrderedDict

import numpy as np
import pytest

import cltensor as ct
from cltensor import nn
from cltensor.autograd import Variable


class Net(nn.Module):
    """A little of everything: a child, a list, an own parameter and both kinds of buffer."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 3)
        self.rest = nn.ModuleList([nn.Linear(3, 3, bias=False), nn.BatchNorm1d(3)])
        self.scale = nn.Parameter(ct.ones(3))
        self.register_buffer("shift", ct.zeros(3))
        self.register_buffer("scratch", ct.zeros(2), persistent=False)

    def forward(self, x):
        x = self.first(x)
        for layer in self.rest:
            x = layer(x)
        return x * self.scale + self.shift


NAMES = ["scale", "first.weight", "first.bias", "rest.0.weight", "rest.1.weight", "rest.1.bias"]
STATE = [
    "scale", "shift", "first.weight", "first.bias", "rest.0.weight", "rest.1.weight",
    "rest.1.bias", "rest.1.running_mean", "rest.1.running_var", "rest.1.num_batches_tracked",
]  # fmt: skip


def values(module):
    return {name: value.numpy() for name, value in module.state_dict().items()}


def assert_same(found, wanted):
    assert list(found) == list(wanted)
    for name in wanted:
        np.testing.assert_array_equal(found[name], wanted[name])


def test_parameters_and_buffers_have_dotted_names_in_order():
    net = Net()
    assert [name for name, _ in net.named_parameters()] == NAMES
    assert [name for name, _ in net.named_parameters(recurse=False)] == ["scale"]
    assert next(iter(net.named_parameters(prefix="net")))[0] == "net.scale"
    assert len(list(net.parameters())) == 6
    assert all(p.requires_grad for p in net.parameters())
    assert [name for name, _ in net.named_buffers()] == [
        "shift", "scratch", "rest.1.running_mean", "rest.1.running_var",
        "rest.1.num_batches_tracked",
    ]  # fmt: skip
    assert len(list(net.buffers())) == 5


def test_modules_are_walked_once_each():
    net = Net()
    assert [name for name, _ in net.named_modules()] == ["", "first", "rest", "rest.0", "rest.1"]
    assert [name for name, _ in net.named_children()] == ["first", "rest"]
    assert list(net.children()) == [net.first, net.rest]
    net.again = net.first
    assert sum(1 for m in net.modules() if m is net.first) == 1
    assert len(list(net.parameters())) == 6
    assert "again.weight" in net.state_dict()
    names = [name for name, _ in net.named_parameters(remove_duplicate=False)]
    assert "again.weight" in names
    assert net.get_submodule("rest.1") is net.rest[1]
    assert net.get_submodule("") is net
    with pytest.raises(AttributeError, match=r"get_submodule: Net has no 'nothing'"):
        net.get_submodule("nothing.here")


def test_setting_attributes_registers_and_replaces():
    net = Net()
    net.scale = None
    assert "scale" not in dict(net.named_parameters())
    net.scale = nn.Parameter(ct.zeros(3))
    assert net.scale.numpy is not None
    net.first = nn.Identity()
    assert isinstance(net.first, nn.Identity)
    net.shift = ct.ones(3)
    assert "shift" in net.state_dict()
    net.plain = 5
    net.plain = nn.Linear(1, 1)
    assert "plain" not in net.__dict__
    assert "plain.weight" in net.state_dict()
    del net.plain
    del net.scale
    del net.shift
    assert not hasattr(net, "plain")
    assert not hasattr(net, "scale")
    assert not hasattr(net, "shift")
    assert {"first", "rest", "scratch"} <= set(dir(net))


def test_wrong_attributes_are_refused():
    net = Net()
    with pytest.raises(TypeError, match="Net: attribute 'scale' takes a Parameter or None"):
        net.scale = ct.ones(3)
    with pytest.raises(TypeError, match="Net: attribute 'first' takes a Module or None"):
        net.first = 3
    with pytest.raises(TypeError, match="Net: attribute 'shift' takes a Tensor or None"):
        net.shift = 3
    with pytest.raises(AttributeError, match="'Net' object has no attribute 'nothing'"):
        _ = net.nothing
    with pytest.raises(KeyError, match=r"without '\.'"):
        net.register_buffer("a.b", ct.zeros(1))
    with pytest.raises(KeyError, match="already exists"):
        net.register_parameter("forward", None)
    with pytest.raises(TypeError, match=r"nn\.Parameter"):
        net.register_parameter("weight", ct.zeros(1))
    with pytest.raises(TypeError, match="not a Module"):
        net.add_module("child", ct.zeros(1))

    class Forgetful(nn.Module):
        def __init__(self):
            self.weight = nn.Parameter(ct.ones(1))

    with pytest.raises(AttributeError, match=r"before super\(\).__init__\(\)"):
        Forgetful()
    with pytest.raises(NotImplementedError, match=r"Module: the class defines no forward"):
        nn.Module()(1)


def test_state_dict_is_a_snapshot():
    net = Net()
    state = net.state_dict()
    assert list(state) == STATE
    assert all(isinstance(value, ct.Tensor) for value in state.values())
    before = {name: value.numpy() for name, value in state.items()}
    net(ct.randn(5, 4)).sum().backward()
    ct.optim.SGD(net.parameters(), lr=1.0).step()
    assert_same({name: value.numpy() for name, value in state.items()}, before)
    assert not np.array_equal(net.scale.data.numpy(), before["scale"])
    state["first.bias"][0] = 17
    assert net.first.bias.data.numpy()[0] != 17
    assert net.state_dict(keep_vars=True)["scale"] is net.scale
    assert next(iter(net.state_dict(prefix="net."))) == "net.scale"


def test_load_state_dict_from_tensors_and_arrays():
    source, target = Net(), Net()
    parameter = target.scale
    result = target.load_state_dict(source.state_dict())
    assert result == ([], [])
    assert_same(values(target), values(source))
    assert target.scale is parameter
    arrays = {name: value.astype(np.float64) for name, value in values(Net()).items()}
    target.load_state_dict(arrays)
    assert target.scale.dtype == ct.float32
    assert target.rest[1].num_batches_tracked.dtype == ct.int64
    np.testing.assert_allclose(target.first.weight.data.numpy(), arrays["first.weight"], rtol=1e-6)


def test_load_state_dict_does_not_tie_two_modules():
    source, target = nn.Linear(2, 2), nn.Linear(2, 2)
    target.load_state_dict(source.state_dict())
    kept = target.weight.data.numpy()
    source.weight.data[0] = 100.0
    np.testing.assert_array_equal(target.weight.data.numpy(), kept)


def test_load_state_dict_lists_everything_that_does_not_fit():
    net = Net()
    before = values(net)
    state = net.state_dict()
    del state["first.bias"], state["scale"]
    state["extra"] = ct.zeros(1)
    state["first.weight"] = ct.zeros(7, 4)
    state["shift"] = ct.ones(3)
    with pytest.raises(ct.StateError) as info:
        net.load_state_dict(state)
    message = str(info.value)
    assert message.startswith("load_state_dict: Error(s) in loading state_dict for Net:\n")
    assert 'Missing key(s) in state_dict: "scale", "first.bias"' in message
    assert 'Unexpected key(s) in state_dict: "extra"' in message
    assert "size mismatch for first.weight" in message
    assert "(7, 4)" in message
    assert "(3, 4)" in message
    assert_same(values(net), before)


def test_load_state_dict_not_strict():
    net = Net()
    result = net.load_state_dict({"scale": np.full(3, 2.0), "extra": 1}, strict=False)
    assert result.unexpected_keys == ["extra"]
    given = ("scale", "rest.1.num_batches_tracked")  # the second may be missing
    assert result.missing_keys == [name for name in STATE if name not in given]
    np.testing.assert_array_equal(net.scale.data.numpy(), [2, 2, 2])
    with pytest.raises(ct.StateError, match="size mismatch for scale"):
        net.load_state_dict({"scale": np.zeros(4)}, strict=False)


def test_load_state_dict_refuses_what_is_no_state():
    net = nn.Linear(1, 1)
    with pytest.raises(ct.StateError, match="expected a mapping"):
        net.load_state_dict([1, 2])
    before = values(net)
    with pytest.raises(ct.StateError, match="'bias' holds"):
        net.load_state_dict({"weight": np.zeros((1, 1)), "bias": np.array(["a"])})
    with pytest.raises(ct.StateError, match="'bias' cannot be read"):
        net.load_state_dict({"weight": np.zeros((1, 1)), "bias": [[1], [2, 3]]})
    assert_same(values(net), before)


def test_train_eval_apply_and_freeze():
    net = Net()
    assert net.training
    assert net.eval() is net
    assert not any(m.training for m in net.modules())
    assert all(m.training for m in net.train().modules())
    with pytest.raises(ValueError, match="train: mode"):
        net.train("yes")
    seen = []
    assert net.apply(lambda m: seen.append(type(m).__name__)) is net
    assert seen == ["Linear", "Linear", "BatchNorm1d", "ModuleList", "Net"]
    net.requires_grad_(False)
    assert not any(p.requires_grad for p in net.parameters())
    net.requires_grad_()
    assert all(p.requires_grad for p in net.parameters())


def test_zero_grad():
    net = nn.Linear(2, 1)
    net(ct.ones(1, 2)).sum().backward()
    net.zero_grad(set_to_none=False)
    np.testing.assert_array_equal(net.weight.grad.numpy(), [[0, 0]])
    net.zero_grad()
    assert net.weight.grad is None


def test_gradients_accumulate_over_two_backwards():
    net = nn.Linear(2, 1)
    for _ in range(2):
        net(ct.ones(1, 2)).sum().backward()
    np.testing.assert_array_equal(net.weight.grad.numpy(), [[2, 2]])


def test_hooks_see_and_replace():
    net = nn.Identity()
    calls = []
    before = net.register_forward_pre_hook(lambda m, args: calls.append(("pre", args)))
    after = net.register_forward_hook(lambda m, args, out: calls.append(("post", out)))
    assert net(3) == 3
    assert calls == [("pre", (3,)), ("post", 3)]
    before.remove()
    before.remove()
    after.remove()
    with net.register_forward_pre_hook(lambda m, args: args[0] + 1):
        assert net(1) == 2
    with net.register_forward_pre_hook(lambda m, args: (args[0] + 2,)):
        assert net(1) == 3
    with net.register_forward_hook(lambda m, args, out: out * 10):
        assert net(1) == 10
    assert net(1) == 1
    assert len(calls) == 2


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_are_independent(duplicate):
    net = Net()
    net.tied = net.first
    net.eval()
    twin = duplicate(net)
    assert_same(values(twin), values(net))
    assert twin.tied is twin.first
    assert not twin.training
    assert type(twin.scale) is nn.Parameter
    assert twin.scale.requires_grad
    x = ct.randn(3, 4)
    np.testing.assert_array_equal(twin(x).detach().numpy(), net(x).detach().numpy())
    twin(x).sum().backward()
    assert net.scale.grad is None
    ct.optim.SGD(twin.parameters(), lr=1.0).step()
    assert not np.array_equal(twin.scale.data.numpy(), net.scale.data.numpy())


def test_to_dtype_casts_floats_only_and_training_goes_on(fp64):
    net = Net()
    net(ct.randn(5, 4)).sum().backward()
    assert net.double() is net
    assert net.scale.dtype == net.shift.dtype == net.scale.grad.dtype == ct.float64
    assert net.rest[1].num_batches_tracked.dtype == ct.int64
    net.zero_grad()
    net(ct.randn(5, 4, dtype=ct.float64)).sum().backward()
    assert net.scale.grad.dtype == ct.float64
    assert net.float().scale.dtype == ct.float32
    assert net.to(dtype=np.float64).scale.dtype == ct.float64


def test_to_device_moves_parameters_buffers_and_gradients(other_device):
    net = Net()
    parameter = net.scale
    net(ct.randn(5, 4)).sum().backward()
    assert net.to(other_device.name) is net
    assert net.scale is parameter
    assert all(p.device is p.grad.device is other_device for p in net.parameters())
    assert all(b.device is other_device for b in net.buffers())
    net.zero_grad()
    net(ct.randn(5, 4, device=other_device)).sum().backward()
    assert net.scale.grad.device is other_device
    with pytest.raises(ct.DeviceError, match="operands are on"):
        net(ct.randn(5, 4))
    layer = nn.Linear(2, 2, device=other_device)
    assert layer.weight.device is layer.bias.device is other_device
    state = nn.Linear(2, 2).state_dict()
    layer.load_state_dict(state)
    assert layer.weight.device is other_device


def test_parameter_text_and_class():
    parameter = nn.Parameter(ct.ones(2))
    assert repr(parameter) == "Parameter containing:\ntensor([1., 1.], requires_grad=True)"
    assert isinstance(parameter, Variable)
    assert type(parameter * 2) is Variable
    frozen = nn.Parameter(Variable(ct.ones(2), requires_grad=True), requires_grad=False)
    assert not frozen.requires_grad


def test_repr_shows_the_tree():
    assert repr(Net()) == (
        "Net(\n"
        "  (first): Linear(in_features=4, out_features=3, bias=True)\n"
        "  (rest): ModuleList(\n"
        "    (0): Linear(in_features=3, out_features=3, bias=False)\n"
        "    (1): BatchNorm1d(3, eps=1e-05, momentum=0.1, affine=True, bias=True, "
        "track_running_stats=True)\n"
        "  )\n"
        ")"
    )
    assert repr(nn.ModuleList([nn.Tanh(), nn.Tanh(), nn.ReLU()])) == (
        "ModuleList(\n  (0-1): 2 x Tanh()\n  (2): ReLU()\n)"
    )
    assert repr(nn.Sequential()) == "Sequential()"


def test_sequential():
    layers = nn.Tanh(), nn.ReLU(), nn.Sigmoid()
    net = nn.Sequential(*layers)
    assert len(net) == 3
    assert list(net) == list(layers)
    assert net[-1] is layers[2]
    assert list(net[1:]) == list(layers[1:])
    with pytest.raises(IndexError, match="index 3 is out of range for 3 modules"):
        net[3]
    net[0] = nn.GELU()
    assert isinstance(net[0], nn.GELU)
    assert net.append(nn.Tanh()) is net
    assert len(net) == 4
    named = nn.Sequential(OrderedDict(a=nn.Linear(2, 2), b=nn.ReLU()))
    assert list(named.state_dict()) == ["a.weight", "a.bias"]
    x = ct.randn(3, 2)
    wanted = np.maximum(named.a(x).detach().numpy(), 0)
    np.testing.assert_array_equal(named(x).detach().numpy(), wanted)


def test_module_list_and_dict():
    items = nn.ModuleList([nn.Tanh()])
    items.extend([nn.ReLU(), nn.Sigmoid()])
    items.insert(1, nn.GELU())
    assert [type(m).__name__ for m in items] == ["Tanh", "GELU", "ReLU", "Sigmoid"]
    del items[0]
    items[0] = nn.Identity()
    assert [type(m).__name__ for m in items] == ["Identity", "ReLU", "Sigmoid"]
    assert isinstance(items[1:], nn.ModuleList)
    assert len(items[1:]) == 2
    table = nn.ModuleDict({"a": nn.Linear(1, 1)})
    table["b"] = nn.Tanh()
    assert list(table) == list(table.keys()) == ["a", "b"]
    assert "a" in table
    assert table["b"] is list(table.values())[1] is dict(table.items())["b"]
    assert list(table.state_dict()) == ["a.weight", "a.bias"]
    del table["a"]
    assert len(table) == 1
