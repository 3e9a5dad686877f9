"""Nestings as JSON and arrays: every kind of value comes back as it was, or is refused by place."""

import dataclasses
import json
import math
import random
import struct
from collections import Counter, OrderedDict, defaultdict
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

import cltensor as ct
from cltensor import nn, optim
from cltensor.io.nesting import Reader, Writer


def round_trip(obj):
    """`obj` through text and arrays."""
    writer = Writer()
    text = json.dumps(writer.structure(obj))
    structure = json.loads(text)
    arrays = {name: np.array(array) for name, array in writer.arrays.items()}
    made = Reader(arrays, structure, lambda array, name: ct.tensor(array, device=name))
    return made.decode(structure["root"])


def bits(number):
    return struct.pack(">d", number)


PLAIN = [
    None, True, False, 0, -1, 2**63 - 1, -(2**63), 2**63, -(1 << 20_000), 0.1, 1e-320, "", "text",
    'quotes " and \\', "π\n\0", "half a pair \ud800", b"", b"\0\xff", bytearray(b"ab"), 1 - 2j,
    [], (), {}, set(), frozenset({1, "a"}), [1, [2, (3, {4: 5})]], {"dict": [], "tensor": 0},
    {None: 1, True: 2, 3: "x", "3": "y", 2.5: 0, (1, (2, "z")): [], b"k": ()}, {1, 2.5, "a"},
    OrderedDict(b=1, a=2), Counter("aab"), np.dtype("float32"), np.dtype(">i2"),
]  # fmt: skip


@pytest.mark.parametrize("value", PLAIN, ids=range(len(PLAIN)))
def test_plain_values(value):
    found = round_trip(value)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, -math.inf, -0.0, 5e-324, struct.unpack(">d", b"\x7f\xf8" * 4)[0]]
)
def test_floats_keep_every_bit(value):
    assert bits(round_trip(value)) == bits(value)
    found = round_trip(complex(value, -value))
    assert (bits(found.real), bits(found.imag)) == (bits(value), bits(-value))


def test_dicts_keep_their_order():
    assert list(round_trip({"b": 1, "a": 2, 0: 3})) == ["b", "a", 0]


@pytest.mark.parametrize(
    "value",
    [np.float32(0.1), np.float64(-0.0), np.int8(-3), np.bool_(True), np.complex64(1j),
     np.str_("text"), np.bytes_(b"b"), np.datetime64("2020-01-02"), np.uint64(2**64 - 1)],
    ids=repr,
)  # fmt: skip
def test_numpy_scalars(value):
    found = round_trip(value)
    assert type(found) is type(value)
    assert found.dtype == value.dtype
    assert found.tobytes() == value.tobytes()


@pytest.mark.parametrize("dtype", "? b B h H i I l L e f d F D >i4 >f8 U3 S2 M8[D] m8[s]".split())
@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (2, 3)])
def test_numpy_arrays(dtype, shape):
    array = np.arange(math.prod(shape)).reshape(shape).astype(dtype)
    found = round_trip(array)
    assert (found.dtype, found.shape) == (array.dtype, array.shape)
    np.testing.assert_array_equal(found, array)
    assert found.flags.writeable


def test_arrays_of_any_layout_and_twice():
    array = np.arange(12.0).reshape(3, 4)
    found = round_trip([array, array.T, array[::-1, ::2], array])
    np.testing.assert_array_equal(found[1], array.T)
    np.testing.assert_array_equal(found[2], array[::-1, ::2])
    assert found[0] is found[3]


def test_tensors():
    values = {
        "matrix": ct.tensor([[1.5, -0.0], [math.nan, math.inf]]),
        "integers": ct.tensor([1, 2], dtype=ct.uint8),
        "empty": ct.zeros((0, 3)),
        "one": ct.tensor(3.0),
        "pending": ct.ones(3) + 1,
        "leaf": ct.tensor([1.0], requires_grad=True),
        "parameter": nn.Parameter(ct.ones(2)),
        "frozen": nn.Parameter(ct.ones(2), requires_grad=False),
    }
    found = round_trip(values)
    for name, value in values.items():
        assert type(found[name]) is type(value)
        assert (found[name].dtype, tuple(found[name].shape)) == (value.dtype, tuple(value.shape))
        assert found[name].requires_grad == value.requires_grad
        assert found[name].device is value.device
        np.testing.assert_array_equal(found[name].tolist(), value.tolist())


def test_a_result_comes_back_as_a_leaf_without_its_gradient():
    x = ct.tensor([1.0, 2.0], requires_grad=True)
    y = x * 2
    y.sum().backward()
    found, leaf = round_trip([y, x])
    assert found.is_leaf
    assert found.requires_grad
    assert leaf.grad is None


def test_devices_generators_and_sizes(device):
    generator = ct.Generator(7)
    generator.take(5)
    found = round_trip([device, generator, ct.ones(2, 3).shape, ct.get_rng_state()])
    assert found[0] is device
    assert found[1].get_state() == (7, 5)
    assert found[2] == (2, 3)
    assert found[3] == ct.get_rng_state()


def test_one_tensor_under_two_names_is_one():
    weight = nn.Parameter(ct.ones(2, 2))
    found = round_trip({"a": weight, "b": [weight]})
    assert found["a"] is found["b"][0]


def storage(tensor):
    return id(tensor.buffer if isinstance(tensor, ct.Tensor) else tensor.data.buffer)


def test_views_share_their_elements_again():
    x = ct.arange(12).float().reshape(3, 4)
    views = [x[1], x, x.T, x[::-1, 1:], x[2:, ::2]]
    writer = Writer()
    writer.structure(views)
    assert list(writer.arrays) == ["1"], "written once, by the one that covers all"
    found = round_trip(views)
    for view, value in zip(found, views, strict=True):
        np.testing.assert_array_equal(view.tolist(), value.tolist())
    assert {storage(view) for view in found} == {storage(found[0])}


def test_views_that_none_of_them_covers():
    x = ct.arange(12).float()
    y = ct.arange(12).float()
    views = [x[2:6], x[4:9], x[10:], y[::3]]
    writer = Writer()
    writer.structure(views)
    assert {name: len(array) for name, array in writer.arrays.items()} == {
        "0.storage": 7, "2": 2, "3": 4,
    }  # fmt: skip
    found = round_trip(views)
    for view, value in zip(found, views, strict=True):
        np.testing.assert_array_equal(view.tolist(), value.tolist())
    assert storage(found[0]) == storage(found[1])
    assert len({storage(view) for view in found}) == 3


def test_parameters_of_one_optimizer_stay_apart():
    """A step lays them side by side in one buffer; each is still written under its own name."""
    model = nn.Linear(3, 2)
    optimizer = optim.Adam(model.parameters())
    model(ct.ones(1, 3)).sum().backward()
    optimizer.step()
    writer = Writer()
    writer.structure({"model": model.state_dict(), "optimizer": optimizer.state_dict()})
    assert writer.arrays["model.weight"].shape == (2, 3)
    assert writer.arrays["model.bias"].shape == (2,)
    assert writer.arrays["optimizer.state.0.exp_avg"].shape == (2, 3)


class Pair(NamedTuple):
    a: int
    b: int


class Level(IntEnum):
    LOW = 1


@dataclasses.dataclass
class Options:
    lr: float


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (object(), "is a object; save plain values"),
        (Pair(1, 2), "is a Pair; its class is code .* save tuple"),
        (Level.LOW, r"is a Level; its class would be lost; save int\(x\)"),
        (defaultdict(list), r"is a defaultdict; .* save dict\(x\)"),
        (Options(1.0), r"is a Options; save dataclasses\.asdict"),
        (Path("a"), r"is a \w+Path; save str\(x\)"),
        (nn.Linear(1, 1), r"is a Linear; save its state_dict\(\)"),
        (abs, "is a builtin_function_or_method; save plain"),
        (np.array([object()]), "is a ndarray of object"),
        (np.zeros(2, np.longdouble), "is a ndarray of "),
        (np.ma.zeros(2), "is a MaskedArray of float64"),
        (np.longdouble(1), "is a longdouble; "),
        (np.zeros(1, "i4,f4"), "is a ndarray of "),
    ],
)
def test_what_cannot_be_saved_is_refused_by_its_place(value, message):
    with pytest.raises(ct.DataError, match=r"save: obj\['model'\]\[1\]\[2\] " + message):
        Writer().structure({"model": [0, {2: value}]})


def test_loops_and_tensors_as_keys_are_refused():
    loop = []
    loop.append({"again": loop})
    with pytest.raises(ct.DataError, match=r"save: obj\[0\]\['again'\] contains itself"):
        Writer().structure(loop)
    with pytest.raises(ct.DataError, match=r"save: a key of obj\['x'\] is a tensor"):
        Writer().structure({"x": {ct.tensor([1.0], requires_grad=True): 1}})
    twice = [1]
    assert round_trip([twice, twice]) == [[1], [1]]


def test_names_are_free_text():
    values = {"a.b": ct.ones(1), "a": {"b": ct.zeros(1)}}
    values.update({name: ct.ones(2) for name in ("__metadata__", "", "\ud800")})
    writer = Writer()
    writer.structure(values)
    assert list(writer.arrays) == ["a.b", "a.b#2", "__metadata__#2", "tensor", "\\ud800"]
    found = round_trip(values)
    assert found["a.b"].item() == 1
    assert found["a"]["b"].item() == 0


def test_a_view_that_reaches_outside_is_refused():
    x = ct.arange(6).float()
    for view in ([[2], [1], 5], [[2], [-1], 0], [[7], [1], 0], [[1], [1], -1]):
        writer = Writer()
        structure = writer.structure([x, x[1:3]])
        structure["tensors"][1]["view"] = view
        with pytest.raises(ct.DataError, match="a view of '0' reaches from"):
            Reader(writer.arrays, structure, lambda array, name: ct.tensor(array))


def drawn(source, depth=0):
    """A nesting of random values."""
    kinds = 4 if depth > 3 else 8
    kind = source.randrange(kinds)
    if kind == 0:
        return source.choice([None, True, False, "a", "dict", "é", b"z"])
    if kind == 1:
        return source.choice([1, -1]) * source.getrandbits(source.choice([3, 63, 64, 300]))
    if kind == 2:
        return struct.unpack(">d", source.randbytes(8))[0]
    if kind == 3:
        shape = [source.randrange(4) for _ in range(source.randrange(3))]
        array = np.array(source.randbytes(1)[0] + np.zeros(shape)).astype(source.choice("bfdF"))
        return array if array.dtype.kind == "c" or source.random() < 0.5 else ct.tensor(array)
    members = [drawn(source, depth + 1) for _ in range(source.randrange(4))]
    if kind == 4:
        return members
    if kind == 5:
        return tuple(members)
    keys = [source.choice([i, str(i), i + 0.5, (i, "k"), None]) for i in range(len(members))]
    return dict(zip(keys, members, strict=True))


def same(a, b):
    if isinstance(a, (list, tuple)):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (ct.Tensor, np.ndarray)):
        alike = type(a) is type(b) and a.dtype == b.dtype
        return alike and np.array_equal(np.array(a), np.array(b))
    if isinstance(a, float):
        return isinstance(b, float) and bits(a) == bits(b)
    return type(a) is type(b) and a == b


def test_random_nestings(fp64):
    for seed in range(150):
        value = drawn(random.Random(seed))
        assert same(value, round_trip(value)), f"seed {seed}"


@pytest.mark.parametrize("dtype", [ct.float16, ct.bfloat16])
def test_floats_of_16_bits(device, dtype):
    x = ct.tensor([[1.5, -2.0], [0.1, 3.0]], dtype=dtype)
    found = round_trip({"x": x, "row": x[1], "turned": x.T, "dtype": dtype})
    assert found["dtype"] == found["x"].dtype == found["row"].dtype == dtype
    assert found["x"].tolist() == x.tolist()
    assert found["row"].tolist() == x[1].tolist()
    assert found["turned"].tolist() == x.T.tolist()
