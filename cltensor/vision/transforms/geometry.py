"""Where the pixels of an image go: cut out, flipped, padded, scaled.

Pickles of earlier versions find the functions of `warp.py` here, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cltensor.errors import ShapeError
from cltensor.nn.functional.image import interpolate
from cltensor.nn.functional.image import pad as pad_last
from cltensor.vision.pillow import is_image, pillow
from cltensor.vision.transforms.images import (
    PILLOW_MODES,
    InterpolationMode,
    anywhere,
    as_floats,
    colour_of,
    get_dimensions,
    library,
    mode_name,
    on_device,
    pair,
)
from cltensor.vision.transforms.warp import affine as affine
from cltensor.vision.transforms.warp import perspective as perspective
from cltensor.vision.transforms.warp import rotate as rotate

_BORDERS = ("constant", "edge", "reflect", "symmetric")


@anywhere
def crop(img: Any, top: int, left: int, height: int, width: int) -> Any:
    """The part of `height` rows from `top` on and `width` columns from `left` on; what lies outside
    is 0.

    >>> TF.crop(ct.arange(16).reshape(1, 4, 4), top=0, left=1, height=2, width=3)
    tensor([[[1, 2, 3],
             [5, 6, 7]]])
    """
    if is_image(img):
        return img.crop((left, top, left + width, top + height))
    rows, columns = img.shape[-2:]
    part = img[..., max(top, 0) : max(top + height, 0), max(left, 0) : max(left + width, 0)]
    before = (max(min(-left, width), 0), max(min(-top, height), 0))
    after = (
        max(min(left + width - columns, width), 0),
        max(min(top + height - rows, height), 0),
    )
    if not any(before + after):
        return part
    return _padded(part, (before[0], after[0], before[1], after[1]), "constant", 0)


def center_crop(img: Any, output_size: Any) -> Any:
    """The middle, of `output_size`, one number or (height, width); padded with 0 where smaller.

    >>> TF.center_crop(ct.arange(16).reshape(1, 4, 4), 2)
    tensor([[[ 5,  6],
             [ 9, 10]]])
    """
    height, width = pair("center_crop", "output_size", output_size)
    _, rows, columns = get_dimensions(img)
    if rows < height or columns < width:
        left, top = max(width - columns, 0) // 2, max(height - rows, 0) // 2
        right, bottom = (max(width - columns, 0) + 1) // 2, (max(height - rows, 0) + 1) // 2
        img = pad(img, [left, top, right, bottom])
        _, rows, columns = get_dimensions(img)
    return crop(img, round((rows - height) / 2.0), round((columns - width) / 2.0), height, width)


@anywhere
def hflip(img: Any) -> Any:
    """Left and right exchanged.

    >>> TF.hflip(ct.tensor([[[1, 2, 3]]]))
    tensor([[[3, 2, 1]]])
    """
    return img.transpose(0) if is_image(img) else library(img).flip(img, -1)


@anywhere
def vflip(img: Any) -> Any:
    """Top and bottom exchanged.

    >>> TF.vflip(ct.tensor([[[1], [2]]])).flatten()
    tensor([2, 1])
    """
    return img.transpose(1) if is_image(img) else library(img).flip(img, -2)


def _padded(x: Any, widths: Sequence[int], mode: str, fill: float) -> Any:
    """x with (left, right, top, bottom) more at its last two axes."""
    left, right, top, bottom = widths
    if mode != "constant":
        # Where each row and column comes from: the same for all borders, dtypes and devices.
        rows = np.pad(np.arange(x.shape[-2]), (top, bottom), mode)  # type: ignore[call-overload]
        columns = np.pad(np.arange(x.shape[-1]), (left, right), mode)  # type: ignore[call-overload]
        return x[..., rows[:, None], columns]
    if not isinstance(x, np.ndarray):
        return pad_last(x, tuple(widths), "constant", fill)
    around = [(0, 0)] * (x.ndim - 2) + [(top, bottom), (left, right)]
    return np.pad(x, around, constant_values=fill)


@anywhere
def pad(img: Any, padding: Any, fill: Any = 0, padding_mode: str = "constant") -> Any:
    """More at the sides.

    Args:    padding: one number; (left and right, top and bottom); or (left, top, right, bottom);
             fill: what "constant" adds, a number, or for an image one a channel;  padding_mode:
             "constant", "edge", "reflect" or "symmetric".

    >>> TF.pad(ct.ones(1, 1, 2), [1, 0])
    tensor([[[0., 1., 1., 0.]]])
    """
    sides = [padding] * 4 if np.ndim(padding) == 0 else list(padding)
    sides = sides * 4 if len(sides) == 1 else sides * 2 if len(sides) == 2 else sides
    if len(sides) != 4 or min(sides) < 0:
        raise ShapeError(f"pad: padding is {padding!r}; give 1, 2 or 4 numbers of 0 or more")
    if padding_mode not in _BORDERS:
        raise ValueError(f"pad: padding_mode is {padding_mode!r}; give {', '.join(_BORDERS)}")
    left, top, right, bottom = map(int, sides)
    if not is_image(img):
        if np.size(fill) != 1:
            raise ShapeError(f"pad: fill is {fill!r}; give one number for a tensor")
        value = fill if np.ndim(fill) == 0 else fill[0]
        return _padded(img, (left, right, top, bottom), padding_mode, value)
    if padding_mode == "constant":
        colour = colour_of("pad", img, fill)
        border = (left, top, right, bottom)
        return pillow("pad").ImageOps.expand(img, border=border, fill=colour)
    array = np.asarray(img)
    around = [(top, bottom), (left, right)] + [(0, 0)] * (array.ndim - 2)
    made = np.pad(array, around, padding_mode)  # type: ignore[call-overload]
    return pillow("pad").Image.fromarray(made)


def _wanted(img: Any, size: Any, max_size: int | None) -> tuple[int, int]:
    """(height, width) for a size of two numbers, or of one, which is that of the shorter side."""
    if np.ndim(size) and len(size) == 2:
        if max_size is not None:
            raise ValueError("resize: max_size goes with one number for the shorter side")
        return int(size[0]), int(size[1])
    short = int(size if np.ndim(size) == 0 else size[0])
    _, height, width = get_dimensions(img)
    lesser, greater = min(height, width), max(height, width)
    long = int(short * greater / lesser)
    if max_size is not None and long > max_size:
        if max_size <= short:
            raise ValueError(f"resize: max_size {max_size} must be above the size {size}")
        short, long = int(max_size * short / long), max_size
    return (short, long) if height <= width else (long, short)


@on_device
def resize(
    img: Any,
    size: Any,
    interpolation: Any = InterpolationMode.BILINEAR,
    max_size: int | None = None,
    antialias: bool | None = True,
) -> Any:
    """Another size: (height, width), or one number for the shorter side.

    max_size: the most of the longer side then.

    A tensor is mixed from pixels in its neighbourhood, with antialias from as many as are made one,
    as Pillow always does.

    >>> TF.resize(ct.ones(1, 4, 4), [2, 2]).shape
    Size([1, 2, 2])
    """
    mode = mode_name("resize", interpolation)
    height, width = _wanted(img, size, max_size)
    if is_image(img):
        return img.resize((width, height), PILLOW_MODES[mode])
    if mode not in ("nearest", "nearest-exact", "bilinear", "bicubic"):
        raise ValueError(f"resize: interpolation {mode!r} is for Pillow's images alone")
    if (height, width) == tuple(img.shape[-2:]):
        return img
    smooth = bool(antialias) and mode in ("bilinear", "bicubic")
    return as_floats(
        img, lambda x: interpolate(x, (height, width), mode=mode, antialias=smooth), mode
    )


def resized_crop(
    img: Any,
    top: int,
    left: int,
    height: int,
    width: int,
    size: Any,
    interpolation: Any = InterpolationMode.BILINEAR,
    antialias: bool | None = True,
) -> Any:
    """`crop`, then `resize`.

    >>> TF.resized_crop(ct.ones(1, 8, 8), 0, 0, 4, 4, [2, 2]).shape
    Size([1, 2, 2])
    """
    return resize(crop(img, top, left, height, width), size, interpolation, antialias=antialias)


def five_crop(img: Any, size: Any) -> tuple[Any, ...]:
    """The four corners and the middle, each of `size`, one number or (height, width).

    Raises:  ValueError for an image that is smaller.

    >>> [part.shape for part in TF.five_crop(ct.zeros(3, 8, 8), [4, 4])][-1]
    Size([3, 4, 4])
    """
    height, width = pair("five_crop", "size", size)
    _, rows, columns = get_dimensions(img)
    if height > rows or width > columns:
        raise ValueError(
            f"five_crop: {height} x {width} does not fit an image of {rows} x {columns}"
        )
    below, right = rows - height, columns - width
    places = ((0, 0), (0, right), (below, 0), (below, right))
    corners = [crop(img, top, left, height, width) for top, left in places]
    return (*corners, center_crop(img, (height, width)))


def ten_crop(img: Any, size: Any, vertical_flip: bool = False) -> tuple[Any, ...]:
    """`five_crop` of the image, and of the image with left and right exchanged, or top and bottom
    if vertical_flip.

    >>> len(TF.ten_crop(ct.zeros(3, 8, 8), [4, 4]))
    10
    """
    return (*five_crop(img, size), *five_crop((vflip if vertical_flip else hflip)(img), size))
