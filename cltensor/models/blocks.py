"""Parts that several families of convolutional networks are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cltensor.nn import (
    AdaptiveAvgPool2d,
    BatchNorm2d,
    Conv2d,
    Linear,
    Module,
    ReLU,
    Sequential,
    Sigmoid,
    init,
)
from cltensor.ops.create import full
from cltensor.ops.random.draw import bernoulli

#: Makes a layer for a number of channels.
Norm = Callable[[int], Module]


def make_divisible(channels: float, divisor: int = 8) -> int:
    """The multiple of `divisor` nearest to `channels`, and at least nine tenths of it."""
    rounded = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * channels else rounded


class ConvNormActivation(Sequential):
    """A convolution that keeps the size (but for its stride), a normalisation, an activation.

    Args:    norm, activation: what makes these layers, None for none; bias: of the convolution, by
             default where no normalisation follows.
    """

    def __init__(
        self, before: int, after: int, kernel_size: int = 3, stride: int = 1, groups: int = 1,
        norm: Norm | None = BatchNorm2d, activation: Callable[[], Module] | None = ReLU,
        dilation: int = 1, padding: int | None = None, bias: bool | None = None,
    ) -> None:  # fmt: skip
        padding = (kernel_size - 1) // 2 * dilation if padding is None else padding
        bias = norm is None if bias is None else bias
        layers: list[Module] = [
            Conv2d(before, after, kernel_size, stride, padding, dilation, groups, bias)
        ]
        layers += [] if norm is None else [norm(after)]
        layers += [] if activation is None else [activation()]
        super().__init__(*layers)


class SqueezeExcitation(Module):
    """Each channel times a factor that two 1 x 1 convolutions make of all channels' means.

    Source:  J. Hu, L. Shen and G. Sun, "Squeeze-and-Excitation Networks", 2018.
    """

    def __init__(
        self, channels: int, squeezed: int, activation: Callable[[], Module] = ReLU,
        scale: Callable[[], Module] = Sigmoid,
    ) -> None:  # fmt: skip
        super().__init__()
        self.avgpool = AdaptiveAvgPool2d(1)
        self.fc1 = Conv2d(channels, squeezed, 1)
        self.fc2 = Conv2d(squeezed, channels, 1)
        self.activation = activation()
        self.scale_activation = scale()

    def forward(self, x: Any) -> Any:
        """(N, C, H, W) -> the same."""
        found = self.activation(self.fc1(self.avgpool(x)))
        return x * self.scale_activation(self.fc2(found))


class StochasticDepth(Module):
    """In training, zero for some examples, and the others divided by their share.

    Args:    p: probability of zero.
    Source:  G. Huang et al., "Deep Networks with Stochastic Depth", 2016.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Any) -> Any:
        """(N, ...) -> the same."""
        if not self.training or not self.p:
            return x
        kept = 1.0 - self.p
        shape = (x.shape[0],) + (1,) * (x.ndim - 1)
        mask = bernoulli(full(shape, kept, dtype=x.dtype, device=x.device))
        return x * (mask / kept)


def flat_mean(x: Any) -> Any:
    """The mean of each channel: (N, C, H, W) -> (N, C)."""
    return x.mean(axis=(2, 3))


def initialize(model: Module, linear_std: float | None = 0.01) -> None:
    """Convolutions as He et al. for the gradient's size, linear maps as small normal numbers.

    linear_std: None leaves linear maps as they are.
    """
    for layer in model.modules():
        if isinstance(layer, Conv2d):
            init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
        elif isinstance(layer, Linear) and linear_std is not None:
            init.normal_(layer.weight, 0.0, linear_std)
        else:
            continue
        if layer.bias is not None:
            init.zeros_(layer.bias)
