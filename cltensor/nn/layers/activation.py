"""Activation layers; pickles of earlier versions find those of `softmax.py` here, too."""

from __future__ import annotations

import warnings
from typing import Any

from cltensor.core.checks import whole
from cltensor.nn import functional as F
from cltensor.nn import init as initial
from cltensor.nn.layers.options import WithOptions
from cltensor.nn.layers.softmax import LogSoftmax as LogSoftmax
from cltensor.nn.layers.softmax import Softmax as Softmax
from cltensor.nn.layers.softmax import Softmax2d as Softmax2d
from cltensor.nn.layers.softmax import Softmin as Softmin
from cltensor.nn.module import Module
from cltensor.nn.parameter import Parameter


class _InPlace(WithOptions):
    """Base of layers with PyTorch's flag `inplace`: the input takes the result, and is returned."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def extra_repr(self) -> str:
        """See Module."""
        own = super().extra_repr()
        return ", ".join([*([own] if own else []), *(["inplace=True"] if self.inplace else [])])


class ReLU(_InPlace):
    """max(0, x).

    >>> nn.ReLU()(ct.tensor([-2.0, 0.5]))
    tensor([0.0000, 0.5000])
    """

    def forward(self, x: Any) -> Any:
        """(any shape) -> the same."""
        return F.relu(x, self.inplace)


class Hardtanh(_InPlace):
    """x held between min_val and max_val; the gradient is 0 at both, too.

    >>> nn.Hardtanh()(ct.tensor([-2.0, 0.5, 2.0]))
    tensor([-1.0000,  0.5000,  1.0000])
    """

    _shown: tuple[str, ...] = ("min_val", "max_val")

    def __init__(
        self,
        min_val: float = -1.0,
        max_val: float = 1.0,
        inplace: bool = False,
        min_value: float | None = None,
        max_value: float | None = None,
    ) -> None:
        super().__init__(inplace)
        if min_value is not None or max_value is not None:
            warnings.warn(
                "Hardtanh: min_value and max_value are deprecated; use min_val and max_val",
                FutureWarning,
                stacklevel=2,
            )
            min_val = min_val if min_value is None else min_value
            max_val = max_val if max_value is None else max_value
        if max_val <= min_val:
            raise ValueError(
                f"{type(self).__name__}: min_val is {min_val}, max_val {max_val}; give less and "
                "more"
            )
        self.min_val, self.max_val = min_val, max_val

    def forward(self, x: Any) -> Any:
        """(any shape) -> the same."""
        return F.hardtanh(x, self.min_val, self.max_val, self.inplace)


class ReLU6(Hardtanh):
    """min(max(0, x), 6).

    >>> nn.ReLU6()(ct.tensor([-2.0, 0.5, 9.0]))
    tensor([0.0000, 0.5000, 6.0000])
    """

    _shown = ()

    def __init__(self, inplace: bool = False) -> None:
        super().__init__(0.0, 6.0, inplace)


class SiLU(_InPlace):
    """x * sigmoid(x).

    >>> nn.SiLU()(ct.tensor([0.0, 1.0]))
    tensor([0.0000, 0.7311])
    """

    def forward(self, x: Any) -> Any:
        """(any shape) -> the same."""
        return F.silu(x, self.inplace)


class Mish(_InPlace):
    """x * tanh(softplus(x)).

    >>> nn.Mish()(ct.tensor([0.0, 1.0]))
    tensor([0.0000, 0.8651])
    """

    def forward(self, x: Any) -> Any:
        """(any shape) -> the same."""
        return F.mish(x, self.inplace)


class SELU(_InPlace):
    """ELU scaled so that layers keep mean 0 and variance 1.

    >>> nn.SELU()(ct.tensor([-1.0, 1.0]))
    tensor([-1.1113,  1.0507])
    """

    def forward(self, x: Any) -> Any:
        """(any shape) -> the same."""
        return F.selu(x, self.inplace)


class _Hard(_InPlace):
    # PyTorch does not show the flag of these.
    def extra_repr(self) -> str:
        """See Module."""
        return ""


class Hardsigmoid(_Hard):
    """relu6(x + 3) / 6.

    >>> nn.Hardsigmoid()(ct.tensor([-3.0, 0.0, 3.0]))
    tensor([0.0000, 0.5000, 1.0000])
    """

    def forward(self, x: Any) -> Any:
        """(any shape) -> the same."""
        return F.hardsigmoid(x, self.inplace)


class Hardswish(_Hard):
    """x * relu6(x + 3) / 6.

    >>> nn.Hardswish()(ct.tensor([-1.0, 3.0]))
    tensor([-0.3333,  3.0000])
    """

    def forward(self, x: Any) -> Any:
        """(any shape) -> the same."""
        return F.hardswish(x, self.inplace)


class LeakyReLU(_InPlace):
    """x where it is positive, else negative_slope * x.

    >>> nn.LeakyReLU(0.1)(ct.tensor([-2.0, 0.5]))
    tensor([-0.2000,  0.5000])
    """

    _shown = ("negative_slope",)

    def __init__(self, negative_slope: float = 1e-2, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.negative_slope = negative_slope

    def forward(self, x: Any) -> Any:
        """(any shape) -> the same."""
        return F.leaky_relu(x, self.negative_slope, self.inplace)


class RReLU(_InPlace):
    """LeakyReLU whose slopes are drawn between lower and upper, one for each element, in training;
    in evaluation it is their mean.

    >>> nn.RReLU(0.25, 0.75).eval()(ct.tensor([-2.0, 1.0]))
    tensor([-1.,  1.])
    """

    _shown = ("lower", "upper")

    def __init__(
        self, lower: float = 1.0 / 8, upper: float = 1.0 / 3, inplace: bool = False
    ) -> None:
        super().__init__(inplace)
        self.lower, self.upper = lower, upper

    def forward(self, x: Any) -> Any:
        """(any shape) -> the same."""
        return F.rrelu(x, self.lower, self.upper, self.training, self.inplace)


class PReLU(WithOptions):
    """x where it is positive, else weight * x.

    Args:    num_parameters: 1, or one for each channel of inputs (N, C, ...); init: their start.
    State:   weight (num_parameters,).
    Source:  He et al. 2015.

    >>> nn.PReLU()(ct.tensor([-1.0, 1.0])).detach()
    tensor([-0.2500,  1.0000])
    """

    _shown = ("num_parameters",)

    def __init__(
        self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.num_parameters = whole("PReLU", "num_parameters", num_parameters, 1)
        self.init = init
        self.weight = Parameter(initial.empty((num_parameters,), dtype, device))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the initial slopes."""
        initial.constant_(self.weight, self.init)

    def forward(self, x: Any) -> Any:
        """(N, C, ...) -> the same."""
        return F.prelu(x, self.weight)


class ELU(_InPlace):
    """x where it is positive, else alpha * (exp(x) - 1).

    >>> nn.ELU()(ct.tensor([-1.0, 1.0]))
    tensor([-0.6321,  1.0000])
    """

    _shown = ("alpha",)

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.alpha = alpha

    def forward(self, x: Any) -> Any:
        """(any shape) -> the same."""
        return F.elu(x, self.alpha, self.inplace)


class CELU(ELU):
    """x where it is positive, else alpha * (exp(x / alpha) - 1).

    >>> nn.CELU()(ct.tensor([-1.0, 1.0]))
    tensor([-0.6321,  1.0000])
    """

    def forward(self, x: Any) -> Any:
        """(any shape) -> the same."""
        return F.celu(x, self.alpha, self.inplace)


class Threshold(_InPlace):
    """x, and `value` where it is not above `threshold`.

    >>> nn.Threshold(0.5, 9.0)(ct.tensor([0.1, 1.0]))
    tensor([9., 1.])
    """

    _shown = ("threshold", "value")

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.threshold, self.value = threshold, value

    def forward(self, x: Any) -> Any:
        """(any shape) -> the same."""
        return F.threshold(x, self.threshold, self.value, self.inplace)


class Tanh(Module):
    """The hyperbolic tangent.

    >>> nn.Tanh()(ct.tensor([0.0, 1.0]))
    tensor([0.0000, 0.7616])
    """

    def forward(self, x: Any) -> Any:
        """(any shape) -> the same."""
        return F.tanh(x)


class Tanhshrink(Module):
    """x - tanh(x).

    >>> nn.Tanhshrink()(ct.tensor([0.0, 1.0]))
    tensor([0.0000, 0.2384])
    """

    def forward(self, x: Any) -> Any:
        """(any shape) -> the same."""
        return F.tanhshrink(x)


class Sigmoid(Module):
    """1 / (1 + exp(-x)).

    >>> nn.Sigmoid()(ct.tensor([0.0, 1.0]))
    tensor([0.5000, 0.7311])
    """

    def forward(self, x: Any) -> Any:
        """(any shape) -> the same."""
        return F.sigmoid(x)


class LogSigmoid(Module):
    """log(sigmoid(x)), without underflow.

    >>> nn.LogSigmoid()(ct.tensor([0.0]))
    tensor([-0.6931])
    """

    def forward(self, x: Any) -> Any:
        """(any shape) -> the same."""
        return F.logsigmoid(x)


class Softsign(Module):
    """x / (1 + |x|).

    >>> nn.Softsign()(ct.tensor([-1.0, 3.0]))
    tensor([-0.5000,  0.7500])
    """

    def forward(self, x: Any) -> Any:
        """(any shape) -> the same."""
        return F.softsign(x)


class _Shrink(Module):
    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def extra_repr(self) -> str:
        """See Module."""
        return f"{self.lambd}"


class Hardshrink(_Shrink):
    """x, and 0 where its magnitude is at most lambd.

    >>> nn.Hardshrink()(ct.tensor([0.2, 1.0]))
    tensor([0., 1.])
    """

    def forward(self, x: Any) -> Any:
        """(any shape) -> the same."""
        return F.hardshrink(x, self.lambd)


class Softshrink(_Shrink):
    """x moved towards 0 by lambd, and 0 where it would pass it.

    >>> nn.Softshrink()(ct.tensor([0.2, 1.0]))
    tensor([0.0000, 0.5000])
    """

    def forward(self, x: Any) -> Any:
        """(any shape) -> the same."""
        return F.softshrink(x, self.lambd)


class GELU(WithOptions):
    """x times the normal distribution's cumulative function; approximate "none" or "tanh".

    >>> nn.GELU()(ct.tensor([0.0, 1.0]))
    tensor([0.0000, 0.8413])
    """

    _shown = ("approximate",)

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, x: Any) -> Any:
        """(any shape) -> the same."""
        return F.gelu(x, self.approximate)


class Softplus(WithOptions):
    """log(1 + exp(beta * x)) / beta.

    >>> nn.Softplus()(ct.tensor([0.0]))
    tensor([0.6931])
    """

    _shown = ("beta", "threshold")

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta, self.threshold = beta, threshold

    def forward(self, x: Any) -> Any:
        """(any shape) -> the same."""
        return F.softplus(x, self.beta, self.threshold)


class GLU(WithOptions):
    """The first half of x along `dim` times the sigmoid of the second.

    >>> nn.GLU()(ct.tensor([2.0, 0.0]))
    tensor([1.])
    """

    _shown = ("dim",)

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, x: Any) -> Any:
        """(..., 2 * n, ...) -> (..., n, ...)."""
        return F.glu(x, self.dim)
