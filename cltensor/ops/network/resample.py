"""Resizing along an axis: every output is a weighted sum of a few inputs.

Places and weights of each size come from a table, made on the host once. The derivative is the same
operation with the table the other way round, and so is every further one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from cltensor.core.op import Op, primitive
from cltensor.core.tensor import Tensor
from cltensor.dtypes import C_NAMES
from cltensor.halves import cast_array
from cltensor.ops.elementwise.cast import full
from cltensor.ops.linalg.gemm import accumulator
from cltensor.ops.shape.copy import spread, wide
from cltensor.runtime.kernel import kernel

#: Taps of which the kernel's loop is written for their number.
_FEW = 8


class Table(NamedTuple):
    """For each of `out` outputs the places of its inputs, of n, and their weights: (out, taps)."""

    n: int
    places: np.ndarray
    weights: np.ndarray


class Resizing(NamedTuple):
    """Which table: made by make(n, out, *options); `back` for the other way round."""

    make: Callable[..., Table]
    n: int
    out: int
    options: tuple[Any, ...]
    back: bool = False

    def reversed(self) -> Resizing:
        """The transposed one."""
        return self._replace(n=self.out, out=self.n, back=not self.back)


@lru_cache(maxsize=256)
def _table(resizing: Resizing) -> Table:
    if not resizing.back:
        return resizing.make(resizing.n, resizing.out, *resizing.options)
    there = _table(resizing.reversed())
    out, taps = there.places.shape
    places = there.places.ravel()
    order = np.argsort(places, kind="stable")
    counts = np.bincount(places, minlength=there.n)
    most = max(int(counts.max(initial=0)), 1)
    column = np.arange(out * taps) - np.repeat(np.cumsum(counts) - counts, counts)
    back = Table(out, np.zeros((there.n, most), np.int64), np.zeros((there.n, most)))
    back.places[places[order], column] = order // taps
    back.weights[places[order], column] = there.weights.ravel()[order]
    return back


@lru_cache(maxsize=256)
def _on_device(resizing: Resizing, dtype: np.dtype, device: Any) -> tuple[Tensor, Tensor, int]:
    table = _table(resizing)
    places = Tensor.from_numpy(table.places.astype(np.int32), device)
    weights = Tensor.from_numpy(cast_array(table.weights, dtype), device)
    return places, weights, table.places.shape[1]


def _run(x: Tensor, axis: int, resizing: Resizing) -> Tensor:
    out = resizing.out
    shape = (*x.shape[:axis], out, *x.shape[axis + 1 :])
    if not math.prod(shape) or not x.size:
        return full(shape, 0, x.dtype, x.device)
    device, kept = x.device, accumulator(x.dtype)
    places, weights, taps = _on_device(resizing, kept, device)
    x = x.contiguous()
    result = Tensor.empty(shape, x.dtype, device)
    inner = math.prod(x.shape[axis + 1 :])
    rows = device.is_cpu and inner >= 8
    total = result.size // inner if rows else int(result.size)
    grain = max(1, 8192 // (inner * taps if rows else taps))
    size, local, each = spread(device, total, grain)
    run = kernel(
        device, "resample", T=C_NAMES[x.dtype], TA=C_NAMES[kept], rows=rows,
        taps=taps if taps <= _FEW else 0, index="long" if wide(x, result) else "int",
    )  # fmt: skip
    run(
        (size,), (local,), y_g=result.buffer, x_g=x.buffer, place_g=places.buffer,
        weight_g=weights.buffer, x_start=x.offset, total=total, n=resizing.n, out=out,
        several=taps, inner=inner, each=each,
    )  # fmt: skip
    return result


resample: Op = primitive(
    "resample(x, axis, resizing)",
    _run,
    dx=lambda g, axis, resizing: resample(g, axis, resizing.reversed()),
)


def resized(x: Any, axis: int, make: Callable[..., Table], out: int, *options: Any) -> Any:
    """x with its axis (counted from the front) of `out` elements, by the table that make(n, out,
    *options) gives."""
    return resample(x, axis, Resizing(make, x.shape[axis], out, options))
