"""What of a call's arguments decides whether a recording fits."""

from __future__ import annotations

from enum import Enum
from typing import Any

import numpy as np

from cltensor.core.tensor import Tensor
from cltensor.errors import DeviceError
from cltensor.runtime.memory import Buffer


class Arguments:
    """The Tensors among the arguments, in order, each once, their buffers, and the call's key."""

    __slots__ = (
        "attributes", "buffers", "containers", "continues_graph", "key", "objects", "tensors",
    )  # fmt: skip

    def __init__(self) -> None:
        self.tensors: list[Tensor] = []
        self.buffers: list[Buffer] = []
        #: Lists and dicts among the arguments, in order, each once.
        self.containers: list[Any] = []
        #: The attributes of what is compared by value, and of tensors.
        self.attributes: list[dict[str, Any]] = []
        #: Other objects among the arguments, whose attributes may matter.
        self.objects: list[Any] = []
        #: Whether a gradient would flow back through an argument, out of the call.
        self.continues_graph = False
        self.key: Any = None

    def contents(self) -> list[Any]:
        """What the lists, dicts and attributes hold, which a call may change."""
        found: list[Any] = []
        for held in (*self.containers, *self.attributes):
            if isinstance(held, dict):
                found += [x for k, v in held.items() if k != "_grad" for x in (k, v)]
            else:
                found += held
            found.append(len(found))
        return found


class _Itself:
    """An object in a key, told from any other that may be equal."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return type(other) is _Itself and other.value is self.value

    def __hash__(self) -> int:
        return id(self.value)


def describe(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Arguments:
    """The description of a call's arguments."""
    found = Arguments()
    parts = [_part(a, found) for a in args]
    for name, value in kwargs.items():
        parts += (name, _part(value, found))
    found.key = tuple(parts)
    return found


def _part(value: Any, found: Arguments) -> Any:
    if isinstance(value, Tensor):
        return _tensor(value, found)
    kind = type(value)
    if kind is float:
        return kind, value.hex()  # tells 0.0 from -0.0, and has one NaN
    if kind in (int, bool, str, bytes, type(None)):
        return kind, value
    if kind is complex:
        return kind, value.real.hex(), value.imag.hex()
    if isinstance(value, (tuple, list, dict)):
        return _members(value, found)
    if isinstance(value, np.generic):
        return kind, value.tobytes()
    try:
        hash(value)
    except TypeError:
        raise DeviceError(
            f"jit: an argument of type {kind.__name__} cannot be compared from call to call; pass "
            "tensors, numbers, strings, or tuples, lists and dicts of them"
        ) from None
    if kind.__hash__ is object.__hash__:
        found.objects.append(value)
        return kind, value
    return (kind, value) if isinstance(value, Enum) else (kind, value, _attributes(value, found))


def _members(value: Any, found: Arguments) -> Any:
    kind = type(value)
    if not isinstance(value, tuple):
        for place, known in enumerate(found.containers):
            if known is value:
                return "again", kind, place
        found.containers.append(value)
    own = () if kind in (tuple, list, dict) else _attributes(value, found)
    if isinstance(value, dict):
        return kind, own, *[(k, _part(v, found)) for k, v in value.items()]
    return kind, own, *[_part(v, found) for v in value]


def _attributes(value: Any, found: Arguments) -> Any:
    """The attributes that somebody gave `value`."""
    own = getattr(value, "__dict__", None)
    if not isinstance(own, dict):
        return ()
    found.attributes.append(own)
    return _marks(own, found)


def _marks(own: dict[str, Any], found: Arguments) -> Any:
    """The part of attributes in a key."""
    return tuple([(k, _lenient(v, found)) for k, v in own.items() if k != "_grad"])


def _lenient(value: Any, found: Arguments) -> Any:
    """The part of an attribute, which may be anything: what cannot be compared is to be itself."""
    try:
        return _part(value, found)
    except DeviceError:
        found.objects.append(value)
        return _Itself(value)


def _tensor(value: Tensor, found: Arguments) -> Any:
    for place, known in enumerate(found.tensors):
        if known is value:
            return "again", place
    shown = value._value
    buffer = shown.buffer
    if buffer is None:
        buffer = value.buffer
        shown = value._value
    found.tensors.append(value)
    found.buffers.append(buffer)
    node = value._node if value._view is None else value.node
    state: Any = False
    if node is not None:
        found.continues_graph |= node.op is not None
        state = (node.grad is not None, *(node.hooks or ()))
    own = value.__dict__
    found.attributes.append(own)
    return (
        type(value), shown.shape, shown.dtype.num, shown.strides, shown.offset, shown.device,
        state, _marks(own, found) if own else (),
    )  # fmt: skip
