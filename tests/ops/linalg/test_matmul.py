"""Matrix products: every rank, memory order and dtype, on both kernel skeletons."""

import numpy as np
import pytest
from matrices import RNG, SIZES, check, draw

import cltensor as ct
from cltensor.errors import DeviceError, DTypeError, ShapeError
from cltensor.testing import gradcheck, gradgradcheck


@pytest.mark.parametrize(("m", "n", "k"), SIZES)
@pytest.mark.parametrize("turned", ["nn", "nt", "tn", "tt"])
def test_sizes_around_tile_edges_in_all_orders(skeleton, registers, m, n, k, turned):
    a = draw(k, m).T if turned[0] == "t" else draw(m, k)
    b = draw(n, k).T if turned[1] == "t" else draw(k, n)
    left = ct.tensor(a.T.copy()).mT if turned[0] == "t" else ct.tensor(a)
    right = ct.tensor(b.T.copy()).mT if turned[1] == "t" else ct.tensor(b)
    check(left @ right, a.astype("float64") @ b)


def test_large_tiles(skeleton):
    a, b = draw(150, 21), draw(21, 261)
    check(ct.tensor(a) @ ct.tensor(b), a @ b)


@pytest.mark.parametrize(
    ("shape_a", "shape_b"),
    [
        ((4,), (4,)),
        ((4,), (4, 3)),
        ((2, 4), (4,)),
        ((4,), (5, 4, 3)),
        ((5, 2, 4), (4,)),
        ((5, 2, 4), (4, 3)),
        ((2, 4), (5, 4, 3)),
        ((5, 1, 2, 4), (6, 4, 3)),
        ((1, 6, 2, 4), (5, 1, 4, 3)),
        ((2, 1, 3, 1, 2, 4), (1, 2, 1, 3, 4, 3)),
        ((0, 4), (4, 3)),
        ((2, 0), (0, 3)),
        ((0, 2, 4), (4, 3)),
        ((2, 4), (4, 0)),
        ((0,), (0,)),
    ],
)
def test_ranks_and_broadcast_batches_follow_numpy(skeleton, shape_a, shape_b):
    a, b = draw(*shape_a), draw(*shape_b)
    check(ct.matmul(ct.tensor(a), ct.tensor(b)), np.matmul(a, b))


def test_strided_views_are_read_in_place(skeleton):
    a, b = draw(3, 9, 20), draw(3, 14, 12)
    x, y = ct.tensor(a), ct.tensor(b)
    check(x[:, 1::2, ::3] @ y[:, ::2, 2:9], a[:, 1::2, ::3] @ b[:, ::2, 2:9])
    check(x[:, ::-1, 4:11] @ y[:, :7, ::-1], a[:, ::-1, 4:11] @ b[:, :7, ::-1])
    heads = draw(2, 5, 3, 4)
    t = ct.tensor(heads).permute(0, 2, 1, 3)
    want = heads.transpose(0, 2, 1, 3)
    check(t @ t.mT, want @ want.swapaxes(-1, -2))
    check(
        ct.tensor(a[0, :, :1]).expand(9, 6) @ ct.tensor(b[0, :6]),
        np.repeat(a[0, :, :1], 6, 1) @ b[0, :6],
    )


@pytest.mark.parametrize("dtype", ["float64", "int8", "uint8", "int16", "int32", "int64", "uint64"])
def test_dtypes(skeleton, dtype):
    if dtype == "float64" and not skeleton.fp64:
        pytest.skip(f"'{skeleton}' has no float64")
    a, b = draw(9, 40, dtype=dtype), draw(40, 18, dtype=dtype)
    got = ct.tensor(a) @ ct.tensor(b)
    assert got.dtype == np.dtype(dtype)
    check(got, a @ b, 1e-12)


def test_float16_sums_in_float32(skeleton):
    a, b = draw(9, 700, dtype="float16"), draw(700, 18, dtype="float16")
    got = ct.tensor(a) @ ct.tensor(b)
    assert got.dtype == np.float16
    check(got, (a.astype("float64") @ b).astype("float16").astype("float64"), 1e-3)


def test_bool_is_logical(skeleton):
    a, b = RNG.random((5, 300)) < 0.01, RNG.random((300, 7)) < 0.1
    got = ct.tensor(a) @ ct.tensor(b)
    np.testing.assert_array_equal(got.numpy(), a @ b)


def test_integers_of_several_types_promote(skeleton):
    a, b = draw(3, 4, dtype="int32"), draw(4, 5, dtype="int8")
    got = ct.tensor(a) @ ct.tensor(b)
    assert got.dtype == ct.int32
    check(got, a @ b)


def test_floats_do_not_promote_in_products(device):
    a, b, v = ct.ones(2, 2), ct.ones(2, 2, dtype="int32"), ct.ones(2, dtype="int32")
    calls = {
        "matmul": lambda: a @ b,
        "mm": lambda: ct.mm(b, a),
        "mv": lambda: ct.mv(a, v),
        "bmm": lambda: ct.bmm(a.unsqueeze(0), b.unsqueeze(0)),
        "dot": lambda: ct.dot(v, a[0]),
        "addmm": lambda: ct.addmm(b, a, a),
    }
    for name, call in calls.items():
        with pytest.raises(
            DTypeError, match=r"operands are (float|int)32 and (int|float)32; cast"
        ) as e:
            call()
        assert "to('float32')" in str(e.value), name
    if device.fp64:
        with pytest.raises(DTypeError, match="matmul: operands are float32 and float64"):
            a @ ct.ones(2, 2, dtype="float64")


def test_products_of_vectors_keep_their_dtype(device):
    small = ct.tensor([10, 10, 10], dtype="int8")
    assert (small @ small).dtype == ct.int8
    assert ct.dot(small, small).item() == 300 - 256
    truths = ct.tensor([True, False])
    assert ct.dot(truths, truths).dtype == ct.bool_
    assert ct.dot(truths, truths).item() is True


def test_nan_and_infinity_propagate(skeleton):
    a = np.array([[np.nan, 1], [np.inf, 0], [0, 1]], "float32")
    b = np.array([[1, 0], [2, 3]], "float32")
    with np.errstate(invalid="ignore"):
        want = a @ b
    np.testing.assert_array_equal((ct.tensor(a) @ ct.tensor(b)).numpy(), want)


def test_helpers(skeleton):
    a, b, c, v = draw(4, 6), draw(6, 5), draw(5), draw(6)
    x, y, z, w = map(ct.tensor, (a, b, c, v))
    check(ct.mm(x, y), a @ b)
    check(ct.mv(x, w), a @ v)
    check(ct.dot(w, w), np.dot(v, v))
    check(ct.outer(z, w), np.outer(c, v))
    check(ct.addmm(z, x, y, beta=2, alpha=0.5), 2 * c + 0.5 * (a @ b))
    check(ct.addmm(z, x, y, beta=0), a @ b)
    stack = draw(3, 4, 6)
    check(ct.bmm(ct.tensor(stack), ct.tensor(np.stack([b] * 3))), stack @ b)


def test_gradients_to_second_order(skeleton):
    if not skeleton.fp64:
        pytest.skip(f"'{skeleton}' has no float64")
    shapes = [((3, 2), (2, 2)), ((3,), (3, 2)), ((2, 1, 2, 3), (2, 3, 1)), ((2, 1), (1, 3))]
    for shape_a, shape_b in shapes:
        a = ct.tensor(draw(*shape_a, dtype="float64"), requires_grad=True)
        b = ct.tensor(draw(*shape_b, dtype="float64"), requires_grad=True)
        assert gradcheck(ct.matmul, (a, b))
        assert gradgradcheck(ct.matmul, (a, b))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda x: x(2, 3) @ x(4, 5),
            r"matmul: inner sizes 3 and 4 of shapes \(2, 3\) and",
        ),
        (lambda x: x(2, 2, 3) @ x(3, 3, 2), r"matmul: batch shapes \(2,\) and \(3,\)"),
        (lambda x: x(3, 3) @ x(), r"matmul: an operand of shape \(\)"),
        (lambda x: ct.mm(x(2, 3), x(3)), r"mm: needs two matrices, got shapes \(2, 3\) and \(3,\)"),
        (lambda x: ct.bmm(x(2, 2, 3), x(3, 3, 2)), "bmm: stacks of 2 and 3"),
        (lambda x: ct.dot(x(3), x(4)), "dot: lengths 3 and 4"),
    ],
)
def test_shape_errors_name_operation_and_operands(call, message):
    with pytest.raises(ShapeError, match=message):
        call(lambda *shape: ct.zeros(shape))


def test_other_errors():
    with pytest.raises(DTypeError, match="matmul: an operand is 2"):
        ct.matmul(ct.ones(2, 2), 2)
    with pytest.raises(DTypeError, match=r"matmul: .*uint64 and int8"):
        ct.ones(2, 2, dtype="uint64") @ ct.ones(2, 2, dtype="int8")
    if len(ct.devices()) > 1:
        first, second = ct.devices()[:2]
        with pytest.raises(DeviceError, match="matmul: operands are on"):
            ct.ones(2, 2, device=first) @ ct.ones(2, 2, device=second)


@pytest.mark.parametrize("name", ["alpha", "beta"])
def test_factors_of_integers_are_whole(device, name):
    x = ct.ones(1, 1, dtype=ct.int64)
    with pytest.raises(DTypeError, match=f"addmm: {name} is 1.5 and the operands are integers"):
        ct.addmm(x, x, x, **{name: 1.5})
    assert ct.addmm(x, x, x, **{name: 2}).tolist() == [[3]]


def test_floats_of_16_bits_go_with_their_own_dtype_only(device):
    x = ct.ones(2, 2, dtype=ct.float16)
    for dtype in (ct.bfloat16, ct.float32, ct.int64):
        for a, b in ((x, x.to(dtype)), (x.to(dtype), x)):
            with pytest.raises(ct.DTypeError, match=r"operands are .*float16.*; cast one"):
                a @ b
    got = x @ x
    assert (got.dtype, got.tolist()) == (ct.float16, [[2, 2], [2, 2]])
