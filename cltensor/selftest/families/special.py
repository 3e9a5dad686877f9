"""Special functions at values that are known."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

import cltensor as ct
from cltensor.nn import functional as F
from cltensor.selftest.checks import Family, near

SPECIAL = Family("special functions")
_WIDE = np.array([-3.5, -1.25, -0.5, 0.01, 0.3, 0.9, 1.0, 2.5, 4.0, 7.75, 20.0])
_ABOVE = np.array([0.02, 0.3, 0.5, 1.0, 1.5, 2.0, 3.25, 7.5, 12.0, 30.0])
_INSIDE = np.array([-0.95, -0.5, -0.01, 0.0, 0.2, 0.7, 0.99])


def _each(function: Callable[[float], float]) -> Callable[[np.ndarray], np.ndarray]:
    return np.vectorize(function, otypes=[float])


def _gelu(x: float) -> float:
    return 0.5 * x * math.erfc(-x / math.sqrt(2))


#: By name: the function, NumPy's or Python's, and where to compare them.
_FUNCTIONS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any], np.ndarray]] = {
    "lgamma": (ct.lgamma, _each(math.lgamma), _WIDE),
    "gamma by lgamma": (lambda x: ct.exp(ct.lgamma(x)), _each(math.gamma), _ABOVE[:-2]),
    "erf": (ct.erf, _each(math.erf), _WIDE),
    "erfc": (ct.erfc, _each(math.erfc), _WIDE[:-2]),
    "erfinv of erf": (lambda x: ct.erfinv(ct.erf(x)), lambda x: x, _INSIDE),
    "i0": (ct.special.i0, np.i0, _WIDE),
    "sinc": (ct.special.sinc, np.sinc, _WIDE),
    "entr": (ct.special.entr, lambda x: -x * np.log(x), _ABOVE),
    "xlogy": (lambda x: ct.special.xlogy(x, x), lambda x: x * np.log(x), _ABOVE),
    "ndtr": (ct.special.ndtr, _each(lambda x: math.erfc(-x / 2**0.5) / 2), _WIDE[2:-2]),
    "expit": (ct.special.expit, lambda x: 1 / (1 + np.exp(-x)), _WIDE),
    "logit of expit": (lambda x: ct.logit(ct.special.expit(x)), lambda x: x, _INSIDE),
    "gammainc(1, x)": (
        lambda x: ct.special.gammainc(ct.ones_like(x), x), lambda x: -np.expm1(-x), _ABOVE,
    ),
    "gammaincc(2, x)": (
        lambda x: ct.special.gammaincc(ct.full_like(x, 2), x),
        lambda x: (1 + x) * np.exp(-x), _ABOVE,
    ),
    "digamma(x + 1) - digamma(x)": (
        lambda x: ct.digamma(x + 1) - ct.digamma(x), lambda x: 1 / x, _ABOVE,
    ),
    "gelu": (F.gelu, _each(_gelu), _WIDE),
    "softplus": (F.softplus, lambda x: np.logaddexp(0, x), _WIDE),
    "silu": (F.silu, lambda x: x / (1 + np.exp(-x)), _WIDE),
    "mish": (F.mish, lambda x: x * np.tanh(np.logaddexp(0, x)), _WIDE),
    "elu": (F.elu, lambda x: np.where(x > 0, x, np.expm1(x)), _WIDE),
    "selu": (
        F.selu,
        lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x)),
        _WIDE,
    ),
}  # fmt: skip


@SPECIAL.each(*_FUNCTIONS)
def value(name: str) -> None:
    function, exact, x = _FUNCTIONS[name]
    for dtype, tolerance in (("float32", 2e-5), ("float64", 1e-12)):
        if dtype == "float64" and not ct.get_default_device().fp64:
            continue
        given = x.astype(dtype)
        near(function(ct.tensor(given)), exact(given.astype("float64")), tolerance, dtype)


@SPECIAL.check()
def known_numbers() -> None:
    for got, want in (
        (ct.special.zeta(ct.tensor([2.0]), ct.tensor([1.0])), math.pi**2 / 6),
        (ct.special.polygamma(1, ct.tensor([1.0])), math.pi**2 / 6),
        (ct.special.bessel_j0(ct.tensor([2.4048255576957728])), 0.0),
        (ct.special.bessel_j1(ct.tensor([3.8317059702075125])), 0.0),
        (ct.digamma(ct.tensor([1.0])), -0.5772156649015329),
    ):
        near(got, [want], 2e-6, "float32")
