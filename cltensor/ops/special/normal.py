"""The error function's family and the normal distribution's."""

from __future__ import annotations

from cltensor.core.declare import pointwise
from cltensor.core.op import Op
from cltensor.ops.elementwise.functions import exp

_ROOT = 0.8862269254527580  # sqrt(pi) / 2
_SOURCE = (
    'Source:  Shepherd and Laframboise, "Chebyshev approximation of (1 + 2x) exp(x^2) erfc x" '
    "(1981)."
)
_INVERSE = 'Source:  Giles, "Approximating the erfinv function" (2012).'

erfc: Op = pointwise(
    "erfc(x)", "ct_erfc(x)", "float", dx=lambda g, x: g * (-1 / _ROOT * exp(-(x * x))),
    doc=f"""1 - erf(x), without cancellation for large x, elementwise.

    Accurate to 5 ulp.
    {_SOURCE}
    """,
)  # fmt: skip
erfinv: Op = pointwise(
    "erfinv(x)", "ct_erfinv(x)", "float", dx=lambda g, out: g * (_ROOT * exp(out * out)),
    doc=f"""The number whose erf is x, elementwise; infinite at -1 and 1, NaN beyond.

    Accurate to 4 ulp.
    {_INVERSE}
    """,
)  # fmt: skip
erfcx: Op = pointwise(
    "erfcx(x)", "ct_erfcx(x)", "float", space="special",
    dx=lambda g, x, out: g * (2 * x * out - 1 / _ROOT),
    doc=f"""exp(x^2) erfc(x), elementwise.

    Accurate to 5 ulp.
    {_SOURCE}
    """,
)  # fmt: skip
ndtr: Op = pointwise(
    "ndtr(x)", "ct_ndtr(x)", "float", space="special",
    dx=lambda g, x: g * (0.3989422804014327 * exp(x * x * -0.5)),
    doc=f"""The chance that a normal number (mean 0, deviation 1) is below x, elementwise.

    Accurate to 5 ulp, in the lower tail too.
    {_SOURCE}
    """,
)  # fmt: skip
log_ndtr: Op = pointwise(
    "log_ndtr(x)", "ct_log_ndtr(x)", "float", space="special",
    dx=lambda g, x: g * (0.7978845608028654 / erfcx(x * -0.7071067811865476)),
    doc=f"""The logarithm of ndtr(x), where that is 0 too, elementwise.

    Accurate to 6 ulp.
    {_SOURCE}
    """,
)  # fmt: skip
ndtri: Op = pointwise(
    "ndtri(x)", "ct_ndtri(x)", "float", space="special",
    dx=lambda g, out: g * (2.5066282746310002 * exp(out * out * 0.5)),
    doc=f"""The number whose ndtr is x, elementwise; infinite at 0 and 1, NaN beyond.

    Accurate to 5 ulp.
    {_INVERSE}
    """,
)  # fmt: skip
