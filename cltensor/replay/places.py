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
from itertools import islice
from operator import is_, itemgetter
from types import (
    BuiltinMethodType,
    CodeType,
    FunctionType,
    MappingProxyType,
    MethodType,
    MethodWrapperType,
    ModuleType,
)
from typing import Any, NamedTuple

import numpy as np

from cltensor.core.changes import GuardedByName
from cltensor.lazy.values import Value
from cltensor.runtime.callers import top_of
from cltensor.runtime.device import Device
from cltensor.runtime.memory import Buffer

_PLAIN = (int, float, complex, str, bytes, bool)
#: At most compared before a replay: entries of a list or dict, bytes of an array, places.
_LONGEST, _LARGEST, _MOST = 4096, 1 << 18, 4096
#: What reading a place raises where an entry, what was in a cell, or an attribute is gone.
MISSING = (KeyError, ValueError, AttributeError)
#: What is not looked into.
LEAVES = (*_PLAIN, type(None), Value, Buffer, Device, CodeType)
_SERIES = (list, set, deque)
#: Parts of the library whose objects hold what users do not set, but for switches.
_MACHINERY = {"autograd", "core", "lazy", "ops", "optim", "replay", "runtime"}
_SWITCHES = {"autograd.anomaly", "autograd.saved", "core.mode"}
#: Functions that reach what no code names.
UNSEEN = {"eval", "exec"}


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

    def look_at_first(self) -> None:
        """If it is a list or dict that only got further entries, look at those before them alone
        from now on."""
        if type(self.owner) in (list, dict):
            count = len(self.found) if type(self.owner) is list else len(self.found) // 2
            read = partial(_first, self.owner, count)
            if are_same(read(), self.found):
                self.read = read

    def _now(self) -> Sequence[Any]:
        try:
            return self.read()
        except MISSING:
            return ()


def _first(owner: Any, count: int) -> Sequence[Any]:
    """The first entries of a list, or of a dict as `entries` has them."""
    if type(owner) is list:
        return owner[:count]
    return (*islice(owner, count), *islice(owner.values(), count))


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
    if isinstance(value, type):
        held: Callable[[], list[Any]] = partial(list, vars(value).values())
        return [] if is_library(value.__module__, top) else [Place(value, held)]
    if is_ours(kind) and hasattr(value, "__wrapped__"):  # another jit
        return [Place(vars(value), partial(_public, vars(value)))]
    if is_guarded_elsewhere(kind) or isinstance(value, MethodType):
        return []
    read = _content(value)
    found = [] if read is None else [Place(value, read)]
    own = getattr(value, "__dict__", None)
    if isinstance(own, dict) and not hasattr(kind, "guarded_members"):
        found.append(Place(own, partial(_kind_and_entries, _held(value), own)))
    slots = [n for k in kind.__mro__ for n in _slots(k) if hasattr(value, n)]
    if slots and (is_ours(kind) or not is_library(kind.__module__, top)):
        found.append(Place(value, lambda: [getattr(value, n) for n in slots]))
    return found


def _held(value: Any) -> Callable[[], Any]:
    """What gives `value`, without keeping it where that can be."""
    try:
        return weakref.ref(value)
    except TypeError:
        return lambda: value


def _kind_and_entries(held: Callable[[], Any], own: dict[str, Any]) -> Sequence[Any]:
    """The class of an object, which may be exchanged, and its attributes."""
    return (type(held()), *own, *own.values())


def _slots(kind: type) -> Iterator[str]:
    """The names of a class's slots, those that begin with two underscores as Python stores them."""
    names = vars(kind).get("__slots__", ())
    for name in (names,) if isinstance(names, str) else names:
        hidden = name.startswith("__") and not name.endswith("__")
        yield f"_{kind.__name__.lstrip('_')}{name}" if hidden else name


def _content(value: Any) -> Callable[[], Sequence[Any]] | None:
    """What reads what a container holds; None for what is none, or cannot come to hold others."""
    if isinstance(value, _SERIES):
        return partial(tuple, value)
    if isinstance(value, (dict, MappingProxyType)):
        return partial(entries, value)
    if isinstance(value, partial):
        return partial(entries, value.keywords)
    if isinstance(value, weakref.ref):
        return lambda: (id(value()),)  # which holds nothing
    if isinstance(value, ContextVar):
        return lambda: (value.get(None),)
    if isinstance(value, np.ndarray) and value.dtype.hasobject:
        return lambda: tuple(value.flat)
    if isinstance(value, np.ndarray):
        return lambda: (value.tobytes(),)
    if isinstance(value, (io.BytesIO, io.StringIO)):
        return lambda: (value.tell(), value.getvalue())
    if _bytes(value, memoryview) is not None:
        return lambda: (_bytes(value, bytes),)
    return None


def _public(own: dict[str, Any]) -> list[Any]:
    """The attributes that somebody gave a jitted function: their names and values."""
    return [x for name, value in own.items() if name[0] != "_" for x in (name, value)]


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
        return () if is_library(value.__module__, top) else (*value.__bases__, kind)
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
    if vars(function):  # else `written` sees the first that comes
        found.append(Place(function, partial(entries, vars(function))))
    names = names_in(function.__code__).names
    unset = [name for name in names if name not in main and not hasattr(builtins, name)]
    if unset:  # as long as nobody, perhaps the function, gives it a value
        found.append(Place(None, lambda: [name in main for name in unset]))
    return found + of_space(main, names)


def of_space(space: dict[str, Any], names: Iterable[str]) -> list[Place]:
    """What those of `names` that are in a namespace stand for."""
    used = [name for name in names if name in space]
    return [Place(space.values(), partial(itemgetter(*used, used[0]), space))] if used else []


def of_module(module: ModuleType, attributes: Iterable[str], top: str) -> list[Place]:
    """What those of `attributes` that `module` has stand for; of Python's own modules, those that
    hold others, as `os.environ` does; of libraries nothing."""
    space, name = vars(module), str(module.__name__)
    if not is_library(name, top):
        return of_space(space, attributes)
    if top_of(name) not in sys.stdlib_module_names:
        return []
    return of_space(space, [n for n in attributes if _is_data(space.get(n))])


def _is_data(value: Any) -> bool:
    """Whether an attribute of a module of Python's is something that may come to hold others, as
    `os.environ` is."""
    return not (callable(value) or isinstance(value, (*LEAVES, ModuleType)))


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


def entries(owner: Mapping[Any, Any]) -> Sequence[Any]:
    """The keys of a dict, and the values."""
    return *owner, *owner.values()


def _is_filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:
        return False


def is_ours(kind: type) -> bool:
    """Whether objects of that class are the library's, and no modules."""
    return top_of(kind.__module__) == "cltensor" and not hasattr(kind, "guarded_members")


def is_guarded_elsewhere(kind: type) -> bool:
    """Whether objects of that class are the library's, and what they hold is not compared: nobody
    sets it, guards know it otherwise, or it counts how often something was done."""
    if not is_ours(kind):
        return False
    area = kind.__module__.removeprefix("cltensor.")
    return issubclass(kind, GuardedByName) or (top_of(area) in _MACHINERY and area not in _SWITCHES)


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


class Names(NamedTuple):
    """What code names: globals; attributes, and texts that may be names of some; modules that it
    imports, with how many packages up from its own they are looked for."""

    names: list[str]
    attributes: list[str]
    imports: list[tuple[str, int]]


@lru_cache(4096)
def names_in(code: CodeType) -> Names:
    """What `code` and the functions inside it name."""
    names, texts, imports = set(), set(), set()
    attributes = set(code.co_names)
    before: list[Any] = [None, None]
    for i in dis.get_instructions(code):
        if i.opname in ("LOAD_GLOBAL", "LOAD_NAME", "STORE_GLOBAL"):
            names.add(i.argval)
        elif i.opname == "IMPORT_NAME":  # behind its level and what is taken from it
            level = before[0] if isinstance(before[0], int) else 0
            imports.add((i.argval, level))
        before = [before[1], i.argval]
    for constant in code.co_consts:
        members = constant if isinstance(constant, tuple) else (constant,)
        texts |= {c for c in members if isinstance(c, str) and c.isidentifier()}
        if isinstance(constant, CodeType):
            inner = names_in(constant)
            names |= set(inner.names)
            attributes |= set(inner.attributes)
            imports |= set(inner.imports)
    if "globals" in names:
        names |= texts
    return Names(sorted(names), sorted(attributes | texts), sorted(imports))


def imported(function: FunctionType) -> Iterator[ModuleType]:
    """The modules that the code of `function` imports itself, as far as they are there."""
    package = function.__globals__.get("__package__") or ""
    for name, level in names_in(function.__code__).imports:
        whole = name
        if level:
            base = package.rsplit(".", level - 1)[0] if level > 1 else package
            whole = f"{base}.{name}" if name else base
        parts_of = whole.split(".")
        for end in range(1, len(parts_of) + 1):
            module = sys.modules.get(".".join(parts_of[:end]))
            if module is not None:
                yield module


@cache
def is_library(module: Any, top: str) -> bool:
    """Whether a module, by name, is somebody else's than the author's of the function."""
    name = top_of(module)
    if name == "cltensor" or name in sys.stdlib_module_names:
        return name != "__main__"
    file = getattr(sys.modules.get(name), "__file__", None) or ""
    return name != top and "-packages" in file
