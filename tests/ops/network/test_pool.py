"""Pooling and its gradients against windows written out, on both kernel skeletons."""

import draws
import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import DTypeError, ShapeError
from cltensor.ops.network import pool
from cltensor.selftest.references import average_pooling, max_pooling, windows
from cltensor.testing import gradcheck, gradgradcheck

RNG = np.random.default_rng(13)


def draw(*shape, dtype="float32"):
    return RNG.standard_normal(shape).astype(dtype)


WINDOWS = [
    ((8, 8), {"kernel_size": 2}),
    ((9, 11), {"kernel_size": 2}),
    ((9, 11), {"kernel_size": 2, "ceil_mode": True}),
    ((9, 11), {"kernel_size": 3, "stride": 2, "padding": 1}),
    ((10, 12), {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True}),
    ((10, 9), {"kernel_size": (2, 3), "stride": (3, 4)}),
    ((12, 9), {"kernel_size": (4, 3), "stride": (1, 2), "padding": (2, 0)}),
    ((5, 7), {"kernel_size": 1, "stride": 2}),
]


@pytest.mark.parametrize(("size", "options"), WINDOWS)
def test_max_against_windows_written_out(skeleton, size, options):
    x = RNG.integers(0, 7, (2, 3, *size)).astype("float32")  # many ties: the first wins
    options = {"stride": options["kernel_size"], **options}
    taps = options["kernel_size"]
    rest = {k: v for k, v in options.items() if k != "kernel_size"}
    y, places, dx, g = max_pooling(x, lambda shape: draw(*shape), taps, **rest)
    variable = ct.tensor(x, requires_grad=True)
    out = ct.max_pool2d(variable, **options)
    np.testing.assert_array_equal(out.detach().numpy(), y)
    out.backward(ct.tensor(g))
    np.testing.assert_allclose(variable.grad.numpy(), dx, rtol=1e-6, atol=1e-6)
    again, indices = ct.max_pool2d(ct.tensor(x), **options, return_indices=True)
    np.testing.assert_array_equal(again.numpy(), y)
    np.testing.assert_array_equal(indices.numpy(), places)
    assert indices.dtype == np.int64


@pytest.mark.parametrize(
    ("size", "options"),
    [
        (
            (13, 12),
            {"kernel_size": (2, 3), "stride": (2, 1), "padding": (1, 1), "dilation": (2, 1)},
        ),
        ((13, 12), {"kernel_size": 3, "stride": 3, "dilation": 2, "ceil_mode": True}),
    ],
)
def test_max_with_dilation(skeleton, size, options):
    x = draw(2, 2, *size)
    rest = {k: v for k, v in options.items() if k != "kernel_size"}
    y, _, dx, g = max_pooling(x, lambda shape: draw(*shape), options["kernel_size"], **rest)
    variable = ct.tensor(x, requires_grad=True)
    out = ct.max_pool2d(variable, **options)
    np.testing.assert_array_equal(out.detach().numpy(), y)
    out.backward(ct.tensor(g))
    np.testing.assert_allclose(variable.grad.numpy(), dx, rtol=1e-6, atol=1e-6)


def draw_windows(rng, kind):
    """Size of the image and options of a pooling whose windows fit."""
    while True:
        taps = draws.several(rng, 1, 3)
        options = {
            "kernel_size": taps,
            "stride": draws.several(rng, 1, 4),
            "padding": tuple(int(rng.integers(0, t // 2 + 1)) for t in taps),
            "dilation": draws.several(rng, 1, 4) if kind == "max" else (1, 1),
            "ceil_mode": bool(rng.integers(2)),
        }
        size = draws.several(rng, 1, 6)
        if all(windows(size, *options.values())):
            return draws.drawn(size=size, options=options).values()


@draws.cases
def test_drawn_windows_of_the_largest(skeleton, case):
    rng = draws.generator(case)
    size, options = draw_windows(rng, "max")
    rest = {k: v for k, v in options.items() if k != "kernel_size"}
    shape = (2, 2, *size)
    x = rng.integers(-9, 9, shape).astype("float32")
    y, places, dx, g = max_pooling(
        x, lambda shape: rng.standard_normal(shape).astype("float32"),
        options["kernel_size"], **rest,
    )  # fmt: skip
    tx, tg = ct.tensor(x, requires_grad=True), ct.tensor(g, requires_grad=True)
    out = ct.max_pool2d(tx, **options)
    _, indices = ct.max_pool2d(ct.tensor(x), **options, return_indices=True)
    (found,) = ct.autograd.grad(out, tx, tg, create_graph=True)
    v = rng.standard_normal(shape).astype("float32")
    (found * ct.tensor(v)).sum().backward()
    selected = tg.grad.numpy()  # all kernels have run before the first comparison can end the test
    np.testing.assert_array_equal(out.detach().numpy(), y)
    np.testing.assert_array_equal(indices.numpy(), places)
    np.testing.assert_allclose(found.detach().numpy(), dx, rtol=1e-6, atol=1e-6)
    planes = np.concatenate([v.reshape(2, 2, -1), np.zeros((2, 2, 1))], axis=2)  # place -1: 0
    want = np.take_along_axis(planes, places.reshape(2, 2, -1), 2).reshape(places.shape)
    np.testing.assert_allclose(selected, want, rtol=1e-6)
    whole = rng.integers(-99, 99, shape).astype("int32")
    y, *_ = max_pooling(whole, np.zeros, options["kernel_size"], **rest)
    np.testing.assert_array_equal(ct.max_pool2d(ct.tensor(whole), **options).numpy(), y)


@draws.cases
def test_drawn_windows_of_averages(skeleton, case):
    rng = draws.generator(case)
    size, options = draw_windows(rng, "avg")
    whole, divisor = bool(rng.integers(2)), [None, None, 3, -2][rng.integers(4)]
    draws.drawn(whole=whole, divisor=divisor)
    del options["dilation"]
    x = rng.standard_normal((2, 2, *size)).astype("float32")
    y, dx, g = average_pooling(
        x, lambda shape: rng.standard_normal(shape).astype("float32"), options["kernel_size"],
        options["stride"], options["padding"], options["ceil_mode"], whole, divisor,
    )  # fmt: skip
    variable = ct.tensor(x, requires_grad=True)
    out = ct.avg_pool2d(variable, **options, count_include_pad=whole, divisor_override=divisor)
    np.testing.assert_allclose(out.detach().numpy(), y, rtol=1e-5, atol=1e-6)
    out.backward(ct.tensor(g))
    np.testing.assert_allclose(variable.grad.numpy(), dx, rtol=1e-5, atol=1e-6)


def test_a_window_wholly_in_the_padding(skeleton):
    x = ct.tensor(np.full((1, 2, 3, 1), -7, "float32"), requires_grad=True)
    options = {"kernel_size": (1, 2), "stride": 1, "padding": (0, 1), "dilation": 2}
    out = ct.max_pool2d(x, **options)
    assert out.tolist() == [[[[-np.inf]] * 3] * 2]
    out.backward(ct.full(out.shape, 5.0))
    assert x.grad.tolist() == [[[[0]] * 3] * 2]
    for dtype, least in (("int8", -128), ("uint8", 0), ("int64", -(2**63))):
        found, places = ct.max_pool2d(x.detach().to(dtype), **options, return_indices=True)
        assert found.tolist() == [[[[least]] * 3] * 2]
        assert places.tolist() == [[[[-1]] * 3] * 2]


def test_windows_of_many_taps(skeleton):
    """Their code is a loop and not written out."""
    x = draw(2, 19, 23)
    for options in ({"padding": 8}, {"padding": (3, 0), "ceil_mode": True}):
        given = {"stride": 2, "ceil_mode": False, **options}
        y, _, dx, g = max_pooling(x[None], lambda shape: draw(*shape), 17, **given)
        variable = ct.tensor(x, requires_grad=True)
        out = ct.max_pool2d(variable, 17, **given)
        np.testing.assert_array_equal(out.detach().numpy(), y[0])
        out.backward(ct.tensor(g[0]))
        np.testing.assert_allclose(variable.grad.numpy(), dx[0], rtol=1e-6, atol=1e-6)
        y, dx, g = average_pooling(
            x[None], lambda shape: draw(*shape), 17, 2, given["padding"], given["ceil_mode"], True,
            None,
        )  # fmt: skip
        variable = ct.tensor(x, requires_grad=True)
        out = ct.avg_pool2d(variable, 17, **given)
        np.testing.assert_allclose(out.detach().numpy(), y[0], rtol=1e-5, atol=1e-6)
        out.backward(ct.tensor(g[0]))
        np.testing.assert_allclose(variable.grad.numpy(), dx[0], rtol=1e-5, atol=1e-6)


def test_of_each_example_of_a_batch(skeleton):
    x = ct.randn(3, 2, 2, 6, 5)
    weight = ct.randn(2, 2, 3, 3)

    def scored(x):
        return (ct.max_pool2d(x, (3, 2), 2, 1) * weight).sum()

    found = ct.func.vmap(ct.func.grad(scored))(x)
    want = [ct.func.grad(scored)(each).numpy() for each in x]
    assert np.array_equal(found.numpy(), np.stack(want))


def test_distances_that_mean_nothing_may_be_huge(skeleton):
    far = 2**31 - 1
    x = ct.tensor(np.arange(12, dtype="float32").reshape(1, 3, 4), requires_grad=True)
    out = ct.max_pool2d(x, (2, 1), far, dilation=(1, far))
    assert out.tolist() == [[[4]]]
    out.sum().backward()
    assert np.flatnonzero(x.grad.numpy()).tolist() == [4]
    assert ct.avg_pool2d(x, 2, (far, 2)).tolist() == [[[2.5, 4.5]]]


def test_nan_wins_and_infinity_counts(skeleton):
    x = draw(1, 1, 6, 8)
    x[0, 0, 1, 2] = np.nan
    x[0, 0, 4:, :] = -np.inf
    y, places, *_ = max_pooling(x, np.zeros, 2, 2)
    out, indices = ct.max_pool2d(ct.tensor(x), 2, return_indices=True)
    np.testing.assert_array_equal(out.numpy(), y)
    np.testing.assert_array_equal(indices.numpy(), places)


def test_max_of_integers(skeleton):
    x = RNG.integers(-99, 99, (2, 3, 8, 9)).astype("int8")
    y, *_ = max_pooling(x, np.zeros, 3, 2, padding=1)
    np.testing.assert_array_equal(ct.max_pool2d(ct.tensor(x), 3, 2, 1).numpy(), y)


@pytest.mark.parametrize(
    ("size", "options", "whole", "divisor"),
    [(*WINDOWS[k], whole, None) for k in (2, 4, 6) for whole in (True, False)]
    + [(*WINDOWS[1], True, 5), (*WINDOWS[3], False, 5)],
)
def test_average_against_windows_written_out(skeleton, size, options, whole, divisor):
    x = draw(2, 3, *size)
    options = {"stride": options["kernel_size"], "padding": 0, "ceil_mode": False, **options}
    y, dx, g = average_pooling(
        x, lambda shape: draw(*shape), options["kernel_size"], options["stride"],
        options["padding"], options["ceil_mode"], whole, divisor,
    )  # fmt: skip
    variable = ct.tensor(x, requires_grad=True)
    out = ct.avg_pool2d(variable, **options, count_include_pad=whole, divisor_override=divisor)
    np.testing.assert_allclose(out.detach().numpy(), y, rtol=1e-5, atol=1e-6)
    out.backward(ct.tensor(g))
    np.testing.assert_allclose(variable.grad.numpy(), dx, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "options", [{"kernel_size": 2}, {"kernel_size": 3, "stride": 2, "padding": 1}]
)
def test_gradients_to_second_order(skeleton, options):
    if not skeleton.fp64:
        pytest.skip(f"'{skeleton}' has no float64")
    values = RNG.permutation(2 * 5 * 6).reshape(1, 2, 5, 6).astype("float64")  # no near ties
    x = ct.tensor(values, requires_grad=True)
    for function in (ct.max_pool2d, ct.avg_pool2d):
        assert gradcheck(lambda x, f=function: f(x, **options), (x,))
        assert gradgradcheck(
            lambda x, f=function: f(x, **options) * f(x * x, **options), (x,), atol=1e-3
        )


def test_views_three_dimensions_and_empty_batches(skeleton):
    x = draw(3, 6, 9, 4)
    view = ct.tensor(x)[:, ::-1, 1:].permute(0, 3, 1, 2)
    want = x[:, ::-1, 1:].transpose(0, 3, 1, 2)
    y, *_ = max_pooling(want, np.zeros, 2, 2)
    np.testing.assert_array_equal(ct.max_pool2d(view, 2).numpy(), y)
    np.testing.assert_array_equal(ct.max_pool2d(view[1], 2).numpy(), y[1])
    assert ct.avg_pool2d(view[1], 3).shape == (4, 2, 2)
    empty = ct.zeros(0, 2, 4, 4, requires_grad=True)
    out = ct.max_pool2d(empty, 2)
    assert out.shape == (0, 2, 2, 2)
    out.sum().backward()
    assert empty.grad.shape == (0, 2, 4, 4)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: ct.max_pool2d(x, 9), ShapeError, r"max_pool2d: windows of \(9, 9\) with"),
        (lambda x: ct.max_pool2d(x, 2, padding=2), ShapeError, "more than half of kernel_size"),
        (lambda x: ct.max_pool2d(x, 0), ShapeError, "max_pool2d: kernel_size is 0"),
        (lambda x: ct.max_pool2d(x, True), ShapeError, "max_pool2d: kernel_size is True"),
        (lambda x: ct.max_pool2d(x, 2.0), ShapeError, "max_pool2d: kernel_size is 2.0"),
        (lambda x: ct.max_pool2d(x, 2, 2**62), ShapeError, f"max_pool2d: stride is {2**62}"),
        (lambda x: ct.max_pool2d(x, 2, (1, -1)), ShapeError, r"max_pool2d: stride is \(1, -1\)"),
        (lambda x: ct.avg_pool2d(x, 2, 0), ShapeError, "avg_pool2d: stride is 0"),
        (lambda x: ct.avg_pool2d(x, 2**30, 1, 2**29), ShapeError, "kernels count less than"),
        (lambda x: ct.avg_pool2d(x, 2, divisor_override=1.5), ShapeError, "override is 1.5"),
        (lambda x: ct.avg_pool2d(x, 2, divisor_override=2**40), ShapeError, "divisor_override"),
        (lambda x: ct.max_pool2d(x[:, :, :0], 2, 1, 1), ShapeError, "only a batch may be empty"),
        (lambda x: ct.avg_pool2d(x[:, :0], 2), ShapeError, "avg_pool2d: images of shape"),
        (lambda x: ct.max_pool2d(x[0, 0], 2), ShapeError, r"max_pool2d: x has shape \(8, 8\)"),
        (lambda x: ct.max_pool2d(x > 0, 2), DTypeError, "max_pool2d: not defined for bool"),
        (lambda x: ct.avg_pool2d(x > 0, 2), DTypeError, "avg_pool2d: not defined for bool"),
        (lambda x: ct.avg_pool2d(x, 2, divisor_override=0), ShapeError, "divisor_override is 0"),
        (lambda x: ct.max_pool2d(3, 2), DTypeError, "max_pool2d: x is 3"),
    ],
)
def test_errors_name_operation_and_operands(call, error, message):
    with pytest.raises(error, match=message):
        call(ct.ones(2, 3, 8, 8))


def test_elements_that_go_to_one_place_all_get_its_gradient(device):
    x = ct.tensor([[3.0, 5.0, 7.0]], requires_grad=True)
    found = pool.unpool(x, ct.tensor([[0, 2, 2]]), 4)
    assert found.tolist() == [[3, 0, 7, 0]]
    (found * ct.tensor([1.0, 10, 100, 1000])).sum().backward()
    assert x.grad.tolist() == [[1, 100, 100]]
