"""`backward` and `grad` of several values at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from cltensor.autograd.engine import Pass
from cltensor.autograd.variable import Variable
from cltensor.errors import GradientError
from cltensor.tensor import Tensor, show


def backward(
    outputs: Sequence[Variable],
    gradients: Sequence[Any] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
) -> None:
    """Accumulate the gradients of `outputs`, weighted by `gradients`, in the leaves' `.grad`."""
    gradients = gradients or [None] * len(outputs)
    keep = create_graph if retain_graph is None else retain_graph
    Pass(Variable, None, keep, create_graph).run(outputs, gradients)


def grad(
    outputs: Variable | Sequence[Variable],
    inputs: Variable | Sequence[Variable],
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool = False,
) -> tuple[Variable | None, ...]:
    """The gradients of `outputs` with respect to `inputs`, as a tuple; `.grad` stays untouched.

    Raises GradientError when an input does not influence the outputs, unless allow_unused (then
    its gradient is None).
    """
    outputs, inputs = _variables("outputs", outputs), _variables("inputs", inputs)
    if grad_outputs is None or isinstance(grad_outputs, (Tensor, Variable)):
        grad_outputs = [grad_outputs] * len(outputs)
    for x in inputs:
        if x.node is None:
            raise GradientError("grad: an input does not require a gradient; set requires_grad")
    keep = create_graph if retain_graph is None else retain_graph
    targets = [x.node for x in inputs if x.node]
    found = Pass(Variable, targets, keep, create_graph).run(outputs, grad_outputs)
    results = [found.get(x.node) if x.node else None for x in inputs]
    if not allow_unused and any(r is None for r in results):
        raise GradientError(
            "grad: an input does not influence the outputs; pass allow_unused=True to get None"
        )
    return tuple(results)


def _variables(name: str, given: Any) -> list[Variable]:
    """The Variables of the argument `name` of `grad`: one, or a sequence of them."""
    several = isinstance(given, Iterable) and not isinstance(given, (Variable, Tensor))
    found = list(given) if several else [given]
    for x in found:
        if not isinstance(x, Variable):
            raise GradientError(
                f"grad: {show(x)} among the {name} is not a Variable; make one with "
                "ct.tensor(..., requires_grad=True) and compute with it"
            )
    return found
