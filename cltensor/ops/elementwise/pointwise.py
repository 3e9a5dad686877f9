"""Elementwise operations: each is one C expression and its derivatives."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from cltensor import dtypes
from cltensor.core.checks import whole
from cltensor.core.composite import composite
from cltensor.core.op import Op, check_scalar, pointwise, require_tensor
from cltensor.core.tensor import Tensor, require_dtype
from cltensor.errors import DTypeError, ShapeError
from cltensor.lazy import fusion
from cltensor.lazy.codegen import Formula, Shape
from cltensor.runtime.device import Device

_constant = Formula("constant", ("k",), "k")


def scalar_of(operation: str, value: Any, dtype: np.dtype) -> bool | int | float:
    """The number `value` as an element of `dtype`; what is behind an integer's point is left out.

    Raises DTypeError for what `dtype` does not hold.
    """
    if dtype.kind == "b":
        return bool(value)
    if dtype.kind == "f":
        if math.fabs(value) > float(np.finfo(dtype).max) and not math.isinf(value):
            raise dtypes.DTypeError(
                f"{operation}: {value} does not fit {dtype.name}; use a wider dtype"
            )
        return float(value)
    if not math.isfinite(value):
        raise dtypes.DTypeError(
            f"{operation}: {value} does not fit {dtype.name}; use a floating-point dtype"
        )
    check_scalar(operation, int(value), dtype)
    return int(value)


def full(shape: Shape, value: float, dtype: np.dtype, device: Device) -> Tensor:
    """A constant of `shape`: an expression without operands, stored only if somebody needs it."""
    require_dtype("full", dtype, device)
    if dtype.kind != "f":
        value = scalar_of("full", value, dtype)
    return Tensor(fusion.pointwise(_constant, (value,), shape, dtype, dtype, device))


def _zeros(g: Any) -> Tensor:
    return full(g.shape, 0, g.dtype, g.device)


def _saturating(target: np.dtype) -> dict[str, str]:
    """C text that casts to an integer type; out-of-range floats saturate and NaN becomes 0.

    Drivers differ on such casts, so the result is defined here.
    """
    limits, name = np.iinfo(target), dtypes.C_NAMES[target]
    suffix = "UL" if target.kind == "u" else "L"
    low = f"({limits.min + 1}L - 1L)" if target.kind == "i" else "0"
    high = f"{limits.max}{suffix}"
    saturated = f"CT_SATURATE({name}, x, (T){low}, (T){high}, {low}, {high})"
    return {**dict.fromkeys("iub", f"({name})x"), "f": saturated}


_CASTS = {
    target: Formula(
        "astype",
        ("x",),
        _saturating(target) if target.kind in "iu" else "x",
    )
    for target in dtypes.ALL
}


def _astype(x: Tensor, dtype: np.dtype) -> Tensor:
    """x cast to another dtype. Out-of-range floats saturate and NaN becomes 0, on every device."""
    target = dtypes.as_dtype(dtype)
    value = x._value
    if target == value.dtype:
        return x
    require_dtype("astype", target, value.device)
    return Tensor(
        fusion.pointwise(_CASTS[target], (value,), value.shape, value.dtype, target, value.device)
    )


astype: Op = Op(
    "astype(x, dtype)", _astype, {"dx": lambda g, x_dtype: astype(g, x_dtype)}, public=True
)


_identity = Formula("contiguous", ("x",), "x")


def _contiguous(x: Tensor) -> Tensor:
    """The same elements in row-major order without gaps; x itself when it is so already."""
    if x.is_pending or x._value.is_contiguous():
        return x
    return _copy(x)


def _copy(x: Tensor) -> Tensor:
    """A copy in a buffer of its own."""
    value = x._value
    if value.device.is_host:
        return Tensor.from_numpy(x._read(), value.device)
    copied = fusion.pointwise(
        _identity, (value,), value.shape, value.dtype, value.dtype, value.device
    )
    fusion.realize(copied)
    return Tensor(copied)


contiguous = Op("contiguous(x)", _contiguous, {"dx": lambda g: g}, public=True)
clone = Op("clone(x)", _copy, {"dx": lambda g: g}, public=True)


@contiguous.option("memory_format")
def _contiguous_as(x: Any, memory_format: Any) -> Any:
    """PyTorch's keyword: elements are in row-major order whatever it says."""
    return contiguous(x)


@clone.option("memory_format")
def _clone_as(x: Any, memory_format: Any) -> Any:
    """PyTorch's keyword: elements are in row-major order whatever it says."""
    return clone(x)


# Arithmetic. Integer division by zero gives 0 and INT_MIN / -1 gives INT_MIN, as in NumPy; drivers
# differ there, so no formula lets the device divide by zero.
add = pointwise("add(a, b)", "a + b", da=lambda g: g, db=lambda g: g)
subtract = pointwise("subtract(a, b)", "a - b", accepts="iuf", da=lambda g: g, db=lambda g: -g)
multiply = pointwise("multiply(a, b)", "a * b", da=lambda g, b: g * b, db=lambda g, a: g * a)
divide = pointwise(
    "divide(a, b)", "a / b", "float", da=lambda g, b: g / b, db=lambda g, b, out: -g * out / b
)
floor_divide = pointwise(
    "floor_divide(a, b)",
    {
        "f": "ct_floor_divide(a, b)",
        "i": "(b == 0 ? (T)0 : b == -1 ? (T)-a : (T)(a / b - (a % b != 0 && (a < 0) != (b < 0))))",
        "u": "(b == 0 ? (T)0 : (T)(a / b))",
    },
    accepts="iuf",
    da=_zeros,
    db=_zeros,
)
divide_toward_zero = pointwise(
    "divide_toward_zero(a, b)",
    {
        "f": "trunc(a / b)",
        "i": "(b == 0 ? (T)0 : b == -1 ? (T)-a : (T)(a / b))",
        "u": "(b == 0 ? (T)0 : (T)(a / b))",
    },
    accepts="iuf",
    da=_zeros,
    db=_zeros,
)
divide_toward_zero.public = False
remainder = pointwise(
    "remainder(a, b)",
    {
        "f": "ct_remainder(a, b)",
        "i": "((b == 0 || b == -1) ? (T)0 : "
        "(T)(a % b + ((a % b != 0 && (a % b < 0) != (b < 0)) ? b : 0)))",
        "u": "(b == 0 ? (T)0 : (T)(a % b))",
    },
    accepts="iuf",
    da=lambda g: g,
    db=lambda g, a, b: -g * floor_divide(a, b),
)
fmod = pointwise(
    "fmod(a, b)",
    {
        "f": "(fmod)(a, b)",
        "i": "((b == 0 || b == -1) ? (T)0 : (T)(a % b))",
        "u": "(b == 0 ? (T)0 : (T)(a % b))",
    },
    accepts="iuf",
    da=lambda g: g,
    db=lambda g, a, b: -g * trunc(a / b),
)
negative = pointwise("negative(x)", "-x", accepts="iuf", dx=lambda g: -g)
positive = pointwise("positive(x)", "x", dx=lambda g: g)
abs_ = pointwise(
    "abs(x)", {"f": "fabs(x)", "i": "x < 0 ? -x : x", "u": "x"}, accepts="iuf",
    dx=lambda g, x: g * sign(x),
)  # fmt: skip
_SIGN = "(T)((x > 0) - (x < 0))"
sign: Op = pointwise(
    "sign(x)",
    {"f": f"x != x ? x : {_SIGN}", "i": _SIGN, "u": "(T)(x > 0)", "b": "x"},
    dx=_zeros,
)
_square: Op = pointwise("square(x)", "x * x", accepts="iuf", dx=lambda g, x: g * (2 * x))


@composite
def square(x: Any) -> Any:
    """x * x, elementwise. As a power, it makes int64 of bools."""
    require_tensor("square", "x", x)
    return _square(astype(x, dtypes.int64) if x.dtype.kind == "b" else x)


reciprocal = pointwise("reciprocal(x)", "(T)1 / x", "float", dx=lambda g, out: -g * out * out)
_power: Op = pointwise(
    "pow(a, b)",
    {"f": "pow(a, b)", "i": "(T)ct_power(a, b)", "u": "(T)ct_power(a, b)"},
    accepts="iuf",
    da=lambda g, a, b: _power_base(g, a, b),
    db=lambda g, a, b, out: _power_exponent(g, _operand(a, g), b, out),
)


def _operand(x: Any, like: Any) -> Any:
    """x, or a constant for a plain number."""
    plain = isinstance(x, (bool, int, float, np.generic))
    return full((), x, like.dtype, like.device) if plain else x


def _power_base(g: Any, a: Any, b: Any) -> Any:
    if isinstance(b, (bool, int, float, np.generic)):
        exponent: Any = b
        return g * (exponent * pow(a, exponent - 1)) if b else _zeros(g)
    return where(eq(b, 0), _zeros(g), g * b * _power(a, b - 1))


def _power_exponent(g: Any, a: Any, b: Any, out: Any) -> Any:
    # 0 to any power that is not negative is flat in the exponent, 0 ** 0 too.
    return where(logical_and(eq(a, 0), greater_equal(b, 0)), _zeros(g), g * out * log(a))


@composite
def pow(a: Tensor | float, b: Tensor | float) -> Any:
    """a to the power b, elementwise; small constant exponents become products.

    Raises DTypeError for a negative constant exponent of integers, whose results are no integers.
    """
    if isinstance(b, np.generic):
        b = b.item()
    if type(b) in (int, float) and hasattr(a, "dtype"):
        lifted = dtypes.with_scalar(a.dtype, float if type(b) is float else int)
        if a.dtype is not lifted:
            a = astype(a, lifted)
        if b == 2:
            return square(a)
        if b == 1:
            return positive(a)
        if b < 0 and type(b) is int and a.dtype.kind in "iu":
            raise dtypes.DTypeError(
                f"pow: {a.dtype.name} to the power {b} is not an integer; cast with .to('float32')"
            )
        if a.dtype.kind == "f":
            if b == 0.5:
                return sqrt(a)
            if b == -0.5:
                return rsqrt(a)
            if b == -1:
                return reciprocal(a)
            if b == 3:
                return square(a) * a
    return _power(a, b)


def _ties(g: Any, a: Any, b: Any, loses: Any) -> Any:
    """The share of g that goes to the operand, 0 where it `loses`; equals get half each. Where one
    is NaN none loses, and both get all, as in PyTorch."""
    return where(eq(a, b), g * 0.5, where(loses, _zeros(g), g))


maximum = pointwise(
    "maximum(a, b)", "(a > b || a != a) ? a : b",
    da=lambda g, a, b: _ties(g, a, b, less(a, b)),
    db=lambda g, a, b: _ties(g, a, b, greater(a, b)),
)  # fmt: skip
minimum = pointwise(
    "minimum(a, b)", "(a < b || a != a) ? a : b",
    da=lambda g, a, b: _ties(g, a, b, greater(a, b)),
    db=lambda g, a, b: _ties(g, a, b, less(a, b)),
)  # fmt: skip

# Comparisons and logic.
eq: Op = pointwise("eq(a, b)", "a == b", "bool")
not_equal = pointwise("not_equal(a, b)", "a != b", "bool")
less: Op = pointwise("less(a, b)", "a < b", "bool")
less_equal = pointwise("less_equal(a, b)", "a <= b", "bool")
greater: Op = pointwise("greater(a, b)", "a > b", "bool")
greater_equal = pointwise("greater_equal(a, b)", "a >= b", "bool")
logical_and: Op = pointwise("logical_and(a, b)", "a != 0 && b != 0", "bool")
logical_or = pointwise("logical_or(a, b)", "a != 0 || b != 0", "bool")
logical_xor = pointwise("logical_xor(a, b)", "(a != 0) != (b != 0)", "bool")
logical_not = pointwise("logical_not(x)", "x == 0", "bool")
isnan = pointwise("isnan(x)", "x != x", "bool")
isinf = pointwise(
    "isinf(x)", {"f": "x == x && x - x != x - x", "i": "0", "u": "0", "b": "0"}, "bool"
)
isfinite = pointwise("isfinite(x)", {"f": "x - x == 0", "i": "1", "u": "1", "b": "1"}, "bool")
bitwise_and = pointwise("bitwise_and(a, b)", "a & b", accepts="biu")
bitwise_or = pointwise("bitwise_or(a, b)", "a | b", accepts="biu")
bitwise_xor = pointwise("bitwise_xor(a, b)", "a ^ b", accepts="biu")
bitwise_invert = pointwise(
    "bitwise_invert(x)", {"b": "x == 0", "i": "~x", "u": "~x"}, accepts="biu"
)
_BITS = "(T)(8 * sizeof(T))"
bitwise_left_shift = pointwise(
    "bitwise_left_shift(a, b)",
    {
        "i": f"(b < 0 || b >= {_BITS}) ? (T)0 : (T)(a << b)",
        "u": f"b >= {_BITS} ? (T)0 : (T)(a << b)",
    },
    accepts="iu",
)
bitwise_right_shift = pointwise(
    "bitwise_right_shift(a, b)",
    {
        "i": f"(b < 0 || b >= {_BITS}) ? (T)(a < 0 ? -1 : 0) : (T)(a >> b)",
        "u": f"b >= {_BITS} ? (T)0 : (T)(a >> b)",
    },
    accepts="iu",
)

# Exponentials, powers and logarithms.
exp = pointwise("exp(x)", "exp(x)", "float", dx=lambda g, out: g * out)
exp2 = pointwise("exp2(x)", "exp2(x)", "float", dx=lambda g, out: g * out * 0.6931471805599453)
expm1 = pointwise("expm1(x)", "expm1(x)", "float", dx=lambda g, out: g * (out + 1))
log: Op = pointwise("log(x)", "log(x)", "float", dx=lambda g, x: g / x)
log2 = pointwise("log2(x)", "log2(x)", "float", dx=lambda g, x: g / (x * 0.6931471805599453))
log10 = pointwise("log10(x)", "log10(x)", "float", dx=lambda g, x: g / (x * 2.302585092994046))
log1p = pointwise("log1p(x)", "log1p(x)", "float", dx=lambda g, x: g / (x + 1))
sqrt = pointwise("sqrt(x)", "sqrt(x)", "float", dx=lambda g, out: g * 0.5 / out)
rsqrt = pointwise("rsqrt(x)", "rsqrt(x)", "float", dx=lambda g, out: g * -0.5 * out * out * out)
hypot = pointwise(
    "hypot(a, b)", "hypot(a, b)", "float",
    da=lambda g, a, out: g * a / out, db=lambda g, b, out: g * b / out,
)  # fmt: skip

# Trigonometric and hyperbolic functions.
sin = pointwise("sin(x)", "sin(x)", "float", dx=lambda g, x: g * cos(x))
cos: Op = pointwise("cos(x)", "cos(x)", "float", dx=lambda g, x: -g * sin(x))
tan = pointwise("tan(x)", "tan(x)", "float", dx=lambda g, out: g * (1 + out * out))
asin = pointwise("asin(x)", "asin(x)", "float", dx=lambda g, x: g * rsqrt(1 - x * x))
acos = pointwise("acos(x)", "acos(x)", "float", dx=lambda g, x: -g * rsqrt(1 - x * x))
atan = pointwise("atan(x)", "atan(x)", "float", dx=lambda g, x: g / (1 + x * x))
sinh = pointwise("sinh(x)", "sinh(x)", "float", dx=lambda g, x: g * cosh(x))
cosh: Op = pointwise("cosh(x)", "cosh(x)", "float", dx=lambda g, x: g * sinh(x))
tanh = pointwise("tanh(x)", "tanh(x)", "float", dx=lambda g, out: g * (1 - out * out))
asinh = pointwise("asinh(x)", "asinh(x)", "float", dx=lambda g, x: g * rsqrt(x * x + 1))
acosh = pointwise("acosh(x)", "acosh(x)", "float", dx=lambda g, x: g * rsqrt(x * x - 1))
atanh = pointwise("atanh(x)", "atanh(x)", "float", dx=lambda g, x: g / (1 - x * x))
atan2 = pointwise(
    "atan2(a, b)", "atan2(a, b)", "float",
    da=lambda g, a, b: _per_square(g * b, a, b), db=lambda g, a, b: _per_square(-g * a, a, b),
)  # fmt: skip


def _per_square(x: Any, a: Any, b: Any) -> Any:
    """x / (a^2 + b^2), and 0 at the origin, where atan2 has no slope."""
    squares = a * a + b * b
    origin = eq(squares, 0)
    return where(origin, _zeros(x), x / where(origin, 1, squares))


erf = pointwise(
    "erf(x)", "erf(x)", "float", dx=lambda g, x: g * (1.1283791670955126 * exp(-(x * x)))
)

# Rounding, signs and selection.
floor = pointwise("floor(x)", {"f": "floor(x)", "i": "x", "u": "x"}, accepts="iuf", dx=_zeros)
ceil = pointwise("ceil(x)", {"f": "ceil(x)", "i": "x", "u": "x"}, accepts="iuf", dx=_zeros)
trunc: Op = pointwise("trunc(x)", {"f": "trunc(x)", "i": "x", "u": "x"}, accepts="iuf", dx=_zeros)
round_ = pointwise("round(x)", {"f": "rint(x)", "i": "x", "u": "x"}, accepts="iuf", dx=_zeros)
copysign = pointwise(
    "copysign(a, b)", "copysign(a, b)", "float", da=lambda g, a, out: g * sign(a) * sign(out),
    db=_zeros,
)  # fmt: skip
_where: Op = pointwise(
    "where(condition, a, b)", "condition != 0 ? a : b",
    da=lambda g, condition: _where(condition, g, _zeros(g)),
    db=lambda g, condition: _where(condition, _zeros(g), g),
)  # fmt: skip


@composite(method=False)
def where(condition: Any, a: Any, b: Any) -> Any:
    """a where `condition` holds, b elsewhere; all three broadcast. condition is a bool tensor."""
    if not isinstance(condition, (bool, int, np.generic)):
        require_tensor("where", "condition", condition)
        if condition.dtype.kind != "b":
            condition = not_equal(condition, 0)
    return _where(condition, a, b)


@composite
def masked_fill(x: Any, mask: Any, value: Any) -> Any:
    """x with `value`, a number or a tensor of no dimensions, where `mask` holds.

    The dtype of x stays: `value` is cast to it. Raises DTypeError for a number that it does not
    hold, ShapeError for a value with dimensions.
    """
    if isinstance(value, (bool, int, float, np.generic)):
        value = scalar_of("masked_fill", value, x.dtype)
    else:
        require_tensor("masked_fill", "value", value)
        if value.ndim:
            raise ShapeError(
                f"masked_fill: a value of shape {tuple(value.shape)} is not one number; use "
                "where(mask, value, x)"
            )
        value = astype(value, x.dtype)
    return where(mask, value, x)


# A bound that is NaN makes every result NaN.
_clip_low = pointwise(
    "clip_low(x, low)", "(x < low || low != low) ? low : x",
    dx=lambda g, x, low: where(greater_equal(x, low), g, _zeros(g)),
    dlow=lambda g, x, low: where(less(x, low), g, _zeros(g)),
)  # fmt: skip
_clip_high = pointwise(
    "clip_high(x, high)", "(x > high || high != high) ? high : x",
    dx=lambda g, x, high: where(less_equal(x, high), g, _zeros(g)),
    dhigh=lambda g, x, high: where(greater(x, high), g, _zeros(g)),
)  # fmt: skip


@composite
def clip(x: Any, min: Any = None, max: Any = None) -> Any:
    """x held between `min` and `max`, numbers or tensors; None leaves a side open, and both a copy.

    NaN stays NaN, and where a bound is NaN so is the result. Where min > max the result is max.
    """
    if min is None:
        return clone(x) if max is None else _clip_high(x, max)
    x = _clip_low(x, min)
    return x if max is None else _clip_high(x, max)


# Activations.
relu = pointwise(
    # Mesa 22.3 dies compiling the first form for int8.
    "relu(x)", {"f": "x < 0 ? (T)0 : x", "i": "x > 0 ? x : (T)0", "u": "x"}, accepts="iuf",
    dx=lambda g, out: _gate(g, out),
)  # fmt: skip
_gate: Op = pointwise(
    "gate(x, y)", {"f": "y <= 0 ? (T)0 : x", "i": "y > 0 ? x : (T)0", "u": "y > 0 ? x : (T)0"},
    accepts="iuf",
    dx=lambda g, y: _gate(g, y), dy=_zeros,
)  # fmt: skip
sigmoid = pointwise(
    "sigmoid(x)", "(T)1 / ((T)1 + exp(-x))", "float", dx=lambda g, out: g * out * (1 - out)
)


@add.option("alpha")
def _add_scaled(a: Any, b: Any, alpha: float) -> Any:
    """a + alpha * b."""
    return add(a, _times("add", a, b, alpha))


@subtract.option("alpha")
def _subtract_scaled(a: Any, b: Any, alpha: float) -> Any:
    """a - alpha * b."""
    return subtract(a, _times("subtract", a, b, alpha))


def _times(operation: str, a: Any, b: Any, alpha: float) -> Any:
    """alpha * b, of the dtype that it has beside a."""
    require_whole(operation, "alpha", alpha, a, b)
    if alpha == 1:
        return b
    if _is_tensor(a) and (b.dtype.kind == "b" if _is_tensor(b) else isinstance(b, bool)):
        if a.dtype.kind == "b":  # not int64, as of a bool and a number
            return b & bool(alpha)
        b = astype(b, a.dtype) if _is_tensor(b) else int(b)
    return multiply(b, alpha) if _is_tensor(b) else b * alpha


def require_whole(operation: str, name: str, factor: Any, *operands: Any) -> None:
    """Raise DTypeError for a fractional factor where all operands are integers."""
    if isinstance(factor, (float, np.floating)) and not any(map(_is_fractional, operands)):
        raise DTypeError(
            f"{operation}: {name} is {factor} and the operands are integers; give an integer, or "
            "cast them with .float()"
        )


def _is_fractional(x: Any) -> bool:
    return x.dtype.kind == "f" if _is_tensor(x) else isinstance(x, (float, np.floating))


@divide.option("rounding_mode")
def _divide_rounded(a: Any, b: Any, rounding_mode: str) -> Any:
    """a / b, rounded to the "floor", or towards zero by "trunc"; integers stay integers."""
    if rounding_mode == "floor":
        return floor_divide(a, b)
    if rounding_mode != "trunc":
        raise ValueError(
            f"divide: rounding_mode is {rounding_mode!r}; use 'floor', 'trunc' or None"
        )
    return divide_toward_zero(a, b)


_DECIMALS = 300  # beyond, their power of ten is no float64


@round_.option("decimals")
def _round_at(x: Any, decimals: int) -> Any:
    """x rounded to that many decimal places; half goes to the even neighbour."""
    decimals = whole("round", "decimals", decimals, -_DECIMALS, _DECIMALS)
    if decimals == 0 or x.dtype.kind in "iu":
        return round_(x)
    scale = 10.0 ** abs(decimals)
    return round_(x * scale) / scale if decimals > 0 else round_(x / scale) * scale


def _is_tensor(x: Any) -> bool:
    return isinstance(x, Tensor)


# PyTorch's shorter and older names.
mul, sub, div, true_divide, neg = multiply, subtract, divide, divide, negative
ne, lt, le, gt, ge = not_equal, less, less_equal, greater, greater_equal
clamp = clip
