"""The tiles in which attention goes over queries and keys, by registers and local memory."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from cltensor.lazy.grids import ceil_div
from cltensor.ops.linalg.tiles import local_budget, widest
from cltensor.runtime import tuning
from cltensor.runtime.device import Device
from cltensor.runtime.groups import largest_group

#: Panels of a tile of queries, keys of a tile.
_PANELS, _KEYS = 4, 32
#: The widest heads whose sums registers of a GPU hold, and bytes of them that leave registers for
#: operands.
_WIDEST, _SUMS = 256, 4 * 96


class Tile(NamedTuple):
    """The sizes of CPU kernels, as their templates take them."""

    VW: int
    NV: int
    MR: int
    P: int
    NK: int

    @property
    def queries(self) -> int:
        """How many queries a tile has."""
        return self.VW * self.NV * self.P

    def room(self, depth: int, width: int) -> int:
        """Elements that the kernel of the way back has in local memory."""
        W = self.VW * self.NV
        return self.queries * (4 * (depth + W) + 2 * (width + W) + 2 * (self.NK + self.MR))


class GroupTile(NamedTuple):
    """The sizes of GPU kernels: work-items along the rows and the columns of a tile, and rows and
    columns of each."""

    DM: int
    DN: int
    RM: int
    RN: int

    @property
    def queries(self) -> int:
        """How many queries, or keys, a tile has."""
        return self.DM * self.RM

    @property
    def items(self) -> int:
        """Of a work-group."""
        return self.DM * self.DN

    def room(self, depth: int, width: int, give: str) -> int:
        """Elements in local memory."""
        pitch = self.queries + 4
        rows = [self.DN * self.columns(n) * self.DN for n in _widths(depth, width, give)]
        return max(32 * pitch, *rows) + self.queries * (pitch + 2)

    def columns(self, width: int) -> int:
        """How many of `width` columns of a result a work-item has."""
        return ceil_div(width, self.DN)

    def sums(self, depth: int, width: int, give: str) -> int:
        """Elements in registers: sums, scores, and four columns for what else belongs to rows."""
        return self.RM * (sum(map(self.columns, _widths(depth, width, give))) + self.RN + 4)


#: From the one that is best on. The first one's work-items have too many rows for two sums.
_GROUP_TILES = (
    GroupTile(8, 16, 8, 4),
    GroupTile(16, 16, 4, 4),
    GroupTile(8, 8, 4, 4),
    GroupTile(8, 16, 4, 2),
    GroupTile(16, 16, 2, 2),
    GroupTile(8, 8, 2, 2),
)


def _widths(depth: int, width: int, give: str) -> tuple[int, ...]:
    """Of the sums that the kernel keeps which gives that."""
    return {"out": (width,), "dq": (depth,), "dkv": (depth, width)}[give]


@tuning.planned
def group_tile(
    device: Device, dtype: np.dtype, depth: int, width: int, give: str, side: int = 64
) -> GroupTile | None:
    """The tile of the GPU kernel that gives "out", "dq" or "dkv", of at most `side` rows: the first
    that local memory and registers hold, or the smallest that local memory does."""
    most = largest_group(device, "attention_gpu", 256)
    room = min(device.local_mem, 32 << 10)
    held = [
        t for t in _GROUP_TILES[give == "dkv" :]
        if t.items <= most and t.room(depth, width, give) * dtype.itemsize <= room
    ]  # fmt: skip
    if not held or max(depth, width) > _WIDEST:
        return None
    held = [t for t in held if t.queries <= side] or held
    # Its compiler has half the registers for a work-item.
    sums = _SUMS // 2 if device.is_intel else _SUMS
    fitting = [t for t in held if t.sums(depth, width, give) * dtype.itemsize <= sums]
    return (fitting or held[-1:])[0]


@tuning.planned
def cpu_tile(device: Device, dtype: np.dtype, depth: int, width: int) -> Tile | None:
    """The tile of a CPU for queries of `depth` elements and values of `width`, if local memory
    holds one: sixteen registers hold four rows of two vectors; vectors of 64 bytes have 32."""
    vectors, rows = (1, 8) if tuning.wide_registers(device) else (2, 4)
    shape = widest(device, dtype), vectors, rows
    for panels in (_PANELS, 1):
        tile = Tile(*shape, panels, _KEYS)
        if tile.room(depth, width) * dtype.itemsize <= local_budget(device):
            return tile
    return None


def is_tiled(device: Device, dtype: np.dtype, depth: int, width: int) -> bool:
    """Whether there are tiles for heads that wide."""
    if device.is_cpu:
        return cpu_tile(device, dtype, depth, width) is not None
    return all(group_tile(device, dtype, depth, width, give) for give in ("out", "dq", "dkv"))
