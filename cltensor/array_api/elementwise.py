"""The elementwise functions of the standard, and the operators of `Array`, which call them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from cltensor.array_api.array import Array, as_array, common, main, standard
from cltensor.autograd.inplace import apply
from cltensor.core.tensor import Tensor
from cltensor.dtypes import KIND_RANK
from cltensor.errors import DTypeError


def unary(name: str) -> Callable[[Any], Array]:
    """The function of that name in the main namespace, of one array."""
    function = getattr(main, name)

    def of_one(x: Any, /) -> Any:
        return as_array(function(x), (x,))

    return _named(of_one, name, function)


def binary(name: str, called: str = "") -> Callable[[Any, Any], Array]:
    """The function of that name in the main namespace (and here, if not `called` otherwise), of
    two arrays, or an array and a number, by the standard's promotion."""
    function = getattr(main, name)

    def of_two(x1: Any, x2: Any, /) -> Any:
        return as_array(function(*common(x1, x2)), (x1, x2))

    return _named(of_two, called or name, function)


def _named(function: Any, name: str, of: Any) -> Any:
    function.__name__ = function.__qualname__ = name
    function.__module__, function.__doc__ = "cltensor.array_api", of.__doc__
    return function


abs = unary("abs")
acos = unary("acos")
acosh = unary("acosh")
asin = unary("asin")
asinh = unary("asinh")
atan = unary("atan")
atanh = unary("atanh")
bitwise_invert = unary("bitwise_invert")
ceil = unary("ceil")
conj = unary("conj")
cos = unary("cos")
cosh = unary("cosh")
exp = unary("exp")
expm1 = unary("expm1")
floor = unary("floor")
imag = unary("imag")
isfinite = unary("isfinite")
isinf = unary("isinf")
isnan = unary("isnan")
log = unary("log")
log10 = unary("log10")
log1p = unary("log1p")
log2 = unary("log2")
logical_not = unary("logical_not")
negative = unary("negative")
positive = unary("positive")
real = unary("real")
reciprocal = unary("reciprocal")
round = unary("round")
sign = unary("sgn")
signbit = unary("signbit")
sin = unary("sin")
sinh = unary("sinh")
sqrt = unary("sqrt")
square = unary("square")
tan = unary("tan")
tanh = unary("tanh")
trunc = unary("trunc")

add = binary("add")
atan2 = binary("atan2")
bitwise_and = binary("bitwise_and")
bitwise_left_shift = binary("bitwise_left_shift")
bitwise_or = binary("bitwise_or")
bitwise_right_shift = binary("bitwise_right_shift")
bitwise_xor = binary("bitwise_xor")
copysign = binary("copysign")
divide = binary("divide")
equal = binary("eq", "equal")
greater = binary("greater")
greater_equal = binary("greater_equal")
hypot = binary("hypot")
less = binary("less")
less_equal = binary("less_equal")
logaddexp = binary("logaddexp")
logical_and = binary("logical_and")
logical_or = binary("logical_or")
logical_xor = binary("logical_xor")
maximum = binary("maximum")
minimum = binary("minimum")
multiply = binary("multiply")
nextafter = binary("nextafter")
not_equal = binary("not_equal")
pow = binary("pow")
subtract = binary("subtract")


@standard
def floor_divide(x1: Any, x2: Any, /) -> Any:
    """x1 / x2 rounded down. Where one of them is infinite it is, by the standard, floor(x1 / x2),
    and not NaN or -1, as in NumPy and PyTorch.

    >>> xp.floor_divide(xp.asarray([7, -7]), 2)
    tensor([ 3, -4])
    """
    x1, x2 = common(x1, x2)
    found = main.floor_divide(x1, x2)
    if found.dtype.kind != "f":
        return found
    infinite = [main.isinf(x) if isinstance(x, Tensor) else math.isinf(x) for x in (x1, x2)]
    return main.where(infinite[0] | infinite[1], main.floor(main.divide(x1, x2)), found)


@standard
def remainder(x1: Any, x2: Any, /) -> Any:
    """x1 less the multiple of x2 below it; a remainder of zero has the sign of x2, too.

    >>> xp.remainder(xp.asarray([7, -7]), 3)
    tensor([1, 2])
    """
    x1, x2 = common(x1, x2)
    found = main.remainder(x1, x2)
    return main.copysign(found, x2) if found.dtype.kind == "f" else found


@standard
def clip(x: Any, /, min: Any = None, max: Any = None) -> Any:
    """x, no element below `min` or above `max`, each a number or an array; of the dtype of x.

    Raises DTypeError for bounds of a further kind, as 0.5 for integers.

    >>> xp.clip(xp.asarray([-5, 0, 5]), -1, 2)
    tensor([-1,  0,  2])
    """
    if min is None and max is None:
        return x
    found = main.clip(*common(x, min, max))
    if KIND_RANK[found.dtype.kind] > KIND_RANK[x.dtype.kind]:
        raise DTypeError(
            f"clip: x is {x.dtype.name}, and with its bounds {found.dtype.name}; cast one of them"
        )
    return main.astype(found, x.dtype)


#: Operator methods and the functions that they call.
_UNARY = {"abs": abs, "invert": bitwise_invert, "neg": negative, "pos": positive}
_COMPARISONS = {
    "eq": equal, "ne": not_equal, "lt": less, "le": less_equal, "gt": greater,
    "ge": greater_equal,
}  # fmt: skip
#: Those that have a reflected form too and, by their symbol, one in place.
_BINARY = {
    "add": ("+", add), "sub": ("-", subtract), "mul": ("*", multiply), "truediv": ("/", divide),
    "floordiv": ("//", floor_divide), "mod": ("%", remainder), "pow": ("**", pow),
    "and": ("&", bitwise_and), "or": ("|", bitwise_or), "xor": ("^", bitwise_xor),
    "lshift": ("<<", bitwise_left_shift), "rshift": (">>", bitwise_right_shift),
    "matmul": ("@", binary("matmul")),
}  # fmt: skip


def _attach(name: str, function: Callable[..., Any], method: Callable[..., Any]) -> None:
    method.__name__, method.__qualname__ = f"__{name}__", f"Array.__{name}__"
    method.__doc__ = f"`{function.__name__}` as an operator, by the standard's promotion."
    setattr(Array, f"__{name}__", method)


def _install(name: str, function: Callable[..., Any], symbol: str = "") -> None:
    def operator(self: Any, other: Any, /) -> Any:
        return NotImplemented if other is None else function(self, other)

    def reflected(self: Any, other: Any, /) -> Any:
        return NotImplemented if other is None else function(other, self)

    def in_place(self: Any, other: Any, /) -> Any:
        return apply(self, f"{symbol}=", function, other)

    _attach(name, function, operator)
    if symbol:
        _attach(f"r{name}", function, reflected)
        _attach(f"i{name}", function, in_place)


def _install_all() -> None:
    for name, of_one in _UNARY.items():
        _attach(name, of_one, lambda self, of_one=of_one: of_one(self))
    for name, of_two in _COMPARISONS.items():
        _install(name, of_two)
    for name, (symbol, of_two) in _BINARY.items():
        _install(name, of_two, symbol)


_install_all()
