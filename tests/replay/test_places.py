"""Where objects hold others: each kind of place, changed between calls of a jitted function."""

import array
import contextvars
import itertools
import os
import re
import sys
import weakref
from functools import partial
from types import MappingProxyType, ModuleType, SimpleNamespace

import numpy as np
import pytest

import cltensor as ct
from cltensor import nn
from cltensor.replay.places import Place, are_same, entries, same

CALLS, AT = 8, 4  # calls, of which those before the change are replays, and when it comes


def results(function, change=lambda: None, wrap=ct.jit):
    """What calls give, with a change in the middle."""
    call, found = wrap(function), []
    for number in range(CALLS):
        if number == AT:
            change()
        found.append(call(ct.ones(2)).tolist())
    return found


def changed(before, after):
    """The results of a function that multiplies by a number, which changes."""
    return [[before] * 2] * AT + [[after] * 2] * (CALLS - AT)


def test_what_a_function_is_written_as():
    def f(x, factor=2.0):
        return x * factor

    def other(x, factor=2.0):
        return x * (factor + 10)

    def keywords(x, *, factor=2.0):
        return x * factor

    assert results(f, lambda: setattr(f, "__defaults__", (3.0,))) == changed(2, 3)
    assert results(f, lambda: setattr(f, "__code__", other.__code__)) == changed(3, 13)
    assert results(keywords, lambda: keywords.__kwdefaults__.update(factor=5.0)) == changed(2, 5)
    assert results(keywords, lambda: setattr(keywords, "__kwdefaults__", {"factor": 7.0})) == (
        changed(5, 7)
    )


@pytest.mark.parametrize(
    "held",
    [bytearray(b"\2\2"), array.array("d", [2, 2]), memoryview(bytearray(b"\2\2")), np.full(2, 2)],
    ids=lambda held: type(held).__name__,
)
def test_objects_that_show_their_bytes(held):
    assert results(lambda x: x * float(held[0]), lambda: held.__setitem__(0, 3)) == changed(2, 3)


def test_too_many_bytes_are_not_compared():
    held = bytearray(1 << 19)
    with pytest.warns(UserWarning, match="reaches 524,288 bytes of a bytearray by itself"):
        results(lambda x: x * held[0])


@pytest.mark.parametrize("make", [lambda: itertools.count(1), lambda: iter(range(1, 99)),
                                  lambda: (k for k in range(1, 99))])  # fmt: skip
def test_an_iterator_that_each_call_may_advance_is_too_much(make):
    numbers = make()
    told = re.escape(f"a {type(numbers).__name__}, which each call may advance, by itself")
    with pytest.warns(UserWarning, match=told):
        found = results(lambda x: x * next(numbers))
    assert found == [[k, k] for k in range(1, CALLS + 1)]


def test_an_iterator_in_python_shows_its_state():
    class Numbers:
        def __init__(self):
            self.k = 0

        def __iter__(self):
            return self

        def __next__(self):
            self.k += 1
            return self.k

    numbers = Numbers()
    assert results(lambda x: x * next(numbers)) == [[k, k] for k in range(1, CALLS + 1)]


def test_the_environment(monkeypatch):
    monkeypatch.setenv("CLTENSOR_TEST_FACTOR", "2")
    found = results(
        lambda x: x * float(os.environ["CLTENSOR_TEST_FACTOR"]),
        lambda: monkeypatch.setenv("CLTENSOR_TEST_FACTOR", "3"),
    )
    assert found == changed(2, 3)


def test_a_global_that_the_function_only_sets():
    def f(x):
        global LAST
        LAST = x * 2
        return LAST

    try:
        call = ct.jit(f)
        for k in range(1, CALLS):
            call(ct.full((2,), float(k)))
            assert LAST.tolist() == [2.0 * k] * 2
    finally:
        globals().pop("LAST", None)


def test_a_bound_method_of_a_container():
    table = {"factor": 2.0}
    get = table.get
    assert results(lambda x: x * get("factor"), lambda: table.update(factor=3.0)) == changed(2, 3)


@pytest.mark.parametrize("make", [ct.ones, lambda n: nn.Parameter(ct.ones(n))])
def test_attributes_that_were_given_to_a_tensor(make):
    t = make(2)
    t.factor = 2.0
    with ct.no_grad():
        assert results(lambda x: x * t * t.factor, lambda: setattr(t, "factor", 3.0)) == (
            changed(2, 3)
        )

    def counts(x):
        t.calls = getattr(t, "calls", 0) + 1
        return x * t.calls

    del t.factor
    assert results(counts) == [[k, k] for k in range(1, CALLS + 1)]


class Scaling(nn.Module):
    """Has attributes of each kind, with a number inside."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(ct.ones(2))
        self.weight.factor = self._hidden = 2.0
        self._entries, self._table, self.open = [2.0], {"a": (2.0,)}, {"b": [2.0]}

    def forward(self, x, kind):
        read = {
            "parameter": lambda: self.weight.factor,
            "hidden": lambda: self._hidden,
            "list": lambda: self._entries[0],
            "dict": lambda: self._table["a"][0],
            "open": lambda: self.open["b"][0],
        }
        return x * read[kind]()


@pytest.mark.parametrize("kind", ["parameter", "hidden", "list", "dict", "open"])
def test_attributes_of_modules_hidden_ones_too(kind):
    layer = Scaling()
    change = {
        "parameter": lambda: setattr(layer.weight, "factor", 3.0),
        "hidden": lambda: setattr(layer, "_hidden", 3.0),
        "list": lambda: layer._entries.__setitem__(0, 3.0),
        "dict": lambda: layer._table.update(a=(3.0,)),
        "open": lambda: layer.open["b"].__setitem__(0, 3.0),
    }
    assert results(lambda x: layer(x, kind), change[kind]) == changed(2, 3)


class Options:
    """Has what is read through something else."""


VARIABLE = contextvars.ContextVar("VARIABLE")
OPTIONS = Options()
THROUGH = {
    "weakref": lambda: (weakref.ref(OPTIONS), lambda way: way().k),
    "weak dict": lambda: (weakref.WeakValueDictionary(a=OPTIONS), lambda way: way["a"].k),
    "proxy": lambda: (MappingProxyType(vars(OPTIONS)), lambda way: way["k"]),
    "view": lambda: (vars(OPTIONS).values(), sum),
    "array of objects": lambda: (np.array([vars(OPTIONS)], object), lambda way: way[0]["k"]),
    "variable": lambda: (VARIABLE, lambda way: way.get()),
}


@pytest.mark.parametrize("kind", THROUGH)
def test_what_is_read_through_something_else(kind):
    def put(k):
        OPTIONS.k = k
        VARIABLE.set(k)

    put(2.0)
    way, read = THROUGH[kind]()
    assert results(lambda x: x * read(way), lambda: put(3.0)) == changed(2, 3)


def test_a_weak_reference_is_not_made_strong():
    held = Options()
    held.k = 2.0
    way = weakref.ref(held)
    call = ct.jit(lambda x: x * (way().k if way() else 5.0))
    assert [call(ct.ones(1)).item() for _ in range(5)] == [2] * 5
    del held
    assert way() is None
    assert call(ct.ones(1)).item() == 5


@pytest.fixture
def settings(monkeypatch):
    """A module of the author's, and one inside it, each with a number."""
    outer, inner = ModuleType("some_settings"), ModuleType("some_settings.inner")
    outer.scale = inner.scale = 2.0
    outer.inner = inner
    for module in (outer, inner):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    return outer


def import_from(x):
    from some_settings import scale

    return x * scale


def import_as(x):
    import some_settings.inner as inside

    return x * inside.scale


WAYS_TO_A_MODULE = {
    "closure": lambda module: lambda x: x * module.scale,
    "nested": lambda module: lambda x: x * module.inner.scale,
    "class": lambda module: (lambda kind: lambda x: x * kind.mod.scale)(
        type("Holder", (), {"mod": module})
    ),
    "object": lambda module: (lambda held: lambda x: x * held.mod.scale)(
        SimpleNamespace(mod=module)
    ),
    "list": lambda module: (lambda held: lambda x: x * held[0].scale)([module]),
    "getattr": lambda module: lambda x: x * getattr(module, "scale"),  # noqa: B009
    "its dict": lambda module: lambda x: x * vars(module)["scale"],
    "import from": lambda module: import_from,
    "import as": lambda module: import_as,
}


@pytest.mark.parametrize("way", WAYS_TO_A_MODULE)
def test_attributes_of_modules(settings, way):
    def change():
        settings.scale = settings.inner.scale = 3.0

    assert results(WAYS_TO_A_MODULE[way](settings), change) == changed(2, 3)


def test_the_environment_as_a_function_reads_it(monkeypatch):
    monkeypatch.setenv("SOME_SCALE", "2")
    found = results(
        lambda x: x * float(os.getenv("SOME_SCALE")), lambda: os.environ.update(SOME_SCALE="3")
    )
    assert found == changed(2, 3)


def test_globals_by_name(monkeypatch):
    monkeypatch.setitem(globals(), "BY_NAME", 2.0)
    found = results(
        lambda x: x * globals()["BY_NAME"], lambda: monkeypatch.setitem(globals(), "BY_NAME", 3.0)
    )
    assert found == changed(2, 3)


def test_names_that_only_eval_knows_are_not_recorded(monkeypatch):
    monkeypatch.setitem(globals(), "BY_NAME", 2.0)
    with pytest.warns(UserWarning, match="names that are made while it runs"):
        found = results(
            lambda x: x * eval("BY_NAME"), lambda: monkeypatch.setitem(globals(), "BY_NAME", 3.0)
        )
    assert found == changed(2, 3)


def test_attributes_of_functions():
    def plain(x):
        return x * plain.scale

    @ct.jit
    def jitted(x):
        return x * jitted.scale

    for function in (plain, jitted):
        function.scale = 2.0
        change = partial(setattr, function, "scale", 3.0)
        wrap = ct.jit if function is plain else lambda f: f
        assert results(function, change, wrap) == changed(2, 3)


class Private:
    __slots__ = ("__factor",)

    def __init__(self, factor):
        self.put(factor)

    def put(self, factor):
        self.__factor = factor

    def get(self):
        return self.__factor


class Listed(list):
    pass


class Meta(type):
    factor = 2.0


class Made(metaclass=Meta):
    pass


class Two:
    factor = 2.0


class Three:
    factor = 3.0


def test_private_slots():
    held = Private(2.0)
    assert results(lambda x: x * held.get(), lambda: held.put(3.0)) == changed(2, 3)


def test_attributes_of_containers_of_a_kind_of_their_own():
    held = Listed()
    held.factor = 2.0
    change = partial(setattr, held, "factor", 3.0)
    assert results(lambda x: x * held.factor, change) == changed(2, 3)


def test_attributes_of_metaclasses(monkeypatch):
    change = partial(monkeypatch.setattr, Meta, "factor", 3.0)
    assert results(lambda x: x * Made.factor, change) == changed(2, 3)


def test_the_class_of_an_object():
    held = Two()
    change = partial(setattr, held, "__class__", Three)
    assert results(lambda x: x * held.factor, change) == changed(2, 3)


def test_keywords_of_a_partial_function():
    held = partial(lambda x, factor: x * factor, factor=2.0)
    assert results(held, lambda: held.keywords.update(factor=3.0)) == changed(2, 3)


def test_what_was_there_before_a_list_or_dict_grew():
    row, table = [2.0], {"factor": 2.0}

    def appends(x):
        found = x * row[0]
        row.append(None)
        return found

    def adds(x):
        found = x * table["factor"]
        table[len(table)] = None
        return found

    assert results(appends, lambda: row.__setitem__(0, 3.0)) == changed(2, 3)
    assert results(adds, lambda: table.update(factor=3.0)) == changed(2, 3)
    assert len(row) < CALLS + 1


def test_places_and_what_they_found():
    held = [1.0, "a"]
    place = Place(held, lambda: tuple(held))
    assert place.holds()
    held.append(2)
    assert not place.holds()
    row, table = [1.0], {"a": 1.0}
    grown = Place(row, partial(tuple, row)), Place(table, partial(entries, table))
    row.append(2)
    table["b"] = 2
    assert [found.holds() for found in grown] == [False, False]
    for found in grown:
        found.look_at_first()
    assert [found.holds() for found in grown] == [True, True]
    row[0] = table["a"] = 3.0
    assert [found.holds() for found in grown] == [False, False]
    assert Place({}, dict).holds()
    assert are_same([1, "b"], [1, "b"])
    assert not are_same([1], [1, 2])
    assert [same(1, 1.0), same(0.0, -0.0), same(float("nan"), float("nan"))] == [False, False, True]
