"""Transforms that draw the colours, the sharpness or the holes of an image."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from cltensor.ops.create import tensor
from cltensor.vision.transforms import functional as F
from cltensor.vision.transforms.drawing import Perhaps, draws, span
from cltensor.vision.transforms.fixed import Transform
from cltensor.vision.transforms.images import is_float, white


class ColorJitter(Transform):
    """Brightness, contrast, saturation and hue changed by random factors, in random order.

    >>> image = ct.full((3, 2, 2), 0.5)
    >>> transforms.ColorJitter(brightness=(2.0, 2.0))(image)[0, 0]
    tensor([1., 1.])
    """

    _shown = ("brightness", "contrast", "saturation", "hue")

    def __init__(
        self, brightness: Any = 0, contrast: Any = 0, saturation: Any = 0, hue: Any = 0
    ) -> None:
        self.brightness = span("ColorJitter", brightness, 1, 0)
        self.contrast = span("ColorJitter", contrast, 1, 0)
        self.saturation = span("ColorJitter", saturation, 1, 0)
        self.hue = span("ColorJitter", hue)
        if self.hue[0] < -0.5 or self.hue[1] > 0.5:
            raise ValueError(f"ColorJitter: hue is {hue}; give at most 0.5")

    def __call__(self, img: Any) -> Any:
        random = draws("ColorJitter")
        changes = [
            (F.adjust_brightness, self.brightness, 1),
            (F.adjust_contrast, self.contrast, 1),
            (F.adjust_saturation, self.saturation, 1),
            (F.adjust_hue, self.hue, 0),
        ]
        for i in random.permutation(len(changes)):
            function, (low, high), nothing = changes[i]
            if low != nothing or high != nothing:
                img = function(img, random.uniform(low, high))
        return img


class RandomGrayscale(Perhaps):
    """Grey in as many channels as before, with probability p.

    >>> transforms.RandomGrayscale(p=1.0)(ct.ones(3, 2, 2)).shape
    Size([3, 2, 2])
    """

    def __init__(self, p: float = 0.1) -> None:
        super().__init__(p)

    def _changed(self, img: Any) -> Any:
        return F.rgb_to_grayscale(img, F.get_dimensions(img)[0])


class RandomInvert(Perhaps):
    """White minus the image, with probability p.

    >>> transforms.RandomInvert(p=1.0)(ct.tensor([[[0.0, 0.25, 1.0]]]))
    tensor([[[1.0000, 0.7500, 0.0000]]])
    """

    def _changed(self, img: Any) -> Any:
        return F.invert(img)


class RandomPosterize(Perhaps):
    """The first `bits` bits of each byte, with probability p.

    >>> image = ct.tensor([[[7, 200]]], dtype=ct.uint8)
    >>> transforms.RandomPosterize(bits=1, p=1.0)(image).tolist()
    [[[0, 128]]]
    """

    _shown = ("bits", "p")

    def __init__(self, bits: int, p: float = 0.5) -> None:
        super().__init__(p)
        self.bits = bits

    def _changed(self, img: Any) -> Any:
        return F.posterize(img, self.bits)


class RandomSolarize(Perhaps):
    """What is as bright as the threshold, or brighter, inverted, with probability p.

    >>> transforms.RandomSolarize(threshold=0.5, p=1.0)(ct.tensor([[[0.25, 0.75]]]))
    tensor([[[0.2500, 0.2500]]])
    """

    _shown = ("threshold", "p")

    def __init__(self, threshold: float, p: float = 0.5) -> None:
        super().__init__(p)
        self.threshold = threshold

    def _changed(self, img: Any) -> Any:
        return F.solarize(img, self.threshold)


class RandomAdjustSharpness(Perhaps):
    """Sharper, or blurred, with probability p.

    >>> transforms.RandomAdjustSharpness(2.0, p=1.0)(ct.full((1, 4, 4), 0.5))[0, 0]
    tensor([0.5000, 0.5000, 0.5000, 0.5000])
    """

    _shown = ("sharpness_factor", "p")

    def __init__(self, sharpness_factor: float, p: float = 0.5) -> None:
        super().__init__(p)
        self.sharpness_factor = sharpness_factor

    def _changed(self, img: Any) -> Any:
        return F.adjust_sharpness(img, self.sharpness_factor)


class RandomAutocontrast(Perhaps):
    """Each channel stretched from its darkest to its brightest, with probability p.

    >>> transforms.RandomAutocontrast(p=1.0)(ct.tensor([[[0.25, 0.5, 0.75]]]))
    tensor([[[0.0000, 0.5000, 1.0000]]])
    """

    def _changed(self, img: Any) -> Any:
        return F.autocontrast(img)


class RandomEqualize(Perhaps):
    """Values of bytes spread so that each is about as frequent, with probability p.

    >>> image = ct.tensor([[[0, 1, 2, 3]]], dtype=ct.uint8)
    >>> transforms.RandomEqualize(p=1.0)(image).shape
    Size([1, 1, 4])
    """

    def _changed(self, img: Any) -> Any:
        return F.equalize(img)


class RandomErasing(Perhaps):
    """A random rectangle of a tensor replaced, with probability p: `value`, a number, one a
    channel, or "random" for normal numbers.

    Source:  Zhong et al., "Random Erasing Data Augmentation" (2017).

    >>> transforms.RandomErasing(p=1.0, value=9.0)(ct.zeros(1, 8, 8)).max()
    tensor(9.)
    """

    _shown = ("p", "scale", "ratio", "value")

    def __init__(
        self,
        p: float = 0.5,
        scale: Sequence[float] = (0.02, 0.33),
        ratio: Sequence[float] = (0.3, 3.3),
        value: Any = 0,
        inplace: bool = False,
    ) -> None:
        super().__init__(p)
        if isinstance(value, str) and value != "random":
            raise ValueError(f"RandomErasing: value is {value!r}; give numbers, or 'random'")
        self.value, self.inplace = value, inplace
        self.scale, self.ratio = span("RandomErasing", scale), span("RandomErasing", ratio)

    def _changed(self, img: Any) -> Any:
        random = draws("RandomErasing")
        channels, rows, columns = F.get_dimensions(img)
        low, high = np.log(self.ratio)
        for _ in range(10):
            area = rows * columns * random.uniform(*self.scale)
            ratio = math.exp(random.uniform(low, high))
            height, width = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
            if 0 < height < rows and 0 < width < columns:
                top, left = random.integers(0, [rows - height + 1, columns - width + 1])
                value = self._values(random, (channels, height, width), img)
                return F.erase(img, int(top), int(left), height, width, value, self.inplace)
        return img

    def _values(self, random: np.random.Generator, shape: tuple[int, ...], img: Any) -> Any:
        if self.value == "random":
            array = random.standard_normal(shape)
        elif np.ndim(self.value) == 1:
            array = np.broadcast_to(np.reshape(self.value, (-1, 1, 1)), shape)
        else:
            return self.value
        if not is_float(img):
            array = np.clip(array, 0, white(img)).astype(img.dtype)
        made = tensor(np.array(array, np.float32 if is_float(img) else None), device=img.device)
        return made if made.dtype == img.dtype or img.device.is_host else made.to(img.dtype)


class GaussianBlur(Transform):
    """Blurred with a sigma drawn between two numbers.

    >>> transforms.GaussianBlur(3, sigma=(0.5, 1.0))(ct.ones(3, 8, 8)).shape
    Size([3, 8, 8])
    """

    _shown = ("kernel_size", "sigma")

    def __init__(self, kernel_size: Any, sigma: Any = (0.1, 2.0)) -> None:
        self.kernel_size = kernel_size
        self.sigma = (sigma, sigma) if np.ndim(sigma) == 0 else span("GaussianBlur", sigma)

    def __call__(self, img: Any) -> Any:
        sigma = draws("GaussianBlur").uniform(*self.sigma)
        return F.gaussian_blur(img, self.kernel_size, [sigma, sigma])
