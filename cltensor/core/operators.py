"""The operators of a Tensor, and its methods that are functions.

A method is a public function of `cltensor.ops` called with self first; `install` puts them in
place, in `Methods`, when the package is imported.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Self

from cltensor.core.interchange import Interchange
from cltensor.core.methods import Methods
from cltensor.core.names import named

#: Python's operator methods and the functions behind them; r: with operands exchanged too.
_DUNDERS = {
    "add": ("add", True),
    "sub": ("subtract", True),
    "mul": ("multiply", True),
    "truediv": ("divide", True),
    "div": ("divide", True),  # Python 2's, which PyTorch has kept
    "floordiv": ("floor_divide", True),
    "mod": ("remainder", True),
    "pow": ("pow", True),
    "matmul": ("matmul", True),
    "and": ("bitwise_and", True),
    "or": ("bitwise_or", True),
    "xor": ("bitwise_xor", True),
    "lshift": ("bitwise_left_shift", True),
    "rshift": ("bitwise_right_shift", True),
    "eq": ("eq", False),
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

#: Methods that cast, under PyTorch's names.
CASTS = {
    "float": "float32",
    "double": "float64",
    "half": "float16",
    "bfloat16": "bfloat16",
    "long": "int64",
    "int": "int32",
    "short": "int16",
    "char": "int8",
    "byte": "uint8",
    "bool": "bool",
    "cfloat": "complex64",
    "cdouble": "complex128",
}


class Operators(Methods, Interchange):
    """Mixin with the methods that are functions, Python's operators, and what is made of them."""

    __slots__ = ()
    # NumPy then leaves `array + tensor` to our reflected method, whose error names the way out.
    __array_ufunc__ = None
    __hash__ = object.__hash__

    if TYPE_CHECKING:

        @property
        def device(self) -> Any: ...
        @property
        def dtype(self) -> Any: ...

    @property
    def T(self) -> Self:
        """The matrix with rows and columns exchanged (of two dimensions at most)."""
        return self.t()  # type: ignore[return-value]

    @property
    def H(self) -> Self:
        """The matrix transposed, and conjugated where elements are complex."""
        return self.t().conj()  # type: ignore[return-value]

    @property
    def mH(self) -> Self:
        """Each matrix of the stack, the last two dimensions, transposed and conjugated."""
        return self.mT.conj()  # type: ignore[return-value]

    @property
    def real(self) -> Self:
        """The real parts, a view: what is written to them is written here. Assigning writes."""
        return _public["real"](self)

    @real.setter
    def real(self, value: Any) -> None:
        _public["real"](self)[...] = value

    @property
    def imag(self) -> Self:
        """The imaginary parts of complex numbers, a view as `real`.

        Raises DTypeError for real numbers, which have none to be written.
        """
        return _public["imag"](self)

    @imag.setter
    def imag(self, value: Any) -> None:
        _public["imag"](self)[...] = value

    @property
    def is_cuda(self) -> bool:
        """Whether the elements are on a GPU, whosoever."""
        return self.device.kind == "gpu"

    @property
    def itemsize(self) -> int:
        """The bytes of one element."""
        return self.dtype.itemsize

    @property
    def layout(self) -> str:
        """How elements are stored: always "strided"."""
        return "strided"

    @property
    def is_sparse(self) -> bool:
        """Whether only some elements are stored: never."""
        return False

    @property
    def mT(self) -> Self:
        """Each matrix of the stack, the last two dimensions, transposed."""
        return self.swapaxes(-1, -2)  # type: ignore[return-value]

    def __contains__(self, value: object) -> bool:
        """Whether any element equals `value`."""
        return value is not None and bool((self == value).any().item())

    def __divmod__(self, other: Any) -> tuple[Any, Any]:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> tuple[Any, Any]:
        return other // self, other % self

    def __format__(self: Any, spec: str) -> str:
        """A single value takes a number's format, as in f"{loss:.4f}"."""
        return object.__format__(self, spec) if self.shape else format(self.item(), spec)


#: The functions that properties call, once they are installed.
_public: dict[str, Callable[..., Any]] = {}


def _unary(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self: function(self)


def _binary(function: Callable[..., Any]) -> Callable[..., Any]:
    return getattr(function, "operator", None) or (lambda self, other: function(self, other))


def _comparison(function: Callable[..., Any]) -> Callable[..., Any]:
    # Python then compares by identity, so that `x == None` and `x in [None]` have an answer.
    return lambda self, other: NotImplemented if other is None else function(self, other)


def _reflected(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, other: function(other, self)


def _cast(to: Callable[..., Any], dtype: str) -> Callable[..., Any]:
    # memory_format is PyTorch's: elements are in row-major order whatever it says.
    return lambda self, memory_format=None: to(self, dtype)


def attach(name: str, method: Callable[..., Any], function: Callable[..., Any], doc: str) -> None:
    """Make `method`, which calls `function`, the method of Tensor called `name`."""
    method.__name__, method.__qualname__ = name, f"Tensor.{name}"
    method.__module__, method.__doc__ = "cltensor.core.tensor", doc
    method.function = function  # type: ignore[attr-defined]
    setattr(Methods, name, method)


def install(functions: Mapping[str, Any]) -> None:
    """Make `functions` (by public name) the operators and methods of Tensor."""
    for name, (target, reflected) in _DUNDERS.items():
        function = functions[target]
        if name in ("neg", "pos", "abs", "invert"):
            wrap = _unary
        else:
            wrap = _comparison if name in ("eq", "ne") else _binary
        attach(f"__{name}__", wrap(function), function, f"`{target}` as an operator.")
        if reflected:
            doc = f"`{target}` as an operator whose left operand is no tensor."
            attach(f"__r{name}__", _reflected(function), function, doc)
    for name, function in functions.items():
        if function.is_method and not hasattr(Operators, name):
            setattr(Methods, name, function)
    _public.update({name: functions[name] for name in ("real", "imag")})
    for name, dtype in CASTS.items():
        attach(name, _cast(functions["to"], dtype), functions["to"], f"The elements as {dtype}.")
    choose = functions["where"]

    def where(self: Any, condition: Any, other: Any) -> Any:
        return choose(condition, self, other)

    doc = "This where `condition` holds, `other` elsewhere; all broadcast."
    attach("where", named(where), choose, doc)
    getitem = functions["getitem"]
    attach("__getitem__", _binary(getitem), getitem, "`getitem`: an element, a view or a choice.")
