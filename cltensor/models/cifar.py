"""Networks for small photographs: 32 x 32 pixels, three channels."""

from __future__ import annotations

from typing import Any

from cltensor.nn import BatchNorm2d, Conv2d, Flatten, Linear, MaxPool2d, Module, ReLU, Sequential
from cltensor.nn import functional as F


class BlitzNet(Module):
    """The network of PyTorch's introduction: two convolutions, three linear maps.

    >>> ct.models.BlitzNet()(ct.ones(2, 3, 32, 32)).shape
    Size([2, 10])
    """

    def __init__(self, classes: int = 10) -> None:
        super().__init__()
        self.conv1 = Conv2d(3, 6, 5)
        self.pool = MaxPool2d(2, 2)
        self.conv2 = Conv2d(6, 16, 5)
        self.fc1 = Linear(16 * 5 * 5, 120)
        self.fc2 = Linear(120, 84)
        self.fc3 = Linear(84, classes)

    def forward(self, x: Any) -> Any:
        """(N, 3, 32, 32) -> (N, classes)."""
        x = self.pool(F.relu(self.conv1(x)))
        x = self.pool(F.relu(self.conv2(x)))
        x = x.flatten(1)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)


class CifarNet(Module):
    """Blocks of convolution, batch normalisation, ReLU and pooling, then one linear map.

    Args:    channels: of the blocks, each of which halves the image.

    >>> ct.models.CifarNet(channels=(4, 8)).classifier[-1]
    Linear(in_features=512, out_features=10, bias=True)
    """

    def __init__(self, channels: tuple[int, ...] = (32, 64, 128), classes: int = 10) -> None:
        super().__init__()
        blocks: list[Module] = []
        before, side = 3, 32
        for after in channels:
            # Batch normalisation takes the mean away, so the convolution needs no bias.
            blocks += [
                Conv2d(before, after, 3, padding=1, bias=False),
                BatchNorm2d(after),
                ReLU(),
                MaxPool2d(2),
            ]
            before, side = after, side // 2
        self.features = Sequential(*blocks)
        self.classifier = Sequential(Flatten(), Linear(before * side * side, classes))

    def forward(self, x: Any) -> Any:
        """(N, 3, 32, 32) -> (N, classes)."""
        return self.classifier(self.features(x))


class SmallVGG(Module):
    """3 x 3 convolutions with normalisation and ReLU in five groups, each of which ends in pooling
    that halves the image, then one linear map: VGG-11 for 32 x 32 pixels.

    Args:    groups: the channels of the convolutions of each group.
    Source:  Simonyan and Zisserman 2014, configuration A.

    >>> ct.models.SmallVGG(groups=((4,), (8,), (8,), (8,), (8,))).classifier[-1]
    Linear(in_features=8, out_features=10, bias=True)
    """

    def __init__(
        self,
        groups: tuple[tuple[int, ...], ...] = ((64,), (128,), (256, 256), (512, 512), (512, 512)),
        classes: int = 10,
    ) -> None:
        super().__init__()
        layers: list[Module] = []
        before = 3
        for group in groups:
            for after in group:
                layers += [Conv2d(before, after, 3, padding=1, bias=False), BatchNorm2d(after)]
                layers.append(ReLU())
                before = after
            layers.append(MaxPool2d(2))
        self.features = Sequential(*layers)
        self.classifier = Sequential(Flatten(), Linear(before, classes))

    def forward(self, x: Any) -> Any:
        """(N, 3, 32, 32) -> (N, classes)."""
        return self.classifier(self.features(x))
