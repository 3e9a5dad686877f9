"""Normalisation by neighbouring channels."""

from __future__ import annotations

from typing import Any

from cltensor.core.checks import whole
from cltensor.errors import ShapeError
from cltensor.nn import functional as F
from cltensor.nn.module import Module


class LocalResponseNorm(Module):
    """Divide by the mean square of `size` neighbouring channels; see
    `functional.local_response_norm`.

    >>> nn.LocalResponseNorm(2)(ct.ones(1, 4, 2, 2)).shape
    Size([1, 4, 2, 2])
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__()
        self.size = whole(type(self).__name__, "size", size, 1)
        self.alpha, self.beta, self.k = alpha, beta, k

    def forward(self, x: Any) -> Any:
        """(N, C, ...) -> the same."""
        return F.local_response_norm(x, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        """See Module."""
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


class CrossMapLRN2d(LocalResponseNorm):
    """LocalResponseNorm of images, with an odd number of channels around each.

    Every window is of `size` channels, and the gradient is that of the result. (PyTorch keeps the
    square of channel 0 in all windows behind it.)

    >>> nn.CrossMapLRN2d(3)(ct.ones(1, 4, 2, 2)).shape
    Size([1, 4, 2, 2])
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1) -> None:
        super().__init__(size, alpha, beta, k)
        if size % 2 == 0:
            raise ShapeError(
                f"CrossMapLRN2d: size is {size}; give an odd one, or use LocalResponseNorm"
            )

    def forward(self, x: Any) -> Any:
        """(N, C, H, W) -> the same."""
        if x.ndim != 4:
            raise ShapeError(
                f"CrossMapLRN2d: an input of shape {tuple(x.shape)}; give 4 dimensions"
            )
        return super().forward(x)
