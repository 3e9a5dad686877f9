"""Element types: NumPy dtypes, their OpenCL C names, and how they promote.

A dtype *is* the NumPy dtype, so ``ct.float32 == np.float32`` and arrays travel without a table.
NumPy has none for bfloat16, which is an object of our own that answers as a dtype does (halves.py).
Promotion follows PyTorch where the Python array API standard leaves a case open: a complex number
beats a float and a float an integer of any width, an integer beats bool, and Python scalars never
widen a tensor of their kind.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, reduce
from typing import Any, TypeVar

import numpy as np

from cltensor.errors import DTypeError
from cltensor.halves import bfloat16, names_bfloat16

F = TypeVar("F", bound=Callable[..., Any])
dtype = np.dtype  # what they are instances of
bool_ = np.dtype("bool")
int8, int16, int32, int64 = (np.dtype(f"int{bits}") for bits in (8, 16, 32, 64))
uint8, uint16, uint32, uint64 = (np.dtype(f"uint{bits}") for bits in (8, 16, 32, 64))
float16, float32, float64 = (np.dtype(f"float{bits}") for bits in (16, 32, 64))
complex64, complex128 = (np.dtype(f"complex{bits}") for bits in (64, 128))

#: OpenCL C type of one element. OpenCL has no addressable bool: a uchar holds 0 or 1. Floats of 16
#: bits are structures that can be moved, and are computed with as float (prelude/halves.cl).
C_NAMES: dict[np.dtype, str] = {
    bool_: "uchar",
    int8: "char",
    int16: "short",
    int32: "int",
    int64: "long",
    uint8: "uchar",
    uint16: "ushort",
    uint32: "uint",
    uint64: "ulong",
    float16: "ct_float16",
    bfloat16: "ct_bfloat16",
    float32: "float",
    float64: "double",
    complex64: "float2",
    complex128: "double2",
}
ALL = tuple(C_NAMES)
_ONE_OF_EACH = {dtype: dtype for dtype in ALL}  # comparing by identity is ten times faster
#: Those that are stored in 16 bits and computed with in float32, on every device.
SHORT = frozenset((float16, bfloat16))
default_float: np.dtype = float32
default_int = int64
default_complex: np.dtype = complex64

#: What forgets a dtype that follows from the default one.
_forget: list[Callable[[], None]] = []


def following_default(function: F) -> F:
    """Decorator: as functools.cache, for a function whose results depend on the default dtype."""
    cached: Any = cache(function)
    _forget.append(cached.cache_clear)
    return cached


def set_default_float(dtype: np.dtype) -> None:
    """Make `dtype` the one of floats without one."""
    global default_float, default_complex
    default_float, default_complex = dtype, complex_of(dtype)
    for forget in _forget:
        forget()


#: Kinds of dtypes in the order in which one can hold another.
KIND_RANK = {"b": 0, "u": 1, "i": 1, "f": 2, "c": 3}
#: Kinds of dtypes whose numbers are not whole; they carry gradients.
FRACTIONAL = "fc"


def as_dtype(spec: object) -> np.dtype:
    """The supported dtype that `spec` names (a dtype, a NumPy or Python type, or a string).

    Raises DTypeError when cltensor has no such element type (strings, objects).
    """
    try:
        dtype = np.dtype(spec)  # type: ignore[call-overload]
    except TypeError:
        dtype = None
    found = None if dtype is None else _ONE_OF_EACH.get(dtype.newbyteorder("="))
    if found is None and names_bfloat16(spec):
        return bfloat16
    if found is None:
        names = ", ".join(d.name for d in ALL)
        shown = getattr(spec, "__name__", None) or repr(spec)
        raise DTypeError(f"dtype: {shown} is not an element type of cltensor; use one of {names}")
    return found


def is_float(dtype: np.dtype) -> bool:
    """Whether `dtype` is a real floating-point type."""
    return dtype.kind == "f"


@cache
def arithmetic(dtype: np.dtype) -> np.dtype:
    """The dtype that elements of `dtype` are computed in: float32 for floats of 16 bits."""
    return float32 if dtype in SHORT else dtype


@cache
def real_of(dtype: np.dtype) -> np.dtype:
    """The dtype of the parts of complex numbers of `dtype`; any other is its own."""
    return np.dtype(f"float{4 * dtype.itemsize}") if dtype.kind == "c" else dtype


@cache
def complex_of(dtype: np.dtype) -> np.dtype:
    """The dtype of complex numbers whose parts hold `dtype`: complex128 for float64, else
    complex64."""
    if dtype.kind == "c":
        return dtype
    return complex128 if dtype == float64 else complex64


@cache
def promote(a: np.dtype, b: np.dtype) -> np.dtype:
    """The common dtype of two tensors.

    Same kind: the wider one, of float16 and bfloat16 float32; float with integer: the float;
    complex with float: complex with parts as wide as either; anything with bool: the other; signed
    with unsigned: the smallest signed type that holds both. uint64 with a signed type has none:
    DTypeError.
    """
    if a == b:
        return a
    rank_a, rank_b = KIND_RANK[a.kind], KIND_RANK[b.kind]
    if rank_a != rank_b:
        if {a.kind, b.kind} == {"f", "c"}:
            return promote(complex_of(a), complex_of(b))
        return a if rank_a > rank_b else b
    if a.kind == "f":
        if a.itemsize == b.itemsize:  # float16 and bfloat16
            return float32
        return a if a.itemsize > b.itemsize else b
    common = np.promote_types(a, b)
    if common.kind != a.kind and common.kind != b.kind:
        raise DTypeError(
            f"promote: {a.name} and {b.name} have no common integer type; "
            f"cast one operand, for example with .to({int64.name})"
        )
    return common


@cache
def result_type(*operands: tuple[np.dtype, bool]) -> np.dtype:
    """The common dtype of several tensors, each given as (dtype, whether it has no dimensions).

    As in PyTorch, a tensor without dimensions only lifts the kind (bool < integer < float <
    complex) of those that have some, as a Python number does, and never the width. Raises
    DTypeError as `promote`.
    """
    whole, single = (
        reduce(promote, dtypes) if dtypes else None
        for dtypes in ([d for d, zero in operands if zero is wanted] for wanted in (False, True))
    )
    if whole is None or single is None:
        found = whole or single
        assert found is not None
        return found
    if KIND_RANK[single.kind] <= KIND_RANK[whole.kind]:
        return whole
    return complex_of(whole) if whole.kind == "f" else single


@following_default
def with_scalar(dtype: np.dtype, scalar: type) -> np.dtype:
    """The dtype of an operation between a tensor of `dtype` and a Python scalar of type `scalar`.

    The scalar only lifts the kind (bool < int < float < complex), never the width.
    """
    if scalar is complex:
        return complex_of(dtype)
    if scalar is float and dtype.kind not in FRACTIONAL:
        return default_float
    if scalar is int and dtype.kind == "b":
        return default_int
    return dtype


@following_default
def to_float(dtype: np.dtype) -> np.dtype:
    """The dtype of functions that leave the integers (division, exp, mean): floats and complex
    numbers stay."""
    return dtype if dtype.kind in FRACTIONAL else default_float
