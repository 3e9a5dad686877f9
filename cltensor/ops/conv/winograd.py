"""Winograd's minimal filtering: convolutions of stride 1 with fewer products (Lavin and Gray 2015).

F(m, r) gives m outputs of a filter of r taps along an axis from m + r - 1 products: those of two
polynomials' values at m + r - 1 points (Toom and Cook). With d the elements and g the taps,

    outputs = A [(G g) * (B d)],    and the gradient of the taps = G' [(B d) * (A' outputs)].

In two dimensions each matrix is applied along both axes. Tiles of 6 x 6 at the points 0, 2/3, -2/3,
3/2, -3/2 and infinity, chosen for their small rounding error, serve F(4, 3) and F(2, 5).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from cltensor.dtypes import float32
from cltensor.errors import SettingError
from cltensor.lazy.grids import ceil_div
from cltensor.ops.conv.blocks import Correlation, Weights, places, turned, weights_of
from cltensor.ops.kernels.plan import Elements, Launch, Plan, Recipe, Start
from cltensor.ops.linalg.tiles import ROWS, equal_parts, local_budget
from cltensor.runtime import tuning
from cltensor.runtime.device import Device
from cltensor.runtime.kernel import kernel
from cltensor.runtime.settings import setting

if TYPE_CHECKING:
    from fractions import Fraction

Matrix = tuple[tuple[float, ...], ...]

#: The finite points by how many they are, as numerators and denominators.
_POINTS = {3: ((0, 1), (1, 1), (-1, 1)), 5: ((0, 1), (2, 3), (-2, 3), (3, 2), (-3, 2))}


def _most_outputs(text: str) -> int:
    if text not in ("0", "2", "4"):
        raise SettingError(f"{text!r} is no size of tiles; write 0 for none, 2 or 4")
    return int(text)


class Winograd:
    """Which tiles may be used: the most outputs along a side of one (CLTENSOR_WINOGRAD).

    0 forbids Winograd's algorithm, 2 leaves F(2, 3), whose rounding error is that of a plain sum;
    4, the default, allows all. Takes effect at the next convolution.
    """

    tile = setting("CLTENSOR_WINOGRAD", _most_outputs, 4)


# image: the result is an image; filter: it is the gradient of filters; few: of few channels.
# outputs: the most along a side of a tile, 0 for another algorithm; store: the most transformed
# elements that a work-item holds in local memory.
tuning.declare(
    "conv_wino",
    ["image", "image_few", "image_5x5", "filter", "filter_few", "filter_5x5"],
    outputs=(4, 2, 0),
    store=(65536, 32768, 98304),
)
_FEW = 24  # channels or filters
_LEAST = 12  # of them, below which transforms cost more than products save
_PATCH = 8192  # elements of the padded image in local memory
_TILES = 256  # the most that a work-item takes at a time
_GAIN = 1.4  # products that must be saved, as a factor, for transforms to pay


class Transforms(NamedTuple):
    """The matrices of F(m, r): to outputs, from taps, from elements."""

    A: Matrix
    G: Matrix
    B: Matrix


@lru_cache
def transforms(outputs: int, taps: int) -> Transforms:
    """The matrices of F(outputs, taps)."""
    from fractions import Fraction

    points = [Fraction(*point) for point in _POINTS[outputs + taps - 2]]

    def monic(roots: Sequence[Fraction]) -> list[Fraction]:
        """Coefficients, lowest first, of the polynomial with these roots."""
        found = [Fraction(1)]
        for root in roots:
            times_x, times_root = [Fraction(0), *found], [*(root * c for c in found), Fraction(0)]
            found = [high - low for high, low in zip(times_x, times_root, strict=True)]
        return found

    to_outputs = [[p**i for p in points] + [Fraction(i == outputs - 1)] for i in range(outputs)]
    from_taps: list[list[Fraction]] = []
    from_elements: list[list[Fraction]] = []
    for p in points:
        others = [q for q in points if q != p]
        scale = Fraction(1)
        for q in others:
            scale *= p - q
        from_taps.append([p**j / scale for j in range(taps)])
        from_elements.append([*monic(others), Fraction(0)])
    from_taps.append([Fraction(j == taps - 1) for j in range(taps)])
    from_elements.append(monic(points))
    return Transforms(
        *[
            tuple(tuple(float(v) for v in row) for row in matrix)
            for matrix in (to_outputs, from_taps, from_elements)
        ]
    )


def _tile(c: Correlation, kind: str) -> tuple[int, tuning.Parameters] | None:
    """Outputs along a side of a tile, and the parameters; None where transforms would not pay."""
    taps = c.rows.taps
    plain = all((a.taps, a.step, a.tap) == (taps, 1, 1) for a in (c.rows, c.cols))
    least = min(c.channels, c.filters)
    if not plain or taps not in (3, 5) or c.dtype != float32 or least < _LEAST:
        return None
    suffix = "_5x5" if taps == 5 else "_few" if least < _FEW else ""
    chosen = tuning.parameters(c.device, "conv_wino", float32, kind + suffix)
    options = [
        (ceil_div(c.rows.out, m) * ceil_div(c.cols.out, m) * (m + taps - 1) ** 2, m)
        for m in (4, 2)
        if m + taps - 2 in _POINTS and m <= chosen["outputs"] and m + taps - 3 <= Winograd.tile
    ]
    if not options or min(options)[0] * _GAIN > c.rows.out * c.cols.out * c.taps:
        return None
    return min(options)[1], chosen


def _register_tile(device: Device) -> tuple[int, int]:
    """Rows of the register tile, and lanes of its vectors, of which there are 16 in all."""
    return (8, 16) if tuning.wide_registers(device) else (ROWS, 8)


def _chunk(
    c: Correlation, side: int, most: int, patch: int, unit: int, cores: int
) -> tuple[int, int] | None:
    """(images, tile rows) that a work-item takes at a time: at most `most` tiles, from a patch of
    at most `patch` elements; None where even one row of tiles is too much.

    Minimises the time of the slowest core: tiles, padded to multiples of `unit`, and a start.
    """
    best, found = float("inf"), None
    tiles_h, tiles_w = ceil_div(c.rows.out, side), ceil_div(c.cols.out, side)
    border = c.rows.taps - 1
    for n_images, n_bands in [
        *((1, bands) for bands in range(1, tiles_h)),
        *((count, tiles_h) for count in range(1, min(c.images, most) + 1)),
    ]:
        tiles = n_images * n_bands * tiles_w
        needed = n_images * (n_bands * side + border) * (tiles_w * side + border)
        if tiles > most or needed + 8 > patch:
            continue
        chunks = ceil_div(c.images, n_images) * ceil_div(tiles_h, n_bands) * c.groups
        cost = ceil_div(chunks, cores) * (ceil_div(tiles, unit) * unit + 4)
        if cost < best:
            best, found = cost, (n_images, n_bands)
    return found


def forward(c: Correlation) -> Plan | None:
    """The outputs."""
    return _correlate(c, weights_of(c))


def data(c: Correlation) -> Plan | None:
    """The gradient of images, where there is no stride."""
    return _correlate(*turned(c)) if c.rows.step == c.cols.step == 1 else None


def _correlate(c: Correlation, weights: Weights) -> Plan | None:
    """conv_wino, if tiles and local memory allow it."""
    tile = _tile(c, "image")
    if tile is None:
        return None
    side, chosen = tile
    taps, cores = c.rows.taps, c.device.compute_units
    size = (side + taps - 1) ** 2
    rows, lanes = _register_tile(c.device)
    store = min(
        chosen["store"], local_budget(c.device) // 4 - rows * size * 16 - _PATCH - 8 * _TILES
    )
    most = store // size - 16
    if most < 16 * 8:
        return None
    n_channels = equal_parts(c.channels, most // 16)
    most_tiles = min(_TILES, most // (16 * n_channels) * 16)
    chunk = _chunk(c, side, most_tiles, _PATCH, 16, cores)
    if chunk is None:
        return None
    n_images, n_bands = chunk
    bands, parts = ceil_div(ceil_div(c.rows.out, side), n_bands), ceil_div(c.images, n_images)
    panels = ceil_div(c.filters, rows)
    wanted = ceil_div(2 * cores, bands * parts * c.groups)
    n_filters = ceil_div(panels, min(panels, wanted)) * rows
    A, G, B = transforms(side, taps)
    lay = Launch(
        kernel(c.device, "conv_wino_weights", G=G, MR=rows),
        (c.groups * panels, 1, 1), (1, 1, 1), u_g=Elements(3), w_g=Elements(2),
        w_offset=Start(2, weights.offset),
        filters=c.filters, channels=c.channels, **places(weights),
    )  # fmt: skip
    run = Launch(
        Recipe(
            c.device, "conv_wino", B=B, A=A, MR=rows, W=lanes, v_cap=store, s_cap=_PATCH,
            n_cap=_TILES,
        ),
        (bands, ceil_div(c.filters, n_filters), parts * c.groups), (1, 1, 1),
        y_g=Elements(0), x_g=Elements(1), u_g=Elements(3), x_offset=Start(1), n_images=n_images,
        n_bands=n_bands, n_filters=n_filters, n_channels=n_channels, **_sizes(c),
    )  # fmt: skip
    scratch = c.groups * panels * size * c.channels * rows
    return Plan(c.shape, float32, (lay, run), (scratch,), joins=True)


def weight(c: Correlation) -> Plan | None:
    """The gradient of filters, if tiles and local memory allow it."""
    tile = _tile(c, "filter")
    if tile is None:
        return None
    side, chosen = tile
    taps = c.rows.taps
    size = (side + taps - 1) ** 2
    patch = 2 * _PATCH
    store = min(chosen["store"], local_budget(c.device) // 4 - patch - 8 * _TILES) // 2
    n_channels = equal_parts(ceil_div(c.channels, 16), 4) * 16
    rows, lanes = _register_tile(c.device)
    n_filters = equal_parts(ceil_div(c.filters, rows), 66 // rows) * rows
    most = min(_TILES, (store // size - 16) // max(n_channels, (n_filters + 13) // 8 * 8))
    chunk = _chunk(c, side, most, patch // 8, 1, 1)
    if chunk is None:
        return None
    grid_c, grid_f = ceil_div(c.channels, n_channels), ceil_div(c.filters, n_filters)
    wanted = ceil_div(2 * c.device.compute_units, grid_c * grid_f * c.groups)
    each = equal_parts(c.images, ceil_div(c.images, wanted))
    splits = ceil_div(c.images, each)
    A, G, B = transforms(side, taps)
    to_tile, to_taps = tuple(zip(*A, strict=True)), tuple(zip(*G, strict=True))
    part = Launch(
        kernel(c.device, "conv_wino_grad", B=B, S=to_tile, MR=rows, W=lanes, x_cap=store,
               g_cap=store, s_cap=patch, n_cap=_TILES),
        (grid_c, grid_f, splits * c.groups), (1, 1, 1), part_g=Elements(3), x_g=Elements(2),
        g_g=Elements(1), x_offset=Start(2), g_offset=Start(1), n_split=each, n_images=chunk[0],
        n_bands=chunk[1], n_filters=n_filters, n_channels=n_channels, **_sizes(c),
    )  # fmt: skip
    add = Launch(
        kernel(c.device, "conv_wino_grad_sum", E=to_taps, MR=rows),
        (ceil_div(c.channels, 8), c.groups * c.filters), (1, 1), out_g=Elements(0),
        part_g=Elements(3), splits=splits, groups=c.groups, filters=c.filters, channels=c.channels,
        n_filters=n_filters, n_channels=n_channels,
    )  # fmt: skip
    scratch = splits * c.groups * grid_c * grid_f * size * n_filters * n_channels
    shape = (c.groups * c.filters, c.channels, taps, taps)
    return Plan(shape, float32, (part, add), (scratch,))


def _sizes(c: Correlation) -> dict[str, int]:
    """The correlation as both kernels take it."""
    return {
        "images": c.images, "channels": c.channels, "filters": c.filters, "h": c.rows.size,
        "w": c.cols.size, "out_h": c.rows.out, "out_w": c.cols.out, "start_h": c.rows.start,
        "start_w": c.cols.start, "groups": c.groups,
    }  # fmt: skip
