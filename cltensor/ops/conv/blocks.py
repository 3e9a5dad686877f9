"""How a convolution is cut into blocks that fit the local memory of a CPU device."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from cltensor.core.checks import Pair
from cltensor.errors import ShapeError
from cltensor.lazy.grids import ceil_div
from cltensor.ops.linalg.tiles import (
    ROWS,
    VECTORS,
    accumulator,
    equal_parts,
    local_budget,
    widest,
)
from cltensor.runtime import tuning
from cltensor.runtime.device import Device

#: Zeros around an image: top, bottom, left, right.
Padding = tuple[int, int, int, int]


class Axis(NamedTuple):
    """One axis of a correlation: output i with tap t reads input i*step + start + t*tap."""

    size: int
    out: int
    taps: int
    step: int
    start: int
    tap: int

    @property
    def reach(self) -> int:
        """The distance from the first tap to the last, in steps."""
        return (self.taps - 1) * self.tap // self.step

    @property
    def phases(self) -> int:
        """How many remainders of a division by step the taps can fall on."""
        return min(self.step, (self.taps - 1) * self.tap + 1)


class Correlation(NamedTuple):
    """A convolution in numbers; channels and filters are those of one group."""

    device: Device
    dtype: np.dtype
    images: int
    rows: Axis
    cols: Axis
    channels: int
    filters: int
    groups: int

    @property
    def taps(self) -> int:
        """How many taps a filter has in each channel."""
        return self.rows.taps * self.cols.taps

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the outputs."""
        return self.images, self.groups * self.filters, self.rows.out, self.cols.out


class Weights(NamedTuple):
    """Where filters lie: offset, then the distance between groups, filters, channels, taps."""

    offset: int
    group: int
    filter: int
    channel: int
    row: int
    col: int


def weights_of(c: Correlation) -> Weights:
    """The filters of `c`, contiguous."""
    return Weights(0, c.filters * c.channels * c.taps, c.channels * c.taps, c.taps, c.cols.taps, 1)


def turned(c: Correlation) -> tuple[Correlation, Weights]:
    """The gradient of images as a correlation of stride 1 of outputs with filters turned over, and
    these; elements of the outputs stand as far apart as the stride of `c`, with zeros between."""
    rows, cols = (
        Axis(a.out, a.size, a.taps, 1, -a.start - (a.taps - 1) * a.tap, a.tap)
        for a in (c.rows, c.cols)
    )
    plain = weights_of(c)
    back = Weights(
        c.taps - 1, plain.group, plain.channel, plain.filter, -plain.row, -plain.col
    )  # fmt: skip
    swapped = c._replace(rows=rows, cols=cols, channels=c.filters, filters=c.channels)
    return swapped, back


def places(weights: Weights) -> dict[str, int]:
    """Where filters lie, as the kernels take it; the offset goes by itself."""
    return {f"w_{name}": step for name, step in weights._asdict().items() if name != "offset"}


def geometry(c: Correlation) -> dict[str, int]:
    """Both axes as the kernels take them (see conv_patch.cl)."""
    return {
        name + letter: value
        for letter, axis in (("h", c.rows), ("w", c.cols))
        for name, value in zip(("", "out_", "taps_", "step_", "start_", "tap_"), axis, strict=True)
    }


def divisor(d: int) -> tuple[int, int]:
    """The magic number and shift with which kernels divide by d."""
    shift = (d - 1).bit_length()
    return ((1 << 32) * ((1 << shift) - d)) // d + 1, shift


def index_of(device: Device, elements: int, dtype: np.dtype) -> str:
    """What kernels for GPUs count the places of an operand with: as "int" its elements, which
    NVIDIA's chips add to an address in one instruction, or as "uint" its bytes, which others do;
    as "ulong" where they are too many."""
    if "nvidia" in device.title.lower() and elements < 1 << 31:
        return "int"
    return "uint" if elements * dtype.itemsize < 1 << 32 else "ulong"


#: The most places of a padded image: kernels count them, and sums of two of them, with 32 bits.
_PLACES = 1 << 30


def require_countable(operation: str, rows: int, cols: int) -> None:
    """Raise ShapeError unless kernels can count the places of a padded image or window."""
    if rows * cols >= _PLACES:
        raise ShapeError(
            f"{operation}: with its padding an image has {rows} x {cols} places; kernels count "
            f"less than {_PLACES}, so use less padding or cut the image into parts"
        )


def axes_of(
    size: Sequence[int], taps: Sequence[int], stride: Pair, padding: Padding, dilation: Pair
) -> tuple[Axis, Axis]:
    """The correlation of images of `size` with filters of `taps`."""
    found = []
    for d in (0, 1):
        whole = size[d] + padding[2 * d] + padding[2 * d + 1]
        out = max(0, (whole - (taps[d] - 1) * dilation[d] - 1) // stride[d] + 1)
        found.append(Axis(size[d], out, taps[d], stride[d], -padding[2 * d], dilation[d]))
    return found[0], found[1]


# image: the result is an image; filter: it is the gradient of filters. patch, grad: the most
# elements of an image patch and of the gradient in local memory; shares: work-items per compute
# unit where images are many.
tuning.declare(
    "conv_cpu",
    ["image", "filter"],
    patch=(65536, 16384, 32768),
    grad=(32768, 8192, 16384),
    shares=(8, 2, 4, 16),
)


#: Of a block with filters as lanes, whose places are listed in two tables.
PIXELS = 1024


class Caps(NamedTuple):
    """What the packed kernels hold in local memory, in elements."""

    patch: int
    grad: int
    taps: int


def caps_for(device: Device, dtype: np.dtype, with_grad: bool) -> Caps:
    """The caps on `device`; with_grad makes room for the gradient beside the patch."""
    chosen = tuning.parameters(device, "conv_cpu", dtype, "filter" if with_grad else "image")
    itemsize = accumulator(dtype).itemsize
    taps = 4096 if device.local_mem >= 128 << 10 else 768
    tile = 2 * ROWS * VECTORS * widest(device, dtype)
    tables = 4 * (taps + 2 * ROWS + 2 * (PIXELS + ROWS))
    rest = (local_budget(device) - tables) // itemsize - tile
    grad = min(chosen["grad"], rest // 3) if with_grad else 0
    return Caps(min(chosen["patch"], rest - grad), grad, taps)


class Blocks(NamedTuple):
    """What one work-item of a packed kernel takes at a time."""

    images: int
    filters: int
    channels: int
    rows: int
    cols: int


@lru_cache(maxsize=4096)
def blocks_for(
    rows: Axis, cols: Axis, channels: int, filters: int, width: int, lanes: int, caps: Caps
) -> Blocks | None:
    """The largest block of outputs whose patch (and gradient, packed `lanes` filters wide) fit, or
    None if not even one tap row does. Rows are halved first while enough remain to share the
    patch's border."""
    most = min(channels, caps.taps // (rows.taps * cols.taps))
    if most < 1:
        return None
    n_rows, n_cols, n_channels, n_filters = rows.out, cols.out, most, filters
    while True:
        plane = (n_rows + rows.reach) * (n_cols + cols.reach) * rows.phases * cols.phases
        if n_channels * plane + cols.reach + 2 * width <= caps.patch:
            break
        if n_rows > 8:
            n_rows = ceil_div(n_rows, 2)
        elif n_cols > 64:
            n_cols = ceil_div(n_cols, 2)
        elif n_channels > 8:
            n_channels = ceil_div(n_channels, 2)
        elif n_rows > 1:
            n_rows = ceil_div(n_rows, 2)
        elif n_channels > 1:
            n_channels = ceil_div(n_channels, 2)
        elif n_cols > width:
            n_cols = ceil_div(n_cols, 2)
        else:
            return None
    while caps.grad and ceil_div(n_filters, lanes) * lanes * n_rows * n_cols > caps.grad:
        if n_filters > lanes:
            n_filters = ceil_div(ceil_div(n_filters, lanes), 2) * lanes
        elif n_rows > 1:
            n_rows = ceil_div(n_rows, 2)
        else:
            n_cols = ceil_div(n_cols, 2)
    return Blocks(1, n_filters, equal_parts(channels, n_channels), n_rows, n_cols)


def batch_for(rows: Axis, cols: Axis, blocks: Blocks, lanes: int, caps: Caps, images: int) -> int:
    """How many images the gradient of filters should take at a time: those that fit, up to about
    500 pixels, which are enough to hide the traffic of the sums."""
    pixels = blocks.rows * blocks.cols
    plane = (blocks.rows + rows.reach) * (blocks.cols + cols.reach) * rows.phases * cols.phases
    patches = (caps.patch - cols.reach - lanes) // (blocks.channels * plane)
    grads = caps.grad // (ceil_div(blocks.filters, lanes) * lanes * pixels)
    return max(1, min(images, patches, grads, 512 // pixels))


def spread(
    blocks: Blocks, rows: Axis, images: int, groups: int, cores: int, shares: int, panel: int
) -> Blocks:
    """`blocks` with fewer rows and filters where that is needed to give every core work, or with
    several images where work-items would be more than `shares` for each core; filters go by whole
    panels."""
    tiles = groups * ceil_div(rows.out, blocks.rows)
    if images * tiles >= 4 * cores:
        return blocks._replace(
            images=equal_parts(images, max(1, images * tiles // (shares * cores)))
        )
    n_rows = blocks.rows
    while images * tiles < 2 * cores and n_rows > 4:
        n_rows = ceil_div(n_rows, 2)
        tiles = groups * ceil_div(rows.out, n_rows)
    parts = ceil_div(2 * cores, max(1, images * tiles))
    n_filters = ceil_div(ceil_div(blocks.filters, panel), parts) * panel
    return blocks._replace(rows=n_rows, filters=n_filters)
