"""What a module saves and takes over again, and what its class and hooks change of it."""

import copy
import io

import numpy as np
import pytest
from networks import STATE, Net, assert_same, values

import cltensor as ct
from cltensor import nn


def through_a_file(saved):
    pytest.importorskip("safetensors")
    file = io.BytesIO()
    ct.save(saved, file)
    file.seek(0)
    return ct.load(file)


def test_state_dict_shares_the_elements():
    net = Net()
    state = net.state_dict()
    assert list(state) == STATE
    assert all(isinstance(value, ct.Tensor) for value in state.values())
    assert not any(value.requires_grad for value in state.values())
    before = {name: value.clone().numpy() for name, value in state.items()}
    net(ct.randn(5, 4)).sum().backward()
    ct.optim.SGD(net.parameters(), lr=1.0).step()
    now = {name: value.numpy() for name, value in net.state_dict().items()}
    assert_same({name: value.numpy() for name, value in state.items()}, now)
    assert not np.array_equal(net.scale.data.numpy(), before["scale"])
    state["first.bias"][0] = 17
    assert net.first.bias.data.numpy()[0] == 17
    assert net.state_dict(keep_vars=True)["scale"] is net.scale
    assert next(iter(net.state_dict(prefix="net."))) == "net.scale"


def test_the_dict_may_be_given():
    net, kept = nn.Linear(1, 1), {"x": 1}
    assert net.state_dict(destination=kept, prefix="net.") is kept
    assert list(kept) == ["x", "net.weight", "net.bias"]
    assert net.state_dict(kept, "b.", True)["b.bias"] is net.bias


class Counting(nn.Module):
    """Has a state that is no tensor."""

    def __init__(self, count=0):
        super().__init__()
        self.count = count
        self.weight = nn.Parameter(ct.ones(2))

    def get_extra_state(self):
        return {"count": self.count}

    def set_extra_state(self, state):
        if state["count"] < 0:
            raise ValueError("negative")
        self.count = state["count"]


def test_extra_state():
    net, other = nn.Sequential(Counting(3), Counting(4)), nn.Sequential(Counting(), Counting())
    saved = net.state_dict()
    assert list(saved) == ["0.weight", "0._extra_state", "1.weight", "1._extra_state"]
    assert other.load_state_dict(through_a_file(saved)) == ([], [])
    assert [child.count for child in other] == [3, 4]
    del saved["1._extra_state"]
    assert other.load_state_dict(saved, strict=False).missing_keys == ["1._extra_state"]
    with pytest.raises(ct.StateError, match='Missing key.*"1._extra_state"'):
        other.load_state_dict(saved)
    with pytest.raises(ct.StateError, match='Unexpected key.*"_extra_state"'):
        nn.Linear(1, 1).load_state_dict({**nn.Linear(1, 1).state_dict(), "_extra_state": 1})
    with pytest.raises(ct.StateError, match="Linear has none"):
        nn.Linear(1, 1).get_extra_state()
    with pytest.raises(ct.StateError, match="Linear takes none"):
        nn.Linear(1, 1).set_extra_state(1)


@pytest.mark.parametrize("assign", [False, True])
def test_an_extra_state_that_is_refused_leaves_the_tensors(assign):
    net = nn.Sequential(Counting(3), Counting(4))
    saved, kept = net.state_dict(), net[0].weight
    saved["0.weight"] = ct.zeros(2)
    saved["1._extra_state"] = {"count": -1}
    with pytest.raises(ValueError, match="negative"):
        net.load_state_dict(saved, assign=assign)
    assert net[0].weight is kept
    assert kept.tolist() == [1, 1]


class Grown(nn.Module):
    """Has as many layers as its state says."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(ct.zeros(1))
        self.body = nn.Linear(1, 1)
        self.layers = nn.ModuleList()

    def get_extra_state(self):
        return len(self.layers)

    def set_extra_state(self, state):
        self.seen = self.scale.item(), self.body.weight.item()
        self.layers.extend(nn.Linear(1, 1) for _ in range(state))
        self.last = nn.Linear(1, 1)


def test_an_extra_state_makes_modules_that_are_loaded():
    net, other = Grown(), Grown()
    net.set_extra_state(2)
    for number, param in enumerate(net.parameters(), 1):
        nn.init.constant_(param, number)
    nn.init.constant_(other.body.weight, 9)
    assert other.load_state_dict(net.state_dict()) == ([], [])
    assert other.seen == (1, 9)  # what is below comes later
    assert [p.tolist() for p in other.parameters()] == [p.tolist() for p in net.parameters()]


class Looking(nn.Module):
    """Looks at another module where it is loaded."""

    def __init__(self, other):
        super().__init__()
        self.other = [other]
        self.register_load_state_dict_pre_hook(lambda *_: self.look())

    def look(self):
        self.seen = self.other[0].bias.item()

    def _load_from_state_dict(self, *args):
        self.look()


@pytest.mark.parametrize("kind", ["hook", "override"])
@pytest.mark.parametrize("assign", [False, True])
def test_code_of_others_sees_what_came_before(monkeypatch, kind, assign):
    net = nn.Linear(1, 1)
    both = nn.Sequential(net, Looking(net))
    if kind == "hook":
        monkeypatch.delattr(Looking, "_load_from_state_dict")
    saved, before = {"0.weight": ct.ones(1, 1), "0.bias": ct.ones(1)}, net.bias.item()
    kept = net.bias
    with pytest.raises(ct.StateError, match='Unexpected key.*"x"'):
        both.load_state_dict({**saved, "x": 1}, assign=assign)
    assert both[1].seen == 1
    assert net.bias is kept
    assert kept.item() == before
    both.load_state_dict(saved, assign=assign)
    assert both[1].seen == 1


def test_versions_are_those_of_pytorch():
    saved = nn.Sequential(nn.BatchNorm1d(1), nn.InstanceNorm2d(1), nn.LayerNorm(1)).state_dict()
    assert [saved._metadata[name]["version"] for name in "012"] == [2, 2, 1]


class Renamed(nn.Module):
    """Its weight had another name in version 1, and no scale."""

    _version = 2

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(ct.ones(2))
        self.scale = nn.Parameter(ct.ones(()))
        self.seen = None

    def _save_to_state_dict(self, destination, prefix, keep_vars):
        super()._save_to_state_dict(destination, prefix, keep_vars)
        destination[prefix + "extra"] = ct.ones(1)

    def _load_from_state_dict(self, state_dict, prefix, local_metadata, *args):
        if local_metadata.get("version", 1) < 2:
            state_dict[prefix + "weight"] = state_dict.pop(prefix + "w")
            state_dict[prefix + "scale"] = ct.ones(())
        state_dict.pop(prefix + "extra", None)
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *args)
        self.seen = self.weight.tolist()


def test_a_class_saves_and_loads_in_its_own_way():
    net = nn.Sequential(Renamed(), nn.Linear(1, 1))
    saved = net.state_dict()
    assert list(saved)[:3] == ["0.weight", "0.scale", "0.extra"]
    saved["0.weight"] = ct.tensor([2.0, 3.0])
    saved = through_a_file(saved)
    assert saved._metadata["0"] == {"version": 2}
    assert net.load_state_dict(saved) == ([], [])
    assert net[0].seen == [2, 3]
    old = {"0.w": ct.zeros(2), **{f"1.{k}": v for k, v in net[1].state_dict().items()}}
    given = dict(old)
    assert net.load_state_dict(old) == ([], [])
    assert net[0].seen == [0, 0]
    assert old == given
    before = net[0].weight
    with pytest.raises(ct.StateError, match=r'Unexpected key\(s\) in state_dict: "y", "0.x"'):
        net.load_state_dict({**old, "0.w": ct.ones(2), "0.x": 1, "y": 1})
    assert net[0].seen == [1, 1]  # what it did itself
    assert net[0].weight is before
    assert before.tolist() == [0, 0]
    with pytest.raises(ct.StateError, match="size mismatch for 0.weight"):
        net.load_state_dict({**old, "0.w": ct.ones(3)}, assign=True)
    assert net[0].weight.tolist() == [0, 0]


def test_one_module_alone():
    net = nn.Linear(1, 1)
    lists = [], [], []
    given = {"x.weight": ct.full((1, 1), 7.0), "x.y": 1}
    net._load_from_state_dict(given, "x.", {}, True, *lists)
    assert net.weight.item() == 7
    assert lists == (["x.bias"], ["x.y"], [])
    net._load_from_state_dict({"weight": ct.ones(3)}, "", {}, False, *lists)
    assert lists[:2] == (["x.bias"], ["x.y"])
    assert "size mismatch for weight" in lists[2][0]


class Shown(nn.Linear):
    """Gives a state_dict of its own."""

    def state_dict(self, *args, **kwargs):
        found = super().state_dict(*args, **kwargs)
        prefix = kwargs.get("prefix", "")
        found[prefix + "twice"] = found[prefix + "weight"] * 2
        return found


def test_a_class_has_a_state_dict_of_its_own():
    assert list(nn.Sequential(Shown(1, 1)).state_dict()) == ["0.weight", "0.bias", "0.twice"]
    with pytest.raises(ct.StateError, match='Unexpected key.*"0.twice"'):
        nn.Sequential(nn.Linear(1, 1)).load_state_dict(nn.Sequential(Shown(1, 1)).state_dict())


def test_hooks_of_saving():
    net, seen = nn.Sequential(nn.Linear(1, 1)), []
    first = net[0].register_state_dict_pre_hook(lambda *args: seen.append(args))
    net[0].register_state_dict_post_hook(
        lambda module, state, prefix, metadata: state.pop(prefix + "bias") and None
    )
    assert list(net.state_dict()) == ["0.weight"]
    assert seen == [(net[0], "0.", False)]
    first.remove()
    assert list(copy.deepcopy(net).state_dict()) == ["0.weight"]
    assert len(seen) == 1
    with net._register_state_dict_hook(lambda *args: "other"):
        assert net.state_dict() == "other"
    with (
        net.register_state_dict_post_hook(lambda *args: 1),
        pytest.raises(ct.StateError, match="register_state_dict_post_hook: .* return None"),
    ):
        net.state_dict()


def test_hooks_before_loading():
    net = nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1))

    def renamed(module, state, prefix, metadata, strict, missing, unexpected, errors):
        assert (module, metadata, strict) == (net[0], {}, True)
        state[prefix + "weight"] = state.pop(prefix + "w")

    saved = {"0.w": ct.full((1, 1), 7.0), "0.bias": ct.zeros(1), "1.bias": ct.zeros(1)}
    saved["1.weight"] = ct.ones(1, 1)
    with net[0].register_load_state_dict_pre_hook(renamed):
        assert net.load_state_dict(saved) == ([], [])
    assert "0.w" in saved
    assert net[0].weight.item() == 7
    seen = []
    net[1]._register_load_state_dict_pre_hook(lambda state, prefix, *args: seen.append(prefix))
    net[1]._register_load_state_dict_pre_hook(lambda m, *args: seen.append(m), with_module=True)
    net[1]._register_load_state_dict_pre_hook(lambda *args: args[-1].append("too old"))
    with pytest.raises(ct.StateError, match="too old"):
        net.load_state_dict({**net.state_dict(), "0.weight": ct.zeros(1, 1)})
    assert seen == ["1.", net[1]]
    assert net[0].weight.item() == 7


@pytest.mark.parametrize("assign", [False, True])
def test_hooks_after_loading(assign):
    net, seen = nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1)), []

    def forgiving(module, keys):
        seen.append((module, module.weight.item(), list(keys.missing_keys)))
        keys.missing_keys.clear()

    net[0].register_load_state_dict_post_hook(forgiving)
    saved = net.state_dict()
    saved["0.weight"] = ct.full((1, 1), 7.0)
    del saved["0.bias"]
    assert net.load_state_dict(saved, assign=assign) == ([], [])
    assert seen == [(net[0], 7, ["0.bias"])]
    kept, before = net[0].weight, values(net)
    saved["0.weight"] = ct.zeros(1, 1)
    with pytest.raises(ct.StateError, match='"more"'):
        net.load_state_dict({**saved, "more": 1}, assign=assign)
    assert seen[1:] == [(net[0], 0, ["0.bias"])]
    assert net[0].weight is kept
    assert_same(values(net), before)
    with (
        net.register_load_state_dict_post_hook(lambda *args: 1),
        pytest.raises(ct.StateError, match="register_load_state_dict_post_hook: .* return None"),
    ):
        net.load_state_dict(saved)
    assert_same(values(net), before)


def test_those_that_wrap_a_model_keep_its_extra_state():
    for wrap in (nn.DataParallel, ct.optim.swa_utils.AveragedModel):
        net, other = wrap(Counting(3)), wrap(Counting())
        other.load_state_dict(net.state_dict())
        assert other.module.count == 3
    net = nn.utils.parametrize.register_parametrization(Counting(3), "weight", nn.Identity())
    saved = net.state_dict()
    assert list(saved) == ["_extra_state", "parametrizations.weight.original"]
    saved["_extra_state"] = {"count": 5}
    net.load_state_dict(saved)
    assert net.count == 5
