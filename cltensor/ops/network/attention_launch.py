"""What attention launches (attention.py has the operation)."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from math import prod
from typing import Any, NamedTuple

import numpy as np

from cltensor.core.batched import levels
from cltensor.core.tensor import Tensor
from cltensor.dtypes import C_NAMES, SHORT, arithmetic, float32, float64, uint64
from cltensor.lazy.grids import ceil_div, replan
from cltensor.ops.network.attention_tiles import Tile, cpu_tile, group_tile, is_tiled
from cltensor.ops.random.draw import fill
from cltensor.ops.shape.copy import spread
from cltensor.runtime.device import Device
from cltensor.runtime.groups import GroupError
from cltensor.runtime.kernel import kernel

Shape = tuple[int, ...]


def _batch(q: Shape, k: Shape, v: Shape, group: int) -> Shape:
    """The dimensions before the last two of the result."""
    several = [(*x[:-3], x[-3] * group) if group > 1 else x[:-2] for x in (k, v)]
    return np.broadcast_shapes(q[:-2], *several)


def fits(q: Any, k: Any, v: Any, mask: Any, group: int, dropped: float) -> bool:
    """Whether `attention` computes this: floats that operations compute with, heads that are not
    too wide, masks that need no gradient and add no dimensions, something to sum up; no random
    zeros inside `vmap`, where what is random is up to the examples."""
    wanted = (q.dtype, q.dtype, np.dtype(bool))
    kinds = (float32, float64) if q.device.is_cpu else (float32, float64, *SHORT)
    if q.dtype not in kinds or any(x.dtype is not q.dtype for x in (k, v)):
        return False
    if 0 in (*q.shape, *k.shape, *v.shape) or k.shape[-2] != v.shape[-2]:
        return False
    if not is_tiled(q.device, q.dtype, q.shape[-1], v.shape[-1]):
        return False
    if group < 1 or (group > 1 and k.shape[-3] != v.shape[-3]) or (dropped and levels.open):
        return False
    try:
        batch = _batch(tuple(q.shape), tuple(k.shape), tuple(v.shape), group)
        if mask is None:
            return True
        whole = (*batch, q.shape[-2], k.shape[-2])
        found = np.broadcast_shapes(whole, tuple(mask.shape))
    except ValueError:  # what follows says so
        return False
    return mask.dtype in wanted and not mask.requires_grad and found == whole


def draw_key(device: Device) -> Tensor:
    """A random word, on the device, that zeros are a function of."""
    return fill("integers", (1,), uint64, device, None, 0, 0)


class Placed(NamedTuple):
    """A tensor, and how far apart in memory its batches, heads and rows are."""

    tensor: Tensor
    outer: int
    inner: int
    row: int

    def arguments(self, name: str) -> dict[str, int]:
        """For the parameters that `place` declares."""
        names = ("at", "outer", "inner", "row")
        values = self.tensor.offset, self.outer, self.inner, self.row
        return {f"{name}_{n}": value for n, value in zip(names, values, strict=True)}


@lru_cache(maxsize=4096)
def _steps(shape: Shape, strides: Shape, batch: Shape) -> tuple[int, int, int, int] | None:
    """How far apart batches, heads, rows and columns are, for a tensor that broadcasts to `batch`
    before its last two dimensions; None where batches are at no equal distances."""
    own = [0 if n == 1 else s for n, s in zip(shape, strides, strict=True)]
    lead = [0] * (len(batch) + 2 - len(own)) + own[:-2]
    outer, span = 0, 1
    for size, step in zip(reversed(batch[:-1]), reversed(lead[:-1]), strict=True):
        if size == 1:
            continue
        if span == 1:
            outer = step
        elif step != outer * span:
            return None
        span *= size
    return outer, lead[-1] if lead else 0, own[-2], own[-1]


def _placed(x: Tensor, batch: Shape) -> Placed:
    """x with its elements of a row side by side, and its batches at equal distances."""
    x = x.realize()
    found = _steps(x._value.shape, x._value.strides, batch)
    if found is None or (found[3] != 1 and x.shape[-1] > 1):
        x = x.expand((*batch, *x.shape[-2:])) if found is None else x
        x = x.contiguous().realize()
        found = _steps(x._value.shape, x._value.strides, batch)
        assert found is not None
    return Placed(x, *found[:3])


def _in_groups(compute: Callable[..., Any]) -> Callable[..., Any]:
    """`compute`, done again with a smaller tile where a kernel cannot take the groups."""

    @wraps(compute)
    def computed(*args: Any) -> Any:
        while True:
            try:
                return compute(*args)
            except GroupError as error:
                if error.most < 64:  # the least; what is asked for next goes another way
                    raise
                replan("attention_gpu", error)

    return computed


def _like(x: Tensor, batch: Shape, rows: int, width: int) -> Placed:
    """A new tensor (*batch, rows, width), in memory in the order of x where that is one of it."""
    shape = (*batch, rows, width)
    count, strides = len(shape) - 1, x._value.strides
    order = list(range(count))
    if tuple(x.shape[:-1]) == shape[:-1]:
        order.sort(key=lambda d: -strides[d] if shape[d] > 1 else 0)
    steps, step = [0] * count, width
    for d in reversed(order):
        steps[d] = step
        step *= shape[d]
    found = _steps(shape, (*steps, 1), batch)
    if found is None:  # the dimension of rows is amid the batches
        return _like(Tensor.empty(shape, x.dtype, x.device), batch, rows, width)
    made = Tensor.empty((prod(shape),), x.dtype, x.device).window(shape, (*steps, 1), 0)
    return Placed(made, *found[:3])


def _hidden(mask: Any, batch: Shape, word: Any, dropped: float) -> tuple[dict, dict[str, Any]]:
    """Parameters of the template, and arguments, that say what is hidden."""
    params: dict[str, Any] = {"mask": None, "by_key": False, "dropout": word is not None}
    args: dict[str, Any] = {}
    if mask is not None:
        mask = mask.reshape((1,) * (2 - mask.ndim) + tuple(mask.shape)) if mask.ndim < 2 else mask
        mask = mask.realize()
        found = _steps(mask._value.shape, mask._value.strides, batch)
        if found is None:
            mask = mask.expand((*batch, *mask.shape[-2:])).contiguous().realize()
            found = _steps(mask._value.shape, mask._value.strides, batch)
            assert found is not None
        params |= {"mask": "bool" if mask.dtype.kind == "b" else "add", "by_key": not found[2]}
        names = ("mask_outer", "mask_inner", "mask_row", "mask_column")
        args |= {
            "mask_g": mask.buffer,
            "mask_at": mask.offset,
            **dict(zip(names, found, strict=True)),
        }
    if word is not None:
        word = word.realize()
        scale = 1.0 / (1.0 - dropped) if dropped < 1 else 0.0
        args |= {"key_g": word.buffer, "key_at": word.offset, "kept": 1.0 - dropped, "scale": scale}
    return params, args


class Call(NamedTuple):
    """What both ways need: sizes, and the parameters and arguments of their kernels; the tile of a
    CPU."""

    device: Device
    batch: Shape
    few: Shape
    sizes: dict[str, Any]
    params: dict[str, Any]
    args: dict[str, Any]
    tile: Tile | None


def _call(
    q: Tensor, k: Tensor, v: Tensor, mask: Any, word: Any, causal: bool, group: int, factor: float,
    dropped: float,
) -> Call:  # fmt: skip
    batch = _batch(tuple(q.shape), tuple(k.shape), tuple(v.shape), group)
    few = (*batch[:-1], batch[-1] // group) if batch else batch
    params, args = _hidden(mask, batch, word, dropped)
    params |= {
        "T": C_NAMES[arithmetic(q.dtype)],
        "E": q.shape[-1],
        "V": v.shape[-1],
        "causal": causal,
    }
    sizes = {"group": group, "queries": q.shape[-2], "keys": k.shape[-2], "factor": factor}
    tile = None
    if q.device.is_cpu:
        tile = cpu_tile(q.device, q.dtype, q.shape[-1], v.shape[-1])
        assert tile is not None  # as `fits` says
        params |= tile._asdict()
    return Call(q.device, batch, few, sizes, params, args, tile)


def _arguments(call: Call, lines: Shape, places: dict[str, Any]) -> dict[str, Any]:
    """Arguments of a kernel for `lines`: operands are Placed, or a buffer or number by name."""
    args = call.sizes | call.args | {"heads": lines[-1] if lines else 1}
    for name, x in places.items():
        if isinstance(x, Placed):
            args |= {f"{name}_g": x.tensor.buffer, **x.arguments(name)}
        else:
            args[name] = x
    return args


def _launch(call: Call, name: str, lines: Shape, count: int, /, **places: Any) -> None:
    """Launch the kernel `name` of a CPU for every one of `lines` and `count` tiles."""
    args = _arguments(call, lines, places)
    kernel(call.device, name, **call.params)((count, prod(lines)), (1, 1), **args)


def _launch_groups(
    call: Call, give: str, lines: Shape, length: int, dtype: np.dtype, /, **places: Any
) -> None:
    """Launch the kernel of a GPU that gives `give`, for `length` rows of every one of `lines`."""
    device, params = call.device, call.params
    # Small tiles where large ones are empty for the most part, or leave compute units without work.
    large = length > 32 and ceil_div(length, 64) * prod(lines) >= device.compute_units
    side = 64 if large else 32
    tile = group_tile(device, arithmetic(dtype), params["E"], params["V"], give, side)
    assert tile is not None  # as `fits` says
    apart = 0
    for name in ("q", "k", "v", "g"):
        if name in places:
            x, outer, inner, row = places[name]
            apart |= x.offset | outer | inner | row
    count = ceil_div(length, tile.queries)
    run = kernel(
        device, "attention_gpu", give=give, I=C_NAMES[dtype], wide=apart % 4 == 0,
        **tile._asdict(), **params,
    )  # fmt: skip
    run(
        (count * prod(lines) * tile.DN, tile.DM), (tile.DN, tile.DM), tiles=count,
        **_arguments(call, lines, places),
    )  # fmt: skip


@_in_groups
def forward(
    q: Tensor, k: Tensor, v: Tensor, mask: Any, word: Any, causal: bool, group: int, factor: float,
    dropped: float,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """The result, and (..., L, 1), the logarithm of each query's sum of exponentials (infinity: of
    none)."""
    call = _call(q, k, v, mask, word, causal, group, factor, dropped)
    at_q, at_k, at_v = _placed(q, call.batch), _placed(k, call.few), _placed(v, call.few)
    queries = q.shape[-2]
    at_o = _like(at_q.tensor, call.batch, queries, v.shape[-1])
    lse = Tensor.empty((*call.batch, queries, 1), arithmetic(q.dtype), q.device)
    places = {"o": at_o, "q": at_q, "k": at_k, "v": at_v, "lse_g": lse.buffer}
    if call.tile is None:
        _launch_groups(call, "out", call.batch, queries, q.dtype, **places)
    else:
        each = call.tile.queries
        count = ceil_div(queries, each)
        _launch(call, "attention_cpu", call.batch, count, each=each, **places)
    return at_o.tensor, lse


def _parts(device: Device, heads: int, tiles: int, queries: int, width: int) -> int:
    """How many work-items of a CPU share a head's queries: enough to have work for all, as long as
    their gradients of keys and values take little memory beside the weights."""
    wanted = ceil_div(4 * device.compute_units, heads)
    return max(1, min(wanted, tiles, queries // (4 * width)))


@_in_groups
def backward(
    g: Tensor, lse: Tensor, delta: Tensor, q: Tensor, k: Tensor, v: Tensor, mask: Any, word: Any,
    causal: bool, group: int, factor: float, dropped: float,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """The gradients of q, k and v; delta (..., L, 1): the sums of the result times its gradient."""
    call = _call(q, k, v, mask, word, causal, group, factor, dropped)
    batch, few = call.batch, call.few
    at_q, at_k, at_v = _placed(q, batch), _placed(k, few), _placed(v, few)
    keys, depth, width = k.shape[-2], q.shape[-1], v.shape[-1]
    given: dict[str, Any] = {"g": _placed(g, batch), "q": at_q, "k": at_k, "v": at_v}
    columns = [x.expand((*batch, q.shape[-2], 1)).contiguous().realize() for x in (lse, delta)]
    given |= dict(zip(("lse_g", "delta_g"), [x.buffer for x in columns], strict=True))
    at_dq = _like(at_q.tensor, batch, q.shape[-2], depth)
    if call.tile is None:
        at_dk, at_dv = _like(at_k.tensor, few, keys, depth), _like(at_v.tensor, few, keys, width)
        _launch_groups(call, "dq", batch, q.shape[-2], q.dtype, dq=at_dq, **given)
        _launch_groups(call, "dkv", few, keys, q.dtype, dk=at_dk, dv=at_dv, **given)
        return at_dq.tensor, at_dk.tensor, at_dv.tensor
    total = ceil_div(q.shape[-2], call.tile.queries)
    parts = _parts(q.device, prod(few), total, q.shape[-2], depth + width)
    tiles = ceil_div(total, parts)
    parts = ceil_div(total, tiles)
    if parts == 1:
        at_dk, at_dv = _like(at_k.tensor, few, keys, depth), _like(at_v.tensor, few, keys, width)
    else:
        at_dk, at_dv = (_several(q, parts, few, keys, n) for n in (depth, width))
    steps = {"dk_part": prod(few) * keys * depth, "dv_part": prod(few) * keys * width}
    _launch(
        call,
        "attention_grad_cpu",
        few,
        parts,
        dq=at_dq,
        dk=at_dk,
        dv=at_dv,
        tiles=tiles,
        **steps,
        **given,
    )
    dk, dv = at_dk.tensor, at_dv.tensor
    return at_dq.tensor, *((dk, dv) if parts == 1 else (dk.sum(0), dv.sum(0)))


def _several(like: Tensor, parts: int, batch: Shape, rows: int, width: int) -> Placed:
    """A new tensor (parts, *batch, rows, width)."""
    made = Tensor.empty((parts, *batch, rows, width), like.dtype, like.device)
    return Placed(made, rows * width * (batch[-1] if batch else 1), rows * width, width)


def kept(word: Tensor, like: Tensor, keys: int, dropped: float) -> Tensor:
    """What dropout multiplies weights (*like.shape, keys) with, in the dtype of `like`."""
    shape, device = (*like.shape, keys), like.device
    result = Tensor.empty(shape, like.dtype, device)
    args = _hidden(None, shape, word, dropped)[1]
    count = prod(like.shape) * ceil_div(keys, 4)
    size, local, each = spread(device, count, grain=1024)
    run = kernel(device, "attention_keep", T=C_NAMES[like.dtype])
    run((size,), (local,), y_g=result.buffer, count=count, each=each, keys=keys, **args)
    return result
