"""What of a call's arguments decides whether a recording fits."""

from __future__ import annotations

from typing import Any

import numpy as np

from cltensor.core.tensor import Tensor
from cltensor.errors import DeviceError


class Arguments:
    """The Tensors among the arguments, in order, each once, and the key of a call."""

    __slots__ = ("continues_graph", "key", "objects", "tensors")

    def __init__(self) -> None:
        self.tensors: list[Tensor] = []
        #: Other objects among the arguments, whose attributes may matter.
        self.objects: list[Any] = []
        #: Whether a gradient would flow back through an argument, out of the call.
        self.continues_graph = False
        self.key: Any = None


def describe(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Arguments:
    """The description of a call's arguments."""
    found = Arguments()
    parts = [_part(a, found) for a in args]
    for name in sorted(kwargs):
        parts += (name, _part(kwargs[name], found))
    first: dict[int, int] = {}
    for place, t in enumerate(found.tensors):  # which arguments share elements
        parts.append(first.setdefault(id(t.buffer), place))
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
    if isinstance(value, (tuple, list)):
        return kind, *[_part(v, found) for v in value]
    if isinstance(value, dict):
        return kind, *[(k, _part(v, found)) for k, v in value.items()]
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


def _tensor(value: Tensor, found: Arguments) -> Any:
    for place, known in enumerate(found.tensors):
        if known is value:
            return "again", place
    shown = value._value
    if shown.buffer is None:
        shown = value.realize()._value
    found.tensors.append(value)
    node = value.node
    if node is not None and node.op is not None:
        found.continues_graph = True
    return (
        type(value), shown.shape, shown.dtype.num, shown.strides, shown.offset, shown.device.name,
        node is not None and (node.grad is not None, *(node.hooks or ())),
    )  # fmt: skip
