"""The gamma function: logarithm, derivatives, incomplete forms; and the zeta function."""

from __future__ import annotations

import math
from typing import Any

from cltensor.core.checks import whole
from cltensor.core.composite import composite
from cltensor.core.declare import pointwise
from cltensor.core.op import Op, require_tensor
from cltensor.core.tensor import Tensor
from cltensor.errors import GradientError
from cltensor.ops.elementwise.cast import flat
from cltensor.ops.elementwise.functions import exp, log


def unknown(operation: str, argument: str) -> Any:
    """The rule of an argument by which there is no derivative."""
    raise GradientError(
        f"{operation}: there is no derivative for {argument}; give it a tensor that requires none, "
        "for example with .detach()"
    )


lgamma: Op = pointwise(
    "lgamma(x)", "ct_lgamma(x)", "float", dx=lambda g, x: g * digamma(x),
    doc="""log |gamma(x)|, elementwise; infinite at 0, -1, -2, ...

    Accurate to 6 ulp where x > 0; below, to 8 ulp of the larger of 1 and the value, as there are
    zeros between the poles.
    Source:  DLMF 5.11 (Stirling's formula), 5.5 (recurrence and reflection).
    """,
)  # fmt: skip
digamma: Op = pointwise(
    "digamma(x)", "ct_digamma(x)", "float", dx=lambda g, x: g * _polygamma(x, 1.0, 1.0),
    doc="""The derivative of lgamma, elementwise; NaN at -1, -2, ..., and -+inf at +-0.

    Accurate to 8 ulp where x > 0; below, to 8 ulp of the larger of 1 and pi / tan(pi x).
    Source:  DLMF 5.11 (asymptotic expansion), 5.5 (recurrence and reflection).
    """,
)  # fmt: skip
_polygamma: Op = pointwise(
    "polygamma(x, n, scale)", "ct_polygamma(x, n, scale)", "float",
    dx=lambda g, x, n, scale: g * _polygamma(x, n + 1.0, -scale * (n + 1.0)),
)  # fmt: skip


@composite(method=True)
def polygamma(n: Any, input: Tensor | float) -> Any:
    """The n-th derivative of digamma, elementwise; x.polygamma(n) as a method.

    (-1)^(n+1) n! zeta(n + 1, input), accurate to 16 ulp for n up to 10, more beyond as powers are.
    Raises:  ValueError for a negative n.
    Source:  DLMF 5.15, 25.11.

    >>> ct.polygamma(1, ct.tensor([1.0]))
    tensor([1.6449])
    """
    x: Any = input
    if isinstance(n, Tensor):
        n, x = x, n
    require_tensor("polygamma", "input", x)
    order = whole("polygamma", "n", n)
    if order == 0:
        return digamma(x)
    scale = math.inf if order > 170 else float(math.factorial(order))
    return _polygamma(x, float(order), scale if order % 2 else -scale)


@composite
def mvlgamma(x: Any, p: int) -> Any:
    """The logarithm of the multivariate gamma function of dimension p, elementwise.

    p (p - 1) / 4 log(pi) + sum over j < p of lgamma(x - j / 2), for x > (p - 1) / 2.

    >>> ct.mvlgamma(ct.tensor([2.0]), 2)
    tensor([0.4516])
    """
    count = whole("mvlgamma", "p", p, 1)
    total = lgamma(x)
    for j in range(1, count):
        total = total + lgamma(x - 0.5 * j)
    return total + 0.25 * count * (count - 1) * math.log(math.pi)


def _density(g: Any, a: Any, b: Any) -> Any:
    """The derivative for b of the part below b; a may be a number."""
    whole_part = lgamma(a if isinstance(a, Tensor) else flat(g) + a)
    return g * exp((a - 1) * log(b) - b - whole_part)


_PARTS = """the part of the gamma function of a that lies {} b, over the whole,
    elementwise: P(a, b) and Q(a, b) = 1 - P of the literature.

    Accurate to 32 ulp and 16 more for each unit of -log(result). There is a derivative for b alone.
    Source:  DLMF 8.7, 8.9, 8.11, 8.12 (Temme's expansion).
    """
igamma: Op = pointwise(
    "igamma(a, b)", "ct_gammainc(a, b)", "float",
    da=lambda g: unknown("gammainc", "its first argument"), db=_density,
    doc="The lower incomplete gamma function: " + _PARTS.format("below"),
)  # fmt: skip
igammac: Op = pointwise(
    "igammac(a, b)", "ct_gammaincc(a, b)", "float",
    da=lambda g: unknown("gammaincc", "its first argument"),
    db=lambda g, a, b: _density(-g, a, b),
    doc="The upper incomplete gamma function: " + _PARTS.format("above"),
)  # fmt: skip
zeta: Op = pointwise(
    "zeta(a, b)", "ct_zeta(a, b)", "float", space="special",
    da=lambda g: unknown("zeta", "its first argument"),
    db=lambda g, a, b: -g * a * zeta(a + 1, b),
    doc="""The zeta function of Hurwitz: the sum of (b + k)^-a over k = 0, 1, ..., elementwise.

    Infinite at a = 1, NaN below; where b is negative, a must be a whole number. Accurate to 8 ulp
    for a up to 10, more beyond as powers are. There is a derivative for b alone.
    Source:  DLMF 25.11.
    """,
)  # fmt: skip
