"""What the values of an image become, where they are: brighter, greyer, blurred, erased."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from cltensor.core.tensor import Tensor
from cltensor.errors import ShapeError
from cltensor.nn.functional.conv import conv2d
from cltensor.nn.functional.image import pad as pad_last
from cltensor.vision.pillow import is_image, pillow
from cltensor.vision.transforms.images import (
    LUMA,
    anywhere,
    cast,
    copied,
    is_float,
    library,
    white,
)


def _floats(x: Any) -> Any:
    """x to compute with: integers as float32."""
    return x if is_float(x) else cast(x, np.float32)


def _grey(x: Any) -> Any:
    """The brightness (..., 1, H, W) of a tensor with 3 channels, or one of 1 channel itself."""
    channels = x.shape[-3] if x.ndim > 2 else 1
    if channels == 1:
        return x
    if channels != 3:
        raise ShapeError(f"an image of {channels} channels has no brightness; give 1 or 3")
    parts = [share * _floats(x)[..., i : i + 1, :, :] for i, share in enumerate(LUMA)]
    found = parts[0] + parts[1] + parts[2]
    return found if is_float(x) else cast(found, x.dtype)


def _require_factor(operation: str, factor: float) -> None:
    if factor < 0:
        raise ValueError(f"{operation}: the factor is {factor}; give 0 or more")


def _blended(x: Any, other: Any, factor: float) -> Any:
    """factor * x + (1 - factor) * other, within what the dtype of x shows."""
    mixed = factor * _floats(x) + (1.0 - factor) * other
    return cast(library(mixed).clip(mixed, 0, white(x)), x.dtype)


@anywhere
def adjust_brightness(img: Any, brightness_factor: float) -> Any:
    """Times brightness_factor: 0 is black, 1 the image itself.

    >>> TF.adjust_brightness(ct.full((1, 1, 2), 0.25), 2)
    tensor([[[0.5000, 0.5000]]])
    """
    _require_factor("adjust_brightness", brightness_factor)
    if is_image(img):
        return pillow("adjust_brightness").ImageEnhance.Brightness(img).enhance(brightness_factor)
    return _blended(img, 0.0, brightness_factor)


@anywhere
def adjust_gamma(img: Any, gamma: float, gain: float = 1) -> Any:
    """gain times the gamma-th power of each value as a share of white: above 1 dark parts become
    darker, below 1 brighter.

    >>> TF.adjust_gamma(ct.full((1, 1, 2), 0.5), 2)
    tensor([[[0.2500, 0.2500]]])
    """
    _require_factor("adjust_gamma", gamma)
    if is_image(img):
        shown = img.convert("L" if img.mode in ("1", "L", "I", "F") else "RGB")
        table = [min(255, int(255.999 * gain * (value / 255) ** gamma)) for value in range(256)]
        return shown.point(table * len(shown.getbands())).convert(img.mode)
    share = gain * (_floats(img) / white(img)) ** gamma
    if is_float(img):
        return library(share).clip(share, 0, 1)
    top = white(img)
    return cast(library(share).clip(share * (top + 1 - 1e-3), 0, top), img.dtype)


@anywhere
def adjust_contrast(img: Any, contrast_factor: float) -> Any:
    """Further from the mean brightness, or nearer: 0 is grey, 1 the image itself.

    >>> TF.adjust_contrast(ct.tensor([[[0.25, 0.75]]]), 0)
    tensor([[[0.5000, 0.5000]]])
    """
    _require_factor("adjust_contrast", contrast_factor)
    if is_image(img):
        return pillow("adjust_contrast").ImageEnhance.Contrast(img).enhance(contrast_factor)
    grey = _floats(_grey(img))
    mean = library(grey).mean(grey, tuple(range(-min(3, grey.ndim), 0)), keepdims=True)
    return _blended(img, mean, contrast_factor)


@anywhere
def adjust_saturation(img: Any, saturation_factor: float) -> Any:
    """More colour, or less: 0 is grey, 1 the image itself.

    >>> TF.adjust_saturation(ct.tensor([0.5, 0.5, 0.5]).reshape(3, 1, 1), 2).flatten()
    tensor([0.5000, 0.5000, 0.5000])
    """
    _require_factor("adjust_saturation", saturation_factor)
    if is_image(img):
        return pillow("adjust_saturation").ImageEnhance.Color(img).enhance(saturation_factor)
    if img.ndim < 3 or img.shape[-3] == 1:
        return img
    return _blended(img, _floats(_grey(img)), saturation_factor)


@anywhere
def adjust_hue(img: Any, hue_factor: float) -> Any:
    """Every hue moved by hue_factor of a turn, from -0.5 to 0.5. Grey images stay.

    >>> TF.adjust_hue(ct.tensor([1.0, 0.0, 0.0]).reshape(3, 1, 1), 0.5).flatten()
    tensor([0., 1., 1.])
    """
    if not -0.5 <= hue_factor <= 0.5:
        raise ValueError(f"adjust_hue: hue_factor is {hue_factor}; give a number in [-0.5, 0.5]")
    if is_image(img):
        if img.mode in ("L", "1", "I", "F"):
            return img
        hue, saturation, value = img.convert("HSV").split()
        moved = (np.array(hue).astype(np.int32) + int(hue_factor * 255)) % 256
        image = pillow("adjust_hue").Image
        parts = (image.fromarray(moved.astype(np.uint8)), saturation, value)
        return image.merge("HSV", parts).convert(img.mode)
    if img.ndim < 3 or img.shape[-3] == 1:
        return img
    return _turned(img, hue_factor)


def _turned(x: Any, hue_factor: float) -> Any:
    """The tensor or array (..., 3, H, W) with its hues moved: through HSV and back.

    Source:  value = max, saturation * value = max - min, and channel n of r, g, b (5, 3, 1) is
             value - span * clip(min(k, 4 - k), 0, 1) with k = (n + 6 hue) mod 6.
    """
    by = library(x)
    rgb = _floats(x) / white(x)
    r, g, b = (rgb[..., i, :, :] for i in range(3))
    most = by.amax(rgb, -3)
    span = most - by.amin(rgb, -3)
    safe = span + cast(span == 0, span.dtype)
    of_green = by.where(most == g, (b - r) / safe + 2, (r - g) / safe + 4)
    hue = by.where(most == r, (g - b) / safe, of_green) / 6 + hue_factor
    places = [(n + hue * 6) % 6 for n in (5, 3, 1)]
    parts = [most - span * by.clip(by.minimum(k, 4 - k), 0, 1) for k in places]
    found = by.stack(parts, -3) * white(x)
    return cast(found if is_float(x) else found.round(), x.dtype)


@anywhere
def rgb_to_grayscale(img: Any, num_output_channels: int = 1) -> Any:
    """Brightness in 1 channel, or the same in 3.

    >>> TF.rgb_to_grayscale(ct.ones(3, 1, 1))
    tensor([[[0.9999]]])
    """
    if num_output_channels not in (1, 3):
        raise ValueError(f"grayscale: num_output_channels is {num_output_channels}; give 1 or 3")
    if is_image(img):
        grey = img.convert("L")
        if num_output_channels == 1:
            return grey
        return pillow("to_grayscale").Image.merge("RGB", (grey,) * 3)
    found = _grey(img)
    if num_output_channels == 1:
        return found
    shape = (*found.shape[:-3], 3, *found.shape[-2:])
    return np.broadcast_to(found, shape) if isinstance(found, np.ndarray) else found.expand(shape)


to_grayscale = rgb_to_grayscale


@anywhere
def invert(img: Any) -> Any:
    """White minus the image.

    >>> TF.invert(ct.tensor([[[0.25]]]))
    tensor([[[0.7500]]])
    """
    return pillow("invert").ImageOps.invert(img) if is_image(img) else white(img) - img


@anywhere
def posterize(img: Any, bits: int) -> Any:
    """The first `bits` bits of each byte.

    >>> TF.posterize(ct.full((1, 1, 1), 255, dtype=ct.uint8), 1)
    tensor([[[128]]], dtype=uint8)
    """
    if is_image(img):
        return pillow("posterize").ImageOps.posterize(img, bits)
    if not 0 <= bits <= 8:
        raise ValueError(f"posterize: bits is {bits}; give 0 to 8")
    if img.dtype != np.uint8:
        raise TypeError(f"posterize: a tensor of {img.dtype} has no bits to keep; give uint8")
    return img & ~((1 << (8 - bits)) - 1) % 256


@anywhere
def solarize(img: Any, threshold: float) -> Any:
    """What is as bright as the threshold, or brighter, inverted.

    >>> TF.solarize(ct.tensor([[[0.25, 0.75]]]), 0.5)
    tensor([[[0.2500, 0.2500]]])
    """
    if is_image(img):
        return pillow("solarize").ImageOps.solarize(img, threshold)
    if threshold > white(img):
        raise ValueError(f"solarize: threshold is {threshold}, and white is {white(img)}")
    return library(img).where(img >= threshold, white(img) - img, img)


@anywhere
def erase(img: Any, i: int, j: int, h: int, w: int, v: Any, inplace: bool = False) -> Any:
    """`h` rows from `i` on and `w` columns from `j` on replaced by `v`, a number or a tensor.

    inplace: in the tensor itself, unless it is in the memory of the host.

    >>> TF.erase(ct.ones(1, 1, 3), 0, 1, 1, 1, ct.zeros(1))
    tensor([[[1., 0., 1.]]])
    """
    if is_image(img):
        raise TypeError("erase: it is for tensors; use to_tensor before")
    if isinstance(img, np.ndarray):
        v = v.detach().numpy() if isinstance(v, Tensor) else v
    img = img if inplace else copied(img)
    img[..., i : i + h, j : j + w] = v
    return img


@anywhere
def gaussian_blur(img: Any, kernel_size: Any, sigma: Any = None) -> Any:
    """Each pixel mixed with its neighbours, weights exp(-d^2 / (2 sigma^2)), reflected at borders.

    Args:    kernel_size: odd, one number or (x, y);  sigma: one number or (x, y), for None
             0.3 ((kernel_size - 1) / 2 - 1) + 0.8.

    >>> TF.gaussian_blur(ct.ones(1, 5, 5), [3, 3]).mean()
    tensor(1.)
    """
    sizes = (kernel_size,) * 2 if np.ndim(kernel_size) == 0 else (*kernel_size, *kernel_size)[:2]
    if any(size % 2 == 0 or size < 1 for size in sizes):
        raise ValueError(f"gaussian_blur: kernel_size is {kernel_size}; give odd numbers")
    if sigma is None:
        sigmas = tuple(0.3 * ((size - 1) * 0.5 - 1) + 0.8 for size in sizes)
    else:
        sigmas = (sigma,) * 2 if np.ndim(sigma) == 0 else (*sigma, *sigma)[:2]
    rows = [_bell(size, s) for size, s in zip(sizes, sigmas, strict=True)]
    weights = np.outer(rows[1], rows[0])
    if is_image(img):
        array = np.asarray(img)
        flat = array[..., None] if array.ndim == 2 else array
        pixels = np.moveaxis(_smoothed(np.moveaxis(flat, -1, 0), weights), 0, -1)
        image = pillow("gaussian_blur").Image
        return image.fromarray(np.ascontiguousarray(pixels).reshape(array.shape))
    if isinstance(img, np.ndarray):
        return _smoothed(img, weights)
    batch = _floats(img).reshape(-1, 1, *img.shape[-2:])
    y, x = sizes[1] // 2, sizes[0] // 2
    kernel = Tensor.from_numpy(weights[None, None].astype(np.float32), img.device).to(batch.dtype)
    found = conv2d(pad_last(batch, (x, x, y, y), "reflect"), kernel).reshape(*img.shape)
    return found if is_float(img) else cast(found.round(), img.dtype)


def _bell(size: int, sigma: float) -> np.ndarray:
    if not sigma > 0 or not math.isfinite(sigma):
        raise ValueError(f"gaussian_blur: sigma is {sigma}; give a number above 0")
    places = np.arange(size) - (size - 1) / 2
    weights = np.exp(-0.5 * (places / sigma) ** 2)
    return weights / weights.sum()


def _smoothed(array: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """An array (..., H, W) with each pixel mixed with its neighbours."""
    y, x = weights.shape[0] // 2, weights.shape[1] // 2
    around = np.pad(array, [(0, 0)] * (array.ndim - 2) + [(y, y), (x, x)], "reflect")
    windows = np.lib.stride_tricks.sliding_window_view(around, weights.shape, (-2, -1))
    found = np.einsum("...yx,yx->...", windows, weights)
    return (found if is_float(array) else np.round(found)).astype(array.dtype)


@anywhere
def autocontrast(img: Any) -> Any:
    """Each channel stretched from its darkest to its brightest.

    >>> TF.autocontrast(ct.tensor([[[0.25, 0.75]]]))
    tensor([[[0., 1.]]])
    """
    if is_image(img):
        return pillow("autocontrast").ImageOps.autocontrast(img)
    by, x = library(img), _floats(img)
    low = by.amin(x, (-2, -1), keepdims=True)
    span = by.amax(x, (-2, -1), keepdims=True) - low
    flat = cast(span == 0, x.dtype)
    scale = white(img) / (span + flat) * (1 - flat) + flat
    return cast(by.clip((x - low * (1 - flat)) * scale, 0, white(img)), img.dtype)


@anywhere
def equalize(img: Any) -> Any:
    """Values of bytes spread so that each is about as frequent, channel by channel, on the host.

    >>> TF.equalize(ct.zeros(1, 4, 4, dtype=ct.uint8)).shape
    Size([1, 4, 4])
    """
    if is_image(img):
        return pillow("equalize").ImageOps.equalize(img)
    if img.dtype != np.uint8:
        raise TypeError(f"equalize: a tensor of {img.dtype} is no image of bytes; give uint8")
    array = img if isinstance(img, np.ndarray) else img.detach().numpy()
    found = np.empty_like(array)
    for place in np.ndindex(array.shape[:-2]):
        found[place] = _equal_shares(array[place])[array[place]]
    return found if isinstance(img, np.ndarray) else Tensor.from_numpy(found, img.device)


def _equal_shares(channel: np.ndarray) -> np.ndarray:
    """What becomes of each byte, as Pillow has it."""
    counts = np.bincount(channel.reshape(-1), minlength=256)
    step = (channel.size - counts[counts > 0][-1:].sum()) // 255
    if step == 0:
        return np.arange(256, dtype=np.uint8)
    before = np.cumsum(counts) - counts
    return np.minimum((before + step // 2) // step, 255).astype(np.uint8)


@anywhere
def adjust_sharpness(img: Any, sharpness_factor: float) -> Any:
    """Sharper, or blurred: 0 is blurred, 1 the image itself. The border stays.

    >>> TF.adjust_sharpness(ct.ones(1, 4, 4), 2).min().item()
    1.0
    """
    _require_factor("adjust_sharpness", sharpness_factor)
    if is_image(img):
        return pillow("adjust_sharpness").ImageEnhance.Sharpness(img).enhance(sharpness_factor)
    height, width = img.shape[-2:]
    if height < 3 or width < 3:
        return img
    x = _floats(img)
    total = 4 * x[..., 1:-1, 1:-1]
    for i in range(3):
        for j in range(3):
            total = total + x[..., i : height - 2 + i, j : width - 2 + j]
    blurred = copied(x)
    blurred[..., 1:-1, 1:-1] = total / 13 if is_float(img) else (total / 13).round()
    return _blended(img, blurred, sharpness_factor)
