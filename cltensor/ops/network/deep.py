"""Pooling along three axes, by pooling of two: slices first, then windows of slices. And to a given
size, by windows that differ in size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cltensor.core.tensor import Tensor
from cltensor.dtypes import bool_, is_float
from cltensor.errors import DTypeError, ShapeError
from cltensor.ops.conv.depth import each
from cltensor.ops.elementwise.select import maximum, where
from cltensor.ops.index.gather import take_along_axis
from cltensor.ops.network.pool import avg_pool2d, max_pool2d
from cltensor.ops.reduce.fold import argmax, max_over
from cltensor.ops.shape.cut import part
from cltensor.ops.shape.windows import windows

Triple = int | Sequence[int]


def _count(operation: str, n: int, geometry: tuple[int, ...], ceil: bool) -> int:
    """The number of windows along an axis of size n. Raises ShapeError for none."""
    taps, step, around, spread = geometry
    if 2 * around > taps:
        raise ShapeError(
            f"{operation}: padding {around} is more than half of kernel_size {taps}; windows would "
            "hold padding only; use less"
        )
    rest = n + 2 * around - spread * (taps - 1) - 1
    count = (-(-rest // step) if ceil else rest // step) + 1
    if ceil and (count - 1) * step >= n + around:
        count -= 1  # the last window must start inside, or in the padding before
    if count < 1 or not n:
        raise ShapeError(
            f"{operation}: windows of {taps} with dilation {spread} do not fit an axis of size {n} "
            f"with padding {around}; pad more or use smaller windows"
        )
    return count


def _slices(x: Any, axis: int, count: int, value: float, geometry: tuple[int, ...]) -> Any:
    """`count` windows along an axis, padded with `value` where they reach over."""
    taps, step, around, spread = geometry
    n = x.shape[axis]
    span = (count - 1) * step + spread * (taps - 1) + 1
    after = max(0, span - n - around)
    if around or after:
        widths = [(0, 0)] * x.ndim
        widths[axis] = (around, after)
        x = x.pad(widths, value)
    if x.shape[axis] > span:
        x = part(x, axis, 0, span)
    return windows(x, axis, taps, step, spread)


def _least(dtype: np.dtype) -> float:
    return float("-inf") if is_float(dtype) else int(np.iinfo(dtype).min)


def _volumes(operation: str, x: Any) -> Any:
    if x.ndim not in (4, 5):
        raise ShapeError(
            f"{operation}: x has shape {x.shape}; it takes (N, C, D, H, W) or (C, D, H, W)"
        )
    return x if x.ndim == 5 else x.reshape(1, *x.shape)


def _parameters(
    operation: str, kernel_size: Any, stride: Any, padding: Any, dilation: Any
) -> list[tuple[int, ...]]:
    taps = each(operation, "kernel_size", kernel_size, 3, 1)
    given = stride is not None and not (isinstance(stride, (tuple, list)) and not stride)
    return [
        taps,
        each(operation, "stride", stride, 3, 1) if given else taps,
        each(operation, "padding", padding, 3, 0),
        each(operation, "dilation", dilation, 3, 1),
    ]


def _largest(slices: Any, geometry: tuple[int, ...]) -> Any:
    """The tap of the largest element of each window: inside, if any is, however small that is."""
    taps, step, around, spread = geometry
    tap = argmax(slices.detach(), 3, True)  # of equals the first, so none of the padding behind
    if not around:
        return tap
    before = np.maximum(around - np.arange(slices.shape[2]) * step, 0)
    inside = np.minimum(-(-before // spread), taps - 1).reshape(-1, 1, 1, 1)
    return maximum(tap, Tensor.from_numpy(inside, slices.device))


def max_pool3d(
    x: Any, kernel_size: Triple, stride: Triple | None, padding: Triple, dilation: Triple,
    ceil_mode: bool, return_indices: bool,
) -> Any:  # fmt: skip
    """The largest element of each window of a volume; with return_indices also its place
    (d * H + h) * W + w, or -1. x (N, C, D, H, W) or (C, D, H, W); see `max_pool2d`."""
    volumes = _volumes("max_pool3d", x)
    if x.dtype == bool_:
        raise DTypeError("max_pool3d: not defined for bool; cast with .to(dtype)")
    parameters = _parameters("max_pool3d", kernel_size, stride, padding, dilation)
    samples, channels, n, *size = volumes.shape
    first = tuple([p[0] for p in parameters])
    count = _count("max_pool3d", n, first, ceil_mode)
    flat = volumes.reshape(samples, channels * n, *size)
    taps, step, around, spread = [p[1:] for p in parameters]
    found = max_pool2d(flat, taps, step, around, spread, ceil_mode, return_indices)
    values, places = found if return_indices else (found, None)
    shape = (samples, channels, n, *values.shape[2:])
    slices = _slices(values.reshape(shape), 2, count, _least(x.dtype), first)
    batched = x.ndim == 5
    if places is None and not (first[2] and slices.requires_grad):
        best = max_over(slices, 3)
        return best if batched else best.squeeze(0)
    tap = _largest(slices, first)
    best = take_along_axis(slices, tap, 3).squeeze(3)
    if places is None:
        return best if batched else best.squeeze(0)
    at = take_along_axis(_slices(places.reshape(shape), 2, count, -1, first), tap, 3).squeeze(3)
    start = Tensor.from_numpy(np.arange(count).reshape(-1, 1, 1) * first[1] - first[2], x.device)
    deep = at + (start + tap.squeeze(3) * first[3]) * (size[0] * size[1])
    at = where(at < 0, -1, deep)
    return (best, at) if batched else (best.squeeze(0), at.squeeze(0))


def _sizes(n: int, count: int, geometry: tuple[int, ...], whole: bool) -> np.ndarray:
    """How many elements, with the padding if `whole`, each window along an axis has."""
    taps, step, around, _ = geometry
    start = np.arange(count) * step - around
    end = np.minimum(start + taps, n + around)
    return end - start if whole else np.minimum(end, n) - np.maximum(start, 0)


def avg_pool3d(
    x: Any, kernel_size: Triple, stride: Triple | None, padding: Triple, ceil_mode: bool,
    count_include_pad: bool, divisor_override: int | None,
) -> Any:  # fmt: skip
    """The mean of each window of a volume. x (N, C, D, H, W) or (C, D, H, W); see `avg_pool2d`."""
    name = "avg_pool3d"
    volumes = _volumes(name, x)
    if divisor_override == 0:
        raise ShapeError(f"{name}: divisor_override is 0; give another number or None")
    parameters = _parameters(name, kernel_size, stride, padding, 1)
    samples, channels, n, *size = volumes.shape
    axes = [tuple([p[d] for p in parameters]) for d in range(3)]
    counts = [_count(name, m, g, ceil_mode) for m, g in zip((n, *size), axes, strict=True)]
    flat = volumes.reshape(samples, channels * n, *size)
    taps, step, around, _ = [p[1:] for p in parameters]
    sums = avg_pool2d(flat, taps, step, around, ceil_mode, True, 1)
    sums = sums.reshape(samples, channels, n, *sums.shape[2:])
    total = _slices(sums, 2, counts[0], 0, axes[0]).sum(3)
    if divisor_override is not None:
        out = total / divisor_override
    else:
        d, h, w = (
            _sizes(m, c, g, count_include_pad)
            for m, c, g in zip((n, *size), counts, axes, strict=True)
        )
        divisor = (d[:, None, None] * h[:, None] * w).astype(x.dtype)
        out = total / Tensor.from_numpy(divisor, x.device)
    return out if x.ndim == 5 else out.squeeze(0)
