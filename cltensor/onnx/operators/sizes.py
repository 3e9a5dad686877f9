"""Operators on arrays of the host: a model whose shapes vary computes sizes with them, which are
not worth a kernel, and would have to come back from the device."""

from __future__ import annotations

import math
from functools import reduce
from typing import Any

import numpy as np

from cltensor.onnx.operators.shape import slices
from cltensor.onnx.program import SMALL
from cltensor.onnx.table import on_host


def _axes(axes: Any) -> tuple[int, ...] | None:
    return None if axes is None else tuple(int(a) for a in np.ravel(axes))


def _divided(a: Any, b: Any) -> Any:
    if a.dtype.kind == "f":
        return np.divide(a, b)
    if not np.all(b):
        raise ZeroDivisionError("a division by 0")
    found = np.abs(a) // np.abs(b)
    return (found * np.sign(a) * np.sign(b)).astype(a.dtype)


def _remainder(a: Any, b: Any, *, fmod: bool = False) -> Any:
    if not np.all(b):
        raise ZeroDivisionError("a division by 0")
    return (np.fmod if fmod else np.mod)(a, b)


def _cut(x: Any, starts: Any, ends: Any, axes: Any = None, steps: Any = None) -> Any:
    lists = [None if v is None else [int(n) for n in np.ravel(v)] for v in (axes, steps)]
    begins, stops = ([int(n) for n in np.ravel(v)] for v in (starts, ends))
    return x[slices(x.shape, begins, stops, *lists)]


def _cast(x: Any, *, to: Any, **how: Any) -> Any:
    return x.astype(to) if isinstance(to, np.dtype) and to.kind in "biuf" else NotImplemented


def _reshaped(x: Any, shape: Any, *, allowzero: bool = False) -> Any:
    sizes = [int(n) for n in np.ravel(shape)]
    if not allowzero:
        sizes = [x.shape[i] if n == 0 else n for i, n in enumerate(sizes)]
    return x.reshape(sizes)


def _filled(shape: Any, *, value: Any = None) -> Any:
    sizes = [int(n) for n in np.ravel(shape)]
    if value is None or value.dtype.kind not in "biu" or math.prod(sizes) > SMALL:
        return NotImplemented
    return np.full(sizes, value.reshape(()), value.dtype)


def _expanded(x: Any, shape: Any) -> Any:
    sizes = np.broadcast_shapes(x.shape, [int(n) for n in np.ravel(shape)])
    return NotImplemented if math.prod(sizes) > SMALL else np.broadcast_to(x, sizes)


def _counted(start: Any, limit: Any, delta: Any, **how: Any) -> Any:
    if start.dtype.kind == "f" or not delta or abs(int(limit) - int(start)) > SMALL:
        return NotImplemented
    return np.arange(int(start), int(limit), int(delta), dtype=start.dtype)


def _reduced(function: Any) -> Any:
    def run(x: Any, axes: Any = None, *, keepdims: bool = True, **how: Any) -> Any:
        if how.get("noop_with_empty_axes") and not np.size(axes if axes is not None else ()):
            return NotImplemented
        return function(x, axis=_axes(axes) or None, keepdims=keepdims).astype(x.dtype)

    return run


def _of_several(function: Any) -> Any:
    return lambda *xs: reduce(function, xs)


_HOST: dict[str, Any] = {
    "Add": np.add, "And": np.logical_and, "Cast": _cast, "ConstantOfShape": _filled,
    "Concat": lambda *xs, axis: np.concatenate(xs, axis), "Div": _divided, "Equal": np.equal,
    "Expand": _expanded, "Gather": lambda x, i, *, axis=0: np.take(x, i, axis),
    "Greater": np.greater, "GreaterOrEqual": np.greater_equal, "Identity": lambda x: x,
    "Less": np.less, "LessOrEqual": np.less_equal, "Max": _of_several(np.maximum),
    "Min": _of_several(np.minimum), "Mod": _remainder, "Mul": np.multiply, "Neg": np.negative,
    "Not": np.logical_not, "Or": np.logical_or, "Range": _counted,
    "ReduceMax": _reduced(np.max), "ReduceMin": _reduced(np.min), "ReduceProd": _reduced(np.prod),
    "ReduceSum": _reduced(np.sum), "Reshape": _reshaped, "Slice": _cut,
    "Squeeze": lambda x, axes=None: np.squeeze(x, _axes(axes)), "Sub": np.subtract,
    "Unsqueeze": lambda x, axes: np.expand_dims(x, _axes(axes) or ()), "Where": np.where,
}  # fmt: skip
for _name, _function in _HOST.items():
    on_host(_name, _function)
