"""Transforms that draw what they do.

They draw on the host, from the default generator of cltensor: `ct.manual_seed` decides, and in the
worker processes of a loader the seed that it gives each of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from cltensor.data.sampler import host_random
from cltensor.errors import ShapeError
from cltensor.ops.create import tensor
from cltensor.vision.transforms import functional as F
from cltensor.vision.transforms.fixed import Transform
from cltensor.vision.transforms.images import InterpolationMode, is_float, pair, white


def draws(name: str) -> np.random.Generator:
    """The generator for one call."""
    return host_random(name, None)


def span(
    name: str, value: Any, middle: float = 0.0, least: float = -math.inf
) -> tuple[float, float]:
    """(low, high) of two numbers, or of one: as far below `middle` as above, not below `least`."""
    if np.ndim(value) == 0:
        if value < 0:
            raise ValueError(f"{name}: {value} is below 0; give 0 or more, or two numbers")
        return max(middle - value, least), middle + value
    if len(value) != 2 or value[0] > value[1] or value[0] < least:
        raise ValueError(f"{name}: {value!r} is no (low, high) of numbers that are allowed")
    return float(value[0]), float(value[1])


class _Perhaps(Transform):
    """What is done with probability p: a subclass says what, as `_changed`."""

    _shown: tuple[str, ...] = ("p",)

    def __init__(self, p: float = 0.5) -> None:
        if not 0 <= p <= 1:
            raise ValueError(f"{type(self).__name__}: p is {p}; give a number between 0 and 1")
        self.p = p

    def __call__(self, img: Any) -> Any:
        return self._changed(img) if draws(type(self).__name__).random() < self.p else img

    def _changed(self, img: Any) -> Any:
        raise NotImplementedError


class RandomHorizontalFlip(_Perhaps):
    """Left and right exchanged, with probability p."""

    def _changed(self, img: Any) -> Any:
        return F.hflip(img)


class RandomVerticalFlip(_Perhaps):
    """Top and bottom exchanged, with probability p."""

    def _changed(self, img: Any) -> Any:
        return F.vflip(img)


class RandomCrop(Transform):
    """A part of that size at a random place, of the image with `padding` around it.

    Raises:  ShapeError for an image that is smaller, unless pad_if_needed.
    """

    _shown = ("size", "padding")

    def __init__(
        self,
        size: Any,
        padding: Any = None,
        pad_if_needed: bool = False,
        fill: Any = 0,
        padding_mode: str = "constant",
    ) -> None:
        self.size = pair("RandomCrop", "size", size)
        self.padding, self.pad_if_needed = padding, pad_if_needed
        self.fill, self.padding_mode = fill, padding_mode

    def __call__(self, img: Any) -> Any:
        if self.padding is not None:
            img = F.pad(img, self.padding, self.fill, self.padding_mode)
        height, width = self.size
        _, rows, columns = F.get_dimensions(img)
        if self.pad_if_needed and (rows < height or columns < width):
            more = [max(width - columns, 0), max(height - rows, 0)]
            img = F.pad(img, more, self.fill, self.padding_mode)
            _, rows, columns = F.get_dimensions(img)
        if rows < height or columns < width:
            raise ShapeError(
                f"RandomCrop: {height} x {width} does not fit an image of {rows} x {columns}; "
                "set padding, or pad_if_needed"
            )
        top, left = draws("RandomCrop").integers(0, [rows - height + 1, columns - width + 1])
        return F.crop(img, int(top), int(left), height, width)


class RandomResizedCrop(Transform):
    """A random part, of `scale` of the area and a `ratio` of width to height, made `size`.

    Source:  Szegedy et al., "Going Deeper with Convolutions" (2014), as torchvision has it: ten
             tries, then the middle.
    """

    _shown = ("size", "scale", "ratio", "interpolation", "antialias")

    def __init__(
        self,
        size: Any,
        scale: Sequence[float] = (0.08, 1.0),
        ratio: Sequence[float] = (3.0 / 4.0, 4.0 / 3.0),
        interpolation: Any = InterpolationMode.BILINEAR,
        antialias: bool | None = True,
    ) -> None:
        self.size = pair("RandomResizedCrop", "size", size)
        self.scale = span("RandomResizedCrop", scale)
        self.ratio = span("RandomResizedCrop", ratio)
        self.interpolation, self.antialias = interpolation, antialias

    def place(self, img: Any) -> tuple[int, int, int, int]:
        """(top, left, height, width) of the part."""
        random = draws("RandomResizedCrop")
        _, rows, columns = F.get_dimensions(img)
        low, high = np.log(self.ratio)
        for _ in range(10):
            area = rows * columns * random.uniform(*self.scale)
            ratio = math.exp(random.uniform(low, high))
            width, height = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
            if 0 < width <= columns and 0 < height <= rows:
                top, left = random.integers(0, [rows - height + 1, columns - width + 1])
                return int(top), int(left), height, width
        shape = columns / rows
        width = columns if shape <= self.ratio[1] else round(rows * self.ratio[1])
        height = rows if shape >= self.ratio[0] else round(columns / self.ratio[0])
        return (rows - height) // 2, (columns - width) // 2, height, width

    def __call__(self, img: Any) -> Any:
        place = self.place(img)
        return F.resized_crop(img, *place, self.size, self.interpolation, self.antialias)


class RandomRotation(Transform):
    """Turned by a random number of degrees: up to `degrees` either way, or between two numbers."""

    _shown = ("degrees", "interpolation", "expand")

    def __init__(
        self,
        degrees: Any,
        interpolation: Any = InterpolationMode.NEAREST,
        expand: bool = False,
        center: Sequence[float] | None = None,
        fill: Any = 0,
    ) -> None:
        self.degrees = span("RandomRotation", degrees)
        self.interpolation, self.expand, self.center, self.fill = (
            interpolation, expand, center, fill,
        )  # fmt: skip

    def __call__(self, img: Any) -> Any:
        angle = draws("RandomRotation").uniform(*self.degrees)
        return F.rotate(img, angle, self.interpolation, self.expand, self.center, self.fill)


class RandomAffine(Transform):
    """Turned, moved (by shares of the size), scaled and sheared at random."""

    _shown = ("degrees", "translate", "scale", "shear")

    def __init__(
        self,
        degrees: Any,
        translate: Sequence[float] | None = None,
        scale: Sequence[float] | None = None,
        shear: Any = None,
        interpolation: Any = InterpolationMode.NEAREST,
        fill: Any = 0,
        center: Sequence[float] | None = None,
    ) -> None:
        self.degrees = span("RandomAffine", degrees)
        self.translate, self.fill, self.center = translate, fill, center
        self.scale = None if scale is None else span("RandomAffine", scale, least=0.0)
        self.interpolation = interpolation
        several = shear is not None and np.ndim(shear) == 1 and len(shear) == 4
        self.shear = shear if several or shear is None else span("RandomAffine", shear)

    def __call__(self, img: Any) -> Any:
        random = draws("RandomAffine")
        _, rows, columns = F.get_dimensions(img)
        angle = random.uniform(*self.degrees)
        moved = (0, 0)
        if self.translate is not None:
            far = self.translate[0] * columns, self.translate[1] * rows
            moved = round(random.uniform(-far[0], far[0])), round(random.uniform(-far[1], far[1]))
        scale = 1.0 if self.scale is None else random.uniform(*self.scale)
        shear = (0.0, 0.0)
        if self.shear is not None:
            low, high, *rest = self.shear
            shear = random.uniform(low, high), random.uniform(*rest) if rest else 0.0
        mode, fill = self.interpolation, self.fill
        return F.affine(img, angle, moved, scale, shear, mode, fill, self.center)


class ColorJitter(Transform):
    """Brightness, contrast, saturation and hue changed by random factors, in random order."""

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


class RandomGrayscale(_Perhaps):
    """Grey in as many channels as before, with probability p."""

    def __init__(self, p: float = 0.1) -> None:
        super().__init__(p)

    def _changed(self, img: Any) -> Any:
        return F.rgb_to_grayscale(img, F.get_dimensions(img)[0])


class RandomPerspective(_Perhaps):
    """Seen from elsewhere, with probability p: corners come in by up to distortion_scale of
    half the size."""

    _shown = ("distortion_scale", "p")

    def __init__(
        self,
        distortion_scale: float = 0.5,
        p: float = 0.5,
        interpolation: Any = InterpolationMode.BILINEAR,
        fill: Any = 0,
    ) -> None:
        super().__init__(p)
        self.distortion_scale = distortion_scale
        self.interpolation, self.fill = interpolation, fill

    def _changed(self, img: Any) -> Any:
        random = draws("RandomPerspective")
        _, rows, columns = F.get_dimensions(img)
        right, below = columns - 1, rows - 1
        corners = ((0, 0), (right, 0), (right, below), (0, below))
        far = [int(self.distortion_scale * (length // 2)) + 1 for length in (columns, rows)]
        moves = [[int(random.integers(0, most)) for most in far] for _ in corners]
        ends = [(abs(x - dx), abs(y - dy)) for (x, y), (dx, dy) in zip(corners, moves, strict=True)]
        return F.perspective(img, corners, ends, self.interpolation, self.fill)


class RandomInvert(_Perhaps):
    """White minus the image, with probability p."""

    def _changed(self, img: Any) -> Any:
        return F.invert(img)


class RandomPosterize(_Perhaps):
    """The first `bits` bits of each byte, with probability p."""

    _shown = ("bits", "p")

    def __init__(self, bits: int, p: float = 0.5) -> None:
        super().__init__(p)
        self.bits = bits

    def _changed(self, img: Any) -> Any:
        return F.posterize(img, self.bits)


class RandomSolarize(_Perhaps):
    """What is as bright as the threshold, or brighter, inverted, with probability p."""

    _shown = ("threshold", "p")

    def __init__(self, threshold: float, p: float = 0.5) -> None:
        super().__init__(p)
        self.threshold = threshold

    def _changed(self, img: Any) -> Any:
        return F.solarize(img, self.threshold)


class RandomAdjustSharpness(_Perhaps):
    """Sharper, or blurred, with probability p."""

    _shown = ("sharpness_factor", "p")

    def __init__(self, sharpness_factor: float, p: float = 0.5) -> None:
        super().__init__(p)
        self.sharpness_factor = sharpness_factor

    def _changed(self, img: Any) -> Any:
        return F.adjust_sharpness(img, self.sharpness_factor)


class RandomAutocontrast(_Perhaps):
    """Each channel stretched from its darkest to its brightest, with probability p."""

    def _changed(self, img: Any) -> Any:
        return F.autocontrast(img)


class RandomEqualize(_Perhaps):
    """Values of bytes spread so that each is about as frequent, with probability p."""

    def _changed(self, img: Any) -> Any:
        return F.equalize(img)


class RandomErasing(_Perhaps):
    """A random rectangle of a tensor replaced, with probability p: `value`, a number, one a
    channel, or "random" for normal numbers.

    Source:  Zhong et al., "Random Erasing Data Augmentation" (2017).
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
    """Blurred with a sigma drawn between two numbers."""

    _shown = ("kernel_size", "sigma")

    def __init__(self, kernel_size: Any, sigma: Any = (0.1, 2.0)) -> None:
        self.kernel_size = kernel_size
        self.sigma = (sigma, sigma) if np.ndim(sigma) == 0 else span("GaussianBlur", sigma)

    def __call__(self, img: Any) -> Any:
        sigma = draws("GaussianBlur").uniform(*self.sigma)
        return F.gaussian_blur(img, self.kernel_size, [sigma, sigma])


class RandomApply(_Perhaps):
    """Several transforms together, with probability p."""

    def __init__(self, transforms: Sequence[Callable[[Any], Any]], p: float = 0.5) -> None:
        super().__init__(p)
        self.transforms = transforms

    def _changed(self, img: Any) -> Any:
        for transform in self.transforms:
            img = transform(img)
        return img


class RandomChoice(Transform):
    """One of several transforms, each as probable as its share of `p`."""

    def __init__(
        self, transforms: Sequence[Callable[[Any], Any]], p: Sequence[float] | None = None
    ) -> None:
        self.transforms = transforms
        self.p = None if p is None else np.array(p, np.float64) / np.sum(p)

    def __call__(self, img: Any) -> Any:
        place = draws("RandomChoice").choice(len(self.transforms), p=self.p)
        return self.transforms[int(place)](img)


class RandomOrder(Transform):
    """Several transforms in random order.

    >>> transforms.RandomOrder([transforms.CenterCrop(4), transforms.RandomInvert()])(
    ...     ct.rand(3, 8, 8)
    ... ).shape
    Size([3, 4, 4])
    """

    def __init__(self, transforms: Sequence[Callable[[Any], Any]]) -> None:
        self.transforms = transforms

    def __call__(self, img: Any) -> Any:
        for i in draws("RandomOrder").permutation(len(self.transforms)):
            img = self.transforms[i](img)
        return img
