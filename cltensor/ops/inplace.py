"""Assignment and the methods that end in an underscore.

Values are immutable; these rebind what a Tensor shows. Only an assignment to a part of a tensor
that nobody else can see is written into its own buffer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cltensor.ops.create import full_like, to
from cltensor.ops.pointwise import (
    abs_,
    add,
    clip,
    divide,
    exp,
    floor,
    multiply,
    negative,
    pow,
    reciprocal,
    relu,
    round_,
    rsqrt,
    sigmoid,
    sqrt,
    subtract,
    tanh,
)
from cltensor.ops.random import normal, uniform
from cltensor.ops.scatter import setitem, write_region
from cltensor.ops.shape import broadcast_to, t
from cltensor.tensor import Tensor


def assign(x: Tensor, key: Any, value: Any) -> None:
    """x[key] = value: in x's own buffer if nobody else sees it, else in a new one."""
    if x.owns_alone():
        write_region(x, key, value)
        x.mark_changed()
    else:
        x.replace(setitem(x, key, value))


Tensor._assign = assign


def _fill(x: Any, value: float) -> Any:
    return full_like(x, value)


def _zero(x: Any) -> Any:
    return full_like(x, 0)


def _copy(x: Any, source: Any) -> Any:
    return broadcast_to(to(source, x), x.shape)


def _uniform(x: Any, low: float = 0.0, high: float = 1.0) -> Any:
    return uniform(low, high, x.shape, x.dtype, x.device)


def _normal(x: Any, mean: float = 0.0, std: float = 1.0) -> Any:
    return normal(mean, std, x.shape, x.dtype, x.device)


#: What `x.<name>_(...)` makes x show.
INPLACE: dict[str, Callable[..., Any]] = {
    "abs": abs_,
    "add": add,
    "clamp": clip,
    "clip": clip,
    "copy": _copy,
    "div": divide,
    "exp": exp,
    "fill": _fill,
    "floor": floor,
    "mul": multiply,
    "neg": negative,
    "normal": _normal,
    "pow": pow,
    "reciprocal": reciprocal,
    "relu": relu,
    "round": round_,
    "rsqrt": rsqrt,
    "sigmoid": sigmoid,
    "sqrt": sqrt,
    "sub": subtract,
    "t": t,
    "tanh": tanh,
    "uniform": _uniform,
    "zero": _zero,
}

#: Those that may change the shape.
RESHAPING = ("t",)
