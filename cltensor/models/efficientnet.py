"""EfficientNet-B0, and Lite0, which leaves out what is slow on small machines.

Sources: M. Tan and Q. Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural
Networks", 2019; R. Liu, "Higher accuracy on vision models with EfficientNet-Lite", 2020.
"""

from __future__ import annotations

from typing import Any

from cltensor.models.blocks import (
    ConvNormActivation,
    SqueezeExcitation,
    StochasticDepth,
    flat_mean,
    initialize,
)
from cltensor.models.pretrained import factories
from cltensor.nn import (
    BatchNorm2d,
    Conv2d,
    Dropout,
    Linear,
    Module,
    ModuleList,
    ReLU6,
    Sequential,
    SiLU,
    init,
)
from cltensor.nn import functional as F
from cltensor.ops.shape.join import pad

#: Of each stage: times more channels inside, size, stride, channels, blocks.
_STAGES = (
    (1, 3, 1, 16, 1), (6, 3, 2, 24, 2), (6, 5, 2, 40, 2), (6, 3, 2, 80, 3), (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4), (6, 3, 1, 320, 1),
)  # fmt: skip
_BLOCKS = sum(count for *_, count in _STAGES)


class MBConv(Module):
    """More channels, a depthwise convolution, a factor for each channel, fewer channels; the input
    is added where it fits, and then the block is left out now and then."""

    def __init__(
        self, before: int, after: int, expand: int, size: int, stride: int, drop: float
    ) -> None:
        super().__init__()
        inner = before * expand
        layers: list[Module] = []
        if expand != 1:
            layers.append(ConvNormActivation(before, inner, 1, activation=SiLU))
        layers += [
            ConvNormActivation(inner, inner, size, stride, inner, activation=SiLU),
            SqueezeExcitation(inner, max(1, before // 4), SiLU),
            ConvNormActivation(inner, after, 1, activation=None),
        ]
        self.block = Sequential(*layers)
        self.stochastic_depth = StochasticDepth(drop)
        self.adds = stride == 1 and before == after

    def forward(self, x: Any) -> Any:
        """(N, before, H, W) -> (N, after, H / stride, W / stride)."""
        return x + self.stochastic_depth(self.block(x)) if self.adds else self.block(x)


class EfficientNet(Module):
    """B0: seven stages of blocks between two convolutions, the mean, one linear map.

    >>> len(ct.models.EfficientNet(num_classes=10).features)
    9
    """

    def __init__(
        self, num_classes: int = 1000, dropout: float = 0.2, stochastic_depth_prob: float = 0.2
    ) -> None:
        super().__init__()
        before, done = 32, 0
        features: list[Module] = [ConvNormActivation(3, before, 3, 2, activation=SiLU)]
        for expand, size, stride, after, count in _STAGES:
            blocks = []
            for i in range(count):
                drop = stochastic_depth_prob * done / _BLOCKS
                blocks.append(MBConv(before, after, expand, size, 1 if i else stride, drop))
                before, done = after, done + 1
            features.append(Sequential(*blocks))
        features.append(ConvNormActivation(before, 4 * before, 1, activation=SiLU))
        self.features = Sequential(*features)
        self.classifier = Sequential(Dropout(dropout), Linear(4 * before, num_classes))
        initialize(self, linear_std=None)
        reach = num_classes**-0.5
        init.uniform_(self.classifier[1].weight, -reach, reach)
        init.zeros_(self.classifier[1].bias)

    def forward(self, x: Any) -> Any:
        """(N, 3, H, W) -> (N, num_classes)."""
        return self.classifier(flat_mean(self.features(x)))


class SameConv2d(Conv2d):
    """A convolution that gives ceil(H / stride) rows, as TensorFlow's "SAME": what is missing on
    both sides is split, and the odd row is at the end."""

    def forward(self, input: Any) -> Any:
        """(N, C, H, W) -> (N, K, ceil(H / stride), ceil(W / stride))."""
        height, width = input.shape[-2:]
        lacks = [
            max(-(-n // step) * step - step + size - n, 0)
            for n, size, step in zip(
                (width, height), self.kernel_size[::-1], self.stride[::-1], strict=True
            )
        ]
        x, y = lacks
        if not x and not y:
            return super().forward(input)
        return super().forward(pad(input, (x // 2, x - x // 2, y // 2, y - y // 2)))


def _lite_norm(channels: int) -> BatchNorm2d:
    return BatchNorm2d(channels, eps=0.001, momentum=0.01)


class LiteBlock(Module):
    """As MBConv, with ReLU6 and no factors for the channels."""

    def __init__(
        self, before: int, after: int, expand: int, size: int, stride: int, drop: float
    ) -> None:
        super().__init__()
        inner = before * expand
        self.expands = expand != 1
        if self.expands:
            self._expand_conv = SameConv2d(before, inner, 1, bias=False)
            self._bn0 = _lite_norm(inner)
        self._depthwise_conv = SameConv2d(inner, inner, size, stride, groups=inner, bias=False)
        self._bn1 = _lite_norm(inner)
        self._project_conv = SameConv2d(inner, after, 1, bias=False)
        self._bn2 = _lite_norm(after)
        self.stochastic_depth = StochasticDepth(drop)
        self.adds = stride == 1 and before == after

    def forward(self, x: Any) -> Any:
        """(N, before, H, W) -> (N, after, ceil(H / stride), ceil(W / stride))."""
        found = F.relu6(self._bn0(self._expand_conv(x))) if self.expands else x
        found = F.relu6(self._bn1(self._depthwise_conv(found)))
        found = self._bn2(self._project_conv(found))
        return x + self.stochastic_depth(found) if self.adds else found


class EfficientNetLite(Module):
    """Lite0, with the names of the public checkpoint, whose images are (pixel - 127) / 128.

    >>> ct.models.EfficientNetLite(num_classes=10)._fc
    Linear(in_features=1280, out_features=10, bias=True)
    """

    def __init__(
        self, num_classes: int = 1000, dropout: float = 0.2, stochastic_depth_prob: float = 0.2
    ) -> None:
        super().__init__()
        before = 32
        self._conv_stem = SameConv2d(3, before, 3, 2, bias=False)
        self._bn0 = _lite_norm(before)
        blocks: list[Module] = []
        for expand, size, stride, after, count in _STAGES:
            for i in range(count):
                drop = stochastic_depth_prob * len(blocks) / _BLOCKS
                blocks.append(LiteBlock(before, after, expand, size, 1 if i else stride, drop))
                before = after
        self._blocks = ModuleList(blocks)
        self._conv_head = SameConv2d(before, 4 * before, 1, bias=False)
        self._bn1 = _lite_norm(4 * before)
        self._dropout = Dropout(dropout)
        self._activation = ReLU6()
        self._fc = Linear(4 * before, num_classes)
        initialize(self, linear_std=None)

    def forward(self, x: Any) -> Any:
        """(N, 3, H, W) -> (N, num_classes)."""
        x = self._activation(self._bn0(self._conv_stem(x)))
        for block in self._blocks:
            x = block(x)
        x = self._activation(self._bn1(self._conv_head(x)))
        return self._fc(self._dropout(flat_mean(x)))


globals().update(
    factories(EfficientNet, {"efficientnet_b0": {}}),
    **factories(EfficientNetLite, {"efficientnet_lite0": {}}),
)
