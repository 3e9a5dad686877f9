"""Winograd's minimal filtering on GPUs: F(2, 3) in one kernel, where channels are many enough to be
worth it (see winograd.py for the algorithm).

Its products are 4 / 9 of those of a plain sum, and its transforms a sixth of its instructions.
"""

from __future__ import annotations

from cltensor.core.checks import PIXELS
from cltensor.dtypes import float32
from cltensor.lazy.grids import ceil_div
from cltensor.ops.conv.blocks import Correlation, index_of, turned, weights_of
from cltensor.ops.conv.winograd import Winograd
from cltensor.ops.kernels.plan import Elements, Launch, Plan, Recipe, Start
from cltensor.ops.linalg.cuts import boxes
from cltensor.runtime.kernel import kernel

_LEAST = 32  # channels that are read, and more than so many that are made
_TILE = 32  # filters, and tiles of 2 x 2 outputs, of a group
_ITEMS = 256  # of a group
_DEPTH = 4  # channels at a time
_LOCAL = 18 << 10  # bytes of local memory for both operands
_GAIN = 1.4  # products that must be saved, as a factor


def forward(c: Correlation, aligned: bool) -> Plan | None:
    """The outputs, where products are saved. aligned: see direct.py; it makes no difference."""
    return _correlate(c, c)


def data(c: Correlation, aligned: bool) -> Plan | None:
    """The gradient of images, from filters turned over."""
    return _correlate(c, turned(c)[0])


def weight(c: Correlation, aligned: bool) -> None:
    """The gradient of filters: there is no kernel."""
    return


def _pays(c: Correlation) -> bool:
    tiles = ceil_div(c.rows.out, 2) * ceil_div(c.cols.out, 2)
    return (
        c.dtype == float32
        and Winograd.tile >= 2
        and all((a.taps, a.step, a.tap) == (3, 1, 1) for a in (c.rows, c.cols))
        and c.channels >= _LEAST < c.filters
        and 16 * tiles * _GAIN <= 9 * c.rows.out * c.cols.out
        and c.images * tiles < PIXELS - _TILE
        and c.device.max_work_group >= _ITEMS
        and c.device.local_mem >= _LOCAL
        and not c.device.caches_alone
        # Whose registers do not hold the transforms.
        and not (c.device.is_intel and c.device.kind == "gpu")
    )


def _correlate(plain: Correlation, c: Correlation) -> Plan | None:
    """conv_wino_gpu for correlation `c`, which is `plain` or made of it by turning, after the
    filters are transformed."""
    if (plain.rows.step, plain.cols.step) != (1, 1) or not _pays(c):
        return None
    read = c.images * c.groups * c.channels * c.rows.size * c.cols.size
    run = Recipe(c.device, "conv_wino_gpu", index=index_of(c.device, read, c.dtype))
    if not run.takes((_ITEMS, 1, 1)):
        return None
    back = c is not plain
    blocks, c_pitch = ceil_div(c.filters, _TILE), ceil_div(c.channels, _DEPTH) * _DEPTH
    f_pitch, weights = blocks * _TILE, weights_of(plain)
    w_filter, w_channel = weights.filter, weights.channel
    if back:
        w_filter, w_channel = w_channel, w_filter
    tiles = c.images * ceil_div(c.rows.out, 2) * ceil_div(c.cols.out, 2)
    launches, most = [], c.device.max_groups
    for first in range(0, c.groups, most):
        launch = Launch(
            kernel(c.device, "conv_wino_weights_gpu", back=back),
            (c_pitch * f_pitch, min(most, c.groups - first)), (_TILE, 1), u_g=Elements(3),
            w_g=Elements(2), w_offset=Start(2), group_first=first, filters=c.filters,
            channels=c.channels, c_pitch=c_pitch, f_pitch=f_pitch, w_group=weights.group,
            w_filter=w_filter, w_channel=w_channel,
        )  # fmt: skip
        launches.append(launch)
    cuts = boxes(
        c.device, ceil_div(tiles, _TILE), c.groups, 16 * _TILE * _TILE * blocks * c.channels
    )
    for box in cuts:
        launch = Launch(
            run, (box.tiles * _ITEMS, blocks, box.deep), (_ITEMS, 1, 1), y_g=Elements(0),
            u_g=Elements(3), x_g=Elements(1), x_offset=Start(1), tile_first=box.tile,
            group_first=box.first, images=c.images, channels=c.channels, filters=c.filters,
            groups=c.groups, c_pitch=c_pitch, f_pitch=f_pitch, h=c.rows.size, w=c.cols.size,
            out_h=c.rows.out, out_w=c.cols.out, start_h=c.rows.start, start_w=c.cols.start,
        )  # fmt: skip
        launches.append(launch)
    scratch = (c.groups * 16 * c_pitch * f_pitch,)
    return Plan(c.shape, c.dtype, tuple(launches), scratch, len(cuts) == 1, False)
