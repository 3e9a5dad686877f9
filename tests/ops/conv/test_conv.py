"""Convolution and its gradients against sums written out in float64, on both kernel skeletons."""

import draws
import numpy as np
import pytest
from convolutions import RNG, check, close, draw, reference
from store_sides import check_store_side, launches_of

import cltensor as ct
from cltensor.errors import DTypeError, ShapeError
from cltensor.ops.conv import conv
from cltensor.selftest.references import both
from cltensor.testing import gradcheck, gradgradcheck


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


def draw_geometry(rng):
    """Shapes of images and filters, and options of a convolution that fits."""
    kind = rng.choice(["few", "groups", "depthwise", "deep"])
    groups = 1 if kind in ("few", "deep") else int(rng.integers(2, 4))
    low, high = {"few": (1, 5), "groups": (1, 3), "depthwise": (1, 1), "deep": (12, 14)}[kind]
    channels, filters = draws.several(rng, low, high)
    plain = kind == "deep" and rng.integers(2)  # as Winograd's kernels take them
    taps = (3, 3) if plain else draws.several(rng, 1, 4)
    options = {
        "stride": (1, 1) if plain else draws.several(rng, 1, 4),
        "padding": draws.several(rng, 0, 5),
        "dilation": (1, 1) if plain else draws.several(rng, 1, 3),
        "groups": groups,
    }
    spans = [(t - 1) * d + 1 for t, d in zip(taps, options["dilation"], strict=True)]
    least = [max(1, s - 2 * p) for s, p in zip(spans, options["padding"], strict=True)]
    size = tuple(int(n + rng.integers(0, 9)) for n in least)
    return draws.drawn(
        x_shape=(int(rng.integers(1, 4)), channels * groups, *size),
        w_shape=(filters * groups, channels, *taps),
        **options,
    )


@draws.cases
def test_drawn_images(skeleton, case):
    check(**draw_geometry(draws.generator(case)))


def check_transposed(x_shape, w_shape, stride, padding, output_padding, dilation, groups):
    """conv_transpose2d against the gradient of conv2d's images; False if there is no output."""
    x, w = draw(*x_shape), draw(*w_shape)
    size = [
        (n - 1) * s - 2 * p + d * (k - 1) + e + 1
        for n, s, p, d, k, e in zip(
            x_shape[2:], both(stride), both(padding), both(dilation), w_shape[2:],
            both(output_padding), strict=True,
        )
    ]  # fmt: skip
    if min(size) < 1:
        return False
    images = np.zeros((x_shape[0], w_shape[1] * groups, *size))
    # Where output_padding makes room for more outputs of conv2d, their gradient is 0.
    grow = lambda shape: np.pad(x, [(0, n - m) for n, m in zip(shape, x.shape, strict=True)])  # noqa: E731
    _, dx, _, _ = reference(images, w, grow, stride, padding, dilation, groups)
    got = ct.conv_transpose2d(
        ct.tensor(x), ct.tensor(w), stride, padding, output_padding, groups, dilation
    )
    close(got, dx, 1e-5)
    return True


@draws.cases
def test_drawn_transposed_images(skeleton, case):
    rng = draws.generator(case)
    while True:
        options = draw_geometry(rng)
        o, _, *size = options.pop("x_shape")
        w_shape = options["w_shape"]
        limits = [max(s, d) for s, d in zip(options["stride"], options["dilation"], strict=True)]
        extra = tuple(int(rng.integers(0, n)) for n in limits)
        draws.drawn(output_padding=extra)
        small = [min(n, 5) for n in size]
        if check_transposed((o, w_shape[0], *small), output_padding=extra, **options):
            return


def test_float64(skeleton):
    if not skeleton.fp64:
        pytest.skip(f"'{skeleton}' has no float64")
    check((2, 3, 9, 11), (5, 3, 3, 3), stride=2, padding=1, dtype="float64")
    check((2, 4, 6, 7), (6, 2, 3, 3), padding=1, groups=2, dtype="float64")


def test_float16_sums_in_float32(skeleton):
    check((2, 60, 9, 11), (5, 60, 3, 3), padding=1, dtype="float16")


def test_integers(skeleton):
    x = RNG.integers(-5, 5, (2, 3, 6, 7)).astype("int32")
    w = RNG.integers(-5, 5, (4, 3, 3, 3)).astype("int32")
    y, *_ = reference(x, w, np.zeros, 1, 1, 1, 1)
    got = ct.conv2d(ct.tensor(x), ct.tensor(w), padding=1)
    assert got.dtype == np.int32
    np.testing.assert_array_equal(got.numpy(), y)


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
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    assert check_transposed((2, 4, 5, 6), (4, 3, 3, 2), output_padding=extra, **options)


def test_output_padding_up_to_the_dilation(skeleton):
    x, w = ct.ones(1, 1, 2, 2, requires_grad=True), ct.ones(1, 1, 2, 2, requires_grad=True)
    out = ct.conv_transpose2d(x, w, dilation=2, output_padding=1)
    want = np.zeros((5, 5))
    want[:4, :4] = 1
    np.testing.assert_array_equal(out.detach().numpy(), want[None, None])
    out.sum().backward()
    assert x.grad.tolist() == [[[[4, 4], [4, 4]]]]
    assert w.grad.tolist() == [[[[4, 4], [4, 4]]]]
    if skeleton.fp64:
        x, w = (
            ct.tensor(draw(*s, dtype="float64"), requires_grad=True)
            for s in ((2, 2, 3), (2, 2, 2, 1))
        )
        grow = lambda x, w: ct.conv_transpose2d(x, w, 1, 1, 2, 1, 3)  # noqa: E731
        assert gradcheck(grow, (x, w))
        assert gradgradcheck(grow, (x, w))


def test_images_without_a_batch(skeleton):
    x, w = draw(3, 6, 7), draw(4, 3, 3, 2)
    image, filters = ct.tensor(x, requires_grad=True), ct.tensor(w, requires_grad=True)
    y, dx, dw, g = reference(x[None], w, lambda shape: draw(*shape), 1, 1, 1, 1)
    out = ct.conv2d(image, filters, padding=1)
    close(out.detach(), y[0], 1e-5)
    out.backward(ct.tensor(g[0].astype("float32")))
    close(image.grad, dx[0], 1e-5)
    close(filters.grad, dw, 1e-5)
    back = ct.conv_transpose2d(ct.tensor(g[0].astype("float32")), filters, padding=1)
    close(back.detach(), dx[0], 1e-5)


def test_distances_that_mean_nothing_may_be_huge(skeleton):
    far = 2**31 - 1
    x, w = ct.tensor(draw(2, 2, 5, 6), requires_grad=True), ct.tensor(draw(3, 2, 2, 1))
    out = ct.conv2d(x, w, (far, 1), dilation=(1, far))
    close(out.detach(), ct.conv2d(x.detach(), w)[:, :, :1].numpy(), 1e-6)
    out.sum().backward()
    assert x.grad.shape == x.shape
    one = ct.tensor(draw(1, 3, 1, 1))
    close(ct.conv_transpose2d(one, w, far), ct.conv_transpose2d(one, w).numpy(), 1e-6)


def test_nothing_to_convolve(skeleton):
    """Empty batches and channels; what PyTorch refuses is refused."""
    empty, w = ct.zeros(0, 3, 4, 4, requires_grad=True), ct.ones(5, 3, 2, 2, requires_grad=True)
    out = ct.conv2d(empty, w, padding=1)
    assert out.shape == (0, 5, 5, 5)
    out.sum().backward()
    assert empty.grad.shape == empty.shape
    assert w.grad.tolist() == np.zeros(w.shape).tolist()
    assert (
        ct.conv2d(ct.zeros(2, 0, 4, 4), ct.zeros(5, 0, 2, 2)).tolist() == [[[[0] * 3] * 3] * 5] * 2
    )
    assert ct.conv_transpose2d(ct.zeros(0, 3, 4, 4), ct.ones(3, 5, 2, 2)).shape == (0, 5, 5, 5)
    for call in (
        lambda: ct.conv2d(ct.zeros(2, 3, 0, 4), w, padding=1),
        lambda: ct.conv_transpose2d(ct.zeros(2, 5, 0, 4), w),
    ):
        with pytest.raises(ShapeError, match="only a batch may be empty"):
            call()


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


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x, w: ct.conv2d(x[0, 0], w), ShapeError, r"conv2d: x has shape \(8, 8\)"),
        (lambda x, w: ct.conv2d(x, w[:, :2]), ShapeError, "conv2d: 3 channels and filters"),
        (lambda x, w: ct.conv2d(x, w, groups=2), ShapeError, "groups=2"),
        (lambda x, w: ct.conv2d(x, w, dilation=4), ShapeError, r"spanning \(9, 9\) do not fit"),
        (lambda x, w: ct.conv2d(x, w, groups=0), ShapeError, "conv2d: groups is 0"),
        (lambda x, w: ct.conv2d(x, w, groups=True), ShapeError, "conv2d: groups is True"),
        (lambda x, w: ct.conv2d(x, w, stride=1.0), ShapeError, "conv2d: stride is 1.0"),
        (lambda x, w: ct.conv2d(x, w, dilation=(1, True)), ShapeError, "dilation is"),
        (lambda x, w: ct.conv2d(x, w, padding=-1), ShapeError, "conv2d: padding is -1"),
        (lambda x, w: ct.conv2d(x, w, padding=2**62), ShapeError, "conv2d: padding is 4611"),
        (lambda x, w: ct.conv2d(x, w, padding=2**30), ShapeError, "conv2d: with its padding"),
        (lambda x, w: ct.conv_transpose2d(w, w, 2**30), ShapeError, "conv_transpose2d|backward"),
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


@pytest.mark.parametrize(
    ("x_shape", "w_shape", "options"),
    [
        ((2, 3, 9, 11), (7, 3, 3, 3), {"padding": 1}),
        ((2, 5, 10, 13), (13, 5, 3, 3), {"stride": 2, "padding": 1}),
        ((5, 40, 11, 6), (13, 40, 3, 3), {}),
        ((2, 16, 20, 19), (14, 16, 5, 5), {"padding": 2}),
        ((2, 7, 8, 9), (7, 1, 3, 3), {"groups": 7, "padding": 1, "stride": 2}),
    ],
)
def test_an_expression_over_a_convolution(skeleton, x_shape, w_shape, options):
    x, w = draw(*x_shape), draw(*w_shape)
    rest = [
        options.get(n, d)
        for n, d in [("stride", 1), ("padding", 0), ("dilation", 1), ("groups", 1)]
    ]
    y, dx, _, g = reference(x, w, lambda shape: draw(*shape), *rest)
    tx, tw, tg = ct.tensor(x), ct.tensor(w), ct.tensor(g)
    check_store_side(lambda: ct.conv2d(tx, tw, *rest), y)
    check_store_side(lambda: conv.conv2d_backward_data(tg, tw, x_shape[2:], *rest), dx)


def test_an_expression_over_parts_of_rows(use_skeletons):
    use_skeletons("cpu")
    x, w, bias = draw(1, 90, 12, 150), draw(3, 90, 3, 3), draw(3, 1, 150)
    y, *_ = reference(x, w, np.zeros, 1, 2, 2, 1)
    got = ct.relu(ct.conv2d(ct.tensor(x), ct.tensor(w), padding=2, dilation=2) + ct.tensor(bias))
    close(got, np.maximum(y + bias, 0), 1e-5)


@pytest.mark.parametrize(
    ("channels", "filters", "size", "options"),
    [(3, 7, 3, {}), (16, 16, 3, {}), (8, 8, 3, {"groups": 8}), (4, 5, 5, {"stride": 2})],
)
def test_an_expression_over_a_convolution_is_in_its_kernel(
    skeleton, deferred, channels, filters, size, options
):
    x = ct.tensor(draw(4, channels, 14, 14))
    w = ct.tensor(draw(filters, channels // options.get("groups", 1), size, size))
    bias, more = ct.tensor(draw(filters, 1, 1)), ct.tensor(draw(filters, 1, 1))
    alone = launches_of(lambda: ct.conv2d(x, w, **options))
    folded = lambda: ct.relu(ct.conv2d(x, w, **options) * bias + more)  # noqa: E731
    assert launches_of(folded) == alone


@pytest.mark.parametrize("function", [ct.nn.functional.conv2d, ct.nn.functional.conv_transpose2d])
def test_operands_are_of_one_dtype(device, function):
    x, w, bias = ct.ones(1, 1, 3, 3), ct.ones(1, 1, 2, 2), ct.ones(1)
    for operands in ((x.long(), w), (x, w.long()), (x, w, bias.long())):
        with pytest.raises(DTypeError, match=f"{function.__name__}: operands are "):
            function(*operands)


def test_complex_images_and_filters(device):
    random = np.random.default_rng(0)
    x, w = (
        random.normal(size=s) + 1j * random.normal(size=s) for s in ((1, 2, 5, 6), (3, 2, 3, 2))
    )
    got = ct.nn.functional.conv2d(ct.tensor(x, dtype="complex64"), ct.tensor(w, dtype="complex64"))
    windows = np.lib.stride_tricks.sliding_window_view(x, (3, 2), (2, 3))
    np.testing.assert_allclose(got.numpy(), np.einsum("ncijpq,ocpq->noij", windows, w), atol=1e-4)
    back = ct.nn.functional.conv_transpose2d(got, ct.tensor(w, dtype="complex64"))
    assert back.shape == x.shape
