"""Numbers that callers give: counts, sizes, strides, paddings, axes, and what to fill with.

Checked before anything is computed with them or looked up by them: to Python 1, 1.0 and True are
one key of a dictionary, and half a pixel would become none in silence.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np

from cltensor.core.tensor import show
from cltensor.dtypes import bool_, real_of
from cltensor.errors import DTypeError, ShapeError
from cltensor.halves import limits_of

Pair = tuple[int, int]


class _NotGiven:
    """Stands for an argument that was left out, where None says something."""

    def __repr__(self) -> str:
        return "<not given>"


NOT_GIVEN: Any = _NotGiven()
_NUMBERS: Any = (bool, int, float, complex)

#: The largest size, stride or padding in pixels, which kernels count with 32 bits.
PIXELS = (1 << 31) - 1
#: The largest count of all: what a 64-bit argument holds.
MOST = (1 << 63) - 1


def _integer(value: Any) -> int | None:
    """`value` as an int, None if it is none: a fraction, a bool, a vector."""
    if type(value) is int:
        return value
    if isinstance(value, (bool, np.bool_)) or getattr(value, "dtype", None) == bool_:
        return None
    try:
        return int(value.__index__())
    except (AttributeError, TypeError, ValueError):
        return None


def _limits(least: int, most: int) -> str:
    if most == MOST:
        return " of 64 bits" if least == -MOST else f" of at least {least}"
    return f" from {least} to {most}"


def whole(operation: str, name: str, value: Any, least: int = 0, most: int = MOST) -> int:
    """`value` as an int from `least` to `most`. Raises ShapeError for any other value."""
    if type(value) is int and least <= value <= most:
        return value
    number = _integer(value)
    if number is None or not least <= number <= most:
        raise ShapeError(f"{operation}: {name} is {value!r}; give an integer{_limits(least, most)}")
    return number


def wholes(
    operation: str, name: str, values: Any, least: int = 0, most: int = MOST
) -> tuple[int, ...]:
    """`values`, an integer or a sequence of them, as ints from `least` to `most`.

    Raises ShapeError for any other value.
    """
    if not isinstance(values, (tuple, list)):
        if _integer(values) is not None:
            values = (values,)
        elif not isinstance(values, np.ndarray):
            raise ShapeError(
                f"{operation}: {name} is {values!r}; give integers{_limits(least, most)}"
            )
    return tuple([whole(operation, name, value, least, most) for value in values])


def number(operation: str, name: str, value: Any) -> Any:
    """`value`, if it is a real number or an array of one. Raises DTypeError for any other value."""
    if not isinstance(value, (float, int, Real, np.bool_)):
        kind = getattr(getattr(value, "dtype", None), "kind", "")
        if not kind or kind not in "biuf" or value.size != 1:
            raise DTypeError(f"{operation}: {name} is {value!r}; give a number")
    return value


def probability(operation: str, p: Any, name: str = "p") -> None:
    """Raise ValueError unless 0 <= p <= 1, DTypeError where p is no number."""
    if not 0 <= number(operation, name, p) <= 1:
        raise ValueError(f"{operation}: {name} is {p}; a probability is from 0 to 1")


def pair(operation: str, name: str, value: int | Sequence[int], least: int) -> Pair:
    """`value` for both axes of an image as two integers, none below `least`.

    Raises ShapeError otherwise.
    """
    if (  # as layers keep it
        type(value) is tuple
        and len(value) == 2
        and type(value[0]) is type(value[1]) is int
        and least <= min(value)
        and max(value) <= PIXELS
    ):
        return value
    single = _integer(value)
    if single is not None:
        both = [single, single]
    else:
        given = list(value) if isinstance(value, (tuple, list, np.ndarray)) else [None]
        both = [n for n in map(_integer, given) if n is not None]
        if len(both) != len(given) or len(both) not in (1, 2):
            both = []
    if not both or min(both) < least or max(both) > PIXELS:
        raise ShapeError(
            f"{operation}: {name} is {value!r}; give an integer or two, each at least {least} and "
            f"at most {PIXELS}"
        )
    return both[0], both[-1]


def normalize_axes(operation: str, axis: int | Sequence[int] | None, ndim: int) -> tuple[int, ...]:
    """The axes that `axis` names, as a sorted tuple of non-negative ints; all for None.

    A tensor without dimensions takes 0 and -1, which name none. Raises ShapeError for an axis that
    is no integer, out of range or named twice.
    """
    if axis is None:
        return tuple(range(ndim))
    axes = (axis,) if type(axis) is int else wholes(operation, "axis", axis, -MOST)
    bound = max(ndim, 1)  # a tensor without dimensions takes 0 and -1 for its one element
    for a in axes:
        if not -bound <= a < bound:
            raise ShapeError(
                f"{operation}: axis {a} is out of range for a tensor with {ndim} dimensions; "
                f"use {-bound} to {bound - 1}"
            )
    found = {a % bound for a in axes}
    if len(found) != len(axes):
        raise ShapeError(f"{operation}: axis {axis} names a dimension twice")
    return tuple(sorted(found)) if ndim else ()


def axis_of(operation: str, axis: Any, ndim: int) -> int:
    """`axis` counted from the front; a tensor without dimensions has an axis 0, as in PyTorch.

    Raises ShapeError if there is no such axis.
    """
    axis = whole(operation, "axis", axis, -MOST)
    axes = max(ndim, 1)
    if not -axes <= axis < axes:
        normalize_axes(operation, axis, ndim)
    return axis % axes


def scalar(operation: str, name: str, value: Any, dtype: np.dtype) -> Any:
    """`value` as the number of `dtype` that it stands for; fractions of integers are cut off.

    Raises DTypeError for what is no number, or one that `dtype` cannot hold.
    """
    number: Any = value.item() if hasattr(value, "item") and not value.shape else value
    if not isinstance(number, _NUMBERS):
        raise DTypeError(f"{operation}: {name} is {show(value)}, not a number")
    if dtype.kind == "c":
        part = real_of(dtype)
        return complex(*[scalar(operation, name, v, part) for v in (number.real, number.imag)])
    if type(number) is complex and dtype.kind != "b":
        raise DTypeError(
            f"{operation}: {name} {number} does not fit {dtype.name}; use its real part, or a "
            "complex dtype"
        )
    if dtype.kind == "b":
        return bool(number)
    limits: Any = limits_of(dtype) if dtype.kind == "f" else np.iinfo(dtype)
    kind = float if dtype.kind == "f" else int
    high = largest(dtype) if kind is float else int(limits.max)
    low = -high if kind is float else int(limits.min)
    special = number != number or abs(number) == math.inf
    # An int is compared as it is: one too large for a float would not become one.
    inside = low - 1 < number < high + 1 if kind is int else low <= number <= high
    if not inside and (kind is int or not special):
        raise DTypeError(
            f"{operation}: {name} {number} does not fit {dtype.name} ({limits.min} to "
            f"{limits.max}); use a wider dtype"
        )
    return kind(number)


def largest(dtype: np.dtype) -> float:
    """The largest number that a floating-point dtype rounds to a finite one."""
    limits: Any = limits_of(dtype)
    halfway = float(limits.max) + math.ldexp(float(limits.eps) / 2, limits.maxexp - 1)
    return math.nextafter(halfway, 0)


def check_scalar(name: str, value: object, dtype: np.dtype) -> None:
    """Raise DTypeError if the Python int `value` does not fit the integer type `dtype`."""
    if dtype.kind in "iu" and type(value) is int:
        limits = np.iinfo(dtype)
        if not limits.min <= value <= limits.max:
            raise DTypeError(
                f"{name}: {value} does not fit {dtype.name} ({limits.min} to {limits.max}); use a "
                "wider dtype"
            )
