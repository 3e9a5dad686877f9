"""Module: registration, walking, states, hooks, copies, devices and text."""

import copy
import pickle

import numpy as np
import pytest
from networks import NAMES, Net, assert_same, values

import cltensor as ct
from cltensor import nn


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
    assert net.get_parameter("rest.1.weight") is net.rest[1].weight
    assert net.get_parameter("scale") is net.scale
    assert net.get_buffer("rest.1.running_mean") is net.rest[1].running_mean
    with pytest.raises(AttributeError, match=r"get_parameter: BatchNorm\w+ has no parameter 'b'"):
        net.get_parameter("rest.1.b")
    with pytest.raises(AttributeError, match=r"get_buffer: Net has no buffer 'scale'"):
        net.get_buffer("scale")


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


def test_a_module_takes_the_place_of_another():
    net, other = Net(), nn.Identity()
    net.set_submodule("rest.1", other)
    assert net.rest[1] is other
    net.set_submodule("first", other, strict=True)
    assert net.first is other
    net.set_submodule("rest.new", other)
    assert net.get_submodule("rest.new") is other
    for target, strict in (("scale", False), ("rest.2", True), ("nothing.here", False)):
        with pytest.raises(AttributeError, match="_submodule: .* has no"):
            net.set_submodule(target, other, strict)
    for target, module in (("", other), ("first", 1)):
        with pytest.raises(ValueError, match="give a dotted name and a Module"):
            net.set_submodule(target, module)


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


def test_a_buffer_is_registered_by_pytorchs_keywords(device):
    layer = nn.Linear(2, 2)
    layer.register_buffer(name="count", tensor=ct.zeros(1))
    assert "count" in layer.state_dict()


def test_a_child_may_be_called_summary_unless_the_class_has_its_own():
    model = nn.Sequential()
    child = nn.Identity()
    model.add_module("summary", child)
    assert model.summary is child
    assert list(model._modules) == ["summary"]

    class Summed(nn.Module):
        def summary(self):
            return 1

    for made, name in ((Summed(), "summary"), (nn.Sequential(), "forward")):
        with pytest.raises(KeyError, match="already exists"):
            made.add_module(name, child)


def test_the_next_of_several_bases_is_initialised_when_asked_for():
    class Named:
        def __init__(self, name="none"):
            self.name = name

    class Plain(nn.Module, Named):
        pass

    class Both(nn.Module, Named):
        call_super_init = True

    assert not hasattr(Plain(), "name")
    assert (Both().name, Both("a").name, Both(name="b").name) == ("none", "a", "b")
    for args, kwargs in (((1,), {}), ((), {"name": 1})):
        with pytest.raises(TypeError, match="takes no arguments"):
            Plain(*args, **kwargs)


def test_modules_may_come_as_often_as_they_are_there():
    shared = nn.Identity()
    net = nn.Sequential(shared, shared)
    assert len(list(net.modules())) == 2
    assert list(net.modules(remove_duplicate=False))[1:] == [shared, shared]
    assert len(nn.ModuleList(None)) == 0
    assert nn.Parameter().shape == (0,)
