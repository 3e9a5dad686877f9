"""Writing on the diagonal of a tensor, in place."""

from __future__ import annotations

from typing import Any

from cltensor.core.tensor import Tensor
from cltensor.errors import ShapeError


def fill_diagonal_(self: Tensor, fill_value: Any, wrap: bool = False) -> Tensor:
    """Write a number on the main diagonal, where all indices are equal; returns self.

    wrap: in a matrix that is taller than wide, begin the diagonal anew below each end of it, after
    a row without. Raises ShapeError for fewer than two dimensions, or more that differ.
    """
    if self.ndim < 2 or (self.ndim > 2 and len(set(self.shape)) > 1):
        raise ShapeError(
            f"fill_diagonal_: shape {self.shape} has no main diagonal; give a matrix, or more "
            "dimensions that are equal"
        )
    height, *widths = self.shape
    step = min(widths) + 1 if wrap and self.ndim == 2 else max(height, 1)
    for first in range(0, height, step):
        count = min(height - first, *widths)
        block = self[first:] if first else self
        step_along = sum(block.realize().strides)
        block.as_strided((count,), (step_along,), block.storage_offset()).fill_(fill_value)
    return self
