"""From images to tensors and back, and from one scale of their values to another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cltensor.core.tensor import Tensor
from cltensor.dtypes import as_dtype, default_float
from cltensor.errors import DTypeError, ShapeError
from cltensor.ops.create import tensor
from cltensor.vision.pillow import is_image, pillow
from cltensor.vision.transforms.images import anywhere, cast, is_float, white


def pil_to_tensor(pic: Any) -> Tensor:
    """The pixels of an image as they are, (C, H, W).

    Raises:  TypeError for what is none of Pillow's.

    >>> from PIL import Image
    >>> TF.pil_to_tensor(Image.new("RGB", (2, 1), (255, 0, 7)))
    tensor([[[255, 255]],
    <BLANKLINE>
            [[  0,   0]],
    <BLANKLINE>
            [[  7,   7]]], dtype=uint8)
    """
    if not is_image(pic):
        raise TypeError(f"pil_to_tensor: a {type(pic).__name__} is no image of Pillow's")
    array = np.array(pic)
    array = array[:, :, None] if array.ndim == 2 else array
    return tensor(np.ascontiguousarray(array.transpose(2, 0, 1)))


def to_tensor(pic: Any) -> Tensor:
    """An image, or an array (H, W, C) or (H, W), as a tensor (C, H, W); bytes as floats in [0, 1].

    Raises:  TypeError for anything else; ShapeError for an array of other dimensions.

    >>> TF.to_tensor(np.full((2, 2, 3), 255, np.uint8)).max()
    tensor(1.)
    """
    if is_image(pic):
        array = np.array(pic)
        if pic.mode == "1":
            array = array.astype(np.uint8) * 255
    elif isinstance(pic, np.ndarray):
        array = pic
    else:
        raise TypeError(
            f"to_tensor: a {type(pic).__name__} is no image; give one of Pillow's, or an array"
        )
    if array.ndim not in (2, 3):
        raise ShapeError(f"to_tensor: an array of shape {array.shape} is no image (H, W, C)")
    array = array[:, :, None] if array.ndim == 2 else array
    array = array.transpose(2, 0, 1)
    if array.dtype == np.uint8:
        array = array.astype(default_float) / np.array(255, default_float)
    return tensor(np.ascontiguousarray(array))


def to_pil_image(pic: Any, mode: str | None = None) -> Any:
    """A tensor (C, H, W) or (H, W), or an array (H, W, C) or (H, W), as one of Pillow's images.

    Floats in a tensor are [0, 1], and what is outside becomes black or white.

    Raises:  TypeError for a dtype that no image has; ShapeError for channels, ValueError for a
             mode, that do not fit.

    >>> image = TF.to_pil_image(ct.ones(3, 2, 4))
    >>> image.size, image.getpixel((0, 0))
    ((4, 2), (255, 255, 255))
    """
    image = pillow("to_pil_image").Image
    if not isinstance(pic, (Tensor, np.ndarray)):
        raise TypeError(f"to_pil_image: a {type(pic).__name__} is no image; give a tensor")
    if pic.ndim not in (2, 3):
        raise ShapeError(f"to_pil_image: shape {tuple(pic.shape)} is none of an image")
    array = _pixels(pic, mode) if isinstance(pic, Tensor) else pic
    array = array[:, :, None] if array.ndim == 2 else array
    channels = array.shape[2]
    if not 1 <= channels <= 4:
        raise ShapeError(f"to_pil_image: {channels} channels; give 1 to 4")
    if channels == 1:
        found = _GREY_MODES.get(array.dtype.str[1:], "")
    else:
        found = {2: "LA", 3: "RGB", 4: "RGBA"}[channels] if array.dtype == np.uint8 else ""
    if not found:
        raise TypeError(f"to_pil_image: no image has {channels} channels of {array.dtype}")
    if mode is not None and (mode != found if channels == 1 else _bands(image, mode) != channels):
        raise ValueError(f"to_pil_image: mode {mode!r} is not for {channels} channels of that kind")
    bands = [image.fromarray(np.ascontiguousarray(array[:, :, i])) for i in range(channels)]
    return bands[0] if channels == 1 else image.merge(mode or found, bands)


def _pixels(tensor: Tensor, mode: str | None) -> np.ndarray:
    """A tensor of an image as an array (H, W, C) or (H, W), floats as bytes but for mode F."""
    if is_float(tensor):
        array = tensor.detach().float().numpy()
        array = array if mode == "F" else (np.clip(array, 0, 1) * 255).astype(np.uint8)
    else:
        array = tensor.numpy()
    return array if array.ndim == 2 else array.transpose(1, 2, 0)


_GREY_MODES = {"u1": "L", "u2": "I;16", "i4": "I", "f4": "F"}


def _bands(image: Any, mode: str) -> int:
    """How many channels a mode has; 0 for none of Pillow's."""
    try:
        return image.getmodebands(mode)
    except KeyError:
        return 0


@anywhere
def convert_image_dtype(image: Any, dtype: Any = np.float32) -> Any:
    """A tensor in another dtype, with white at its white: 1 of floats, the maximum of integers.

    Raises:  TypeError for floats whose steps are wider than those of the integers.

    >>> TF.convert_image_dtype(ct.full((1, 1, 2), 255, dtype=ct.uint8))
    tensor([[[1., 1.]]])
    """
    if is_image(image):
        raise TypeError("convert_image_dtype: it is for tensors; use pil_to_tensor before")
    wanted = as_dtype(dtype)
    if wanted.kind not in "fViu":
        raise DTypeError(f"convert_image_dtype: {wanted} has no white; give integers or floats")
    if image.dtype == wanted:
        return image
    from_white = white(image)
    if wanted.kind in "fV":
        found = cast(image, wanted)
        return found if is_float(image) else cast(found / from_white, wanted)
    to_white = int(np.iinfo(wanted).max)
    if is_float(image):
        if wanted.itemsize > 4 or (wanted.itemsize == 4 and image.dtype.itemsize < 8):
            raise TypeError(
                f"convert_image_dtype: {image.dtype} cannot tell the values of {wanted} apart"
            )
        fine = image if image.dtype.itemsize > 2 else cast(image, np.float32)
        return cast(fine * (to_white + 1.0 - 1e-3), wanted)
    if from_white > to_white:
        return cast(image // ((from_white + 1) // (to_white + 1)), wanted)
    return cast(image, wanted) * ((to_white + 1) // (from_white + 1))


@anywhere
def normalize(
    tensor: Any, mean: Sequence[float], std: Sequence[float], inplace: bool = False
) -> Any:
    """(x - mean) / std, channel by channel, of a float tensor.

    inplace: in the tensor itself, unless it is in the memory of the host.

    Raises:  TypeError for one that holds no floats; ValueError for a std of 0; ShapeError for
             other numbers of channels.

    >>> TF.normalize(ct.ones(1, 1, 2), [0.5], [0.25])
    tensor([[[2., 2.]]])
    """
    if is_image(tensor) or not is_float(tensor):
        kind = type(tensor).__name__ if is_image(tensor) else tensor.dtype
        raise TypeError(f"normalize: {kind} holds no floats; use to_tensor before")
    centre, spread = (np.array(v, np.float64).reshape(-1, 1, 1) for v in (mean, std))
    channels = 1 if tensor.ndim == 2 else tensor.shape[-3]
    for name, values in (("mean", centre), ("std", spread)):
        if values.size not in (1, channels):
            raise ShapeError(f"normalize: {name} has {values.size} numbers for {channels} channels")
    if not spread.all():
        raise ValueError(f"normalize: std is {list(std)}, and nothing can be divided by 0")
    if isinstance(tensor, np.ndarray):
        return ((tensor - centre) / spread).astype(tensor.dtype)
    below, by = (Tensor.from_numpy(v.astype(np.float32), tensor.device) for v in (centre, spread))
    if tensor.dtype != below.dtype:
        below, by = below.to(tensor.dtype), by.to(tensor.dtype)
    if inplace:
        return tensor.sub_(below).div_(by)
    return (tensor - below) / by
