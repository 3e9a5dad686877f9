"""The count by which recorded calls notice changes of modules."""

import pytest

import cltensor as ct
from cltensor import nn
from cltensor.core.changes import Changes


@pytest.fixture
def layer(device):
    return nn.Sequential(nn.Linear(2, 3), nn.Dropout(0.5))


CHANGES = {
    "a flag": lambda m: m.eval(),
    "an attribute": lambda m: setattr(m[1], "p", 0.25),
    "a member": lambda m: m.append(nn.ReLU()),
    "a parameter": lambda m: setattr(m[0], "bias", None),
    "a member taken out": lambda m: delattr(m, "1"),
    "a hook": lambda m: m[0].register_forward_hook(lambda module, args, out: out),
    "a parameter more": lambda m: m.register_parameter("scale", nn.Parameter(ct.ones(1))),
    "a member by name": lambda m: m.add_module("last", nn.ReLU()),
    "a buffer": lambda m: m.register_buffer("mean", ct.zeros(1)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_changes_are_counted_and_seen_in_the_state(layer, change):
    before, count = [m.guarded_state() for m in layer.guarded_members()], Changes.count
    CHANGES[change](layer)
    assert Changes.count > count
    assert [m.guarded_state() for m in layer.guarded_members()] != before


def test_what_only_computes_changes_nothing(layer):
    before, count = [m.guarded_state() for m in layer.guarded_members()], Changes.count
    layer(ct.ones(4, 2)).sum().backward()
    with ct.no_grad():
        layer[0].weight.mul_(2)
    assert Changes.count == count
    assert [m.guarded_state() for m in layer.guarded_members()] == before


def test_a_flag_that_is_set_back_is_as_before(layer):
    before = layer.guarded_state()
    layer.eval()
    assert layer.guarded_state() != before
    layer.train()
    assert layer.guarded_state() == before


def test_a_hook_that_is_taken_out_is_a_change(layer):
    handle = layer.register_forward_hook(lambda module, args, out: out)
    before, count = layer.guarded_state(), Changes.count
    handle.remove()
    assert Changes.count > count
    assert layer.guarded_state() != before


def test_members_that_are_taken_out_of_containers_are_a_change(device):
    for container, key in ((nn.ModuleList([nn.ReLU()]), 0), (nn.ModuleDict({"a": nn.ReLU()}), "a")):
        before = container.guarded_state()
        del container[key]
        assert container.guarded_state() != before


def test_buffers_that_are_moved_are_a_change(device):
    norm = nn.BatchNorm1d(2)
    before = norm.guarded_state()
    norm.to(norm.running_mean.dtype)
    assert norm.guarded_state() != before
