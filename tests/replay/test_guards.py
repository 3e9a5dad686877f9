"""What a recorded function depends on: names, attributes, entries, modules."""

import pytest

from cltensor import nn
from cltensor.replay.guards import Surroundings

FACTOR = 2.0
TABLE = {"a": [1, 2], "b": 3}


def _helper(x):
    return x * FACTOR


def uses_a_global(x):
    return _helper(x)


def uses_a_table(x):
    return x * TABLE["a"][1]


class Options:
    def __init__(self):
        self.scale = 1.5
        self.inner = [1, 2]

    def method(self, x):
        return x * self.scale


def around(function, *objects):
    """The surroundings, as they are when a call has ended that changed nothing."""
    found = Surroundings(function, list(objects))
    assert found.is_unchanged()
    found.close()
    return found


def test_globals_of_functions_that_are_called(monkeypatch):
    found = around(uses_a_global)
    assert found.holds()
    monkeypatch.setitem(globals(), "FACTOR", 2.0 + 0)  # an equal number
    assert found.holds()
    monkeypatch.setitem(globals(), "FACTOR", 3.0)
    assert not found.holds()
    monkeypatch.undo()
    assert found.holds()
    monkeypatch.setitem(globals(), "_helper", abs)
    assert not found.holds()


def test_entries_of_containers(monkeypatch):
    found = around(uses_a_table)
    monkeypatch.setitem(TABLE, "c", 4)  # which nobody read, as far as one can tell
    assert not found.holds()
    monkeypatch.undo()
    assert found.holds()
    TABLE["a"][1] = 5
    assert not found.holds()
    TABLE["a"][1] = 2
    assert found.holds()
    monkeypatch.delitem(TABLE, "b")
    assert not found.holds()


def test_cells_of_closures():
    scale = 1.0

    def function(x):
        return x * scale

    found = around(function)
    assert found.holds()
    scale = 2.0
    assert not found.holds()
    scale = 1.0
    assert found.holds()
    scale = 1  # of another type
    assert not found.holds()


def test_a_cell_that_is_empty():
    def function():
        return later

    found = around(function)
    assert found.holds()
    later = 1
    assert function() == 1
    assert found.holds()  # nothing was known about it


@pytest.mark.parametrize("way", ["argument", "closure", "method"])
def test_attributes_of_objects(way):
    options = Options()
    if way == "argument":
        found = around(lambda x: x, options)
    else:
        found = around(options.method if way == "method" else lambda x: x * options.scale)
    assert found.holds()
    options.inner[0] = 7
    assert not found.holds()
    options.inner[0] = 1
    assert found.holds()
    options.scale = 2.5
    assert not found.holds()


def test_modules_and_the_modules_in_them():
    model = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5))
    found = around(lambda x: model(x))
    assert found.holds()
    model[1].eval()
    assert not found.holds()
    model[1].train()
    assert found.holds()
    model[1].p = 0.1
    assert not found.holds()


def test_modules_that_are_noted_on_the_way():
    model, found = nn.Dropout(0.5), around(lambda x: x)
    model.eval()
    assert found.holds()
    found.note(model)
    found.note(3)  # which nobody guards
    assert found.holds()
    model.train()
    assert not found.holds()


def test_a_module_that_is_gone():
    model, found = nn.Dropout(0.5), Surroundings(lambda x: x, [])
    found.note(model)
    found.close()
    assert found.holds()
    del model
    nn.Dropout(0.5).train()  # so that something has changed
    assert not found.holds()


def test_what_the_call_itself_changes_is_told():
    calls, model = [0], nn.Dropout(0.5)

    def function(x):
        return model(x) * calls[0]

    found = Surroundings(function, [])
    calls.append(1)  # of what it appends to, replays do without
    assert found.is_unchanged()
    found = Surroundings(function, [])
    calls[0] += 1
    assert not found.is_unchanged()
    found = Surroundings(function, [])
    model.eval()
    assert not found.is_unchanged()


def test_changes_elsewhere_cost_a_look_and_harm_nobody():
    model, other = nn.Dropout(0.5), nn.Dropout(0.5)
    found = around(lambda x: model(x))
    assert found.holds()
    other.p = 0.1
    assert found.holds()
