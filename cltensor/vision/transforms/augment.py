"""Augmentation policies: several changes, drawn with their strength; and mixtures of a batch.

Source: Cubuk et al., "AutoAugment" (2018) and "RandAugment" (2019); Muller and Hutter,
"TrivialAugment" (2021); Hendrycks et al., "AugMix" (2020);
Zhang et al., "mixup" (2017); Yun et al., "CutMix" (2019); DeVries and Taylor, "Cutout" (2017);
the strengths are torchvision's.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from cltensor.core.tensor import Tensor
from cltensor.errors import DTypeError, ShapeError
from cltensor.ops.index.scatter import one_hot
from cltensor.vision.pillow import pillow
from cltensor.vision.transforms import functional as F
from cltensor.vision.transforms.drawing import draws
from cltensor.vision.transforms.fixed import Transform
from cltensor.vision.transforms.images import InterpolationMode
from cltensor.vision.transforms.policies import POLICIES, AutoAugmentPolicy

#: Changes by a strength in both directions, and how.
_MOVES = ("ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate")
_ENHANCED: dict[str, Callable[[Any, float], Any]] = {
    "Brightness": F.adjust_brightness,
    "Color": F.adjust_saturation,
    "Contrast": F.adjust_contrast,
    "Sharpness": F.adjust_sharpness,
}


def _moved(img: Any, name: str, strength: float, mode: Any, fill: Any) -> Any:
    """Sheared, moved or turned."""
    if name == "Rotate":
        return F.rotate(img, strength, mode, fill=fill)
    shear, translate = [0.0, 0.0], [0, 0]
    axis = 0 if name.endswith("X") else 1
    if name.startswith("Shear"):
        shear[axis] = math.degrees(math.atan(strength))
        return F.affine(img, 0.0, translate, 1.0, shear, mode, fill, center=[0, 0])
    translate[axis] = int(strength)
    return F.affine(img, 0.0, translate, 1.0, shear, mode, fill)


def _changed(img: Any, name: str, strength: float, mode: Any, fill: Any) -> Any:
    """One change of a policy."""
    if name in _MOVES:
        return _moved(img, name, strength, mode, fill)
    if name in _ENHANCED:
        return _ENHANCED[name](img, 1.0 + strength)
    if name == "Posterize":
        return F.posterize(img, int(strength))
    if name == "Solarize":
        return F.solarize(img, strength)
    plain = {"AutoContrast": F.autocontrast, "Equalize": F.equalize, "Invert": F.invert}
    return plain[name](img) if name in plain else img


class _Policy(Transform):
    """What policies share: a table of strengths, one for each bin, and whether both signs are."""

    def __init__(self, bins: int, interpolation: Any, fill: Any) -> None:
        self.num_magnitude_bins, self.interpolation, self.fill = bins, interpolation, fill

    def _strengths(self, height: int, width: int) -> dict[str, tuple[np.ndarray | None, bool]]:
        raise NotImplementedError

    def _table_of(self, img: Any) -> dict[str, tuple[np.ndarray | None, bool]]:
        """The strengths for an image, which is of bytes."""
        if isinstance(img, Tensor) and img.dtype != np.uint8:
            raise DTypeError(
                f"{type(self).__name__}: a tensor of {img.dtype}; give uint8, before it is scaled"
            )
        _, height, width = F.get_dimensions(img)
        return self._strengths(height, width)

    def _apply(
        self, img: Any, random: np.random.Generator, place: int | None, name: str | None = None
    ) -> Any:
        """A change, drawn where there is no `name`, of a strength drawn where there is no place."""
        table = self._table_of(img)
        name = list(table)[random.integers(len(table))] if name is None else name
        values, signed = table.get(name, (None, False))
        strength = 0.0
        if values is not None:
            strength = float(values[random.integers(len(values)) if place is None else place])
        if signed and random.integers(2):
            strength = -strength
        return _changed(img, name, strength, self.interpolation, self.fill)


def _table(
    bins: int, far: float, shear: float, width: float, height: float, turn: float, bits: float
) -> dict[str, tuple[np.ndarray | None, bool]]:
    def up_to(most: float) -> np.ndarray:
        return np.linspace(0.0, most, bins)

    return {
        "Identity": (None, False),
        "ShearX": (up_to(shear), True),
        "ShearY": (up_to(shear), True),
        "TranslateX": (up_to(width), True),
        "TranslateY": (up_to(height), True),
        "Rotate": (up_to(turn), True),
        "Brightness": (up_to(far), True),
        "Color": (up_to(far), True),
        "Contrast": (up_to(far), True),
        "Sharpness": (up_to(far), True),
        "Posterize": (8 - np.round(np.arange(bins) / ((bins - 1) / bits)), False),
        "Solarize": (np.linspace(255.0, 0.0, bins), False),
        "AutoContrast": (None, False),
        "Equalize": (None, False),
    }


class RandAugment(_Policy):
    """num_ops changes drawn from a table, all of one strength, for images and tensors of bytes.

    >>> transforms.RandAugment()(ct.zeros(3, 8, 8, dtype=ct.uint8)).shape
    Size([3, 8, 8])
    """

    _shown = ("num_ops", "magnitude", "num_magnitude_bins", "interpolation", "fill")

    def __init__(
        self,
        num_ops: int = 2,
        magnitude: int = 9,
        num_magnitude_bins: int = 31,
        interpolation: Any = InterpolationMode.NEAREST,
        fill: Any = None,
    ) -> None:
        super().__init__(num_magnitude_bins, interpolation, fill)
        if not 0 <= magnitude < num_magnitude_bins:
            raise ValueError(
                f"RandAugment: magnitude is {magnitude}; give one from 0 to "
                f"{num_magnitude_bins - 1}"
            )
        self.num_ops, self.magnitude = num_ops, magnitude

    def _strengths(self, height: int, width: int) -> dict[str, tuple[np.ndarray | None, bool]]:
        share = 150.0 / 331.0
        bins = self.num_magnitude_bins
        return _table(bins, 0.9, 0.3, share * width, share * height, 30.0, 4)

    def __call__(self, img: Any) -> Any:
        random = draws("RandAugment")
        for _ in range(self.num_ops):
            img = self._apply(img, random, self.magnitude)
        return img


class TrivialAugmentWide(_Policy):
    """One change drawn from a table, of a strength that is drawn too.

    >>> transforms.TrivialAugmentWide()(ct.zeros(3, 8, 8, dtype=ct.uint8)).shape
    Size([3, 8, 8])
    """

    _shown = ("num_magnitude_bins", "interpolation", "fill")

    def __init__(
        self,
        num_magnitude_bins: int = 31,
        interpolation: Any = InterpolationMode.NEAREST,
        fill: Any = None,
    ) -> None:
        super().__init__(num_magnitude_bins, interpolation, fill)

    def _strengths(self, height: int, width: int) -> dict[str, tuple[np.ndarray | None, bool]]:
        return _table(self.num_magnitude_bins, 0.99, 0.99, 32.0, 32.0, 135.0, 6)

    def __call__(self, img: Any) -> Any:
        return self._apply(img, draws("TrivialAugmentWide"), None)


class AutoAugment(_Policy):
    """Two changes, one after the other, each by its chance and of its strength: one pair of the 25
    that were found for a set of images. For images and tensors of bytes.

    >>> transforms.AutoAugment(transforms.AutoAugmentPolicy.CIFAR10)(
    ...     ct.zeros(3, 8, 8, dtype=ct.uint8)
    ... ).shape
    Size([3, 8, 8])
    """

    _shown = ("policy", "fill")

    def __init__(
        self,
        policy: AutoAugmentPolicy = AutoAugmentPolicy.IMAGENET,
        interpolation: Any = InterpolationMode.NEAREST,
        fill: Any = None,
    ) -> None:
        super().__init__(10, interpolation, fill)
        self.policy = AutoAugmentPolicy(policy)

    def _strengths(self, height: int, width: int) -> dict[str, tuple[np.ndarray | None, bool]]:
        share = 150.0 / 331.0
        return _table(10, 0.9, 0.3, share * width, share * height, 30.0, 4)

    def __call__(self, img: Any) -> Any:
        random = draws("AutoAugment")
        self._table_of(img)  # refuses what it cannot change, also where nothing is drawn
        pairs = POLICIES[self.policy]
        for name, chance, place in pairs[random.integers(len(pairs))]:
            if random.random() <= chance:
                img = self._apply(img, random, place, name)
        return img


class AugMix(_Policy):
    """An image mixed with `mixture_width` changed ones, each by a chain of drawn changes: shares
    are drawn from Dirichlet(alpha, ...). For images and tensors of bytes; a batch is one image.

    Args:    severity: the highest strength, 1 to 10;  chain_depth: how many changes a chain has,
             -1 for one to three;  all_ops: brightness, colour, contrast and sharpness too.

    >>> transforms.AugMix()(ct.zeros(3, 8, 8, dtype=ct.uint8)).shape
    Size([3, 8, 8])
    """

    _shown = (
        "severity", "mixture_width", "chain_depth", "alpha", "all_ops", "interpolation", "fill",
    )  # fmt: skip

    def __init__(
        self,
        severity: int = 3,
        mixture_width: int = 3,
        chain_depth: int = -1,
        alpha: float = 1.0,
        all_ops: bool = True,
        interpolation: Any = InterpolationMode.BILINEAR,
        fill: Any = None,
    ) -> None:
        super().__init__(10, interpolation, fill)
        if not 1 <= severity <= 10:
            raise ValueError(f"AugMix: severity is {severity}; give one from 1 to 10")
        self.severity, self.mixture_width, self.chain_depth = severity, mixture_width, chain_depth
        self.alpha, self.all_ops = alpha, all_ops

    def _strengths(self, height: int, width: int) -> dict[str, tuple[np.ndarray | None, bool]]:
        table = _table(10, 0.9, 0.3, width / 3.0, height / 3.0, 30.0, 4)
        del table["Identity"]
        bits, _ = table["Posterize"]
        assert bits is not None
        table["Posterize"] = (bits - 4, False)
        return {n: row for n, row in table.items() if self.all_ops or n not in _ENHANCED}

    def __call__(self, img: Any) -> Any:
        random = draws("AugMix")
        whole = random.beta(self.alpha, self.alpha)
        shares = random.dirichlet([self.alpha] * self.mixture_width) * (1 - whole)
        mixed = _floats(img) * whole
        for share in shares:
            changed = img
            depth = self.chain_depth if self.chain_depth > 0 else int(random.integers(1, 4))
            for _ in range(depth):
                changed = self._apply(changed, random, int(random.integers(self.severity)))
            mixed = mixed + _floats(changed) * share
        if isinstance(img, Tensor):
            return mixed.to(img.dtype)
        return pillow("AugMix").Image.fromarray(mixed.astype(np.uint8))


def _floats(img: Any) -> Any:
    """The pixels of an image, or of a tensor, to calculate with."""
    return img.float() if isinstance(img, Tensor) else np.asarray(img, np.float32)


class Cutout(Transform):
    """A square of `size` pixels of a tensor made 0, its middle anywhere in the image.

    >>> transforms.Cutout(4)(ct.ones(3, 8, 8)).shape
    Size([3, 8, 8])
    """

    _shown = ("size",)

    def __init__(self, size: int) -> None:
        self.size = size

    def __call__(self, img: Any) -> Any:
        _, height, width = F.get_dimensions(img)
        y, x = draws("Cutout").integers(0, [height, width]) - self.size // 2
        top, left = max(int(y), 0), max(int(x), 0)
        rows, columns = min(int(y) + self.size, height) - top, min(int(x) + self.size, width) - left
        return F.erase(img, top, left, rows, columns, 0)


class _Mixture(Transform):
    """What mixtures share: (images (N, C, H, W), labels (N,)) to (images, weights of the classes).

    Each image is mixed with the next one of the batch; alpha is that of the Beta distribution that
    the share is drawn from.
    """

    _shown = ("alpha", "num_classes")

    def __init__(self, *, alpha: float = 1.0, num_classes: int | None = None) -> None:
        if alpha <= 0:
            raise ValueError(f"{type(self).__name__}: alpha is {alpha}; give a number above 0")
        self.alpha, self.num_classes = float(alpha), num_classes

    def _labels(self, labels: Tensor, share: float) -> Tensor:
        if labels.dim() == 1:
            if self.num_classes is None:
                raise ValueError(f"{type(self).__name__}: labels are numbers; give num_classes")
            labels = one_hot(labels, self.num_classes).float()
        return labels * share + labels.roll(1, 0) * (1 - share)

    def _check(self, images: Tensor, labels: Tensor) -> None:
        if images.dim() != 4 or images.shape[0] != labels.shape[0]:
            raise ShapeError(
                f"{type(self).__name__}: images {tuple(images.shape)} and labels "
                f"{tuple(labels.shape)}; give (N, C, H, W) and N labels"
            )

    def __call__(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        raise NotImplementedError


class MixUp(_Mixture):
    """Images and labels of a batch added to those before, by a share drawn from Beta(alpha,
    alpha).

    >>> images, labels = transforms.MixUp(num_classes=3)(
    ...     ct.rand(4, 3, 8, 8), ct.tensor([0, 1, 2, 0])
    ... )
    >>> labels.sum(1)
    tensor([1., 1., 1., 1.])
    """

    def __call__(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        self._check(images, labels)
        share = float(draws("MixUp").beta(self.alpha, self.alpha))
        mixed = images * share + images.roll(1, 0) * (1 - share)
        return mixed, self._labels(labels, share)


class CutMix(_Mixture):
    """A rectangle of each image taken from the image before, labels by its share of the area.

    >>> images, labels = transforms.CutMix(num_classes=3)(
    ...     ct.rand(4, 3, 8, 8), ct.tensor([0, 1, 2, 0])
    ... )
    >>> images.shape, labels.shape
    (Size([4, 3, 8, 8]), Size([4, 3]))
    """

    def __call__(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        self._check(images, labels)
        random = draws("CutMix")
        height, width = images.shape[-2:]
        side = 0.5 * math.sqrt(1 - random.beta(self.alpha, self.alpha))
        y, x = random.integers(0, [height, width])
        top, bottom = max(int(y - side * height), 0), min(int(y + side * height), height)
        left, right = max(int(x - side * width), 0), min(int(x + side * width), width)
        share = 1 - (bottom - top) * (right - left) / (height * width)
        mixed = images.clone()
        mixed[..., top:bottom, left:right] = images.roll(1, 0)[..., top:bottom, left:right]
        return mixed, self._labels(labels, share)
