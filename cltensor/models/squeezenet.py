"""SqueezeNet: as right as AlexNet with a fiftieth of its weights.

Source: F. Iandola et al., "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters", 2016.
"""

from __future__ import annotations

from typing import Any

from cltensor.models.pretrained import factories
from cltensor.nn import (
    AdaptiveAvgPool2d,
    Conv2d,
    Dropout,
    MaxPool2d,
    Module,
    ReLU,
    Sequential,
    init,
)
from cltensor.ops.shape.join import concatenate


class Fire(Module):
    """A 1 x 1 convolution to few channels, then one of 1 x 1 and one of 3 x 3 side by side."""

    def __init__(self, before: int, squeezed: int, after: int) -> None:
        super().__init__()
        self.squeeze = Conv2d(before, squeezed, 1)
        self.expand1x1 = Conv2d(squeezed, after, 1)
        self.expand3x3 = Conv2d(squeezed, after, 3, padding=1)
        self.activation = ReLU()

    def forward(self, x: Any) -> Any:
        """(N, before, H, W) -> (N, 2 after, H, W)."""
        x = self.activation(self.squeeze(x))
        found = [self.expand1x1(x), self.expand3x3(x)]
        return concatenate([self.activation(each) for each in found], 1)


#: The first convolution's (channels, size), then the parts: a number is a Fire's squeezed channels.
_VERSIONS: dict[str, tuple[tuple[int, int], str]] = {
    "1_0": ((96, 7), "P 16 16 32 P 32 48 48 64 P 64"),
    "1_1": ((64, 3), "P 16 16 P 32 32 P 48 48 64 64"),
}


class SqueezeNet(Module):
    """Fire modules, a 1 x 1 convolution that scores each class everywhere, and the mean of that.

    >>> ct.models.SqueezeNet("1_1", num_classes=10).features[3].squeeze
    Conv2d(64, 16, kernel_size=(1, 1), stride=(1, 1))
    """

    def __init__(self, version: str = "1_0", num_classes: int = 1000, dropout: float = 0.5) -> None:
        super().__init__()
        (before, size), parts = _VERSIONS[version]
        layers: list[Module] = [Conv2d(3, before, size, 2), ReLU()]
        for part in parts.split():
            if part == "P":
                layers.append(MaxPool2d(3, 2, ceil_mode=True))
            else:
                squeezed = int(part)
                layers.append(Fire(before, squeezed, 4 * squeezed))
                before = 8 * squeezed
        self.features = Sequential(*layers)
        last = Conv2d(512, num_classes, 1)
        self.classifier = Sequential(Dropout(dropout), last, ReLU(), AdaptiveAvgPool2d((1, 1)))
        for each in self.modules():
            if isinstance(each, Conv2d):
                if each is last:
                    init.normal_(each.weight, 0.0, 0.01)
                else:
                    init.kaiming_uniform_(each.weight)
                init.zeros_(each.bias)

    def forward(self, x: Any) -> Any:
        """(N, 3, H, W) -> (N, num_classes), for sides of at least 21."""
        return self.classifier(self.features(x)).flatten(1)


globals().update(factories(SqueezeNet, {f"squeezenet{v}": {"version": v} for v in _VERSIONS}))
