"""Sums, products, quotients and their remainders.

Integer division by zero gives 0 and INT_MIN / -1 gives INT_MIN, as in NumPy; drivers differ there,
so no formula lets the device divide by zero.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cltensor import dtypes
from cltensor.core.composite import composite
from cltensor.core.declare import pointwise
from cltensor.core.op import Op, require_tensor
from cltensor.core.tensor import Tensor
from cltensor.errors import DTypeError
from cltensor.ops.elementwise.cast import astype, flat
from cltensor.ops.elementwise.rounding import trunc

add = pointwise("add(a, b)", "a + b", accepts="biufc", da=lambda g: g, db=lambda g: g)
subtract = pointwise("subtract(a, b)", "a - b", accepts="iufc", da=lambda g: g, db=lambda g: -g)
multiply = pointwise(
    "multiply(a, b)",
    {**dict.fromkeys("biuf", "a * b"), "c": "cx_mul(a, b)"},
    da=lambda g, b: g * b,
    db=lambda g, a: g * a,
)
divide = pointwise(
    "divide(a, b)",
    {"f": "a / b", "c": "cx_div(a, b)"},
    "float",
    da=lambda g, b: g / b,
    db=lambda g, b, out: -g * out / b,
)
floor_divide = pointwise(
    "floor_divide(a, b)",
    {
        "f": "ct_floor_divide(a, b)",
        "i": "(b == 0 ? (T)0 : b == -1 ? (T)-a : (T)(a / b - (a % b != 0 && (a < 0) != (b < 0))))",
        "u": "(b == 0 ? (T)0 : (T)(a / b))",
    },
    accepts="iuf",
    da=flat,
    db=flat,
)
divide_toward_zero = pointwise(
    "divide_toward_zero(a, b)",
    {
        "f": "trunc(a / b)",
        "i": "(b == 0 ? (T)0 : b == -1 ? (T)-a : (T)(a / b))",
        "u": "(b == 0 ? (T)0 : (T)(a / b))",
    },
    accepts="iuf",
    da=flat,
    db=flat,
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
        "f": "CT_FMOD(a, b)",
        "i": "((b == 0 || b == -1) ? (T)0 : (T)(a % b))",
        "u": "(b == 0 ? (T)0 : (T)(a % b))",
    },
    accepts="iuf",
    da=lambda g: g,
    db=lambda g, a, b: -g * trunc(a / b),
)
negative = pointwise("negative(x)", "-x", accepts="iufc", dx=lambda g: -g)
positive = pointwise("positive(x)", "x", accepts="biufc", dx=lambda g: g)
_square: Op = pointwise(
    "square(x)",
    {**dict.fromkeys("iuf", "x * x"), "c": "cx_mul(x, x)"},
    accepts="iuf",
    dx=lambda g, x: g * (2 * x),
)


@composite
def square(x: Any) -> Any:
    """x * x, elementwise. As a power, it makes int64 of bools.

    >>> ct.square(ct.tensor([2, 3]))
    tensor([4, 9])
    """
    require_tensor("square", "x", x)
    return _square(astype(x, dtypes.int64) if x.dtype.kind == "b" else x)


reciprocal = pointwise(
    "reciprocal(x)",
    {"f": "(T)1 / x", "c": "cx_div((T)(1, 0), x)"},
    "float",
    dx=lambda g, out: -g * out * out,
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
    """Raise DTypeError for a fractional factor where all operands are integers, or a complex one
    where none is complex."""
    if isinstance(factor, (complex, np.complexfloating)) and not any(map(_is_complex, operands)):
        raise DTypeError(
            f"{operation}: {name} is {factor} and no operand is complex; cast one with .cfloat()"
        )
    if isinstance(factor, (float, np.floating)) and not any(map(_is_fractional, operands)):
        raise DTypeError(
            f"{operation}: {name} is {factor} and the operands are integers; give an integer, or "
            "cast them with .float()"
        )


def _is_fractional(x: Any) -> bool:
    if _is_tensor(x):
        return x.dtype.kind in dtypes.FRACTIONAL
    return isinstance(x, (float, complex, np.inexact))


def _is_complex(x: Any) -> bool:
    return x.dtype.kind == "c" if _is_tensor(x) else isinstance(x, (complex, np.complexfloating))


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


def _is_tensor(x: Any) -> bool:
    return isinstance(x, Tensor)


mul, sub, div, true_divide, neg = multiply, subtract, divide, divide, negative
