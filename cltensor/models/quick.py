"""Networks that learn small photographs in few epochs."""

from __future__ import annotations

from typing import Any

import numpy as np

from cltensor.core.tensor import Tensor
from cltensor.errors import ShapeError
from cltensor.nn import BatchNorm2d, Conv2d, Linear, MaxPool2d, Module, ReLU, Sequential, init
from cltensor.nn import functional as F


def _layer(before: int, after: int, *pool: Module) -> Sequential:
    return Sequential(
        Conv2d(before, after, 3, padding=1, bias=False), BatchNorm2d(after), ReLU(), *pool
    )


class Residual(Module):
    """x + inner(x)."""

    def __init__(self, inner: Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Any) -> Any:
        """Of the shape of x."""
        return x + self.inner(x)


class ResNet9(Module):
    """Eight convolutions, two of whose pairs are residual, and a linear map.

    Args:    scale: factor of the scores.
    Source:  D. Page, "How to Train Your ResNet", 2018.

    >>> sum(p.numel() for p in ct.models.ResNet9(width=8).parameters())
    103944
    """

    def __init__(self, classes: int = 10, width: int = 64, scale: float = 0.125) -> None:
        super().__init__()
        w, self.scale = width, scale
        self.features = Sequential(
            _layer(3, w),
            _layer(w, 2 * w, MaxPool2d(2)),
            Residual(Sequential(_layer(2 * w, 2 * w), _layer(2 * w, 2 * w))),
            _layer(2 * w, 4 * w, MaxPool2d(2)),
            _layer(4 * w, 8 * w, MaxPool2d(2)),
            Residual(Sequential(_layer(8 * w, 8 * w), _layer(8 * w, 8 * w))),
            MaxPool2d(4),
        )
        self.fc = Linear(8 * w, classes, bias=False)

    def forward(self, x: Any) -> Any:
        """(N, 3, 32, 32) -> (N, classes)."""
        return self.fc(self.features(x).flatten(1)) * self.scale


class _Group(Module):
    """Two convolutions, the first of which halves the image; normalisations that only shift."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.conv1 = Conv2d(before, after, 3, padding=1, bias=False)
        self.pool = MaxPool2d(2)
        self.norm1 = BatchNorm2d(after, momentum=0.4)
        self.conv2 = Conv2d(after, after, 3, padding=1, bias=False)
        self.norm2 = BatchNorm2d(after, momentum=0.4)
        for conv in (self.conv1, self.conv2):
            init.dirac_(conv.weight[: conv.weight.shape[1]])  # the first outputs are the inputs
        for norm in (self.norm1, self.norm2):
            assert norm.weight is not None
            norm.weight.requires_grad_(False)

    def forward(self, x: Any) -> Any:
        x = F.gelu(self.norm1(self.pool(self.conv1(x))))
        return F.gelu(self.norm2(self.conv2(x)))


class QuickNet(Module):
    """Patches of 2 x 2 pixels made white, three groups of two convolutions, one linear map.

    `whiten(images)` sets the first layer, which is not trained; do so before training.

    Args:    widths: channels of the groups; scale: factor of the scores.
    Source:  Jordan 2024, "94% on CIFAR-10 in 3.29 Seconds on a Single GPU".

    >>> net = ct.models.QuickNet(widths=(4, 8, 8))
    >>> net.whiten(np.random.default_rng(0).random((4, 3, 32, 32), np.float32))
    >>> net.white
    Conv2d(3, 24, kernel_size=(2, 2), stride=(1, 1))
    """

    def __init__(
        self,
        classes: int = 10,
        widths: tuple[int, int, int] = (64, 256, 256),
        scale: float = 1 / 9,
    ) -> None:
        super().__init__()
        patch = 3 * 2 * 2
        self.white = Conv2d(3, 2 * patch, 2)
        self.white.weight.requires_grad_(False)
        sizes = (2 * patch, *widths)
        self.groups = Sequential(*[_Group(*pair) for pair in zip(sizes, widths, strict=False)])
        self.pool = MaxPool2d(3)
        self.fc = Linear(widths[-1], classes, bias=False)
        self.scale = scale

    def forward(self, x: Any) -> Any:
        """(N, 3, 32, 32) -> (N, classes)."""
        x = self.groups(F.gelu(self.white(x)))
        return self.fc(self.pool(x).flatten(1)) * self.scale

    def whiten(self, images: np.ndarray, floor: float = 5e-4) -> None:
        """Set the first layer to the directions in which patches of `images` (N, 3, H, W) vary, and
        to their opposites, each by the inverse of its deviation; `floor` is added to variances.

        Raises ShapeError for images of another form.
        """
        if images.ndim != 4 or images.shape[1] != 3 or min(images.shape[2:]) < 2:
            raise ShapeError(f"whiten: takes images (N, 3, H, W), got shape {images.shape}")
        patches = np.lib.stride_tricks.sliding_window_view(images, (2, 2), axis=(2, 3))
        flat = patches.transpose(0, 2, 3, 1, 4, 5).reshape(-1, 12).astype(np.float64)
        variances, directions = np.linalg.eigh(np.cov(flat, rowvar=False))
        scaled = (directions / np.sqrt(variances + floor)).T[::-1].reshape(12, 3, 2, 2)
        weight = self.white.weight
        both = np.concatenate([scaled, -scaled]).astype(np.float32)
        weight.data.copy_(Tensor.from_numpy(both, weight.device))
