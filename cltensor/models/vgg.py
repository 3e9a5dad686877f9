"""VGG: 3 x 3 convolutions alone, deeper and deeper.

Source: K. Simonyan and A. Zisserman, "Very Deep Convolutional Networks for Large-Scale Image
Recognition", 2015.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cltensor.models.blocks import initialize
from cltensor.models.pretrained import factories
from cltensor.nn import (
    AdaptiveAvgPool2d,
    BatchNorm2d,
    Conv2d,
    Dropout,
    Linear,
    MaxPool2d,
    Module,
    ReLU,
    Sequential,
)


class VGG(Module):
    """Five stages of convolutions, each ending with pooling, and three linear maps.

    Args:    repeats: convolutions of each stage; batch_norm: whether one follows each of them.

    >>> model = ct.models.VGG((1, 1, 1, 1, 1), num_classes=3, init_weights=False)
    >>> len(model.features), model.classifier[-1]
    (15, Linear(in_features=4096, out_features=3, bias=True))
    """

    def __init__(
        self, repeats: Sequence[int], batch_norm: bool = False, num_classes: int = 1000,
        init_weights: bool = True, dropout: float = 0.5,
    ) -> None:  # fmt: skip
        super().__init__()
        layers: list[Module] = []
        before = 3
        for count, channels in zip(repeats, (64, 128, 256, 512, 512), strict=True):
            for _ in range(count):
                layers.append(Conv2d(before, channels, 3, padding=1))
                layers += [BatchNorm2d(channels), ReLU()] if batch_norm else [ReLU()]
                before = channels
            layers.append(MaxPool2d(2, 2))
        self.features = Sequential(*layers)
        self.avgpool = AdaptiveAvgPool2d((7, 7))
        self.classifier = Sequential(
            Linear(512 * 49, 4096), ReLU(), Dropout(dropout),
            Linear(4096, 4096), ReLU(), Dropout(dropout),
            Linear(4096, num_classes),
        )  # fmt: skip
        if init_weights:
            initialize(self)

    def forward(self, x: Any) -> Any:
        """(N, 3, H, W) -> (N, num_classes), for sides of at least 32."""
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


_REPEATS = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}

globals().update(
    factories(
        VGG,
        {
            f"vgg{depth}{end}": {"repeats": repeats, "batch_norm": bool(end)}
            for depth, repeats in _REPEATS.items()
            for end in ("", "_bn")
        },
    )
)
