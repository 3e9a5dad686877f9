"""Nodes of the recorded graph, and what they keep for the derivative rules.

Nodes point at nodes, never at Variables, so a graph keeps alive only what the rules named.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

from cltensor.codegen import Shape
from cltensor.device import Device
from cltensor.errors import GradientError
from cltensor.op import Op
from cltensor.tensor import Tensor

if TYPE_CHECKING:
    from cltensor.autograd.variable import Variable

_sequence = count()


class Node:
    """A recorded operation, or a leaf (op None): where the gradient of one value arrives.

    edges are the nodes of the operands (None for those without gradient); saved holds what the
    rules of the wanted operands named. retain says that `grad` keeps the gradient.
    """

    __slots__ = (
        "device",
        "dtype",
        "edges",
        "grad",
        "hooks",
        "op",
        "order",
        "released",
        "retain",
        "saved",
        "shape",
        "versions",
    )

    def __init__(self, data: Tensor, op: Any = None, edges: tuple[Node | None, ...] = ()) -> None:
        self.op = op
        self.edges = edges
        self.shape: Shape = data.shape
        self.dtype: np.dtype = data.dtype
        self.device: Device = data.device
        self.order = next(_sequence)
        self.grad: Variable | None = None
        self.retain = op is None
        self.hooks: list[Callable[[Variable], Any]] | None = None
        self.saved: tuple[Any, ...] = ()
        self.versions: tuple[int, ...] = ()
        self.released = False

    @property
    def next_functions(self) -> tuple[tuple[Node | None, int], ...]:
        """The nodes of the operands, each with 0, as PyTorch shows them."""
        return tuple([(edge, 0) for edge in self.edges])

    def __repr__(self) -> str:
        return f"<{'AccumulateGrad' if self.op is None else self.op.name}>"

    def release(self) -> None:
        """Let go of the saved values after a backward pass."""
        self.saved = ()
        self.versions = ()
        self.released = True


@cache
def needed(op: Op, wanted: tuple[bool, ...]) -> tuple[str, ...]:
    """The names that the rules of the wanted operands of `op` ask for, but for g."""
    if op.variadic:
        rules = [op.rules.get(op.params[0])]
    else:
        rules = [op.rules.get(p) for p, w in zip(op.params, wanted, strict=False) if w]
    names = [name for rule in rules if rule is not None for name in rule.needs]
    return tuple(name for name in dict.fromkeys(names) if name != "g")


@cache
def _sources(op: Op, names: tuple[str, ...]) -> tuple[tuple[int, str], ...]:
    """For each of `names` the place of its argument, -1 for the output, and which fact of it is
    meant, "" for itself."""
    sources = []
    for name in names:
        if name == "out":
            sources.append((-1, ""))
        elif name in op.params:
            sources.append((op.params.index(name), ""))
        else:
            argument, _, fact = name.rpartition("_")
            sources.append((op.params.index(argument), fact))
    return tuple(sources)


def save(
    node: Node,
    op: Op,
    names: tuple[str, ...],
    raw: Sequence[Any],
    kwargs: dict[str, Any],
    out: Tensor,
) -> None:
    """Keep in `node` what `names` stand for: operands (`raw`), parameters, the output, or facts."""
    given: Sequence[Any] = raw
    if op.variadic or len(raw) < len(op.params):
        bound = op.bind(tuple(raw), kwargs)
        given = [bound.get(param) for param in op.params]
    saved: list[Any] = []
    for place, fact in _sources(op, names):
        source = out if place < 0 else given[place]
        if fact:
            many = isinstance(source, tuple)
            source = [getattr(s, fact) for s in source] if many else getattr(source, fact, None)
        saved.append(source)
    node.saved = tuple(saved)
    node.versions = tuple([s._version if type(s) is Tensor else 0 for s in saved])


def require_unchanged(op: Any, names: Sequence[str], node: Node) -> None:
    """Raise GradientError if a saved value was changed in place since."""
    for name, saved, version in zip(names, node.saved, node.versions, strict=True):
        if type(saved) is Tensor and saved._version != version:
            raise GradientError(
                f"backward: {op.name} saved '{name}' for its derivative and it was changed in "
                "place since; assign to a copy (.clone()) instead"
            )
