"""Data of the host, as `ct.tensor` takes it, as one array of a dtype of cltensor."""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np

from cltensor import dtypes
from cltensor.core.tensor import Tensor
from cltensor.errors import DTypeError, ShapeError
from cltensor.halves import cast_array, names_bfloat16, to_array


def array_of(data: Any, dtype: Any) -> np.ndarray:
    """The numbers in `data` (numbers, nested lists, arrays of any library) as an array, which may
    be `data` itself.

    dtype: None for what they promote to: Python's floats are float32 and its ints int64, as in
    PyTorch, arrays and NumPy's numbers what they are.

    Raises DTypeError for what is no number, or an integer that the dtype cannot hold; ShapeError
    for lists of different lengths.
    """
    if isinstance(data, (list, tuple)) and any(hasattr(x, "numpy") for x in data):
        data = [_array_of(x) for x in data]
        dtype = _common(data) if dtype is None else dtype
        data = [to_array(x) if isinstance(x, np.ndarray) else x for x in data]
    try:
        array = np.asarray(data)
    except ValueError as error:
        raise ShapeError(f"tensor: the nested sequence is not rectangular ({error})") from None
    if array.size and array.dtype == dtypes.float64 and _kinds(data) <= {bool, int}:
        array = np.asarray(data, object)  # beyond int64, some of them, and not to be rounded
    if array.size and array.dtype == object:
        array = _of_large_integers(data, array, dtype)
    if dtype is None:
        dtype = array.dtype
        if not isinstance(data, (np.ndarray, np.generic)):
            dtype = _common_of_numbers(data, dtype)
    if array.dtype.kind not in "biufc" and not names_bfloat16(array.dtype):
        raise DTypeError(
            f"tensor: {array.dtype} data has no element type of cltensor; pass numbers or bools"
        )
    return _cast(array, dtypes.as_dtype(dtype))


def _array_of(x: Any) -> Any:
    """A member of a list as an array, if it is a tensor of some library."""
    if isinstance(x, Tensor) and x.dtype is dtypes.bfloat16:
        return x.detach()._stored()
    return x.numpy() if hasattr(x, "numpy") else x


def _of_numbers() -> dict[type, np.dtype]:
    """The dtype of each kind of Python's numbers, which have no width of their own."""
    return {
        bool: dtypes.bool_, int: dtypes.int64, float: dtypes.default_float,
        complex: dtypes.default_complex,
    }  # fmt: skip


def _common(members: list[Any]) -> np.dtype | None:
    """What the dtypes of arrays and of Python's numbers promote to; None among other things."""
    of_numbers = _of_numbers()
    found = [
        dtypes.as_dtype(x.dtype) if isinstance(x, np.ndarray) else of_numbers.get(type(x))
        for x in members
    ]
    return None if None in found else reduce(dtypes.promote, found)


def _common_of_numbers(data: Any, found: np.dtype) -> np.dtype:
    """What the numbers in nested lists promote to, of which NumPy makes an array of dtype `found`.

    Raises DTypeError for Python's integers outside int64.
    """
    of_numbers = _of_numbers()
    kinds = _kinds(data)
    if kinds and all(isinstance(k, np.dtype) or k in of_numbers for k in kinds):
        whole = [dtypes.as_dtype(of_numbers.get(k, k)) for k in kinds]
        if found == dtypes.uint64 and int in kinds:
            raise DTypeError(
                "tensor: a Python integer above 9223372036854775807 does not fit int64; give "
                "dtype='uint64', or a floating-point dtype"
            )
        return reduce(dtypes.promote, whole)
    return {"f": dtypes.default_float, "c": dtypes.default_complex}.get(found.kind, found)


def _kinds(data: Any) -> set[Any]:
    """The dtypes of arrays and of NumPy's numbers in nested lists, and the types of all else."""
    if isinstance(data, (np.ndarray, np.generic)):
        return {data.dtype}
    if not isinstance(data, (list, tuple)):
        return {type(data)}
    found: set[Any] = set()
    for kind in set(map(type, data)):
        if issubclass(kind, (list, tuple, np.ndarray)):
            found = found.union(*[_kinds(member) for member in data if type(member) is kind])
        else:
            found.add(np.dtype(kind) if issubclass(kind, np.generic) else kind)
    return found


def _of_large_integers(data: Any, array: np.ndarray, dtype: Any) -> np.ndarray:
    """The objects of `array` as numbers of `dtype` if it is one of integers, else as floating-point
    or complex ones, if they are Python's numbers, with an integer that int64 does not hold."""
    members = array.ravel().tolist()
    kinds = set(map(type, members))
    if int not in kinds or not kinds <= {bool, int, float, complex}:
        return array
    whole = dtypes.int64 if dtype is None and kinds <= {bool, int} else dtype
    if whole is not None and dtypes.as_dtype(whole).kind in "iu":
        limits = np.iinfo(dtypes.as_dtype(whole))
        for x in members:
            if isinstance(x, int) and not limits.min <= x <= limits.max:
                raise DTypeError(
                    f"tensor: {x} does not fit {limits.dtype} ({limits.min} to {limits.max}); give "
                    "a wider dtype, or a floating-point one"
                )
        if kinds <= {bool, int}:
            return array.astype(limits.dtype)
    try:
        return array.astype(complex if complex in kinds else float)
    except OverflowError:
        raise DTypeError(
            f"tensor: an integer of {data!r:.40} is beyond the range of float64; scale it first"
        ) from None


def _cast(array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """`array` as `dtype`; out-of-range floats saturate and NaN becomes 0, as on the device."""
    if array.dtype == dtype:
        return array
    array = to_array(array)
    if array.dtype.kind in "iu" and dtype.kind in "iu" and array.size:
        limits = np.iinfo(dtype)
        for value in (int(array.min()), int(array.max())):
            if not limits.min <= value <= limits.max:
                raise DTypeError(
                    f"tensor: {value} does not fit {dtype.name} ({limits.min} to {limits.max}); "
                    "choose a wider dtype, or wrap it around with .astype()"
                )
    if array.dtype.kind == "c" and dtype.kind not in "bc":
        raise DTypeError(
            f"tensor: {array.dtype.name} data have no {dtype.name}; pass their .real, or a complex "
            "dtype"
        )
    with np.errstate(invalid="ignore", over="ignore"):
        found = cast_array(array, dtype)
    if array.dtype.kind == "f" and dtype.kind in "iu":
        limits = np.iinfo(dtype)
        found[array >= limits.max] = limits.max
        found[array <= limits.min] = limits.min
        found[np.isnan(array)] = 0
    return found
