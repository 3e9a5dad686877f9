"""Convolution as an implicit matrix product, in the tiles of the work-group kernels: operands are
read straight from images, for any stride, padding, dilation and groups, on every device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cltensor.core.checks import PIXELS
from cltensor.dtypes import C_NAMES
from cltensor.errors import ShapeError
from cltensor.lazy.grids import ceil_div
from cltensor.ops.conv.blocks import Correlation, divisor, geometry, index_of, weights_of
from cltensor.ops.kernels.plan import Elements, Launch, Plan, Recipe, Start
from cltensor.ops.linalg.cuts import boxes
from cltensor.ops.linalg.tiles import GridTile, accumulator, equal_parts, fitting_tile
from cltensor.runtime.kernel import kernel

Params = dict[str, Any]

_SLICE = 256  # pixels, the fewest that are worth a sum of their own
_COLS = 128  # of a tile, for which registers hold where their taps are


def _fitting(
    c: Correlation, m: int, n: int, count: int, template: str, more: Callable[[GridTile], Params]
) -> tuple[GridTile, Recipe]:
    """The tile of `count` results of m x n in each group, whose work-items read one column each at
    a time, and the kernel; more: what its template takes beside types and tile."""
    longest = max(n, c.images * c.rows.out * c.cols.out, max(c.channels, c.filters) * c.taps)
    if longest > PIXELS - (1 << 20):  # a tile may reach over the end
        raise ShapeError(
            f"conv2d: images of {(c.rows.size, c.cols.size)} in a batch of {c.images} make a "
            f"matrix with a side of {longest}; kernels count up to {PIXELS}, use smaller batches"
        )

    def cut(tile: GridTile) -> GridTile:
        tile = tile._replace(depth=min(tile.depth, tile.items))
        most = min(tile.items, _COLS if template == "conv_grad_gpu" else tile.cols)
        while tile.cols > most:
            tile = tile._replace(each_n=tile.each_n // 2)
        return tile

    def made(tile: GridTile) -> Recipe:
        tile = cut(tile)
        return Recipe(
            c.device, template, TI=C_NAMES[c.dtype], **tile.params(c.dtype), **more(tile)
        )  # fmt: skip

    tile, run = fitting_tile(c.device, c.dtype, m, n, made, count * c.groups, kind=template)
    return cut(tile), run


def forward(c: Correlation, aligned: bool = False) -> Plan:
    """The outputs. aligned: operands begin at whole vectors of four."""
    return _images(c, False, c.shape, c.rows.out * c.cols.out, 1, aligned)


def data(c: Correlation, aligned: bool = False) -> Plan:
    """The gradient of images, phase by phase of the stride."""
    rows, cols = c.rows, c.cols
    shape = (c.images, c.groups * c.channels, rows.size, cols.size)
    largest = ceil_div(rows.size, rows.step) * ceil_div(cols.size, cols.step)
    phases = min(rows.step, rows.size) * min(cols.step, cols.size)
    return _images(c, True, shape, largest, phases, aligned)


def _images(
    c: Correlation, back: bool, shape: tuple[int, ...], pixels: int, phases: int, aligned: bool
) -> Plan:
    """conv_gpu, for `phases` of at most so many pixels, after laying out the filters, which those
    of one tap need not if they fill whole tiles."""
    summed, made = (c.filters, c.channels) if back else (c.channels, c.filters)

    read = summed * (c.rows.out * c.cols.out if back else c.rows.size * c.cols.size)
    index = index_of(c.device, read * c.images * c.groups, c.dtype)

    def laid(tile: GridTile) -> bool:
        whole = made % tile.rows == 0 == summed % tile.depth and min(tile.rows, tile.depth) >= 4
        return not (aligned and whole and c.taps == 1 and accumulator(c.dtype) == c.dtype)

    def blocks(tile: GridTile) -> tuple[int, int]:
        """Channels of each tap, and those of a block of several taps, where channels do not fill
        their own."""
        wide = ceil_div(summed, tile.depth) * tile.depth
        return (summed, summed) if 4 * wide > 5 * summed else (wide, 0)

    def more(tile: GridTile) -> Params:
        c_pitch, joint = blocks(tile)
        return {
            "TO": C_NAMES[c.dtype], "back": back, "phases": phases > 1, "joint": joint,
            "tail": c_pitch != summed, "laid": laid(tile), "index": index,
            "taps": (c.rows.taps, c.cols.taps) if joint else (0, 0),
        }  # fmt: skip

    tile, run = _fitting(c, made, c.images * pixels, phases, "conv_gpu", more)
    c_pitch, _ = blocks(tile)
    depth = ceil_div(c.taps * c_pitch, tile.depth) * tile.depth
    groups_m, groups_n = ceil_div(made, tile.rows), ceil_div(c.images * pixels, tile.cols)
    f_pitch = groups_m * tile.rows
    work = tile.rows * groups_m * tile.cols * c_pitch * ceil_div(c.taps, phases)
    cuts = boxes(c.device, groups_n, phases * c.groups, work)
    launches: list[Launch] = []
    where, start, a_group = Elements(2), Start(2), summed * made
    scratch: tuple[int, ...] = ()
    if laid(tile):
        launches = _laying(c, back, min(tile.rows, tile.items), depth, c_pitch, f_pitch)
        where, start, a_group = Elements(3), Start(3), depth * f_pitch
        scratch = (c.groups * a_group,)
    for box in cuts:
        grid = (box.tiles * tile.items_n, groups_m * tile.items_m, box.deep)
        launch = Launch(
            run, grid, tile.local, y_g=Elements(0), a_g=where, x_g=Elements(1), a_offset=start,
            x_offset=Start(1), tile_first=box.tile, deep_first=box.first, images=c.images,
            channels=summed, filters=made, groups=c.groups, a_group=a_group, c_pitch=c_pitch,
            f_pitch=f_pitch, **geometry(c),
        )  # fmt: skip
        launches.append(launch)
    return Plan(shape, c.dtype, tuple(launches), scratch, len(cuts) == 1, False)


def _laying(
    c: Correlation, back: bool, each: int, depth: int, c_pitch: int, f_pitch: int
) -> list[Launch]:
    """What lays filters out for conv_gpu."""
    plain = weights_of(c)
    made, summed, f_step, c_step = c.filters, c.channels, plain.filter, plain.channel
    if back:
        made, summed, f_step, c_step = summed, made, c_step, f_step
    run = kernel(
        c.device, "conv_weights_gpu", TI=C_NAMES[c.dtype], TA=C_NAMES[accumulator(c.dtype)]
    )
    launches, most = [], c.device.max_groups
    for first in range(0, c.groups, most):
        launch = Launch(
            run, (f_pitch * depth, min(most, c.groups - first)), (each, 1), u_g=Elements(3),
            w_g=Elements(2), w_offset=Start(2), group_first=first, filters=made, channels=summed,
            taps=c.taps, depth=depth, c_pitch=c_pitch, f_pitch=f_pitch, w_group=plain.group,
            w_filter=f_step, w_channel=c_step,
        )  # fmt: skip
        launches.append(launch)
    return launches


def weight(c: Correlation, aligned: bool = False) -> Plan:
    """The gradient of filters: slices of its sum, a first axis, keep the device busy."""
    pixels = c.rows.out * c.cols.out
    m, n = c.filters, c.channels * c.taps
    whole = c.images * pixels
    result = accumulator(c.dtype)
    largest = max(c.channels * c.rows.size * c.cols.size, c.filters * pixels)

    def more(tile: GridTile) -> Params:
        lines = tile.items // tile.depth
        return {
            "TO": C_NAMES[result], "even": c.channels % lines == 0 and tile.cols >= lines,
            "full": m % tile.rows == 0 and tile.rows >= lines,
            "index": index_of(c.device, largest * c.images * c.groups, c.dtype),
        }  # fmt: skip

    tile, run = _fitting(c, m, n, ceil_div(whole, _SLICE), "conv_grad_gpu", more)
    groups_n, groups_m = ceil_div(n, tile.cols), ceil_div(m, tile.rows)
    wanted = ceil_div(4 * c.device.compute_units, groups_n * groups_m * c.groups)
    length = max(equal_parts(whole, ceil_div(whole, wanted)), _SLICE)
    length = ceil_div(length, tile.depth) * tile.depth
    slices = ceil_div(whole, length)
    (image_magic, image_shift), (row_magic, row_shift) = divisor(pixels), divisor(c.cols.out)
    launches = []
    for box in boxes(c.device, groups_n, slices * c.groups, tile.cols * length * m):
        grid = (box.tiles * tile.items_n, groups_m * tile.items_m, box.deep)
        launch = Launch(
            run, grid, tile.local, w_g=Elements(0), y_g=Elements(1), x_g=Elements(2),
            y_offset=Start(1), x_offset=Start(2), tile_first=box.tile, deep_first=box.first,
            images=c.images, channels=c.channels, filters=c.filters, groups=c.groups,
            slice=length, image_magic=image_magic, image_shift=image_shift, row_magic=row_magic,
            row_shift=row_shift, **geometry(c),
        )  # fmt: skip
        launches.append(launch)
    shape = (c.groups * c.filters, c.channels, c.rows.taps, c.cols.taps)
    whole_shape = shape if slices == 1 else (slices, *shape)
    joins = slices == 1 and len(launches) == 1
    return Plan(whole_shape, result, tuple(launches), joins=joins, passes=False)
