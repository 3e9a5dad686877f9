"""Powers: one tensor to another, or to a constant."""

from __future__ import annotations

from typing import Any

import numpy as np

from cltensor import dtypes
from cltensor.core.composite import composite
from cltensor.core.declare import pointwise
from cltensor.core.op import Op
from cltensor.core.tensor import Tensor
from cltensor.ops.elementwise.arithmetic import positive, reciprocal, square
from cltensor.ops.elementwise.cast import astype, flat, full
from cltensor.ops.elementwise.compare import eq, greater_equal, logical_and
from cltensor.ops.elementwise.functions import log, rsqrt, sqrt
from cltensor.ops.elementwise.select import where

_power: Op = pointwise(
    "pow(a, b)",
    {"f": "pow(a, b)", "i": "(T)ct_power(a, b)", "u": "(T)ct_power(a, b)", "c": "cx_pow(a, b)"},
    accepts="iuf",
    da=lambda g, a, b: _power_base(g, a, b),
    db=lambda g, a, b, out: _power_exponent(g, _operand(a, g), b, out),
)

_NUMBERS = (bool, int, float, complex, np.generic)


def _operand(x: Any, like: Any) -> Any:
    """x, or a constant for a plain number."""
    plain: Any = x
    return full((), plain, like.dtype, like.device) if isinstance(x, _NUMBERS) else x


def _power_base(g: Any, a: Any, b: Any) -> Any:
    if isinstance(b, _NUMBERS):
        exponent: Any = b
        return g * (exponent * pow(a, exponent - 1)) if b else flat(g)
    return where(eq(b, 0), flat(g), g * b * _power(a, b - 1))


def _power_exponent(g: Any, a: Any, b: Any, out: Any) -> Any:
    # 0 to any power that is not negative is flat in the exponent, 0 ** 0 too.
    if g.dtype.kind == "c":
        real = b.real if hasattr(b, "dtype") else full((), b, g.dtype, g.device).real
        return where(logical_and(eq(a, 0), greater_equal(real, 0)), flat(g), g * out * log(a))
    return where(logical_and(eq(a, 0), greater_equal(b, 0)), flat(g), g * out * log(a))


@composite
def pow(a: Tensor | float, b: Tensor | float) -> Any:
    """a to the power b, elementwise; small constant exponents become products.

    Raises DTypeError for a negative constant exponent of integers, whose results are no integers.

    >>> ct.pow(ct.tensor([2.0, 3.0]), 2)
    tensor([4., 9.])
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
        if a.dtype.kind in dtypes.FRACTIONAL:
            if b == 0.5:
                return sqrt(a)
            if b == -0.5:
                return rsqrt(a)
            if b == -1:
                return reciprocal(a)
            if b == 3:
                return square(a) * a
    return _power(a, b)
