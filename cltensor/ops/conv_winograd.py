"""Winograd's minimal filtering: convolutions of stride 1 with fewer products (Lavin and Gray 2015).

F(m, r) gives m outputs of a filter of r taps along an axis from m + r - 1 products: those of two
polynomials' values at m + r - 1 points (Toom and Cook). With d the elements and g the taps,

    outputs = A [(G g) * (B d)],    and the gradient of the taps = G' [(B d) * (A' outputs)].

In two dimensions each matrix is applied along both axes. Tiles of 6 x 6 at the points 0, 2/3, -2/3,
3/2, -3/2 and infinity, chosen for their small rounding error, serve F(4, 3) and F(2, 5).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from cltensor import tuning
from cltensor.device import Device
from cltensor.dtypes import float32
from cltensor.ops.conv_blocks import Axis, Weights
from cltensor.ops.launch import Launch, Plan
from cltensor.ops.linalg import ROWS, ceil_div, equal_parts, local_budget
from cltensor.program import kernel

Matrix = tuple[tuple[float, ...], ...]

_THIRDS = (Fraction(0), Fraction(2, 3), Fraction(-2, 3), Fraction(3, 2), Fraction(-3, 2))
#: The finite points by how many they are.
_POINTS = {3: (Fraction(0), Fraction(1), Fraction(-1)), 5: _THIRDS}


class Winograd:
    """Which tiles may be used: the most outputs along a side of one (CLTENSOR_WINOGRAD).

    0 forbids Winograd's algorithm, 2 leaves F(2, 3), whose rounding error is that of a plain sum;
    4, the default, allows all. Takes effect at the next convolution.
    """

    tile = int(os.environ.get("CLTENSOR_WINOGRAD") or 4)


# store: the most transformed elements that a work-item holds in local memory; outputs: along a side
# of a tile of a 3x3 filter.
tuning.declare(
    "conv_wino",
    ["image", "filter"],
    store=(65536, 32768, 98304),
    outputs=(4, 2),
)


class Transforms(NamedTuple):
    """The matrices of F(m, r): to outputs, from taps, from elements."""

    A: Matrix
    G: Matrix
    B: Matrix


@lru_cache
def transforms(outputs: int, taps: int) -> Transforms:
    """The matrices of F(outputs, taps)."""
    points = _POINTS[outputs + taps - 2]

    def monic(roots: Sequence[Fraction]) -> list[Fraction]:
        """Coefficients, lowest first, of the polynomial with these roots."""
        found = [Fraction(1)]
        for root in roots:
            times_x, times_root = [Fraction(0), *found], [root * c for c in found] + [Fraction(0)]
            found = [high - low for high, low in zip(times_x, times_root, strict=True)]
        return found

    to_outputs = [[p**i for p in points] + [int(i == outputs - 1)] for i in range(outputs)]
    from_taps, from_elements = [], []
    for p in points:
        others = [q for q in points if q != p]
        scale = Fraction(1)
        for q in others:
            scale *= p - q
        from_taps.append([p**j / scale for j in range(taps)])
        from_elements.append([*monic(others), 0])
    from_taps.append([int(j == taps - 1) for j in range(taps)])
    from_elements.append(monic(points))
    return Transforms(
        *[
            tuple(tuple(float(v) for v in row) for row in matrix)
            for matrix in (to_outputs, from_taps, from_elements)
        ]
    )


def _tile(rows: Axis, cols: Axis, outputs: int) -> tuple[int, int] | None:
    """(outputs, taps) of the tiles for a correlation, if any apply."""
    taps = rows.taps
    if {(a.taps, a.step, a.tap) for a in (rows, cols)} != {(taps, 1, 1)}:
        return None
    side = min({3: outputs, 5: 2}.get(taps, 0), Winograd.tile)
    if side + taps - 2 not in _POINTS or (taps == 5 and Winograd.tile < 4):
        return None
    return side, taps


def _chunk(
    images: int, tiles_h: int, tiles_w: int, side: int, taps: int, most: int, patch: int,
    unit: int, items: int, cores: int,
) -> tuple[int, int] | None:  # fmt: skip
    """(images, tile rows) that a work-item takes at a time: at most `most` tiles, from a patch of
    at most `patch` elements; None where even one row of tiles is too much.

    Minimises the time of the slowest core, with `items` work-items for each chunk: tiles, padded
    to multiples of `unit`, and a start.
    """
    best, found = float("inf"), None
    pitch = tiles_w * side + taps - 1
    for n_images, n_bands in [
        *((1, bands) for bands in range(1, tiles_h)),
        *((count, tiles_h) for count in range(1, images + 1)),
    ]:
        tiles = n_images * n_bands * tiles_w
        if tiles > most or n_images * (n_bands * side + taps - 1) * pitch + 8 > patch:
            continue
        chunks = ceil_div(images, n_images) * ceil_div(tiles_h, n_bands) * items
        cost = ceil_div(chunks, cores) * (ceil_div(tiles, unit) * unit + 4)
        if cost < best:
            best, found = cost, (n_images, n_bands)
    return found


def plan_image(
    device: Device, images: int, rows: Axis, cols: Axis, channels: int, filters: int, groups: int,
    weights: Weights,
) -> Plan | None:  # fmt: skip
    """conv_wino: outputs of a correlation, if tiles and local memory allow it."""
    chosen = tuning.parameters(device, "conv_wino", float32, "image")
    tile = _tile(rows, cols, chosen["outputs"])
    if tile is None:
        return None
    side, taps = tile
    size = (side + taps - 1) ** 2
    patch = 8192
    store = min(chosen["store"], local_budget(device) // 4 - ROWS * size * 16 - patch - 1024)
    most = store // size - 16
    if most < 16 * 8:
        return None
    n_channels = equal_parts(channels, most // 16)
    tiles_h, tiles_w = ceil_div(rows.out, side), ceil_div(cols.out, side)
    most_tiles = min(256, most // (16 * n_channels) * 16)
    cores = device.compute_units
    chunk = _chunk(images, tiles_h, tiles_w, side, taps, most_tiles, patch, 16, groups, cores)
    if chunk is None:
        return None
    n_images, n_bands = chunk
    chunks = ceil_div(images, n_images) * ceil_div(tiles_h, n_bands) * groups
    panels = ceil_div(filters, ROWS)
    n_filters = ceil_div(panels, min(panels, ceil_div(2 * cores, chunks))) * ROWS
    A, G, B = transforms(side, taps)
    lay = Launch(
        kernel(device, "conv_wino_weights", G=G, MR=ROWS),
        (groups * panels, 1, 1), (1, 1, 1), (3, 2), ((2, weights.offset),),
        (filters, channels, *weights[1:]),
    )  # fmt: skip
    run = Launch(
        kernel(device, "conv_wino", B=B, A=A, MR=ROWS, v_cap=store, s_cap=patch, n_cap=256),
        (ceil_div(tiles_h, n_bands), ceil_div(filters, n_filters),
         ceil_div(images, n_images) * groups),
        (1, 1, 1), (0, 1, 3), ((1, 0),),
        (images, channels, filters, rows.size, cols.size, rows.out, cols.out, rows.start,
         cols.start, groups, n_images, n_bands, n_filters, n_channels),
    )  # fmt: skip
    shape = (images, filters * groups, rows.out, cols.out)
    return Plan(shape, float32, (lay, run), (groups * panels * size * channels * ROWS,))


def plan_filter(
    device: Device, images: int, rows: Axis, cols: Axis, channels: int, filters: int, groups: int
) -> Plan | None:
    """conv_wino_grad: the gradient of filters, if tiles and local memory allow it."""
    chosen = tuning.parameters(device, "conv_wino", float32, "filter")
    tile = _tile(rows, cols, chosen["outputs"])
    if tile is None:
        return None
    side, taps = tile
    size = (side + taps - 1) ** 2
    patch = 16384
    store = min(chosen["store"], local_budget(device) // 4 - patch - 1024) // 2
    n_channels = equal_parts(ceil_div(channels, 16), 4) * 16
    n_filters = equal_parts(ceil_div(filters, ROWS), 11) * ROWS
    lanes = (n_filters + 13) // 8 * 8
    most = min(256, (store // size - 16) // max(n_channels, lanes))
    tiles_h, tiles_w = ceil_div(rows.out, side), ceil_div(cols.out, side)
    chunk = _chunk(images, tiles_h, tiles_w, side, taps, most, patch // 8, 1, 1, 1)
    if chunk is None:
        return None
    n_images, n_bands = chunk
    blocks = ceil_div(channels, n_channels) * ceil_div(filters, n_filters) * groups
    each = equal_parts(images, ceil_div(images, ceil_div(2 * device.compute_units, blocks)))
    splits = ceil_div(images, each)
    A, G, B = transforms(side, taps)
    to_tile, to_taps = tuple(zip(*A, strict=True)), tuple(zip(*G, strict=True))
    part = Launch(
        kernel(device, "conv_wino_grad", B=B, S=to_tile, MR=ROWS, x_cap=store, g_cap=store,
               s_cap=patch, n_cap=256),
        (ceil_div(channels, n_channels), ceil_div(filters, n_filters), splits * groups),
        (1, 1, 1), (3, 2, 1), ((2, 0), (1, 0)),
        (images, channels, filters, rows.size, cols.size, rows.out, cols.out, rows.start,
         cols.start, groups, each, n_images, n_bands, n_filters, n_channels),
    )  # fmt: skip
    add = Launch(
        kernel(device, "conv_wino_grad_sum", E=to_taps, MR=ROWS),
        (ceil_div(channels, 8), groups * filters), (1, 1), (0, 3), (),
        (splits, groups, filters, channels, n_filters, n_channels),
    )  # fmt: skip
    scratch = splits * blocks * size * ceil_div(n_filters, ROWS) * (n_channels // 16) * ROWS * 16
    return Plan((filters * groups, channels, taps, taps), float32, (part, add), (scratch,))
