"""Shape operations against NumPy: values, sharing of buffers, gradients, bad input."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import DTypeError, ShapeError
from cltensor.ops import join, shape
from cltensor.testing import gradcheck, gradgradcheck

DTYPES = ["bool", "uint8", "int16", "int64", "float32"]


@pytest.fixture(autouse=True)
def kernel_form(skeleton):
    """Runs each test with the kernels' loops over runs, then with one element per work-item."""


def counted(*sizes, dtype="float32"):
    return (np.arange(np.prod(sizes, dtype=int)) % 100).reshape(sizes).astype(dtype)


def check(got, want):
    got, want = got.numpy(), np.asarray(want)
    assert got.dtype == want.dtype
    np.testing.assert_array_equal(got, want, strict=True)


def shares(view, source):
    return view.buffer is source.buffer


SAMPLES = [(), (1,), (7,), (0,), (3, 5), (2, 0, 3), (1, 4, 1), (2, 3, 4, 5), (2, 1, 3, 1, 2)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("sizes", SAMPLES)
def test_views_of_every_rank_and_dtype(sizes, dtype):
    a = counted(*sizes, dtype=dtype)
    x = ct.tensor(a)
    for got, want in [
        (shape.reshape(x, -1) if a.size else shape.reshape(x, 0), a.reshape(-1)),
        (shape.transpose(x), a.T),
        (shape.flip(x), np.flip(a)),
        (shape.unsqueeze(x, -1), a[..., None]),
        (shape.squeeze(x), a.squeeze()),
        (shape.broadcast_to(x, (2, *sizes)), np.broadcast_to(a, (2, *sizes))),
    ]:
        check(got, want)
        assert shares(got, x)


def test_reshape_of_a_view_copies_only_where_strides_cannot_show_it():
    a = counted(4, 6, 5)
    x = ct.tensor(a)
    turned = x.permute(1, 2, 0)
    kept = turned.reshape(3, 2, 5, 4)
    assert shares(kept, x)
    check(kept, a.transpose(1, 2, 0).reshape(3, 2, 5, 4))
    moved = turned.reshape(30, 4)
    assert shares(moved, x)
    check(moved, a.transpose(1, 2, 0).reshape(30, 4))
    copied = turned.reshape(5, 24)
    assert not shares(copied, x)
    check(copied, a.transpose(1, 2, 0).reshape(5, 24))
    sliced = x[:, ::2]
    assert shares(sliced.reshape(4, 15), x) is False
    check(sliced.reshape(2, 2, 3, 5), a[:, ::2].reshape(2, 2, 3, 5))


def test_views_that_meet_a_later_assignment_keep_their_values():
    x = ct.tensor(counted(6))
    same, half = x.reshape(6), x[::2]
    x[0] = 50
    check(same, counted(6))
    check(half, counted(6)[::2])
    assert x[0].item() == 50


def test_permutations():
    a = counted(2, 3, 4, 5)
    x = ct.tensor(a)
    check(x.permute(3, 1, 0, 2), a.transpose(3, 1, 0, 2))
    check(x.permute((-1, 0, 1, 2)), a.transpose(3, 0, 1, 2))
    check(x.transpose(1, 3), a.swapaxes(1, 3))
    check(x.transpose(0, 2, 1, 3), a.transpose(0, 2, 1, 3))
    check(x.swapaxes(0, -1), a.swapaxes(0, -1))
    check(x.movedim(0, 2), np.moveaxis(a, 0, 2))
    check(x.movedim((0, 1), (-1, 0)), np.moveaxis(a, (0, 1), (-1, 0)))
    check(shape.matrix_transpose(x), a.swapaxes(-1, -2))
    check(ct.tensor(a[0, 0]).t(), a[0, 0].T)
    check(ct.tensor(a[0, 0, 0]).t(), a[0, 0, 0])


def test_flatten_squeeze_expand():
    a = counted(2, 1, 4, 5)
    x = ct.tensor(a)
    check(x.flatten(), a.ravel())
    check(x.flatten(1), a.reshape(2, 20))
    check(x.flatten(1, -2), a.reshape(2, 4, 5))
    check(x.unflatten(2, (2, -1)), a.reshape(2, 1, 2, 2, 5))
    check(x.squeeze(1), a.squeeze(1))
    check(x.squeeze((0, 1)), a.squeeze(1))
    check(x.expand(-1, 3, -1, 5), np.broadcast_to(a, (2, 3, 4, 5)))
    check(x.expand(3, 2, 6, 4, 5), np.broadcast_to(a, (3, 2, 6, 4, 5)))
    check(x.expand_as(ct.zeros(2, 3, 4, 5)), np.broadcast_to(a, (2, 3, 4, 5)))


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


def test_splitting():
    a = counted(7, 4)
    x = ct.tensor(a)
    for got, want in [
        (ct.split(x, 3), [a[:3], a[3:6], a[6:]]),
        (ct.split(x, [2, 0, 5]), [a[:2], a[:0], a[2:]]),
        (ct.split(x, 2, axis=-1), [a[:, :2], a[:, 2:]]),
        (ct.chunk(x, 3), [a[:3], a[3:6], a[6:]]),
        (ct.chunk(x, 9), [a[i : i + 1] for i in range(7)]),
        (ct.unbind(x, 1), list(a.T)),
    ]:
        assert len(got) == len(want)
        for part, expected in zip(got, want, strict=True):
            check(part, expected)
            assert shares(part, x)


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
def test_triangles_and_diagonals(k):
    a = counted(2, 3, 5)
    x = ct.tensor(a)
    check(ct.tril(x, k), np.tril(a, k))
    check(ct.triu(x, k), np.triu(a, k))
    if -3 <= k <= 5:
        check(ct.diagonal(x, k, 1, 2), np.diagonal(a, k, 1, 2))
        check(x.diagonal(k), np.diagonal(a, k))


OPERATIONS = {
    "reshape": lambda x: x.permute(2, 0, 1).reshape(3, 8),
    "permute": lambda x: x.permute(2, 0, 1) * 2,
    "expand": lambda x: x.unsqueeze(1).expand(2, 2, 3, 4),
    "flip": lambda x: x.flip((0, 2)),
    "slice": lambda x: x[:, ::-2, 1:3],
    "split": lambda x: ct.split(x, [1, 3], -1)[1] * ct.split(x, [3, 1], -1)[0],
    "concat": lambda x: ct.concat([x, x * x, x[:, :1]], 1),
    "stack": lambda x: ct.stack([x, x * 3], 1),
    "pad": lambda x: ct.pad(x, (1, 0, -1, 2), value=3.0),
    "roll": lambda x: ct.roll(x, (1, -2), (0, 2)),
    "tile": lambda x: ct.tile(x, (2, 1, 2)),
    "tril": lambda x: ct.tril(x, 1),
    "triu": lambda x: ct.triu(x),
    "diagonal": lambda x: ct.diagonal(x, 1, 1, 2),
    "unbind": lambda x: x.unbind(1)[2] * x.unbind(1)[0],
    "repeat_interleave": lambda x: join.repeat_interleave(x, 2, 1),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_gradients_of_first_and_second_order(name):
    if not ct.device().fp64:
        pytest.skip("the device has no float64 for finite differences")
    values = np.random.default_rng(3).standard_normal((2, 3, 4))
    x = ct.tensor(values, requires_grad=True)
    curved = lambda x: OPERATIONS[name](x * x)  # noqa: E731
    assert gradcheck(curved, [x])
    assert gradgradcheck(curved, [x])


def test_large_copies_are_cut_into_runs():
    a = np.random.default_rng(0).standard_normal((3, 300, 211)).astype("float32")
    x = ct.tensor(a)
    check(ct.concat([x, x.flip(1)], 2), np.concatenate([a, a[:, ::-1]], 2))
    check(ct.pad(x.reshape(-1), (3, 5)), np.pad(a.ravel(), (3, 5)))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: x.reshape(5, 5), r"reshape: shape \(2, 3, 4\) has 24 elements"),
        (lambda x: x.reshape(-1, -1), "at most one size may be -1"),
        (lambda x: x.reshape(-1, 5), "reshape"),
        (lambda x: x.permute(0, 1), "permute: axes"),
        (lambda x: x.permute(0, 0, 1), "permute: axis .* names a dimension twice"),
        (lambda x: x.swapaxes(0, 3), "swapaxes: axis 3 is out of range"),
        (lambda x: x.t(), "t: takes at most two"),
        (lambda x: x.expand(2, 5, 4), "broadcast_to: shape"),
        (lambda x: x.unsqueeze(5), "unsqueeze: axis 5"),
        (lambda x: x.flatten(2, 0), "flatten: start axis 2 lies behind"),
        (lambda x: x.unflatten(1, (2, 2)), "unflatten: axis 1 of size 3"),
        (lambda x: ct.concat([x, x[:, :, :1]], 0), "concat: shapes"),
        (lambda x: ct.concat([]), "concat: no tensors"),
        (lambda x: ct.stack([x, x[0]]), "stack: shapes"),
        (lambda x: ct.split(x, [1, 5], 1), "split: sizes"),
        (lambda x: ct.split(x, 0), "split: parts of size 0"),
        (lambda x: ct.chunk(x, 0), "chunk: 0 parts"),
        (lambda x: ct.pad(x, (1, 2, 3)), "pad: widths"),
        (lambda x: ct.pad(x, (-5, 0)), "pad: widths .* cut off more"),
        (lambda x: ct.roll(x, (1, 2), (0,)), "roll: 2 shifts for 1 axes"),
        (lambda x: ct.tile(x, (-1,)), "tile: repetitions"),
        (lambda x: x.repeat(2), "repeat: 1 counts"),
        (lambda x: ct.tril(x[0, 0]), "tril: takes two"),
        (lambda x: ct.diagonal(x, 0, 1, 1), "diagonal: axes 1 and 1"),
        (lambda x: shape.narrow(x, 1, 2, 2), "narrow: 2 to 4 is outside"),
    ],
)
def test_bad_input_names_the_operation_and_the_shapes(call, message):
    x = ct.tensor(counted(2, 3, 4))
    with pytest.raises(ShapeError, match=message):
        call(x)
    check(x, counted(2, 3, 4))


def test_dtypes_without_a_common_type_do_not_join():
    with pytest.raises(DTypeError, match="uint64"):
        ct.concat([ct.tensor(counted(2, dtype="uint64")), ct.tensor(counted(2, dtype="int8"))])
