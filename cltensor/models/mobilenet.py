"""MobileNet V2 and V3: inverted residual blocks, whose inner layers are wide and depthwise.

Sources: M. Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", 2018;
A. Howard et al., "Searching for MobileNetV3", 2019.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from cltensor.models.blocks import (
    ConvNormActivation,
    Norm,
    SqueezeExcitation,
    flat_mean,
    initialize,
    make_divisible,
)
from cltensor.models.pretrained import factories
from cltensor.nn import (
    BatchNorm2d,
    Conv2d,
    Dropout,
    Hardsigmoid,
    Hardswish,
    Linear,
    Module,
    ReLU,
    ReLU6,
    Sequential,
)


class InvertedResidual(Module):
    """More channels, a depthwise convolution, fewer channels; the input is added where it fits."""

    def __init__(self, before: int, after: int, stride: int, expand: int, norm: Norm) -> None:
        super().__init__()
        inner = before * expand
        layers: list[Module] = []
        if expand != 1:
            layers.append(ConvNormActivation(before, inner, 1, norm=norm, activation=ReLU6))
        layers += [
            ConvNormActivation(inner, inner, 3, stride, inner, norm, ReLU6),
            Conv2d(inner, after, 1, bias=False),
            norm(after),
        ]
        self.conv = Sequential(*layers)
        self.adds = stride == 1 and before == after

    def forward(self, x: Any) -> Any:
        """(N, before, H, W) -> (N, after, H / stride, W / stride)."""
        return x + self.conv(x) if self.adds else self.conv(x)


#: Of each stage of V2: times more channels inside, channels, blocks, stride of the first.
_V2 = (
    (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2),
    (6, 320, 1, 1),
)  # fmt: skip


class MobileNetV2(Module):
    """Inverted residual blocks between two convolutions, the mean, one linear map.

    Args:    width_mult: times as many channels in each layer.

    >>> [
    ...     ct.models.MobileNetV2(10, width_mult=w).features[0][0].out_channels
    ...     for w in (0.5, 1.0)
    ... ]
    [16, 32]
    """

    def __init__(
        self, num_classes: int = 1000, width_mult: float = 1.0,
        inverted_residual_setting: Sequence[Sequence[int]] = _V2, round_nearest: int = 8,
        norm_layer: Norm = BatchNorm2d, dropout: float = 0.2,
    ) -> None:  # fmt: skip
        super().__init__()
        before = make_divisible(32 * width_mult, round_nearest)
        self.last_channel = make_divisible(1280 * max(1.0, width_mult), round_nearest)
        features: list[Module] = [
            ConvNormActivation(3, before, 3, 2, norm=norm_layer, activation=ReLU6)
        ]
        for expand, channels, count, stride in inverted_residual_setting:
            after = make_divisible(channels * width_mult, round_nearest)
            for i in range(count):
                step = 1 if i else stride
                features.append(InvertedResidual(before, after, step, expand, norm_layer))
                before = after
        features.append(
            ConvNormActivation(before, self.last_channel, 1, norm=norm_layer, activation=ReLU6)
        )
        self.features = Sequential(*features)
        self.classifier = Sequential(Dropout(dropout), Linear(self.last_channel, num_classes))
        initialize(self)

    def forward(self, x: Any) -> Any:
        """(N, 3, H, W) -> (N, num_classes)."""
        return self.classifier(flat_mean(self.features(x)))


class ScaledResidual(Module):
    """V3's block: as V2's, with channels scaled by their means in some, and other activations.

    Args:    kernel, inner, after, squeezes, hard, stride: a row of the tables below.
    """

    def __init__(
        self, before: int, kernel: int, inner: int, after: int, squeezes: int, hard: int,
        stride: int, norm: Norm,
    ) -> None:  # fmt: skip
        super().__init__()
        activation = Hardswish if hard else ReLU
        layers: list[Module] = []
        if inner != before:
            layers.append(ConvNormActivation(before, inner, 1, norm=norm, activation=activation))
        layers.append(ConvNormActivation(inner, inner, kernel, stride, inner, norm, activation))
        if squeezes:
            squeezed = make_divisible(inner // 4)
            layers.append(SqueezeExcitation(inner, squeezed, scale=Hardsigmoid))
        layers.append(ConvNormActivation(inner, after, 1, norm=norm, activation=None))
        self.block = Sequential(*layers)
        self.adds = stride == 1 and before == after

    def forward(self, x: Any) -> Any:
        """(N, before, H, W) -> (N, after, H / stride, W / stride)."""
        return x + self.block(x) if self.adds else self.block(x)


#: Of each block of V3: size, channels inside, channels, whether it squeezes, whether its activation
#: is Hardswish, stride.
_LARGE = (
    (3, 16, 16, 0, 0, 1), (3, 64, 24, 0, 0, 2), (3, 72, 24, 0, 0, 1), (5, 72, 40, 1, 0, 2),
    (5, 120, 40, 1, 0, 1), (5, 120, 40, 1, 0, 1), (3, 240, 80, 0, 1, 2), (3, 200, 80, 0, 1, 1),
    (3, 184, 80, 0, 1, 1), (3, 184, 80, 0, 1, 1), (3, 480, 112, 1, 1, 1), (3, 672, 112, 1, 1, 1),
    (5, 672, 160, 1, 1, 2), (5, 960, 160, 1, 1, 1), (5, 960, 160, 1, 1, 1),
)  # fmt: skip
_SMALL = (
    (3, 16, 16, 1, 0, 2), (3, 72, 24, 0, 0, 2), (3, 88, 24, 0, 0, 1), (5, 96, 40, 1, 1, 2),
    (5, 240, 40, 1, 1, 1), (5, 240, 40, 1, 1, 1), (5, 120, 48, 1, 1, 1), (5, 144, 48, 1, 1, 1),
    (5, 288, 96, 1, 1, 2), (5, 576, 96, 1, 1, 1), (5, 576, 96, 1, 1, 1),
)  # fmt: skip


class MobileNetV3(Module):
    """V3's blocks between two convolutions, the mean, two linear maps.

    Args:    blocks: rows as those of the tables above; last_channel: between the linear maps.

    >>> block = (3, 16, 16, 1, 0, 2)
    >>> ct.models.MobileNetV3([block], last_channel=32, num_classes=10).classifier
    Sequential(
      (0): Linear(in_features=96, out_features=32, bias=True)
      (1): Hardswish()
      (2): Dropout(p=0.2, inplace=False)
      (3): Linear(in_features=32, out_features=10, bias=True)
    )
    """

    def __init__(
        self, blocks: Sequence[Sequence[int]], last_channel: int, num_classes: int = 1000,
        norm_layer: Norm | None = None, dropout: float = 0.2,
    ) -> None:  # fmt: skip
        super().__init__()
        norm = norm_layer or partial(BatchNorm2d, eps=0.001, momentum=0.01)
        before = 16
        features: list[Module] = [
            ConvNormActivation(3, before, 3, 2, norm=norm, activation=Hardswish)
        ]
        for kernel, inner, after, squeezes, hard, stride in blocks:
            features.append(
                ScaledResidual(before, kernel, inner, after, squeezes, hard, stride, norm)
            )
            before = after
        wide = 6 * before
        features.append(ConvNormActivation(before, wide, 1, norm=norm, activation=Hardswish))
        self.features = Sequential(*features)
        self.classifier = Sequential(
            Linear(wide, last_channel), Hardswish(), Dropout(dropout),
            Linear(last_channel, num_classes),
        )  # fmt: skip
        initialize(self)

    def forward(self, x: Any) -> Any:
        """(N, 3, H, W) -> (N, num_classes)."""
        return self.classifier(flat_mean(self.features(x)))


globals().update(
    factories(MobileNetV2, {"mobilenet_v2": {}}),
    **factories(
        MobileNetV3,
        {
            "mobilenet_v3_large": {"blocks": _LARGE, "last_channel": 1280},
            "mobilenet_v3_small": {"blocks": _SMALL, "last_channel": 1024},
        },
    ),
)
