"""Convolutions of few channels straight from images, on GPUs."""

import numpy as np
import pytest
from arrays import close
from convolutions import check, draw, kernels_of

import cltensor as ct
from cltensor.nn import functional as F
from cltensor.ops.conv import conv, direct
from cltensor.runtime import tuning
from cltensor.selftest.references import convolution as reference


@pytest.fixture(autouse=True)
def gpu(use_skeletons):
    use_skeletons("gpu")


@pytest.mark.parametrize(("height", "width"), [(1, 1), (4, 3), (5, 12), (9, 7), (2, 17)])
def test_depthwise_sizes_around_the_edges(height, width):
    check((2, 5, height, width), (5, 1, 3, 3), padding=1, groups=5)


@pytest.mark.parametrize(
    ("width", "taps", "options"),
    [
        (16, (1, 1), {}),
        (16, (3, 3), {"stride": 2, "padding": 1}),
        (19, (3, 3), {"stride": (1, 2)}),
        (16, (3, 3), {"stride": (3, 1), "padding": (0, 2)}),
        (19, (3, 3), {"stride": 4, "padding": 3}),
        (16, (2, 2), {"stride": (5, 6)}),
        (16, (3, 2), {"dilation": (1, 3), "stride": (2, 2), "padding": 3}),
        (16, (2, 4), {"padding": (3, 1)}),
        (16, (5, 5), {"padding": 2, "dilation": 2}),
        (16, (7, 7), {"padding": 3, "stride": 2}),
        (19, (1, 9), {"padding": (0, 4)}),
        (16, (13, 11), {"padding": 6}),
    ],
)
def test_depthwise_taps_strides_dilations(width, taps, options):
    check((3, 4, 17, width), (4, 1, *taps), groups=4, **options)


@pytest.mark.parametrize(("part", "each"), [(1, 2), (2, 1), (1, 5), (9, 1)])
def test_several_filters_or_channels_in_a_group(part, each):
    check((2, 3 * part, 9, 12), (3 * each, part, 3, 3), groups=3, padding=1, stride=each)


@pytest.mark.parametrize(
    ("image", "filters", "options"),
    [
        ((2, 16, 8, 8), (16, 16, 3, 3), {"padding": 1}),
        ((2, 16, 8, 8), (32, 16, 3, 3), {"padding": 1, "stride": 2}),
        ((2, 3, 20, 24), (20, 3, 7, 7), {"padding": 3, "stride": 2}),
        ((1, 3, 23, 27), (18, 3, 11, 11), {"padding": 2, "stride": 4}),
        ((2, 40, 6, 8), (3, 40, 3, 3), {"padding": 1}),
        ((1, 1, 1, 50), (12, 1, 1, 10), {"stride": (1, 5)}),
        ((2, 4, 9, 8), (10, 2, 3, 2), {"groups": 2, "dilation": (2, 1), "stride": (1, 2)}),
        ((1, 2, 9, 8), (5, 2, 3, 3), {"padding": 2, "stride": (3, 2)}),
    ],
)
def test_few_channels(image, filters, options):
    check(image, filters, **options)


@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_other_floats(device, dtype):
    if dtype == "float64" and not device.fp64:
        pytest.skip("no float64")
    check((2, 3, 9, 12), (3, 1, 3, 3), groups=3, padding=1, stride=2, dtype=dtype)
    check((2, 16, 5, 8), (16, 16, 3, 3), padding=1, dtype=dtype)


def test_integers():
    x, w = np.arange(54, dtype="int32").reshape(1, 2, 3, 9), np.ones((2, 1, 1, 3), "int32")
    got = ct.conv2d(ct.tensor(x), ct.tensor(w), groups=2).numpy()
    np.testing.assert_array_equal(got, x[..., :-2] + x[..., 1:-1] + x[..., 2:])


@pytest.mark.parametrize(("first", "groups"), [(1, 1), (1, 4), (4, 4)])
def test_operands_that_begin_anywhere(first, groups):
    """Vectors of four are read only where they are whole."""
    sizes = [(2, 4, 6, 8), (8, 4 // groups, 3, 3)]
    x, w = draw(*sizes[0]), draw(*sizes[1])
    settings = 1, 1, 1, groups
    want = reference(x, w, lambda shape: draw(*shape), *settings)
    y, dx, dw, g = want
    whole = ct.tensor(np.concatenate([np.zeros(first, "f4"), x.ravel(), w.ravel(), g.ravel()]))
    parts, at = [], first
    for each in (x, w, g):
        parts.append(whole[at : at + each.size].reshape(each.shape))
        at += each.size
    tx, tw, tg = parts
    close(ct.conv2d(tx, tw, *settings), y, 1e-5)
    close(conv.conv2d_backward_data(tg, tw, x.shape[2:], *settings), dx, 1e-5)
    close(conv.conv2d_backward_weight(tg, tx, w.shape[2:], *settings), dw, 1e-5)


def test_what_no_output_reads_is_no_part_of_a_sum():
    """Infinite pixels beyond the last tap; outputs that are in no whole run of four."""
    x = draw(1, 2, 8, 8)
    x[..., 7] = x[..., 7, :] = np.inf
    g = draw(1, 2, 3, 3)
    got = conv.conv2d_backward_weight(ct.tensor(g), ct.tensor(x), (3, 3), 2, 0, 1, 2).numpy()
    assert np.isfinite(got).all()


@pytest.mark.parametrize(
    "shapes", [((2, 6, 7, 9), (6, 1, 3, 3), 6), ((2, 3, 7, 8), (9, 3, 3, 3), 1)]
)
def test_an_expression_over_it(shapes):
    x_shape, w_shape, groups = shapes
    x, w, b = draw(*x_shape), draw(*w_shape), draw(w_shape[0], 1, 1)
    tx, tw, tb = map(ct.tensor, (x, w, b))
    plain = ct.conv2d(tx, tw, 1, 1, groups=groups).numpy()
    names = kernels_of(lambda: F.relu(ct.conv2d(tx, tw, 1, 1, groups=groups) + tb))
    assert names == ["conv_direct_gpu"]
    got = F.relu(ct.conv2d(tx, tw, 1, 1, groups=groups) + tb).numpy()
    np.testing.assert_allclose(got, np.maximum(plain + b, 0), rtol=1e-6, atol=1e-6)


def test_a_batch_without_images():
    x, w = ct.ones(0, 3, 8, 8, requires_grad=True), ct.ones(3, 1, 3, 3, requires_grad=True)
    out = ct.conv2d(x, w, groups=3)
    assert out.shape == (0, 3, 6, 6)
    out.sum().backward()
    assert not w.grad.numpy().any()


@pytest.mark.parametrize(("group", "local"), [(1, 16 << 10), (4, 16 << 10), (64, 2 << 10)])
def test_small_groups_and_little_local_memory(device, monkeypatch, group, local):
    monkeypatch.setattr(device, "max_work_group", min(group, device.max_work_group))
    monkeypatch.setattr(direct, "_LOCAL", local)
    tuning.forget_plans()
    try:
        check((2, 16, 6, 8), (16, 16, 3, 3), padding=1)
        check((2, 5, 6, 8), (5, 1, 3, 3), padding=1, groups=5)
    finally:
        monkeypatch.undo()
        tuning.forget_plans()


@pytest.mark.parametrize(
    ("image", "filters", "groups"),
    [((3, 16, 8, 8), (16, 16, 3, 3), 1), ((3, 10, 8, 8), (10, 1, 3, 3), 10),
     ((3, 40, 8, 8), (80, 20, 3, 3), 2), ((3, 128, 8, 8), (128, 128, 1, 1), 1)],
)  # fmt: skip
def test_several_launches_where_one_takes_too_long(device, monkeypatch, image, filters, groups):
    """On a chip that also shows the screen, and where drivers count few groups."""
    monkeypatch.setattr(device, "is_integrated", True, raising=False)
    monkeypatch.setattr(type(device), "peak", 4e6)
    monkeypatch.setattr(device, "max_groups", 3)
    tuning.forget_plans()
    try:
        check(image, filters, padding=filters[-1] // 2, groups=groups)
        x, w = ct.ones(*image), ct.ones(*filters)
        names = kernels_of(lambda: ct.conv2d(x, w, groups=groups))
        assert len(names) >= 2
    finally:
        monkeypatch.undo()
        tuning.forget_plans()
