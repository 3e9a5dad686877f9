"""Nodes of the recorded graph, and what they keep for the derivative rules.

Nodes point at nodes and at Values, never at Tensors, so a graph keeps alive only what the rules
named.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import count
from typing import Any, NamedTuple

import numpy as np

from cltensor.core.hooks import AfterGradient
from cltensor.core.op import Op
from cltensor.core.tensor import Tensor
from cltensor.errors import GradientError
from cltensor.lazy.codegen import Shape
from cltensor.lazy.values import Value, changer_of, holders, version_of
from cltensor.runtime.device import Device

_sequence = count()
_hold = holders.refs.append


def next_order() -> int:
    """A number between those of the nodes made so far and of those made from now on."""
    return next(_sequence)


#: While a call is recorded for replay: who wants to know which gradients are read or set.
grad_watchers: list[Callable[[Node, bool], None]] = []


class Promise:
    """A gradient that is made by `fill` when somebody asks for it."""

    __slots__ = ("fill",)

    def __init__(self, fill: Callable[[], Tensor]) -> None:
        self.fill = fill


#: What changed, by `Buffer.changed_by`, values over which a rule wrote as nobody was to read them.
SPENT = "a rule that spent it"

#: What is saved and holds no elements. Lists are facts of several tensors.
_FACTS = frozenset(
    [
        bool,
        int,
        float,
        complex,
        str,
        list,
        type(None),
        Device,
        *[type(np.dtype(c)) for c in "?bhilqBHILQefdFD"],
    ]
)


def _is_fact(saved: Any) -> bool:
    return type(saved) in _FACTS or (type(saved) is tuple and all(map(_is_fact, saved)))


class Node:
    """A recorded operation, or a leaf (op None): where the gradient of one value arrives.

    edges are the nodes of the operands (None for those without gradient); saved holds what the
    rules of the wanted operands ask for, by `names`, versions how often each had been changed in
    place. retain says that `grad` keeps the gradient.

    >>> x = ct.ones(2, requires_grad=True)
    >>> node = (x * 2).sum().grad_fn
    >>> node.name(), node.next_functions[0][0].name()
    ('sum', 'multiply')
    """

    #: Each recorded operation makes one: what checks keywords of users is not put around that.
    MADE_OFTEN = True

    __slots__ = (
        "__weakref__",
        "_grad",
        "device",
        "dtype",
        "edges",
        "hooks",
        "names",
        "op",
        "order",
        "released",
        "retain",
        "saved",
        "shape",
        "versions",
        "wanted",
    )

    def __init__(self, data: Tensor, op: Any = None, edges: tuple[Node | None, ...] = ()) -> None:
        value = data._value
        self.op = op
        self.edges = edges
        self.shape: Shape = value.shape
        self.dtype: np.dtype = value.dtype
        self.device: Device = value.device
        self.order = next(_sequence)
        self._grad: Tensor | Promise | None = None
        self.retain = op is None
        self.hooks: list[Callable[[Tensor], Any]] | None = None
        self.names: tuple[str, ...] = ()
        self.saved: tuple[Any, ...] = ()
        self.versions: tuple[Any, ...] = ()
        #: For each operand whether it is to have a gradient.
        self.wanted = tuple([e is not None for e in edges]) if edges else ()
        self.released = False

    @property
    def next_functions(self) -> tuple[tuple[Node | None, int], ...]:
        """The nodes of the operands, each with the number of its output, as PyTorch shows them."""
        return tuple(
            [
                (edge.edges[0], edge.op.index)
                if edge is not None and type(edge.op) is Output
                else (edge, 0)
                for edge in self.edges
            ]
        )

    @property
    def grad(self) -> Tensor | None:
        """The gradient collected here."""
        for watch in grad_watchers:
            watch(self, False)
        grad = self._grad
        if type(grad) is Promise:
            grad = self._grad = grad.fill()
        return grad  # type: ignore[return-value]

    @grad.setter
    def grad(self, grad: Tensor | None) -> None:
        for watch in grad_watchers:
            watch(self, True)
        self._grad = grad

    def name(self) -> str:
        """What the operation is called."""
        return "AccumulateGrad" if self.op is None else self.op.name

    def __repr__(self) -> str:
        return f"<{self.name()}>"

    def held_values(self) -> Sequence[Value]:
        """See values.Holder."""
        return [
            v for s in self.saved for v in (s if type(s) is tuple else (s,)) if type(v) is Value
        ]

    def release(self) -> None:
        """Let go of the saved elements after a backward pass; without any, there may be another."""
        release = getattr(self.op, "release", None)  # of a custom Function
        if release is not None:
            release()
        for s in self.saved:
            if not _is_fact(s):
                self.saved = ()
                self.versions = ()
                self.released = True
                return


class Output:
    """The op of a node for one of `count` results; its one edge is the node of them all."""

    name = "output"

    def __init__(self, index: int, count: int) -> None:
        self.index = index
        self.count = count


class Needs(NamedTuple):
    """What rules ask for, but for g: `names`, and for each of them the place of its argument, -1
    for the output, with the fact of it that is meant, "" for itself."""

    names: tuple[str, ...]
    sources: tuple[tuple[int, str], ...]


@lru_cache(16384)
def needs(op: Op, wanted: tuple[bool, ...]) -> Needs:
    """What the rules of the wanted operands of `op` ask for."""
    if op.variadic:
        rules = [op.rules.get(op.params[0])]
    else:
        rules = [op.rules.get(p) for p, w in zip(op.params, wanted, strict=False) if w]
    asked = [name for rule in rules if rule is not None for name in rule[0].needs]
    names = tuple(name for name in dict.fromkeys(asked) if name not in ("g", "spent"))
    sources = []
    for name in names:
        if name == "out":
            sources.append((-1, ""))
        elif name in op.params:
            sources.append((op.params.index(name), ""))
        else:
            argument, _, fact = name.rpartition("_")
            sources.append((op.params.index(argument), fact))
    return Needs(names, tuple(sources))


def save(node: Node, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> None:
    """Keep in `node` what the rules of its operands ask for: operands, parameters, the output, or
    facts of them."""
    op = node.op
    node.names, sources = needs(op, node.wanted)
    if not sources:
        return
    if op.variadic:
        args = op.complete((args,), kwargs)
    elif len(args) < len(op.params):
        args = op.complete(args, {})
    saved: list[Any] = []
    versions: list[Any] = []
    for place, fact in sources:
        source = out if place < 0 else args[place]
        version: Any = 0
        if fact:
            source = _fact(source, fact)
        elif type(source) is Tensor or isinstance(source, Tensor):
            source = source._value
            if source.buffer is None:
                version = source.version
                _keep(node, source)
            else:
                version = source.buffer.version
        elif type(source) is tuple:
            source, version = _several(node, source)
        saved.append(source)
        versions.append(version)
    node.saved = tuple(saved)
    node.versions = tuple(versions)


def _fact(source: Any, fact: str) -> Any:
    """The shape, dtype, ... of a Tensor, or of each of several; None for what has none."""
    if isinstance(source, tuple):
        return [_fact(s, fact) for s in source]
    if fact == "shape" and isinstance(source, Tensor):
        return source._value.shape  # a plain tuple: nobody outside sees it
    return getattr(source, fact, None)


def _keep(node: Node, value: Value) -> None:
    """Note that pending `value`, whose elements are to be kept, is saved in `node`."""
    value.owner = owner = weakref.ref(node)
    _hold(owner)


def _several(node: Node, sources: tuple[Any, ...]) -> tuple[Any, Any]:
    """The Values and versions of Tensors in a tuple; what else is in it stays as it is."""
    values = tuple([s._value if isinstance(s, Tensor) else s for s in sources])
    for value in values:
        if type(value) is Value and value.buffer is None:
            _keep(node, value)
    return values, tuple([version_of(v) if type(v) is Value else 0 for v in values])


def resave(node: Node, value: Value, instead: Value | None = None) -> None:
    """The elements of `value`, if saved, are now those of `instead`, or were just put in place."""
    now = value if instead is None else instead
    if now.buffer is None:
        _keep(node, now)
    saved, versions = list(node.saved), list(node.versions)
    for i, s in enumerate(saved):
        if s is value:
            saved[i], versions[i] = now, version_of(now)
        elif type(s) is tuple and any(v is value for v in s):
            saved[i] = tuple([now if v is value else v for v in s])
            versions[i] = tuple(
                [version_of(now) if v is value else n for v, n in zip(s, versions[i], strict=True)]
            )
    node.saved, node.versions = tuple(saved), tuple(versions)


def require_unchanged(node: Node) -> None:
    """Raise GradientError if a saved value was changed in place since."""
    for name, saved, version in zip(node.names, node.saved, node.versions, strict=True):
        if type(saved) is Value:
            if version_of(saved) != version:
                raise _changed(node.op.name, name, saved, version)
        elif type(version) is tuple:
            for value, its in zip(saved, version, strict=True):
                if type(value) is Value and version_of(value) != its:
                    raise _changed(node.op.name, name, value, its)


def _changed(operation: str, name: str, value: Value, version: int) -> GradientError:
    if changer_of(value) == SPENT:
        return GradientError(
            f"backward: {operation} saved '{name}' (shape {value.shape}) for its derivative, which "
            "an earlier backward wrote over before it failed; compute the output again"
        )
    return GradientError(
        f"backward: {operation} saved '{name}' (shape {value.shape}, version {version}) for its "
        f"derivative, and {changer_of(value)} changed it in place since (version "
        f"{version_of(value)}); change a copy (.clone()) instead"
    )


def uses_of_leaves(roots: Sequence[Node], useful: set[Node] | None) -> dict[Node | None, int]:
    """How many edges of nodes below `roots` lead to each leaf that has an AfterGradient."""
    found: dict[Node | None, int] = {}
    seen, stack = set(roots), list(roots)
    while stack:
        node = stack.pop()
        for edge in node.edges:
            if edge is None or (useful is not None and edge not in useful):
                continue
            if edge.op is None and AfterGradient in map(type, edge.hooks or ()):
                found[edge] = found.get(edge, 0) + 1
            elif edge not in seen:
                seen.add(edge)
                stack.append(edge)
    return found


def hooks_of_parts(uses: dict[Node | None, int]) -> dict[Node, Callable[[Any], Any]]:
    """What changes the parts of the gradients of leaves that several edges lead to."""
    found: dict[Node, Callable[[Any], Any]] = {}
    for leaf, edges in uses.items():
        for hook in (leaf.hooks or ()) if leaf is not None and edges > 1 else ():
            if type(hook) is AfterGradient and hook.of_part is not None:
                found[leaf] = hook.of_part
    return found
