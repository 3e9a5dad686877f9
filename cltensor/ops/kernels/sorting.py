"""The order of elements along the last axis: which algorithm finds it.

Stable, NaN last, -0 equal to 0. Short rows are merged, as measured: clearing the counters of a
radix sort takes longer than sorting 32 elements by comparison.
"""

from __future__ import annotations

import numpy as np

from cltensor import dtypes
from cltensor.core.tensor import Tensor
from cltensor.ops.elementwise.cast import astype
from cltensor.ops.kernels.merge_sort import merged_order
from cltensor.ops.kernels.radix_sort import radix_sorted

_SHORT = {True: 32, False: 1 << 11}  # by whether the device is a CPU


def is_short(x: Tensor) -> bool:
    """Whether rows of x are sorted by comparison, which gives their order only."""
    return x.shape[-1] < _SHORT[x.device.is_cpu]


def sorted_order(x: Tensor, descending: bool, dtype: np.dtype = dtypes.int32) -> Tensor:
    """Indices that sort the last axis of the dense tensor x, which has elements."""
    if is_short(x):
        return astype(merged_order(x, descending), dtype)
    order = radix_sorted(x, descending, False, dtype)[1]
    assert order is not None
    return order
