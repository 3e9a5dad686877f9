"""Bessel functions of orders 0 and 1, the modified ones, and Airy's."""

from __future__ import annotations

from typing import Any

from cltensor.core.declare import pointwise
from cltensor.core.op import Op
from cltensor.ops.elementwise.compare import eq
from cltensor.ops.elementwise.functions import cos
from cltensor.ops.elementwise.rounding import sign
from cltensor.ops.elementwise.select import where
from cltensor.ops.special.gamma import unknown


def _per(y: Any, x: Any, at_zero: float) -> Any:
    """y / x, and `at_zero` at 0, where both are 0."""
    origin = eq(x, 0)
    return where(origin, at_zero, y / where(origin, 1, x))


def _declared(name: str, what: str, accuracy: str, slope: Any, code: str = "") -> Op:
    """A special function of one argument, whose derivative at x, with value out, slope gives."""
    return pointwise(
        f"{name}(x)", f"ct_{code or name}(x)", "float", space="" if name == "i0" else "special",
        dx=lambda g, x, out: g * slope(x, out),
        doc=f"{what}, elementwise.\n\n    Accurate to {accuracy}.\n    ",
    )  # fmt: skip


_WAVE = (
    "8 ulp of the larger of its value and its amplitude sqrt(2 / (pi x)).\n"
    "    Source:  DLMF 10.17 (Hankel's expansion); polynomials up to 8"
)
_FIRST, _SECOND = "The Bessel function of the first kind", "The Bessel function of the second kind"
bessel_j0: Op = _declared("bessel_j0", f"{_FIRST} of order 0", _WAVE, lambda x, out: -bessel_j1(x))
bessel_j1: Op = _declared(
    "bessel_j1", f"{_FIRST} of order 1", _WAVE, lambda x, out: bessel_j0(x) - _per(out, x, 0.5)
)
bessel_y0: Op = _declared(
    "bessel_y0", f"{_SECOND} of order 0, for x >= 0", _WAVE, lambda x, out: -bessel_y1(x)
)
bessel_y1: Op = _declared(
    "bessel_y1", f"{_SECOND} of order 1, for x >= 0", _WAVE, lambda x, out: bessel_y0(x) - out / x
)
spherical_bessel_j0: Op = _declared(
    "spherical_bessel_j0", "sin(x) / x, and 1 at 0", "3 ulp, as far as sin is",
    lambda x, out: _per(cos(x) - out, x, 0.0), "spherical_j0",
)  # fmt: skip

_I = "The modified Bessel function of the first kind of order"
i0: Op = _declared("i0", f"{_I} 0", "6 ulp", lambda x, out: i1(x))
i1: Op = _declared("i1", f"{_I} 1", "6 ulp", lambda x, out: i0(x) - _per(out, x, 0.5))
i0e: Op = _declared("i0e", f"{_I} 0 times e^-|x|", "5 ulp", lambda x, out: i1e(x) - sign(x) * out)
i1e: Op = _declared(
    "i1e", f"{_I} 1 times e^-|x|", "5 ulp",
    lambda x, out: i0e(x) - sign(x) * out - _per(out, x, 0.5),
)  # fmt: skip
_K = "The modified Bessel function of the second kind of order"
modified_bessel_k0: Op = _declared(
    "modified_bessel_k0", f"{_K} 0, for x >= 0", "6 ulp",
    lambda x, out: -modified_bessel_k1(x), "k0",
)  # fmt: skip
modified_bessel_k1: Op = _declared(
    "modified_bessel_k1", f"{_K} 1, for x >= 0", "6 ulp",
    lambda x, out: -modified_bessel_k0(x) - out / x, "k1",
)  # fmt: skip
scaled_modified_bessel_k0: Op = _declared(
    "scaled_modified_bessel_k0", f"{_K} 0 times e^x, for x >= 0", "6 ulp",
    lambda x, out: out - scaled_modified_bessel_k1(x), "k0e",
)  # fmt: skip
scaled_modified_bessel_k1: Op = _declared(
    "scaled_modified_bessel_k1", f"{_K} 1 times e^x, for x >= 0", "6 ulp",
    lambda x, out: out - scaled_modified_bessel_k0(x) - out / x, "k1e",
)  # fmt: skip
modified_bessel_i1 = i1

airy_ai: Op = pointwise(
    "airy_ai(x)", "ct_airy_ai(x)", "float", space="special",
    dx=lambda g: unknown("airy_ai", "it"),
    doc="""Airy's function Ai, elementwise; there is no derivative.

    Accurate to 8 ulp and 4 more for each unit of |x|^(3/2), relative on the right and to the
    amplitude |x|^(-1/4) / sqrt(pi) on the left.
    Source:  DLMF 9.7.
    """,
)  # fmt: skip
