"""The backward pass: visit nodes from the newest to the oldest, without recursion."""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, ClassVar

from cltensor.autograd.graph import (
    Node,
    Output,
    hooks_of_parts,
    require_unchanged,
    uses_of_leaves,
)
from cltensor.autograd.rules import KEPT, by_rules, in_float32, reads_complex
from cltensor.autograd.saved import Packed
from cltensor.core.casting import casting, switch
from cltensor.core.hooks import AfterGradient
from cltensor.core.mode import mode
from cltensor.core.op import Op
from cltensor.core.tensor import Tensor, show
from cltensor.dtypes import FRACTIONAL, SHORT, float32
from cltensor.errors import DeviceError, DTypeError, GradientError, ShapeError
from cltensor.lazy.codegen import Shape
from cltensor.lazy.values import Value
from cltensor.lazy.writes import Place, overlaps_itself, place_of, write
from cltensor.ops.elementwise.cast import as_gradient, astype, conj, conj_physical, full
from cltensor.ops.reduce.fold import sum as sum_over
from cltensor.ops.shape.cut import cut_op, cut_view, slice_backward
from cltensor.ops.shape.view import reshape
from cltensor.runtime.memory import next_serial


class _Running(threading.local):
    """The passes that run in this thread, the innermost last."""

    def __init__(self) -> None:
        self.passes: list[Pass] = []


running = _Running()


class Pass:
    """One backward pass.

    With targets, only the nodes that lead to one of them are visited; their gradients are returned
    or, with accumulate, added to what the targets have; with stop, none is handed on from a target
    to what it was made of. Without keep, nodes let go of what they saved. With create_graph, the
    pass is recorded itself.

    >>> x = ct.ones(2, requires_grad=True)
    >>> of_x = ct.autograd.Pass([x.node], keep=False, create_graph=False, accumulate=False)
    >>> of_x.run([x.sum()], [None])[x.node]
    tensor([1., 1.])
    """

    #: In anomaly mode, what asks for the gradients of a node: called with `_gradients`, node and g.
    watched: ClassVar[Callable[..., Sequence[Any]] | None] = None
    #: In anomaly mode, what looks at the outputs when their gradients are propagated.
    ended: ClassVar[Callable[..., None] | None] = None

    def __init__(
        self, targets: Sequence[Node] | None, keep: bool, create_graph: bool,
        accumulate: bool = True, stop: bool = False,
    ) -> None:  # fmt: skip
        self._targets = None if targets is None else set(targets)
        self._keep = keep
        self._create_graph = create_graph
        #: Whether rules may write into what their node saved: nobody reads it any more.
        self._spends = not (keep or create_graph)
        self._accumulates = accumulate
        self._ends = self._targets if stop and self._targets else ()
        self._useful: set[Node] | None = None
        self._pending: dict[Node, Any] = {}
        #: Nodes whose gradient is a sum.
        self._sums: set[Node] = set()
        #: Nodes whose pending gradient is that of parts, in zeros of its own.
        self._padded: set[Node] = set()
        self._heap: list[tuple[int, Node]] = []
        #: Leaves whose hooks are called once their gradient is there, while the pass goes on, and
        #: how many nodes may still give them a part of it.
        self._missing: dict[Node | None, int] = {}
        #: What changes the parts of leaves that get several.
        self._of_parts: dict[Node, Callable[[Any], Any]] = {}
        #: Where in which buffers, by serial, is what somebody else than this pass may know; the
        #: rest is ours to give away.
        self._known: dict[int, list[Place]] = {}
        self._start = -1
        self._roots: Sequence[Node] = ()
        #: Called in turn when the pass has come to its end.
        self.at_end: list[Callable[[], None]] = []

    def run(self, outputs: Sequence[Tensor], gradients: Sequence[Any]) -> dict[Node, Tensor]:
        """Propagate the `gradients` of `outputs`; the gradients of the targets by node."""
        found: dict[Node, Tensor] = {}
        nodes = []
        for output, gradient in zip(outputs, gradients, strict=True):
            node = output.node
            seed = self._seed(output, node, gradient)
            output.realize()
            assert node is not None  # _seed refuses a value without graph
            nodes.append(node)
            self._arrive(node, seed)
        self._start = next_serial()
        if self._targets is not None:
            self._useful = _ancestors(nodes, self._targets)
        if self.watched is not None:
            vars(self)["_gradients"] = partial(self.watched, self._gradients)
        self._roots = nodes
        if AfterGradient.were_added:
            self._missing = uses_of_leaves(nodes, self._useful)
            self._of_parts = hooks_of_parts(self._missing)
        before = mode.enabled
        cast = None if casting.dtypes is None else switch(None)  # rules compute as they were given
        try:
            running.passes.append(self)
            mode.enabled = self._create_graph
            self._propagate(found)
        finally:
            mode.enabled = before
            running.passes.pop()
            if cast is not None:
                switch(cast)
        if self.ended is not None:
            self.ended(outputs)
        for call in self.at_end:
            call()
        return found

    def reaches(self, nodes: Sequence[Node]) -> list[bool]:
        """Whether each of `nodes` gets a gradient in this pass."""
        if self._useful is not None:
            return [n in self._useful or n in self._roots for n in nodes]
        below = _ancestors(self._roots, set(nodes))
        return [n in below for n in nodes]

    def _propagate(self, found: dict[Node, Tensor]) -> None:
        while self._heap:
            node = heapq.heappop(self._heap)[1]
            if node not in self._pending:
                continue  # a leaf that was visited before
            self._visit(node, found)
            for edge in node.edges if self._missing else ():
                if edge in self._missing:
                    self._missing[edge] -= 1
                    if not self._missing[edge] and edge in self._pending:
                        self._visit(edge, found)

    def _visit(self, node: Node, found: dict[Node, Tensor]) -> None:
        g = self._pending.pop(node)
        if node.hooks:
            g = self._call_hooks(node, g)
        wanted = self._targets is not None and node in self._targets
        # What retain_grad() keeps, it keeps in every pass; a leaf, where none is named.
        if wanted and not self._accumulates:
            found[node] = self._own(g)
            if node.retain and node.op is not None:
                self._accumulate(node, g)
        elif wanted or (node.retain and (self._targets is None or node.op is not None)):
            self._accumulate(node, g)
        if node.op is not None and node not in self._ends:
            self._pass_on(node, g)

    def _arrive(self, node: Node, g: Any) -> None:
        if node in self._of_parts:
            g = self._of_parts[node](g)
        is_sum = node in self._pending
        if is_sum:
            self._padded.discard(node)
            g = self._pending.pop(node) + g  # which nobody else holds, lest it be stored as well
        else:
            heapq.heappush(self._heap, (-node.order, node))
        if node.op is None or node in self._sums:
            # Leaves, and what many parts of are used, may come late. A pending gradient would keep
            # all that it is made of until then.
            g.realize()
        elif is_sum:
            self._sums.add(node)
        self._pending[node] = g

    def _pass_on(self, node: Node, g: Any) -> None:
        if type(node.op) is Output:
            self._collect(node, g)
            return
        if node.op is cut_op and self._add_part(node, g):
            return
        for edge, gradient in zip(node.edges, self._gradients(node, g), strict=True):
            if edge is not None and gradient is not None:
                self._arrive(edge, self._fit(gradient, edge))
        if not self._keep:
            node.release()

    def _add_part(self, node: Node, g: Any) -> bool:
        """Add g, the gradient of a part of `node`'s operand, where those of other parts are: one
        buffer, zeros at first, serves them all. Whether it was done."""
        whole = node.edges[0]
        if whole is None or type(g) is not Tensor or self._create_graph or self.watched is not None:
            return False
        if whole in self._of_parts:
            return False
        cut, pending = node.saved[node.names.index("cut")], self._pending.get(whole)
        if pending is not None and whole in self._padded:
            place = cut_view(pending, cut)
            write(place._value, (place + g)._value, "backward")
            return True
        if pending is None and (self._useful is None or whole in self._useful):
            self._arrive(whole, slice_backward(g, cut, whole.shape))
            self._padded.add(whole)
            return True
        return False

    @staticmethod
    def _fit(gradient: Any, edge: Node) -> Any:
        """`gradient` summed and cast to what the value behind `edge` is."""
        value = gradient._value
        if value.shape != edge.shape:
            gradient = _unbroadcast(gradient, edge.shape)
        if value.dtype is not edge.dtype and gradient.dtype != edge.dtype:
            gradient = as_gradient(gradient, edge.dtype)
        return gradient

    def _collect(self, output: Node, g: Any) -> None:
        """Note the gradient of one of several results at the node of them all."""
        node = output.edges[0]
        assert node is not None
        assert isinstance(output.op, Output)
        if node not in self._pending:
            heapq.heappush(self._heap, (-node.order, node))
            self._pending[node] = [None] * output.op.count
        gradients, index = self._pending[node], output.op.index
        before = gradients[index]
        gradients[index] = g if before is None else before + g

    def _seed(self, output: Tensor, node: Node | None, gradient: Any) -> Tensor:
        if node is None:
            raise GradientError(
                "backward: this value does not depend on any tensor that requires a gradient"
            )
        if gradient is None:
            if output.size != 1:
                raise GradientError(
                    f"backward: the output has shape {output.shape}, not a single element; pass a "
                    "gradient of that shape, or reduce it first, for example with .sum()"
                )
            if output.dtype.kind == "c":
                raise GradientError(
                    f"backward: the output is {output.dtype.name}, whose gradient has a direction; "
                    "pass a gradient, or reduce it to a real number, for example with .abs()"
                )
            return full(output.shape, 1, output.dtype, output.device)
        if not isinstance(gradient, Tensor):
            gradient = Tensor(Tensor._from_data(gradient, dtype=output.dtype, device=output.device))
        if gradient.shape != output.shape:
            raise ShapeError(
                f"backward: a gradient of shape {gradient.shape} does not fit an output of shape "
                f"{output.shape}"
            )
        if gradient.device is not output.device:
            raise DeviceError(
                f"backward: the output is on '{output.device}', its gradient on "
                f"'{gradient.device}'; move it with .to('{output.device}')"
            )
        if not self._create_graph:
            gradient = gradient.detach()
        self._know(gradient)
        return gradient if gradient.dtype == output.dtype else astype(gradient, output.dtype)

    def _know(self, g: Any) -> None:
        """Note that the user may hold g."""
        if isinstance(g, Tensor):
            self._known.setdefault(g.buffer.serial, []).append(place_of(g._value))

    def _is_known(self, g: Any) -> bool:
        """Whether somebody else may know elements of g."""
        places = self._known.get(g.buffer.serial)
        return places is not None and any(map(place_of(g._value).meets, places))

    def _call_hooks(self, node: Node, g: Any) -> Any:
        current = g
        for hook in list(node.hooks or ()):
            if type(hook) is AfterGradient:
                continue
            self._know(current)
            changed = hook(current)
            if changed is not None:
                _require_alike(changed, current)
                current = changed
        self._know(current)
        return current if self._create_graph else current.detach()

    def _accumulate(self, node: Node, g: Any) -> None:
        with node.device.lock:  # other threads may be adding theirs
            before = node.grad
            if before is None:
                node.grad = self._own(g)
            elif self._create_graph or before.requires_grad or not _is_writable(before):
                node.grad = before + g
            else:
                write(before.realize()._value, (before + g)._value, "backward")
        for hook in list(node.hooks or ()):
            if type(hook) is AfterGradient:
                self._know(node.grad)
                hook()

    def _own(self, g: Any) -> Tensor:
        """g with elements of its own: rules like add's give both operands the same gradient, and
        changing one gradient in place must not change the other, nor anything else."""
        if self._create_graph and g.node is not None:
            return g + 0 if self._is_known(g) else self._given(g)
        if g.buffer.serial < self._start or not g._value.is_contiguous() or self._is_known(g):
            g = g.clone().realize()
        return self._given(g)

    def _given(self, g: Tensor) -> Tensor:
        self._know(g)
        if self._create_graph:
            return g
        return Tensor(g._value)  # without the history of a view

    def _gradients(self, node: Node, g: Any) -> Sequence[Any]:
        """The gradient for each operand of `node`, None where none is wanted."""
        op = node.op
        if node.released:
            raise GradientError(
                f"backward: the graph of {op.name} was already used and released; call the first "
                "backward with retain_graph=True"
            )
        if not isinstance(op, Op):  # a Function's node knows its gradients itself
            results: Sequence[Any] = op.gradients(g, self._create_graph)
            for result in results:
                self._know(result)
            return results
        require_unchanged(node)
        known: dict[str, Any] = {"g": g, "spent": self._spends}
        for name, saved in zip(node.names, node.saved, strict=True):
            if type(saved) is Value and not self._create_graph:
                known[name] = _shown(saved, None)
            else:
                known[name] = self._restored(node, op, name, saved)
                if type(saved) is Packed or (type(saved) is tuple and Packed in map(type, saved)):
                    known["spent"] = False  # a hook gave it, and may give it again
        wanted, useful = node.wanted, self._useful
        if useful is not None:
            wanted = tuple([e is not None and e in useful for e in node.edges])
        if type(g) is Tensor and g._value.dtype is float32:
            return by_rules(op, wanted, known)
        if type(g) is Tensor and g._value.dtype.kind == "c" and reads_complex(op, node.saved):
            known["g"] = conj_physical(g)
            return [r if r is None else conj(r) for r in by_rules(op, wanted, known)]
        short = any(x is not None and x.dtype in SHORT for x in (g if type(g) is list else [g]))
        if short and not op.rules_take_halves:
            # The derivative is one operation, too, and rounded once, where it arrives.
            known = {name: in_float32(value) for name, value in known.items()}
        return by_rules(op, wanted, known)

    def _restored(self, node: Node, op: Op, name: str, saved: Any) -> Any:
        """Saved Values as Tensors; where the pass is recorded, as what they were in the graph, so
        that a rule's own operations are recorded."""
        if type(saved) in KEPT:
            edge = None
            if self._create_graph:
                edge = node if name == "out" else node.edges[op.params.index(name)]
            return _shown(_value(saved), edge)
        if type(saved) is tuple and any(type(s) in KEPT for s in saved):
            saved = tuple([_value(s) if type(s) in KEPT else s for s in saved])
            count = len(saved)
            edges: Sequence[Node | None] = [None] * count
            if self._create_graph and name == "out":
                edges = [
                    Node(_shown(s, None), Output(k, count), (node,))
                    if s.dtype.kind in FRACTIONAL
                    else None
                    for k, s in enumerate(saved)
                ]
            elif self._create_graph and op.variadic and name == op.params[0]:
                edges = node.edges
            return tuple(
                [_shown(s, e) if type(s) is Value else s for s, e in zip(saved, edges, strict=True)]
            )
        return saved


def _require_alike(changed: Any, g: Tensor) -> None:
    """Raise unless what a hook returned can take the place of the gradient g."""
    if not isinstance(changed, Tensor):
        raise DTypeError(
            f"backward: a hook returned {show(changed)}, which is no gradient; return a tensor, or "
            "None to leave the gradient as it is"
        )
    found, wanted = [(x.shape, x.dtype.name, x.device.name) for x in (changed, g)]
    if found != wanted:
        kinds = (ShapeError, DTypeError, DeviceError)
        raise next(k for k, a, b in zip(kinds, found, wanted, strict=True) if a != b)(
            f"backward: a hook returned a tensor of shape {found[0]} and {found[1]} on "
            f"'{found[2]}' for a gradient of shape {wanted[0]} and {wanted[1]} on '{wanted[2]}'; "
            "return one that is like it"
        )


def _value(saved: Any) -> Value:
    """What was saved, as it is or packed."""
    return saved if type(saved) is Value else saved.restore()._value


def _is_writable(gradient: Tensor) -> bool:
    return not overlaps_itself(gradient.shape, gradient.strides)


def _shown(value: Value, node: Node | None) -> Tensor:
    """A Tensor for a rule, which does not claim `value` for itself."""
    shown = Tensor.__new__(Tensor)
    shown._value = value
    shown._node = node
    shown._view = None
    return shown


def _ancestors(roots: Sequence[Node], targets: set[Node]) -> set[Node]:
    """The nodes below `roots` from which a target can be reached."""
    reached: set[Node] = set()
    seen: dict[int, Node] = {}
    stack = list(roots)
    while stack:
        node = stack.pop()
        if node.order not in seen:
            seen[node.order] = node
            stack.extend([e for e in node.edges if e is not None])
    for order in sorted(seen):  # operands were made before their results
        node = seen[order]
        if node in targets or any(e in reached for e in node.edges):
            reached.add(node)
    return reached


def _unbroadcast(gradient: Any, shape: Shape) -> Any:
    """The sum of `gradient` over the axes along which `shape` was broadcast."""
    given = gradient._value.shape
    lead = len(given) - len(shape)
    if lead < 0:
        raise ShapeError(f"backward: a rule gave shape {given} for operand {shape}")
    axes = tuple([d for d, n in enumerate(given) if n != 1 and (d < lead or shape[d - lead] == 1)])
    if axes and axes[-1] < lead:
        gradient = sum_over(gradient, tuple(range(lead)))
    elif axes:
        gradient = sum_over(gradient, axes, True)
    return gradient if gradient._value.shape == shape else reshape(gradient, shape)
