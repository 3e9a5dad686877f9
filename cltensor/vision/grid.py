"""Many images in one picture, and pictures in files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cltensor.core.tensor import Tensor
from cltensor.errors import DTypeError, ShapeError
from cltensor.ops.create import tensor as to_device
from cltensor.vision.pillow import pillow

__all__ = ["make_grid", "save_image"]


def make_grid(
    tensor: Any,
    nrow: int = 8,
    padding: int = 2,
    normalize: bool = False,
    value_range: tuple[float, float] | None = None,
    scale_each: bool = False,
    pad_value: float = 0.0,
) -> Tensor:
    """Images side by side, `nrow` in a row.

    Args:    tensor: (N, C, H, W), (C, H, W), (H, W), or a list of images of one size; one channel
             is shown in three;  padding: pixels of `pad_value` around each;  normalize: bring
             value_range (the smallest and largest value for None) to [0, 1], of all images or, with
             scale_each, of each by itself.
    Returns: a tensor (3, H', W'), on the device of the images.
    Raises:  ShapeError for other shapes; DTypeError for integers to normalize.

    >>> ct.vision.utils.make_grid(ct.zeros(4, 3, 8, 8), nrow=2).shape
    Size([3, 22, 22])
    """
    if len(tensor) == 0:
        raise ShapeError("make_grid: there are no images")
    if isinstance(tensor, Sequence):
        images = np.stack([image.detach().numpy() for image in tensor])
        device = tensor[0].device
    else:
        images, device = tensor.detach().numpy(), tensor.device
    if images.ndim == 2:
        images = images[None]
    if images.ndim == 3:
        images = images[None]
    if images.ndim != 4:
        raise ShapeError(f"make_grid: images of shape {images.shape}; give (N, C, H, W)")
    if images.shape[1] == 1:
        images = np.repeat(images, 3, 1)
    if normalize:
        images = _normalized(images, value_range, scale_each)
    count, channels, height, width = images.shape
    if count == 1:
        return to_device(images[0], device=device)
    columns = min(nrow, count)
    rows = -(-count // columns)
    high, wide = height + padding, width + padding
    shape = (channels, rows * high + padding, columns * wide + padding)
    picture = np.full(shape, pad_value, images.dtype)
    for k, image in enumerate(images):
        top, left = k // columns * high + padding, k % columns * wide + padding
        picture[:, top : top + height, left : left + width] = image
    return to_device(picture, device=device)


def _normalized(
    images: np.ndarray, value_range: tuple[float, float] | None, scale_each: bool
) -> np.ndarray:
    if images.dtype.kind != "f":
        raise DTypeError(f"make_grid: images of {images.dtype} cannot be brought to [0, 1]")
    if value_range is not None:
        low, high = (np.float64(v) for v in value_range)
    else:
        axes = (1, 2, 3) if scale_each else None
        low, high = images.min(axes, keepdims=True), images.max(axes, keepdims=True)
    span = np.maximum(np.float64(high) - np.float64(low), 1e-5)
    return ((np.clip(images, low, high) - low) / span).astype(images.dtype)


def save_image(tensor: Any, fp: Any, format: str | None = None, **options: Any) -> None:
    """Write images, floats in [0, 1] or bytes, into a file as one picture; options: those of
    `make_grid`.

    Raises:  DTypeError for other integers.
    """
    picture = make_grid(tensor, **options).numpy()
    if picture.dtype.kind == "f":
        picture = np.clip(picture * 255 + 0.5, 0, 255).astype(np.uint8)
    if picture.dtype != np.uint8:
        raise DTypeError(f"save_image: images of {picture.dtype}; give floats in [0, 1], or uint8")
    pixels = picture.transpose(1, 2, 0)
    pillow("save_image").Image.fromarray(np.ascontiguousarray(pixels)).save(fp, format=format)
