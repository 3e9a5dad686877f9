"""PyTorch's switch for products of less precision than float32's, as matrix units compute them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from cltensor.core.composite import composite
from cltensor.errors import SettingError

_PRECISIONS = ("highest", "high", "medium")
F = TypeVar("F", bound=Callable[..., Any])


class Precision:
    """What was asked for, in the whole process."""

    value = "highest"


class _Exact(threading.local):
    """How many functions of this thread compute in float32 whatever was asked for."""

    depth = 0


_exact = _Exact()


def precision() -> str:
    """The precision of the next product in this thread."""
    return "highest" if _exact.depth else Precision.value


def exactly(function: F) -> F:
    """Decorator: the products of a function have float32's precision, as factors and solutions of
    systems need."""

    @wraps(function)
    def exact(*args: Any, **kwargs: Any) -> Any:
        _exact.depth += 1
        try:
            return function(*args, **kwargs)
        finally:
            _exact.depth -= 1

    return exact  # type: ignore[return-value]


@composite(method=False)
def set_float32_matmul_precision(precision: str) -> None:
    """How exact products of float32 are to be: "highest", as multiply-adds of float32 are; "high",
    where operands may be rounded to TF32 (10 digits behind the point); "medium", to bfloat16 (7).

    A GPU with matrix units that multiply such numbers, and are faster on a trial, then uses them;
    sums are float32 all the same. Other devices compute as with "highest". It does not touch
    convolutions, nor the factors and solutions of ct.linalg. Products of float16 and bfloat16 take
    all digits of what is given, on any unit.

    Raises:  SettingError for another word.

    >>> ct.set_float32_matmul_precision("high")
    >>> ct.get_float32_matmul_precision()
    'high'
    >>> ct.set_float32_matmul_precision("highest")
    """
    if precision not in _PRECISIONS:
        raise SettingError(
            f"set_float32_matmul_precision: {precision!r} is none of {', '.join(_PRECISIONS)}"
        )
    Precision.value = precision


@composite(method=False)
def get_float32_matmul_precision() -> str:
    """What `set_float32_matmul_precision` was told last.

    >>> ct.get_float32_matmul_precision()
    'highest'
    """
    return Precision.value
