"""ShuffleNet V2: half of the channels pass a block untouched, and shuffling mixes them.

Source: N. Ma, X. Zhang, H. Zheng and J. Sun, "ShuffleNet V2: Practical Guidelines for Efficient CNN
Architecture Design", 2018.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cltensor.models.blocks import ConvNormActivation, flat_mean
from cltensor.models.pretrained import factories
from cltensor.nn import BatchNorm2d, Conv2d, Linear, MaxPool2d, Module, ReLU, Sequential
from cltensor.nn import functional as F
from cltensor.ops.shape.join import concatenate


def _depthwise(channels: int, stride: int) -> list[Module]:
    convolution = Conv2d(channels, channels, 3, stride, 1, groups=channels, bias=False)
    return [convolution, BatchNorm2d(channels)]


def _pointwise(before: int, after: int) -> list[Module]:
    return [Conv2d(before, after, 1, bias=False), BatchNorm2d(after), ReLU()]


class ShuffleBlock(Module):
    """Two branches of half the channels; without a stride, one of them does nothing."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        half = after // 2
        self.stride = stride
        first = [*_depthwise(before, stride), *_pointwise(before, half)] if stride > 1 else []
        self.branch1 = Sequential(*first)
        self.branch2 = Sequential(
            *_pointwise(before if stride > 1 else half, half), *_depthwise(half, stride),
            *_pointwise(half, half),
        )  # fmt: skip

    def forward(self, x: Any) -> Any:
        """(N, before, H, W) -> (N, after, H / stride, W / stride)."""
        left, right = x.chunk(2, 1) if self.stride == 1 else (x, x)
        found = concatenate([self.branch1(left), self.branch2(right)], 1)
        return F.channel_shuffle(found, 2)


class ShuffleNetV2(Module):
    """A convolution, pooling, three stages of blocks, a convolution, the mean, one linear map.

    Args:    channels: of the first convolution, of each stage and of the last convolution.

    >>> ct.models.ShuffleNetV2((1, 1), (8, 16, 32, 64), num_classes=10).fc
    Linear(in_features=64, out_features=10, bias=True)
    """

    def __init__(
        self, stages_repeats: Sequence[int], stages_out_channels: Sequence[int],
        num_classes: int = 1000,
    ) -> None:  # fmt: skip
        super().__init__()
        before, *stages, last = stages_out_channels
        self.conv1 = ConvNormActivation(3, before, 3, 2)
        self.maxpool = MaxPool2d(3, 2, 1)
        for i, (count, after) in enumerate(zip(stages_repeats, stages, strict=True), 2):
            blocks = [
                ShuffleBlock(after if j else before, after, 1 if j else 2) for j in range(count)
            ]
            setattr(self, f"stage{i}", Sequential(*blocks))
            before = after
        self.stages = len(stages)
        self.conv5 = ConvNormActivation(before, last, 1)
        self.fc = Linear(last, num_classes)

    def forward(self, x: Any) -> Any:
        """(N, 3, H, W) -> (N, num_classes)."""
        x = self.maxpool(self.conv1(x))
        for i in range(self.stages):
            x = getattr(self, f"stage{i + 2}")(x)
        return self.fc(flat_mean(self.conv5(x)))


_CHANNELS = {
    "x0_5": (24, 48, 96, 192, 1024),
    "x1_0": (24, 116, 232, 464, 1024),
    "x1_5": (24, 176, 352, 704, 1024),
    "x2_0": (24, 244, 488, 976, 2048),
}

globals().update(
    factories(
        ShuffleNetV2,
        {
            f"shufflenet_v2_{name}": {"stages_repeats": (4, 8, 4), "stages_out_channels": channels}
            for name, channels in _CHANNELS.items()
        },
    )
)
