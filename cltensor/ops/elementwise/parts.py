"""Complex numbers from their parts, and what is asked of them: angle, whether they are real."""

from __future__ import annotations

from typing import Any

from cltensor import dtypes
from cltensor.core.composite import composite
from cltensor.core.declare import pointwise
from cltensor.core.op import Op, require_tensor
from cltensor.errors import DTypeError
from cltensor.ops.elementwise.arithmetic import multiply
from cltensor.ops.elementwise.cast import astype, flat, full, real_part
from cltensor.ops.elementwise.compare import eq
from cltensor.ops.elementwise.functions import cos, sin
from cltensor.ops.elementwise.select import where

_complex: Op = pointwise(
    "complex(a, b)", {"f": "cx_make(a, b)"}, "complex", accepts="f",
    da=lambda g: real_part(g), db=lambda g: real_part(multiply(g, -1j)),
)  # fmt: skip
_imag_part: Op = pointwise(
    "imag_part(x)", {"c": "x.s1"}, "real", accepts="",
    dx=lambda g, x_dtype: multiply(astype(g, x_dtype), 1j),
)  # fmt: skip


def _angle_rule(g: Any, x: Any) -> Any:
    """g i x / |x|^2, and 0 at the origin; real numbers have no angle but 0 and pi."""
    if x.dtype.kind != "c":
        return flat(g)
    a, b = real_part(x), _imag_part(x)
    squares = a * a + b * b
    origin = eq(squares, 0)
    g = where(origin, 0, g / where(origin, 1, squares))
    return _complex(-b * g, a * g)


_angle = pointwise(
    "angle(x)",
    {"f": "x != x ? x : x < 0 ? (T)3.141592653589793 : (T)0", "c": "cx_angle(x)"},
    "real", accepts="f", dx=_angle_rule,
)  # fmt: skip


@composite
def angle(x: Any) -> Any:
    """The angle of each complex number with the positive real axis, in (-pi, pi]; of real numbers
    0, or pi where they are negative.

    >>> ct.angle(ct.tensor([1j, -1.0]))
    tensor([1.5708, 3.1416])
    """
    return _angle(astype(x, dtypes.to_float(x.dtype)))


def _require_parts(operation: str, a: Any, b: Any) -> None:
    for x in (a, b):
        require_tensor(operation, "an operand", x)
    if a.dtype != b.dtype or a.dtype not in (dtypes.float32, dtypes.float64):
        raise DTypeError(
            f"{operation}: operands are {a.dtype.name} and {b.dtype.name}; give two of float32, or "
            "two of float64"
        )


@composite(method=False)
def complex(real: Any, imag: Any) -> Any:
    """real + i imag, elementwise; both float32 or both float64, and they broadcast.

    >>> ct.complex(ct.tensor([1.0]), ct.tensor([2.0]))
    tensor([1.+2.j])
    """
    _require_parts("complex", real, imag)
    return _complex(real, imag)


@composite(method=False)
def polar(abs: Any, angle: Any) -> Any:
    """abs (cos(angle) + i sin(angle)), elementwise; both float32 or both float64.

    >>> ct.polar(ct.tensor([2.0]), ct.tensor([0.0]))
    tensor([2.+0.j])
    """
    _require_parts("polar", abs, angle)
    return _complex(abs * cos(angle), abs * sin(angle))


@composite
def isreal(x: Any) -> Any:
    """Where the imaginary part is 0.

    >>> ct.isreal(ct.tensor([1.0, 1j]))
    tensor([ True, False])
    """
    if x.dtype.kind != "c":
        return full(x.shape, True, dtypes.bool_, x.device)
    return eq(_imag_part(x), 0)
