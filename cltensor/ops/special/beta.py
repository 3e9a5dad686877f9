"""The beta function: itself, its logarithm, and the incomplete form. PyTorch has none of these;
names and meanings are SciPy's."""

from __future__ import annotations

from typing import Any

from cltensor.core.declare import pointwise
from cltensor.core.op import Op
from cltensor.ops.elementwise.functions import exp, log, log1p
from cltensor.ops.special.gamma import digamma, unknown

betaln: Op = pointwise(
    "betaln(a, b)", "ct_log_beta(a, b)", "float", space="special",
    da=lambda g, a, b: g * (digamma(a) - digamma(a + b)),
    db=lambda g, a, b: g * (digamma(b) - digamma(a + b)),
    doc="""log |B(a, b)| = log |gamma(a) gamma(b) / gamma(a + b)|, elementwise.

    Accurate to 12 ulp of the larger of 1 and the value where a, b > 0; where one is negative, to
    as much of the largest of the three logarithms.
    Source:  DLMF 5.12, 5.11 (Stirling's formula).
    """,
)  # fmt: skip
beta: Op = pointwise(
    "beta(a, b)", "ct_beta(a, b)", "float", space="special",
    da=lambda g, a, b, out: g * out * (digamma(a) - digamma(a + b)),
    db=lambda g, a, b, out: g * out * (digamma(b) - digamma(a + b)),
    doc="""B(a, b) = gamma(a) gamma(b) / gamma(a + b), elementwise.

    Accurate to 16 ulp and 3 more for each unit of |log(result)| where a, b > 0.
    Source:  exp of `betaln`.
    """,
)  # fmt: skip


def _density(g: Any, a: Any, b: Any, x: Any) -> Any:
    """The derivative of the part below x."""
    return g * exp((a - 1) * log(x) + (b - 1) * log1p(-x) - betaln(a, b))


betainc: Op = pointwise(
    "betainc(a, b, x)", "ct_betainc(a, b, x)", "float", space="special",
    da=lambda g: unknown("betainc", "its first argument"),
    db=lambda g: unknown("betainc", "its second argument"),
    dx=_density,
    doc="""The regularized incomplete beta function: the part of the integral of
    t^(a - 1) (1 - t)^(b - 1) from 0 to 1 that lies below x, over the whole, elementwise.

    NaN for negative a or b and for x outside of 0 to 1. Accurate to 64 ulp and 16 more for each
    unit of -log(result) for a and b up to 1e4; for b < 1 and x > 0.95, to 64 ulp of 1. There is a
    derivative for x alone.
    Source:  DLMF 8.17.
    """,
)  # fmt: skip
