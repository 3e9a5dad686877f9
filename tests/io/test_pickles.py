"""The reader of pickles: plain values, and nothing that runs."""

import pickle
from collections import OrderedDict

import pytest
from torch_files import Name, Raw, call, code_of

from cltensor.errors import DataError
from cltensor.io import pickles

NAMES = {"collections.OrderedDict": pickles.Function("collections.OrderedDict", OrderedDict)}


def read(data, names=NAMES):
    value, end = pickles.read(data, 0, names, lambda identity: ("found", identity))
    assert end == len(data)
    return value


VALUES = [
    None, True, False, 0, -1, 255, 256, 65536, -(2**31), 2**40, -(2**2000), 0.1, float("inf"), "",
    "text", "\u00e4\U0001f600", (), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), [], [1], [1, [2, "x"]],
    {}, {"a": 1, 2: [3.5], (1, "b"): None}, OrderedDict(a=1, b=OrderedDict(c=2)), "x" * 300,
    list(range(3000)), {i: str(i) for i in range(2000)},
]  # fmt: skip


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_plain_values_are_what_pickle_makes_of_them(protocol):
    for value in VALUES:
        found = read(pickle.dumps(value, protocol))
        assert found == value
        assert type(found) is type(value)
    if protocol > 3:
        assert read(pickle.dumps({1, "a"}, protocol)) == {1, "a"}
    if protocol > 2:
        assert read(pickle.dumps(b"bytes", protocol)) == b"bytes"


def test_what_is_one_object_stays_one():
    inner = [1]
    found = read(pickle.dumps([inner, inner, {"x": inner}], 2))
    assert found[0] is found[1] is found[2]["x"]
    inner.append(inner)
    found = read(pickle.dumps(inner, 2))
    assert found[1] is found


def test_names_outside_of_the_table_are_refused_and_not_imported(capsys):
    for module, name in (
        ("builtins", "print"), ("__builtin__", "eval"), ("os", "system"), ("posix", "system"),
        ("collections", "OrderedDict.update"), ("no_such_module", "x"), ("torch", "load"),
    ):  # fmt: skip
        for value in (call(Name(module, name), "x"), Name(module, name), [Name(module, name)]):
            shown = module.replace("__builtin__", "builtins")
            with pytest.raises(DataError, match=rf"names '{shown}\.{name}', which .*nothing"):
                read(b"\x80\x02" + code_of(value) + b".")
    on_stack = b"\x80\x04" + code_of("os") + code_of("system") + b"\x93."
    with pytest.raises(DataError, match=r"names 'os\.system'"):
        read(on_stack)
    assert capsys.readouterr().out == ""


ordered = code_of(call(Name("collections", "OrderedDict")))


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (b"", "ends within"),
        (b"K", "ends within"),
        (b"X\xff\xff\xff\xffab.", "ends within"),
        (b"\x8d" + b"\xff" * 8 + b".", "ends within"),
        (b".", "cannot be followed"),
        (b"K\x01K\x02.", "1 values too many"),
        (b"t.", "cannot be followed"),
        (b"K\x01t.", "lacks a mark"),
        (b"(.", "mark too many"),
        (b"(\x85.", "mark too many"),
        (b"h\x00.", "cannot be followed"),
        (b"]K\x01K\x02s.", "adds to a list"),
        (b"}K\x01a.", "adds to a dict"),
        (b"}(K\x01u.", "cannot be followed"),
        (b"}]K\x01s.", "a list as a key"),
        (b"})\x85\x85K\x01s.", "a tuple as a key"),
        (b"}" + b")" + b"\x85" * 100_000 + b"K\x01s.", "a tuple as a key"),
        (b"K\x01)R.", "calls what is no function"),
        (b"ccollections\nOrderedDict\nK\x01R.", "calls what is no function"),
        (b"ccollections\nOrderedDict\n.", "'collections.OrderedDict' as a value"),
        (b"](ccollections\nOrderedDict\ne.", "'collections.OrderedDict' as a value"),
        (b"}}b.", "adds to a dict"),
        (ordered + b"]b.", "sets attributes"),
        (ordered + code_of({"items": 1}) + b"b.", "sets attributes"),
        (ordered + code_of({"_metadata": 1, "x": 2}) + b"b.", "sets attributes"),
        (b"cos\nsystem", "cannot be followed"),
        (b"c\xff\n\xfe\n.", "cannot be followed"),
        (b"X\x01\x00\x00\x00\xff.", "cannot be followed"),
        (b"P0\n.", "unknown instruction b'P'"),
        (b"ios\nsystem\n.", "unknown instruction b'i'"),
        (b"\x82\x01.", "unknown instruction"),
        (b"\x8a\x09" + b"\x01" * 8, "ends within"),
    ],
)
def test_what_is_damaged_or_hostile_is_one_error(code, message):
    with pytest.raises(DataError, match=message):
        read(b"\x80\x02" + code)


def test_the_mark_is_no_value():
    with pytest.raises(DataError):
        read(b"\x80\x02((t.")
    assert read(b"\x80\x02" + code_of([Raw(b"K\x01Q")]) + b".") == [("found", 1)]
    found = read(b"\x80\x02" + ordered + code_of({"_metadata": {"": 1}}) + b"b.")
    assert found == {}
    assert found._metadata == {"": 1}
