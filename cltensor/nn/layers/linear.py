"""Fully connected layers, and the one that does nothing."""

from __future__ import annotations

import math
from typing import Any

from cltensor.core.checks import whole
from cltensor.nn import functional as F
from cltensor.nn import init
from cltensor.nn.module import Module
from cltensor.nn.parameter import Parameter


class Identity(Module):
    """Give back the input; constructor arguments are ignored.

    >>> nn.Identity()(ct.ones(2))
    tensor([1., 1.])
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, x: Any) -> Any:
        """(any shape) -> the same."""
        return x


class Affine(Module):
    """What layers with a weight and a bias per output share.

    Args:    shape: the weight's; biases: their number, 0 for none.
    State:   weight, bias (biases,); both start uniform in +-1/sqrt(fan_in).
    """

    def __init__(self, shape: tuple[int, ...], biases: int, device: Any, dtype: Any) -> None:
        super().__init__()
        self.weight = Parameter(init.empty(shape, dtype, device))
        self.bias: Parameter | None
        if biases:
            self.bias = Parameter(init.empty((biases,), dtype, device))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new initial weights."""
        init.default_(self.weight, self.bias)


class Linear(Affine):
    """An affine map of the last dimension.

        out = x @ weight.T + bias

    Args:    in_features, out_features: sizes of the last dimension before and after.
    State:   weight (out_features, in_features), bias (out_features,); both start uniform in
             +-1/sqrt(in_features).

    >>> layer = nn.Linear(3, 2)
    >>> layer(ct.ones(4, 3)).shape, layer.weight.shape
    (Size([4, 2]), Size([2, 3]))
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        in_features = whole("Linear", "in_features", in_features)
        out_features = whole("Linear", "out_features", out_features)
        biases = out_features if bias else 0
        super().__init__((out_features, in_features), biases, device, dtype)
        self.in_features = in_features
        self.out_features = out_features

    def forward(self, x: Any) -> Any:
        """(..., in_features) -> (..., out_features)."""
        return F.linear(x, self.weight, self.bias)

    def extra_repr(self) -> str:
        """See Module."""
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}"
        )


class Bilinear(Affine):
    """A bilinear map of the last dimensions of two inputs.

        out[o] = x1 @ weight[o] @ x2 + bias[o]

    Args:    in1_features, in2_features, out_features: sizes of the last dimensions.
    State:   weight (out_features, in1_features, in2_features), bias (out_features,); both start
             uniform in +-1/sqrt(in1_features).

    >>> nn.Bilinear(3, 4, 5)(ct.ones(2, 3), ct.ones(2, 4)).shape
    Size([2, 5])
    """

    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        sizes = (
            whole("Bilinear", "out_features", out_features),
            whole("Bilinear", "in1_features", in1_features, 1),
            whole("Bilinear", "in2_features", in2_features),
        )
        super().__init__(sizes, out_features if bias else 0, device, dtype)
        self.in1_features = in1_features
        self.in2_features = in2_features
        self.out_features = out_features

    def reset_parameters(self) -> None:
        """Draw new initial weights."""
        bound = 1 / math.sqrt(self.weight.shape[1])
        for value in (self.weight, self.bias):
            if value is not None:
                init.uniform_(value, -bound, bound)

    def forward(self, input1: Any, input2: Any) -> Any:
        """(..., in1_features), (..., in2_features) -> (..., out_features)."""
        return F.bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        """See Module."""
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, "
            f"out_features={self.out_features}, bias={self.bias is not None}"
        )
