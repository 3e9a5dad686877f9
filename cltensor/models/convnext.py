"""ConvNeXt: a residual network with the proportions of a transformer.

Source: Z. Liu et al., "A ConvNet for the 2020s", 2022.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cltensor.models.blocks import StochasticDepth
from cltensor.models.pretrained import factories
from cltensor.nn import (
    GELU,
    AdaptiveAvgPool2d,
    Conv2d,
    Flatten,
    LayerNorm,
    Linear,
    Module,
    Parameter,
    Sequential,
    init,
)
from cltensor.ops.create import full


class Permute(Module):
    """The dimensions in another order."""

    def __init__(self, *dims: int) -> None:
        super().__init__()
        self.dims = dims

    def forward(self, x: Any) -> Any:
        """A view of x."""
        return x.permute(*self.dims)


class LayerNorm2d(LayerNorm):
    """Layer normalisation over the channels of each pixel."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, eps=1e-6)

    def forward(self, x: Any) -> Any:
        """(N, C, H, W) -> the same."""
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class CNBlock(Module):
    """A depthwise 7 x 7 convolution and two linear maps of the channels, scaled and added."""

    def __init__(self, channels: int, layer_scale: float, drop: float) -> None:
        super().__init__()
        self.block = Sequential(
            Conv2d(channels, channels, 7, padding=3, groups=channels), Permute(0, 2, 3, 1),
            LayerNorm(channels, eps=1e-6), Linear(channels, 4 * channels), GELU(),
            Linear(4 * channels, channels), Permute(0, 3, 1, 2),
        )  # fmt: skip
        self.layer_scale = Parameter(full((channels, 1, 1), layer_scale))
        self.stochastic_depth = StochasticDepth(drop)

    def forward(self, x: Any) -> Any:
        """(N, C, H, W) -> the same."""
        return x + self.stochastic_depth(self.layer_scale * self.block(x))


class ConvNeXt(Module):
    """Patches of 4 x 4, four stages of blocks with halving between them, the mean, a linear map.

    Args:    block_setting: (channels, blocks) of each stage.

    >>> net = ct.models.ConvNeXt(((8, 1), (16, 2)), num_classes=10)
    >>> [len(part) for part in net.features]
    [2, 1, 2, 2]
    """

    def __init__(
        self, block_setting: Sequence[tuple[int, int]], stochastic_depth_prob: float = 0.0,
        layer_scale: float = 1e-6, num_classes: int = 1000,
    ) -> None:  # fmt: skip
        super().__init__()
        total, done = sum(count for _, count in block_setting), 0
        features: list[Module] = []
        before = 3
        for channels, count in block_setting:
            if features:
                step = [LayerNorm2d(before), Conv2d(before, channels, 2, 2)]
            else:
                step = [Conv2d(before, channels, 4, 4), LayerNorm2d(channels)]
            blocks = []
            for _ in range(count):
                drop = stochastic_depth_prob * done / max(total - 1, 1)
                blocks.append(CNBlock(channels, layer_scale, drop))
                done += 1
            features += [Sequential(*step), Sequential(*blocks)]
            before = channels
        self.features = Sequential(*features)
        self.avgpool = AdaptiveAvgPool2d(1)
        self.classifier = Sequential(LayerNorm2d(before), Flatten(1), Linear(before, num_classes))
        for layer in self.modules():
            if isinstance(layer, (Conv2d, Linear)):
                init.trunc_normal_(layer.weight, std=0.02)
                if layer.bias is not None:
                    init.zeros_(layer.bias)

    def forward(self, x: Any) -> Any:
        """(N, 3, H, W) -> (N, num_classes), for sides of at least 32."""
        return self.classifier(self.avgpool(self.features(x)))


_TINY = ((96, 3), (192, 3), (384, 9), (768, 3))

globals().update(
    factories(ConvNeXt, {"convnext_tiny": {"block_setting": _TINY, "stochastic_depth_prob": 0.1}})
)
