"""What a recorded function depends on besides its arguments, as far as Python shows it.

From the function we go where its code can go: into its closure, defaults and object, the globals
and module attributes that it names, the functions that it may call, and what plain objects, lists,
dicts and classes among them hold. Each of those places must hold the same objects when the call is
replayed. Modules count their own changes.
"""

from __future__ import annotations

import gc
import os
import weakref
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from operator import is_
from types import FunctionType, ModuleType
from typing import Any

from cltensor.autograd.graph import Node
from cltensor.core.changes import Changes, GuardedByName
from cltensor.core.tensor import Tensor
from cltensor.lazy.values import Value
from cltensor.replay.chance import chance, chances
from cltensor.replay.places import (
    LEAVES,
    MISSING,
    UNSEEN,
    Place,
    entries,
    excess,
    given,
    imported,
    is_library,
    is_ours,
    names_in,
    of_module,
    of_space,
    parts,
    places,
    same,
)
from cltensor.runtime.callers import top_of
from cltensor.runtime.memory import Buffer

#: Objects that `_within` looks at before it gives up.
_FAR = 200_000


class Surroundings:
    """What the function depends on, as it is now; `holds` says whether it still is.

    excess: what of it is too much to look at before every call; "" if nothing is.
    """

    def __init__(self, function: Callable[..., Any], objects: list[Any]) -> None:
        self._roots = [function, *objects]
        self._top = top_of(_globals(function))
        self._seen: dict[int, Any] = {}
        self._places: list[Place] = []
        #: Options of optimizers, which replays ask for anew: the call itself must not set them.
        self._options: list[Place] = []
        self._attributes: set[str] = set()  # that the function's code names
        #: Modules of Python and what is guarded by name, with the names that were looked at.
        self._named: dict[int, tuple[Any, set[str]]] = {}
        self._guarded: dict[int, tuple[weakref.ref[Any], Any]] = {}
        self._count = -1
        #: Each with whether it had no attributes.
        self._functions: list[tuple[FunctionType, bool]] = []
        #: Tensors, each with the number of attributes that it was given.
        self._marked: list[tuple[Tensor, int]] = []
        #: Generators of random numbers that are not the library's, as they are before the call.
        self._chances = [(read, read()) for read in chances()]
        self.excess = ""
        #: The tensors that the call used.
        self.watched = Watched()
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
        for place in self._places:
            if not place.holds():
                place.look_at_first()
        if self._attributes & _READERS:
            self._places += self._options
        unchanged = all(p.holds() for p in (*self._places, *self._options))
        unchanged &= all(read() == found for read, found in self._chances)
        unchanged &= not any(bare and vars(f) for f, bare in self._functions)
        unchanged &= all(len(vars(t)) - ("_grad" in vars(t)) == n for t, n in self._marked)
        return unchanged and self._modules_hold()

    def close(self) -> None:
        """Keep what `holds` needs."""
        self._reads = [(place.read, place.found) for place in self._places]
        #: How functions are written (a reload writes others there), and whether they are to have no
        #: attributes.
        self._written = [
            (f, f.__code__, f.__defaults__, f.__kwdefaults__, bare) for f, bare in self._functions
        ]
        self._seen, self._places, self._options = {}, [], []
        self._chances, self._marked = [], []

    def holds(self) -> bool:
        """Whether everything is as it was."""
        try:
            for read, found in self._reads:
                now = read()  # and `are_same`, written out: this is part of every replay
                if len(now) != len(found) or not (
                    all(map(is_, now, found)) or all(map(same, now, found))
                ):
                    return False
        except MISSING:
            return False
        for f, code, defaults, keywords, bare in self._written:
            if f.__code__ is not code or f.__defaults__ is not defaults:
                return False
            if f.__kwdefaults__ is not keywords or (bare and f.__dict__):
                return False
        count = Changes.count
        if self._count != count:
            if not (self._modules_hold() and self.watched.hooks_hold()):
                return False
            self._count = count
        return self.watched.hold()

    def _modules_hold(self) -> bool:
        for ref, state in self._guarded.values():
            member = ref()
            if member is None or member.guarded_state() != state:
                return False
        return True

    def _walk(self, roots: Sequence[Any]) -> None:
        pending = list(roots)
        while pending and not self.excess:
            while pending and not self.excess:
                pending += self._look(pending.pop())
            # Which attributes matter there is known when all code is.
            for found in self._of_named():
                self._places.append(found)
                pending += found.found

    def _of_named(self) -> list[Place]:
        """What the code names of that in `_named`, and was not looked at yet."""
        found = []
        for value, known in self._named.values():
            fresh = sorted(self._attributes - known)
            known.update(fresh)
            if isinstance(value, ModuleType):
                found += of_module(value, fresh, self._top)
            else:
                found += of_space(vars(value), fresh)
        return found

    def _look(self, value: Any) -> list[Any]:
        """Guard one object; returns those that it leads to."""
        if id(value) in self._seen or isinstance(value, LEAVES):
            return []
        self._seen[id(value)] = value
        if isinstance(value, ModuleType):
            self._named[id(value)] = value, set()
            return [os.environ] if value is os and "getenv" in self._attributes else []
        if isinstance(value, Tensor):
            marks = Place(None, partial(given, vars(value)))
            self._marked.append((value, len(marks.found) // 2))
            if marks.found:
                self._places.append(marks)
            return list(marks.found)
        if isinstance(value, GuardedByName) and is_ours(type(value)):
            self._named[id(value)] = value, set()
        leads: list[Any] = []
        if hasattr(type(value), "guarded_members"):
            self._guarded[id(value)] = weakref.ref(value), value.guarded_state()
            leads += value.guarded_members()
        elif isinstance(value, FunctionType):
            leads += self._of_function(value)
        elif (state := chance(value)) is not None:
            self._chances.append((state, state()))
        self._options += [Place(o, partial(entries, o)) for o in _options(value)]
        self.excess = self.excess or excess(value, len(self._places))
        if self.excess:
            return []
        found = places(value, self._top)
        self._places += found
        leads += [v for place in found for v in place.found]
        leads += parts(value, self._top)
        return leads

    def _of_function(self, function: FunctionType) -> list[Any]:
        """Note what the code of a function names; returns the modules that it imports."""
        named = names_in(function.__code__)
        self._attributes.update(named.attributes)
        if is_library(str(function.__globals__.get("__name__", "")), self._top):
            return []
        self._functions.append((function, not vars(function)))
        if UNSEEN.intersection(named.names):
            self.excess = "names that are made while it runs (by eval or exec)"
        return [*imported(function)]


class Watched:
    """Tensors from outside that a call used, with what a replay relies on."""

    def __init__(self) -> None:
        self._kept: list[tuple[weakref.ref[Tensor], Value, Node | None, Buffer, Any]] = []
        #: The hooks of leaves, if they have any.
        self._hooks: list[tuple[Node, list[Any] | None]] = []

    def add(self, t: Tensor) -> None:
        """Watch a tensor that has elements."""
        node, buffer = t._node, t._value.buffer
        assert buffer is not None
        self._kept.append((weakref.ref(t), t._value, node, buffer, buffer.cl))
        if node is not None:
            self._hooks.append((node, [*node.hooks] if node.hooks else None))

    def tensors(self) -> list[Tensor]:
        """Those that are still there."""
        return [t for ref, *_ in self._kept if (t := ref()) is not None]

    def is_over(self) -> bool:
        """Whether one is gone."""
        return len(self.tensors()) < len(self._kept)

    def hold(self) -> bool:
        """Whether all are there, and show and belong to what they did."""
        for ref, value, node, buffer, handle in self._kept:
            t = ref()
            if t is None or t._value is not value or t._node is not node or buffer.cl is not handle:
                return False
        return True

    def hooks_hold(self) -> bool:
        """Whether their leaves have the same hooks, whose comings and goings `Changes` counts."""
        return all((leaf.hooks or None) == hooks for leaf, hooks in self._hooks)


def _options(value: Any) -> list[dict[str, Any]]:
    """The options of an optimizer, or of a schedule."""
    if not is_ours(type(value)):
        return []
    if hasattr(value, "last_epoch"):
        return [vars(value), *_options(value.optimizer)]
    groups = getattr(value, "param_groups", None)
    return groups if isinstance(groups, list) else []


#: Attributes by which a function reads options itself.
_READERS = {"param_groups", "get_last_lr", "last_epoch"}


def _globals(function: Any) -> str:
    """The name of the module in which `function`, or the class of a callable object, is written."""
    function = getattr(function, "__func__", function)
    return str(getattr(function, "__module__", None) or type(function).__module__)


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
        if is_ours(type(value)) and hasattr(value, "__wrapped__"):
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
_AROUND = (*LEAVES, type, FunctionType, ModuleType, weakref.ref)
