"""U-Net: down to the meaning of an image, and up to each pixel with what was seen on the way.

Source: O. Ronneberger, P. Fischer and T. Brox, "U-Net: Convolutional Networks for Biomedical Image
Segmentation", 2015; the names are those of the public checkpoints of Pytorch-UNet.
"""

from __future__ import annotations

from typing import Any

from cltensor.models.pretrained import factories
from cltensor.nn import (
    BatchNorm2d,
    Conv2d,
    ConvTranspose2d,
    MaxPool2d,
    Module,
    ReLU,
    Sequential,
    Upsample,
)
from cltensor.ops.shape.join import concatenate, pad


class DoubleConv(Module):
    """Two 3 x 3 convolutions, each with batch normalisation and ReLU."""

    def __init__(self, before: int, after: int, inner: int | None = None) -> None:
        super().__init__()
        inner = inner or after
        self.double_conv = Sequential(
            Conv2d(before, inner, 3, padding=1, bias=False), BatchNorm2d(inner), ReLU(),
            Conv2d(inner, after, 3, padding=1, bias=False), BatchNorm2d(after), ReLU(),
        )  # fmt: skip

    def forward(self, x: Any) -> Any:
        """(N, before, H, W) -> (N, after, H, W)."""
        return self.double_conv(x)


class Down(Module):
    """Pooling, then a DoubleConv."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.maxpool_conv = Sequential(MaxPool2d(2), DoubleConv(before, after))

    def forward(self, x: Any) -> Any:
        """(N, before, H, W) -> (N, after, H // 2, W // 2)."""
        return self.maxpool_conv(x)


class Up(Module):
    """Twice as large, beside what was there on the way down, then a DoubleConv."""

    def __init__(self, before: int, after: int, bilinear: bool) -> None:
        super().__init__()
        self.up: Module
        if bilinear:
            self.up = Upsample(scale_factor=2, mode="bilinear", align_corners=True)
            self.conv = DoubleConv(before, after, before // 2)
        else:
            self.up = ConvTranspose2d(before, before // 2, 2, 2)
            self.conv = DoubleConv(before, after)

    def forward(self, x: Any, beside: Any) -> Any:
        """(N, C, h, w) and (N, C', H, W) -> (N, after, H, W)."""
        x = self.up(x)
        down, right = (
            big - small for big, small in zip(beside.shape[2:], x.shape[2:], strict=True)
        )
        if down or right:
            x = pad(x, (right // 2, right - right // 2, down // 2, down - down // 2))
        return self.conv(concatenate([beside, x], 1))


class OutConv(Module):
    """A 1 x 1 convolution to the classes."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.conv = Conv2d(before, after, 1)

    def forward(self, x: Any) -> Any:
        """(N, before, H, W) -> (N, after, H, W)."""
        return self.conv(x)


class UNet(Module):
    """A score of each class for each pixel.

    Args:    n_channels: of the images; n_classes; bilinear: whether the way up interpolates, or
             convolves; width: channels of the first stage, which the next ones double.

    >>> sum(p.numel() for p in ct.models.UNet(width=2, n_classes=3).parameters())
    30757
    """

    def __init__(
        self, n_channels: int = 3, n_classes: int = 2, bilinear: bool = False, width: int = 64
    ) -> None:
        super().__init__()
        share = 2 if bilinear else 1
        self.inc = DoubleConv(n_channels, width)
        self.down1 = Down(width, 2 * width)
        self.down2 = Down(2 * width, 4 * width)
        self.down3 = Down(4 * width, 8 * width)
        self.down4 = Down(8 * width, 16 * width // share)
        self.up1 = Up(16 * width, 8 * width // share, bilinear)
        self.up2 = Up(8 * width, 4 * width // share, bilinear)
        self.up3 = Up(4 * width, 2 * width // share, bilinear)
        self.up4 = Up(2 * width, width, bilinear)
        self.outc = OutConv(width, n_classes)

    def forward(self, x: Any) -> Any:
        """(N, n_channels, H, W) -> (N, n_classes, H, W), for sides of at least 16."""
        seen = [self.inc(x)]
        for down in (self.down1, self.down2, self.down3, self.down4):
            seen.append(down(seen[-1]))
        x = seen.pop()
        for up in (self.up1, self.up2, self.up3, self.up4):
            x = up(x, seen.pop())
        return self.outc(x)


globals().update(factories(UNet, {"unet": {}}))
