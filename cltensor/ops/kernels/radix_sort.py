"""The order of elements by their digits: a radix sort along the last axis.

Stable, NaN last as in NumPy, -0 equal to 0. The last digit comes first, so that each pass keeps the
order of those before; what moves is the elements' bits, and their places beside them where they are
wanted. On a CPU a lane that is not alone is sorted by one work-item in its cache; a long one that
is goes into parts first, by the highest digits of what its keys have in range, and each part is
sorted in a cache. Elsewhere blocks count their digits, and then each knows where to write.

Sources: Knuth, The Art of Computer Programming 3, 5.2.5; Satish, Harris, Garland, Designing
Efficient Sorting Algorithms for Manycore GPUs (2009).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from cltensor import dtypes
from cltensor.core.tensor import Tensor
from cltensor.dtypes import C_NAMES
from cltensor.ops.reduce.scan import running_sums
from cltensor.ops.shape.copy import BIT_TYPES, bits_of
from cltensor.runtime.groups import GroupError, largest_group, narrow
from cltensor.runtime.kernel import kernel

_FAMILY = "radix"  # of the kernels whose groups are of one size
_EACH = 8  # elements of a work-item of a GPU
_LONG = 1 << 15  # elements of a lane that is worth several work-items of a CPU
#: Into how many parts a lane of that many elements or more goes, and by how many bits of keys.
_SPLITS = ((1 << 20, 256, 16), (1 << 18, 64, 14), (0, 16, 12))
#: The bits of infinity.
_INFINITY = {dtype: bits_of(math.inf, dtype) for dtype in dtypes.ALL if dtype.kind == "f"}


def keys_of(x: Tensor, descending: bool) -> dict[str, Any]:
    """What sort_key.cl takes: how the elements of x are ordered."""
    return {
        "U": BIT_TYPES[x.dtype.itemsize],
        "kind": x.dtype.kind,
        "infinity": _INFINITY.get(x.dtype, 0),
        "descending": descending,
    }


def radix_sorted(
    x: Tensor, descending: bool, values: bool, order: np.dtype | None
) -> tuple[Tensor | None, Tensor | None]:
    """The elements of the last axis of the dense tensor x in order, and where they were.

    values, order: whether each is wanted, and the dtype of places, int32 or int64.
    """
    device, n = x.device, x.shape[-1]
    lanes = x.size // n
    wanted = (
        Tensor.empty(x.shape, x.dtype, device) if values else None,
        Tensor.empty(x.shape, order, device) if order else None,
    )
    if device.is_cpu and (n < _LONG or lanes >= 2 * device.compute_units):
        _sort_rows(x, descending, wanted, lanes, n)
    elif device.is_cpu:
        _sort_split(x, descending, wanted, lanes, n)
    else:
        try:
            _sort_blocks(x, descending, wanted, lanes, n)
        except GroupError as error:
            narrow(_FAMILY, error)
            return radix_sorted(x, descending, values, order)
    return wanted


def _buffers(values: Tensor | None, order: Tensor | None) -> dict[str, Any]:
    """Where a kernel writes elements and places, if it does."""
    found = {"y_g": values, "order_g": order}
    return {name: tensor.buffer for name, tensor in found.items() if tensor is not None}


def _sort_rows(
    x: Tensor, descending: bool, wanted: tuple[Tensor | None, Tensor | None], lanes: int, n: int
) -> None:
    """Whole lanes, each by one work-item of a CPU."""
    values, order = wanted
    device = x.device
    items = max(1, min(lanes, device.compute_units * 4, x.size >> 11))
    each = -(-lanes // items)
    items = -(-lanes // each)
    more = {"keep_g": Tensor.empty((items, 2, n), x.dtype, device).buffer}
    if order is not None:
        more["place_g"] = Tensor.empty((items, 2, n), dtypes.int32, device).buffer
    run = kernel(
        device,
        "radix_rows",
        values=values is not None,
        order=order is not None,
        O=C_NAMES[order.dtype] if order is not None else "",
        digits=x.dtype.itemsize,
        **keys_of(x, descending),
    )
    run(
        (items,), (1,), **_buffers(*wanted), **more, x_g=x.buffer, x_start=x.offset, lanes=lanes,
        n=n, each=each,
    )  # fmt: skip


def counted(
    x: Tensor, keys: dict[str, Any], lanes: int, n: int, shift: int, chosen: Tensor | None = None
) -> tuple[Tensor, int, int]:
    """How often each digit from the bit `shift` on is in each block of each lane; how many blocks
    there are, and of how many elements. chosen: the digits before of those that count."""
    device = x.device
    if device.is_cpu:
        bits, local = 8, 1
        block = max(-(-n // max(1, device.compute_units * 4 // lanes)), min(n, 1 << 12))
    else:
        bits, local = 4, largest_group(device, _FAMILY, 64)
        block = local * _EACH
    blocks = -(-n // block)
    count = Tensor.empty((lanes, blocks << bits), dtypes.int32, device)
    run = kernel(
        device, "radix_count", bits=bits, cpu=device.is_cpu, group=local, chosen=chosen is not None,
        **keys,
    )  # fmt: skip
    more = {} if chosen is None else {"chosen_g": chosen.buffer}
    run(
        (lanes * blocks * local,), (local,), count_g=count.buffer, x_g=x.buffer, **more,
        x_start=x.offset, n=n, blocks=blocks, block=block, shift=shift,
    )  # fmt: skip
    return count, blocks, block


def _sort_split(
    x: Tensor, descending: bool, wanted: tuple[Tensor | None, Tensor | None], lanes: int, n: int
) -> None:
    """Lanes that are too long for the cache of a CPU: parts that are not, by their highest digits,
    and then each part by one work-item."""
    values, order = wanted
    device, keys = x.device, keys_of(x, descending)
    blocks = max(1, min(device.compute_units * 2, n >> 12))
    block = -(-n // blocks)
    # Few kinds, since each is a kernel of its own.
    parts, top = next((p, t) for size, p, t in _SPLITS if n >= size)
    groups = min(blocks, parts)
    split = {"top": top, **keys}
    cut: dict[str, Any] = {"n": n, "blocks": blocks}
    given: dict[str, Any] = {"x_g": x.buffer, "x_start": x.offset, "block": block, **cut}

    def room(*sizes: int, dtype: np.dtype = dtypes.int32) -> Tensor:
        return Tensor.empty((lanes, *sizes), dtype, device)

    ends = room(blocks, 2, dtype=x.dtype)
    kernel(device, "split_range", **keys)((lanes * blocks,), (1,), range_g=ends.buffer, **given)
    count = room(blocks, 1 << top)
    run = kernel(device, "split_count", **split)
    run((lanes * blocks,), (1,), count_g=count.buffer, range_g=ends.buffer, **given)
    part, at, bound = room(1 << top, dtype=dtypes.uint8), room(blocks, parts), room(2, parts + 1)
    run = kernel(device, "split_plan", top=top, parts=parts)
    run(
        (lanes,), (1,), part_g=part.buffer, bound_g=bound.buffer, at_g=at.buffer,
        count_g=count.buffer, **cut,
    )  # fmt: skip
    moved, keep = room(n, dtype=x.dtype), room(n, dtype=x.dtype)
    places: dict[str, Any] = {}
    more: dict[str, Any] = {}
    if order is not None:
        places = {"place_g": room(n).buffer}
        more = {"keep_place_g": room(n).buffer}
    run = kernel(device, "split_move", order=order is not None, parts=parts, **split)
    run(
        (lanes * blocks,), (1,), y_g=moved.buffer, range_g=ends.buffer, part_g=part.buffer,
        at_g=at.buffer, **places, **given,
    )  # fmt: skip
    run = kernel(
        device, "split_sort", values=values is not None, order=order is not None, parts=parts,
        O="" if order is None else C_NAMES[order.dtype], size=x.dtype.itemsize, **split,
    )  # fmt: skip
    run(
        (lanes * groups,), (1,), **_buffers(*wanted), **places, **more, from_g=moved.buffer,
        keep_g=keep.buffer, range_g=ends.buffer, bound_g=bound.buffer,
        groups=groups, **cut,
    )  # fmt: skip


def _sort_blocks(
    x: Tensor, descending: bool, wanted: tuple[Tensor | None, Tensor | None], lanes: int, n: int
) -> None:
    """Lanes in blocks of a device that is no CPU, pass by pass."""
    device, keys = x.device, keys_of(x, descending)
    bits, local = 4, largest_group(device, _FAMILY, 64)
    passes = 8 * x.dtype.itemsize // bits
    source: Tensor = x
    places: Tensor | None = None
    order = wanted[1]
    for step in range(passes):
        count, blocks, block = counted(source, keys, lanes, n, bits * step)
        to = wanted
        if step < passes - 1:
            to = (
                Tensor.empty(x.shape, x.dtype, device),
                None if order is None else Tensor.empty(x.shape, dtypes.int32, device),
            )
        given = {"values": to[0] is not None, "order": to[1] is not None, "first": not step, **keys}
        given["O"] = "" if to[1] is None else C_NAMES[to[1].dtype]
        run = kernel(device, "radix_move_gpu", group=local, each=_EACH, **given)
        more = {"total_g": running_sums(count, 1, False).buffer}
        if places is not None:
            more["place_g"] = places.buffer
        run(
            (lanes * blocks * local,), (local,), **_buffers(*to), **more, x_g=source.buffer,
            x_start=source.offset, n=n, blocks=blocks, block=block, shift=bits * step,
        )  # fmt: skip
        if step < passes - 1:
            moved, places = to
            assert moved is not None
            source = moved
