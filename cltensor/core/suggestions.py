"""What is said of a name that is not there: the way out, or the nearest names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any

from cltensor.core.paths import way


class NoAttribute(AttributeError):
    """An attribute that is not there. The nearest names are looked for when the error is shown:
    most who ask for an attribute in vain (``hasattr``) never do."""

    def __init__(self, owner: str, name: str, names: Callable[[], Iterable[str]]) -> None:
        # Without the object, to which Python 3.12 would add a hint of its own.
        super().__init__(f"{owner} has no attribute {name!r}", name=name)
        self._owner, self._names = owner, names

    def __str__(self) -> str:
        module = self._owner.removeprefix("module ").removesuffix(" object").strip("'")
        module = "Tensor" if module == "a tensor" else module
        if out := way(f"{module}.{self.name}"):
            return f"{self.args[0]}: {out}"
        from difflib import get_close_matches  # takes as long to import as a tenth of cltensor

        names = [n for n in self._names() if not n.startswith("_")]
        near = get_close_matches(str(self.name), names, n=3, cutoff=0.6)
        hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
        return f"{self.args[0]}{hint}"

    def __reduce__(self) -> Any:
        return AttributeError, (str(self),)


#: Tracebacks call it by the name that everybody knows.
NoAttribute.__module__, NoAttribute.__qualname__ = "builtins", "AttributeError"
NoAttribute.__name__ = "AttributeError"


def no_attribute(
    owner: str, name: str, names: Iterable[str] | Callable[[], Iterable[str]]
) -> AttributeError:
    """The error for an attribute that `owner` has not, and the nearest of `names`."""
    return NoAttribute(owner, name, names if callable(names) else lambda: names)


def missing(
    instance: object, owner: str, name: str, names: Iterable[str] | Callable[[], Iterable[str]]
) -> Any:
    """What a ``__getattr__`` does at last: raise that `instance` has no such attribute, or, where
    its class has it, the AttributeError that came up inside of it, which Python drops."""
    if any(name in vars(each) for each in type(instance).__mro__):
        return object.__getattribute__(instance, name)
    raise no_attribute(owner, name, names)


def suggest(*modules: ModuleType, later: Sequence[str] | Mapping[str, str] = ()) -> None:
    """Have modules answer for a name that they lack with the nearest that they have, and list in
    dir() what is public. later: submodules that are imported when they are first asked for, or
    names with the modules that have them."""
    for module in modules:
        own = vars(module)
        own["__getattr__"] = _answer(module, later)
        if "__all__" in own:
            own["__dir__"] = lambda names=own["__all__"]: [*names]


def _answer(module: ModuleType, later: Sequence[str] | Mapping[str, str]) -> Callable[[str], Any]:
    def answer(name: str) -> Any:
        if name in later:
            if isinstance(later, Mapping):
                found = import_module(f"cltensor.{later[name]}")
                return found if found.__name__.endswith(f".{name}") else getattr(found, name)
            return import_module(f"{module.__name__}.{name}")
        names = vars(module).get("__all__") or list(vars(module))
        raise no_attribute(f"module '{module.__name__}'", name, names)

    return answer
