"""Where the pixels of an image go: cut out, flipped, padded, scaled, turned."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from cltensor.core.tensor import Tensor
from cltensor.errors import ShapeError
from cltensor.nn.functional.image import affine_grid, interpolate
from cltensor.nn.functional.image import pad as pad_last
from cltensor.nn.functional.sample import grid_sample
from cltensor.ops.create import ones_like
from cltensor.vision.pillow import is_image, pillow
from cltensor.vision.transforms.images import (
    PILLOW_MODES,
    InterpolationMode,
    anywhere,
    get_dimensions,
    is_float,
    library,
    mode_name,
    on_device,
    pair,
    white,
)

_BORDERS = ("constant", "edge", "reflect", "symmetric")


@anywhere
def crop(img: Any, top: int, left: int, height: int, width: int) -> Any:
    """The part of `height` rows from `top` on and `width` columns from `left` on; what lies outside
    is 0."""
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
    """The middle, of `output_size`, one number or (height, width); padded with 0 where smaller."""
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
    """Left and right exchanged."""
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
        colour = _colour("pad", img, fill)
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
    return _as_floats(
        img, lambda x: interpolate(x, (height, width), mode=mode, antialias=smooth), mode
    )


def _as_floats(img: Tensor, function: Any, mode: str) -> Tensor:
    """function of a batch (N, C, H, W) of float32, or float64; integers are rounded, and kept in
    their range."""
    shape = tuple(img.shape)
    batch = img.reshape(-1, *((1,) if len(shape) == 2 else shape[-3:-2]), *shape[-2:])
    found = function(batch if img.dtype == np.float64 else batch.float())
    if not is_float(img) and not mode.startswith("nearest"):
        found = found.round().clip(0, white(img))
    return found.to(img.dtype).reshape(*shape[:-2], *found.shape[-2:])


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


def _inverse(
    centre: Sequence[float],
    angle: float,
    translate: Sequence[float],
    scale: float,
    shear: Sequence[float],
) -> list[float]:
    """The map of places in the result to places in the image: two rows of three numbers.

    The image is sheared, turned and scaled about `centre`, then moved: T C R(angle) S C^-1.
    """
    turn, (sx, sy) = math.radians(angle), (math.radians(s) for s in shear)
    a = math.cos(turn - sy) / math.cos(sy)
    b = -math.cos(turn - sy) * math.tan(sx) / math.cos(sy) - math.sin(turn)
    c = math.sin(turn - sy) / math.cos(sy)
    d = -math.sin(turn - sy) * math.tan(sx) / math.cos(sy) + math.cos(turn)
    rows = [d / scale, -b / scale, 0.0, -c / scale, a / scale, 0.0]
    (cx, cy), (tx, ty) = centre, translate
    rows[2] = cx + rows[0] * (-cx - tx) + rows[1] * (-cy - ty)
    rows[5] = cy + rows[3] * (-cx - tx) + rows[4] * (-cy - ty)
    return rows


def _sampled(
    operation: str,
    img: Tensor,
    rows: Sequence[float],
    size: tuple[int, int],
    mode: str,
    fill: Any,
) -> Tensor:
    """The tensor at the places of `rows`, which are counted from its middle; `fill` outside."""
    height, width = img.shape[-2:]
    out_height, out_width = size
    theta = np.array(rows, np.float64).reshape(2, 3)
    if mode == "nearest":
        theta[:, 2] += 1e-3  # a place between two pixels is in the second, as in Pillow
    # affine_grid counts from -1 to 1 over the result, grid_sample over the image.
    theta *= np.array([[out_width, out_height, 2.0]])
    theta /= np.array([[width], [height]])

    def places(batch: Tensor) -> Tensor:
        count = batch.shape[0]
        place = Tensor.from_numpy(theta[None].astype(batch.dtype), img.device)
        return affine_grid(place.expand(count, 2, 3), (count, 1, *size), align_corners=False)

    return _at(operation, img, places, mode, fill)


def _at(operation: str, img: Tensor, places: Any, mode: str, fill: Any) -> Tensor:
    """The tensor at the places that a function gives for a batch of it; `fill` outside."""
    channels = 1 if img.dim() == 2 else img.shape[-3]
    colour = None if fill is None else _shares(operation, fill, channels)

    def sample(batch: Tensor) -> Tensor:
        grid = places(batch)
        found = grid_sample(batch, grid, mode, "zeros", align_corners=False)
        if colour is None or not colour.any():
            return found
        # Zeros came in from outside by as much as these ones lack: that much is of the colour.
        inside = grid_sample(ones_like(batch[:, :1]), grid, mode, "zeros", align_corners=False)
        back = Tensor.from_numpy(colour.reshape(-1, 1, 1).astype(batch.dtype), img.device)
        return found + (1 - inside) * back

    return _as_floats(img, sample, mode)


def _shares(operation: str, fill: Any, channels: int) -> np.ndarray:
    """`fill` for each channel."""
    if np.size(fill) not in (1, channels):
        raise ShapeError(f"{operation}: fill is {fill!r}, and there are {channels} channels")
    return np.broadcast_to(np.array(fill, np.float64).reshape(-1), (channels,))


@on_device
def rotate(
    img: Any,
    angle: float,
    interpolation: Any = InterpolationMode.NEAREST,
    expand: bool = False,
    center: Sequence[float] | None = None,
    fill: Any = None,
) -> Any:
    """Turned by `angle` degrees, against the clock.

    Args:    expand: make the result as large as it takes;  center: (x, y) from the upper left
             corner, the middle for None;  fill: what comes in, 0 for None.

    >>> TF.rotate(ct.arange(4.0).reshape(1, 2, 2), 90)
    tensor([[[1., 3.],
             [0., 2.]]])
    """
    mode = mode_name("rotate", interpolation)
    if is_image(img):
        colour = _colour("rotate", img, fill)
        return img.rotate(angle, PILLOW_MODES[mode], expand, center, fillcolor=colour)
    height, width = img.shape[-2:]
    middle = (0.0, 0.0)
    if center is not None:
        middle = (center[0] - width * 0.5, center[1] - height * 0.5)
    rows = _inverse(middle, -angle, (0.0, 0.0), 1.0, (0.0, 0.0))
    size = (height, width)
    if expand:
        turn = math.radians(angle)
        cos, sin = abs(math.cos(turn)), abs(math.sin(turn))
        if angle % 90 == 0:
            size = round(height * cos + width * sin), round(width * cos + height * sin)
        else:
            size = (
                _extent(height, height * cos + width * sin),
                _extent(width, width * cos + height * sin),
            )
        rows[2] = rows[5] = 0.0
    return _sampled("rotate", img, rows, size, mode, fill)


def _extent(length: int, turned: float) -> int:
    """How many pixels of the image's own grid a length takes that is centred in the image."""
    low, high = (length - turned) / 2, (length + turned) / 2
    return math.ceil(high - 1e-4) - math.floor(low + 1e-4)


@on_device
def affine(
    img: Any,
    angle: float,
    translate: Sequence[float],
    scale: float,
    shear: Any,
    interpolation: Any = InterpolationMode.NEAREST,
    fill: Any = None,
    center: Sequence[float] | None = None,
) -> Any:
    """Turned by `angle` degrees with the clock, scaled and sheared about `center`, then moved.

    Args:    translate: (x, y) in pixels;  shear: degrees of x, or (x, y);  fill, center: see
             `rotate`.

    >>> TF.affine(ct.ones(1, 4, 4), 0, [1, 0], 1.0, [0.0])[0, 0]
    tensor([0., 1., 1., 1.])
    """
    mode = mode_name("affine", interpolation)
    shears = (float(shear), 0.0) if np.ndim(shear) == 0 else (*map(float, shear), 0.0)[:2]
    if scale <= 0:
        raise ValueError(f"affine: scale is {scale}; give a number above 0")
    if is_image(img):
        at = (img.width * 0.5, img.height * 0.5) if center is None else center
        rows = _inverse(at, angle, translate, scale, shears)
        colour = _colour("affine", img, fill)
        return img.transform(img.size, 0, rows, PILLOW_MODES[mode], fillcolor=colour)
    height, width = img.shape[-2:]
    middle = (0.0, 0.0)
    if center is not None:
        middle = (center[0] - width * 0.5, center[1] - height * 0.5)
    rows = _inverse(middle, angle, translate, scale, shears)
    return _sampled("affine", img, rows, (height, width), mode, fill)


@on_device
def perspective(
    img: Any,
    startpoints: Sequence[Sequence[float]],
    endpoints: Sequence[Sequence[float]],
    interpolation: Any = InterpolationMode.BILINEAR,
    fill: Any = None,
) -> Any:
    """Seen from elsewhere: four places (x, y) come where four others are; fill: see `rotate`.

    Raises:  ShapeError unless there are four of both; ValueError if no such view brings them there.

    >>> corners = [[0, 0], [3, 0], [3, 3], [0, 3]]
    >>> TF.perspective(ct.ones(1, 4, 4), corners, corners).sum()
    tensor(16.)
    """
    mode = mode_name("perspective", interpolation)
    starts, ends = np.array(startpoints, np.float64), np.array(endpoints, np.float64)
    if starts.shape != (4, 2) or ends.shape != (4, 2):
        raise ShapeError(
            f"perspective: startpoints and endpoints have shapes {starts.shape} and {ends.shape}; "
            "give four places (x, y) of both"
        )
    rows = []
    for (x, y), (u, v) in zip(ends, starts, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y])
    try:
        coefficients = np.linalg.solve(np.array(rows), starts.reshape(-1))
    except np.linalg.LinAlgError:
        raise ValueError(
            "perspective: three of the endpoints lie in one line; move one of them"
        ) from None
    if is_image(img):
        colour = _colour("perspective", img, fill)
        kind = pillow("perspective").Image.Transform.PERSPECTIVE
        return img.transform(img.size, kind, coefficients, PILLOW_MODES[mode], fillcolor=colour)
    height, width = img.shape[-2:]
    y, x = np.mgrid[:height, :width] + 0.5
    (a, b, c, d, e, f, g, h), size = coefficients, (width, height)
    grid = np.stack([a * x + b * y + c, d * x + e * y + f], -1) / (g * x + h * y + 1)[..., None]
    grid = 2 * grid / np.array(size) - 1

    def places(batch: Tensor) -> Tensor:
        place = Tensor.from_numpy(grid[None].astype(batch.dtype), img.device)
        return place.expand(batch.shape[0], height, width, 2)

    return _at("perspective", img, places, mode, fill)


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


def _colour(operation: str, img: Any, fill: Any) -> Any:
    """`fill` as Pillow takes it."""
    bands = len(img.getbands())
    shares = _shares(operation, 0 if fill is None else fill, bands).tolist()
    if img.mode != "F":
        shares = [int(share) for share in shares]
    return tuple(shares) if bands > 1 else shares[0]
