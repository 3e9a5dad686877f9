"""How convolutions are cut into blocks."""

from types import SimpleNamespace

import numpy as np
import pytest

from cltensor.dtypes import float32
from cltensor.ops.conv.blocks import (
    Blocks,
    Caps,
    Correlation,
    axes_of,
    batch_for,
    blocks_for,
    divisor,
    index_of,
    spread,
    turned,
    weights_of,
)
from cltensor.runtime.device import get


def test_blocks_fit_their_limits():
    for size, taps, stride, channels in [((64, 64), (3, 3), 1, 512), ((9, 4000), (5, 5), 2, 3)]:
        rows, cols = axes_of(size, taps, (stride, stride), (0, 0, 0, 0), (1, 1))
        caps = Caps(4000, 2000, 768)
        blocks = blocks_for(rows, cols, channels, 40, 8, 16, caps)
        plane = (blocks.rows + rows.reach) * (blocks.cols + cols.reach) * stride * stride
        assert blocks.channels * plane <= caps.patch
        assert blocks.channels * taps[0] * taps[1] <= caps.taps
        assert -(-blocks.filters // 16) * 16 * blocks.rows * blocks.cols <= caps.grad


def test_nothing_fits_a_patch_smaller_than_one_tap_row():
    rows, cols = axes_of((64, 64), (3, 3), (1, 1), (0, 0, 0, 0), (1, 1))
    assert blocks_for(rows, cols, 4, 4, 8, 1, Caps(8, 0, 768)) is None
    assert blocks_for(rows, cols, 4, 4, 8, 1, Caps(65536, 0, 8)) is None


@pytest.mark.parametrize("images", [1, 2, 7, 64])
@pytest.mark.parametrize("cores", [1, 2, 16])
def test_every_core_gets_work_and_filters_stay_whole_panels(images, cores):
    rows, _ = axes_of((16, 16), (3, 3), (1, 1), (1, 1, 1, 1), (1, 1))
    whole = Blocks(1, 64, 32, 16, 16)
    cut = spread(whole, rows, images, 1, cores, 8, 16)
    assert cut.filters % 16 == 0
    items = -(-images // cut.images) * -(-16 // cut.rows) * -(-64 // cut.filters)
    assert items >= min(cores, images * 4 * 4)


def test_images_at_a_time_fit_patch_and_gradient():
    rows, cols = axes_of((6, 6), (3, 3), (1, 1), (1, 1, 1, 1), (1, 1))
    blocks = Blocks(1, 32, 8, 6, 6)
    for patch, grad in [(5000, 30000), (60000, 3000), (60000, 30000)]:
        n = batch_for(rows, cols, blocks, 16, Caps(patch, grad, 768), 100)
        assert n >= 1
        assert n == 1 or (n * 8 * 64 <= patch and n * 32 * 36 <= grad)


def test_a_turned_correlation_reads_each_output_under_the_tap_that_made_it():
    rows, cols = axes_of((9, 8), (3, 2), (2, 1), (1, 1, 0, 0), (1, 2))
    c = Correlation(get(), float32, 2, rows, cols, 4, 6, 1)
    back, weights = turned(c)
    assert back.shape == (2, 4, 9, 8)
    assert (back.channels, back.filters) == (6, 4)
    for i in range(rows.out):
        for t in range(3):
            pixel = i * rows.step + rows.start + t * rows.tap
            # the output, spread by the stride, is met there by the tap turned over
            assert pixel + back.rows.start + (2 - t) * back.rows.tap == i * rows.step
    plain = weights_of(c)
    assert weights.offset + 2 * weights.row + weights.col == 0
    assert (weights.filter, weights.channel) == (plain.channel, plain.filter)


def test_division_by_a_magic_number_is_exact():
    rng = np.random.default_rng(0)
    for d in (1, 2, 3, 5, 7, 49, 641, 3136, (1 << 16) + 1, (1 << 30) - 1):
        magic, shift = divisor(d)
        assert 0 < magic < 1 << 32
        drawn = [int(n) for n in rng.integers(0, (1 << 31) - 1, 1000)]
        near = [k * d + e for k in (0, 1, 2, 1000, ((1 << 31) - 2) // d) for e in (-1, 0, 1)]
        for a in [*drawn, *near, (1 << 31) - 1]:
            if 0 <= a < 1 << 31:
                assert ((magic * a >> 32) + a) >> shift == a // d


def test_what_places_are_counted_with():
    one, other = SimpleNamespace(title="A (NVIDIA CUDA)"), SimpleNamespace(title="B (AMD)")
    assert [index_of(one, n, float32) for n in (1, (1 << 31) - 1)] == ["int"] * 2
    assert [index_of(other, n, float32) for n in (1, (1 << 30) - 1)] == ["uint"] * 2
    assert index_of(other, 1 << 30, float32) == index_of(one, 1 << 31, float32) == "ulong"
