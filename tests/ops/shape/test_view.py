"""Shape operations against NumPy: values, sharing of buffers, gradients, bad input."""

import numpy as np
import pytest
from arrays import check, check_both_orders, counted

import cltensor as ct
from cltensor.errors import DTypeError, ShapeError
from cltensor.ops.shape.cut import backwards

DTYPES = ["bool", "uint8", "int16", "int64", "float32"]


# Each test runs with the kernels for CPUs, loops over runs, and with one element per work-item.
pytestmark = pytest.mark.usefixtures("skeleton")


def shares(view, source):
    return view.buffer is source.buffer


SAMPLES = [(), (1,), (7,), (0,), (3, 5), (2, 0, 3), (1, 4, 1), (2, 3, 4, 5), (2, 1, 3, 1, 2)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("sizes", SAMPLES)
def test_views_of_every_rank_and_dtype(sizes, dtype):
    a = counted(*sizes, dtype=dtype)
    x = ct.tensor(a)
    for got, want in [
        (ct.reshape(x, -1) if a.size else ct.reshape(x, 0), a.reshape(-1)),
        (ct.transpose(x), a.T),
        (backwards(x, *range(x.ndim)), np.flip(a)),
        (ct.unsqueeze(x, -1), a[..., None]),
        (ct.squeeze(x), a.squeeze()),
        (ct.broadcast_to(x, (2, *sizes)), np.broadcast_to(a, (2, *sizes))),
    ]:
        check(got, want)
        assert shares(got, x)
    check(ct.flip(x), np.flip(a))


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


def test_views_see_a_later_assignment():
    x, a = ct.tensor(counted(6)), counted(6)
    same, half, odd = x.reshape(6), x[::2], x.reshape(2, 3).T.reshape(6)
    x[0] = a[0] = 50
    check(same, a)
    check(half, a[::2])
    half[1] = a[2] = 60
    check(x, a)
    check(odd, counted(6).reshape(2, 3).T.ravel())  # which only a copy could give


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
    check(ct.matrix_transpose(x), a.swapaxes(-1, -2))
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


@pytest.mark.parametrize(
    "axes", [0, -1, np.int64(1), (0, 1), (0, -1), [1], (-1, -2), (), (3, 0), (0, 4, 2)]
)
def test_expand_dims_takes_several_axes_of_the_result(axes):
    a = np.zeros((2, 3), "float32")
    wanted = np.expand_dims(a, tuple(axes) if isinstance(axes, list) else axes).shape
    assert ct.expand_dims(ct.tensor(a), axes).shape == wanted


def test_one_axis_is_never_the_first_of_several():
    x = ct.ones(2, 2)
    calls = [
        lambda axis: x.unsqueeze(axis),
        lambda axis: x.unbind(axis),
        lambda axis: x.diagonal(0, axis, 1),
        lambda axis: x.transpose(axis, 1),
        lambda axis: x.narrow(axis, 0, 1),
        lambda axis: x.chunk(2, axis),
    ]
    for call in calls:
        for axis in ((0, 1), (0,), [0], (), 0.0, True):
            with pytest.raises(ShapeError, match="axis is .*; give an integer"):
                call(axis)
    with pytest.raises(ShapeError, match="expand_dims: axis .* twice"):
        ct.expand_dims(x, (0, -4))


OPERATIONS = {
    "reshape": lambda x: x.permute(2, 0, 1).reshape(3, 8),
    "permute": lambda x: x.permute(2, 0, 1) * 2,
    "expand": lambda x: x.unsqueeze(1).expand(2, 2, 3, 4),
    "flip": lambda x: x.flip((0, 2)),
    "slice": lambda x: x[:, ::-2, 1:3],
    "split": lambda x: ct.split(x, [1, 3], -1)[1] * ct.split(x, [3, 1], -1)[0],
    "diagonal": lambda x: ct.diagonal(x, 1, 1, 2),
    "unbind": lambda x: x.unbind(1)[2] * x.unbind(1)[0],
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_gradients_of_first_and_second_order(name):
    check_both_orders(OPERATIONS[name], np.random.default_rng(3).standard_normal((2, 3, 4)))


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
    ],
)
def test_bad_input_names_the_operation_and_the_shapes(call, message):
    x = ct.tensor(counted(2, 3, 4))
    with pytest.raises(ShapeError, match=message):
        call(x)
    check(x, counted(2, 3, 4))


def test_a_zero_dimensional_tensor_takes_the_axes_0_and_minus_1():
    x = ct.tensor(3.0)
    for axis in (0, -1):
        assert ct.flatten(x, axis, axis).shape == (1,)
        assert ct.unsqueeze(x, axis).shape == (1,)
        for y in (
            ct.squeeze(x, axis),
            ct.flip(x, axis),
            ct.movedim(x, axis, axis),
            ct.transpose(x, 0, axis),
        ):
            assert (y.shape, y.item()) == ((), 3.0)
        for call in (
            lambda a=axis: ct.unbind(x, a),
            lambda a=axis: ct.split(x, 1, a),
            lambda a=axis: ct.chunk(x, 1, a),
            lambda a=axis: ct.narrow(x, a, 0, 1),
        ):
            with pytest.raises(ShapeError, match=r"a tensor of shape \(\) has no axis to name"):
                call()
    for call in (
        lambda: ct.squeeze(x, 1),
        lambda: ct.flip(x, -2),
        lambda: ct.flatten(x, 1),
        lambda: ct.transpose(x, 0, 1),
    ):
        with pytest.raises(ShapeError, match="axis -?[12] is out of range"):
            call()
    with pytest.raises(ShapeError, match="permute"):
        ct.permute(x, 0)


def test_sizes_and_axes_are_whole_numbers_in_reach():
    x = ct.ones(4, 1)
    for call in (
        lambda: x.reshape(2.0, 2),
        lambda: x.expand(4, 1.5),
        lambda: x.narrow(0, 0.5, 1),
        lambda: x.split(1.5),
    ):
        with pytest.raises(DTypeError, match="no integers"):
            call()
    for call in (
        lambda: x.expand(4, -5),
        lambda: x.expand(-2, 4, 1),
        lambda: x.expand(4, 1 << 62),
        lambda: ct.broadcast_to(x, (1 << 40, 4, 1 << 30)),
        lambda: x.reshape(1 << 70),
        lambda: x.split(-1),
        lambda: x.split(0),
        lambda: x.narrow(0, -5, 1),
        lambda: x.unsqueeze(1 << 70),
        lambda: x.unsqueeze(0.5),
        lambda: x.transpose(0.0, 1),
    ):
        with pytest.raises(ShapeError):
            call()
    assert x.reshape(np.int64(2), np.int32(2)).shape == (2, 2)
    assert ct.zeros(0).split(0)[0].shape == (0,)
    assert ct.arange(5).narrow(0, -2, 2).tolist() == [3, 4]
    assert ct.arange(5).flip(np.int64(0).item()).tolist() == [4, 3, 2, 1, 0]
