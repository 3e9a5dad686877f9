"""The operators of a Tensor, and its methods that are functions.

A method is a public function of `cltensor.ops` called with self first; `install` puts them in
place when that package is imported.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from inspect import isfunction
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
    "long": "int64",
    "int": "int32",
    "short": "int16",
    "char": "int8",
    "byte": "uint8",
    "bool": "bool",
}


class Operators:
    """Mixin with Python's operators and the methods listed in METHODS."""

    __slots__ = ()
    # NumPy then leaves `array + tensor` to our reflected method, whose error names the way out.
    __array_ufunc__ = None
    __hash__ = object.__hash__

    if TYPE_CHECKING:  # methods are installed at run time

        def __getattr__(self, name: str) -> Any: ...

        @property
        def device(self) -> Any: ...
        @property
        def dtype(self) -> Any: ...

        # mypy does not look for operators there.
        _operator: Any = None
        __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _operator
        __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = _operator
        __mod__ = __rmod__ = __pow__ = __rpow__ = __matmul__ = __rmatmul__ = _operator
        __and__ = __rand__ = __or__ = __ror__ = __xor__ = __rxor__ = _operator
        __lshift__ = __rlshift__ = __rshift__ = __rrshift__ = _operator
        __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _operator
        __neg__ = __pos__ = __abs__ = __invert__ = __getitem__ = __setitem__ = _operator

    @property
    def T(self) -> Any:
        """The matrix with rows and columns exchanged (of two dimensions at most)."""
        return self.t()

    @property
    def H(self) -> Any:
        """The matrix transposed: elements are real."""
        return self.t()

    @property
    def real(self) -> Any:
        """The tensor itself: its elements are real."""
        return self

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
    def mT(self) -> Any:
        """Each matrix of the stack, the last two dimensions, transposed."""
        return self.swapaxes(-1, -2)

    def __contains__(self, value: object) -> bool:
        """Whether any element equals `value`."""
        return value is not None and bool((self == value).any().item())

    def __divmod__(self, other: Any) -> tuple[Any, Any]:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> tuple[Any, Any]:
        return other // self, other % self

    def __format__(self, spec: str) -> str:
        """A single value takes a number's format, as in f"{loss:.4f}"."""
        return object.__format__(self, spec) if self.shape else format(self.item(), spec)


def _method(function: Callable[..., Any]) -> Callable[..., Any]:
    if isfunction(function):
        return function

    @wraps(function, assigned=("__name__", "__doc__"), updated=())
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return function(self, *args, **kwargs)

    return method


def _unary(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self: function(self)


def _binary(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, other: function(self, other)


def _comparison(function: Callable[..., Any]) -> Callable[..., Any]:
    # Python then compares by identity, so that `x == None` and `x in [None]` have an answer.
    return lambda self, other: NotImplemented if other is None else function(self, other)


def _reflected(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, other: function(other, self)


def _cast(to: Callable[..., Any], dtype: str) -> Callable[..., Any]:
    return lambda self: to(self, dtype)


def install(functions: Mapping[str, Any]) -> None:
    """Make `functions` (by public name) the operators and methods of Tensor."""
    for name, (target, reflected) in _DUNDERS.items():
        function = functions[target]
        if name in ("neg", "pos", "abs", "invert"):
            setattr(Operators, f"__{name}__", _unary(function))
        else:
            wrap = _comparison if name in ("eq", "ne") else _binary
            setattr(Operators, f"__{name}__", wrap(function))
        if reflected:
            setattr(Operators, f"__r{name}__", _reflected(function))
    for name, function in functions.items():
        if function.is_method and not hasattr(Operators, name):
            setattr(Operators, name, _method(function))
    for name, dtype in CASTS.items():
        setattr(Operators, name, _cast(functions["to"], dtype))
    setattr(Operators, "__getitem__", _binary(functions["getitem"]))  # noqa: B010
