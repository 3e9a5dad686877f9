"""`jit.script`, `jit.trace` and the like: there is no other language here than Python.

What PyTorch compiles for itself runs here as it is written, and gives the same: so the functions
give back what they are given.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from cltensor.errors import DataError


def script(obj: Any, *args: Any, **kwargs: Any) -> Any:
    """`obj` itself: it runs as it is written. `ct.jit` records its launches."""
    return obj


def trace(func: Any, example_inputs: Any = None, *args: Any, **kwargs: Any) -> Any:
    """`func` itself, which is not run: `ct.jit` records a call when it comes."""
    return func


def ignore(drop: Any = False, **kwargs: Any) -> Any:
    """Decorator: the function itself."""
    return drop if callable(drop) else lambda function: function


def same(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator: the function itself."""
    return function


def no() -> bool:
    """False: code runs as it is written."""
    return False


def no_file(*args: Any, **kwargs: Any) -> NoReturn:
    """Raises DataError: there are no files of programs."""
    raise DataError(
        "jit: there are no files of programs; save the state with "
        "ct.save(model.state_dict(), path), and build the model from its class"
    )
