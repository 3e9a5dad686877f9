"""Sequential, ModuleList and ModuleDict."""

from collections import OrderedDict

import numpy as np
import pytest

import cltensor as ct
from cltensor import nn


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


def test_containers_grow_and_shrink():
    a, b, c = nn.Tanh(), nn.ReLU(), nn.GELU()
    for kind in (nn.Sequential, lambda *layers: nn.ModuleList(layers)):
        held = kind(a, b)
        held += [c]
        assert held.pop(0) is a
        assert list(held) == [b, c]
        assert list(held + kind(a)) == [b, c, a]
        assert list(held) == [b, c]
        assert held.insert(1, a) is held
        del held[-1]
        assert dict(held.named_children()) == {"0": b, "1": a}
    table = nn.ModuleDict({"a": a, "b": b})
    assert table.pop("a") is a
    table.clear()
    assert len(table) == 0
