"""Convolution as an implicit matrix product, in the tiles of the work-group kernels: operands are
read straight from images, for any stride, padding, dilation and groups, on every device."""

from __future__ import annotations

from collections.abc import Callable

from cltensor.core.checks import PIXELS
from cltensor.dtypes import C_NAMES
from cltensor.errors import ShapeError
from cltensor.lazy.grids import ceil_div
from cltensor.ops.conv.blocks import Correlation, geometry, weights_of
from cltensor.ops.kernels.plan import Elements, Launch, Plan, Recipe, Start
from cltensor.ops.linalg.tiles import GridTile, accumulator, equal_parts, fitting_tile
from cltensor.runtime.kernel import kernel

Params = dict[str, str | int]

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


def forward(c: Correlation) -> Plan:
    """The outputs."""
    return _images(c, False, c.shape, c.rows.out * c.cols.out, 1)


def data(c: Correlation) -> Plan:
    """The gradient of images, phase by phase of the stride."""
    rows, cols = c.rows, c.cols
    shape = (c.images, c.groups * c.channels, rows.size, cols.size)
    largest = ceil_div(rows.size, rows.step) * ceil_div(cols.size, cols.step)
    return _images(c, True, shape, largest, min(rows.step, rows.size) * min(cols.step, cols.size))


def _images(c: Correlation, back: bool, shape: tuple[int, ...], pixels: int, phases: int) -> Plan:
    """conv_gpu, for `phases` of at most so many pixels, after laying out the filters."""
    plain = weights_of(c)
    summed, made, steps = c.channels, c.filters, (plain.channel, plain.filter)
    if back:
        summed, made, steps = c.filters, c.channels, steps[::-1]

    def blocks(tile: GridTile) -> tuple[int, int]:
        """Channels of each tap, and those of a block of several taps, where channels do not fill
        their own."""
        wide = ceil_div(summed, tile.depth) * tile.depth
        return (summed, summed) if 4 * wide > 5 * summed else (wide, 0)

    def more(tile: GridTile) -> Params:
        c_pitch, joint = blocks(tile)
        return {
            "TO": C_NAMES[c.dtype], "back": back, "phases": phases > 1, "joint": joint,
            "tail": c_pitch != summed,
        }  # fmt: skip

    tile, run = _fitting(c, made, c.images * pixels, phases, "conv_gpu", more)
    c_pitch, _ = blocks(tile)
    depth = ceil_div(c.taps * c_pitch, tile.depth) * tile.depth
    groups_m, groups_n = ceil_div(made, tile.rows), ceil_div(c.images * pixels, tile.cols)
    f_pitch = groups_m * tile.rows
    sums = C_NAMES[accumulator(c.dtype)]
    each = min(tile.rows, tile.items)
    lay = Launch(
        kernel(c.device, "conv_weights_gpu", TI=C_NAMES[c.dtype], TA=sums),
        (f_pitch * depth, c.groups), (each, 1), u_g=Elements(3), w_g=Elements(2),
        w_offset=Start(2), filters=made, channels=summed, taps=c.taps, depth=depth,
        c_pitch=c_pitch, f_pitch=f_pitch, w_group=plain.group, w_filter=steps[1],
        w_channel=steps[0],
    )  # fmt: skip
    compute = Launch(
        run, (groups_n * tile.items_n, groups_m * tile.items_m, phases * c.groups),
        tile.local, y_g=Elements(0), a_g=Elements(3), x_g=Elements(1),
        x_offset=Start(1), images=c.images, channels=summed, filters=made, groups=c.groups,
        depth=depth, c_pitch=c_pitch, f_pitch=f_pitch, **geometry(c),
    )  # fmt: skip
    return Plan(shape, c.dtype, (lay, compute), (c.groups * depth * f_pitch,), True, False)


def _divisor(d: int) -> tuple[int, int]:
    """The magic number and shift with which conv_grad_gpu divides by d."""
    shift = (d - 1).bit_length()
    return ((1 << 32) * ((1 << shift) - d)) // d + 1, shift


def weight(c: Correlation) -> Plan:
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
            "index": "int" if largest <= PIXELS else "long",
        }  # fmt: skip

    tile, run = _fitting(c, m, n, ceil_div(whole, _SLICE), "conv_grad_gpu", more)
    groups_n, groups_m = ceil_div(n, tile.cols), ceil_div(m, tile.rows)
    wanted = ceil_div(4 * c.device.compute_units, groups_n * groups_m * c.groups)
    length = max(equal_parts(whole, ceil_div(whole, wanted)), _SLICE)
    length = ceil_div(length, tile.depth) * tile.depth
    slices = ceil_div(whole, length)
    (image_magic, image_shift), (row_magic, row_shift) = _divisor(pixels), _divisor(c.cols.out)
    launch = Launch(
        run, (groups_n * tile.items_n, groups_m * tile.items_m, slices * c.groups),
        tile.local, w_g=Elements(0), y_g=Elements(1), x_g=Elements(2),
        y_offset=Start(1), x_offset=Start(2), images=c.images, channels=c.channels,
        filters=c.filters, groups=c.groups, slice=length, image_magic=image_magic,
        image_shift=image_shift, row_magic=row_magic, row_shift=row_shift, **geometry(c),
    )  # fmt: skip
    shape = (c.groups * c.filters, c.channels, c.rows.taps, c.cols.taps)
    whole_shape = shape if slices == 1 else (slices, *shape)
    return Plan(whole_shape, result, (launch,), joins=slices == 1, passes=False)
