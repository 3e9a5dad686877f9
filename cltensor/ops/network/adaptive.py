"""Pooling to a given size: output i of n covers the places from floor(i*size/n) to
ceil((i+1)*size/n), so windows may overlap and differ in size by one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from cltensor.core.checks import whole
from cltensor.core.op import require_tensor
from cltensor.core.tensor import Tensor
from cltensor.dtypes import is_float
from cltensor.errors import DTypeError, ShapeError
from cltensor.ops.elementwise.select import where
from cltensor.ops.index.pick import getitem
from cltensor.ops.index.scatter import take_along_axis
from cltensor.ops.network.pool import avg_pool2d, max_pool2d
from cltensor.ops.reduce.fold import argmax

#: The largest size of an output, whose windows are listed on the host.
_MOST = 1 << 24


def _output(operation: str, x: Any, output_size: Any) -> tuple[int, int]:
    """The height and width of the output, checked against x."""
    require_tensor(operation, "x", x)
    if x.ndim not in (3, 4):
        raise ShapeError(f"{operation}: x has shape {x.shape}; it takes (N, C, H, W) or (C, H, W)")
    given = list(output_size) if isinstance(output_size, (tuple, list)) else [output_size] * 2
    if len(given) != 2:
        raise ShapeError(f"{operation}: output_size is {output_size!r}; give an integer or two")
    height, width = (
        size if n is None else whole(operation, "output_size", n, 0, _MOST)
        for n, size in zip(given, x.shape[-2:], strict=True)
    )
    if 0 in x.shape[-2:]:
        raise ShapeError(f"{operation}: images of {x.shape[-2:]} have no pixels to pool")
    return height, width


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


def _means(x: Any, axis: int, out: int) -> Any:
    taken, count = _windows(x, axis, out)
    behind = (1,) * (-1 - axis)
    present = np.arange(taken.shape[axis])[None, :] < count[:, None]
    mask = Tensor.from_numpy(present.reshape(*present.shape, *behind), x.device)
    divisor = Tensor.from_numpy(count.reshape(-1, *behind).astype(x.dtype), x.device)
    return where(mask, taken, 0).sum(axis=axis) / divisor


def _largest(x: Any, axis: int, out: int) -> Any:
    """Columns before rows, the first of equals along each: so the first of a window gets the
    gradient, as in max_pool2d."""
    taken, _ = _windows(x, axis, out)
    if 0 in taken.shape:
        return taken.sum(axis=axis).astype(x.dtype)
    return take_along_axis(taken, argmax(taken, axis, keepdims=True), axis).squeeze(axis)


def adaptive_avg_pool2d(x: Any, output_size: int | Sequence[int | None]) -> Any:
    """The mean of each of output_size windows of an image.

    Args:    x (N,C,H,W) or (C,H,W), floating-point;  output_size: an integer or (height, width);
             None keeps a size.
    Returns: (N, C, *output_size), without N if x has none.
    Raises:  ShapeError for another size, or images without pixels; DTypeError for integers.
    """
    out = _output("adaptive_avg_pool2d", x, output_size)
    if not is_float(x.dtype):
        raise DTypeError(
            f"adaptive_avg_pool2d: not defined for {x.dtype.name}; cast with .to('float32')"
        )
    if out == (1, 1):
        return x.mean(axis=(-2, -1), keepdims=True)
    sizes = x.shape[-2:]
    if _divide(x, out):
        return avg_pool2d(x, (sizes[0] // out[0], sizes[1] // out[1]))
    for axis in (-1, -2):
        if out[axis] != sizes[axis]:
            x = _means(x, axis, out[axis])
    return x


def adaptive_max_pool2d(
    x: Any, output_size: int | Sequence[int | None], return_indices: bool = False
) -> Any:
    """The largest element of each of output_size windows of an image; NaN wins.

    Args, Returns and Raises as for adaptive_avg_pool2d, but for x of any type but bool. Places
    (return_indices) are not there.
    """
    out = _output("adaptive_max_pool2d", x, output_size)
    if return_indices:
        raise ShapeError(
            "adaptive_max_pool2d: return_indices is not there; use max_pool2d with windows that "
            "divide the image"
        )
    sizes = x.shape[-2:]
    if _divide(x, out):
        return max_pool2d(x, (sizes[0] // out[0], sizes[1] // out[1]))
    for axis in (-1, -2):
        if out[axis] != sizes[axis]:
            x = _largest(x, axis, out[axis])
    return x


def _divide(x: Any, out: tuple[int, int]) -> bool:
    """Whether windows are all of one size and do not overlap, so that max_pool2d and avg_pool2d
    take them."""
    return 0 not in (*out, *x.shape[-3:]) and not any(
        size % n for size, n in zip(x.shape[-2:], out, strict=True)
    )
