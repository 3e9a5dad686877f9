"""Operators that reduce axes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cltensor.onnx.functions import main as ct
from cltensor.onnx.table import Ints, operator


def _sum(x: Any, axes: tuple[int, ...], keep: bool) -> Any:
    return ct.sum(x, axes, keepdims=keep, dtype=x.dtype)


def _log_sum_exp(x: Any, axes: tuple[int, ...], keep: bool) -> Any:
    return ct.logsumexp(x, axes, keepdim=keep)


def _prod(x: Any, axes: tuple[int, ...], keep: bool) -> Any:
    for axis in sorted((a % x.ndim for a in axes), reverse=True):
        x = ct.prod(x, axis, keepdim=keep, dtype=x.dtype)
    return x


def _mean(x: Any, axes: tuple[int, ...], keep: bool) -> Any:
    if x.dtype.kind in "fc":
        return ct.mean(x, axes, keepdim=keep)
    count = 1
    for axis in axes:
        count *= x.shape[axis]
    return ct.div(_sum(x, axes, keep), count, rounding_mode="trunc")


#: What each does over some axes, and what it does to each element where there are none.
_KINDS: dict[str, tuple[Callable[..., Any], Callable[[Any], Any]]] = {
    "ReduceL1": (lambda x, axes, keep: _sum(ct.abs(x), axes, keep), lambda x: ct.abs(x)),
    "ReduceL2": (
        lambda x, axes, keep: ct.astype(ct.sqrt(_sum(x * x, axes, keep)), x.dtype),
        lambda x: ct.abs(x),
    ),
    "ReduceLogSum": (lambda x, axes, keep: ct.log(_sum(x, axes, keep)), lambda x: ct.log(x)),
    "ReduceLogSumExp": (_log_sum_exp, lambda x: x),
    "ReduceMax": (lambda x, axes, keep: ct.amax(x, axes, keepdim=keep), lambda x: x),
    "ReduceMean": (_mean, lambda x: x),
    "ReduceMin": (lambda x, axes, keep: ct.amin(x, axes, keepdim=keep), lambda x: x),
    "ReduceProd": (_prod, lambda x: x),
    "ReduceSum": (_sum, lambda x: x),
    "ReduceSumSquare": (lambda x, axes, keep: _sum(x * x, axes, keep), lambda x: x * x),
}
#: What the largest and the smallest of no elements are; ct.amax and ct.amin refuse them.
_OF_NONE = {"ReduceMax": "min", "ReduceMin": "max"}


def _extreme(dtype: Any, which: str) -> Any:
    """What no element of a dtype is below ("min") or above ("max")."""
    if dtype.kind == "b":
        return which == "max"
    if dtype.kind == "f":
        return float("inf" if which == "max" else "-inf")
    return getattr(ct.iinfo(dtype), which)


def _declare(name: str) -> None:
    over, alone = _KINDS[name]

    def of(x: Any, axes: list[int] | None, keep: bool, noop: bool) -> Any:
        if not axes and noop:
            return alone(x)
        chosen = tuple(axes) if axes else tuple(range(x.ndim))
        if not chosen:
            return alone(x)
        if name in _OF_NONE and any(x.shape[a] == 0 for a in chosen):
            kept = {a % x.ndim for a in chosen}
            shape = [1 if i in kept else n for i, n in enumerate(x.shape) if keep or i not in kept]
            value = _extreme(x.dtype, _OF_NONE[name])
            return ct.full(tuple(shape), value, dtype=x.dtype, device=x.device)
        return over(x, chosen, keep)

    def by_attribute(x, *, axes: list[int] | None = None, keepdims: bool = True):
        return of(x, axes, keepdims, False)

    def by_input(x, axes: Ints | None = None, *, keepdims: bool = True,
                 noop_with_empty_axes: bool = False):  # fmt: skip
        return of(x, axes, keepdims, noop_with_empty_axes)

    operator(name)(by_attribute)
    operator(name, since=13 if name == "ReduceSum" else 18)(by_input)


for _name in _KINDS:
    _declare(_name)


def _by_rows(function: Callable[..., Any], x: Any, axis: int) -> Any:
    """Until version 13 all axes from `axis` on count as one."""
    axis = axis + x.ndim if axis < 0 else axis
    rows = ct.reshape(x, (*x.shape[:axis], -1))
    return ct.reshape(function(rows, -1), x.shape)


def _hardmax(x: Any, axis: int) -> Any:
    first = ct.argmax(x, axis, keepdim=True)
    places = ct.arange(x.shape[axis], device=x.device)
    shape = [1] * x.ndim
    shape[axis] = x.shape[axis]
    return ct.astype(ct.reshape(places, tuple(shape)) == first, x.dtype)


def _declare_softmax(name: str, function: Callable[..., Any]) -> None:
    def by_rows(x, *, axis: int = 1):
        return _by_rows(function, x, axis)

    def by_axis(x, *, axis: int = -1):
        return function(x, axis)

    operator(name)(by_rows)
    operator(name, since=13)(by_axis)


_declare_softmax("Softmax", ct.softmax)
_declare_softmax("LogSoftmax", ct.log_softmax)
_declare_softmax("Hardmax", _hardmax)
