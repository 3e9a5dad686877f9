"""Pooling and its gradients against windows written out, on both kernel skeletons."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import DTypeError, ShapeError
from cltensor.testing import gradcheck, gradgradcheck

RNG = np.random.default_rng(13)


def both(value):
    return (value, value) if isinstance(value, int) else value


def windows(size, taps, stride, padding, dilation, ceil_mode):
    """For each output (i, j): the lists of rows and columns inside the image, and the window's
    numbers of rows and columns inside the image and its padding."""
    axes = []
    for d in (0, 1):
        span = dilation[d] * (taps[d] - 1) + 1
        rest = size[d] + 2 * padding[d] - span
        count = (-(-rest // stride[d]) if ceil_mode else rest // stride[d]) + 1
        if ceil_mode and (count - 1) * stride[d] >= size[d] + padding[d]:
            count -= 1
        axis = []
        for i in range(count):
            start = i * stride[d] - padding[d]
            places = [start + t * dilation[d] for t in range(taps[d])]
            inside = [p for p in places if 0 <= p < size[d]]
            axis.append((inside, min(start + taps[d], size[d] + padding[d]) - start))
        axes.append(axis)
    return axes


def reference_max(x, g, taps, stride, padding=0, dilation=1, ceil_mode=False):
    rows, cols = windows(
        x.shape[2:], both(taps), both(stride), both(padding), both(dilation), ceil_mode
    )
    y = np.zeros((*x.shape[:2], len(rows), len(cols)), x.dtype)
    places = np.zeros(y.shape, np.int64)
    g = g(y.shape)
    dx = np.zeros(x.shape)
    for n, c, i, j in np.ndindex(y.shape):
        inside = [(x[n, c, p, q], p, q) for p in rows[i][0] for q in cols[j][0]]
        values = [v for v, _, _ in inside]
        best = int(np.argmax(values))  # NumPy too takes the first NaN, else the first largest
        value, p, q = inside[best]
        y[n, c, i, j], places[n, c, i, j] = value, p * x.shape[3] + q
        dx[n, c, p, q] += g[n, c, i, j]
    return y, places, dx, g


def reference_average(x, g, taps, stride, padding, ceil_mode, whole, divisor):
    rows, cols = windows(x.shape[2:], both(taps), both(stride), both(padding), (1, 1), ceil_mode)
    y = np.zeros((*x.shape[:2], len(rows), len(cols)))
    g = g(y.shape)
    dx = np.zeros(x.shape)
    for i, j in np.ndindex(y.shape[2:]):
        (ps, height), (qs, width) = rows[i], cols[j]
        count = divisor or (height * width if whole else len(ps) * len(qs))
        y[:, :, i, j] = x[:, :, ps][:, :, :, qs].sum((2, 3)) / count
        dx[np.ix_(range(x.shape[0]), range(x.shape[1]), ps, qs)] += (
            g[:, :, i, j, None, None] / count
        )
    return y, dx, g


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
    y, places, dx, g = reference_max(x, lambda shape: draw(*shape), taps, **rest)
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
    y, _, dx, g = reference_max(x, lambda shape: draw(*shape), options["kernel_size"], **rest)
    variable = ct.tensor(x, requires_grad=True)
    out = ct.max_pool2d(variable, **options)
    np.testing.assert_array_equal(out.detach().numpy(), y)
    out.backward(ct.tensor(g))
    np.testing.assert_allclose(variable.grad.numpy(), dx, rtol=1e-6, atol=1e-6)


def test_nan_wins_and_infinity_counts(skeleton):
    x = draw(1, 1, 6, 8)
    x[0, 0, 1, 2] = np.nan
    x[0, 0, 4:, :] = -np.inf
    y, places, *_ = reference_max(x, np.zeros, 2, 2)
    out, indices = ct.max_pool2d(ct.tensor(x), 2, return_indices=True)
    np.testing.assert_array_equal(out.numpy(), y)
    np.testing.assert_array_equal(indices.numpy(), places)


def test_max_of_integers(skeleton):
    x = RNG.integers(-99, 99, (2, 3, 8, 9)).astype("int8")
    y, *_ = reference_max(x, np.zeros, 3, 2, padding=1)
    np.testing.assert_array_equal(ct.max_pool2d(ct.tensor(x), 3, 2, 1).numpy(), y)


@pytest.mark.parametrize(
    ("size", "options", "whole", "divisor"),
    [(*WINDOWS[k], whole, None) for k in (2, 4, 6) for whole in (True, False)]
    + [(*WINDOWS[1], True, 5), (*WINDOWS[3], False, 5)],
)
def test_average_against_windows_written_out(skeleton, size, options, whole, divisor):
    x = draw(2, 3, *size)
    options = {"stride": options["kernel_size"], "padding": 0, "ceil_mode": False, **options}
    y, dx, g = reference_average(
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
    y, *_ = reference_max(want, np.zeros, 2, 2)
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
