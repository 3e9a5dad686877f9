"""One table of names: which keywords mean the same parameter.

NumPy, the array API standard and PyTorch name the same things differently; every operation and
function takes each of these names for the parameter that it has.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, wraps
from types import FunctionType
from typing import Any, NamedTuple, TypeVar

from cltensor.core.parameters import Parameters

F = TypeVar("F", bound=Callable[..., Any])

#: A keyword, and the names of parameters that it may stand for, the likeliest first.
ALIASES: dict[str, tuple[str, ...]] = {
    # dimensions
    "dim": ("axis", "axes", "dims"),
    "dims": ("axis", "axes", "dim", "repetitions"),
    "axis": ("dim", "axes", "dims"),
    "axes": ("axis", "dims", "dim"),
    "dim0": ("axis0",),
    "dim1": ("axis1",),
    "dim2": ("axis2",),
    "start_dim": ("start_axis",),
    "end_dim": ("end_axis",),
    "keepdim": ("keepdims",),
    "keepdims": ("keepdim",),
    # operands
    "input": ("x", "c", "a", "A"),
    "x": ("input", "a", "A"),
    "A": ("x", "input", "a"),
    "B": ("other", "b"),
    "a": ("x", "input"),
    "other": ("b", "B"),
    "b": ("other",),
    "x1": ("a", "x", "A"),
    "x2": ("b", "other", "B"),
    "exponent": ("b",),
    "n": ("b",),
    "vec": ("b",),
    "vec2": ("b",),
    "mat1": ("a",),
    "mat2": ("b",),
    "batch1": ("a",),
    "batch2": ("b",),
    "tensor": ("x", "b", "value"),
    "tensors": ("xs", "operands"),
    "arrays": ("tensors", "xs"),
    "src": ("source",),
    "source": ("src",),
    "index": ("indices",),
    "indices": ("index",),
    # sizes and counts
    "size": ("shape", "sizes"),
    "shape": ("size", "sizes"),
    "repeats": ("sizes", "repetitions"),
    "reps": ("repetitions",),
    "split_size": ("sizes",),
    "split_size_or_sections": ("sizes",),
    "shifts": ("shift",),
    "pad_width": ("widths",),
    "num": ("steps",),
    # numbers
    "from": ("low",),
    "to": ("high",),
    "end": ("stop",),
    "stop": ("end",),
    "fill_value": ("value",),
    "value": ("fill_value",),
    "constant_values": ("value",),
    "a_min": ("min",),
    "a_max": ("max",),
    "ord": ("p",),
    "ddof": ("correction",),
    "retain_variables": ("retain_graph",),
}


def twice(operation: str, keyword: str, parameter: str) -> TypeError:
    """The error for a parameter given by two names, or by position and name."""
    called = repr(keyword) if keyword == parameter else f"{parameter!r} (as {keyword!r})"
    return TypeError(f"{operation}: {called} is given twice; leave one out")


@cache
def parameter_of(
    operation: str, parameters: tuple[str, ...], keyword: str, beside: tuple[str, ...] = ()
) -> str:
    """The parameter that `keyword` names. Raises TypeError, listing the accepted ones, for none.

    beside: what the operation takes beside `parameters`, and looks for elsewhere.
    """
    if keyword in parameters:
        return keyword
    for name in ALIASES.get(keyword, ()):
        if name in parameters:
            return name
    accepted = ", ".join((*parameters, *beside)) or "none"
    raise TypeError(f"{operation}: there is no keyword {keyword!r}; it takes {accepted}")


def canonical(
    operation: str, parameters: tuple[str, ...], given: Sequence[str], kwargs: Mapping[str, Any],
    beside: tuple[str, ...] = (),
) -> dict[str, Any]:  # fmt: skip
    """`kwargs` under the names of `parameters`. given: those that have a value already. beside:
    keywords that are accepted too, and are not among `kwargs`.

    Raises TypeError for a keyword that names no parameter, or one given twice.
    """
    found: dict[str, Any] = {}
    for keyword, value in kwargs.items():
        name = parameter_of(operation, parameters, keyword, beside)
        if name in given or name in found:
            raise twice(operation, keyword, name)
        found[name] = value
    return found


#: PyTorch's older keywords of losses, in place of `reduction`.
LEGACY = ("size_average", "reduce")


def with_reduction(operation: str, parameters: Sequence[str], kwargs: dict[str, Any]) -> None:
    """Say by `reduction` what PyTorch's older keywords of losses, size_average and reduce, say.

    Warns of it, as PyTorch does. Raises TypeError beside `reduction`.
    """
    if "reduction" not in parameters or not any(name in kwargs for name in LEGACY):
        return
    average, reduced = [kwargs.pop(name, None) for name in LEGACY]
    if average is None and reduced is None:
        return
    if "reduction" in kwargs:
        raise TypeError(
            f"{operation}: size_average and reduce are older words for reduction, which is given "
            "too; leave them out"
        )
    meant = "none" if reduced is False else "sum" if average is False else "mean"
    kwargs["reduction"] = meant
    warnings.warn(
        f"{operation}: size_average and reduce are deprecated; use reduction={meant!r}",
        stacklevel=4,
    )


class _Taken(NamedTuple):
    """What a function takes: the names of its keywords, how many of them by position too, whether
    its first argument is self, which is none of them, and whether it takes any other keyword."""

    names: tuple[str, ...]
    by_position: int
    bound: bool
    any: bool


@cache
def _taken(function: Callable[..., Any]) -> _Taken:
    own = Parameters(inspect.unwrap(function))
    bound = own.by_position[:1] in (("self",), ("cls",))
    by_position = own.by_position[bound:]
    return _Taken((*by_position, *own.by_keyword), len(by_position), bound, own.takes_any)


#: Keywords of PyTorch's optimizers that say how, not what; True for the last asks for more.
HINTS = ("foreach", "fused", "capturable", "differentiable")


def check_hints(name: str, options: Mapping[str, Any]) -> None:
    """Raise TypeError for the one of `HINTS` that asks for more than is done."""
    if options.get("differentiable"):
        raise TypeError(
            f"{name}: differentiable=True is not supported; leave it out, or write the step with "
            "operations of your own"
        )


def _without_hints(name: str, kwargs: dict[str, Any], hints: Sequence[str]) -> dict[str, Any]:
    check_hints(name, kwargs)
    return {keyword: value for keyword, value in kwargs.items() if keyword not in hints}


def own_names(
    name: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any],
    hints: tuple[str, ...] = (),
) -> dict[str, Any]:  # fmt: skip
    """`kwargs` under the function's own names. Raises TypeError, listing them, for others."""
    taken = _taken(function)
    if taken.any:
        return kwargs
    names = taken.names
    with_reduction(name, names, kwargs)
    given = names[: min(len(args) - taken.bound, taken.by_position)]
    found = canonical(name, tuple(dict.fromkeys((*names, *hints))), given, kwargs)
    return _without_hints(name, found, hints) if hints else found


def named(function: F, hints: tuple[str, ...] = ()) -> F:
    """Decorator: keywords go by any name of the table, and an unknown one is an error that lists
    the accepted ones. A class is changed where it is: what makes its instances, and its methods.

    hints: keywords that are accepted too, and left out, as they ask for nothing that is not done.
    """
    if isinstance(function, type):
        for owner in function.__mro__:
            if owner.__module__.startswith("cltensor.") and "MADE_OFTEN" not in vars(owner):
                _name_methods(owner, hints)
        return function
    called = function.__name__
    makes = called in ("__init__", "__new__", "__call__")

    @wraps(function)
    def checked(*args: Any, **kwargs: Any) -> Any:
        if kwargs:
            name = called
            if makes:
                name = (args[0] if isinstance(args[0], type) else type(args[0])).__name__
            kwargs = own_names(name, function, args, kwargs, hints)
        return function(*args, **kwargs)

    checked.is_named = True  # type: ignore[attr-defined]
    return checked  # type: ignore[return-value]


#: Methods that the library calls too often to have them wrapped. `Module.__call__` checks the
#: keywords of forward.
_OFTEN = {"add_kernel", "copy_from", "copy_to", "copy_within", "forward", "run", "take"}


def _name_methods(kind: type, hints: tuple[str, ...]) -> None:
    for maker in ("__new__", "__init__"):
        made = vars(kind).get(maker)
        made = made.__func__ if isinstance(made, staticmethod) else made
        if not isinstance(made, FunctionType) or hasattr(made, "is_named"):
            continue
        if not _taken(made).any:
            made = named(made, hints)
            setattr(kind, maker, staticmethod(made) if maker == "__new__" else made)
    for name, method in list(vars(kind).items()):
        if name[0] == "_" or name in _OFTEN or not isinstance(method, FunctionType):
            continue
        if not hasattr(method, "__wrapped__") and _taken(method).names and not _taken(method).any:
            setattr(kind, name, named(method))


def name_all(namespace: dict[str, Any], names: Iterable[str], hints: tuple[str, ...] = ()) -> None:
    """Make the functions and classes of a namespace `named`, those that are not yet."""
    for name in names:
        value = namespace[name]
        if isinstance(value, type):
            if not issubclass(value, BaseException):
                named(value, hints)
        elif isinstance(value, FunctionType) and not hasattr(value, "is_method"):
            namespace[name] = value if hasattr(value, "is_named") else named(value)
