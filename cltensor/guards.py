"""What a recorded function depends on besides its arguments, as far as Python shows it.

The names that the function uses, in its closure, its module and the functions of that module that
it calls, must stand for the same objects; lists, dicts and attributes of plain objects among them
must hold the same entries; modules must have the same members and flags.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from cltensor.changes import Changes
from cltensor.tensor import Tensor

_PLAIN = (int, float, complex, str, bytes, bool)
_DEPTH = 4
_LONGEST = 64  # entries of a container that are compared


class Surroundings:
    """What the function depends on, as it is now; `holds` says whether it still is."""

    def __init__(self, function: Callable[..., Any], objects: list[Any]) -> None:
        self._function = function
        self._objects = objects
        self._facts = list(_facts(function, objects))
        self._guarded: dict[int, tuple[weakref.ref[Any], Any]] = {}
        self._count = -1
        for _, _, value in self._facts:
            self.note(value)
        for value in objects:
            self.note(value)

    def note(self, value: Any) -> None:
        """Add `value`, if it is guarded, and those below it."""
        members = getattr(type(value), "guarded_members", None)
        if members is not None and id(value) not in self._guarded:
            for member in members(value):
                self._guarded[id(member)] = weakref.ref(member), member.guarded_state()

    def keep_unchanged(self) -> None:
        """Forget what the call itself has changed: replays will not."""
        self._facts = [fact for fact in self._facts if _is(fact)]
        for key, (ref, state) in list(self._guarded.items()):
            member = ref()
            if member is None or member.guarded_state() != state:
                del self._guarded[key]

    def holds(self) -> bool:
        """Whether everything is as it was."""
        for fact in self._facts:
            if not _is(fact):
                return False
        if self._count != Changes.count:
            for ref, state in self._guarded.values():
                member = ref()
                if member is None or member.guarded_state() != state:
                    return False
            self._count = Changes.count
        return True


def _is(fact: tuple[Any, Any, Any]) -> bool:
    place, name, value = fact
    try:
        now = place.cell_contents if name is None else place[name]
    except (KeyError, IndexError, ValueError):  # gone, or an empty cell
        return False
    if now is value:
        return True
    return type(now) is type(value) and type(now) in _PLAIN and repr(now) == repr(value)


def _facts(function: Any, objects: list[Any]) -> Iterator[tuple[Any, Any, Any]]:
    """(where, under which name, what): a cell (name None), or an entry of a dict or list."""
    seen: set[int] = set()
    pending: list[tuple[Any, int]] = [(function, 0), *[(o, 0) for o in objects]]
    while pending:
        value, depth = pending.pop()
        if id(value) in seen or depth > _DEPTH:
            continue
        seen.add(id(value))
        for place, name, found in _entries(value, function):
            yield place, name, found
            pending.append((found, depth + 1))


def _entries(value: Any, root: Any) -> Iterator[tuple[Any, Any, Any]]:
    if isinstance(value, MethodType):
        yield from _entries(value.__func__, root)
        yield from _entries(value.__self__, root)
    elif isinstance(value, FunctionType):
        yield from _of_function(value, root)
    elif isinstance(value, (list, tuple)):
        for i, found in enumerate(value[:_LONGEST]):
            yield value, i, found
    elif isinstance(value, dict):
        for key in list(value)[:_LONGEST]:
            yield value, key, value[key]
    elif _has_attributes(value):
        own = vars(value)
        for key in list(own)[:_LONGEST]:
            yield own, key, own[key]


def _of_function(function: FunctionType, root: Any) -> Iterator[tuple[Any, Any, Any]]:
    for cell in function.__closure__ or ():
        try:
            yield cell, None, cell.cell_contents
        except ValueError:  # not filled yet
            continue
    main = getattr(getattr(root, "__func__", root), "__globals__", None)
    if function.__globals__ is main:  # not into libraries
        for name in sorted(_names(function.__code__)):
            found = main.get(name)
            if found is not None and not isinstance(found, (ModuleType, type)):
                yield main, name, found


def _names(code: CodeType) -> set[str]:
    """The global names in `code` and the functions inside it."""
    found = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            found |= _names(constant)
    return found


def _has_attributes(value: Any) -> bool:
    """Whether `value` is an object of the user's whose attributes the function may read."""
    kind = type(value)
    return (
        hasattr(value, "__dict__")
        and not isinstance(value, (Tensor, ModuleType, type))
        and not hasattr(kind, "guarded_members")
        and kind.__module__.partition(".")[0] != "cltensor"
    )
