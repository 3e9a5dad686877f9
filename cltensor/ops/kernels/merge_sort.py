"""The order of few elements: a merge sort of indices along the last axis.

Stable, NaN last as in NumPy. Each launch merges pairs of runs; every work-item finds its share of a
merge by a binary search on the merge path. A group of a GPU sorts a row in one launch, where that
lies in local memory.
"""

from __future__ import annotations

from cltensor import dtypes
from cltensor.core.declare import no_complex
from cltensor.core.tensor import Tensor
from cltensor.dtypes import C_NAMES
from cltensor.ops.elementwise.cast import astype
from cltensor.runtime.groups import GroupError, largest_group, narrow
from cltensor.runtime.kernel import kernel

_SORT_RUN = 16  # elements that one work-item sorts by insertion before the merging starts
_GROUP_RUN = 8  # the same, where a group sorts a row in local memory


def _sort_in_groups(x: Tensor, order: Tensor, T: str, floating: bool, descending: bool) -> bool:
    """Fill `order` with a work-group of a GPU for each row, all of which its local memory holds;
    False where it does not, or the device has no groups for it."""
    device, n = x.device, x.shape[-1]
    most = 1 << max(n - 1, _GROUP_RUN).bit_length()
    if most * (x.dtype.itemsize + 4) > device.local_mem or most > 1 << 16:
        return False
    group = largest_group(device, "sort_rows_gpu", min(256, most // _GROUP_RUN))
    run = kernel(
        device, "sort_rows_gpu", T=T, most=most, group=group, run=_GROUP_RUN, floating=floating,
        descending=descending,
    )  # fmt: skip
    try:
        run(
            (x.size // n * group,), (group,), y_g=order.buffer, x_g=x.buffer, x_start=x.offset, n=n
        )  # fmt: skip
    except GroupError as error:
        narrow("sort_rows_gpu", error)
        return _sort_in_groups(x, order, T, floating, descending)
    return True


def merged_order(x: Tensor, descending: bool) -> Tensor:
    """Indices (int32) that sort the last axis of the dense tensor x."""
    if x.dtype.kind == "c":
        raise no_complex("sort", x.dtype)
    if x.dtype in dtypes.SHORT:
        x = astype(x, dtypes.float32)
    device, n = x.device, x.shape[-1]
    lanes = x.size // n
    local = 1 if device.is_cpu else min(64, device.max_work_group)
    T, floating = C_NAMES[x.dtype], x.dtype.kind == "f"
    order = Tensor.empty(x.shape, dtypes.int32, device)
    if not device.is_cpu and _sort_in_groups(x, order, T, floating, descending):
        return order
    runs = -(-n // _SORT_RUN)
    items = lanes * runs
    run = kernel(device, "sort_runs", T=T, run=_SORT_RUN, floating=floating, descending=descending)
    grid = (-(-items // local) * local,)
    run(
        grid, (local,), y_g=order.buffer, x_g=x.buffer, x_start=x.offset, n=n, runs=runs,
        items=items,
    )  # fmt: skip
    merge = kernel(device, "sort_merge", T=T, floating=floating, descending=descending)
    # Shares of a power of two never cross from one pair of runs into the next.
    share = 16
    if device.is_cpu:
        while share * device.compute_units * 4 < n * min(lanes, 4):
            share *= 2
    width = _SORT_RUN
    while width < n:
        merged = Tensor.empty(x.shape, dtypes.int32, device)
        each = min(2 * width, share)
        parts = -(-n // each)
        items = lanes * parts
        grid = (-(-items // local) * local,)
        merge(
            grid, (local,), y_g=merged.buffer, x_g=x.buffer, from_g=order.buffer,
            x_start=x.offset, n=n, width=width, each=each, parts=parts, items=items,
        )  # fmt: skip
        order, width = merged, 2 * width
    return order
