"""AlexNet, in the form with one branch.

Source: A. Krizhevsky, "One weird trick for parallelizing convolutional neural networks", 2014.
"""

from __future__ import annotations

from typing import Any

from cltensor.models.pretrained import factories
from cltensor.nn import AdaptiveAvgPool2d, Conv2d, Dropout, Linear, MaxPool2d, Module, ReLU
from cltensor.nn import Sequential as Seq


class AlexNet(Module):
    """Five convolutions, three of them with pooling, and three linear maps.

    >>> ct.models.AlexNet(num_classes=10).classifier[-1]
    Linear(in_features=4096, out_features=10, bias=True)
    """

    def __init__(self, num_classes: int = 1000, dropout: float = 0.5) -> None:
        super().__init__()
        self.features = Seq(
            Conv2d(3, 64, 11, 4, 2), ReLU(), MaxPool2d(3, 2),
            Conv2d(64, 192, 5, padding=2), ReLU(), MaxPool2d(3, 2),
            Conv2d(192, 384, 3, padding=1), ReLU(),
            Conv2d(384, 256, 3, padding=1), ReLU(),
            Conv2d(256, 256, 3, padding=1), ReLU(), MaxPool2d(3, 2),
        )  # fmt: skip
        self.avgpool = AdaptiveAvgPool2d((6, 6))
        self.classifier = Seq(
            Dropout(dropout), Linear(256 * 36, 4096), ReLU(),
            Dropout(dropout), Linear(4096, 4096), ReLU(),
            Linear(4096, num_classes),
        )  # fmt: skip

    def forward(self, x: Any) -> Any:
        """(N, 3, H, W) -> (N, num_classes), for sides of at least 63."""
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


globals().update(factories(AlexNet, {"alexnet": {}}))
