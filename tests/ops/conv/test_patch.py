"""The register tile over image patches: its shapes, edges and strided results."""

import pytest
from convolutions import check, kernels_of

import cltensor as ct
from cltensor.dtypes import float32
from cltensor.ops.conv import conv
from cltensor.ops.conv.blocks import Blocks, Correlation, axes_of
from cltensor.ops.conv.patch import _register_tile, phase_of
from cltensor.ops.conv.winograd import Winograd
from cltensor.runtime import tuning
from cltensor.runtime.device import get


@pytest.fixture(autouse=True)
def _no_winograd(monkeypatch):
    monkeypatch.setattr(Winograd, "tile", 0)


def tile_of(image, filters, taps, stride=1):
    axes = axes_of((image, image), (taps, taps), (stride, stride), (0, 0, 0, 0), (1, 1))
    c = Correlation(get(), float32, 4, *axes, filters[1], filters[0], 1)
    return _register_tile(c, Blocks(1, filters[0], filters[1], axes[0].out, axes[1].out))


@pytest.mark.parametrize(
    ("wide", "tiles"),
    [
        # rows of 10 pixels leave lanes idle
        (
            False,
            [("filters", 6, 2, 8), ("pixels", 6, 2, 8), ("pixels", 4, 3, 8), ("pixels", 1, 8, 8)],
        ),
        (
            True,
            [
                ("pixels", 8, 3, 16),
                ("pixels", 6, 2, 16),
                ("pixels", 4, 4, 16),
                ("pixels", 1, 8, 16),
            ],
        ),
    ],
)
def test_the_tile_that_wastes_the_fewest_products(monkeypatch, wide, tiles):
    monkeypatch.setattr(tuning, "wide_registers", lambda device: wide)
    cases = [(14, (16, 6), 5), (32, (6, 3), 5), (34, (16, 3), 3), (34, (1, 40), 3)]
    assert [tile_of(*case) for case in cases] == tiles


@pytest.mark.parametrize("filters", [15, 16, 17, 32, 35])
@pytest.mark.parametrize("size", [(5, 5), (6, 9), (12, 14), (13, 3)])
def test_filters_as_lanes(device, registers, filters, size):
    check((2, 6, *size), (filters, 6, 3, 3))
    check((2, 6, *size), (filters, 6, 3, 3), stride=2, padding=2)


@pytest.mark.parametrize("filters", [3, 5, 6, 8, 12, 23])
def test_tiles_of_several_shapes(device, registers, filters):
    check((1, 2, 9, 25), (filters, 2, 3, 3), padding=1)
    check((1, 2, 24, 24), (filters, 2, 3, 3), padding=1)


@pytest.mark.parametrize("width", [15, 16, 17, 31, 32, 33, 34])
@pytest.mark.parametrize("padding", [0, 1, 2])
def test_every_other_pixel_of_a_row(device, registers, width, padding):
    check((2, 3, 7, width), (5, 3, 3, 3), stride=2, padding=padding)
    check((1, 13, 6, width), (6, 13, 2, 3), stride=(1, 2), padding=padding)


def test_padding_beyond_the_filter(device):
    check((2, 3, 6, 7), (5, 3, 3, 3), padding=5)
    check((2, 3, 6, 7), (5, 3, 2, 3), padding=(3, 4), stride=2, dilation=2)


def test_several_blocks_of_channels_and_of_rows(device, registers):
    check((1, 130, 20, 19), (9, 130, 3, 3), padding=1)
    check((1, 130, 20, 19), (9, 130, 3, 3), padding=1, stride=2)
    check((1, 300, 12, 12), (18, 300, 1, 1))


def test_wide_images_and_many_channels_are_cut_into_blocks(device):
    check((1, 3, 6, 3000), (4, 3, 3, 3), padding=1)
    check((1, 700, 9, 9), (7, 700, 3, 3), padding=1)


def test_filters_too_large_for_local_memory(device):
    check((1, 1, 80, 80), (2, 1, 71, 71))


def test_phases_of_a_stride_are_plain_correlations():
    rows, _ = axes_of((10, 10), (3, 3), (2, 2), (1, 1, 1, 1), (1, 1))
    even, last, every = phase_of(rows, 0)
    assert (even.taps, even.step, last, every) == (1, 1, 1, 2)
    odd, last, every = phase_of(rows, 1)
    assert (odd.taps, odd.out, last, every) == (2, 5, 2, 2)
    bare, _, _ = phase_of(axes_of((9, 9), (1, 1), (3, 3), (0, 0, 0, 0), (1, 1))[0], 1)
    assert bare.taps == 0


def test_more_launches_for_a_stride_only_backwards(use_skeletons):
    use_skeletons("cpu")
    x, w = ct.ones(1, 3, 9, 9), ct.ones(4, 3, 3, 3)
    forward = lambda: ct.conv2d(x, w, 2)  # noqa: E731
    assert kernels_of(forward) == ["conv_weights", "conv_cpu"]
    y = forward().realize()
    backward = kernels_of(lambda: conv.conv2d_backward_data(y, w, (9, 9), 2))
    assert backward == ["conv_weights", "conv_cpu"] * 4
