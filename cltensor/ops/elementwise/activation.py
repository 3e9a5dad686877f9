"""Activations of networks."""

from __future__ import annotations

from typing import Any

from cltensor.core.composite import composite
from cltensor.core.declare import pointwise
from cltensor.core.op import Op
from cltensor.ops.elementwise.cast import flat
from cltensor.ops.elementwise.functions import erf, exp, tanh
from cltensor.ops.elementwise.select import clip, where

relu = pointwise(
    # Mesa 22.3 dies compiling the first form for int8.
    "relu(x)", {"f": "x < 0 ? (T)0 : x", "i": "x > 0 ? x : (T)0", "u": "x"}, accepts="iuf",
    dx=lambda g, out: _gate(g, out),
)  # fmt: skip
_gate: Op = pointwise(
    "gate(x, y)", {"f": "y <= 0 ? (T)0 : x", "i": "y > 0 ? x : (T)0", "u": "y > 0 ? x : (T)0"},
    accepts="iuf",
    dx=lambda g, y: _gate(g, y), dy=flat,
)  # fmt: skip
sigmoid = pointwise(
    "sigmoid(x)",
    {"f": "(T)1 / ((T)1 + exp(-x))", "c": "cx_sigmoid(x)"},
    "float",
    dx=lambda g, out: g * out * (1 - out),
)

#: log(1 + e^x) at full precision for every x.
log1p_exp = pointwise("log1p_exp(x)", "ct_softplus(x)", "float", dx=lambda g, x: g * sigmoid(x))
_softplus = pointwise(
    "softplus(x, beta, threshold)",
    "x * beta > threshold ? x : ct_softplus(x * beta) / beta",
    "float",
    dx=lambda g, x, beta, threshold: where(x * beta > threshold, g, g * sigmoid(x * beta)),
)
_hardtanh = pointwise(
    "hardtanh(x, low, high)", "x < low ? low : x > high ? high : x", accepts="iuf",
    dx=lambda g, out, low, high: _inside(g, out, low, high),
)  # fmt: skip
#: 0 at the bounds and beyond, where hardtanh is flat, g elsewhere: at NaN too, as in PyTorch.
_inside: Op = pointwise(
    "inside(g, x, low, high)", "(x <= low || x >= high) ? (T)0 : g", accepts="iuf",
    dg=lambda g, x, low, high: _inside(g, x, low, high), dx=flat,
)  # fmt: skip
# e^x - 1 as 2 tanh(x/2) / (1 - tanh(x/2)): exact near 0, and inline where expm1 is a call.
_elu = pointwise(
    "elu(x, alpha)",
    "x <= 0 ? alpha * (2 * tanh((T)0.5 * x) / (1 - tanh((T)0.5 * x))) : x",
    "float",
    # exp sees no positive number: an infinity there would spoil the gradient of the other side.
    dx=lambda g, x, alpha: where(x <= 0, g * alpha * exp(clip(x, max=0)), g),
)


@composite
def softplus(x: Any, beta: float = 1.0, threshold: float = 20.0) -> Any:
    """log(1 + exp(beta * x)) / beta, and x itself where beta * x > threshold."""
    return _softplus(x, beta, threshold)


def hardtanh(x: Any, min_val: float = -1.0, max_val: float = 1.0) -> Any:
    """x held between two numbers, as by `clip`; the gradient is 0 at the bounds too.

    Raises ValueError if min_val is above max_val.
    """
    if min_val > max_val:
        raise ValueError(f"hardtanh: min_val {min_val} is above max_val {max_val}; exchange them")
    if x.dtype.kind in "iu":  # as in PyTorch, integers stay integers
        min_val, max_val = int(min_val), int(max_val)
    return _hardtanh(x, min_val, max_val)


def elu(x: Any, alpha: float = 1.0) -> Any:
    """x where it is positive, else alpha * (exp(x) - 1)."""
    return _elu(x, alpha)


@composite
def silu(x: Any) -> Any:
    """x * sigmoid(x)."""
    return x * sigmoid(x)


@composite
def gelu(x: Any, approximate: str = "none") -> Any:
    """The Gaussian error linear unit, x * Phi(x).

    approximate "tanh" uses 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))).
    Source: Hendrycks and Gimpel 2016.
    """
    if approximate == "tanh":
        return 0.5 * x * (1 + tanh(0.7978845608028654 * (x + 0.044715 * (x * x * x))))
    if approximate != "none":
        raise ValueError(f"gelu: approximate is {approximate!r}; use 'none' or 'tanh'")
    return 0.5 * x * (1 + erf(x * 0.7071067811865476))
