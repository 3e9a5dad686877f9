"""Sums at indices in the one order that the number of sources decides, for results that are the
same bits on every device (runtime/determinism.py).

The sources of a place are added up as in the tree over all sources, without those of other places.
So half of the sources, as those of half a batch, have a subtree, whatever their places are.
"""

from __future__ import annotations

from cltensor.core.tensor import Tensor
from cltensor.dtypes import C_NAMES
from cltensor.lazy.fixed import cut_of, depth_of
from cltensor.lazy.grids import ceil_div
from cltensor.ops.kernels.sorting import sorted_order
from cltensor.runtime.groups import power_below
from cltensor.runtime.kernel import kernel

_WIDTH = 16


def add_in_order(to: Tensor, source: Tensor, places: Tensor, sizes: tuple[int, int, int]) -> None:
    """Into `to`, which is 0: the sums of the sources of each place, for dense tensors of sizes
    (outer, places, sources, ...); places: that of each source."""
    device, dtype = to.device, to.dtype
    outer, n, m = sizes
    inner = to.size // (outer * n)
    order = sorted_order(places, False)
    width = min(_WIDTH, power_below(inner)) if device.is_cpu and dtype.kind == "f" else 1
    tasks = outer * ceil_div(inner, width) * m
    cut = cut_of(device, tasks)
    kernel(device, "scatter_fixed", T=C_NAMES[dtype], I=C_NAMES[places.dtype], width=width)(
        cut.grid, cut.local, y_g=to.buffer, x_g=source.buffer, x_o=source.offset,
        order_g=order.buffer, place_g=places.buffer, outer=outer, n=n, m=m, inner=inner,
        depth=depth_of(m, 1), **cut.numbers,
    )  # fmt: skip
