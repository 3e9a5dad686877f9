"""How transforms along an axis are computed: which kernels, over which lines.

On a CPU a work-item takes a few neighbouring lines through all stages, in memory of its own. A line
that is too long for that, or alone, is a matrix: its columns are transformed, its elements
multiplied by roots of unity, then its rows are (Bailey's four steps, whose transpositions are done
where elements are read and written). Elsewhere each stage is a launch. Lengths with a prime factor
beyond 13 become a convolution of a length that has none (Bluestein).
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from cltensor.core.op import Op, primitive
from cltensor.core.tensor import Tensor
from cltensor.dtypes import C_NAMES, real_of
from cltensor.lazy.codegen import Shape
from cltensor.ops.elementwise.arithmetic import multiply
from cltensor.ops.elementwise.cast import conj_physical
from cltensor.ops.fft.radix import butterfly, divided, factors, smooth_above
from cltensor.ops.fft.tables import chirp, crossed, roots, table
from cltensor.ops.shape.copy import copy, spread, wide
from cltensor.ops.shape.cut import part
from cltensor.ops.shape.view import movedim
from cltensor.runtime.device import Device
from cltensor.runtime.kernel import kernel

#: Elements of the longest line that a work-item keeps in memory of its own. Twice as many are kept
#: where a line is a matrix, half as many at most by Intel's runtime, which has 256 KiB for all.
_LONGEST = 2048
#: Elements of a few lines that are faster one after the other than another launch is.
_SHORT = 1024
#: Bytes of a vector of neighbouring lines.
_VECTOR = 32
#: Elements that are worth waking another core for.
_GRAIN = 4096


def _lines(
    x: Tensor, y: Tensor, n: int, outer: int, inner: int, read: Shape, given: Shape,
    inverse: bool, scale: float, twiddle: Tensor | None = None,
) -> None:  # fmt: skip
    """Transform lines of n elements, `inner` neighbours in each of `outer` batches. read, given:
    strides of batches, neighbours and elements in x and in y."""
    device, dtype = x.device, x.dtype
    real = real_of(dtype)
    lanes = _VECTOR // real.itemsize
    if inner < lanes:
        lanes = 1
    radices = factors(n)
    assert radices is not None
    blocks = -(-inner // lanes)
    groups = outer * blocks
    items = max(1, min(groups, groups * lanes * n // _GRAIN, 4 * device.compute_units))
    each = -(-groups // items)
    run = kernel(
        device, "fft_lines", R=C_NAMES[real], n=n, radices=radices, lanes=lanes, inverse=inverse,
        in_blocks=inner % lanes == 0, in_rows=read[2] == 1, out_rows=given[2] == 1,
        twiddle=twiddle is not None,
        butterfly=butterfly, index="long" if wide(x, y) else "int",
    )  # fmt: skip
    more: dict[str, Any] = {} if twiddle is None else {"t_g": twiddle.buffer}
    run(
        (-(-groups // each),), (1,), y_g=y.buffer, x_g=x.buffer,
        w_g=table(device, dtype, roots, n).buffer, x_start=x.offset, groups=groups, each=each,
        blocks=blocks, inner=inner, in_o=read[0], in_i=read[1], in_j=read[2], out_o=given[0],
        out_i=given[1], out_j=given[2], scale=scale, **more,
    )  # fmt: skip


def _longest(device: Device, in_matrix: bool) -> int:
    if device.is_intel:
        return _LONGEST // 2
    return 2 * _LONGEST if in_matrix else _LONGEST


def _is_direct(device: Device, n: int, lines: int, lanes: int) -> bool:
    """Whether lines of n elements are transformed as they are, not as matrices."""
    few = lines < lanes and n * lines > _SHORT
    return n <= _longest(device, False) and (not few or divided(n) is None)


def _on_cpu(x: Tensor, n: int, outer: int, inner: int, inverse: bool, scale: float) -> Tensor:
    y = Tensor.empty(x.shape, x.dtype, x.device)
    lanes = _VECTOR // real_of(x.dtype).itemsize
    if _is_direct(x.device, n, outer if inner == 1 else inner, lanes):
        if inner == 1:
            _lines(x, y, n, 1, outer, (0, n, 1), (0, n, 1), inverse, scale)
        else:
            strides = (n * inner, 1, inner)
            _lines(x, y, n, outer, inner, strides, strides, inverse, scale)
        return y
    shape = divided(n)
    if inner > 1 or shape is None or max(shape) > _longest(x.device, True):
        return _by_stages(x, n, outer, inner, inverse, scale)
    rows, columns = shape
    between = Tensor.empty(x.shape, x.dtype, x.device)
    strides = (n, 1, columns)
    lanes = lanes if columns % lanes == 0 else columns
    turns = table(x.device, x.dtype, crossed, rows, columns, lanes)
    _lines(x, between, rows, outer, columns, strides, strides, inverse, 1.0, turns)
    _lines(between, y, columns, outer, rows, (n, columns, 1), (n, 1, rows), inverse, scale)
    return y


def _by_stages(x: Tensor, n: int, outer: int, inner: int, inverse: bool, scale: float) -> Tensor:
    """One launch for each factor of n."""
    device, dtype = x.device, x.dtype
    radices = factors(n)
    assert radices is not None
    turns = table(device, dtype, roots, n).buffer
    done = 1
    for radix in radices or (1,):
        y = Tensor.empty(x.shape, dtype, device)
        run = kernel(
            device, "fft_pass", R=C_NAMES[real_of(dtype)], radix=radix, inverse=inverse,
            butterfly=butterfly, index="long" if wide(x, y) else "int",
        )  # fmt: skip
        count = outer * inner * n // radix
        size, local, each = spread(device, count, _GRAIN // radix)
        done_now = done * radix
        run(
            (size,), (local,), y_g=y.buffer, x_g=x.buffer, w_g=turns, x_start=x.offset,
            count=count, each=each, n=n, inner=inner, done=done,
            scale=scale if done_now == n else 1.0,
        )  # fmt: skip
        x, done = y, done_now
    return x


def _by_convolution(x: Tensor, n: int, inverse: bool, scale: float) -> Tensor:
    """Bluestein's: with j k = (j^2 + k^2 - (k - j)^2) / 2 a transform is a convolution with a
    chirp. The axis is the last."""
    device, dtype = x.device, x.dtype
    longer = smooth_above(2 * n - 1)
    turns, spectrum = _chirps(device, dtype, n, longer)
    if inverse:
        x = conj_physical.run(x)
    padded = Tensor.empty((*x.shape[:-1], longer), dtype, device)
    copy(padded, 0)
    copy(part(padded, padded.ndim - 1, 0, n), multiply.run(x, turns))
    product = multiply.run(run_transform(padded, padded.ndim - 1, False, 1.0), spectrum)
    found = run_transform(product, product.ndim - 1, True, scale / longer)
    found = multiply.run(part(found, found.ndim - 1, 0, n), turns)
    return conj_physical.run(found) if inverse else found


def _chirps(device: Device, dtype: np.dtype, n: int, longer: int) -> tuple[Tensor, Tensor]:
    """The chirp, and the transform of its conjugate, wrapped around to `longer` elements."""
    return table(device, dtype, chirp, n), table(device, dtype, _spectrum, n, longer)


def _spectrum(n: int, longer: int) -> np.ndarray:
    turns = np.conj(chirp(n))
    around = np.zeros(longer, np.complex128)
    around[:n] = turns
    around[longer - n + 1 :] = turns[:0:-1]
    return np.fft.fft(around)


def run_transform(x: Tensor, axis: int, inverse: bool, scale: float) -> Tensor:
    """scale * sum_j x_j exp(-+ 2 pi i j k / n) along an axis of complex x, + for inverse."""
    n = x.shape[axis]
    if x.size == 0:
        return Tensor.empty(x.shape, x.dtype, x.device)
    if n == 1:
        return multiply.run(x, scale)
    inner = prod(x.shape[axis + 1 :])
    smooth = factors(n) is not None
    direct = smooth and (
        not x.device.is_cpu or inner == 1 or (n <= _longest(x.device, False) and inner > 3)
    )
    if inner > 1 and not direct:  # lines whose elements are neighbours
        moved = run_transform(movedim(x, axis, -1).contiguous(), x.ndim - 1, inverse, scale)
        return movedim(moved, -1, axis)
    x = x.contiguous()
    if not smooth:
        return _by_convolution(x, n, inverse, scale)
    x.realize()
    outer = x.size // (n * inner)
    run = _on_cpu if x.device.is_cpu else _by_stages
    return run(x, n, outer, inner, inverse, scale)


#: scale * sum_j x_j exp(-2 pi i j k / n), or with + for inverse, along an axis of complex x.
transform: Op = primitive(
    "fft_along(x, axis, inverse, scale)",
    run_transform,
    dx=lambda g, axis, inverse, scale: transform(g, axis, not inverse, scale),
)
