"""Operators that compute each element by itself, and comparisons."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

from cltensor.dtypes import KIND_RANK, float32
from cltensor.nn import functional as F
from cltensor.onnx.functions import main as ct
from cltensor.onnx.table import Array, Asked, Ints, operator

#: Operators of one tensor, or of two, that are a function of the library under another name.
_UNARY = {
    "Abs": "abs", "Acos": "acos", "Acosh": "acosh", "Asin": "asin", "Asinh": "asinh",
    "Atan": "atan", "Atanh": "atanh", "BitwiseNot": "bitwise_not", "Ceil": "ceil", "Cos": "cos",
    "Cosh": "cosh", "Erf": "erf", "Exp": "exp", "Floor": "floor", "IsNaN": "isnan", "Log": "log",
    "Neg": "neg", "Not": "logical_not", "Reciprocal": "reciprocal", "Relu": "relu",
    "Round": "round", "Sigmoid": "sigmoid", "Sign": "sign", "Sin": "sin", "Sinh": "sinh",
    "Softplus": "softplus", "Sqrt": "sqrt", "Tan": "tan", "Tanh": "tanh", "Mish": "mish",
}  # fmt: skip
_BINARY = {
    "Add": "add", "And": "logical_and", "BitwiseAnd": "bitwise_and", "BitwiseOr": "bitwise_or",
    "BitwiseXor": "bitwise_xor", "Equal": "eq", "Greater": "gt", "GreaterOrEqual": "ge",
    "Less": "lt", "LessOrEqual": "le", "Mul": "mul", "Or": "logical_or", "Sub": "sub",
    "Xor": "logical_xor",
}  # fmt: skip
_VARIADIC = {"Max": "maximum", "Min": "minimum", "Sum": "add"}


def _declare_simple() -> None:
    def unary(function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda x: function(x)

    def binary(function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda a, b: function(a, b)

    def variadic(function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda first, *rest: reduce(function, rest, first)

    for name, called in _UNARY.items():
        operator(name)(unary(getattr(ct, called)))
    for name, called in _BINARY.items():
        operator(name)(binary(getattr(ct, called)))
    for name, called in _VARIADIC.items():
        operator(name)(variadic(getattr(ct, called)))


_declare_simple()


@operator("Div")
def _div(a, b):
    return ct.div(a, b, rounding_mode=None if a.dtype.kind in "fc" else "trunc")


@operator("Mod")
def _mod(a, b, *, fmod: bool = False):
    return (ct.fmod if fmod else ct.remainder)(a, b)


@operator("Pow")
def _pow(x, y):
    if KIND_RANK[y.dtype.kind] > KIND_RANK[x.dtype.kind]:
        x, dtype = ct.astype(x, y.dtype), x.dtype
        return ct.astype(ct.pow(x, y), dtype)
    return ct.pow(x, ct.astype(y, x.dtype))


@operator("Mean")
def _mean(first, *rest):
    return reduce(ct.add, rest, first) / (1 + len(rest))


@operator("BitShift")
def _bit_shift(x, y, *, direction: str):
    if direction not in ("LEFT", "RIGHT"):
        raise ValueError(f"direction is {direction!r}")
    # C leaves open what a shift by all bits or more gives, or by fewer than none, which counts as
    # many: 0, and for the sign to the right -1.
    bits = 8 * x.dtype.itemsize
    inside = ct.logical_and(y >= 0, y < bits)
    last = ct.where(inside, y, bits - 1)
    if direction == "LEFT":
        return ct.where(inside, ct.bitwise_left_shift(x, last), 0)
    found = ct.bitwise_right_shift(x, last)
    return found if x.dtype.kind == "i" else ct.where(inside, found, 0)


@operator("Clip", since=6)
def _clip_to(x, *, min: float = -3.4028234663852886e38, max: float = 3.4028234663852886e38):
    return ct.clamp(x, min, max)


@operator("Clip", since=11)
def _clip(x, min=None, max=None):
    # Not clamp: where min is larger than max, all is max.
    x = x if min is None else ct.maximum(x, min)
    return x if max is None else ct.minimum(x, max)


@operator("IsInf")
def _is_inf(x, *, detect_negative: bool = True, detect_positive: bool = True):
    negative, positive = ct.isneginf(x), ct.isposinf(x)
    if detect_negative and detect_positive:
        return ct.isinf(x)
    if detect_negative:
        return negative
    return positive if detect_positive else ct.zeros_like(positive)


@operator("Where")
def _where(condition, x, y):
    return ct.where(condition, x, y)


@operator("Celu")
def _celu(x, *, alpha: float = 1.0):
    return F.celu(x, alpha)


@operator("Elu")
def _elu(x, *, alpha: float = 1.0):
    return F.elu(x, alpha)


@operator("Gelu")
def _gelu(x, *, approximate: str = "none"):
    return F.gelu(x, approximate=approximate)


@operator("HardSigmoid")
def _hard_sigmoid(x, *, alpha: float = 0.2, beta: float = 0.5):
    return ct.clamp(x * alpha + beta, 0, 1)


@operator("HardSwish")
def _hard_swish(x):
    return F.hardswish(x)


@operator("LeakyRelu")
def _leaky_relu(x, *, alpha: float = 0.01):
    return F.leaky_relu(x, alpha)


@operator("PRelu")
def _prelu(x, slope):
    return ct.where(x < 0, x * slope, x)


@operator("Selu")
def _selu(x, *, alpha: float = 1.6732631921768188, gamma: float = 1.0507010221481323):
    return gamma * (ct.clamp(x, 0, None) + alpha * ct.expm1(ct.clamp(x, None, 0)))


@operator("Shrink")
def _shrink(x, *, bias: float = 0.0, lambd: float = 0.5):
    low, high = ct.where(x < -lambd, x + bias, 0), ct.where(x > lambd, x - bias, 0)
    return ct.astype(low + high, x.dtype)


@operator("Softsign")
def _softsign(x):
    return x / (1 + ct.abs(x))


@operator("Swish", since=24)
def _swish(x, *, alpha: float = 1.0):
    return x * ct.sigmoid(x * alpha)


@operator("SwiGLU", since=28)
def _swiglu(a, b, *, alpha: float = 1.0):
    return _swish(a, alpha=alpha) * b


@operator("ThresholdedRelu")
def _thresholded_relu(x, *, alpha: float = 1.0):
    return ct.where(x > alpha, x, 0)


@operator("CumSum")
def _cumsum(x, axis: Ints, *, exclusive: bool = False, reverse: bool = False):
    return _running(ct.cumsum, 0, x, axis[0], exclusive, reverse)


@operator("CumProd", since=26)
def _cumprod(x, axis: Ints, *, exclusive: bool = False, reverse: bool = False):
    return _running(ct.cumprod, 1, x, axis[0], exclusive, reverse)


def _running(function: Any, start: int, x: Any, axis: int, exclusive: bool, reverse: bool) -> Any:
    x = ct.flip(x, (axis,)) if reverse else x
    found = function(x, axis, dtype=x.dtype)
    if exclusive:
        first = ct.full_like(ct.narrow(x, axis, 0, 1), start)
        found = ct.cat([first, ct.narrow(found, axis, 0, x.shape[axis] - 1)], axis)
    return ct.flip(found, (axis,)) if reverse else found


@operator("Range")
def _range(start: Array, limit: Array, delta: Array, *, stash_type: int = 1, device: Asked):
    if not delta:
        raise ValueError("delta is 0")
    if start.dtype.kind in "iu":
        return ct.arange(int(start), int(limit), int(delta), dtype=start.dtype, device=device)
    # The number of elements is counted in double, as its parts are given.
    low, high, step = float(start), float(limit), float(delta)
    count = max(-int(-(high - low) // step), 0)
    steps = ct.arange(
        count, dtype=float32 if start.dtype.itemsize < 8 else start.dtype, device=device
    )
    return ct.astype(low + steps * step, start.dtype)
