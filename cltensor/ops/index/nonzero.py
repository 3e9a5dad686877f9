"""Where elements are not zero.

Blocks of elements are counted, the counts summed up, and each block then knows where to write.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cltensor import dtypes
from cltensor.core.hooks import tracers
from cltensor.core.tensor import Tensor
from cltensor.dtypes import C_NAMES
from cltensor.ops.elementwise.compare import not_equal
from cltensor.ops.reduce.scan import cumsum
from cltensor.ops.shape.cut import cut_view
from cltensor.ops.shape.view import reshape
from cltensor.runtime.groups import GroupError, largest_group, narrow
from cltensor.runtime.kernel import kernel

_EACH = 16  # elements of a work-item of a GPU


def coordinates(x: Tensor) -> tuple[Tensor, ...]:
    """For each axis the indices of the non-zero elements, in row-major order (NumPy's nonzero)."""
    for tracer in tracers:
        tracer.read(x)  # what is found has as many elements as these numbers say
    if x.ndim == 0:
        x = reshape(x, (1,))
    if x.dtype.kind == "c" or x.dtype in dtypes.SHORT:
        x = not_equal.run(x, 0)
    device = x.device
    if x.size == 0:
        nothing = Tensor.empty((0,), dtypes.int64, device)
        return (nothing,) * x.ndim
    x = x.contiguous()
    if device.is_cpu:
        return _found(x, *_on_cpu(x))
    group = largest_group(device, "nonzero_gpu", 256)
    try:
        return _found(x, *_on_gpu(x, group))
    except GroupError as error:
        narrow("nonzero_gpu", error)
        return coordinates(x)


Count = Callable[[Tensor], None]
Write = Callable[[Tensor, Tensor, int], None]


def _on_cpu(x: Tensor) -> tuple[int, Count, Write]:
    """The number of blocks, and what launches the counting and the writing."""
    device, count, T = x.device, x.size, C_NAMES[x.dtype]
    each = max(64, -(-count // (device.compute_units * 4)))
    blocks = -(-count // each)
    given: dict[str, Any] = {"x_g": x.buffer, "x_start": x.offset, "each": each, "blocks": blocks}

    def tally(counts: Tensor) -> None:
        run = kernel(device, "nonzero_count", T=T)
        run((blocks,), (1,), y_g=counts.buffer, count=count, **given)

    def write(result: Tensor, totals: Tensor, found: int) -> None:
        run = kernel(device, "nonzero", T=T, rank=x.ndim)
        run(
            (blocks,), (1,), y_g=result.buffer, total_g=totals.buffer, found=found, **given,
            **{f"n{d}": n for d, n in enumerate(x.shape)},
        )  # fmt: skip

    return blocks, tally, write


def _on_gpu(x: Tensor, group: int) -> tuple[int, Count, Write]:
    """The same in groups of so many work-items."""
    device, count = x.device, x.size
    common = {"T": C_NAMES[x.dtype], "rank": x.ndim, "group": group, "each": _EACH}
    blocks = -(-count // (group * _EACH))
    given: dict[str, Any] = {"x_g": x.buffer, "x_start": x.offset, "count": count}

    def tally(counts: Tensor) -> None:
        run = kernel(device, "nonzero_gpu", mode="count", **common)
        run((blocks * group,), (group,), y_g=counts.buffer, **given)

    def write(result: Tensor, totals: Tensor, found: int) -> None:
        run = kernel(device, "nonzero_gpu", mode="write", **common)
        run(
            (blocks * group,), (group,), y_g=result.buffer, total_g=totals.buffer, found=found,
            **given, **{f"n{d}": n for d, n in enumerate(x.shape)},
        )  # fmt: skip

    return blocks, tally, write


def _found(x: Tensor, blocks: int, tally: Count, write: Write) -> tuple[Tensor, ...]:
    counts = Tensor.empty((blocks,), dtypes.int64, x.device)
    tally(counts)
    totals = cumsum(counts, 0)
    found = int(cut_view(totals, (blocks - 1,)).item())
    result = Tensor.empty((x.ndim, found), dtypes.int64, x.device)
    if found:
        write(result, totals, found)
    return tuple([cut_view(result, (d, (0, 1, found))) for d in range(x.ndim)])
