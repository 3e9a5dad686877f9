"""What an image is, for the functions of images: one of Pillow's, or a tensor (..., C, H, W).

Of an image, Pillow computes; of a tensor, its device. A tensor in the memory of the host, as in
the worker processes of a loader, is cut, flipped, padded, coloured and normalised by NumPy; only
what scales, turns or shears needs a device, or one of Pillow's images.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from functools import wraps
from types import SimpleNamespace
from typing import Any

import numpy as np

from cltensor.core.tensor import Tensor
from cltensor.errors import DTypeError, ShapeError
from cltensor.ops.elementwise.select import clip, minimum, where
from cltensor.ops.reduce.fold import amax, amin, mean
from cltensor.ops.shape.cut import flip
from cltensor.ops.shape.join import stack
from cltensor.vision.pillow import is_image


class InterpolationMode(Enum):
    """How values between pixels are made.

    >>> transforms.InterpolationMode.BILINEAR.value
    'bilinear'
    """

    NEAREST = "nearest"
    NEAREST_EXACT = "nearest-exact"
    BILINEAR = "bilinear"
    BICUBIC = "bicubic"
    BOX = "box"
    HAMMING = "hamming"
    LANCZOS = "lanczos"


PILLOW_MODES = {
    "nearest": 0,
    "nearest-exact": 0,
    "lanczos": 1,
    "bilinear": 2,
    "bicubic": 3,
    "box": 4,
    "hamming": 5,
}
_BY_NUMBER = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic", 4: "box", 5: "hamming"}
#: Shares of red, green and blue in what the eye calls bright (ITU-R BT.601).
LUMA = (0.2989, 0.587, 0.114)


def mode_name(operation: str, interpolation: Any) -> str:
    """The name of an InterpolationMode, or of Pillow's number of one."""
    if isinstance(interpolation, InterpolationMode):
        return interpolation.value
    if interpolation in _BY_NUMBER:
        return _BY_NUMBER[interpolation]
    if interpolation in PILLOW_MODES:
        return interpolation
    raise ValueError(f"{operation}: interpolation is {interpolation!r}; give an InterpolationMode")


def pair(operation: str, name: str, value: Any) -> tuple[int, int]:
    """(height, width) of one number or two."""
    found = (value, value) if np.ndim(value) == 0 else tuple(value)
    if len(found) == 1:
        found = found * 2
    if len(found) != 2:
        raise ShapeError(f"{operation}: {name} is {value!r}; give one number, or two")
    return int(found[0]), int(found[1])


def _require_image(name: str, img: Any) -> None:
    if is_image(img):
        return
    if not isinstance(img, Tensor):
        raise TypeError(
            f"{name}: a {type(img).__name__} is no image; give one of Pillow's, or a tensor"
        )
    if img.dim() < 2:
        raise ShapeError(f"{name}: a tensor of shape {tuple(img.shape)} is no image (C, H, W)")


def on_device(function: Callable[..., Any]) -> Callable[..., Any]:
    """Have `function` refuse what is neither an image of Pillow's nor a tensor of one."""

    @wraps(function)
    def of_images(img: Any, *args: Any, **kwargs: Any) -> Any:
        _require_image(function.__name__, img)
        return function(img, *args, **kwargs)

    return of_images


def anywhere(function: Callable[..., Any]) -> Callable[..., Any]:
    """`on_device`, and NumPy's arrays for `function` in place of tensors in the host's memory."""

    @wraps(function)
    def of_images(img: Any, *args: Any, **kwargs: Any) -> Any:
        _require_image(function.__name__, img)
        if is_image(img) or not img.device.is_host:
            return function(img, *args, **kwargs)
        found = function(img.detach().numpy(), *args, **kwargs)
        return Tensor.from_numpy(found, img.device) if isinstance(found, np.ndarray) else found

    return of_images


_DEVICE = SimpleNamespace(
    amax=amax, amin=amin, clip=clip, flip=flip, mean=mean, minimum=minimum, stack=stack, where=where
)


def library(x: Any) -> Any:
    """Whose functions are for x: NumPy's, or those of the same names here."""
    return np if isinstance(x, np.ndarray) else _DEVICE


def copied(x: Any) -> Any:
    """x in memory of its own."""
    return x.copy() if isinstance(x, np.ndarray) else x.clone()


def cast(x: Any, dtype: Any) -> Any:
    """x in that dtype, itself if it has it."""
    return x if x.dtype == dtype else x.astype(dtype)


def is_float(x: Any) -> bool:
    """Whether it holds floats, bfloat16 among them."""
    return x.dtype.kind in "fV"


def white(x: Any) -> int:
    """The value of white: 1 of floats, the largest of integers."""
    if x.dtype.kind not in "fViu":
        raise DTypeError(f"an image of {x.dtype} has no white; give integers or floats")
    return 1 if is_float(x) else int(np.iinfo(x.dtype).max)


@anywhere
def get_dimensions(img: Any) -> list[int]:
    """[channels, height, width].

    >>> TF.get_dimensions(ct.zeros(3, 4, 5))
    [3, 4, 5]
    """
    if is_image(img):
        return [len(img.getbands()), img.height, img.width]
    return [1 if img.ndim == 2 else int(img.shape[-3]), *map(int, img.shape[-2:])]


def get_image_size(img: Any) -> list[int]:
    """[width, height], in this order, as in torchvision.

    >>> TF.get_image_size(ct.zeros(3, 4, 5))
    [5, 4]
    """
    _, height, width = get_dimensions(img)
    return [width, height]


def get_image_num_channels(img: Any) -> int:
    """The number of channels.

    >>> TF.get_image_num_channels(ct.zeros(3, 4, 5))
    3
    """
    return get_dimensions(img)[0]


def as_floats(img: Tensor, function: Any, mode: str) -> Tensor:
    """function of a batch (N, C, H, W) of float32, or float64; integers are rounded, and kept in
    their range."""
    shape = tuple(img.shape)
    batch = img.reshape(-1, *((1,) if len(shape) == 2 else shape[-3:-2]), *shape[-2:])
    found = function(batch if img.dtype == np.float64 else batch.float())
    if not is_float(img) and not mode.startswith("nearest"):
        found = found.round().clip(0, white(img))
    return found.to(img.dtype).reshape(*shape[:-2], *found.shape[-2:])


def shares_of(operation: str, fill: Any, channels: int) -> np.ndarray:
    """`fill` for each channel."""
    if np.size(fill) not in (1, channels):
        raise ShapeError(f"{operation}: fill is {fill!r}, and there are {channels} channels")
    return np.broadcast_to(np.array(fill, np.float64).reshape(-1), (channels,))


def colour_of(operation: str, img: Any, fill: Any) -> Any:
    """`fill` as Pillow takes it."""
    bands = len(img.getbands())
    shares = shares_of(operation, 0 if fill is None else fill, bands).tolist()
    if img.mode != "F":
        shares = [int(share) for share in shares]
    return tuple(shares) if bands > 1 else shares[0]
