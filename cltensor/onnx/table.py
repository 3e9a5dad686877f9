"""The operators: for each a function, whose signature says what ONNX calls inputs and attributes.

    @operator("Gather")
    def _(data, indices, *, axis: int = 0): ...

Positional parameters are inputs, with a default where they are optional; those after * are
attributes. The annotation of an input says how it comes: nothing for a tensor, `Ints`, `Numbers`
or `Array` for numbers on the host, `Value` for whatever it is, `Statistic` for a tensor that does
not learn. That of an attribute says what it is.
`Asked` is no attribute, but what the call is told: `outputs`, how many are used; `training`,
whether the module trains; `device`.
Of several entries for an operator, the newest that is not newer than the file's version counts.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from cltensor.errors import DataError
from cltensor.onnx.elements import Folder, array_of, element_type
from cltensor.onnx.structure import Graph

Ints = list[int]
Numbers = list[float]
Array = np.ndarray
Value = Any
Asked = Any
#: A tensor, and what the file gives for it does not learn.
Statistic = Any
#: Attributes: a number for an element type, a tensor, and a graph, as the function gets them.
Element = Any
Elements = Any
Body = Callable[..., tuple[Any, ...]]

#: What the messages hold, by the annotation of the attribute.
_HELD: dict[str, tuple[type, ...]] = {
    "int": (int,), "bool": (int,), "float": (float, int), "str": (str,), "Element": (int,),
    "list[int]": (int,), "list[float]": (float, int), "list[str]": (str,),
}  # fmt: skip
_ON_HOST = ("Ints", "Numbers", "Array")


class Entry:
    """An operator since a version."""

    def __init__(self, name: str, function: Callable[..., Any], since: int) -> None:
        self.name, self.function, self.since = name, function, since
        parameters = inspect.signature(function).parameters.values()
        kinds = inspect.Parameter
        self.inputs = [p for p in parameters if p.kind is kinds.POSITIONAL_OR_KEYWORD]
        self.variadic = next((p for p in parameters if p.kind is kinds.VAR_POSITIONAL), None)
        named = [p for p in parameters if p.kind is kinds.KEYWORD_ONLY]
        self.asked = [p.name for p in named if p.annotation == "Asked"]
        self.attributes = {p.name: p for p in named if p.annotation != "Asked"}
        self.least = sum(p.default is kinds.empty for p in self.inputs)

    @property
    def host(self) -> Callable[..., Any] | None:
        """The same with NumPy's arrays, if there is that."""
        return _HOST.get(self.name)

    def how(self, place: int) -> str:
        """How the input at `place` comes: one of the annotations above, "" for a tensor."""
        at = self.inputs[place] if place < len(self.inputs) else self.variadic
        kind = "" if at is None or at.annotation is inspect.Parameter.empty else str(at.annotation)
        return kind.removesuffix(" | None")

    def check(self, node: Any) -> None:
        """Raise DataError where a node has another number of inputs than the operator."""
        most = len(self.inputs)
        count = len(node.inputs)
        if count < self.least or (count > most and self.variadic is None):
            raise DataError(
                f"is damaged: {node} has {count} inputs, and takes {self.least} to {most}"
            )
        for place, name in enumerate(node.inputs[: self.least]):
            if not name:
                raise DataError(f"is damaged: {node} lacks its input {self.inputs[place].name!r}")

    def given(self, node: Any, folder: Folder, body: Callable[[Graph], Any]) -> dict[str, Any]:
        """The attributes of a node as the function's keywords.

        Raises DataError for one that the operator has not, one of another type, or one missing.
        """
        unknown = set(node.attributes) - set(self.attributes)
        if unknown:
            raise DataError(
                f"gives {node} the attributes {sorted(unknown)}, which the operator has not in "
                "this version"
            )
        found = {}
        for name, parameter in self.attributes.items():
            if name in node.attributes:
                kind = str(parameter.annotation).removesuffix(" | None")
                found[name] = _attribute(node, name, kind, node.attributes[name], folder, body)
            elif parameter.default is inspect.Parameter.empty:
                raise DataError(f"is damaged: {node} lacks its attribute {name!r}")
        return found


def _attribute(
    node: Any, name: str, kind: str, value: Any, folder: Folder, body: Callable[[Graph], Any]
) -> Any:
    what = f"the attribute {name!r} of {node}"
    if kind == "Body" and isinstance(value, Graph):
        return body(value)
    if kind == "Value":
        return value
    if kind == "Elements" and hasattr(value, "raw_data"):
        return array_of(value, folder, what)
    held = _HELD.get(kind)
    values = value if isinstance(value, list) else [value]
    fits = isinstance(value, list) == kind.startswith("list")
    if not fits or held is None or not all(type(v) in held for v in values):
        raise DataError(f"is damaged: {what} is not of the type {kind}")
    if kind == "Element":
        return element_type(value, what) if value else None
    return bool(value) if kind == "bool" else value


#: The entries of each operator of the default domain, oldest first.
_TABLE: dict[str, list[Entry]] = {}
_HOST: dict[str, Callable[..., Any]] = {}


def operator(name: str, since: int = 1) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: the function is the operator `name` in ONNX's versions from `since` on."""

    def declare(function: Callable[..., Any]) -> Callable[..., Any]:
        entries = _TABLE.setdefault(name, [])
        entries.append(Entry(name, function, since))
        entries.sort(key=lambda entry: entry.since)
        return function

    return declare


def on_host(name: str, function: Callable[..., Any]) -> None:
    """Say how an operator is computed where all of its inputs are arrays. NotImplemented is for
    what the device shall compute all the same."""
    _HOST[name] = function


def ended(name: str, since: int) -> None:
    """Say that ONNX has no such operator in versions from `since` on."""
    _TABLE[name].append(Entry("", lambda: None, since))


def find(name: str, version: int) -> Entry | None:
    """The entry of an operator in that version; None where there is none."""
    entries = [entry for entry in _TABLE.get(name, ()) if entry.since <= version]
    return entries[-1] if entries and entries[-1].name else None


def names() -> list[str]:
    """The operators in the table."""
    return sorted(_TABLE)
