"""Depthwise convolution, plane by plane."""

import numpy as np
import pytest
from convolutions import check, draw, kernels_of

import cltensor as ct
from cltensor.testing import gradcheck, gradgradcheck


@pytest.mark.parametrize("width", [1, 3, 7, 8, 9, 10, 16, 17, 33])
@pytest.mark.parametrize("height", [1, 4, 5, 9])
def test_sizes_around_the_edges(device, height, width):
    check((2, 5, height, width), (5, 1, 3, 3), padding=1, groups=5)


@pytest.mark.parametrize(
    ("taps", "options"),
    [
        ((1, 1), {}),
        ((3, 3), {"stride": 2, "padding": 1}),
        ((3, 3), {"stride": (1, 2)}),
        ((3, 3), {"stride": (3, 1), "padding": (0, 2)}),
        ((3, 3), {"stride": 4, "padding": 3}),
        ((3, 3), {"dilation": 2, "padding": 2}),
        ((3, 2), {"dilation": (1, 3), "stride": (2, 2), "padding": 3}),
        ((2, 4), {"padding": (3, 1)}),
        ((5, 5), {"padding": 2}),
        ((7, 7), {"padding": 3, "stride": 2}),
        ((1, 9), {"padding": (0, 4)}),
        ((9, 9), {"padding": 4}),
    ],
)
def test_taps_strides_dilations(skeleton, taps, options):
    check((3, 4, 17, 19), (4, 1, *taps), groups=4, **options)


@pytest.mark.parametrize(("part", "each"), [(1, 2), (2, 1), (2, 2)])
def test_groups_of_two(device, part, each):
    check((2, 3 * part, 9, 11), (3 * each, part, 3, 3), groups=3, padding=1)
    check((2, 3 * part, 9, 11), (3 * each, part, 3, 3), groups=3, padding=1, stride=2)


def test_images_too_large_for_local_memory_are_cut_into_bands(device):
    check((1, 2, 300, 130), (2, 1, 3, 3), groups=2, padding=1)
    check((1, 2, 90, 500), (2, 1, 5, 5), groups=2, padding=2, stride=2)
    check((1, 2, 2, 40000), (2, 1, 3, 3), groups=2, padding=1)


def test_more_filters_than_a_work_item_sums(device):
    check((2, 70, 4, 5), (70, 1, 3, 3), groups=70, padding=1)
    check((9, 3, 4, 5), (3, 1, 3, 3), groups=3, padding=1)


def test_other_dtypes(device):
    if device.fp64:
        check((2, 3, 9, 11), (3, 1, 3, 3), groups=3, padding=1, stride=2, dtype="float64")
    check((2, 3, 9, 11), (3, 1, 3, 3), groups=3, padding=1, stride=2, dtype="float16")
    x, w = np.arange(54, dtype="int32").reshape(1, 2, 3, 9), np.ones((2, 1, 1, 3), "int32")
    got = ct.conv2d(ct.tensor(x), ct.tensor(w), groups=2).numpy()
    np.testing.assert_array_equal(got, x[..., :-2] + x[..., 1:-1] + x[..., 2:])


def test_views(device):
    x, w = draw(2, 6, 7, 4), draw(3, 3, 1, 4)
    image, filters = ct.tensor(x).permute(0, 3, 1, 2), ct.tensor(w).permute(3, 2, 0, 1)
    got = ct.conv2d(image, filters, groups=4)
    want = ct.conv2d(image.contiguous(), filters.contiguous(), groups=4)
    np.testing.assert_array_equal(got.numpy(), want.numpy())


def test_gradients_to_second_order(fp64):
    x = ct.tensor(draw(2, 2, 4, 5, dtype="float64"), requires_grad=True)
    w = ct.tensor(draw(2, 1, 3, 2, dtype="float64"), requires_grad=True)
    f = lambda x, w: ct.conv2d(x, w, stride=2, padding=1, groups=2)  # noqa: E731
    assert gradcheck(f, (x, w))
    assert gradgradcheck(f, (x, w))


def test_one_launch_each_way(use_skeletons):
    use_skeletons("cpu")
    x, w = ct.ones(2, 3, 8, 8), ct.ones(3, 1, 3, 3)
    assert kernels_of(lambda: ct.conv2d(x, w, 2, 1, groups=3)) == ["conv_depth"]
