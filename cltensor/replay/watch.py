"""What a call does to gradients, and which objects it uses, seen while it is recorded."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterable, Sequence
from typing import Any

from cltensor.autograd import graph
from cltensor.autograd.graph import Node, Promise
from cltensor.core import hooks as graph_hooks
from cltensor.core.batched import whole_of
from cltensor.core.hooks import watchers
from cltensor.core.tensor import Tensor
from cltensor.replay.arguments import Arguments
from cltensor.replay.guards import Surroundings

UNREAD = object()  # in place of a gradient that the call set before it read it


class LeafGradient:
    """What a call did to the gradient of one leaf, `node`, that of argument `argument` or, for -1,
    of a tensor that the function reached by itself.

    before: what it found there, `UNREAD` if it did not look; after: the number of the outcome that
    it left there, None for nothing.
    """

    __slots__ = ("after", "argument", "before", "node")

    def __init__(self, node: Node, argument: int, before: Any) -> None:
        self.node = node
        self.argument = argument
        self.before = before
        self.after: int | None = None

    def of(self, arguments: Arguments) -> Node | None:
        """The leaf's node in another call."""
        return self.node if self.argument < 0 else arguments.tensors[self.argument].node


class Watch:
    """Sees, while a call of this thread is recorded, what operations and modules are used on, and
    which gradients are read or set."""

    def __init__(
        self,
        surroundings: Surroundings,
        tensors: Sequence[Tensor],
        reached: Iterable[Tensor] = (),
    ) -> None:
        self.seen: dict[int, weakref.ref[Tensor]] = {}
        self.grads: dict[Node, LeafGradient] = {}
        self._surroundings = surroundings
        self._tensors = tensors
        self._there = [*tensors, *reached]
        self._thread = threading.get_ident()
        #: Tensors outside the graph that have no gradient, and were asked for it.
        self.without: dict[int, Tensor] = {}
        self._start = graph.next_order()
        self.has_kept_gradient = False

    def operands(self, operands: Iterable[Any]) -> None:
        """See graph_hooks.watchers."""
        if threading.get_ident() != self._thread:
            return
        for x in operands:
            if isinstance(x, Tensor):
                x = whole_of(x)
                base = x if x._view is None else x._view.base
                self.seen[id(base)] = weakref.ref(base)
            elif type(x) in (tuple, list):
                self.operands(x)
            else:
                self._surroundings.note(x)

    def gradient(self, node: Node, is_set: bool) -> None:
        """See graph.grad_watchers."""
        if threading.get_ident() == self._thread and node not in self.grads and not self.made(node):
            places = [k for k, t in enumerate(self._tensors) if t._node is node]
            if type(node._grad) is Promise:
                node._grad = node._grad.fill()
            before = UNREAD if is_set else node._grad
            self.grads[node] = LeafGradient(node, places[0] if places else -1, before)

    def made(self, node: Node | None) -> bool:
        """Whether a node is of a tensor that the call itself made, as each call makes another."""
        if node is None or node.order < self._start:
            return False
        return all(t._node is not node for t in self._there)

    def has_marks(self, t: Tensor) -> bool:
        """Whether a tensor that the call made has a gradient, or attributes that somebody gave it:
        the one of a replay would have none."""
        if any(known is t for known in self._there):
            return False
        return bool(vars(t)) or (self.made(t._node) and t._node._grad is not None)

    def kept_gradient(self, tensor: Tensor, gradient: Tensor | None) -> None:
        """See graph_hooks.grad_watchers."""
        if threading.get_ident() == self._thread:
            self.without[id(tensor)] = tensor
            self.has_kept_gradient |= gradient is not None

    def start(self) -> None:
        """See, from now on."""
        for places, see in self._entries():
            places.append(see)

    def stop(self) -> None:
        """See no more; a second call does nothing."""
        for places, see in self._entries():
            if see in places:
                places.remove(see)

    def _entries(self) -> list[tuple[list[Any], Any]]:
        return [
            (watchers, self.operands),
            (graph.grad_watchers, self.gradient),
            (graph_hooks.grad_watchers, self.kept_gradient),
        ]
