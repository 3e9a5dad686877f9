"""Gradients inside `vmap`: of examples, and for a batch of weights.

The graph is that of whole batches. Where what is differentiated by has all batches that the outputs
have, each example's gradient is its own. A batch that only the weights have goes through the graph
on top: nothing there is of that batch, so the rules' operations compute it at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from cltensor.autograd.engine import Pass, _unbroadcast, reads_complex
from cltensor.autograd.graph import Node
from cltensor.core.batched import Batched, Unbatched, in_front, levels, permuted, wrapped
from cltensor.core.op import Op
from cltensor.core.tensor import Tensor
from cltensor.errors import GradientError
from cltensor.ops.elementwise.cast import as_gradient, conj, conj_physical, full
from cltensor.ops.shape.cut import unbind
from cltensor.ops.shape.join import stack
from cltensor.ops.shape.view import reshape


class BatchPass(Pass):
    """A pass whose gradients may be batches."""

    def _know(self, g: Any) -> None:
        super()._know(g.whole if isinstance(g, Batched) else g)

    def _own(self, g: Any) -> Tensor:
        if not isinstance(g, Batched):
            return super()._own(g)
        return g if self._create_graph else g.clone()

    def _accumulate(self, node: Node, g: Any) -> None:
        if not isinstance(g, Batched):  # what retain_grad() keeps is of the tensor's shape
            super()._accumulate(node, g)

    @staticmethod
    def _fit(gradient: Any, edge: Node) -> Any:
        if not isinstance(gradient, Batched):
            return Pass._fit(gradient, edge)
        if gradient.shape != edge.shape:
            gradient = _unbroadcast(gradient, edge.shape)
        return gradient if gradient.dtype == edge.dtype else as_gradient(gradient, edge.dtype)

    def _gradients(self, node: Node, g: Any) -> Sequence[Any]:
        turns = isinstance(g, Batched) and g.dtype.kind == "c" and isinstance(node.op, Op)
        if not turns or not reads_complex(node.op, node.saved):
            return super()._gradients(node, g)
        found = super()._gradients(node, conj_physical(g))
        return [r if r is None else conj(r) for r in found]


def gradients(
    outputs: Sequence[Tensor], inputs: Sequence[Tensor], weights: Sequence[Any],
    keep: bool, create_graph: bool,
) -> list[Tensor | None]:  # fmt: skip
    """The gradients of `outputs`, weighted, for each of `inputs`; any may be inside `vmap`.

    Raises GradientError where an output is of a batch that an input is not of: the input's gradient
    would be that of all its examples together.
    """
    own = sorted({n for x in outputs for n in _numbers(x)})
    for x in inputs:
        if not set(_numbers(x)).issuperset(own):
            raise GradientError(
                "grad: the outputs are inside vmap, and an input is from outside, whose gradient "
                "would be that of all examples together; use ct.func.grad inside, or take the "
                "gradient outside"
            )
    sizes = [level.size for level in levels.open if level.number in own]
    wholes = [in_front(x, own, sizes) for x in outputs]
    given = [
        w if w is None and not own else _on_top(_weight(w, x), own, sizes)
        for w, x in zip(weights, outputs, strict=True)
    ]
    nodes = [x.node for x in inputs]
    over = sorted({n for w in given if w is not None for n in _numbers(w)})
    try:
        kind = BatchPass if over else Pass
        run = kind(nodes, keep or bool(over), create_graph, accumulate=False)
        found = run.run(wholes, given)
    except Unbatched:  # a rule looks at elements
        found = _one_by_one(nodes, wholes, given, over, create_graph)
    return [
        wrapped(found[node], _numbers(x)) if node in found else None
        for node, x in zip(nodes, inputs, strict=True)
    ]


def _numbers(x: Any) -> tuple[int, ...]:
    return x.numbers if isinstance(x, Batched) else ()


def _weight(given: Any, output: Tensor) -> Tensor:
    """A weight as a tensor, 1 for None."""
    if isinstance(given, Tensor):
        return given
    if given is not None:
        return Tensor(Tensor._from_data(given, dtype=output.dtype, device=output.device))
    if output.size != 1 or output.dtype.kind == "c":
        raise GradientError(
            f"grad: an output of shape {tuple(output.shape)} and {output.dtype.name} for each "
            "example needs a gradient of that shape"
        )
    return full(tuple(output.shape), 1, output.dtype, output.device)


def _on_top(weight: Tensor, own: Sequence[int], sizes: Sequence[int]) -> Tensor:
    """A weight for a whole batch of the levels `own`, inside those that it is of besides."""
    over = [n for n in _numbers(weight) if n not in own]
    every = sorted([*over, *own])
    size = dict(zip(own, sizes, strict=True))
    if isinstance(weight, Batched):
        size.update(zip(weight.numbers, weight.batch, strict=True))
    whole = in_front(weight, every, [size[n] for n in every])
    order = [every.index(n) for n in (*over, *own)]
    return wrapped(permuted(whole, (*order, *range(len(every), whole.ndim))), over)


def _one_by_one(
    nodes: Sequence[Node], outputs: Sequence[Tensor], weights: Sequence[Any],
    over: Sequence[int], create_graph: bool,
) -> dict[Node, Tensor]:  # fmt: skip
    """The gradients by node, from a pass for each example of the weights."""
    sizes = tuple([level.size for level in levels.open if level.number in over])
    parts = [
        w if w is None
        else unbind(reshape(in_front(w, over, sizes), (prod(sizes), *w.shape)))
        for w in weights
    ]  # fmt: skip
    passes = [
        Pass(nodes, True, create_graph, accumulate=False).run(
            outputs, [w if w is None else w[k] for w in parts]
        )
        for k in range(prod(sizes))
    ]
    found: dict[Node, Tensor] = {}
    for node in passes[0] if passes else ():
        whole = stack([each[node] for each in passes])
        found[node] = wrapped(reshape(whole, (*sizes, *whole.shape[1:])), over)
    return found
