"""ParameterList and ParameterDict."""

import pytest

import cltensor as ct
from cltensor import nn


def test_a_list():
    values = nn.ParameterList([ct.ones(2), nn.Parameter(ct.zeros(1, 3)), "word"])
    assert [type(v).__name__ for v in values] == ["Parameter", "Parameter", "str"]
    assert list(values.state_dict()) == ["0", "1"]
    values += [ct.ones(1)]
    values.append(ct.ones(4))
    assert len(values) == 5
    assert values[-1].shape == (4,)
    values[0] = ct.zeros(3)
    assert isinstance(values[0], nn.Parameter)
    assert len(values[1:3]) == 2
    with pytest.raises(IndexError, match="index 5 is out of range for 5 values"):
        values[5]
    with pytest.raises(TypeError, match="extend takes several values, not a Tensor; use append"):
        values.extend(ct.ones(2))
    with pytest.raises(TypeError, match="it only holds parameters"):
        values(1)
    shown = repr(nn.ParameterList([ct.ones(2, 3), 1]))
    assert "(0): Parameter containing: [float32 of size 2x3]" in shown
    assert "(1): Object of type: int" in shown


def test_a_dictionary():
    values = nn.ParameterDict({"b": ct.ones(2), "a": ct.zeros(1)})
    assert list(values) == list(values.keys()) == list(values.state_dict()) == ["b", "a"]
    assert isinstance(values["b"], nn.Parameter)
    assert "a" in values
    assert "c" not in values
    assert values.get("c") is None
    assert values.setdefault("c", ct.ones(3)) is values["c"]
    assert list(reversed(values)) == ["c", "a", "b"]
    assert values.popitem()[0] == "c"
    assert values.pop("a").shape == (1,)
    more = values | {"d": ct.ones(1)}
    assert list(more) == ["b", "d"]
    assert more["b"] is values["b"]
    assert list(values) == ["b"]
    values |= {"e": 5}
    assert dict(values.items())["e"] == 5
    assert list(values.fromkeys(["x", "y"], 1).values()) == [1, 1]
    values.clear()
    assert len(values) == 0
    with pytest.raises(KeyError, match="'b' is none of"):
        values["b"]
    with pytest.raises(KeyError, match="attribute 'forward' already exists"):
        values["forward"] = ct.ones(1)
