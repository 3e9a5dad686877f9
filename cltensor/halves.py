"""Floats of 16 bits: float16, and bfloat16, for which NumPy has no dtype.

On the host, elements of bfloat16 are an array of HOST, a field of 16 bits, which says what they are
and cannot be taken for numbers; `to_array` and `cast_array` give and take numbers.
"""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import numpy as np

from cltensor.errors import DependencyError

#: NumPy's dtype of arrays that hold elements of bfloat16.
HOST = np.dtype([("bfloat16", np.uint16)])


class _BFloat16:
    """The dtype with the sign, the exponent and the first 7 digits of a float32. It has what of
    NumPy's dtypes cltensor asks for."""

    __slots__ = ()

    name = "bfloat16"
    kind = "f"
    char = "E"
    itemsize = alignment = 2
    #: Far from those that NumPy gives to dtypes.
    num = 1 << 16
    byteorder = "="
    isnative = True

    def newbyteorder(self, order: str = "S") -> _BFloat16:
        """Itself: elements are in the order of the host."""
        return self

    def __eq__(self, other: object) -> bool:
        return other is self or names_bfloat16(other)

    def __hash__(self) -> int:
        return hash("bfloat16")

    def __repr__(self) -> str:
        return "dtype(bfloat16)"

    def __str__(self) -> str:
        return "bfloat16"

    def __reduce__(self) -> str:
        return "bfloat16"


bfloat16 = cast(np.dtype, _BFloat16())


def names_bfloat16(spec: object) -> bool:
    """Whether `spec` is bfloat16, its name, or that of ml_dtypes or of an array on the host."""
    name = spec if isinstance(spec, str) else getattr(spec, "name", getattr(spec, "__name__", ""))
    return name == "bfloat16" or (isinstance(spec, np.dtype) and spec == HOST)


class Limits(NamedTuple):
    """What `finfo` tells of bfloat16, under the names of numpy.finfo."""

    bits: int = 16
    eps: float = 2.0**-7
    epsneg: float = 2.0**-8
    max: float = float.fromhex("0x1.fep127")
    min: float = -float.fromhex("0x1.fep127")
    tiny: float = 2.0**-126
    smallest_normal: float = 2.0**-126
    smallest_subnormal: float = 2.0**-133
    resolution: float = 0.01
    precision: int = 2
    nmant: int = 7
    nexp: int = 8
    iexp: int = 8
    maxexp: int = 128
    minexp: int = -126
    dtype: np.dtype = bfloat16


def limits_of(dtype: np.dtype) -> Any:
    """numpy.finfo of a floating-point or complex dtype, or the same for bfloat16."""
    return Limits() if dtype is bfloat16 else np.finfo(dtype)


def host_dtype(dtype: np.dtype) -> np.dtype:
    """NumPy's dtype of an array with elements of `dtype` as they lie on the device."""
    return HOST if dtype is bfloat16 else dtype


def to_array(array: np.ndarray) -> np.ndarray:
    """`array`, of bfloat16 its elements as float32."""
    if not names_bfloat16(array.dtype):
        return array
    bits = array.view(np.uint16).astype(np.uint32)
    return (bits << np.uint32(16)).view(np.float32)


def ml_array(operation: str, array: np.ndarray) -> np.ndarray:
    """An array of HOST as one of the dtype that the package ml_dtypes gives NumPy.

    Raises DependencyError without that package.
    """
    try:
        import ml_dtypes
    except ImportError as error:
        raise DependencyError(
            f"{operation}: NumPy has no bfloat16; use .float() first, or install the package "
            'ml_dtypes, which gives it one: pip install "cltensor[bfloat16]"'
        ) from error
    return array.view(ml_dtypes.bfloat16)


def cast_array(array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """`array` as `dtype`, as NumPy casts; to bfloat16 rounded to the nearest, of two to the even
    one, by way of float32 as on the device."""
    array = to_array(array)
    if dtype is not bfloat16:
        return array.astype(dtype)
    bits = np.ascontiguousarray(array.astype(np.float32)).view(np.uint32)
    nan = (bits & 0x7FFFFFFF) > 0x7F800000
    rounded = (bits + np.uint32(0x7FFF) + ((bits >> 16) & np.uint32(1))) >> np.uint32(16)
    rounded = np.where(nan, (bits >> np.uint32(16)) | np.uint32(0x40), rounded)
    return rounded.astype(np.uint16).view(HOST).reshape(array.shape)
