"""GoogLeNet: branches of several sizes side by side, and two more classifiers in training.

Source: C. Szegedy et al., "Going Deeper with Convolutions", 2015, with batch normalisation.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

from cltensor.models.blocks import flat_mean
from cltensor.models.pretrained import factories
from cltensor.nn import (
    AdaptiveAvgPool2d,
    BatchNorm2d,
    Conv2d,
    Dropout,
    Linear,
    MaxPool2d,
    Module,
    Sequential,
    init,
)
from cltensor.nn import functional as F
from cltensor.ops.shape.join import concatenate, stack


class GoogLeNetOutputs(NamedTuple):
    """What it gives in training: its scores, and those of the classifiers on the way.

    >>> ct.models.GoogLeNetOutputs(ct.zeros(2, 10), ct.zeros(2, 10), ct.zeros(2, 10))._fields
    ('logits', 'aux_logits2', 'aux_logits1')
    """

    logits: Any
    aux_logits2: Any
    aux_logits1: Any


class BasicConv2d(Module):
    """A convolution, batch normalisation and ReLU."""

    def __init__(self, before: int, after: int, size: int, **options: Any) -> None:
        super().__init__()
        self.conv = Conv2d(before, after, size, bias=False, **options)
        self.bn = BatchNorm2d(after, eps=0.001)

    def forward(self, x: Any) -> Any:
        """(N, before, H, W) -> (N, after, ...)."""
        return F.relu(self.bn(self.conv(x)))


class Inception(Module):
    """Four branches: 1 x 1, two with a 3 x 3 after a 1 x 1, and pooling.

    Args:    one: channels of the first branch; three, five: (inner, outer) of the next two, of
             which the second has 3 x 3 too, as torchvision's; pool: of the last.
    """

    def __init__(
        self, before: int, one: int, three: tuple[int, int], five: tuple[int, int], pool: int
    ) -> None:
        super().__init__()
        self.branch1 = BasicConv2d(before, one, 1)
        self.branch2 = Sequential(
            BasicConv2d(before, three[0], 1), BasicConv2d(*three, 3, padding=1)
        )
        self.branch3 = Sequential(BasicConv2d(before, five[0], 1), BasicConv2d(*five, 3, padding=1))
        self.branch4 = Sequential(MaxPool2d(3, 1, 1, ceil_mode=True), BasicConv2d(before, pool, 1))

    def forward(self, x: Any) -> Any:
        """(N, before, H, W) -> (N, the sum of the branches' channels, H, W)."""
        branches = (self.branch1, self.branch2, self.branch3, self.branch4)
        return concatenate([branch(x) for branch in branches], 1)


class InceptionAux(Module):
    """A classifier on the way."""

    def __init__(self, before: int, num_classes: int, dropout: float) -> None:
        super().__init__()
        self.avgpool = AdaptiveAvgPool2d((4, 4))
        self.conv = BasicConv2d(before, 128, 1)
        self.fc1 = Linear(2048, 1024)
        self.fc2 = Linear(1024, num_classes)
        self.dropout = Dropout(dropout)

    def forward(self, x: Any) -> Any:
        """(N, before, H, W) -> (N, num_classes)."""
        x = self.conv(self.avgpool(x)).flatten(1)
        return self.fc2(self.dropout(F.relu(self.fc1(x))))


_BLOCKS: dict[str, tuple[int, int, tuple[int, int], tuple[int, int], int]] = {
    "3a": (192, 64, (96, 128), (16, 32), 32),
    "3b": (256, 128, (128, 192), (32, 96), 64),
    "4a": (480, 192, (96, 208), (16, 48), 64),
    "4b": (512, 160, (112, 224), (24, 64), 64),
    "4c": (512, 128, (128, 256), (24, 64), 64),
    "4d": (512, 112, (144, 288), (32, 64), 64),
    "4e": (528, 256, (160, 320), (32, 128), 128),
    "5a": (832, 256, (160, 320), (32, 128), 128),
    "5b": (832, 384, (192, 384), (48, 128), 128),
}
#: Classifiers before a block, and poolings.
_AUX = {"4b": "aux1", "4e": "aux2"}
_POOLS = {"4a": "maxpool3", "5a": "maxpool4"}


class GoogLeNet(Module):
    """Nine Inception blocks after three convolutions, and one linear map.

    Args:    aux_logits: whether it has the two classifiers on the way, whose scores it gives in
             training too; transform_input: for images normalised as torchvision's that the weights
             of the paper shall see as theirs.

    >>> ct.models.GoogLeNet(
    ...     num_classes=10, aux_logits=False
    ... ).inception5b.branch1.conv.out_channels
    384
    """

    def __init__(
        self, num_classes: int = 1000, aux_logits: bool = True, transform_input: bool = False,
        init_weights: bool = True, dropout: float = 0.2, dropout_aux: float = 0.7,
    ) -> None:  # fmt: skip
        super().__init__()
        self.aux_logits, self.transform_input = aux_logits, transform_input
        pool = partial(MaxPool2d, stride=2, ceil_mode=True)
        self.conv1 = BasicConv2d(3, 64, 7, stride=2, padding=3)
        self.maxpool1 = pool(3)
        self.conv2 = BasicConv2d(64, 64, 1)
        self.conv3 = BasicConv2d(64, 192, 3, padding=1)
        self.maxpool2, self.maxpool3, self.maxpool4 = pool(3), pool(3), pool(2)
        for name, given in _BLOCKS.items():
            setattr(self, f"inception{name}", Inception(*given))
        self.aux1 = InceptionAux(512, num_classes, dropout_aux) if aux_logits else None
        self.aux2 = InceptionAux(528, num_classes, dropout_aux) if aux_logits else None
        self.dropout = Dropout(dropout)
        self.fc = Linear(1024, num_classes)
        for each in self.modules() if init_weights else ():
            if isinstance(each, (Conv2d, Linear)):
                init.trunc_normal_(each.weight, std=0.01, a=-2.0, b=2.0)

    def forward(self, x: Any) -> Any:
        """(N, 3, H, W) -> (N, num_classes), or GoogLeNetOutputs in training."""
        if self.transform_input:
            mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
            parts = [x[:, c] * (std[c] / 0.5) + (mean[c] - 0.5) / 0.5 for c in range(3)]
            x = stack(parts, 1)
        x = self.maxpool1(self.conv1(x))
        x = self.maxpool2(self.conv3(self.conv2(x)))
        extra = {}
        for name in _BLOCKS:
            if name in _POOLS:
                x = getattr(self, _POOLS[name])(x)
            if name in _AUX and self.aux_logits and self.training:
                extra[name] = getattr(self, _AUX[name])(x)
            x = getattr(self, f"inception{name}")(x)
        x = self.fc(self.dropout(flat_mean(x)))
        return GoogLeNetOutputs(x, extra["4e"], extra["4b"]) if extra else x


globals().update(factories(GoogLeNet, {"googlenet": {}}, {"transform_input": True}))
