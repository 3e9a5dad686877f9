"""What PyTorch's older forms mean, which it still takes, with a warning."""

from __future__ import annotations

import warnings
from typing import Any

from cltensor.core.checks import whole


def given_dim(operation: str, x: Any, dim: int | None, stacklevel: int) -> int:
    """`dim`; for None the axis that softmax without one goes along: 0 for tensors of 0, 1 or 3
    dimensions, else 1. Warns of that, at the `stacklevel` that the operation would give."""
    stacklevel = whole(operation, "_stacklevel", stacklevel)
    if dim is not None:
        return dim
    warnings.warn(
        f"{operation}: without dim, which is deprecated, it depends on the number of dimensions; "
        "give dim",
        stacklevel=stacklevel + 1,  # each function has a frame that checks its arguments
    )
    return 0 if x.ndim in (0, 1, 3) else 1
