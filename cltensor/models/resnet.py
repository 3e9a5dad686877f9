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

    >>> ct.models.ResidualBlock(4, 8, stride=2)(ct.ones(2, 4, 8, 8)).shape
    Size([2, 8, 4, 4])
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

    >>> [name for name, _ in ct.models.ResNet(blocks=1, width=4).named_children()]
    ['conv1', 'bn1', 'layer1', 'layer2', 'layer3', 'fc']
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
    """ResNet with one block in each stage.

    >>> sum(p.numel() for p in ct.models.ResNet8().parameters())
    75290
    """

    def __init__(self, classes: int = 10) -> None:
        super().__init__(1, classes)


class ResNet20(ResNet):
    """ResNet with three blocks in each stage.

    >>> sum(p.numel() for p in ct.models.ResNet20().parameters())
    269722
    """

    def __init__(self, classes: int = 10) -> None:
        super().__init__(3, classes)


class ResNet56(ResNet):
    """ResNet with nine blocks in each stage.

    >>> len(ct.models.ResNet56().layer1)
    9
    """

    def __init__(self, classes: int = 10) -> None:
        super().__init__(9, classes)


class WideBlock(Module):
    """Normalisation and ReLU before each of two 3 x 3 convolutions, and the input added.

    Where the number of channels changes, the shortcut is a 1 x 1 convolution of the normalised
    input.
    """

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.bn1 = BatchNorm2d(before)
        self.conv1 = Conv2d(before, after, 3, stride, padding=1, bias=False)
        self.bn2 = BatchNorm2d(after)
        self.conv2 = Conv2d(after, after, 3, padding=1, bias=False)
        changes = before != after
        self.shortcut = Conv2d(before, after, 1, stride, bias=False) if changes else None

    def forward(self, x: Any) -> Any:
        """(N, before, H, W) -> (N, after, ceil(H / stride), ceil(W / stride))."""
        ready = F.relu(self.bn1(x))
        out = self.conv2(F.relu(self.bn2(self.conv1(ready))))
        return out + (x if self.shortcut is None else self.shortcut(ready))


class WideResNet(Module):
    """Residual networks with few layers and many channels: WRN-depth-factor.

    Args:    depth: 6n + 4 layers with weights; factor: of the 16, 32 and 64 channels of the stages.
    Raises:  ValueError for another depth.
    Source:  Zagoruyko and Komodakis 2016.

    >>> sum(p.numel() for p in ct.models.WideResNet(depth=10, factor=1).parameters())
    77850
    """

    def __init__(self, depth: int = 16, factor: int = 4, classes: int = 10) -> None:
        super().__init__()
        if depth < 10 or (depth - 4) % 6:
            raise ValueError(f"WideResNet: depth is 6n + 4 (10, 16, 22, 28, ...), got {depth}")
        blocks, before = (depth - 4) // 6, 16
        self.conv1 = Conv2d(3, before, 3, padding=1, bias=False)
        layers: list[Module] = []
        for stage, width in enumerate((16, 32, 64)):
            for block in range(blocks):
                stride = 2 if stage and not block else 1
                layers.append(WideBlock(before, width * factor, stride))
                before = width * factor
        self.blocks = Sequential(*layers)
        self.bn = BatchNorm2d(before)
        self.fc = Linear(before, classes)

    def forward(self, x: Any) -> Any:
        """(N, 3, H, W) -> (N, classes)."""
        x = F.relu(self.bn(self.blocks(self.conv1(x))))
        return self.fc(x.mean(axis=(2, 3)))
