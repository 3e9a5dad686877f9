"""The data type functions of the standard."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

from cltensor import dtypes
from cltensor.array_api.array import main, standard
from cltensor.core.tensor import Tensor
from cltensor.errors import DTypeError

#: The kinds of dtypes that the standard names, by NumPy's letters.
KINDS = {
    "bool": "b", "signed integer": "i", "unsigned integer": "u", "integral": "iu",
    "real floating": "f", "complex floating": "c", "numeric": "iufc",
}  # fmt: skip


@dataclass(frozen=True)
class finfo_object:
    """The limits of a floating-point dtype, of a complex one those of its parts."""

    bits: int
    eps: float
    max: float
    min: float
    smallest_normal: float
    dtype: np.dtype


@dataclass(frozen=True)
class iinfo_object:
    """The limits of an integer dtype."""

    bits: int
    max: int
    min: int
    dtype: np.dtype


@standard
def astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
    """x of another dtype, on `device` if one is given; new elements, unless copy is False and
    nothing changes.

    >>> xp.astype(xp.asarray([0.5, -1.5]), xp.int32)
    tensor([ 0, -1], dtype=int32)
    """
    return main.to(x, dtype=dtype, device=device, copy=copy)


def _dtype(given: Any) -> np.dtype:
    return given.dtype if isinstance(given, Tensor) else dtypes.as_dtype(given)


def can_cast(from_: Any, to: Any, /) -> bool:
    """Whether the first dtype (or that of an array) promotes to the second.

    >>> xp.can_cast(xp.int8, xp.int16), xp.can_cast(xp.int16, xp.int8)
    (True, False)
    """
    target = _dtype(to)
    try:
        return dtypes.promote(_dtype(from_), target) == target
    except DTypeError:  # they have none in common
        return False


def finfo(type: Any, /) -> finfo_object:
    """The limits of a floating-point dtype, or that of an array.

    >>> xp.finfo(xp.float32).eps == 2**-23
    True
    """
    dtype = dtypes.real_of(_dtype(type))
    found = np.finfo(dtype)
    return finfo_object(
        found.bits, float(found.eps), float(found.max), float(found.min),
        float(found.smallest_normal), dtype,
    )  # fmt: skip


def iinfo(type: Any, /) -> iinfo_object:
    """The limits of an integer dtype, or that of an array.

    >>> xp.iinfo(xp.int8).min, xp.iinfo(xp.int8).max
    (-128, 127)
    """
    dtype = _dtype(type)
    found = np.iinfo(dtype)
    return iinfo_object(found.bits, int(found.max), int(found.min), dtype)


def isdtype(dtype: Any, kind: Any) -> bool:
    """Whether a dtype is of a kind: a name such as "integral", another dtype, or a tuple of them.

    Raises ValueError for a name that the standard has not.

    >>> xp.isdtype(xp.uint8, "integral"), xp.isdtype(xp.uint8, ("signed integer", "bool"))
    (True, False)
    """
    if isinstance(kind, tuple):
        return any(isdtype(dtype, k) for k in kind)
    if not isinstance(kind, str):
        return _dtype(dtype) == dtypes.as_dtype(kind)
    if kind not in KINDS:
        raise ValueError(f"isdtype: there is no kind {kind!r}; it takes {', '.join(KINDS)}")
    return _dtype(dtype).kind in KINDS[kind]


def result_type(*arrays_and_dtypes: Any) -> np.dtype:
    """The dtype that arrays, dtypes and numbers have in common; numbers only lift the kind.

    Raises DTypeError if there is none, or neither an array nor a dtype.

    >>> xp.result_type(xp.int8, xp.uint8), xp.result_type(xp.asarray([1], dtype=xp.int8), 2)
    (dtype('int16'), dtype('int8'))
    """
    numbers = [x for x in arrays_and_dtypes if isinstance(x, (int, float, complex))]
    found = [_dtype(x) for x in arrays_and_dtypes if not isinstance(x, (int, float, complex))]
    if not found:
        raise DTypeError("result_type: there is neither an array nor a dtype; give at least one")
    dtype = reduce(dtypes.promote, found)
    for number in numbers:
        kind: Any = type(number)
        dtype = dtypes.with_scalar(dtype, kind)
    return dtype
