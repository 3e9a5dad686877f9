"""Images turned, sheared and seen from elsewhere."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from cltensor.core.tensor import Tensor
from cltensor.errors import ShapeError
from cltensor.nn.functional.image import affine_grid
from cltensor.nn.functional.sample import grid_sample
from cltensor.ops.create import ones_like
from cltensor.vision.pillow import is_image, pillow
from cltensor.vision.transforms.images import (
    PILLOW_MODES,
    InterpolationMode,
    as_floats,
    colour_of,
    mode_name,
    on_device,
    shares_of,
)


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
    colour = None if fill is None else shares_of(operation, fill, channels)

    def sample(batch: Tensor) -> Tensor:
        grid = places(batch)
        found = grid_sample(batch, grid, mode, "zeros", align_corners=False)
        if colour is None or not colour.any():
            return found
        # Zeros came in from outside by as much as these ones lack: that much is of the colour.
        inside = grid_sample(ones_like(batch[:, :1]), grid, mode, "zeros", align_corners=False)
        back = Tensor.from_numpy(colour.reshape(-1, 1, 1).astype(batch.dtype), img.device)
        return found + (1 - inside) * back

    return as_floats(img, sample, mode)


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
        colour = colour_of("rotate", img, fill)
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
        colour = colour_of("affine", img, fill)
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
        colour = colour_of("perspective", img, fill)
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
