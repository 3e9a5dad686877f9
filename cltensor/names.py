"""One table of names: which keywords mean the same parameter.

NumPy, the array API standard and PyTorch name the same things differently; every operation and
function takes each of these names for the parameter that it has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

#: A keyword, and the names of parameters that it may stand for.
ALIASES: dict[str, tuple[str, ...]] = {
    "dim": ("axis", "axes", "dims"),
    "dims": ("axis", "axes", "dim"),
    "axis": ("dim", "axes", "dims"),
    "axes": ("axis", "dims", "dim"),
    "keepdim": ("keepdims",),
    "keepdims": ("keepdim",),
    "input": ("x", "a"),
    "x": ("input", "a"),
    "a": ("x", "input"),
    "other": ("b",),
    "b": ("other",),
    "x1": ("a",),
    "x2": ("b",),
    "exponent": ("b",),
    "vec2": ("b",),
    "mat2": ("b",),
    "tensor": ("b",),
    "start_dim": ("start_axis",),
    "end_dim": ("end_axis",),
    "fill_value": ("value",),
    "value": ("fill_value",),
}


def twice(operation: str, keyword: str, parameter: str) -> TypeError:
    """The error for a parameter given by two names, or by position and name."""
    called = repr(keyword) if keyword == parameter else f"{parameter!r} (as {keyword!r})"
    return TypeError(f"{operation}: {called} is given twice; leave one out")


@cache
def parameter_of(operation: str, parameters: tuple[str, ...], keyword: str) -> str:
    """The parameter that `keyword` names. Raises TypeError, listing the accepted ones, for none."""
    if keyword in parameters:
        return keyword
    for name in ALIASES.get(keyword, ()):
        if name in parameters:
            return name
    raise TypeError(
        f"{operation}: there is no keyword {keyword!r}; it takes {', '.join(parameters)}"
    )


def canonical(
    operation: str, parameters: tuple[str, ...], given: Sequence[str], kwargs: Mapping[str, Any]
) -> dict[str, Any]:
    """`kwargs` under the names of `parameters`. given: those that have a value already.

    Raises TypeError for a keyword that names no parameter, or one given twice.
    """
    found: dict[str, Any] = {}
    for keyword, value in kwargs.items():
        name = parameter_of(operation, parameters, keyword)
        if name in given or name in found:
            raise twice(operation, keyword, name)
        found[name] = value
    return found
