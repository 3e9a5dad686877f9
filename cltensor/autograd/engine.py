"""The backward pass: visit nodes from the newest to the oldest, without recursion."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cltensor.autograd.graph import Node, needed, require_unchanged
from cltensor.autograd.mode import set_grad_enabled
from cltensor.codegen import Shape
from cltensor.errors import DeviceError, GradientError, ShapeError
from cltensor.op import Op
from cltensor.ops.pointwise import astype, full
from cltensor.ops.reduce import sum as sum_over
from cltensor.ops.shape import reshape
from cltensor.tensor import Tensor

if TYPE_CHECKING:
    from cltensor.autograd.variable import Variable


class Pass:
    """One backward pass.

    variable is the class of Variables. With targets, only the nodes that lead to one of them are
    visited, and their gradients are returned instead of accumulated. Without keep, nodes let go of
    what they saved. With create_graph, gradients are Variables and the pass is recorded itself;
    else they are Tensors.
    """

    def __init__(
        self,
        variable: type[Variable],
        targets: Sequence[Node] | None,
        keep: bool,
        create_graph: bool,
    ) -> None:
        self._variable = variable
        self._targets = None if targets is None else set(targets)
        self._keep = keep
        self._create_graph = create_graph
        self._useful: set[Node] | None = None
        self._pending: dict[Node, Any] = {}
        self._heap: list[tuple[int, Node]] = []

    def run(self, outputs: Sequence[Variable], gradients: Sequence[Any]) -> dict[Node, Variable]:
        """Propagate the `gradients` of `outputs`; the gradients of the targets by node."""
        found: dict[Node, Variable] = {}
        for output, gradient in zip(outputs, gradients, strict=True):
            seed = self._seed(output, gradient)
            output.data.realize()
            assert output.node is not None  # _seed refuses a value without graph
            self._arrive(output.node, seed if self._create_graph else seed.data)
        if self._targets is not None:
            self._useful = _ancestors([o.node for o in outputs], self._targets)
        with set_grad_enabled(self._create_graph):
            while self._heap:
                node = heapq.heappop(self._heap)[1]
                g = self._pending.pop(node)
                if node.hooks:
                    g = self._call_hooks(node, g)
                if self._targets is None and node.retain:
                    self._accumulate(node, g)
                elif self._targets is not None and node in self._targets:
                    found[node] = self._own(g)
                if node.op is not None:
                    self._pass_on(node, g)
        return found

    def _arrive(self, node: Node, g: Any) -> None:
        if node in self._pending:
            g = self._pending[node] + g
        else:
            heapq.heappush(self._heap, (-node.order, node))
        if node.op is None:
            # Leaves come last. A pending gradient would keep what it is made of until then.
            g.realize()
        self._pending[node] = g

    def _pass_on(self, node: Node, g: Any) -> None:
        for edge, gradient in zip(node.edges, self._gradients(node, g), strict=True):
            if edge is not None and gradient is not None:
                self._arrive(edge, _fit(gradient, edge))
        if not self._keep:
            node.release()

    def _seed(self, output: Variable, gradient: Any) -> Variable:
        if output.node is None:
            raise GradientError(
                "backward: this value does not depend on any Variable that requires a gradient"
            )
        if gradient is None:
            if output.size != 1:
                raise GradientError(
                    f"backward: the output has shape {output.shape}, not a single element; pass a "
                    "gradient of that shape, or reduce it first, for example with .sum()"
                )
            return self._variable(full(output.shape, 1, output.dtype, output.device))
        gradient = self._wrap(gradient)
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
        return gradient if gradient.dtype == output.dtype else astype(gradient, output.dtype)

    def _wrap(self, g: Any) -> Variable:
        return g if isinstance(g, self._variable) else self._variable(g)

    def _call_hooks(self, node: Node, g: Any) -> Any:
        current = self._wrap(g)
        for hook in list(node.hooks or ()):
            changed = hook(current)
            if changed is not None:
                current = self._wrap(changed)
        return current if self._create_graph else current.data

    def _accumulate(self, node: Node, g: Any) -> None:
        g = self._wrap(g)
        before = node.grad
        if before is not None and node.device.recorder is not None:
            node.device.recorder.rebinds(
                ("grad", id(node)),
                before.data,
                lambda: before.data if node.grad is None else node.grad.data,
                lambda data: setattr(node, "grad", self._variable(data)),
            )
        node.grad = self._own(g) if before is None else before + g

    def _own(self, g: Any) -> Variable:
        """g as a Variable with a Tensor of its own: a rule like add's gives both operands the same
        one, and changing one gradient in place must not change the other."""
        data, node = (g._data, g.node) if isinstance(g, self._variable) else (g, None)
        return self._variable(Tensor(data._value), node=node)

    def _gradients(self, node: Node, g: Any) -> list[Any]:
        """The gradient for each operand of `node`, None where none is wanted."""
        op = node.op
        if node.released:
            raise GradientError(
                f"backward: the graph of {op.name} was already used and released; call the first "
                "backward with retain_graph=True"
            )
        edges = node.edges
        wanted = tuple(
            [e is not None and (self._useful is None or e in self._useful) for e in edges]
        )
        if not isinstance(op, Op):  # a Function's node knows its gradients itself
            return op.gradients(g, self._create_graph)
        names = needed(op, tuple([e is not None for e in edges]))
        require_unchanged(op, names, node)
        known = dict(zip(names, node.saved, strict=True))
        if self._create_graph:
            known = {name: self._relink(node, op, name, s) for name, s in known.items()}
        known["g"] = g
        if op.variadic:
            rule = _rule(op, op.params[0])
            results = rule.function(*[known[n] for n in rule.needs])
            return [r if w else None for r, w in zip(results, wanted, strict=True)]
        results = []
        for param, w in zip(op.params, wanted, strict=False):
            if w:
                rule = _rule(op, param)
                results.append(rule.function(*[known[n] for n in rule.needs]))
            else:
                results.append(None)
        return results

    def _relink(self, node: Node, op: Op, name: str, saved: Any) -> Any:
        """A saved Tensor as the Variable it was, so that a rule's own operations are recorded."""
        if type(saved) is Tensor:
            if name == "out":
                return self._variable(saved, node=node)
            return self._variable(saved, node=node.edges[op.params.index(name)])
        if op.variadic and name == op.params[0]:
            return [self._variable(s, node=e) for s, e in zip(saved, node.edges, strict=True)]
        return saved


def _ancestors(roots: Sequence[Node | None], targets: set[Node]) -> set[Node]:
    """The nodes below `roots` from which a target can be reached."""
    reached: set[Node] = set()
    seen: dict[int, Node] = {}
    stack = [r for r in roots if r is not None]
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


def _fit(gradient: Any, edge: Node) -> Any:
    """`gradient` summed and cast to what the value behind `edge` is."""
    if gradient.shape != edge.shape:
        gradient = _unbroadcast(gradient, edge.shape)
    if gradient.dtype is not edge.dtype and gradient.dtype != edge.dtype:
        gradient = astype(gradient, edge.dtype)
    return gradient


def _unbroadcast(gradient: Any, shape: Shape) -> Any:
    """The sum of `gradient` over the axes along which `shape` was broadcast."""
    given = gradient.shape
    lead = len(given) - len(shape)
    if lead < 0:
        raise ShapeError(f"backward: a rule gave shape {given} for operand {shape}")
    axes = tuple([d for d, n in enumerate(given) if n != 1 and (d < lead or shape[d - lead] == 1)])
    if axes and axes[-1] < lead:
        gradient = sum_over(gradient, tuple(range(lead)))
    elif axes:
        gradient = sum_over(gradient, axes, True)
    return gradient if gradient.shape == shape else reshape(gradient, shape)


def _rule(op: Op, argument: str) -> Any:
    rule = op.rules.get(argument)
    if rule is None:
        raise GradientError(
            f"backward: {op.name} has no derivative with respect to '{argument}'; detach it, or "
            "declare a rule"
        )
    return rule
