"""Joining, padding, rolling, tiling and triangles against NumPy."""

import numpy as np
import pytest
from arrays import check, check_both_orders, counted

import cltensor as ct
from cltensor.errors import DTypeError, ShapeError
from cltensor.ops import join

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
    check(join.repeat_interleave(x, 3, 1), np.repeat(a, 3, 1))
    check(join.repeat_interleave(x, 2), np.repeat(a, 2))


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
    "repeat_interleave": lambda x: join.repeat_interleave(x, 2, 1),
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


def test_triangles_keep_the_dtype():
    for dtype in ("bool", "uint8", "int8", "int64", "float32"):
        x = ct.ones(2, 2, dtype=dtype)
        for function, want in ((ct.tril, [[1, 0], [1, 1]]), (ct.triu, [[1, 1], [0, 1]])):
            found = function(x)
            assert found.dtype == x.dtype
            assert found.tolist() == want
