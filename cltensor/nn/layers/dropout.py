"""Dropout layers."""

from __future__ import annotations

from typing import Any

from cltensor.core.checks import probability
from cltensor.nn import functional as F
from cltensor.nn.module import Module


class Dropout(Module):
    """Set each element to zero with probability p while training, and scale the rest up.

    Args:    p: probability of a zero; inplace: let the input take the result.
    Source:  Srivastava et al. 2014, scaled while training.
    """

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        probability(type(self).__name__, p)
        self.p = p
        self.inplace = inplace

    def forward(self, x: Any) -> Any:
        """(any shape) -> the same."""
        return F.dropout(x, self.p, self.training, self.inplace)

    def extra_repr(self) -> str:
        """See Module."""
        return f"p={self.p}, inplace={self.inplace}"


class Dropout2d(Dropout):
    """Dropout of whole channels."""

    def forward(self, x: Any) -> Any:
        """(N, C, H, W) -> the same."""
        return F.dropout2d(x, self.p, self.training, self.inplace)
