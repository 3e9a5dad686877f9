"""The fully connected layer, and the one that does nothing."""

from __future__ import annotations

from typing import Any

from cltensor.core.checks import whole
from cltensor.nn import functional as F
from cltensor.nn import init
from cltensor.nn.module import Module
from cltensor.nn.parameter import Parameter


class Identity(Module):
    """Give back the input; constructor arguments are ignored."""

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
