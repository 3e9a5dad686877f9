"""Joining, padding, rolling, tiling and triangles against NumPy."""

import draws
import numpy as np
import pytest
from arrays import check, check_both_orders, counted

import cltensor as ct
from cltensor.errors import DTypeError, ShapeError

# Each test runs with the kernels for CPUs, loops over runs, and with one element per work-item.
pytestmark = pytest.mark.usefixtures("skeleton")

DTYPES = ["bool", "uint8", "int16", "int64", "float32"]


@pytest.mark.parametrize("dtype", DTYPES)
def test_joining(dtype):
    a, b = counted(2, 3, 4, dtype=dtype), counted(2, 5, 4, dtype=dtype)
    x, y = ct.tensor(a), ct.tensor(b)
    check(ct.concat([x, y, x], axis=1), np.concatenate([a, b, a], 1))
    check(ct.concat([x.permute(2, 1, 0), x.permute(2, 1, 0)], -1), np.concatenate([a.T, a.T], -1))
    check(ct.concat([x, y], axis=None), np.concatenate([a, b], None))
    check(ct.concat([x[:, :0], x], 1), a)
    check(ct.cat((x, x)), np.concatenate([a, a]))
    for axis in (0, 1, 3, -1, -2):
        check(ct.stack([x, x], axis), np.stack([a, a], axis))


def test_joined_dtypes_promote():
    got = ct.concat([ct.tensor(counted(2, dtype="int32")), ct.tensor(counted(3))])
    check(got, np.float32([0, 1, 0, 1, 2]))


def test_dtypes_without_a_common_type_do_not_join():
    with pytest.raises(DTypeError, match="uint64"):
        ct.concat([ct.tensor(counted(2, dtype="uint64")), ct.tensor(counted(2, dtype="int8"))])


@pytest.mark.parametrize("dtype", DTYPES)
def test_padding(dtype):
    a = counted(2, 3, 4, dtype=dtype)
    x = ct.tensor(a)
    value = 1 if dtype == "bool" else 7
    for given, pairs in [
        (1, ((1, 1), (1, 1), (1, 1))),
        ((1, 2), ((0, 0), (0, 0), (1, 2))),
        ((1, 2, 0, 3), ((0, 0), (0, 3), (1, 2))),
        (((0, 1), (2, 0), (0, 0)), ((0, 1), (2, 0), (0, 0))),
        ((), ((0, 0), (0, 0), (0, 0))),
    ]:
        check(ct.pad(x, given, value=value), np.pad(a, pairs, constant_values=value))
    check(ct.pad(x, (-1, 2), value=value), np.pad(a[..., 1:], ((0, 0), (0, 0), (0, 2)),
                                                  constant_values=value))  # fmt: skip
    check(ct.pad(x[:, :0], (1, 1, 1, 1)), np.zeros((2, 2, 6), dtype))


def test_roll_tile_repeat():
    a = counted(3, 4)
    x = ct.tensor(a)
    for by, axis in [(1, 0), (-2, 1), (9, None), ((1, -1), (1, 0)), (4, 1), (0, 0)]:
        check(ct.roll(x, by, axis), np.roll(a, by, axis))
    check(ct.roll(x[:0], 1, 0), a[:0])
    for counts in [(2,), (2, 3), (2, 1, 2), (0, 2)]:
        check(ct.tile(x, counts), np.tile(a, counts))
    check(x.repeat(2, 1, 3), np.tile(a, (2, 1, 3)))


@pytest.mark.parametrize("k", [-5, -1, 0, 2, 6])
def test_triangles(k):
    a = counted(2, 3, 5)
    x = ct.tensor(a)
    check(ct.tril(x, k), np.tril(a, k))
    check(ct.triu(x, k), np.triu(a, k))


def test_large_copies_are_cut_into_runs():
    a = np.random.default_rng(0).standard_normal((3, 300, 211)).astype("float32")
    x = ct.tensor(a)
    check(ct.concat([x, x.flip(1)], 2), np.concatenate([a, a[:, ::-1]], 2))
    check(ct.pad(x.reshape(-1), (3, 5)), np.pad(a.ravel(), (3, 5)))


OPERATIONS = {
    "concat": lambda x: ct.concat([x, x * x, x[:, :1]], 1),
    "stack": lambda x: ct.stack([x, x * 3], 1),
    "pad": lambda x: ct.pad(x, (1, 0, -1, 2), value=3.0),
    "roll": lambda x: ct.roll(x, (1, -2), (0, 2)),
    "tile": lambda x: ct.tile(x, (2, 1, 2)),
    "tril": lambda x: ct.tril(x, 1),
    "triu": lambda x: ct.triu(x),
    "repeat_interleave": lambda x: ct.repeat_interleave(x, 2, 1),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_gradients_of_first_and_second_order(name):
    check_both_orders(OPERATIONS[name], np.random.default_rng(3).standard_normal((2, 3, 4)))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: ct.concat([x, x[:, :, :1]], 0), "concat: shapes"),
        (lambda x: ct.concat([]), "concat: no tensors"),
        (lambda x: ct.stack([x, x[0]]), "stack: shapes"),
        (lambda x: ct.pad(x, (1, 2, 3)), "pad: widths"),
        (lambda x: ct.pad(x, (-5, 0)), "pad: widths .* cut off more"),
        (lambda x: ct.roll(x, (1, 2), (0,)), "roll: 2 shifts for 1 axes"),
        (lambda x: ct.tile(x, (-1,)), "tile: repetitions"),
        (lambda x: x.repeat(2), "repeat: 1 counts"),
        (lambda x: ct.tril(x[0, 0]), "tril: takes two"),
    ],
)
def test_bad_input_names_the_operation_and_the_shapes(call, message):
    x = ct.tensor(counted(2, 3, 4))
    with pytest.raises(ShapeError, match=message):
        call(x)
    check(x, counted(2, 3, 4))


def test_arrays_do_not_join_tensors():
    for function in (ct.concat, ct.stack):
        name = function.__name__
        with pytest.raises(DTypeError, match=rf"^{name}: tensors\[1\] is a ndarray of shape"):
            function([ct.tensor(counted(2)), counted(2)])
        with pytest.raises(DTypeError, match=rf"^{name}: takes a sequence of tensors, not 3"):
            function(3)


@draws.cases
def test_drawn_paddings(case):
    rng = draws.generator(case)
    shape = draws.several(rng, 0, 5, int(rng.integers(1, 5)))
    pairs = [draws.several(rng, -2, 3) for _ in shape]
    for d, n in enumerate(shape):
        if n + sum(min(w, 0) for w in pairs[d]) < 0:
            pairs[d] = (0, 1)
    config = draws.drawn(shape=shape, pairs=pairs, dtype=str(rng.choice(DTYPES)))
    value = 1 if config["dtype"] == "bool" else 7
    a = counted(*shape, dtype=config["dtype"])
    kept = tuple(
        slice(max(-before, 0), n - max(-after, 0))
        for n, (before, after) in zip(shape, pairs, strict=True)
    )
    more = [(max(before, 0), max(after, 0)) for before, after in pairs]
    check(ct.pad(ct.tensor(a), pairs, value), np.pad(a[kept], more, constant_values=value))
    x = ct.tensor(a.astype("float32"), requires_grad=True)
    out = ct.pad(x, pairs)
    g = rng.standard_normal(out.shape).astype("float32")
    out.backward(ct.tensor(g))
    want = np.zeros(shape, "float32")
    want[kept] = g[tuple(slice(b, n - a) for n, (b, a) in zip(out.shape, more, strict=True))]
    check(x.grad, want)


def test_padding_with_a_number_that_does_not_fit():
    for dtype, value in (
        ("uint8", -1), ("int8", 300), ("int32", 1e20), ("int64", 2**63), ("int16", float("nan")),
        ("int16", float("inf")), ("float32", 1e39), ("float32", "1"), ("float32", None),
    ):  # fmt: skip
        with pytest.raises(DTypeError, match="pad: value"):
            ct.pad(ct.zeros(2, dtype=dtype), 1, value)
    check(ct.pad(ct.zeros(1, dtype="int8"), 1, 1.9), np.int8([1, 0, 1]))
    check(ct.pad(ct.zeros(1, dtype="bool"), 1, 2), np.array([True, False, True]))
    check(ct.pad(ct.zeros(1), 1, float("inf")), np.float32([np.inf, 0, np.inf]))
    check(ct.pad(ct.zeros(1), 1, ct.tensor(2.0)), np.float32([2, 0, 2]))


def test_empty_vectors_are_joined_to_anything(device):
    nothing, a = ct.zeros(0, requires_grad=True), counted(2, 3)
    x = ct.tensor(a, requires_grad=True)
    for axis in (0, 1, -1):
        check(ct.cat([nothing.detach(), ct.tensor(a), ct.zeros(0), ct.tensor(a)], axis),
              np.concatenate([a, a], axis))  # fmt: skip
    ct.cat([nothing, x, nothing]).sum().backward()
    check(x.grad, np.ones_like(a))
    assert nothing.grad.shape == (0,)
    check(ct.cat([ct.zeros(0), ct.zeros(0)]), np.float32([]))
    if device.fp64:
        check(ct.cat([ct.zeros(0, dtype="float64"), ct.tensor(a)]), a.astype("float64"))
    with pytest.raises(ShapeError, match=r"concat: shapes \(2, 3\) and \(0, 2\)"):
        ct.cat([ct.tensor(a), ct.zeros(0, 2)])
    with pytest.raises(ShapeError, match="concat: a tensor without dimensions"):
        ct.cat([ct.tensor(1.0), ct.tensor(2.0)])


@pytest.mark.parametrize("bad", [True, 1.5, 2**70, "2", np.bool_(True), [1.0], (2, True)])
@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("pad: widths", ct.pad),
        ("tile: repetitions", ct.tile),
        ("repeat: sizes", ct.repeat),
        ("repeat_interleave: repeats", ct.repeat_interleave),
        ("roll: shift", ct.roll),
        ("roll: axis", lambda x, n: ct.roll(x, 1, n)),
        ("repeat_interleave: axis", lambda x, n: ct.repeat_interleave(x, 2, n)),
        ("concat: axis", lambda x, n: ct.concat([x, x], n)),
        ("stack: axis", lambda x, n: ct.stack([x, x], n)),
        ("tril: diagonal", ct.tril),
        ("triu: diagonal", ct.triu),
    ],
)
def test_numbers_that_are_no_counts(name, call, bad):
    with pytest.raises(ShapeError, match=f"{name} is"):
        call(ct.ones(2, 2), bad)


def test_counts_beyond_what_fits():
    check(ct.roll(ct.tensor(counted(3)), 2**62), np.roll(counted(3), 2**62 % 3))
    check(ct.tril(ct.ones(2, 2), 2**62), np.ones((2, 2), "float32"))
    check(ct.triu(ct.ones(2, 2), 2**62), np.zeros((2, 2), "float32"))
    for call in (ct.tile, ct.repeat, ct.repeat_interleave):
        with pytest.raises(ShapeError, match="is -1"):
            call(ct.ones(2), -1)


def test_triangles_keep_the_dtype():
    for dtype in ("bool", "uint8", "int8", "int64", "float32"):
        x = ct.ones(2, 2, dtype=dtype)
        for function, want in ((ct.tril, [[1, 0], [1, 1]]), (ct.triu, [[1, 1], [0, 1]])):
            found = function(x)
            assert found.dtype == x.dtype
            assert found.tolist() == want


def test_joining_by_numpys_name():
    assert ct.concatenate([ct.ones(1, 2), ct.zeros(1, 2)]).tolist() == [[1, 1], [0, 0]]
    assert ct.concatenate((ct.ones(1, 2), ct.zeros(1, 1)), axis=-1).tolist() == [[1, 1, 0]]
    assert ct.concatenate([ct.ones(1, 2), ct.zeros(1)], axis=None).tolist() == [1, 1, 0]
