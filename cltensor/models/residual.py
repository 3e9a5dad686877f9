"""Residual networks for photographs of 224 pixels, deep, wide and with groups.

Sources: K. He, X. Zhang, S. Ren and J. Sun, "Deep Residual Learning for Image Recognition", 2015;
S. Xie et al., "Aggregated Residual Transformations for Deep Neural Networks", 2017; S. Zagoruyko
and N. Komodakis, "Wide Residual Networks", 2016.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from cltensor.models.blocks import Norm, flat_mean, initialize
from cltensor.models.pretrained import factories
from cltensor.nn import BatchNorm2d, Conv2d, Linear, MaxPool2d, Module, ReLU, Sequential, init


class BasicBlock(Module):
    """Two 3 x 3 convolutions around which the input is added."""

    expansion = 1

    def __init__(
        self, before: int, planes: int, stride: int, shortcut: Module | None, groups: int,
        width: int, norm: Norm,
    ) -> None:  # fmt: skip
        super().__init__()
        self.conv1 = Conv2d(before, planes, 3, stride, 1, bias=False)
        self.bn1 = norm(planes)
        self.relu = ReLU()
        self.conv2 = Conv2d(planes, planes, 3, padding=1, bias=False)
        self.bn2 = norm(planes)
        self.downsample = shortcut

    def forward(self, x: Any) -> Any:
        """(N, C, H, W) -> (N, planes, H / stride, W / stride)."""
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        return self.relu(out + (x if self.downsample is None else self.downsample(x)))


class Bottleneck(Module):
    """A 3 x 3 convolution of fewer channels between two of 1 x 1, around which the input is added.

    The stride is at the 3 x 3 convolution ("ResNet v1.5").
    """

    expansion = 4

    def __init__(
        self, before: int, planes: int, stride: int, shortcut: Module | None, groups: int,
        width: int, norm: Norm,
    ) -> None:  # fmt: skip
        super().__init__()
        inner = planes * width // 64 * groups
        self.conv1 = Conv2d(before, inner, 1, bias=False)
        self.bn1 = norm(inner)
        self.conv2 = Conv2d(inner, inner, 3, stride, 1, groups=groups, bias=False)
        self.bn2 = norm(inner)
        self.conv3 = Conv2d(inner, 4 * planes, 1, bias=False)
        self.bn3 = norm(4 * planes)
        self.relu = ReLU()
        self.downsample = shortcut

    def forward(self, x: Any) -> Any:
        """(N, C, H, W) -> (N, 4 planes, H / stride, W / stride)."""
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        return self.relu(out + (x if self.downsample is None else self.downsample(x)))


class ResidualNetwork(Module):
    """torchvision's ResNet: a 7 x 7 convolution, pooling, four stages of blocks, a linear map.

    Args:    block: BasicBlock or Bottleneck; layers: blocks of each stage; groups,
             width_per_group: of the inner convolution of a Bottleneck; zero_init_residual: whether
             each block begins as the identity; norm_layer: makes the normalisations.

    >>> from cltensor.models.residual import BasicBlock
    >>> ct.models.ResidualNetwork(BasicBlock, (1, 1), num_classes=10).fc
    Linear(in_features=128, out_features=10, bias=True)
    """

    def __init__(
        self, block: Callable[..., Module], layers: Sequence[int], num_classes: int = 1000,
        zero_init_residual: bool = False, groups: int = 1, width_per_group: int = 64,
        norm_layer: Norm | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        norm = norm_layer or BatchNorm2d
        self.conv1 = Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = norm(64)
        self.relu = ReLU()
        self.maxpool = MaxPool2d(3, 2, 1)
        grow = block.expansion  # type: ignore[attr-defined]
        before = 64
        for i, count in enumerate(layers):
            planes, stride = 64 << i, 2 if i else 1
            after, blocks = planes * grow, []
            for j in range(count):
                step = 1 if j else stride
                shortcut = None
                if step != 1 or before != after:
                    shortcut = Sequential(Conv2d(before, after, 1, step, bias=False), norm(after))
                blocks.append(block(before, planes, step, shortcut, groups, width_per_group, norm))
                before = after
            setattr(self, f"layer{i + 1}", Sequential(*blocks))
        self.stages = len(layers)
        self.fc = Linear(before, num_classes)
        initialize(self, linear_std=None)
        if zero_init_residual:
            for each in self.modules():
                if isinstance(each, (BasicBlock, Bottleneck)):
                    last = each.bn2 if isinstance(each, BasicBlock) else each.bn3
                    init.zeros_(last.weight)

    def forward(self, x: Any) -> Any:
        """(N, 3, H, W) -> (N, num_classes)."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        for i in range(self.stages):
            x = getattr(self, f"layer{i + 1}")(x)
        return self.fc(flat_mean(x))


_DEPTHS: dict[int, tuple[Any, tuple[int, ...]]] = {
    18: (BasicBlock, (2, 2, 2, 2)),
    34: (BasicBlock, (3, 4, 6, 3)),
    50: (Bottleneck, (3, 4, 6, 3)),
    101: (Bottleneck, (3, 4, 23, 3)),
    152: (Bottleneck, (3, 8, 36, 3)),
}
_WIDER = {
    "resnext50_32x4d": (50, {"groups": 32, "width_per_group": 4}),
    "wide_resnet50_2": (50, {"width_per_group": 128}),
    "wide_resnet101_2": (101, {"width_per_group": 128}),
}

globals().update(
    factories(
        ResidualNetwork,
        {
            name: {"block": _DEPTHS[depth][0], "layers": _DEPTHS[depth][1], **more}
            for name, (depth, more) in ({f"resnet{d}": (d, {}) for d in _DEPTHS} | _WIDER).items()
        },
    )
)
