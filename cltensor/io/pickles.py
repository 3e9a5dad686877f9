"""A reader of pickles that runs nothing: what they build are plain values, and what they call are
functions of a table that the caller gives.

Python's own reader imports what a file names, calls it with arguments of the file, and sets the
attributes that the file wants. Here a name is looked up in the table or refused, and there is no
other way to a function. Every object is made of bytes of the file, so a small file makes few.
"""

from __future__ import annotations

import struct
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from cltensor.errors import DataError

_SCALARS = (str, bytes, int, float, complex, bool, type(None))
#: More members than any key has; what is hashed again and again must be small.
_LONGEST_KEY = 64
_MARK = object()


class Function:
    """A function that a pickle may call, by the name it has there."""

    def __init__(self, name: str, call: Callable[..., Any]) -> None:
        self.name, self.call = name, call


class Internal:
    """Base class of what stands on the stack only, as arguments of functions."""


def read(
    data: bytes,
    start: int,
    names: Mapping[str, Any],
    persistent: Callable[[Any], Any],
) -> tuple[Any, int]:
    """The value that the pickle at `start` builds, and where the pickle ends.

    Args:    names: what the pickle may name ("collections.OrderedDict"): a Function, or a value;
             persistent: makes a value of the identity of an object that is not in the pickle.
    Raises:  DataError whose text goes on after the name of the file ("is damaged: ...").
    """
    try:
        machine = _Machine(data, start, names, persistent)
        value = machine.run()
        _assert_plain(value)
        return value, machine.at
    except DataError:
        raise
    except (
        ArithmeticError, AttributeError, LookupError, TypeError, ValueError, struct.error,
    ) as error:  # fmt: skip
        raise DataError(f"is damaged: its pickle cannot be followed ({error!r})") from error


def _assert_plain(value: Any) -> None:
    """Refuse a nesting that holds what was only to be an argument."""
    seen, rest = set(), [value]
    while rest:
        each = rest.pop()
        if isinstance(each, (Function, Internal)):
            shown = each.name if isinstance(each, Function) else type(each).__name__
            raise DataError(f"holds {shown!r} as a value, which is not read")
        if isinstance(each, (list, tuple, dict, set)) and id(each) not in seen:
            seen.add(id(each))
            rest += each
            if isinstance(each, dict):
                rest += each.values()


def hashable(key: Any) -> Any:
    """`key`, if it is a plain value or a short tuple of such; deeper ones can exhaust the stack."""
    flat = type(key) is tuple and len(key) <= _LONGEST_KEY
    if not all(type(part) in _SCALARS for part in (key if flat else (key,))):
        raise DataError(f"holds a {type(key).__name__} as a key, which is not read")
    return key


class _Machine:
    """The stack machine that a pickle is a program of."""

    def __init__(
        self, data: bytes, start: int, names: Mapping[str, Any], persistent: Callable[[Any], Any]
    ) -> None:
        self.data, self.at = data, start
        self._names, self._persistent = names, persistent
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def run(self) -> Any:
        """The value on the stack at the end."""
        while True:
            code = self._take(1)
            if code == b".":
                value = self._pop()
                if self._stack:
                    raise DataError(f"is damaged: {len(self._stack)} values too many are left")
                return value
            step = _STEPS.get(code)
            if step is None:
                raise DataError(f"is damaged, or a pickle with the unknown instruction {code!r}")
            step(self)

    def _take(self, count: int) -> bytes:
        end = self.at + count
        if end > len(self.data):
            raise DataError("is damaged: it ends within its pickle")
        found = self.data[self.at : end]
        self.at = end
        return found

    def _number(self, form: str) -> Any:
        return struct.unpack(form, self._take(struct.calcsize(form)))[0]

    def _line(self) -> str:
        end = self.data.index(b"\n", self.at)
        return self._take(end + 1 - self.at)[:-1].decode()

    def _since_mark(self) -> list[Any]:
        stack = self._stack
        place = len(stack) - 1
        while stack[place] is not _MARK:
            place -= 1
            if place < 0:
                raise DataError("is damaged: its pickle lacks a mark")
        found = stack[place + 1 :]
        del stack[place:]
        return found

    def _pop(self) -> Any:
        found = self._stack.pop()
        if found is _MARK:
            raise DataError("is damaged: its pickle has a mark too many")
        return found

    def skip(self, count: int) -> None:
        """Pass over bytes that say nothing."""
        self._take(count)

    def drop(self) -> None:
        """Forget the uppermost value."""
        self._pop()

    def push(self, value: Any) -> None:
        """Put a value on the stack."""
        self._stack.append(value)

    def push_text(self, form: str) -> None:
        """Text after its length."""
        self.push(self._take(self._number(form)).decode("utf-8", "surrogatepass"))

    def push_bytes(self, form: str) -> None:
        """Bytes after their length."""
        self.push(self._take(self._number(form)))

    def push_long(self, form: str) -> None:
        """An integer of any length."""
        self.push(int.from_bytes(self._take(self._number(form)), "little", signed=True))

    def push_number(self, form: str) -> None:
        """A number of a fixed length."""
        self.push(self._number(form))

    def push_tuple(self, count: int | None) -> None:
        """A tuple of the uppermost values, or of those since the mark."""
        if count is None:
            self.push(tuple(self._since_mark()))
        else:
            self.push(tuple([self._pop() for _ in range(count)][::-1]))

    def append(self, many: bool) -> None:
        """Add to a list."""
        members = self._since_mark() if many else [self._pop()]
        self._target(list).extend(members)

    def set_items(self, many: bool) -> None:
        """Add to a dict."""
        members = self._since_mark() if many else [self._pop(), self._pop()][::-1]
        target = self._target(dict, OrderedDict, Counter)
        for key, value in zip(members[::2], members[1::2], strict=True):
            target[hashable(key)] = value

    def add_items(self) -> None:
        """Add to a set."""
        members = self._since_mark()
        self._target(set).update(hashable(member) for member in members)

    def _target(self, *kinds: type) -> Any:
        target = self._stack[-1]
        if type(target) not in kinds:
            raise DataError(f"is damaged: its pickle adds to a {type(target).__name__}")
        return target

    def build(self) -> None:
        """The attributes of an object: the one that a state_dict has, and no other."""
        state = self._pop()
        target = self._target(OrderedDict)
        if type(state) is not dict or list(state) != ["_metadata"]:
            raise DataError("sets attributes of a dict, which is not done")
        target._metadata = state["_metadata"]

    def put(self, form: str | None) -> None:
        """Remember the uppermost value."""
        place = len(self._memo) if form is None else self._number(form)
        self._memo[place] = self._stack[-1]

    def get(self, form: str) -> None:
        """What was remembered."""
        self.push(self._memo[self._number(form)])

    def push_name(self, on_stack: bool) -> None:
        """What a name stands for in the table."""
        if on_stack:
            name, module = self._pop(), self._pop()
        else:
            module, name = self._line(), self._line()
        module = {"__builtin__": "builtins"}.get(module, module)
        whole = f"{module}.{name}"
        if whole not in self._names:
            raise DataError(
                f"names {whole!r}, which is neither a tensor's nor a plain value's, and nothing "
                "that a file names is run; save plain values and tensors only, as in "
                "torch.save(model.state_dict(), path)"
            )
        self.push(self._names[whole])

    def reduce(self) -> None:
        """The result of a function of the table."""
        arguments, function = self._pop(), self._pop()
        if type(arguments) is not tuple or not isinstance(function, Function):
            raise DataError("is damaged: its pickle calls what is no function")
        self.push(function.call(*arguments))

    def push_persistent(self) -> None:
        """An object that is not in the pickle."""
        self.push(self._persistent(self._pop()))


def _pushes(value: Any) -> Callable[[_Machine], None]:
    return lambda machine: machine.push(value)


def _makes(kind: type) -> Callable[[_Machine], None]:
    return lambda machine: machine.push(kind())


def _does(name: str, argument: Any) -> Callable[[_Machine], None]:
    step = getattr(_Machine, name)
    return lambda machine: step(machine, argument)


#: The instructions of protocols 2 to 5 that plain values need.
_STEPS: dict[bytes, Callable[[_Machine], None]] = {
    b"\x80": _does("skip", 1),  # the protocol
    b"\x95": _does("skip", 8),  # the length of a frame
    b"(": _pushes(_MARK),
    b"0": _Machine.drop,
    b"N": _pushes(None),
    b"\x88": _pushes(True),
    b"\x89": _pushes(False),
    b")": _pushes(()),
    b"}": _makes(dict),
    b"]": _makes(list),
    b"\x8f": _makes(set),
    b"J": _does("push_number", "<i"),
    b"K": _does("push_number", "<B"),
    b"M": _does("push_number", "<H"),
    b"G": _does("push_number", ">d"),
    b"\x8a": _does("push_long", "<B"),
    b"\x8b": _does("push_long", "<I"),
    b"X": _does("push_text", "<I"),
    b"\x8c": _does("push_text", "<B"),
    b"\x8d": _does("push_text", "<Q"),
    b"B": _does("push_bytes", "<I"),
    b"C": _does("push_bytes", "<B"),
    b"\x8e": _does("push_bytes", "<Q"),
    b"t": _does("push_tuple", None),
    b"\x85": _does("push_tuple", 1),
    b"\x86": _does("push_tuple", 2),
    b"\x87": _does("push_tuple", 3),
    b"a": _does("append", False),
    b"e": _does("append", True),
    b"s": _does("set_items", False),
    b"u": _does("set_items", True),
    b"\x90": _Machine.add_items,
    b"b": _Machine.build,
    b"q": _does("put", "<B"),
    b"r": _does("put", "<I"),
    b"\x94": _does("put", None),
    b"h": _does("get", "<B"),
    b"j": _does("get", "<I"),
    b"c": _does("push_name", False),
    b"\x93": _does("push_name", True),
    b"R": _Machine.reduce,
    b"\x81": _Machine.reduce,  # a class is called as a function is
    b"Q": _Machine.push_persistent,
}
