"""Layers that only change the shape."""

from __future__ import annotations

from typing import Any

from cltensor.core.checks import wholes
from cltensor.nn.module import Module


class Flatten(Module):
    """Join the dimensions from start_dim to end_dim, both included, into one.

    >>> nn.Flatten()(ct.ones(2, 3, 4)).shape
    Size([2, 12])
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim = start_dim
        self.end_dim = end_dim

    def forward(self, x: Any) -> Any:
        """(N, ...) -> (N, product of the rest) with the defaults."""
        return x.flatten(self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        """See Module."""
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """Split dimension `dim` into the sizes `unflattened_size`, of which one may be -1.

    >>> nn.Unflatten(1, (2, 3))(ct.ones(4, 6)).shape
    Size([4, 2, 3])
    """

    def __init__(self, dim: int, unflattened_size: tuple[int, ...]) -> None:
        super().__init__()
        wholes("Unflatten", "unflattened_size", unflattened_size, -1)
        self.dim = dim
        self.unflattened_size = unflattened_size

    def forward(self, x: Any) -> Any:
        """(..., product, ...) -> (..., *unflattened_size, ...)."""
        return x.unflatten(self.dim, self.unflattened_size)

    def extra_repr(self) -> str:
        """See Module."""
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"
