"""What a recorded function depends on besides its arguments, as far as Python shows it.

From the function we go where its code can go: into its closure, defaults and object, the globals
and module attributes that it names, the functions that it may call, and what plain objects, lists,
dicts and classes among them hold. Each of those places must hold the same objects when the call is
replayed. Modules count their own changes.
"""

from __future__ import annotations

import dis
import gc
import sys
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import cache, lru_cache, partial
from operator import is_, itemgetter
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from cltensor.core.changes import Changes
from cltensor.core.tensor import Tensor
from cltensor.lazy.values import Value
from cltensor.runtime.device import Device
from cltensor.runtime.memory import Buffer

_PLAIN = (int, float, complex, str, bytes, bool)
#: At most compared before a replay: entries of a list or dict, bytes of an array, places.
_LONGEST, _LARGEST, _MOST = 4096, 1 << 18, 4096
#: Objects that `_within` looks at before it gives up.
_FAR = 200_000


_MISSING = (KeyError, ValueError, AttributeError)  # an entry, what was in a cell, an attribute


class _Place:
    """Something that holds objects, like a dict or the cells of a function: `read` gives those."""

    __slots__ = ("found", "owner", "read")

    def __init__(self, owner: Any, read: Callable[[], Sequence[Any]]) -> None:
        self.owner = owner
        self.read = read
        self.found = read()

    def holds(self) -> bool:
        """Whether the same objects are there, or numbers and texts that are equal."""
        now, found = self._now(), self.found
        if len(now) != len(found):
            return False
        return all(map(is_, now, found)) or all(map(_same, now, found))

    def has_grown(self) -> bool:
        """Whether it is a list or dict that only got further entries."""
        now, found = self._now(), self.found
        if type(self.owner) is list:
            return len(now) > len(found) and all(map(_same, now, found))
        if type(self.owner) is dict and len(now) > len(found):
            size, half = len(found) // 2, len(now) // 2
            return all(map(_same, (*now[:size], *now[half : half + size]), found))
        return False

    def _now(self) -> Sequence[Any]:
        try:
            return self.read()
        except _MISSING:
            return ()


class Surroundings:
    """What the function depends on, as it is now; `holds` says whether it still is.

    excess: what of it is too much to look at before every call; "" if nothing is.
    """

    def __init__(self, function: Callable[..., Any], objects: list[Any]) -> None:
        self._roots = [function, *objects]
        self._top = _top(_globals(function))
        self._seen: dict[int, Any] = {}
        self._places: list[_Place] = []
        #: Options of optimizers, which replays ask for anew: the call itself must not set them.
        self._options: list[_Place] = []
        self._attributes: set[str] = set()  # that the function's code names
        self._guarded: dict[int, tuple[weakref.ref[Any], Any]] = {}
        self._count = -1
        self.excess = ""
        self._walk(self._roots)

    def note(self, value: Any) -> None:
        """Add `value`, which the call uses, if it is guarded, and those below it."""
        if id(value) not in self._seen and hasattr(type(value), "guarded_members"):
            self._walk([value])

    def knows(self, value: Any) -> bool:
        """Whether `value` was there before the call."""
        return id(value) in self._seen

    def tensors(self) -> dict[int, Tensor]:
        """All tensors that the function may reach by itself, by id; none if there is an excess."""
        found = None if self.excess else _within(self._seen.values())
        if found is None:
            self.excess = self.excess or f"more than {_FAR:,} objects"
            return {}
        for t in found.values():
            node = t._node
            if node is not None and node.hooks:
                self._walk(node.hooks)
        return found

    def is_unchanged(self) -> bool:
        """Whether the call left everything as it was, but for lists and dicts that it appended to:
        a replay would not do what it did."""
        self._places = [p for p in self._places if p.holds() or not p.has_grown()]
        if self._attributes & _READERS:
            self._places += self._options
        unchanged = all(p.holds() for p in (*self._places, *self._options))
        return unchanged and self._modules_hold()

    def close(self) -> None:
        """Keep what `holds` needs."""
        self._reads = [(place.read, place.found) for place in self._places]
        self._seen, self._places, self._options = {}, [], []

    def holds(self) -> bool:
        """Whether everything is as it was."""
        try:
            for read, found in self._reads:
                now = read()
                if len(now) != len(found) or not (
                    all(map(is_, now, found)) or all(map(_same, now, found))
                ):
                    return False
        except _MISSING:
            return False
        count = Changes.count
        if self._count != count:
            if not self._modules_hold():
                return False
            self._count = count
        return True

    def _modules_hold(self) -> bool:
        for ref, state in self._guarded.values():
            member = ref()
            if member is None or member.guarded_state() != state:
                return False
        return True

    def _walk(self, roots: Sequence[Any]) -> None:
        pending = list(roots)
        while pending and not self.excess:
            value = pending.pop()
            if isinstance(value, Tensor):
                self._seen[id(value)] = value
            if id(value) in self._seen or isinstance(value, _LEAVES):
                continue
            self._seen[id(value)] = value
            if hasattr(type(value), "guarded_members"):
                self._guarded[id(value)] = weakref.ref(value), value.guarded_state()
                pending += value.guarded_members()
            elif isinstance(value, FunctionType):
                self._attributes.update(_names(value.__code__)[1])
            self._options += [_Place(o, partial(_entries, o)) for o in _options(value)]
            self.excess = _excess(value, len(self._places))
            if self.excess:
                return
            found = _places(value, self._top)
            self._places += found
            pending += [v for place in found for v in place.found]
            pending += _parts(value, self._top)


_LEAVES = (*_PLAIN, type(None), Tensor, Value, Buffer, Device, CodeType, ModuleType, weakref.ref)
_SERIES = (list, set, deque)


def _excess(value: Any, places: int) -> str:
    """What is too much to be compared before every call: `value`, or the places found before it."""
    if isinstance(value, np.ndarray) and value.nbytes > _LARGEST:
        return f"an array of {value.nbytes:,} bytes"
    if isinstance(value, (*_SERIES, dict)) and len(value) > _LONGEST:
        return f"a {type(value).__name__} of {len(value):,} entries"
    return f"more than {_MOST:,} objects and lists that may change" if places > _MOST else ""


def _places(value: Any, top: str) -> list[_Place]:
    """The places of `value` that may come to hold something else. `top` is the name of the package
    that the function is of."""
    kind = type(value)
    if isinstance(value, FunctionType):
        return _of_function(value, top)
    if isinstance(value, _SERIES):
        return [_Place(value, partial(tuple, value))]
    if isinstance(value, dict):
        return [_Place(value, partial(_entries, value))]
    if isinstance(value, np.ndarray):
        return [_Place(value, lambda: (value.tobytes(),))]
    if isinstance(value, type):
        held: Callable[[], list[Any]] = partial(list, vars(value).values())
        return [] if _is_library(value.__module__, top) else [_Place(value, held)]
    if _is_ours(kind) or isinstance(value, (MethodType, partial, tuple)):
        return []
    found = []
    own = getattr(value, "__dict__", None)
    if isinstance(own, dict) and not hasattr(kind, "guarded_members"):
        found.append(_Place(own, partial(_entries, own)))
    slots = [n for k in kind.__mro__ for n in vars(k).get("__slots__", ()) if hasattr(value, n)]
    if slots and not _is_library(kind.__module__, top):
        found.append(_Place(value, lambda: [getattr(value, n) for n in slots]))
    return found


def _parts(value: Any, top: str) -> Iterable[Any]:
    """What belongs to `value` for good, or counts its changes by itself."""
    kind = type(value)
    if isinstance(value, FunctionType):
        return (*(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values())
    if isinstance(value, MethodType):
        return value.__func__, value.__self__
    if isinstance(value, partial):
        return value.func, *value.args, *value.keywords.values()
    if isinstance(value, (tuple, frozenset)):
        return value
    if isinstance(value, (staticmethod, classmethod)):
        return (value.__func__,)
    if isinstance(value, property):
        return (value.fget,)
    if isinstance(value, type):
        return () if _is_library(value.__module__, top) else value.__bases__
    if hasattr(kind, "guarded_members"):
        own = vars(value)
        members = [v for k, v in own.items() if not k.startswith("_")]
        hooks = [*own["_forward_hooks"], *own["_forward_pre_hooks"]]
        return kind, *members, *hooks
    if _is_ours(kind):
        return (value.__wrapped__,) if hasattr(value, "__wrapped__") else ()  # another jit
    return (kind,)


def _of_function(function: FunctionType, top: str) -> list[_Place]:
    found = []
    cells = function.__closure__
    if cells:
        filled = [cell for cell in cells if _is_filled(cell)]
        found.append(_Place(cells, lambda: [cell.cell_contents for cell in filled]))
    main = function.__globals__
    if _is_library(str(main.get("__name__", "")), top):
        return found
    names, attributes = _names(function.__code__)
    spaces = [(main, names)]
    for name in names:
        module = main.get(name)
        if isinstance(module, ModuleType) and not _is_library(module.__name__, top):
            spaces.append((vars(module), attributes))
    for space, wanted in spaces:
        used = [name for name in wanted if name in space]
        if used:
            found.append(_Place(space.values(), partial(itemgetter(*used, used[0]), space)))
    return found


def _entries(owner: dict[Any, Any]) -> Sequence[Any]:
    return *owner, *owner.values()


def _is_filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:
        return False


def _is_ours(kind: type) -> bool:
    """Whether objects of that class are the library's, which do not change by attributes."""
    return kind.__module__.partition(".")[0] == "cltensor" and not hasattr(kind, "guarded_members")


def _options(value: Any) -> list[dict[str, Any]]:
    """The options of an optimizer, or of a schedule."""
    if not _is_ours(type(value)):
        return []
    if hasattr(value, "last_epoch"):
        return [vars(value), *_options(value.optimizer)]
    groups = getattr(value, "param_groups", None)
    return groups if isinstance(groups, list) else []


#: Attributes by which a function reads options itself.
_READERS = {"param_groups", "get_last_lr", "last_epoch"}


def _same(now: Any, found: Any) -> bool:
    if now is found:
        return True
    return type(now) is type(found) and type(now) in _PLAIN and repr(now) == repr(found)


@lru_cache(4096)
def _names(code: CodeType) -> tuple[list[str], list[str]]:
    """The names of globals, and of attributes, in `code` and the functions inside it."""
    names = {
        i.argval for i in dis.get_instructions(code) if i.opname in ("LOAD_GLOBAL", "LOAD_NAME")
    }
    attributes = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            inner, further = _names(constant)
            names |= set(inner)
            attributes |= set(further)
    return sorted(names), sorted(attributes)


def _globals(function: Any) -> str:
    """The name of the module in which `function`, or the class of a callable object, is written."""
    function = getattr(function, "__func__", function)
    return str(getattr(function, "__module__", None) or type(function).__module__)


def _top(module: str) -> str:
    return module.partition(".")[0]


@cache
def _is_library(module: str, top: str) -> bool:
    """Whether a module, by name, is somebody else's than the author's of the function."""
    name = _top(module)
    if name == "cltensor" or name in sys.stdlib_module_names:
        return name != "__main__"
    file = getattr(sys.modules.get(name), "__file__", None) or ""
    return name != top and "-packages" in file


def _within(roots: Iterable[Any]) -> dict[int, Tensor] | None:
    """The tensors that can be reached from `roots`, by id; None if there is too much to look at."""
    found: dict[int, Tensor] = {}
    seen: dict[int, Any] = {}
    pending = list(roots)
    while pending:
        value = pending.pop()
        if id(value) in seen:
            continue
        seen[id(value)] = value
        if _is_ours(type(value)) and hasattr(value, "__wrapped__"):
            continue  # another jit: what it recorded is not the function's
        if isinstance(value, Tensor):
            found[id(value)] = value
            pending.append(vars(value))
            if value._view is not None:
                pending.append(value._view.base)
        elif not isinstance(value, _AROUND):
            pending += [v for v in gc.get_referents(value) if gc.is_tracked(v)]
        if len(seen) > _FAR:
            return None
    return found


#: What leads everywhere, or to what other recordings keep.
_AROUND = (*_LEAVES, type, FunctionType)
