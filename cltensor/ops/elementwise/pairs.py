"""Functions of two operands: extremes that ignore NaN, common divisors, sums of exponentials."""

from __future__ import annotations

from typing import Any

from cltensor import dtypes
from cltensor.core.composite import composite
from cltensor.core.declare import pointwise
from cltensor.core.op import Op, require_tensor
from cltensor.core.tensor import Tensor
from cltensor.halves import limits_of
from cltensor.ops.elementwise.arithmetic import add, multiply, subtract
from cltensor.ops.elementwise.cast import astype, flat, full
from cltensor.ops.elementwise.compare import (
    eq,
    greater,
    greater_equal,
    isnan,
    less,
    less_equal,
    logical_or,
)
from cltensor.ops.elementwise.functions import exp2
from cltensor.ops.elementwise.power import pow
from cltensor.ops.elementwise.rounding import copysign
from cltensor.ops.elementwise.select import where
from cltensor.ops.shape.view import view

# The operand that is not NaN; of equals the gradient goes to the first, as in PyTorch.
fmax = pointwise(
    "fmax(a, b)", "(a >= b || b != b) ? a : b",
    da=lambda g, a, b: where(logical_or(greater_equal(a, b), b != b), g, flat(g)),
    db=lambda g, a, b: where(logical_or(greater_equal(a, b), b != b), flat(g), g),
)  # fmt: skip
fmin = pointwise(
    "fmin(a, b)", "(a <= b || b != b) ? a : b",
    da=lambda g, a, b: where(logical_or(less_equal(a, b), b != b), g, flat(g)),
    db=lambda g, a, b: where(logical_or(less_equal(a, b), b != b), flat(g), g),
)  # fmt: skip
gcd = pointwise(
    "gcd(a, b)", "ct_gcd(a, b)", accepts="iu",
    doc="The greatest common divisor, not negative; that of 0 and 0 is 0.",
)  # fmt: skip
lcm = pointwise(
    "lcm(a, b)",
    {
        "i": "(a == 0 || b == 0) ? (T)0 : ct_magnitude((T)(a / ct_gcd(a, b) * b))",
        "u": "(a == 0 || b == 0) ? (T)0 : (T)(a / ct_gcd(a, b) * b)",
    },
    accepts="iu",
    doc="The least common multiple, not negative, where the dtype holds it; with 0 it is 0.",
)
heaviside = pointwise(
    "heaviside(x, values)", "x == 0 ? values : (T)(x > 0)",
    doc="0 where x is negative (or NaN), 1 where it is positive, `values` where it is 0.",
)  # fmt: skip


_scaled: Op = pointwise(
    "scaled(x, exponent)",
    "(T)ldexp(x, (int)(exponent > -5000 ? exponent < 5000 ? exponent : 5000 : -5000))", "float",
    dx=lambda g, exponent: _scaled(g, exponent),
)  # fmt: skip


@composite
def ldexp(x: Any, other: Any) -> Any:
    """x * 2^other, elementwise; of whole numbers `other` also where 2^other alone overflows.

    >>> ct.ldexp(ct.tensor([1.0, 3.0]), ct.tensor([2, 1]))
    tensor([4., 6.])
    """
    require_tensor("ldexp", "other", other)
    return _scaled(x, other) if other.dtype.kind in "biu" else multiply(x, exp2(other))


@composite
def float_power(a: Tensor | float, exponent: Tensor | float) -> Any:
    """a to the power `exponent` in float64, whatever the dtypes; a device without it refuses.

    >>> ct.float_power(ct.tensor([2.0]), 3).item() if ct.device().fp64 else 8.0
    8.0
    """
    operands = [
        astype(x, dtypes.float64) if isinstance(x, Tensor) else float(x) for x in (a, exponent)
    ]
    return pow(*operands)


@composite(method=False)
def rsub(x: Any, other: Tensor | float, alpha: float = 1) -> Any:
    """other - alpha * x.

    >>> ct.rsub(ct.tensor([1, 2]), 10)
    tensor([9, 8])
    """
    return subtract(other, x, alpha=alpha)


nextafter = pointwise(
    "nextafter(a, b)", "nextafter(a, b)", accepts="f",
    da=lambda g, a, b: where(eq(a, b), flat(g), g), db=flat,
    doc="The number of the dtype that follows a in the direction of b.",
)  # fmt: skip
_nextafter = nextafter.run


def _run_nextafter(a: Any, b: Any) -> Any:
    """See `nextafter`. Numbers of 16 bits are in the order of their bits, as far as they are of one
    sign; float32, in which they are computed with, has many between two."""
    tensors = [x for x in (a, b) if isinstance(x, Tensor)]
    dtype = dtypes.result_type(*[(x.dtype, not x.ndim) for x in tensors])
    if dtype not in dtypes.SHORT:
        return _nextafter(a, b)
    device = tensors[0].device
    a, b = [
        astype(x.detach(), dtype) if isinstance(x, Tensor) else full((), x, dtype, device)
        for x in (a, b)
    ]
    step = where(eq(less(a, b), greater(a, 0)), 1, -1)
    moved = view(astype(add(view(a, dtypes.int16), step), dtypes.int16), dtype)
    least = copysign(full((), limits_of(dtype).smallest_subnormal, dtype, device), b)
    found = where(eq(a, b), b, where(eq(a, 0), least, moved))
    return where(logical_or(isnan(a), isnan(b)), float("nan"), found)


nextafter.run = _run_nextafter
