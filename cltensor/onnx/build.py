"""From a model that was read to a program: each node finds its operator, each tensor its member."""

from __future__ import annotations

import copy
from collections import Counter
from typing import Any

import numpy as np

from cltensor.errors import DataError
from cltensor.onnx import operators
from cltensor.onnx.elements import Folder, array_of
from cltensor.onnx.narrow import Narrow
from cltensor.onnx.program import Calling, Constant, Program, Step
from cltensor.onnx.structure import Function, Graph, Model, Node, Reference, is_default
from cltensor.onnx.table import Entry, find

#: The most programs that the functions of a file may become, one for each set of attributes.
_MOST_FUNCTIONS = 10_000
#: Inputs of operators whose tensors do not learn.
_FIXED = ("Ints", "Numbers", "Array", "Statistic")


class Given:
    """A tensor of the file. trains: whether it is a parameter of the module."""

    def __init__(self, name: str, array: np.ndarray, trains: bool, persistent: bool) -> None:
        self.name, self.array, self.trains, self.persistent = name, array, trains, persistent


class Builder:
    """Makes the programs of one file."""

    def __init__(self, model: Model, folder: Folder) -> None:
        operators.declare()
        self._model, self._folder = model, folder
        self.given: list[Given] = []
        self._functions: dict[Any, Program] = {}
        self._open: list[tuple[str, str]] = []
        self._require_operators()
        self.program = self._graph(model.graph, model.versions, {}, {})

    def _require_operators(self) -> None:
        """Raise DataError naming all operators of the file that are not known."""
        unknown: Counter[str] = Counter()
        graphs = [(self._model.graph, self._model.versions)]
        graphs += [(f.graph, f.versions) for f in self._model.functions.values()]
        while graphs:
            graph, versions = graphs.pop()
            for node in graph.nodes:
                graphs += [(g, versions) for g in node.attributes.values() if isinstance(g, Graph)]
                if (node.domain, node.operator) in self._model.functions:
                    continue
                if not is_default(node.domain):
                    unknown[f"{node.domain}.{node.operator}"] += 1
                elif find(node.operator, versions.get("", 0)) is None:
                    unknown[f"{node.operator} (version {versions.get('', 'none')})"] += 1
        if unknown:
            names = ", ".join(sorted(unknown))
            raise DataError(f"uses operators that cltensor has not: {names}")

    def _graph(
        self, graph: Graph, versions: dict[str, int], around: dict[str, Constant],
        bindings: dict[str, Any],
    ) -> Program:  # fmt: skip
        """The program of a graph; `around`: the constants of those that it lies in."""
        nodes = [_with_bindings(node, bindings) for node in graph.nodes]
        fixed = self._fixed(nodes, versions)
        constants = {
            name: self._initializer(name, message, fixed)
            for name, message in graph.initializers.items()
        }
        inherited = {name: around[name] for name in graph.captures if name in around}
        rest = []
        for node in nodes:
            if node.operator == "Constant" and is_default(node.domain) and len(node.outputs) == 1:
                constants[node.outputs[0]] = self._constant(node, versions, fixed)
            else:
                rest.append(node)
        known = around | constants
        shadowed = set(graph.inputs) - set(graph.initializers)
        known = {name: c for name, c in known.items() if name not in shadowed}
        steps = [self._step(node, versions, known, bindings) for node in rest]
        inputs = [name for name in graph.inputs if name not in graph.initializers]
        captures = [name for name in graph.captures if name not in inherited]
        return Program(inputs, list(graph.outputs), captures, constants | inherited, steps)

    def _fixed(self, nodes: list[Node], versions: dict[str, int]) -> set[str]:
        """The names that operators read in places whose tensors do not learn."""
        found = set()
        for node in nodes:
            entry = find(node.operator, versions.get("", 0)) if is_default(node.domain) else None
            if entry is not None:
                hows = [entry.how(place) for place in range(len(node.inputs))]
                found |= {n for n, how in zip(node.inputs, hows, strict=True) if how in _FIXED}
        return found

    def _initializer(self, name: str, message: Any, fixed: set[str]) -> Constant:
        array = array_of(message, self._folder, f"initializer {name!r}")
        floats = isinstance(array, np.ndarray) and array.dtype.kind in "fcV"
        return self._member(name, array, floats and name not in fixed, floats)

    def _constant(self, node: Node, versions: dict[str, int], fixed: set[str]) -> Constant:
        """What a node gives. Some programs write all weights so; a single number is none."""
        entry = self._entry(node, versions)
        entry.check(node)
        value = entry.function(**entry.given(node, self._folder, _no_body))
        name = node.outputs[0]
        floats = isinstance(value, np.ndarray) and value.dtype.kind in "fcV" and value.size > 1
        return self._member(name, value, floats and name not in fixed, floats)

    def _member(self, name: str, value: Any, trains: bool, persistent: bool) -> Constant:
        narrow = value.kind if isinstance(value, Narrow) else None
        array = value.codes if isinstance(value, Narrow) else value
        self.given.append(Given(name, array, trains, persistent))
        return Constant(len(self.given) - 1, narrow)

    def _entry(self, node: Node, versions: dict[str, int]) -> Entry:
        entry = find(node.operator, versions.get("", 0))
        assert entry is not None  # see _require_operators
        return entry

    def _step(
        self, node: Node, versions: dict[str, int], around: dict[str, Constant],
        bindings: dict[str, Any],
    ) -> Step | Calling:  # fmt: skip
        function = self._model.functions.get((node.domain, node.operator))
        if function is not None:
            return Calling(node, self._function(node, function))
        entry = self._entry(node, versions)
        entry.check(node)
        bodies: dict[str, Program] = {}

        def body(graph: Graph) -> Program:
            return self._graph(graph, versions, around, bindings)

        keywords = entry.given(node, self._folder, body)
        for name in [name for name, value in keywords.items() if isinstance(value, Program)]:
            bodies[name] = keywords.pop(name)
        return Step(node, entry, keywords, bodies)

    def _function(self, node: Node, function: Function) -> Program:
        """The program of a function as `node` calls it."""
        key = node.domain, node.operator
        what = f"function {function.name!r}"
        if key in self._open:
            raise DataError(f"is damaged: its {what} calls itself")
        if len(node.inputs) > len(function.graph.inputs):
            raise DataError(f"is damaged: {node} has more inputs than its {what}")
        if len(node.outputs) > len(function.graph.outputs):
            raise DataError(f"is damaged: {node} has more outputs than its {what}")
        unknown = set(node.attributes) - set(function.attributes)
        if unknown:
            raise DataError(
                f"is damaged: {node} has attributes {sorted(unknown)} that its {what} has not"
            )
        bindings = {**function.attributes, **node.attributes}
        told = tuple((name, _key(value)) for name, value in sorted(bindings.items()))
        if (key, told) not in self._functions:
            if len(self._functions) >= _MOST_FUNCTIONS:
                raise DataError(f"calls functions with more than {_MOST_FUNCTIONS:,} attributes")
            self._open.append(key)
            program = self._graph(function.graph, function.versions, {}, bindings)
            self._open.pop()
            self._functions[key, told] = program
        return self._functions[key, told]


def _no_body(graph: Graph) -> Any:
    raise DataError(f"is damaged: a constant has a graph {graph.name!r}")


def _key(value: Any) -> Any:
    """A value of an attribute to look it up by: messages and graphs by what they are."""
    if isinstance(value, list):
        return tuple(value)
    return value if isinstance(value, (int, float, str, type(None))) else id(value)


def _with_bindings(node: Node, bindings: dict[str, Any]) -> Node:
    """The node with what its function was called with, where it refers to that."""
    if not any(isinstance(value, Reference) for value in node.attributes.values()):
        return node
    made = copy.copy(node)
    made.attributes = {}
    for name, value in node.attributes.items():
        if not isinstance(value, Reference):
            made.attributes[name] = value
        elif value.name not in bindings:
            raise DataError(f"is damaged: {node} refers to {value.name!r}, which no function has")
        elif bindings[value.name] is not None:
            made.attributes[name] = bindings[value.name]
    return made
