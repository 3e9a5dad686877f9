"""Operations on each element."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from cltensor.core.tensor import Tensor
from cltensor.dtypes import bool_, promote
from cltensor.onnx.record import Recorder, writes

_UNARY = {
    "abs": "Abs", "acos": "Acos", "acosh": "Acosh", "asin": "Asin", "asinh": "Asinh",
    "atan": "Atan", "atanh": "Atanh", "bitwise_invert": "BitwiseNot", "ceil": "Ceil", "cos": "Cos",
    "cosh": "Cosh", "erf": "Erf", "exp": "Exp", "floor": "Floor", "isinf": "IsInf",
    "isnan": "IsNaN", "log": "Log", "logical_not": "Not", "mish": "Mish", "negative": "Neg",
    "reciprocal": "Reciprocal", "relu": "Relu", "round": "Round", "sigmoid": "Sigmoid",
    "sign": "Sign", "sin": "Sin", "sinh": "Sinh", "sqrt": "Sqrt", "tan": "Tan", "tanh": "Tanh",
    "hardswish": "HardSwish",
}  # fmt: skip
_BINARY = {
    "add": "Add", "bitwise_and": "BitwiseAnd", "bitwise_or": "BitwiseOr",
    "bitwise_xor": "BitwiseXor", "divide": "Div", "maximum": "Max", "minimum": "Min",
    "multiply": "Mul", "pow": "Pow", "subtract": "Sub",
}  # fmt: skip
_COMPARISONS = {
    "eq": "Equal", "greater": "Greater", "greater_equal": "GreaterOrEqual", "less": "Less",
    "less_equal": "LessOrEqual", "logical_and": "And", "logical_or": "Or", "logical_xor": "Xor",
}  # fmt: skip


#: What the operators are called, or are the same as, for flags.
_OF_FLAGS = {
    "Add": "Or", "Max": "Or", "Min": "And", "Mul": "And",
    "BitwiseAnd": "And", "BitwiseOr": "Or", "BitwiseXor": "Xor",
}  # fmt: skip
#: Operators that ONNX has for floats only, and what they give for whole numbers.
_OF_FLOATS = {"Ceil", "Floor", "Round", "IsInf", "IsNaN"}


def _whole(g: Recorder, operator: str, x: Any, out: Any) -> str:
    if operator.startswith("Is"):
        return g.constant(np.zeros(x.shape, bool))
    return g.value(x, out.dtype)


def _declare() -> None:
    def unary(operator: str) -> Any:
        def write(g: Recorder, x: Any, *, out: Any) -> Any:
            if operator in _OF_FLOATS and x.dtype.kind in "biu":  # whole numbers stay as they are
                return _whole(g, operator, x, out)
            if out.dtype != bool_:
                return g.node(operator, g.value(x, out.dtype))
            own = operator.removeprefix("Bitwise")
            return g.node(own, g.value(x, bool_ if own == "Not" else x.dtype))

        return write

    def binary(operator: str) -> Any:
        def write(g: Recorder, a: Any, b: Any, *, out: Any) -> Any:
            own = _OF_FLAGS.get(operator, operator) if out.dtype == bool_ else operator
            return g.node(own, g.value(a, out.dtype), g.value(b, out.dtype))

        return write

    def comparison(operator: str) -> Any:
        def write(g: Recorder, a: Any, b: Any, *, out: Any) -> Any:
            dtype = bool_ if operator in ("And", "Or", "Xor") else common(a, b)
            if dtype == bool_ and operator[0] in "GL":  # flags have no order there
                dtype = np.dtype("int32")
            return g.node(operator, g.value(a, dtype), g.value(b, dtype))

        return write

    for name, operator in _UNARY.items():
        writes(name)(unary(operator))
    for name, operator in _BINARY.items():
        writes(name)(binary(operator))
    for name, operator in _COMPARISONS.items():
        writes(name)(comparison(operator))


def common(a: Any, b: Any) -> Any:
    """The dtype in which two operands meet, of which one may be a number."""
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        return promote(a.dtype, b.dtype)
    x, number = (a, b) if isinstance(a, Tensor) else (b, a)
    if isinstance(number, float) and x.dtype.kind != "f":
        return np.dtype("float32")
    if isinstance(number, int) and x.dtype.kind in "iu":
        limits = np.iinfo(x.dtype)
        return x.dtype if limits.min <= number <= limits.max else np.dtype("int64")
    return np.dtype("int64") if x.dtype == bool_ and not isinstance(number, bool) else x.dtype


_declare()


@writes("not_equal")
def _not_equal(g: Recorder, a: Any, b: Any, *, out: Any) -> Any:
    dtype = common(a, b)
    return g.node("Not", g.node("Equal", g.value(a, dtype), g.value(b, dtype)))


@writes("astype")
def _astype(g: Recorder, x: Any, dtype: Any, *, out: Any) -> Any:
    return g.value(x, out.dtype)


@writes("positive", "apart", "clone", "contiguous")
def _same(g: Recorder, x: Any, *rest: Any, out: Any) -> Any:
    return g.value(x)  # values do not change, so a copy is the same


@writes("where")
def _where(g: Recorder, condition: Any, a: Any, b: Any, *, out: Any) -> Any:
    return g.node("Where", g.value(condition, bool_), g.value(a, out.dtype), g.value(b, out.dtype))


@writes("clip_low")
def _clip_low(g: Recorder, x: Any, low: Any, *, out: Any) -> Any:
    return g.node("Max", g.value(x, out.dtype), g.value(low, out.dtype))


@writes("clip_high")
def _clip_high(g: Recorder, x: Any, high: Any, *, out: Any) -> Any:
    return g.node("Min", g.value(x, out.dtype), g.value(high, out.dtype))


@writes("hardtanh")
def _hardtanh(g: Recorder, x: Any, low: Any, high: Any, *, out: Any) -> Any:
    dtype = out.dtype
    return g.node("Clip", g.value(x, dtype), g.constant(low, dtype), g.constant(high, dtype))


@writes("square")
def _square(g: Recorder, x: Any, *, out: Any) -> Any:
    name = g.value(x, out.dtype)
    return g.node("Mul", name, name)


@writes("spread_of")
def _spread(g: Recorder, x: Any, *, out: Any) -> Any:
    return g.node("Sqrt", g.value(x, out.dtype))


@writes("rsqrt")
def _rsqrt(g: Recorder, x: Any, *, out: Any) -> Any:
    return g.node("Reciprocal", g.node("Sqrt", g.value(x, out.dtype)))


def _with(function: str, factor: float, before: bool) -> Any:
    """A function with a factor in front of, or behind, it."""

    def write(g: Recorder, x: Any, *, out: Any) -> Any:
        name, by = g.value(x, out.dtype), g.constant(factor, out.dtype)
        if before:
            return g.node(function, g.node("Mul", name, by))
        return g.node("Mul", g.node(function, name), by)

    return write


writes("exp2")(_with("Exp", math.log(2), True))
writes("log2")(_with("Log", 1 / math.log(2), False))
writes("log10")(_with("Log", 1 / math.log(10), False))


@writes("expm1")
def _expm1(g: Recorder, x: Any, *, out: Any) -> Any:
    return g.node("Sub", g.node("Exp", g.value(x, out.dtype)), g.constant(1, out.dtype))


@writes("log1p")
def _log1p(g: Recorder, x: Any, *, out: Any) -> Any:
    return g.node("Log", g.node("Add", g.value(x, out.dtype), g.constant(1, out.dtype)))


@writes("floor_divide")
def _floor_divide(g: Recorder, a: Any, b: Any, *, out: Any) -> Any:
    x, y = g.value(a, out.dtype), g.value(b, out.dtype)
    if out.dtype.kind == "f":
        return g.node("Floor", g.node("Div", x, y))
    # Div goes toward 0, and what is left then has the sign of the divisor.
    return g.node("Div", g.node("Sub", x, g.node("Mod", x, y)), y)


@writes("divide_toward_zero")
def _divide_toward_zero(g: Recorder, a: Any, b: Any, *, out: Any) -> Any:
    quotient = g.node("Div", g.value(a, out.dtype), g.value(b, out.dtype))
    if out.dtype.kind != "f":
        return quotient
    return g.node("Mul", g.node("Sign", quotient), g.node("Floor", g.node("Abs", quotient)))


@writes("fmod")
def _fmod(g: Recorder, a: Any, b: Any, *, out: Any) -> Any:
    return g.node("Mod", g.value(a, out.dtype), g.value(b, out.dtype), fmod=1)


@writes("remainder")
def _remainder(g: Recorder, a: Any, b: Any, *, out: Any) -> Any:
    x, y = g.value(a, out.dtype), g.value(b, out.dtype)
    if out.dtype.kind != "f":
        return g.node("Mod", x, y)
    return g.node("Sub", x, g.node("Mul", y, g.node("Floor", g.node("Div", x, y))))


@writes("silu")
def _silu(g: Recorder, x: Any, *, out: Any) -> Any:
    name = g.value(x, out.dtype)
    return g.node("Mul", name, g.node("Sigmoid", name))


@writes("elu")
def _elu(g: Recorder, x: Any, alpha: float, *, out: Any) -> Any:
    return g.node("Elu", g.value(x, out.dtype), alpha=float(alpha))


@writes("softplus")
def _softplus(g: Recorder, x: Any, beta: float, threshold: float, *, out: Any) -> Any:
    name, by = g.value(x, out.dtype), g.constant(beta, out.dtype)
    if beta == 1:
        return g.node("Softplus", name)
    return g.node("Div", g.node("Softplus", g.node("Mul", name, by)), by)


@writes("gelu")
def _gelu(g: Recorder, x: Any, *, out: Any) -> Any:
    return _gelu_as(g, x, out, "none")


@writes("gelu_tanh")
def _gelu_tanh(g: Recorder, x: Any, *, out: Any) -> Any:
    return _gelu_as(g, x, out, "tanh")


def _gelu_as(g: Recorder, x: Any, out: Any, approximate: str) -> Any:
    name, dtype = g.value(x, out.dtype), out.dtype
    if g.version >= 20:
        return g.node("Gelu", name, approximate=approximate)
    if approximate == "none":
        inner = g.node("Erf", g.node("Mul", name, g.constant(math.sqrt(0.5), dtype)))
    else:
        cube = g.node("Mul", g.node("Mul", name, name), name)
        sum_ = g.node("Add", name, g.node("Mul", cube, g.constant(0.044715, dtype)))
        inner = g.node("Tanh", g.node("Mul", sum_, g.constant(math.sqrt(2 / math.pi), dtype)))
    half = g.node("Mul", name, g.constant(0.5, dtype))
    return g.node("Mul", half, g.node("Add", inner, g.constant(1, dtype)))


@writes("leaky_relu", composite=True)
def _leaky_relu(g: Recorder, given: Any, *, out: Any) -> Any:
    if given("inplace"):
        return NotImplemented
    return g.node("LeakyRelu", g.value(given("input")), alpha=float(given("negative_slope", 0.01)))
