"""Where objects hold others: what a recorded function can reach, as far as Python shows it."""

from __future__ import annotations

import builtins
import dis
import io
import sys
import weakref
from collections import deque
from collections.abc import (
    Callable,
    ItemsView,
    Iterable,
    Iterator,
    KeysView,
    Mapping,
    Sequence,
    ValuesView,
)
from contextvars import ContextVar
from functools import cache, lru_cache, partial
from operator import attrgetter, is_, itemgetter
from types import (
    BuiltinMethodType,
    CodeType,
    FunctionType,
    MappingProxyType,
    MethodType,
    MethodWrapperType,
    ModuleType,
)
from typing import Any

import numpy as np

from cltensor.lazy.values import Value
from cltensor.runtime.device import Device
from cltensor.runtime.memory import Buffer

_PLAIN = (int, float, complex, str, bytes, bool)
#: At most compared before a replay: entries of a list or dict, bytes of an array, places.
_LONGEST, _LARGEST, _MOST = 4096, 1 << 18, 4096
#: What reading a place raises where an entry, what was in a cell, or an attribute is gone.
MISSING = (KeyError, ValueError, AttributeError)
#: What is not looked into.
LEAVES = (*_PLAIN, type(None), Value, Buffer, Device, CodeType, ModuleType)
_SERIES = (list, set, deque)


class Place:
    """Something that holds objects, like a dict or the cells of a function: `read` gives those."""

    __slots__ = ("found", "owner", "read")

    def __init__(self, owner: Any, read: Callable[[], Sequence[Any]]) -> None:
        self.owner = owner
        self.read = read
        self.found = read()

    def holds(self) -> bool:
        """Whether the same objects are there, or numbers and texts that are equal."""
        return are_same(self._now(), self.found)

    def has_grown(self) -> bool:
        """Whether it is a list or dict that only got further entries."""
        now, found = self._now(), self.found
        if type(self.owner) is list:
            return len(now) > len(found) and all(map(same, now, found))
        if type(self.owner) is dict and len(now) > len(found):
            size, half = len(found) // 2, len(now) // 2
            return all(map(same, (*now[:size], *now[half : half + size]), found))
        return False

    def _now(self) -> Sequence[Any]:
        try:
            return self.read()
        except MISSING:
            return ()


def excess(value: Any, places: int) -> str:
    """What is too much to be compared before every call: `value`, or the places found before it."""
    if isinstance(value, np.ndarray) and value.nbytes > _LARGEST:
        return f"an array of {value.nbytes:,} bytes"
    large = _bytes(value, memoryview)
    if large is not None and large.nbytes > _LARGEST:
        return f"{large.nbytes:,} bytes of a {type(value).__name__}"
    if isinstance(value, Iterator) and _is_builtin(value) and not isinstance(value, io.IOBase):
        return f"a {type(value).__name__}, which each call may advance,"
    if isinstance(value, (*_SERIES, dict)) and len(value) > _LONGEST:
        return f"a {type(value).__name__} of {len(value):,} entries"
    return f"more than {_MOST:,} objects and lists that may change" if places > _MOST else ""


def places(value: Any, top: str) -> list[Place]:
    """The places of `value` that may come to hold something else. `top` is the name of the package
    that the function is of."""
    kind = type(value)
    if isinstance(value, FunctionType):
        return _of_function(value, top)
    if isinstance(value, _SERIES):
        return [Place(value, partial(tuple, value))]
    if isinstance(value, (dict, MappingProxyType)):
        return [Place(value, partial(entries, value))]
    if isinstance(value, weakref.ref):
        return [Place(value, lambda: (id(value()),))]  # which holds nothing
    if isinstance(value, ContextVar):
        return [Place(value, lambda: (value.get(None),))]
    if isinstance(value, np.ndarray) and value.dtype.hasobject:
        return [Place(value, lambda: tuple(value.flat))]
    if isinstance(value, np.ndarray):
        return [Place(value, lambda: (value.tobytes(),))]
    if _bytes(value, memoryview) is not None:
        return [Place(value, lambda: (_bytes(value, bytes),))]
    if isinstance(value, type):
        held: Callable[[], list[Any]] = partial(list, vars(value).values())
        return [] if is_library(value.__module__, top) else [Place(value, held)]
    if is_ours(kind) or isinstance(value, (MethodType, partial, tuple)):
        return []
    found = []
    own = getattr(value, "__dict__", None)
    if isinstance(own, dict) and not hasattr(kind, "guarded_members"):
        found.append(Place(own, partial(entries, own)))
    slots = [n for k in kind.__mro__ for n in vars(k).get("__slots__", ()) if hasattr(value, n)]
    if slots and not is_library(kind.__module__, top):
        found.append(Place(value, lambda: [getattr(value, n) for n in slots]))
    return found


def parts(value: Any, top: str) -> Iterable[Any]:
    """What belongs to `value` for good, or counts its changes by itself."""
    kind = type(value)
    if isinstance(value, FunctionType):
        return value.__defaults__ or ()
    if isinstance(value, MethodType):
        return value.__func__, value.__self__
    if isinstance(value, partial):
        return value.func, *value.args, *value.keywords.values()
    if isinstance(value, (tuple, frozenset)):
        return value
    if isinstance(value, (BuiltinMethodType, MethodWrapperType)):
        return (value.__self__,)
    if isinstance(value, weakref.ref):
        return (value(),)
    if isinstance(value, (KeysView, ValuesView, ItemsView)) and hasattr(value, "mapping"):
        return (value.mapping,)
    if isinstance(value, (staticmethod, classmethod)):
        return (value.__func__,)
    if isinstance(value, property):
        return (value.fget,)
    if isinstance(value, type):
        return () if is_library(value.__module__, top) else value.__bases__
    if hasattr(kind, "guarded_members"):
        return kind, *value.guarded_attributes()
    if is_ours(kind):
        return (value.__wrapped__,) if hasattr(value, "__wrapped__") else ()  # another jit
    return (kind,)


def _of_function(function: FunctionType, top: str) -> list[Place]:
    found = []
    cells = function.__closure__
    if cells:
        filled = [cell for cell in cells if _is_filled(cell)]
        found.append(Place(cells, lambda: [cell.cell_contents for cell in filled]))
    keywords = function.__kwdefaults__
    if keywords:
        found.append(Place(keywords, partial(entries, keywords)))
    main = function.__globals__
    if is_library(str(main.get("__name__", "")), top):
        return found
    names, attributes = names_in(function.__code__)
    unset = [name for name in names if name not in main and not hasattr(builtins, name)]
    if unset:  # as long as nobody, perhaps the function, gives it a value
        found.append(Place(None, lambda: [name in main for name in unset]))
    spaces = [(main, names)]
    for name in names:
        module = main.get(name)
        if not isinstance(module, ModuleType):
            continue
        if not is_library(module.__name__, top):
            spaces.append((vars(module), attributes))
        elif top_of(module.__name__) in sys.stdlib_module_names:
            spaces.append((vars(module), [n for n in attributes if _is_data(vars(module).get(n))]))
    for space, wanted in spaces:
        used = [name for name in wanted if name in space]
        if used:
            found.append(Place(space.values(), partial(itemgetter(*used, used[0]), space)))
    return found


def _is_data(value: Any) -> bool:
    """Whether an attribute of a module of Python's is something that may come to hold others, as
    `os.environ` is."""
    return not (callable(value) or isinstance(value, LEAVES))


def _bytes(value: Any, read: Callable[[Any], Any]) -> Any:
    """What `read` makes of an object that shows its bytes, like bytearray; None for others."""
    try:
        return read(memoryview(value))
    except (TypeError, ValueError, BufferError):
        return None


def _is_builtin(value: Any) -> bool:
    return top_of(type(value).__module__) in sys.stdlib_module_names - {"__main__"}


def given(own: dict[str, Any]) -> list[Any]:
    """The attributes that somebody gave a tensor: their names and values."""
    return [x for k, v in own.items() if k != "_grad" for x in (k, v)]


_code, _defaults, _keywords = map(attrgetter, ("__code__", "__defaults__", "__kwdefaults__"))


def written(functions: list[FunctionType]) -> list[Any]:
    """What functions are, as they are written; a reload writes others there."""
    return [*map(_code, functions), *map(_defaults, functions), *map(_keywords, functions)]


def entries(owner: Mapping[Any, Any]) -> Sequence[Any]:
    """The keys of a dict, and the values."""
    return *owner, *owner.values()


def _is_filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:
        return False


def is_ours(kind: type) -> bool:
    """Whether objects of that class are the library's, which do not change by attributes."""
    return top_of(kind.__module__) == "cltensor" and not hasattr(kind, "guarded_members")


def are_same(now: Sequence[Any], found: Sequence[Any]) -> bool:
    """Whether the same objects are in both, or numbers and texts that are equal."""
    if len(now) != len(found):
        return False
    return all(map(is_, now, found)) or all(map(same, now, found))


def same(now: Any, found: Any) -> bool:
    """Whether one object is the other, or an equal number or text."""
    if now is found:
        return True
    return type(now) is type(found) and type(now) in _PLAIN and repr(now) == repr(found)


@lru_cache(4096)
def names_in(code: CodeType) -> tuple[list[str], list[str]]:
    """The names of globals, and of attributes, in `code` and the functions inside it."""
    names = {
        i.argval
        for i in dis.get_instructions(code)
        if i.opname in ("LOAD_GLOBAL", "LOAD_NAME", "STORE_GLOBAL")
    }
    attributes = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            inner, further = names_in(constant)
            names |= set(inner)
            attributes |= set(further)
    return sorted(names), sorted(attributes)


def top_of(module: Any) -> str:
    """The name of the package of a module, by name; Cython's classes have something else there."""
    return str(module).partition(".")[0]


@cache
def is_library(module: Any, top: str) -> bool:
    """Whether a module, by name, is somebody else's than the author's of the function."""
    name = top_of(module)
    if name == "cltensor" or name in sys.stdlib_module_names:
        return name != "__main__"
    file = getattr(sys.modules.get(name), "__file__", None) or ""
    return name != top and "-packages" in file
