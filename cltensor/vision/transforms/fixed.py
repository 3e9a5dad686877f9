"""Transforms that always do the same."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from cltensor.errors import ShapeError
from cltensor.vision.transforms import functional as F
from cltensor.vision.transforms.images import InterpolationMode


class Transform:
    """Base class: a subclass defines ``__call__(img)``, and `_shown`, its options for repr."""

    _shown: tuple[str, ...] = ()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__}: define __call__")

    def __repr__(self) -> str:
        options = ", ".join(f"{name}={getattr(self, name)}" for name in self._shown)
        return f"{type(self).__name__}({options})"


class Compose(Transform):
    """Several transforms, one after the other.

    >>> transforms.Compose([transforms.CenterCrop(4), transforms.RandomVerticalFlip()])(
    ...     ct.zeros(3, 8, 8)
    ... ).shape
    Size([3, 4, 4])
    """

    def __init__(self, transforms: Sequence[Callable[[Any], Any]]) -> None:
        self.transforms = transforms

    def __call__(self, img: Any) -> Any:
        for transform in self.transforms:
            img = transform(img)
        return img

    def __repr__(self) -> str:
        inside = "".join(f"\n    {transform}" for transform in self.transforms)
        return f"Compose({inside}\n)"


class ToTensor(Transform):
    """An image, or an array (H, W, C), as a tensor (C, H, W); bytes as floats in [0, 1].

    >>> transforms.ToTensor()(np.full((2, 2, 3), 255, np.uint8)).shape
    Size([3, 2, 2])
    """

    def __call__(self, img: Any) -> Any:
        return F.to_tensor(img)


class PILToTensor(Transform):
    """The pixels of an image as they are, (C, H, W).

    >>> transforms.PILToTensor()
    PILToTensor()
    """

    def __call__(self, img: Any) -> Any:
        return F.pil_to_tensor(img)


class ToPILImage(Transform):
    """A tensor (C, H, W), or an array (H, W, C), as an image.

    >>> transforms.ToPILImage()
    ToPILImage(mode=None)
    """

    _shown = ("mode",)

    def __init__(self, mode: str | None = None) -> None:
        self.mode = mode

    def __call__(self, img: Any) -> Any:
        return F.to_pil_image(img, self.mode)


class ConvertImageDtype(Transform):
    """A tensor in another dtype, with white at its white.

    >>> transforms.ConvertImageDtype(ct.float32)(ct.full((1, 1, 2), 255, dtype=ct.uint8))
    tensor([[[1., 1.]]])
    """

    _shown = ("dtype",)

    def __init__(self, dtype: Any) -> None:
        self.dtype = dtype

    def __call__(self, img: Any) -> Any:
        return F.convert_image_dtype(img, self.dtype)


class Normalize(Transform):
    """(x - mean) / std, channel by channel, of a float tensor.

    >>> transforms.Normalize([0.5], [0.5])(ct.ones(1, 1, 2))
    tensor([[[1., 1.]]])
    """

    _shown = ("mean", "std")

    def __init__(self, mean: Sequence[float], std: Sequence[float], inplace: bool = False) -> None:
        self.mean, self.std, self.inplace = mean, std, inplace

    def __call__(self, img: Any) -> Any:
        return F.normalize(img, self.mean, self.std, self.inplace)


class Resize(Transform):
    """Another size: (height, width), or one number for the shorter side.

    >>> transforms.Resize((4, 4))(ct.rand(3, 8, 8)).shape
    Size([3, 4, 4])
    """

    _shown = ("size", "interpolation", "max_size", "antialias")

    def __init__(
        self,
        size: Any,
        interpolation: Any = InterpolationMode.BILINEAR,
        max_size: int | None = None,
        antialias: bool | None = True,
    ) -> None:
        self.size, self.interpolation = size, interpolation
        self.max_size, self.antialias = max_size, antialias

    def __call__(self, img: Any) -> Any:
        return F.resize(img, self.size, self.interpolation, self.max_size, self.antialias)


class CenterCrop(Transform):
    """The middle of an image.

    >>> transforms.CenterCrop(4)(ct.zeros(3, 8, 8)).shape
    Size([3, 4, 4])
    """

    _shown = ("size",)

    def __init__(self, size: Any) -> None:
        self.size = size

    def __call__(self, img: Any) -> Any:
        return F.center_crop(img, self.size)


class Pad(Transform):
    """More at the sides.

    >>> transforms.Pad(1)(ct.ones(1, 2, 2)).shape
    Size([1, 4, 4])
    """

    _shown = ("padding", "fill", "padding_mode")

    def __init__(self, padding: Any, fill: Any = 0, padding_mode: str = "constant") -> None:
        self.padding, self.fill, self.padding_mode = padding, fill, padding_mode

    def __call__(self, img: Any) -> Any:
        return F.pad(img, self.padding, self.fill, self.padding_mode)


class Grayscale(Transform):
    """Brightness in 1 channel, or the same in 3.

    >>> transforms.Grayscale()(ct.rand(3, 8, 8)).shape
    Size([1, 8, 8])
    """

    _shown = ("num_output_channels",)

    def __init__(self, num_output_channels: int = 1) -> None:
        self.num_output_channels = num_output_channels

    def __call__(self, img: Any) -> Any:
        return F.rgb_to_grayscale(img, self.num_output_channels)


class Lambda(Transform):
    """A function of yours.

    >>> transforms.Lambda(lambda x: 2 * x)(ct.ones(1, 1, 2))
    tensor([[[2., 2.]]])
    """

    def __init__(self, lambd: Callable[[Any], Any]) -> None:
        if not callable(lambd):
            raise TypeError(f"Lambda: a {type(lambd).__name__} cannot be called")
        self.lambd = lambd

    def __call__(self, img: Any) -> Any:
        return self.lambd(img)


class FiveCrop(Transform):
    """The four corners and the middle, as a tuple.

    >>> len(transforms.FiveCrop(4)(ct.zeros(3, 8, 8)))
    5
    """

    _shown = ("size",)

    def __init__(self, size: Any) -> None:
        self.size = size

    def __call__(self, img: Any) -> Any:
        return F.five_crop(img, self.size)


class TenCrop(Transform):
    """The four corners and the middle, and those of the mirrored image, as a tuple.

    >>> len(transforms.TenCrop(4)(ct.zeros(3, 8, 8)))
    10
    """

    _shown = ("size", "vertical_flip")

    def __init__(self, size: Any, vertical_flip: bool = False) -> None:
        self.size, self.vertical_flip = size, vertical_flip

    def __call__(self, img: Any) -> Any:
        return F.ten_crop(img, self.size, self.vertical_flip)


class LinearTransformation(Transform):
    """All values of a tensor, less a mean, times a matrix, as in whitening.

    Args:    transformation_matrix (D, D); mean_vector (D,): D is C * H * W.
    Raises:  ShapeError for other shapes.

    >>> transforms.LinearTransformation(2 * ct.eye(3), ct.zeros(3))(ct.ones(3, 1, 1)).flatten()
    tensor([2., 2., 2.])
    """

    def __init__(self, transformation_matrix: Any, mean_vector: Any) -> None:
        matrix, mean = tuple(transformation_matrix.shape), tuple(mean_vector.shape)
        if len(matrix) != 2 or matrix[0] != matrix[1] or mean != matrix[:1]:
            raise ShapeError(
                f"LinearTransformation: a matrix of shape {matrix} and a mean of shape {mean}; "
                "give (D, D) and (D,)"
            )
        self.transformation_matrix, self.mean_vector = transformation_matrix, mean_vector

    def __call__(self, img: Any) -> Any:
        values, wanted = math.prod(img.shape[-3:]), self.mean_vector.shape[0]
        if values != wanted:
            raise ShapeError(
                f"LinearTransformation: an image of shape {tuple(img.shape)} has {values} values, "
                f"the matrix is for {wanted}"
            )
        mean = self.mean_vector.to(img.device)
        found = (img.reshape(-1, values) - mean) @ self.transformation_matrix.to(img.device)
        return found.reshape(img.shape)
