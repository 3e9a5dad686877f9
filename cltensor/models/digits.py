"""Networks for images of digits: 28 x 28 pixels, one channel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cltensor.nn import (
    BatchNorm2d,
    Conv2d,
    Dropout,
    Flatten,
    Linear,
    MaxPool2d,
    Module,
    ReLU,
    Sequential,
)


class LogisticRegression(Module):
    """One linear map from pixels to scores.

    >>> ct.models.LogisticRegression(inputs=4, classes=3)(ct.ones(2, 4)).shape
    Size([2, 3])
    """

    def __init__(self, inputs: int = 784, classes: int = 10) -> None:
        super().__init__()
        self.flatten = Flatten()
        self.linear = Linear(inputs, classes)

    def forward(self, x: Any) -> Any:
        """(N, ...) with `inputs` values each -> (N, classes)."""
        return self.linear(self.flatten(x))


class MLP(Module):
    """Linear maps with ReLU between them.

    >>> ct.models.MLP(inputs=4, hidden=(8,), classes=3)
    MLP(
      (layers): Sequential(
        (0): Flatten(start_dim=1, end_dim=-1)
        (1): Linear(in_features=4, out_features=8, bias=True)
        (2): ReLU()
        (3): Linear(in_features=8, out_features=3, bias=True)
      )
    )
    """

    def __init__(
        self, inputs: int = 784, hidden: Sequence[int] = (256, 256), classes: int = 10
    ) -> None:
        super().__init__()
        layers: list[Module] = [Flatten()]
        for size in hidden:
            layers += [Linear(inputs, size), ReLU()]
            inputs = size
        self.layers = Sequential(*layers, Linear(inputs, classes))

    def forward(self, x: Any) -> Any:
        """(N, ...) with `inputs` values each -> (N, classes)."""
        return self.layers(x)


class LeNet(Module):
    """Two convolutions with pooling, then three linear maps, with ReLU and max pooling.

    Args:    channels: of the two convolutions; the default is the classic size.
    Source:  LeCun, Bottou, Bengio and Haffner 1998, with today's activation and pooling.

    >>> ct.models.LeNet()(ct.ones(2, 1, 28, 28)).shape
    Size([2, 10])
    """

    def __init__(self, channels: tuple[int, int] = (6, 16), classes: int = 10) -> None:
        super().__init__()
        first, second = channels
        self.features = Sequential(
            Conv2d(1, first, 5, padding=2),
            ReLU(),
            MaxPool2d(2),
            Conv2d(first, second, 5),
            ReLU(),
            MaxPool2d(2),
        )
        self.classifier = Sequential(
            Flatten(),
            Linear(second * 25, 120),
            ReLU(),
            Linear(120, 84),
            ReLU(),
            Linear(84, classes),
        )

    def forward(self, x: Any) -> Any:
        """(N, 1, 28, 28) -> (N, classes)."""
        return self.classifier(self.features(x))


class DigitNet(Module):
    """Two 3 x 3 convolutions with normalisation and ReLU before each of two poolings, and one
    after them; dropout and one linear map.

    >>> sum(p.numel() for p in ct.models.DigitNet(width=4).parameters())
    3726
    """

    def __init__(self, width: int = 32, classes: int = 10) -> None:
        super().__init__()
        layers: list[Module] = []
        before = 1
        for after in (width, width, 2 * width, 2 * width, 4 * width):
            layers += [Conv2d(before, after, 3, padding=1, bias=False), BatchNorm2d(after), ReLU()]
            if before == after:
                layers.append(MaxPool2d(2))
            before = after
        self.features = Sequential(*layers, MaxPool2d(2))
        self.classifier = Sequential(Flatten(), Dropout(0.3), Linear(9 * before, classes))

    def forward(self, x: Any) -> Any:
        """(N, 1, 28, 28) -> (N, classes)."""
        return self.classifier(self.features(x))
