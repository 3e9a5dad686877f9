"""Orthogonal polynomials; the degree is a number or a tensor, of which the whole part counts."""

from __future__ import annotations

from typing import Any

from cltensor.core.composite import composite
from cltensor.core.declare import pointwise
from cltensor.core.op import Op
from cltensor.core.tensor import Tensor
from cltensor.errors import GradientError
from cltensor.ops.elementwise.cast import flat


def _once(name: str) -> Any:
    raise GradientError(
        f"{name}: there is no second derivative; ask for the first without create_graph"
    )


def _declared(name: str, code: str, title: str) -> Op:
    slope = pointwise(
        f"{name}_slope(a, b)", f"ct_{code}_slope(a, b)", "float",
        da=lambda g: _once(name), db=flat,
    )  # fmt: skip
    slope.public = False
    return pointwise(
        f"{name}(a, b)", f"ct_{code}(a, b)", "float", space="special",
        da=lambda g, a, b: g * slope(a, b), db=flat,
        doc=f"""{title} of degree b at a, elementwise; 0 for a negative degree.

    There is a first derivative, by a. Accurate to 8 (b + 1) ulp of the largest value of a degree up
    to b between -1 and a.
    Source:  DLMF 18.9 (recurrence); 18.5 (trigonometric forms) for Chebyshev's beyond degree 32.
    """,
    )  # fmt: skip


_CHEBYSHEV = "Chebyshev's polynomial of the {} kind"
chebyshev_polynomial_t = _declared(
    "chebyshev_polynomial_t", "chebyshev_t", _CHEBYSHEV.format("first")
)
chebyshev_polynomial_u = _declared(
    "chebyshev_polynomial_u", "chebyshev_u", _CHEBYSHEV.format("second")
)
chebyshev_polynomial_v = _declared(
    "chebyshev_polynomial_v", "chebyshev_v", _CHEBYSHEV.format("third")
)
chebyshev_polynomial_w = _declared(
    "chebyshev_polynomial_w", "chebyshev_w", _CHEBYSHEV.format("fourth")
)
hermite_polynomial_h = _declared(
    "hermite_polynomial_h", "hermite_h", "Hermite's polynomial of physicists"
)
hermite_polynomial_he = _declared(
    "hermite_polynomial_he", "hermite_he", "Hermite's polynomial of probabilists"
)
laguerre_polynomial_l = _declared("laguerre_polynomial_l", "laguerre_l", "Laguerre's polynomial")
legendre_polynomial_p = _declared("legendre_polynomial_p", "legendre_p", "Legendre's polynomial")


def _shifted(a: Any) -> Any:
    """2a - 1, in floats: unsigned integers would wrap around."""
    return 2.0 * a - 1.0


@composite(space="special")
def shifted_chebyshev_polynomial_t(a: Tensor | float, b: Tensor | float) -> Any:
    """chebyshev_polynomial_t(2a - 1, b), which is orthogonal between 0 and 1.

    >>> ct.special.shifted_chebyshev_polynomial_t(ct.tensor([0.5]), 2)
    tensor([-1.])
    """
    return chebyshev_polynomial_t(_shifted(a), b)


@composite(space="special")
def shifted_chebyshev_polynomial_u(a: Tensor | float, b: Tensor | float) -> Any:
    """chebyshev_polynomial_u(2a - 1, b), which is orthogonal between 0 and 1.

    >>> ct.special.shifted_chebyshev_polynomial_u(ct.tensor([0.5]), 2)
    tensor([-1.])
    """
    return chebyshev_polynomial_u(_shifted(a), b)


@composite(space="special")
def shifted_chebyshev_polynomial_v(a: Tensor | float, b: Tensor | float) -> Any:
    """chebyshev_polynomial_v(2a - 1, b), which is orthogonal between 0 and 1.

    >>> ct.special.shifted_chebyshev_polynomial_v(ct.tensor([0.5]), 2)
    tensor([-1.])
    """
    return chebyshev_polynomial_v(_shifted(a), b)


@composite(space="special")
def shifted_chebyshev_polynomial_w(a: Tensor | float, b: Tensor | float) -> Any:
    """chebyshev_polynomial_w(2a - 1, b), which is orthogonal between 0 and 1.

    >>> ct.special.shifted_chebyshev_polynomial_w(ct.tensor([0.5]), 2)
    tensor([-1.])
    """
    return chebyshev_polynomial_w(_shifted(a), b)
