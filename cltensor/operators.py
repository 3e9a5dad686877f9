"""The operators and methods that Tensor and Variable share.

A method is a public function of `cltensor.ops` called with self first; `install` puts them in
place when that package is imported. One name here makes a function a method.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any

#: Python's operator methods and the functions behind them; r: with operands exchanged too.
_DUNDERS = {
    "add": ("add", True),
    "sub": ("subtract", True),
    "mul": ("multiply", True),
    "truediv": ("divide", True),
    "floordiv": ("floor_divide", True),
    "mod": ("remainder", True),
    "pow": ("pow", True),
    "matmul": ("matmul", True),
    "and": ("bitwise_and", True),
    "or": ("bitwise_or", True),
    "xor": ("bitwise_xor", True),
    "lshift": ("bitwise_left_shift", True),
    "rshift": ("bitwise_right_shift", True),
    "eq": ("equal", False),
    "ne": ("not_equal", False),
    "lt": ("less", False),
    "le": ("less_equal", False),
    "gt": ("greater", False),
    "ge": ("greater_equal", False),
    "neg": ("negative", False),
    "pos": ("positive", False),
    "abs": ("abs", False),
    "invert": ("bitwise_invert", False),
}

#: Functions that are methods too, under the same name.
METHODS = """
abs acos acosh add all amax amin any argmax argmin asin asinh atan atan2 atanh ceil chunk clamp clip
copysign cos cosh cumsum diagonal divide eq equal erf exp exp2 expand expand_as expm1 flatten flip
floor floor_divide fmod gather ge gelu greater greater_equal gt hypot index_add index_select
isfinite isinf isnan le less less_equal log log10 log1p log2 log_softmax logical_and logical_not
logical_or logical_xor logsumexp lt masked_fill masked_select matmul max maximum mean median min
minimum mm mul multiply mv bmm dot movedim ne neg negative nonzero norm not_equal outer pad permute
pow prod reciprocal relu remainder repeat reshape roll round rsqrt scatter_add sigmoid sign silu
sin sinh softmax softplus split sqrt square squeeze std sub subtract sum swapaxes t take
take_along_axis tan tanh tile topk transpose tril triu true_divide trunc unbind unflatten unsqueeze
var view where addmm sort argsort
""".split()


class Operators:
    """Mixin with Python's operators and the methods listed in METHODS."""

    __slots__ = ()
    # NumPy then leaves `array + tensor` to our reflected method, whose error names the way out.
    __array_ufunc__ = None
    __hash__ = object.__hash__

    if TYPE_CHECKING:  # methods are installed at run time

        def __getattr__(self, name: str) -> Any: ...


def _method(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function, assigned=("__name__", "__doc__"), updated=())
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return function(self, *args, **kwargs)

    return method


def _unary(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self: function(self)


def _binary(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, other: function(self, other)


def _reflected(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, other: function(other, self)


def install(functions: Mapping[str, Callable[..., Any]]) -> None:
    """Make `functions` (by name) the operators and methods of Tensor and Variable."""
    for name, (target, reflected) in _DUNDERS.items():
        function = functions[target]
        if name in ("neg", "pos", "abs", "invert"):
            setattr(Operators, f"__{name}__", _unary(function))
        else:
            setattr(Operators, f"__{name}__", _binary(function))
        if reflected:
            setattr(Operators, f"__r{name}__", _reflected(function))
    Operators.__hash__ = object.__hash__  # type: ignore[method-assign]
    for name in METHODS:
        setattr(Operators, name, _method(functions[name]))
