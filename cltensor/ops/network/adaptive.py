"""Pooling to a given size: output i of n covers the places from floor(i*size/n) to
ceil((i+1)*size/n), so windows may overlap and differ in size by one."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from cltensor.core.checks import whole
from cltensor.core.op import require_tensor
from cltensor.core.tensor import Tensor
from cltensor.dtypes import int64, is_float
from cltensor.errors import DTypeError, ShapeError
from cltensor.ops.elementwise.cast import full
from cltensor.ops.index.gather import take_along_axis
from cltensor.ops.index.pick import getitem
from cltensor.ops.network.interpolate import area
from cltensor.ops.network.pool import avg_pool2d, max_pool2d
from cltensor.ops.network.resample import resized
from cltensor.ops.reduce.fold import argmax, mean
from cltensor.ops.shape.view import broadcast_to

#: The largest size of an output, whose windows are listed on the host.
_MOST = 1 << 24


def _output(operation: str, x: Any, output_size: Any, axes: int) -> tuple[int, ...]:
    """The size of the output along each of the last `axes` axes, checked against x."""
    require_tensor(operation, "x", x)
    if x.ndim not in (axes + 1, axes + 2):
        form = ", ".join("DHW"[3 - axes :])
        raise ShapeError(
            f"{operation}: x has shape {x.shape}; it takes (N, C, {form}) or (C, {form})"
        )
    given = list(output_size) if isinstance(output_size, (tuple, list)) else [output_size] * axes
    if len(given) != axes:
        raise ShapeError(
            f"{operation}: output_size is {output_size!r}; give an integer or "
            f"{'two' if axes == 2 else axes}"
        )
    sizes = x.shape[-axes:]
    if 0 in sizes:
        raise ShapeError(f"{operation}: images of {sizes} have no pixels to pool")
    return tuple(
        [
            n if m is None else whole(operation, "output_size", m, 0, _MOST)
            for m, n in zip(given, sizes, strict=True)
        ]
    )


@lru_cache(maxsize=256)
def _places(size: int, out: int) -> tuple[np.ndarray, np.ndarray]:
    """The places of each window, the last one again where it is shorter than the longest, and how
    many they are."""
    i = np.arange(out, dtype=np.int64)
    start, end = i * size // out, -(-(i + 1) * size // out)
    longest = int((end - start).max(initial=1))
    return np.minimum(start[:, None] + np.arange(longest), end[:, None] - 1), end - start


def _windows(x: Any, axis: int, out: int) -> tuple[Any, np.ndarray]:
    """x with its axis, the last or last but one, as (windows, places), and their true lengths."""
    places, count = _places(x.shape[axis], out)
    key = (..., Tensor.from_numpy(places, x.device), *[slice(None)] * (-1 - axis))
    return getitem(x, key), count


def _largest(x: Any, places: Any, axis: int, out: int) -> tuple[Any, Any]:
    """The largest of each window along an axis, and what `places` has there. The first of equals
    along each axis, the last axis first: so the first of a window gets the gradient, as in
    max_pool2d."""
    taken, _ = _windows(x, axis, out)
    if 0 in taken.shape:
        return taken.sum(axis=axis).astype(x.dtype), places
    best = argmax(taken, axis, keepdims=True)
    if places is not None:
        places = take_along_axis(_windows(places, axis, out)[0], best, axis).squeeze(axis)
    return take_along_axis(taken, best, axis).squeeze(axis), places


def adaptive_avg_pool(operation: str, x: Any, output_size: Any, axes: int) -> Any:
    """The mean of each of output_size windows along the last `axes` axes.

    Args:    x (N, C, ...) or (C, ...), floating-point;  output_size: an integer or one for each
             axis; None keeps a size.
    Returns: (N, C, *output_size), without N if x has none.
    Raises:  ShapeError for another size, or images without pixels; DTypeError for integers.
    """
    out = _output(operation, x, output_size, axes)
    if not is_float(x.dtype):
        raise DTypeError(f"{operation}: not defined for {x.dtype.name}; cast with .to('float32')")
    if set(out) == {1}:
        return mean(x, tuple(range(-axes, 0)), True)
    sizes = x.shape[-axes:]
    if axes == 2 and _divide(x, out):
        return avg_pool2d(x, (sizes[0] // out[0], sizes[1] // out[1]))
    for axis in range(-1, -axes - 1, -1):
        if out[axis] != sizes[axis]:
            x = resized(x, x.ndim + axis, area, out[axis])
    return x


def adaptive_max_pool(
    operation: str, x: Any, output_size: Any, axes: int, return_indices: bool
) -> Any:
    """The largest element of each of output_size windows along the last `axes` axes; NaN wins.

    Args, Returns and Raises as for adaptive_avg_pool, but for x of any type but bool;
    return_indices: gives a pair, with the place (int64) of each result in its image.
    """
    out = _output(operation, x, output_size, axes)
    sizes = x.shape[-axes:]
    if axes == 2 and _divide(x, out):
        taps = (sizes[0] // out[0], sizes[1] // out[1])
        return max_pool2d(x, taps, return_indices=return_indices)
    places = None
    if return_indices:
        flat = np.arange(math.prod(sizes)).reshape(sizes)
        places = broadcast_to(Tensor.from_numpy(flat, x.device), x.shape)
    for axis in range(-1, -axes - 1, -1):
        if out[axis] != sizes[axis]:
            x, places = _largest(x, places, axis, out[axis])
    if not return_indices:
        return x
    return x, places if x.size else full(x.shape, 0, int64, x.device)


def _divide(x: Any, out: tuple[int, ...]) -> bool:
    """Whether windows are all of one size and do not overlap, so that max_pool2d and avg_pool2d
    take them."""
    return 0 not in (*out, *x.shape[-3:]) and not any(
        size % n for size, n in zip(x.shape[-2:], out, strict=True)
    )
