"""Options of optimizers and schedules: that they are numbers, or pairs of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeVar

from cltensor.core.checks import number
from cltensor.core.names import HINTS, check_hints
from cltensor.core.parameters import Parameters
from cltensor.core.tensor import Tensor
from cltensor.errors import DTypeError
from cltensor.runtime.device import recording
from cltensor.runtime.kernel import Live

F = TypeVar("F", bound=Callable[..., None])


Options = Mapping[str, Any]


class _Numbers(dict[str, Any]):
    """Options of `group` as numbers where they are tensors, as they are when they are asked for."""

    def __init__(self, group: Options) -> None:
        super().__init__(group)
        self._group = group

    def __getitem__(self, name: str) -> Any:
        return _plain(self._group[name])

    def get(self, name: str, default: Any = None) -> Any:
        """The option, or `default` if there is none."""
        return _plain(self._group.get(name, default))


def _plain(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return tuple([_plain(each) for each in value])
    if not isinstance(value, Tensor):
        return value
    # Not a part of a call that is recorded: a replay asks for it anew.
    before, recording.current = recording.current, None
    try:
        return value.item()
    finally:
        recording.current = before


def numbers_of(group: Options) -> Options:
    """The options of a group, tensors among them as the numbers that they are when asked for."""
    kinds = [*group.values(), *group.get("betas", ())]
    return _Numbers(group) if any(isinstance(each, Tensor) for each in kinds) else group


def option(group: Options, name: str, place: int | None = None) -> Live:
    """The option of that name, or one number of it, as it is at each launch."""
    if place is None:
        return Live(lambda: group[name])
    return Live(lambda: group[name][place])


def options_of(scope: Mapping[str, Any]) -> dict[str, Any]:
    """The options among the parameters of a constructor, of which `scope` are the locals; those of
    `HINTS`, which are given by position here, are none."""
    check_hints(type(scope["self"]).__name__, scope)
    others = ("self", "params", "__class__", *HINTS)
    return {name: value for name, value in scope.items() if name not in others}


def split_names(
    optimizer: str, params: list[Any], groups: list[dict[str, Any]]
) -> tuple[dict[str, Any], list[Any]]:
    """({"param_names": ...}, tensors) of pairs of both; ({}, params) of tensors alone.

    Raises ValueError where some have names and others, of these or of `groups`, have none.
    """
    pairs = [isinstance(param, tuple) for param in params]
    has_names = any(pairs)
    if has_names and not all(pairs):
        raise ValueError(f"{optimizer}: some parameters have names; name all of them, or none")
    if groups and has_names != ("param_names" in groups[0]):
        raise ValueError(f"{optimizer}: parameters of some groups have names; name all, or none")
    if not has_names:
        return {}, params
    return {"param_names": [name for name, _ in params]}, [param for _, param in params]


def check_numbers(optimizer: str, group: Options, *names: str) -> None:
    """Raise DTypeError for an option that is no number."""
    for name in names:
        number(optimizer, name, group[name])


def check_pair(optimizer: str, name: str, pair: Any) -> tuple[Any, Any]:
    """`pair`, the option of that name. Raises DTypeError unless it is two numbers."""
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise DTypeError(f"{optimizer}: {name} is {pair!r}; give two numbers, such as (0.9, 0.999)")
    for place, each in enumerate(pair):
        number(optimizer, f"{name}[{place}]", each)
    return pair[0], pair[1]


def check_betas(optimizer: str, betas: Any) -> None:
    """Raise DTypeError unless `betas` are two numbers, ValueError for one outside [0, 1)."""
    for place, beta in enumerate(check_pair(optimizer, "betas", betas)):
        if not 0 <= beta < 1:
            raise ValueError(f"{optimizer}: betas[{place}] is {beta}; it must be in [0, 1)")


def check_options(optimizer: str, group: Options, not_negative: tuple[str, ...]) -> None:
    """Raise DTypeError for an option that is no number, ValueError for a negative one of those
    named; the same for betas, where there are some."""
    check_numbers(optimizer, group, *not_negative)
    for name in not_negative:
        if not group[name] >= 0:
            raise ValueError(f"{optimizer}: {name} is {group[name]}; it must not be negative")
    if "betas" in group and not_negative:
        check_betas(optimizer, group["betas"])


def takes_numbers(constructor: F) -> F:
    """Decorator: what the constructor of a schedule is given for a parameter that is annotated as a
    number, a list of numbers or None beside one, is that, or DTypeError is raised."""
    parameters = Parameters(constructor)
    kinds = {
        name: kind
        for name, kind in parameters.annotations.items()
        if set(re.findall(r"\w+", kind)) <= {"int", "float", "list", "None"} and name != "return"
    }

    @wraps(constructor)
    def checked(self: Any, *args: Any, **kwargs: Any) -> None:
        given = {**dict(zip(parameters.by_position[1:], args, strict=False)), **kwargs}
        for name in kinds.keys() & given.keys():
            value, kind = given[name], kinds[name]
            if value is None and "None" in kind:
                continue
            several = "list" in kind and isinstance(value, (list, tuple))
            for each in value if several else [value]:
                number(type(self).__name__, name, each)
        constructor(self, *args, **kwargs)

    return checked  # type: ignore[return-value]
