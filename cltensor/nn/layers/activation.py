"""Activation layers."""

from __future__ import annotations

from typing import Any

from cltensor.nn import functional as F
from cltensor.nn.module import Module


class _InPlace(Module):
    """Base of layers with PyTorch's flag `inplace`: the input takes the result, and is returned."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def extra_repr(self) -> str:
        """See Module."""
        return "inplace=True" if self.inplace else ""


class ReLU(_InPlace):
    """max(0, x)."""

    def forward(self, x: Any) -> Any:
        """(any shape) -> the same."""
        return F.relu(x, self.inplace)


class ReLU6(_InPlace):
    """min(max(0, x), 6)."""

    def forward(self, x: Any) -> Any:
        """(any shape) -> the same."""
        return F.relu6(x, self.inplace)


class SiLU(_InPlace):
    """x * sigmoid(x)."""

    def forward(self, x: Any) -> Any:
        """(any shape) -> the same."""
        return F.silu(x, self.inplace)


class LeakyReLU(_InPlace):
    """x where it is positive, else negative_slope * x."""

    def __init__(self, negative_slope: float = 1e-2, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.negative_slope = negative_slope

    def forward(self, x: Any) -> Any:
        """(any shape) -> the same."""
        return F.leaky_relu(x, self.negative_slope, self.inplace)

    def extra_repr(self) -> str:
        """See Module."""
        return f"negative_slope={self.negative_slope}" + (", inplace=True" if self.inplace else "")


class ELU(_InPlace):
    """x where it is positive, else alpha * (exp(x) - 1)."""

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.alpha = alpha

    def forward(self, x: Any) -> Any:
        """(any shape) -> the same."""
        return F.elu(x, self.alpha, self.inplace)

    def extra_repr(self) -> str:
        """See Module."""
        return f"alpha={self.alpha}" + (", inplace=True" if self.inplace else "")


class Tanh(Module):
    """The hyperbolic tangent."""

    def forward(self, x: Any) -> Any:
        """(any shape) -> the same."""
        return F.tanh(x)


class Sigmoid(Module):
    """1 / (1 + exp(-x))."""

    def forward(self, x: Any) -> Any:
        """(any shape) -> the same."""
        return F.sigmoid(x)


class GELU(Module):
    """x times the normal distribution's cumulative function; approximate "none" or "tanh"."""

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, x: Any) -> Any:
        """(any shape) -> the same."""
        return F.gelu(x, self.approximate)

    def extra_repr(self) -> str:
        """See Module."""
        return f"approximate={self.approximate!r}"


class Softplus(Module):
    """log(1 + exp(beta * x)) / beta."""

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta = beta
        self.threshold = threshold

    def forward(self, x: Any) -> Any:
        """(any shape) -> the same."""
        return F.softplus(x, self.beta, self.threshold)

    def extra_repr(self) -> str:
        """See Module."""
        return f"beta={self.beta}, threshold={self.threshold}"


class Softmax(Module):
    """exp(x) / sum(exp(x)) along `dim`; without one, see `functional.softmax`."""

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, x: Any) -> Any:
        """(any shape) -> the same."""
        return F.softmax(x, self.dim, _stacklevel=5)

    def extra_repr(self) -> str:
        """See Module."""
        return f"dim={self.dim}"


class LogSoftmax(Module):
    """The logarithm of Softmax."""

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, x: Any) -> Any:
        """(any shape) -> the same."""
        return F.log_softmax(x, self.dim, _stacklevel=5)

    def extra_repr(self) -> str:
        """See Module."""
        return f"dim={self.dim}"
