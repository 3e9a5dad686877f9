"""Operations that move elements, and reductions."""

from __future__ import annotations

from typing import Any

import numpy as np

from cltensor.core.tensor import Tensor
from cltensor.dtypes import bool_, int32, int64
from cltensor.onnx.record import Recorder, writes


@writes("reshape")
def _reshape(g: Recorder, x: Any, shape: Any, *, out: Any) -> Any:
    if tuple(out.shape) == tuple(x.shape):
        return g.value(x)
    allowzero = 1 if 0 in out.shape else None
    return g.node("Reshape", g.value(x), g.ints(out.shape), allowzero=allowzero)


@writes("permute")
def _permute(g: Recorder, x: Any, axes: Any, *, out: Any) -> Any:
    return g.node("Transpose", g.value(x), perm=[a % x.ndim for a in axes])


@writes("expand")
def _expand(g: Recorder, x: Any, shape: Any, *, out: Any) -> Any:
    if tuple(out.shape) == tuple(x.shape):
        return g.value(x)
    return g.node("Expand", g.value(x), g.ints(out.shape))


@writes("slice")
def _slice(g: Recorder, x: Any, cut: Any, *, out: Any) -> Any:
    name = g.value(x)
    starts, ends, axes, steps, chosen = [], [], [], [], []
    axis = 0
    for entry in cut:
        if entry is None:
            continue
        n = x.shape[axis]
        start, step, count = entry if isinstance(entry, tuple) else (entry, 1, 1)
        if (start, step, count) != (0, 1, n):
            starts.append(start)
            last = start + (count - 1) * step
            ends.append(start if not count else last + 1 if step > 0 else last - 1)
            if step < 0 and ends[-1] < 0:
                ends[-1] = -n - 1
            axes.append(axis)
            steps.append(step)
        if not isinstance(entry, tuple):
            chosen.append(axis)
        axis += 1
    if axes:
        given = [g.ints(v) for v in (starts, ends, axes, steps)]
        name = g.node("Slice", name, *(given if any(s != 1 for s in steps) else given[:3]))
    if chosen:
        name = g.node("Squeeze", name, g.ints(chosen))
    added = [i for i, entry in enumerate([e for e in cut if e is None or isinstance(e, tuple)])
             if entry is None]  # fmt: skip
    return g.node("Unsqueeze", name, g.ints(added)) if added else name


@writes("diagonal")
def _diagonal(g: Recorder, x: Any, offset: int, axis1: int, axis2: int, *, out: Any) -> Any:
    order = [a for a in range(x.ndim) if a not in (axis1 % x.ndim, axis2 % x.ndim)]
    moved = g.node("Transpose", g.value(x), perm=[*order, axis1 % x.ndim, axis2 % x.ndim])
    n = x.shape[axis2]
    rest = [x.shape[a] for a in order]
    flat = g.node("Reshape", moved, g.ints([*rest, x.shape[axis1] * n]))
    start = offset if offset >= 0 else -offset * n
    places = start + np.arange(out.shape[-1]) * (n + 1)
    return g.node("Gather", flat, g.ints(places), axis=len(rest))


@writes("concat")
def _concat(g: Recorder, xs: Any, axis: int, *, out: Any) -> Any:
    return g.node("Concat", *[g.value(x, out.dtype) for x in xs], axis=axis)


@writes("pad")
def _pad(g: Recorder, x: Any, widths: Any, value: Any, *, out: Any) -> Any:
    pairs = [tuple(w) for w in widths]
    pads = [w[0] for w in pairs] + [w[1] for w in pairs]
    return g.node("Pad", g.value(x), g.ints(pads), g.constant(value, x.dtype))


@writes("getitem")
def _getitem(g: Recorder, x: Any, indices: Any, start: int, *rest: Any, out: Any) -> Any:
    name = g.value(x)
    parts = [_index(g, i, x.shape[start + k]) for k, i in enumerate(indices)]
    if len(parts) == 1:
        return g.node("Gather", name, parts[0], axis=start)
    shape = np.broadcast_shapes(*[tuple(i.shape) for i in indices])
    whole = [g.node("Unsqueeze", g.node("Expand", p, g.ints(shape)), g.ints([-1])) for p in parts]
    joined = g.node("Concat", *whole, axis=-1)
    # GatherND picks along the first axes.
    n, count = x.ndim, len(parts)
    picked = list(range(start, start + count))
    others = [a for a in range(n) if a not in picked]
    if start:
        name = g.node("Transpose", name, perm=[*picked, *others])
    found = g.node("GatherND", name, joined)
    if not start:
        return found
    own = len(shape)
    order = [own + i for i in range(start)] + list(range(own))
    order += list(range(own + start, own + len(others)))
    return g.node("Transpose", found, perm=order)


def _index(g: Recorder, index: Any, n: int) -> str:
    return g.value(index, int64) if index.dtype not in (int32, int64) else g.value(index)


@writes("gather")
def _gather(g: Recorder, x: Any, index: Any, axis: int, *rest: Any, out: Any) -> Any:
    name = g.value(x)
    shape = [n if a == axis % x.ndim else m for a, (n, m) in enumerate(
        zip(x.shape, index.shape, strict=True))]  # fmt: skip
    if tuple(shape) != tuple(x.shape):
        axes = list(range(x.ndim))
        name = g.node("Slice", name, g.ints([0] * x.ndim), g.ints(shape), g.ints(axes))
    return g.node("GatherElements", name, _index(g, index, x.shape[axis]), axis=axis)


_REDUCTIONS = {
    "sum": "ReduceSum", "prod": "ReduceProd", "max": "ReduceMax", "min": "ReduceMin",
    "amax": "ReduceMax", "amin": "ReduceMin",
}  # fmt: skip


def _declare() -> None:
    def reduction(operator: str) -> Any:
        def write(g: Recorder, x: Any, axis: Any, keepdims: bool, *, out: Any) -> Any:
            if isinstance(out, tuple):
                return NotImplemented
            return _reduced(g, operator, g.value(x, out.dtype), axis, keepdims)

        return write

    for name, operator in _REDUCTIONS.items():
        writes(name)(reduction(operator))


def _reduced(g: Recorder, operator: str, name: str, axis: Any, keepdims: Any) -> str:
    axes = None if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
    if axes == ():
        return g.node("Identity", name)
    more = [] if axes is None else [g.ints(axes)]
    keep = int(bool(keepdims))
    if operator != "ReduceSum" and g.version < 18 and axes is not None:
        return g.node(operator, name, axes=list(axes), keepdims=keep)
    return g.node(operator, name, *more, keepdims=keep)


_declare()


def _declare_of_flags() -> None:
    def write_as(operator: str) -> Any:
        def write(g: Recorder, x: Any, axis: Any, keepdims: bool, *, out: Any) -> Any:
            flags = g.node("Cast", g.value(x, bool_), to=6)
            return g.node("Cast", _reduced(g, operator, flags, axis, keepdims), to=9)

        return write

    writes("any")(write_as("ReduceMax"))
    writes("all")(write_as("ReduceMin"))


_declare_of_flags()


@writes("mean", composite=True)
def _mean(g: Recorder, given: Any, *, out: Any) -> Any:
    x = given("x")
    if not isinstance(x, Tensor) or x.dtype.kind != "f" or x.dtype != out.dtype:
        return NotImplemented
    return _reduced(g, "ReduceMean", g.value(x), given("axis"), given("keepdims"))


@writes("moments")
def _moments(g: Recorder, x: Any, axis: Any, *, out: Any) -> Any:
    name = g.value(x)
    mean = _reduced(g, "ReduceMean", name, axis, True)
    apart = g.node("Sub", name, mean)
    return mean, _reduced(g, "ReduceSum", g.node("Mul", apart, apart), axis, True)


@writes("logsumexp")
def _logsumexp(g: Recorder, x: Any, axis: Any, *, out: Any) -> Any:
    return _reduced(g, "ReduceLogSumExp", g.value(x), axis, out.ndim == x.ndim)


def _declare_arg() -> None:
    def write_as(operator: str) -> Any:
        def write(g: Recorder, x: Any, axis: Any, keepdims: bool, *, out: Any) -> Any:
            name = g.value(x, int32 if x.dtype == bool_ else None)
            if axis is None:
                name, axis = g.node("Reshape", name, g.ints([-1])), 0
                found = g.node(operator, name, axis=0, keepdims=0)
                return g.node("Reshape", found, g.ints(out.shape)) if out.ndim else found
            return g.node(operator, name, axis=int(axis), keepdims=int(bool(keepdims)))

        return write

    writes("argmax")(write_as("ArgMax"))
    writes("argmin")(write_as("ArgMin"))


_declare_arg()


@writes("softmax")
def _softmax(g: Recorder, x: Any, axis: int, *, out: Any) -> Any:
    return g.node("Softmax", g.value(x, out.dtype), axis=_one(axis))


@writes("log_softmax")
def _log_softmax(g: Recorder, x: Any, axis: int, *, out: Any) -> Any:
    return g.node("LogSoftmax", g.value(x, out.dtype), axis=_one(axis))


def _one(axis: Any) -> int:
    return int(axis if isinstance(axis, int) else axis[0])


@writes("cumsum")
def _cumsum(g: Recorder, x: Any, axis: int, reverse: bool = False, *, out: Any) -> Any:
    name = g.value(x, out.dtype)
    return g.node("CumSum", name, g.constant(np.int64(axis)), reverse=int(bool(reverse)))


@writes("topk")
def _topk(g: Recorder, x: Any, k: int, largest: bool, *, out: Any) -> Any:
    return g.node("TopK", g.value(x), g.ints([k]), outputs=2, axis=-1, largest=int(bool(largest)))
