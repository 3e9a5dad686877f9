"""Residual networks for small photographs: 32 x 32 pixels, three channels."""

from __future__ import annotations

from typing import Any

from cltensor.nn import BatchNorm2d, Conv2d, Linear, Module, Sequential
from cltensor.nn import functional as F
from cltensor.ops.shape.join import pad


class ResidualBlock(Module):
    """Two 3 x 3 convolutions, and the input added to what they make of it.

        out = relu(bn2(conv2(relu(bn1(conv1(x))))) + shortcut(x))

    Where the block halves the image and widens it, the shortcut takes every second pixel and fills
    the new channels with zeros, half of them on either side: it has no parameters ("option A").
    """

    def __init__(self, before: int, after: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = Conv2d(before, after, 3, stride, padding=1, bias=False)
        self.bn1 = BatchNorm2d(after)
        self.conv2 = Conv2d(after, after, 3, padding=1, bias=False)
        self.bn2 = BatchNorm2d(after)
        self.stride = stride
        self.extra = after - before

    def forward(self, x: Any) -> Any:
        """(N, before, H, W) -> (N, after, ceil(H / stride), ceil(W / stride))."""
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        if self.stride > 1:
            x = x[:, :, :: self.stride, :: self.stride]
        if self.extra:
            left = self.extra // 2
            x = pad(x, (0, 0, 0, 0, left, self.extra - left))
        return F.relu(out + x)


class ResNet(Module):
    """A convolution, three stages of residual blocks, the mean over pixels, one linear map.

    The stages work on 32, 16 and 8 pixels a side. With n blocks in each there are 6n + 2 layers
    with weights; they have the names of torchvision's networks (conv1, bn1, layer1.0.conv1, ...,
    fc).

    Args:    blocks: n, of each stage; width: channels of the first stage, which the second
             doubles and the third doubles again.
    Source:  He, Zhang, Ren and Sun 2015, section 4.2.
    """

    def __init__(self, blocks: int, classes: int = 10, width: int = 16) -> None:
        super().__init__()
        self.conv1 = Conv2d(3, width, 3, padding=1, bias=False)
        self.bn1 = BatchNorm2d(width)
        self.layer1 = _stage(width, width, blocks, 1)
        self.layer2 = _stage(width, 2 * width, blocks, 2)
        self.layer3 = _stage(2 * width, 4 * width, blocks, 2)
        self.fc = Linear(4 * width, classes)

    def forward(self, x: Any) -> Any:
        """(N, 3, H, W) -> (N, classes)."""
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(x.mean(axis=(2, 3)))


def _stage(before: int, after: int, blocks: int, stride: int) -> Sequential:
    rest = [ResidualBlock(after, after) for _ in range(blocks - 1)]
    return Sequential(ResidualBlock(before, after, stride), *rest)


class ResNet8(ResNet):
    """ResNet with one block in each stage."""

    def __init__(self, classes: int = 10) -> None:
        super().__init__(1, classes)


class ResNet20(ResNet):
    """ResNet with three blocks in each stage."""

    def __init__(self, classes: int = 10) -> None:
        super().__init__(3, classes)
