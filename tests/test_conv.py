"""Convolution and its gradients against sums written out in float64, on both kernel skeletons."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import DTypeError, ShapeError
from cltensor.ops import conv
from cltensor.ops.conv_blocks import Caps, axes_of, blocks_for
from cltensor.testing import gradcheck, gradgradcheck

RNG = np.random.default_rng(11)


def both(value):
    return (value, value) if isinstance(value, int) else value


def taps_of(x, p, q, out, stride, dilation):
    """The elements of the padded x that tap (p, q) meets, one for each output."""
    i, j = p * dilation[0], q * dilation[1]
    return x[
        :,
        :,
        i : i + (out[0] - 1) * stride[0] + 1 : stride[0],
        j : j + (out[1] - 1) * stride[1] + 1 : stride[1],
    ]


def reference(x, w, g, stride, padding, dilation, groups):
    """(y, dx, dw) in float64; g(shape of y) draws the gradient of y."""
    stride, dilation, (pad_h, pad_w) = both(stride), both(dilation), both(padding)
    x, w = x.astype("float64"), w.astype("float64")
    n, _, h, width = x.shape
    o, part, p, q = w.shape
    padded = np.pad(x, ((0, 0), (0, 0), (pad_h, pad_h), (pad_w, pad_w)))
    out = tuple(
        (padded.shape[2 + d] - dilation[d] * (w.shape[2 + d] - 1) - 1) // stride[d] + 1
        for d in (0, 1)
    )
    y = np.zeros((n, o, *out))
    g = g(y.shape)
    dx, dw = np.zeros_like(padded), np.zeros_like(w)
    for k in range(groups):
        ins, outs = slice(k * part, (k + 1) * part), slice(k * o // groups, (k + 1) * o // groups)
        for i in range(p):
            for j in range(q):
                seen = taps_of(padded[:, ins], i, j, out, stride, dilation)
                y[:, outs] += np.einsum("nchw,oc->nohw", seen, w[outs, :, i, j])
                dw[outs, :, i, j] = np.einsum("nchw,nohw->oc", seen, g[:, outs])
                into = taps_of(dx[:, ins], i, j, out, stride, dilation)
                into += np.einsum("nohw,oc->nchw", g[:, outs], w[outs, :, i, j])
    return y, dx[:, :, pad_h : pad_h + h, pad_w : pad_w + width], dw, g


def close(got, want, tolerance):
    got = got.numpy()
    assert got.shape == want.shape
    scale = max(1.0, np.abs(want).max(initial=0))
    np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance * scale)


def draw(*shape, dtype="float32"):
    return RNG.standard_normal(shape).astype(dtype)


def check(x_shape, w_shape, stride=1, padding=0, dilation=1, groups=1, dtype="float32"):
    x, w = draw(*x_shape, dtype=dtype), draw(*w_shape, dtype=dtype)
    y, dx, dw, g = reference(
        x, w, lambda shape: draw(*shape, dtype=dtype), stride, padding, dilation, groups
    )
    rest = stride, padding, dilation, groups
    tolerance = {"float16": 2e-3, "float32": 1e-5, "float64": 1e-13}[dtype]
    tx, tw, tg = ct.tensor(x), ct.tensor(w), ct.tensor(g)
    out = ct.conv2d(tx, tw, *rest)
    assert out.dtype == np.dtype(dtype)
    close(out, y, tolerance)
    close(conv.conv2d_backward_data(tg, tw, x_shape[2:], *rest), dx, tolerance)
    close(conv.conv2d_backward_weight(tg, tx, w_shape[2:], *rest), dw, tolerance)


@pytest.mark.parametrize(
    ("x_shape", "w_shape", "options"),
    [
        ((2, 1, 5, 5), (1, 1, 1, 1), {}),
        ((1, 1, 3, 3), (1, 1, 3, 3), {}),
        ((2, 3, 9, 11), (5, 3, 3, 3), {}),
        ((2, 3, 9, 11), (7, 3, 3, 3), {"padding": 1}),
        ((3, 4, 7, 17), (6, 4, 5, 5), {"padding": 2}),
        ((2, 3, 8, 10), (17, 3, 2, 4), {"padding": (0, 3)}),
        ((2, 5, 10, 13), (13, 5, 3, 3), {"stride": 2, "padding": 1}),
        ((2, 3, 13, 10), (4, 3, 5, 3), {"stride": (3, 2), "padding": (2, 0)}),
        ((2, 3, 11, 12), (4, 3, 2, 2), {"stride": 3}),
        ((2, 20, 9, 9), (18, 20, 1, 1), {}),
        ((2, 5, 9, 9), (6, 5, 1, 1), {"stride": 2}),
        ((2, 3, 12, 14), (4, 3, 3, 3), {"dilation": 2}),
        ((2, 3, 14, 15), (4, 3, 3, 2), {"dilation": (3, 2), "stride": 2, "padding": 2}),
        ((2, 3, 14, 15), (4, 3, 3, 3), {"dilation": 4, "stride": 6, "padding": 4}),
        ((2, 6, 8, 9), (9, 2, 3, 3), {"groups": 3, "padding": 1}),
        ((2, 7, 8, 9), (7, 1, 3, 3), {"groups": 7, "padding": 1, "stride": 2}),
        ((1, 2, 40, 70), (3, 2, 3, 3), {"padding": 1}),
    ],
)
def test_against_sums_written_out(skeleton, x_shape, w_shape, options):
    check(x_shape, w_shape, **options)


@pytest.mark.parametrize(
    ("x_shape", "w_shape", "options"),
    [
        ((2, 24, 8, 8), (24, 24, 3, 3), {"padding": 1}),
        ((2, 25, 9, 13), (29, 25, 3, 3), {"padding": 1}),
        ((1, 270, 9, 8), (24, 270, 3, 3), {"padding": 1}),
        ((1, 48, 11, 24), (60, 24, 3, 3), {"padding": 2, "groups": 2}),
        ((1, 24, 4, 300), (24, 24, 3, 3), {"padding": (0, 1)}),
    ],
)
def test_winograd_tiles(device, x_shape, w_shape, options):
    check(x_shape, w_shape, **options)


def test_float64(skeleton):
    if not skeleton.fp64:
        pytest.skip(f"'{skeleton}' has no float64")
    check((2, 3, 9, 11), (5, 3, 3, 3), stride=2, padding=1, dtype="float64")
    check((2, 4, 6, 7), (6, 2, 3, 3), padding=1, groups=2, dtype="float64")


def test_float16_sums_in_float32(skeleton):
    if not skeleton.fp16:
        pytest.skip(f"'{skeleton}' has no float16")
    check((2, 60, 9, 11), (5, 60, 3, 3), padding=1, dtype="float16")


def test_integers(skeleton):
    x = RNG.integers(-5, 5, (2, 3, 6, 7)).astype("int32")
    w = RNG.integers(-5, 5, (4, 3, 3, 3)).astype("int32")
    y, *_ = reference(x, w, np.zeros, 1, 1, 1, 1)
    got = ct.conv2d(ct.tensor(x), ct.tensor(w), padding=1)
    assert got.dtype == np.int32
    np.testing.assert_array_equal(got.numpy(), y)


def test_wide_images_and_many_channels_are_cut_into_blocks(device):
    check((1, 3, 6, 3000), (4, 3, 3, 3), padding=1)
    check((1, 700, 9, 9), (7, 700, 3, 3), padding=1)


def test_filters_too_large_for_local_memory(device):
    check((1, 1, 80, 80), (2, 1, 71, 71))


def test_views(skeleton):
    x, w = draw(3, 8, 12, 5), draw(3, 3, 9, 5)
    turned = x[1:, ::2, ::-1].transpose(0, 3, 1, 2)
    y, *_ = reference(turned, w[:, :, 1:5].transpose(2, 3, 0, 1), np.zeros, 1, 1, 1, 1)
    left = ct.tensor(x)[1:, ::2, ::-1].permute(0, 3, 1, 2)
    right = ct.tensor(w)[:, :, 1:5].permute(2, 3, 0, 1)
    close(ct.conv2d(left, right, padding=1), y, 1e-5)


def test_empty_batch_and_no_filters(skeleton):
    x, w = ct.zeros(0, 3, 8, 8), ct.ones(4, 3, 3, 3)
    assert ct.conv2d(x, w).shape == (0, 4, 6, 6)
    y = ct.zeros(0, 4, 6, 6)
    assert conv.conv2d_backward_data(y, w, (8, 8)).shape == (0, 3, 8, 8)
    np.testing.assert_array_equal(
        conv.conv2d_backward_weight(y, x, (3, 3)).numpy(), np.zeros((4, 3, 3, 3))
    )
    assert ct.conv2d(ct.zeros(2, 3, 8, 8), ct.zeros(0, 3, 3, 3)).shape == (2, 0, 6, 6)


def test_same_and_valid_padding(device):
    x, w = draw(2, 3, 9, 10), draw(4, 3, 4, 3)
    padded = np.pad(x, ((0, 0), (0, 0), (1, 2), (1, 1)))
    want, *_ = reference(padded, w, np.zeros, 1, 0, 1, 1)
    close(ct.conv2d(ct.tensor(x), ct.tensor(w), padding="same"), want, 1e-5)
    want, *_ = reference(x, w, np.zeros, 1, 0, 1, 1)
    close(ct.conv2d(ct.tensor(x), ct.tensor(w), padding="valid"), want, 1e-5)


@pytest.mark.parametrize(
    ("stride", "padding", "extra", "dilation", "groups"),
    [(1, 0, 0, 1, 1), (2, 1, 1, 1, 1), ((3, 2), (1, 0), (2, 0), (1, 2), 2)],
)
def test_transposed_convolution_is_the_adjoint(skeleton, stride, padding, extra, dilation, groups):
    x, w = draw(2, 4, 5, 6), draw(4, 3, 3, 2)
    got = ct.conv_transpose2d(ct.tensor(x), ct.tensor(w), stride, padding, extra, groups, dilation)
    sizes = [
        (n - 1) * s - 2 * p + d * (k - 1) + e + 1
        for n, s, p, d, k, e in zip(
            (5, 6), both(stride), both(padding), both(dilation), (3, 2), both(extra), strict=True
        )
    ]
    images = np.zeros((2, 3 * groups, *sizes))
    _, dx, _, _ = reference(images, w, lambda shape: x, stride, padding, dilation, groups)
    close(got, dx, 1e-5)


@pytest.mark.parametrize(
    "options",
    [{"padding": 1}, {"stride": 2, "padding": 1, "dilation": 2}, {"groups": 2, "padding": (0, 1)}],
)
def test_gradients_to_second_order(skeleton, options):
    if not skeleton.fp64:
        pytest.skip(f"'{skeleton}' has no float64")
    groups = options.get("groups", 1)
    x = ct.tensor(draw(1, 2, 4, 5, dtype="float64"), requires_grad=True)
    w = ct.tensor(draw(2, 2 // groups, 2, 3, dtype="float64"), requires_grad=True)
    assert gradcheck(lambda x, w: ct.conv2d(x, w, **options), (x, w))
    assert gradgradcheck(lambda x, w: ct.conv2d(x, w, **options), (x, w))


def test_the_gradients_are_operations_with_gradients(device):
    if not device.fp64:
        pytest.skip(f"'{device}' has no float64")
    x = ct.tensor(draw(1, 2, 5, 4, dtype="float64"), requires_grad=True)
    w = ct.tensor(draw(3, 2, 3, 2, dtype="float64"), requires_grad=True)
    y = ct.tensor(draw(1, 3, 2, 2, dtype="float64"), requires_grad=True)
    assert gradcheck(lambda y, w: conv.conv2d_backward_data(y, w, (5, 4), 2, (0, 0)), (y, w))
    assert gradcheck(lambda y, x: conv.conv2d_backward_weight(y, x, (3, 2), 2), (y, x))


def test_blocks_fit_their_limits():
    for size, taps, stride, channels in [((64, 64), (3, 3), 1, 512), ((9, 4000), (5, 5), 2, 3)]:
        rows, cols = axes_of(size, taps, (stride, stride), (0, 0, 0, 0), (1, 1))
        caps = Caps(4000, 2000, 768)
        blocks = blocks_for(rows, cols, channels, 40, 8, 16, caps)
        plane = (blocks.rows + rows.reach) * (blocks.cols + cols.reach) * stride * stride
        assert blocks.channels * plane <= caps.patch
        assert blocks.channels * taps[0] * taps[1] <= caps.taps
        assert -(-blocks.filters // 16) * 16 * blocks.rows * blocks.cols <= caps.grad


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x, w: ct.conv2d(x[0], w), ShapeError, r"conv2d: x has shape \(3, 8, 8\)"),
        (lambda x, w: ct.conv2d(x, w[:, :2]), ShapeError, "conv2d: 3 channels and filters"),
        (lambda x, w: ct.conv2d(x, w, groups=2), ShapeError, "groups=2"),
        (lambda x, w: ct.conv2d(x, w, dilation=4), ShapeError, r"spanning \(9, 9\) do not fit"),
        (lambda x, w: ct.conv2d(x, w, stride=0), ShapeError, "conv2d: stride is 0"),
        (lambda x, w: ct.conv2d(x, w, padding=(1, 2, 3)), ShapeError, "conv2d: padding is"),
        (lambda x, w: ct.conv2d(x, w, padding="full"), ShapeError, "conv2d: padding is 'full'"),
        (lambda x, w: ct.conv2d(x, w, 2, "same"), ShapeError, "padding='same' needs stride 1"),
        (lambda x, w: ct.conv2d(x, [1.0]), DTypeError, "conv2d: w is"),
        (lambda x, w: ct.conv2d(x > 0, w > 0), DTypeError, "conv2d: not defined for bool"),
        (lambda x, w: conv.conv2d_backward_data(x, w, (8, 8)), ShapeError, "y has shape"),
        (lambda x, w: conv.conv2d_backward_weight(x, x, (3, 3)), ShapeError, "y has shape"),
        (lambda x, w: ct.conv_transpose2d(x, w), ShapeError, "conv_transpose2d: 3 channels"),
    ],
)
def test_errors_name_operation_and_operands(call, error, message):
    with pytest.raises(error, match=message):
        call(ct.ones(2, 3, 8, 8), ct.ones(4, 3, 3, 3))
