"""Images made larger, smaller, or put together differently."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from cltensor.core.checks import MOST, whole, wholes
from cltensor.core.composite import composite
from cltensor.core.tensor import Tensor
from cltensor.dtypes import is_float, uint8
from cltensor.errors import DTypeError, ShapeError
from cltensor.ops.elementwise.cast import apart
from cltensor.ops.index.pick import getitem
from cltensor.ops.network import adaptive
from cltensor.ops.network import interpolate as tables
from cltensor.ops.network.resample import resized
from cltensor.ops.shape import border

#: For each mode of `interpolate` the numbers of dimensions that it takes.
_MODES = {
    "nearest": (3, 4, 5),
    "nearest-exact": (3, 4, 5),
    "area": (3, 4, 5),
    "linear": (3,),
    "bilinear": (4,),
    "bicubic": (4,),
    "trilinear": (5,),
}


@composite(method=False)
def pad(input: Any, pad: tuple[int, ...], mode: str = "constant", value: Any = None) -> Tensor:
    """input with its last axes made longer.

    Args:    pad: (before, after) of the last axis, then of the one before, and so on; mode: what
             to add, "constant" (`value`, 0 for None), "reflect", "replicate" or "circular".
    Raises:  ShapeError for a pad that does not fit; ValueError for another mode.

    >>> F.pad(ct.ones(1, 2), (1, 0), value=9.0)
    tensor([[9., 1., 1.]])
    """
    return border.pad_as(input, pad, mode, value)


@composite(method=False)
def pixel_shuffle(input: Any, upscale_factor: int) -> Tensor:
    """Channels as pixels: (..., C * r * r, H, W) becomes (..., C, H * r, W * r), where r is
    upscale_factor.

    Raises:  ShapeError if the channels are no multiple of r * r.

    >>> F.pixel_shuffle(ct.ones(1, 4, 3, 3), 2).shape
    Size([1, 1, 6, 6])
    """
    r = whole("pixel_shuffle", "upscale_factor", upscale_factor, 1)
    if input.ndim < 3 or input.shape[-3] % (r * r):
        raise ShapeError(
            f"pixel_shuffle: shape {tuple(input.shape)} with upscale_factor {r}; give (..., C * "
            f"{r * r}, H, W)"
        )
    *outer, channels, height, width = input.shape
    n = len(outer)
    parts = input.reshape(*outer, channels // (r * r), r, r, height, width)
    moved = parts.permute(*range(n), n, n + 3, n + 1, n + 4, n + 2)
    return apart(moved).reshape(*outer, channels // (r * r), height * r, width * r)


@composite(method=False)
def pixel_unshuffle(input: Any, downscale_factor: int) -> Tensor:
    """Pixels as channels: what `pixel_shuffle` undoes.

    Raises:  ShapeError if height or width is no multiple of downscale_factor.

    >>> F.pixel_unshuffle(ct.ones(1, 1, 6, 6), 2).shape
    Size([1, 4, 3, 3])
    """
    r = whole("pixel_unshuffle", "downscale_factor", downscale_factor, 1)
    if input.ndim < 3 or input.shape[-2] % r or input.shape[-1] % r:
        raise ShapeError(
            f"pixel_unshuffle: shape {tuple(input.shape)} with downscale_factor {r}; give (..., C, "
            f"H * {r}, W * {r})"
        )
    *outer, channels, height, width = input.shape
    n = len(outer)
    parts = input.reshape(*outer, channels, height // r, r, width // r, r)
    moved = parts.permute(*range(n), n, n + 2, n + 4, n + 1, n + 3)
    return apart(moved).reshape(*outer, channels * r * r, height // r, width // r)


@composite(method=False)
def channel_shuffle(input: Any, groups: int) -> Tensor:
    """The channels of input (N, C, ...) in another order: first those that are first in each of
    `groups` equal groups, and so on.

    Raises:  ShapeError if the groups do not divide the channels.

    >>> F.channel_shuffle(ct.arange(4).reshape(1, 4, 1, 1), 2).flatten()
    tensor([0, 2, 1, 3])
    """
    groups = whole("channel_shuffle", "groups", groups, 1)
    if input.ndim < 3 or input.shape[1] % groups:
        raise ShapeError(
            f"channel_shuffle: shape {tuple(input.shape)} with groups={groups}; give (N, C, ...) "
            "with C a multiple of it"
        )
    samples, channels, *rest = input.shape
    parts = input.reshape(samples, groups, channels // groups, *rest)
    return apart(parts.swapaxes(1, 2)).reshape(input.shape)


def _sizes(
    input: Any, size: Any, scale_factor: Any, recompute: bool | None
) -> tuple[tuple[int, ...], list[float | None]]:
    """The size of the output, and the factors where they decide the places."""
    name, axes = "interpolate", input.ndim - 2
    if (size is None) == (scale_factor is None):
        raise ValueError(f"{name}: size is {size}, scale_factor {scale_factor}; give one of them")
    if size is not None:
        if recompute:
            raise ValueError(f"{name}: recompute_scale_factor with size; leave it out")
        given = wholes(name, "size", size, 1)
        given = given * axes if not isinstance(size, (tuple, list)) else given
        if len(given) != axes:
            raise ShapeError(f"{name}: size is {size} for shape {tuple(input.shape)}; give {axes}")
        return given, [None] * axes
    factors = list(scale_factor) if isinstance(scale_factor, (tuple, list)) else None
    factors = [scale_factor] * axes if factors is None else factors
    if len(factors) != axes or min(factors) <= 0:
        raise ShapeError(
            f"{name}: scale_factor is {scale_factor} for shape {tuple(input.shape)}; give {axes} "
            "positive numbers"
        )
    found = tuple([math.floor(n * f) for n, f in zip(input.shape[2:], factors, strict=True)])
    if min(found) < 1:
        raise ShapeError(f"{name}: an output of size {found} has no pixels; scale by more")
    return found, [None] * axes if recompute else factors


@composite(method=False)
def interpolate(
    input: Any,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """Images of another size.

    Args:    input (N, C, L), (N, C, H, W) or (N, C, D, H, W); size or scale_factor: a number, or
             one for each axis; mode: "nearest", "nearest-exact", "area", "linear" (three
             dimensions), "bilinear" and "bicubic" (four), "trilinear" (five); align_corners: the
             corner pixels of both lie on each other, not the corners of pixels; antialias: for
             bilinear and bicubic, every output is of all pixels that it covers.
    Returns: the images in the input's dtype; mixed uint8 are rounded once, to the nearest, halves
             up.
    Raises:  ShapeError, ValueError for arguments that do not fit; DTypeError for other integers
             where pixels are mixed.

    >>> F.interpolate(ct.tensor([[[0.0, 1.0]]]), scale_factor=2, mode="linear")
    tensor([[[0.0000, 0.2500, 0.7500, 1.0000]]])
    """
    name = "interpolate"
    if mode not in _MODES or input.ndim not in _MODES[mode]:
        raise ValueError(
            f"{name}: mode is {mode!r} for shape {tuple(input.shape)}; it takes "
            + ", ".join(f"{m!r} ({n[0]} to {n[-1]} dimensions)" for m, n in _MODES.items())
        )
    mixes = mode in ("linear", "bilinear", "bicubic", "trilinear")
    if align_corners is not None and not mixes:
        raise ValueError(f"{name}: align_corners says nothing for mode {mode!r}; leave it out")
    if antialias and mode not in ("bilinear", "bicubic"):
        raise ValueError(f"{name}: antialias is for 'bilinear' and 'bicubic', not {mode!r}")
    out, factors = _sizes(input, size, scale_factor, recompute_scale_factor)
    if 0 in input.shape[1:]:
        raise ShapeError(f"{name}: images of shape {tuple(input.shape)} have no pixels")
    if mode == "area":
        return adaptive.adaptive_avg_pool(name, input, out, len(out))
    given = input.dtype
    if mixes and not is_float(given):
        if given != uint8:
            raise DTypeError(f"{name}: {mode!r} mixes pixels; cast {given.name} with .float()")
        input = input.float()
    for d in reversed(range(len(out))):
        options = (bool(align_corners), factors[d])
        if not mixes:
            input = _nearest(input, 2 + d, out[d], mode == "nearest-exact", factors[d])
        elif antialias:
            input = resized(input, 2 + d, tables.smooth, out[d], *options, mode == "bicubic")
        elif mode == "bicubic":
            input = resized(input, 2 + d, tables.cubic, out[d], *options)
        else:
            input = resized(input, 2 + d, tables.linear, out[d], *options)
    return (input + 0.5).floor().clip(0, 255).to(uint8) if given != input.dtype else input


def _nearest(input: Any, axis: int, out: int, exact: bool, factor: float | None) -> Any:
    if is_float(input.dtype):
        return resized(input, axis, tables.nearest, out, exact, factor)
    places = tables.nearest_places(input.shape[axis], out, exact, factor)
    return getitem(input, (*[slice(None)] * axis, Tensor.from_numpy(places, input.device)))


@composite(method=False)
def upsample(
    input: Any, size: Any = None, scale_factor: Any = None, mode: str = "nearest",
    align_corners: bool | None = None,
) -> Tensor:  # fmt: skip
    """PyTorch's older name of `interpolate`.

    >>> F.upsample(ct.tensor([[[0.0, 1.0]]]), scale_factor=2)
    tensor([[[0., 0., 1., 1.]]])
    """
    return interpolate(input, size, scale_factor, mode, align_corners)


@composite(method=False)
def upsample_nearest(input: Any, size: Any = None, scale_factor: Any = None) -> Tensor:
    """`interpolate` by the nearest pixel.

    >>> F.upsample_nearest(ct.ones(1, 1, 2, 2), scale_factor=2).shape
    Size([1, 1, 4, 4])
    """
    return interpolate(input, size, scale_factor)


@composite(method=False)
def upsample_bilinear(input: Any, size: Any = None, scale_factor: Any = None) -> Tensor:
    """`interpolate` between four pixels, with aligned corners.

    >>> F.upsample_bilinear(ct.ones(1, 1, 2, 2), scale_factor=2).shape
    Size([1, 1, 4, 4])
    """
    return interpolate(input, size, scale_factor, "bilinear", True)


@composite(method=False)
def affine_grid(theta: Any, size: Sequence[int], align_corners: bool | None = None) -> Tensor:
    """Places for `grid_sample` that an affine map gives.

    Args:    theta (N, 2, 3) for size (N, C, H, W), (N, 3, 4) for (N, C, D, H, W).
    Returns: (N, H, W, 2), or (N, D, H, W, 3): the coordinates x, y, ... from -1 to 1.
    Raises:  ShapeError for other shapes.

    >>> F.affine_grid(ct.tensor([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]]), (1, 1, 2, 2)).shape
    Size([1, 2, 2, 2])
    """
    sizes = wholes("affine_grid", "size", size, -MOST)
    axes = len(sizes) - 2
    if axes not in (2, 3) or theta.shape != (sizes[0], axes, axes + 1) or min(sizes) < 1:
        raise ShapeError(
            f"affine_grid: theta has shape {tuple(theta.shape)} for size {sizes}; give (N, 2, 3) "
            "for (N, C, H, W), (N, 3, 4) for (N, C, D, H, W)"
        )
    out = None
    for d, n in enumerate(sizes[2:]):
        shape = [1] * axes + [1]
        shape[d] = n
        at = _centers(n, bool(align_corners), theta).reshape(shape)
        column = theta[:, :, axes - 1 - d].reshape(sizes[0], *[1] * axes, axes)
        out = at * column if out is None else out + at * column
    return out + theta[:, :, axes].reshape(sizes[0], *[1] * axes, axes)


def _centers(n: int, align: bool, like: Any) -> Any:
    """Coordinates of n pixels between -1 and 1."""
    if align:
        found = [0.0] if n == 1 else [2 * i / (n - 1) - 1 for i in range(n)]
    else:
        found = [(2 * i + 1) / n - 1 for i in range(n)]
    return like.new_tensor(found)
