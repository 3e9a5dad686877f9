"""Products with logarithms, sums of exponentials, odds, and the cardinal sine."""

from __future__ import annotations

from typing import Any

from cltensor.core.composite import composite
from cltensor.core.declare import pointwise
from cltensor.core.op import Op
from cltensor.ops.elementwise.activation import sigmoid
from cltensor.ops.elementwise.compare import eq, logical_and
from cltensor.ops.elementwise.functions import exp2, log
from cltensor.ops.elementwise.select import clip, where

xlogy: Op = pointwise(
    "xlogy(a, b)", "ct_xlogy(a, b)", "float",
    da=lambda g, a, b: where(logical_and(eq(a, 0), b <= 0), 0, xlogy(g, b)),
    db=lambda g, a, b: g * a / b,
    doc="a log(b), and 0 where a is 0 and b is no NaN, elementwise. Accurate to 3 ulp.",
)  # fmt: skip
xlog1py: Op = pointwise(
    "xlog1py(a, b)", "ct_xlog1py(a, b)", "float", space="special",
    da=lambda g, a, b: where(logical_and(eq(a, 0), b <= -1), 0, xlog1py(g, b)),
    db=lambda g, a, b: g * a / (b + 1),
    doc="a log(1 + b), and 0 where a is 0 and b is no NaN, elementwise. Accurate to 4 ulp.",
)  # fmt: skip
entr: Op = pointwise(
    "entr(x)", "ct_entr(x)", "float", space="special", dx=lambda g, x: g * (-1 - log(x)),
    doc="-x log(x), 0 at 0 and -inf below, elementwise. Accurate to 3 ulp.",
)  # fmt: skip
logaddexp: Op = pointwise(
    "logaddexp(a, b)", "ct_logaddexp(a, b)", "float",
    da=lambda g, a, b: g * sigmoid(a - b), db=lambda g, a, b: g * sigmoid(b - a),
    doc="""log(e^a + e^b) without overflow, elementwise.

    Accurate to 4 ulp of the larger of 1 and |a|, |b|.
    """,
)  # fmt: skip
logaddexp2: Op = pointwise(
    "logaddexp2(a, b)", "ct_logaddexp2(a, b)", "float",
    da=lambda g, a, b: g / (1 + exp2(b - a)), db=lambda g, a, b: g / (1 + exp2(a - b)),
    doc="""log2(2^a + 2^b) without overflow, elementwise.

    Accurate to 4 ulp of the larger of 1 and |a|, |b|.
    """,
)  # fmt: skip
_logit: Op = pointwise(
    "logit(x)", "ct_logit(x)", "float", dx=lambda g, x: g / (x * (1 - x)),
)  # fmt: skip


@composite
def logit(x: Any, eps: float | None = None) -> Any:
    """log(x / (1 - x)), elementwise, of x held between eps and 1 - eps if eps is given.

    Infinite at 0 and 1, NaN beyond; accurate to 4 ulp.

    >>> ct.logit(ct.tensor([0.5, 0.9]))
    tensor([0.0000, 2.1972])
    """
    return _logit(x if eps is None else clip(x, eps, 1 - eps))


sinc: Op = pointwise(
    "sinc(x)", "ct_sinc(x)", "float", dx=lambda g, x: g * _sinc_slope(x, 1.0),
    doc="""sin(pi x) / (pi x), and 1 at 0, elementwise; exactly 0 at other whole numbers.

    Accurate to 4 ulp.
    """,
)  # fmt: skip
#: The derivative of that order.
_sinc_slope: Op = pointwise(
    "sinc_slope(x, order)", "ct_sinc_slope(x, order)", "float",
    dx=lambda g, x, order: g * _sinc_slope(x, order + 1.0),
)  # fmt: skip
