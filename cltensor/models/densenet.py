"""DenseNet: each layer sees what all layers before it in its block made.

Source: G. Huang, Z. Liu, L. van der Maaten and K. Weinberger, "Densely Connected Convolutional
Networks", 2017.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from cltensor.models.blocks import flat_mean, initialize
from cltensor.models.pretrained import factories
from cltensor.nn import (
    AvgPool2d,
    BatchNorm2d,
    Conv2d,
    Linear,
    MaxPool2d,
    Module,
    ModuleDict,
    ReLU,
    Sequential,
)
from cltensor.nn import functional as F
from cltensor.ops.shape.join import concatenate


class DenseLayer(Module):
    """A 1 x 1 and a 3 x 3 convolution, each after its normalisation, to `growth` channels."""

    def __init__(self, before: int, growth: int, inner: int, drop_rate: float) -> None:
        super().__init__()
        self.norm1 = BatchNorm2d(before)
        self.relu1 = ReLU()
        self.conv1 = Conv2d(before, inner * growth, 1, bias=False)
        self.norm2 = BatchNorm2d(inner * growth)
        self.relu2 = ReLU()
        self.conv2 = Conv2d(inner * growth, growth, 3, padding=1, bias=False)
        self.drop_rate = drop_rate

    def forward(self, x: Any) -> Any:
        """(N, before, H, W) -> (N, growth, H, W)."""
        x = self.conv1(self.relu1(self.norm1(x)))
        x = self.conv2(self.relu2(self.norm2(x)))
        return F.dropout(x, self.drop_rate, self.training) if self.drop_rate else x

    def _older_names(self, prefix: str) -> dict[str, str]:
        """The published files have "norm.1.weight" for norm1.weight."""
        names = [prefix + name for name in self.state_dict()]
        cut = len(prefix) + 4  # the length of "norm" and of "conv"
        return {f"{name[:cut]}.{name[cut:]}": name for name in names}


class DenseBlock(ModuleDict):
    """Layers, each of which gets all channels that there are."""

    def forward(self, x: Any) -> Any:
        """(N, before, H, W) -> (N, before + growth * layers, H, W)."""
        found = [x]
        for layer in self.values():
            found.append(layer(concatenate(found, 1) if len(found) > 1 else x))
        return concatenate(found, 1)


class DenseNet(Module):
    """Four blocks, between which the channels and the sides are halved, and one linear map.

    Args:    growth_rate: channels that each layer adds; block_config: layers of each block;
             bn_size: times as many channels within a layer.

    >>> net = ct.models.DenseNet(growth_rate=4, block_config=(1, 2), num_init_features=8)
    >>> [name for name, _ in net.features.denseblock2.named_children()]
    ['denselayer1', 'denselayer2']
    """

    def __init__(
        self, growth_rate: int = 32, block_config: Sequence[int] = (6, 12, 24, 16),
        num_init_features: int = 64, bn_size: int = 4, drop_rate: float = 0.0,
        num_classes: int = 1000,
    ) -> None:  # fmt: skip
        super().__init__()
        channels = num_init_features
        parts: OrderedDict[str, Module] = OrderedDict(
            conv0=Conv2d(3, channels, 7, 2, 3, bias=False), norm0=BatchNorm2d(channels),
            relu0=ReLU(), pool0=MaxPool2d(3, 2, 1),
        )  # fmt: skip
        for i, count in enumerate(block_config, 1):
            parts[f"denseblock{i}"] = DenseBlock(
                {
                    f"denselayer{j + 1}": DenseLayer(
                        channels + j * growth_rate, growth_rate, bn_size, drop_rate
                    )
                    for j in range(count)
                }
            )
            channels += count * growth_rate
            if i < len(block_config):
                layers: OrderedDict[str, Module] = OrderedDict(
                    norm=BatchNorm2d(channels), relu=ReLU(),
                    conv=Conv2d(channels, channels // 2, 1, bias=False), pool=AvgPool2d(2, 2),
                )  # fmt: skip
                parts[f"transition{i}"] = Sequential(layers)
                channels //= 2
        parts["norm5"] = BatchNorm2d(channels)
        self.features = Sequential(parts)
        self.classifier = Linear(channels, num_classes)
        initialize(self, linear_std=None)

    def forward(self, x: Any) -> Any:
        """(N, 3, H, W) -> (N, num_classes), for sides of at least 29."""
        return self.classifier(flat_mean(F.relu(self.features(x))))


globals().update(
    factories(
        DenseNet,
        {
            "densenet121": {},
            "densenet161": {
                "growth_rate": 48, "block_config": (6, 12, 36, 24), "num_init_features": 96,
            },
            "densenet169": {"block_config": (6, 12, 32, 32)},
            "densenet201": {"block_config": (6, 12, 48, 32)},
        },
    )
)  # fmt: skip
