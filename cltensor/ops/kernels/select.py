"""The first few elements of an order, and a single one of it, without putting all in order.

On a CPU: the k best are kept while a lane is read once; the element of a rank is found digit by
digit, from the first on, by counting. Elsewhere, and for small tensors, a sort is as fast.
"""

from __future__ import annotations

from cltensor import dtypes
from cltensor.core.tensor import Tensor
from cltensor.ops.kernels.radix_sort import counted, keys_of
from cltensor.runtime.kernel import kernel

_SIZES = (8, 32, 128)  # for which the kernel of the best is made


def picks_best(x: Tensor, k: int) -> bool:
    """Whether `best` is faster than a sort of the last axis of x."""
    return x.device.is_cpu and 0 < k <= _SIZES[-1] and k * 16 <= x.shape[-1]


def best(x: Tensor, k: int, descending: bool) -> tuple[Tensor, Tensor]:
    """The k first of the last axis of the dense tensor x in its order, and their places (int64)."""
    device, n = x.device, x.shape[-1]
    lanes = x.size // n
    wanted = device.compute_units * 4
    blocks = max(1, min(wanted // lanes, n // max(32 * k, 1 << 14)))
    found = _best(x, None, k, descending, blocks)
    if blocks > 1:
        values, places = [y.window((lanes, blocks * k), (blocks * k, 1), 0) for y in found]
        found = _best(values, places, k, descending, 1)
    shape = (*x.shape[:-1], k)
    strides = [1] * len(shape)
    for d in range(len(shape) - 2, -1, -1):
        strides[d] = strides[d + 1] * shape[d + 1]
    values, places = [y.window(shape, tuple(strides), 0) for y in found]
    return values, places


def _best(
    x: Tensor, places: Tensor | None, k: int, descending: bool, blocks: int
) -> tuple[Tensor, Tensor]:
    device, n = x.device, x.shape[-1]
    lanes = x.size // n
    block = n // blocks  # the last has the rest, too
    items = lanes * blocks
    each = -(-items // min(items, device.compute_units * 4, max(1, x.size >> 12)))
    values = Tensor.empty((lanes, blocks, k), x.dtype, device)
    found = Tensor.empty((lanes, blocks, k), dtypes.int64, device)
    most = next(size for size in _SIZES if size >= k)
    run = kernel(device, "best", most=most, placed=places is not None, **keys_of(x, descending))
    more = {} if places is None else {"from_g": places.buffer}
    run(
        (-(-items // each),), (1,), y_g=values.buffer, place_g=found.buffer, x_g=x.buffer, **more,
        x_start=x.offset, items=items, n=n, blocks=blocks, block=block, k=k, each=each,
    )  # fmt: skip
    return values, found


def finds_rank(x: Tensor) -> bool:
    """Whether `of_rank` is faster than a sort of the last axis of x."""
    return x.device.is_cpu and x.shape[-1] >= 1 << 10 and x.size >= 1 << 15


def of_rank(x: Tensor, rank: Tensor) -> Tensor:
    """Where the element number rank[lane] (int32) of the order of a lane, the last axis of the
    dense tensor x, is: int64, with that axis of size 1. `rank` is used up."""
    device, n = x.device, x.shape[-1]
    lanes, keys = x.size // n, keys_of(x, False)
    chosen = Tensor.empty((lanes,), x.dtype, device)
    digit = kernel(device, "select_digit", U=keys["U"])
    for step in reversed(range(x.dtype.itemsize)):
        first = step == x.dtype.itemsize - 1
        count, blocks, _ = counted(x, keys, lanes, n, 8 * step, None if first else chosen)
        digit(
            (lanes,), (1,), chosen_g=chosen.buffer, rank_g=rank.buffer, count_g=count.buffer,
            lanes=lanes, blocks=blocks, first=int(first),
        )  # fmt: skip
    places = Tensor.empty((*x.shape[:-1], 1), dtypes.int64, device)
    kernel(device, "select_place", **keys)(
        (lanes,), (1,), place_g=places.buffer, x_g=x.buffer, chosen_g=chosen.buffer,
        rank_g=rank.buffer, x_start=x.offset, lanes=lanes, n=n,
    )  # fmt: skip
    return places
