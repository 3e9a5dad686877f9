"""Which matrix unit multiplies what: by dtype, by the precision asked for, and by trial."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from cltensor.dtypes import bfloat16, float16, float32
from cltensor.ops.linalg.matrix_units import Unit, units_of
from cltensor.ops.linalg.unit_probe import gains, known_gains
from cltensor.ops.linalg.unit_tiles import UnitTile, tiles_of
from cltensor.runtime.device import Device

#: By what precision.py says: what float32 may be multiplied as, the first that a device has.
_SINGLE = {
    "highest": ("float32",),
    "high": ("tf32", "float32"),
    "medium": ("bfloat16", "tf32", "float32"),
}
#: Rows or columns of products that are for kernels without a tile; see gemm.py.
_FEW = 8
#: The tiles of a device for each kind, from the largest on, when they were tried.
_tried: dict[tuple[Device, str], tuple[UnitTile, ...]] = {}


def tiles_for(device: Device, dtype: np.dtype, precision: str) -> tuple[UnitTile, ...]:
    """The tiles with which `device` is to multiply elements of `dtype`, the largest first; none
    where it has no unit for them that is right and faster than the ordinary kernel."""
    if dtype is float32:
        kinds = _SINGLE[precision]
    elif dtype is float16 or dtype is bfloat16:
        kinds = (dtype.name,)
    else:
        return ()
    for kind in kinds:
        key = (device, kind)
        found = _tried.get(key)
        if found is None:
            found = _try(device, kind)
        if found:
            return found
    return ()


def _candidates(device: Device) -> tuple[Unit, ...]:
    import pyopencl as cl

    try:
        return units_of(device)
    except cl.Error:  # a driver that does not answer has none
        return ()


def _try(device: Device, kind: str) -> tuple[UnitTile, ...]:
    with device.lock:
        best, found = 1.0, tuple[UnitTile, ...]()
        for unit in _candidates(device):
            if unit.kind == kind:
                measured = gains(device, unit)
                if max(measured) > best:
                    best = max(measured)
                    pairs = zip(tiles_of(unit), measured, strict=True)
                    found = tuple([tile for tile, gain in pairs if gain > 1])
        _tried[device, kind] = found
        return found


def tile_for(
    device: Device, dtype: np.dtype, precision: str, m: int, n: int, count: int,
    takes: Callable[[UnitTile], bool],
) -> UnitTile | None:  # fmt: skip
    """The tile for `count` results of m x n; None where the ordinary kernel is to compute them.
    takes: whether the kernel for a tile takes its group, which was tried for one layout alone."""
    tiles = tiles_for(device, dtype, precision)
    for tile in tiles:
        if tile.fills(device, m, n, count) and takes(tile):
            return tile
    return tiles[-1] if tiles and dtype is not float32 else None


def takes_halves(
    device: Device, dtype: np.dtype, left: tuple[int, ...], right: tuple[int, ...]
) -> bool:
    """Whether a product of matrices or stacks of these shapes, of a float of 16 bits, is for a
    matrix unit as it is: on a device that has one, if neither side is a few rows or columns."""
    if device.is_cpu or min(left[-2], right[-1]) <= _FEW or left[-1] == 1:
        return False
    return bool(tiles_for(device, dtype, ""))


def described(device: Device) -> str:
    """For people: the units that `device` may have, and what trials came to, none being made."""
    texts = []
    for unit in _candidates(device):
        known = known_gains(device, unit)
        text = "not tried yet"
        if known is not None:
            best = max(known)
            text = f"{best:.3g} times as fast" if best > 1 else "not used"
        texts.append(f"{unit.name}: {text}")
    return "; ".join(texts)
