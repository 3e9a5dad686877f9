"""Transforms that draw where an image's pixels go.

Pickles of earlier versions find the transforms of `drawing.py` and `jitter.py` here, too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from cltensor.errors import ShapeError
from cltensor.vision.transforms import functional as F
from cltensor.vision.transforms.drawing import Perhaps, draws, span
from cltensor.vision.transforms.drawing import RandomApply as RandomApply
from cltensor.vision.transforms.drawing import RandomChoice as RandomChoice
from cltensor.vision.transforms.drawing import RandomOrder as RandomOrder
from cltensor.vision.transforms.fixed import Transform
from cltensor.vision.transforms.images import InterpolationMode, pair
from cltensor.vision.transforms.jitter import ColorJitter as ColorJitter
from cltensor.vision.transforms.jitter import GaussianBlur as GaussianBlur
from cltensor.vision.transforms.jitter import RandomAdjustSharpness as RandomAdjustSharpness
from cltensor.vision.transforms.jitter import RandomAutocontrast as RandomAutocontrast
from cltensor.vision.transforms.jitter import RandomEqualize as RandomEqualize
from cltensor.vision.transforms.jitter import RandomErasing as RandomErasing
from cltensor.vision.transforms.jitter import RandomGrayscale as RandomGrayscale
from cltensor.vision.transforms.jitter import RandomInvert as RandomInvert
from cltensor.vision.transforms.jitter import RandomPosterize as RandomPosterize
from cltensor.vision.transforms.jitter import RandomSolarize as RandomSolarize


class RandomHorizontalFlip(Perhaps):
    """Left and right exchanged, with probability p.

    >>> transforms.RandomHorizontalFlip(p=1.0)(ct.tensor([[[1, 2, 3]]]))
    tensor([[[3, 2, 1]]])
    """

    def _changed(self, img: Any) -> Any:
        return F.hflip(img)


class RandomVerticalFlip(Perhaps):
    """Top and bottom exchanged, with probability p.

    >>> transforms.RandomVerticalFlip(p=1.0)(ct.tensor([[[1], [2]]])).flatten()
    tensor([2, 1])
    """

    def _changed(self, img: Any) -> Any:
        return F.vflip(img)


class RandomCrop(Transform):
    """A part of that size at a random place, of the image with `padding` around it.

    Raises:  ShapeError for an image that is smaller, unless pad_if_needed.

    >>> transforms.RandomCrop(4, padding=2)(ct.rand(3, 8, 8)).shape
    Size([3, 4, 4])
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

    >>> transforms.RandomResizedCrop(4)(ct.rand(3, 8, 8)).shape
    Size([3, 4, 4])
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
    """Turned by a random number of degrees: up to `degrees` either way, or between two numbers.

    >>> transforms.RandomRotation((90, 90))(ct.tensor([[[0.0, 1.0], [2.0, 3.0]]]))
    tensor([[[1., 3.],
             [0., 2.]]])
    """

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
    """Turned, moved (by shares of the size), scaled and sheared at random.

    >>> transforms.RandomAffine(degrees=10, translate=(0.1, 0.1))(ct.rand(3, 8, 8)).shape
    Size([3, 8, 8])
    """

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


class RandomPerspective(Perhaps):
    """Seen from elsewhere, with probability p: corners come in by up to distortion_scale of
    half the size.

    >>> transforms.RandomPerspective(p=1.0)(ct.rand(3, 8, 8)).shape
    Size([3, 8, 8])
    """

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
