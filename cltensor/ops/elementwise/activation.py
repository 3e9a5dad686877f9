"""Activations of networks."""

from __future__ import annotations

from typing import Any

from cltensor.core.composite import composite
from cltensor.core.declare import pointwise
from cltensor.core.op import Op
from cltensor.ops.elementwise.cast import flat
from cltensor.ops.elementwise.functions import erf, exp, tanh
from cltensor.ops.elementwise.select import clip, where

#: Of the form of gelu with tanh: sqrt(2 / pi), and the factor of its cubic term.
_ROOT, _CUBE = 0.7978845608028654, 0.044715

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


# The activations below are declared whole, for the memory of it: composed of operations, each
# would save all of its factors (gelu four tensors as large as x), and so it saves x alone.

silu = pointwise(
    "silu(x)", {"f": "x / (1 + exp(-x))", "c": "cx_mul(x, cx_sigmoid(x))"}, "float",
    dx=lambda g, x: g * _silu_slope(x),
    doc="x * sigmoid(x), elementwise. Source: Elfwing, Uchibe and Doya 2017.",
)  # fmt: skip
_gelu = pointwise(
    "gelu(x)", "(T)0.5 * x * (1 + ct_erf(x * (T)0.7071067811865476))", "float",
    dx=lambda g, x: g * _gelu_slope(x),
)  # fmt: skip
_gelu_tanh = pointwise(
    "gelu_tanh(x)",
    f"(T)0.5 * x * (1 + tanh((T){_ROOT} * (x + (T){_CUBE} * (x * x * x))))",
    "float",
    dx=lambda g, x: g * _gelu_tanh_slope(x),
)
hardswish = pointwise(
    "hardswish(x)", "x * (x <= -3 ? 0 : x >= 3 ? 6 : x + 3) / 6", "float",
    dx=lambda g, x: where(x <= -3, 0 * g, where(x < 3, g * (x / 3 + 0.5), g)),
    doc="x * min(max(x + 3, 0), 6) / 6, elementwise. Source: Howard et al. 2019.",
)  # fmt: skip
mish = pointwise(
    "mish(x)", "x * tanh(ct_softplus(x))", "float", dx=lambda g, x: g * _mish_slope(x),
    doc="x * tanh(softplus(x)), elementwise. Source: Misra 2019.",
)  # fmt: skip


def _silu_slope(x: Any) -> Any:
    s = sigmoid(x)
    return s * (1 + x * (1 - s))


def _gelu_slope(x: Any) -> Any:
    density = 0.3989422804014327 * exp(-0.5 * (x * x))
    return 0.5 * (1 + erf(x * 0.7071067811865476)) + x * density


def _gelu_tanh_slope(x: Any) -> Any:
    t = tanh(_ROOT * (x + _CUBE * (x * x * x)))
    return 0.5 * (1 + t) + 0.5 * x * ((1 - t * t) * (_ROOT * (1 + 3 * _CUBE * (x * x))))


def _mish_slope(x: Any) -> Any:
    t = tanh(log1p_exp(x))
    return t + x * ((1 - t * t) * sigmoid(x))


@composite
def softplus(x: Any, beta: float = 1.0, threshold: float = 20.0) -> Any:
    """log(1 + exp(beta * x)) / beta, and x itself where beta * x > threshold.

    >>> ct.softplus(ct.tensor([0.0, 30.0]))
    tensor([ 0.6931, 30.0000])
    """
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
def gelu(x: Any, approximate: str = "none") -> Any:
    """The Gaussian error linear unit, x * Phi(x).

    approximate "tanh" uses 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))).
    Source: Hendrycks and Gimpel 2016.

    >>> ct.nn.functional.gelu(ct.tensor([0.0, 1.0]))
    tensor([0.0000, 0.8413])
    """
    if approximate == "tanh":
        return _gelu_tanh(x)
    if approximate != "none":
        raise ValueError(f"gelu: approximate is {approximate!r}; use 'none' or 'tanh'")
    return _gelu(x)
