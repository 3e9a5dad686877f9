"""Trials of matrix units: no driver's word is taken for one.

A unit is tried with the kernel that is to use it, on whole numbers whose product is known exactly:
at a size that fills no tile, beside NumPy, and at a large one beside the ordinary kernel, which it
must also beat. What came of it is kept on disk for this device and driver.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import numpy as np

from cltensor.dtypes import bfloat16, float32
from cltensor.errors import DeviceError, KernelError
from cltensor.halves import cast_array
from cltensor.lazy.grids import ceil_div
from cltensor.ops.kernels.plan import Recipe
from cltensor.ops.linalg.matrix_units import Unit
from cltensor.ops.linalg.tiles import GridTile, fitting_tile
from cltensor.ops.linalg.unit_tiles import UnitTile, tiles_of
from cltensor.runtime.binaries import Entry
from cltensor.runtime.device import Device
from cltensor.runtime.kernel import Kernel, kernel
from cltensor.runtime.memory import is_exhaustion
from cltensor.runtime.source import render
from cltensor.runtime.timing import microseconds, timed_queue, waited

#: Rows, columns and steps of the large product; how often it is timed.
_LARGE, _TIMES = 1024, 3
#: The most of an element of one operand and of the other, by kind: their sums are exact, more
#: digits than the unit's kind has are told from it, and the sums of halves are no halves.
_MOST = {"float32": (8191, 1), "tf32": (1000, 3), "float16": (1000, 3), "bfloat16": (200, 3)}

_ENTRY = "gains"


def gains(device: Device, unit: Unit) -> tuple[float, ...]:
    """For each tile of `unit`, how many times as fast as the ordinary kernel it is on `device`; 0
    where it is wrong, or refused."""
    import pyopencl as cl

    tiles, entry = tiles_of(unit), _entry(device, unit)
    kept = _kept(entry, len(tiles))
    if kept is not None:
        return kept
    try:
        found = tuple([_gain(device, tile) for tile in tiles])
    except (cl.Error, KernelError, MemoryError, DeviceError):
        # Memory ran out, of which there may be more another time, or a launch failed while it ran,
        # perhaps one from before.
        return (0.0,) * len(tiles)
    entry.write({_ENTRY: json.dumps(found).encode()})
    return found


def known_gains(device: Device, unit: Unit) -> tuple[float, ...] | None:
    """What `gains` found earlier; None if it was never asked."""
    return _kept(_entry(device, unit), len(unit.groups))


def _entry(device: Device, unit: Unit) -> Entry:
    """The place on disk of what a trial came to."""
    sources = [render(device, "gemm_gpu", **_params(tile)) for tile in tiles_of(unit)]
    return Entry(device, "\0".join(["matrix unit, both operands", *sources]))


def _kept(entry: Entry, count: int) -> tuple[float, ...] | None:
    """What an earlier trial came to."""
    content = (entry.read() or {}).get(_ENTRY)
    try:
        found = tuple([float(gain) for gain in json.loads(content or b"")])
    except (ValueError, TypeError):
        return None
    return found if len(found) == count else None


def _gain(device: Device, tile: UnitTile) -> float:
    import pyopencl as cl

    if not tile.fits(device):
        return 0.0
    try:
        run = kernel(device, "gemm_gpu", **_params(tile))
        if not run.takes(tile.local):
            return 0.0
        grid = Grid(tile.rows, tile.cols, tile.items_m, tile.items_n)
        a, b = numbers(tile.unit.kind, tile.rows + 5, tile.cols + 3, 2 * tile.depth + 3)
        found, _ = multiply(device, run, grid, a, b, _stored[tile.unit.kind])
        if not np.array_equal(found, a @ b):
            return 0.0
        a, b = numbers(tile.unit.kind, _LARGE, _LARGE, _LARGE)
        found, time = multiply(device, run, grid, a, b, _stored[tile.unit.kind], _TIMES)
        want, ordinary = multiply(device, *_ordinary(device), a, b, np.float32, _TIMES)
    except (cl.Error, KernelError, MemoryError) as error:
        if is_exhaustion(error):
            raise
        return 0.0
    return ordinary / time if np.array_equal(found, want) else 0.0


def _params(tile: UnitTile) -> dict[str, Any]:
    """Of the kernel that is tried: a and b by rows, which are read in vectors."""
    dtype = float32 if tile.unit.per == 1 else bfloat16
    return {**tile.params(dtype), **_layout(4 * tile.unit.per)}


def _layout(lanes: int) -> dict[str, Any]:
    return {
        "TO": "float", "along_a": True, "along_b": False, "unit_a": True, "unit_b": True,
        "wide_a": lanes, "wide_b": lanes,
    }  # fmt: skip


class Grid(NamedTuple):
    """Rows and columns of the tile of a work-group, and its work-items along both."""

    rows: int
    cols: int
    items_m: int
    items_n: int


def _ordinary(device: Device) -> tuple[Kernel, Grid]:
    """The kernel for large products of float32 without matrix units."""

    def params(tile: GridTile) -> dict[str, Any]:
        return {"TI": "float", "staged": tile.staged, **_layout(4), **tile.params(float32)}

    def made(tile: GridTile) -> Recipe:
        return Recipe(device, "gemm_gpu", **params(tile))

    tile, _ = fitting_tile(device, float32, _LARGE, _LARGE, made)
    grid = Grid(tile.rows, tile.cols, tile.items_m, tile.items_n)
    return kernel(device, "gemm_gpu", **params(tile)), grid


def numbers(kind: str, m: int, n: int, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Operands (m, k) and (k, n) of `kind`, in float64, whose product is exact in float32."""
    draw = np.random.default_rng(m + n + k)
    most_a, most_b = _MOST[kind]
    a = draw.integers(-most_a, most_a + 1, (m, k)).astype(np.float64)
    b = draw.integers(-most_b, most_b + 1, (k, n)).astype(np.float64)
    # At every other step of the sum b has the digits.
    a[:, 1::2] = draw.integers(-most_b, most_b + 1, a[:, 1::2].shape)
    b[1::2] = draw.integers(-most_a, most_a + 1, b[1::2].shape)
    if kind == "float16":
        a[::7] *= 2.0**-24  # numbers that some units take for 0
    return a, b


def _as_bfloat16(x: np.ndarray) -> np.ndarray:
    return cast_array(x, bfloat16).view(np.uint16)


#: How elements are stored that a unit multiplies, by kind.
_stored: dict[str, Any] = {
    "float32": np.float32, "tf32": np.float32, "float16": np.float16, "bfloat16": _as_bfloat16,
}  # fmt: skip


def multiply(
    device: Device, run: Kernel, grid: Grid, a: np.ndarray, b: np.ndarray, stored: Any,
    times: int = 1,
) -> tuple[np.ndarray, float]:  # fmt: skip
    """a @ b, and the least seconds that it took the device.

    It is launched past recordings and those who listen, in memory that is no pool's.
    """
    import pyopencl as cl

    (m, k), n = a.shape, b.shape[1]
    # Rows begin where vectors may, as in most products.
    wide_k, wide_n = (ceil_div(size, 8) * 8 for size in (k, n))
    left, right = np.ones((m, wide_k)), np.ones((k, wide_n))
    left[:, :k], right[:, :n] = a, b
    flags, found = cl.mem_flags, np.empty((m, n), np.float32)
    buffers = [
        cl.Buffer(device.context, flags.READ_ONLY | flags.COPY_HOST_PTR, hostbuf=stored(x))
        for x in (left, right)
    ]
    out = cl.Buffer(device.context, flags.WRITE_ONLY, found.nbytes)
    given = {
        "c_g": out, "a_g": buffers[0], "b_g": buffers[1], "c_offset": 0, "a_offset": 0,
        "b_offset": 0, "m": m, "n": n, "k": k, "a_m": wide_k, "a_k": 1, "b_k": wide_n, "b_n": 1,
        "c_m": n, "c_n": 1, "batches": 1, "inner_batch": 1, "a_outer": 0, "a_inner": 0,
        "b_outer": 0, "b_inner": 0, "part": k, "split_step": 0,
    }  # fmt: skip
    handle = cl.Kernel(run.program, run.name)
    handle.set_scalar_arg_dtypes(run.scalars)
    handle.set_args(*[given[name] for name in run.names])
    sizes = ceil_div(n, grid.cols) * grid.items_n, ceil_div(m, grid.rows) * grid.items_m, 1
    queue = timed_queue(device)
    spent = []
    for _ in range(times + (times > 1)):  # the first of several is not counted
        done = cl.enqueue_nd_range_kernel(queue, handle, sizes, (grid.items_n, grid.items_m, 1))
        spent.append(microseconds(waited(device, done)) * 1e-6)
    cl.enqueue_copy(queue, found, out)
    return found, max(min(spent[-times:]), 1e-9)
