"""What a file says, checked: nodes in an order in which they can be computed, each name given once.

Nothing here refers to protobuf any more, but for the tensors, which are read as they are needed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from cltensor.errors import DataError
from cltensor.onnx.elements import element_type, shape_of

#: Versions of the default domain's operators.
OLDEST, NEWEST = 7, 28
_DEFAULT = ("", "ai.onnx")
#: The names known in a graph, then those in the graphs around.
Scopes = tuple[set[str], ...]
#: ONNX's numbers for the kinds of attributes, by the fields that hold them.
_VALUES = {1: "f", 2: "i", 3: "s", 4: "t", 5: "g", 6: "floats", 7: "ints", 8: "strings"}


@dataclass(frozen=True)
class Reference:
    """An attribute that is what the function around was called with."""

    name: str


@dataclass(frozen=True)
class Type:
    """What a graph says of an input or output. kind: "tensor", "sequence", "optional", or "" for
    nothing; shape: None for any, and a None in it for any size."""

    kind: str = ""
    element: Any = None
    shape: tuple[int | None, ...] | None = None


@dataclass
class Node:
    """One call of an operator. attributes: by name, messages of tensors and Graphs among them."""

    operator: str
    domain: str
    name: str
    inputs: list[str]
    outputs: list[str]
    attributes: dict[str, Any]

    def __str__(self) -> str:
        named = f" {self.name!r}" if self.name else ""
        domain = "" if self.domain in _DEFAULT else f"{self.domain}."
        return f"node{named} ({domain}{self.operator})"


@dataclass
class Graph:
    """Nodes, in an order in which they can be computed. captures: names from the graph around."""

    name: str
    inputs: dict[str, Type]
    outputs: dict[str, Type]
    initializers: dict[str, Any]
    nodes: list[Node]
    captures: list[str] = field(default_factory=list)


@dataclass
class Function:
    """Nodes that stand for an operator of the file's own. attributes: by name, the default (None:
    what is called must give it)."""

    name: str
    graph: Graph
    attributes: dict[str, Any]
    versions: dict[str, int]


@dataclass
class Model:
    """A whole file. versions: those of the operators, by domain."""

    graph: Graph
    functions: dict[tuple[str, str], Function]
    versions: dict[str, int]


def is_default(domain: str) -> bool:
    """Whether it is the domain of ONNX's own operators."""
    return domain in _DEFAULT


def read(message: Any) -> Model:
    """The model in a ModelProto. Raises DataError for what is damaged or not supported."""
    if not message.HasField("graph"):
        raise DataError("is damaged: it has no graph")
    versions = _versions(message.opset_import)
    functions = {}
    for function in message.functions:
        key = function.domain, function.name
        if key in functions:
            raise DataError(f"is damaged: it has two functions {function.name!r}")
        functions[key] = _function(function, versions)
    graph = _graph(message.graph, ())
    return Model(graph, functions, versions)


def _versions(imports: Iterable[Any]) -> dict[str, int]:
    found = {}
    for entry in imports:
        domain = "" if is_default(entry.domain) else entry.domain
        if domain == "" and not OLDEST <= entry.version <= NEWEST:
            raise DataError(
                f"uses version {entry.version} of ONNX's operators, and cltensor reads "
                f"{OLDEST} to {NEWEST}; onnx.version_converter gives another"
            )
        found[domain] = entry.version
    return found


def _function(message: Any, versions: dict[str, int]) -> Function:
    known = {name: Type() for name in message.input}
    nodes = _nodes(message.node, set(known), f"function {message.name!r}")
    given = set(known) | {name for node in nodes for name in node.outputs}
    _require_defined(message.output, (given,), f"function {message.name!r}")
    graph = Graph(message.name, known, {n: Type() for n in message.output}, {}, nodes)
    defaults = {a.name: _attribute(a, ()) for a in message.attribute_proto}
    attributes = dict.fromkeys(message.attribute) | defaults
    return Function(message.name, graph, attributes, versions | _versions(message.opset_import))


def _graph(message: Any, around: Scopes) -> Graph:
    what = f"graph {message.name!r}" if message.name else "graph"
    if len(message.sparse_initializer):
        raise DataError(
            f"has sparse initializers in its {what}, which are not read; make them dense"
        )
    inputs = _named(message.input, what)
    initializers: dict[str, Any] = {}
    for tensor in message.initializer:
        if not tensor.name or tensor.name in initializers:
            raise DataError(f"is damaged: two initializers are called {tensor.name!r}")
        initializers[tensor.name] = tensor
    own = set(inputs) | set(initializers)
    nodes = _nodes(message.node, set(own), what, around)
    outputs = {v.name: _type(v, what) for v in message.output}
    given = own | {name for node in nodes for name in node.outputs}
    _require_defined(outputs, (given, *around), what)
    wanted = [name for node in nodes for name in _read_by(node)] + list(outputs)
    captures = list(dict.fromkeys(name for name in wanted if name and name not in given))
    return Graph(message.name, inputs, outputs, initializers, nodes, captures)


def _named(values: Iterable[Any], what: str) -> dict[str, Type]:
    found: dict[str, Type] = {}
    for value in values:
        if not value.name or value.name in found:
            raise DataError(f"is damaged: two inputs of its {what} are called {value.name!r}")
        found[value.name] = _type(value, what)
    return found


def _type(value: Any, what: str) -> Type:
    message = value.type
    kind = message.WhichOneof("value") or ""
    name = f"{value.name!r} of its {what}"
    if kind == "tensor_type":
        tensor = message.tensor_type
        element = element_type(tensor.elem_type, name) if tensor.elem_type else None
        if not tensor.HasField("shape"):
            return Type("tensor", element)
        # Some programs write 0 or -1 for any size.
        sizes = [d.dim_value if d.dim_value > 0 else None for d in tensor.shape.dim]
        shape_of([n or 0 for n in sizes], name)
        return Type("tensor", element, tuple(sizes))
    if kind in ("sequence_type", "optional_type"):
        inner = getattr(message, kind).elem_type
        while inner.WhichOneof("value") in ("sequence_type", "optional_type"):
            inner = getattr(inner, inner.WhichOneof("value")).elem_type
        if inner.WhichOneof("value") == "tensor_type" and inner.tensor_type.elem_type:
            element_type(inner.tensor_type.elem_type, name)
        return Type(kind.removesuffix("_type"))
    if kind:
        raise DataError(f"has a {kind.removesuffix('_type')} as {name}, which is not read")
    return Type()


def _read_by(node: Node) -> list[str]:
    """The names that a node reads, those that its graphs take from around among them."""
    inner = [g for g in node.attributes.values() if isinstance(g, Graph)]
    return [*node.inputs, *[name for graph in inner for name in graph.captures]]


def _is_known(name: str, scopes: Scopes) -> bool:
    return any(name in scope for scope in scopes)


def _require_defined(names: Iterable[str], scopes: Scopes, what: str) -> None:
    for name in names:
        if not _is_known(name, scopes):
            raise DataError(f"is damaged: nothing gives the output {name!r} of its {what}")


def _nodes(messages: Iterable[Any], known: set[str], what: str, around: Scopes = ()) -> list[Node]:
    """The nodes of a graph that knows the names in `known`, to which theirs are added, and those
    of `around`."""
    scopes = (known, *around)
    found = []
    for message in messages:
        node = Node(
            message.op_type, message.domain, message.name, list(message.input),
            list(message.output), {},
        )  # fmt: skip
        for name in node.inputs:
            if name and not _is_known(name, scopes):
                raise DataError(
                    f"is damaged: {node} of its {what} reads {name!r}, which is computed later, "
                    "by itself or not at all"
                )
        for attribute in message.attribute:
            if attribute.name in node.attributes:
                raise DataError(f"is damaged: {node} has two attributes {attribute.name!r}")
            node.attributes[attribute.name] = _attribute(attribute, scopes)
        for name in filter(None, node.outputs):
            if name in known:
                raise DataError(f"is damaged: two nodes of its {what} compute {name!r}")
            known.add(name)
        found.append(node)
    return found


def _attribute(message: Any, around: Scopes) -> Any:
    if message.ref_attr_name:
        return Reference(message.ref_attr_name)
    if message.type not in _VALUES:
        if message.type in (
            9,
            10,
            11,
            12,
            13,
            14,
        ):  # lists of tensors or graphs, sparse ones, types
            return message
        raise DataError(f"is damaged: the attribute {message.name!r} has no type")
    value = getattr(message, _VALUES[message.type])
    if message.type == 3:
        return _text(value, message.name)
    if message.type == 8:
        return [_text(v, message.name) for v in value]
    if message.type == 5:
        return _graph(value, around)
    return value if message.type in (1, 2, 4) else list(value)


def _text(value: bytes, name: str) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise DataError(f"is damaged: the attribute {name!r} is no text") from None
