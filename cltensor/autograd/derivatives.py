"""`backward` and `grad` of several values at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from cltensor.autograd import batchpass
from cltensor.autograd.engine import Pass
from cltensor.autograd.vmap import vmap
from cltensor.core.batched import Batched, levels
from cltensor.core.hooks import Hooks
from cltensor.core.names import twice
from cltensor.core.tensor import Tensor, show
from cltensor.errors import GradientError
from cltensor.ops.elementwise.cast import full


def backward(
    tensors: Tensor | Sequence[Tensor],
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Any = None,
    inputs: Tensor | Sequence[Tensor] | None = None,
) -> None:
    """Accumulate the gradients of `tensors`, weighted by `grad_tensors`, in the leaves' `.grad`.

    grad_variables: the older name of grad_tensors; inputs: the only leaves that get one.
    Raises GradientError as Tensor.backward does.

    >>> x = ct.tensor(3.0, requires_grad=True)
    >>> ct.autograd.backward(x**2)
    >>> x.grad
    tensor(6.)
    """
    if grad_variables is not None:
        if grad_tensors is not None:
            raise twice("backward", "grad_variables", "grad_tensors")
        grad_tensors = grad_variables
    outputs = _tensors("backward", "tensors", tensors)
    gradients = _weights("backward", outputs, grad_tensors)
    keep = create_graph if retain_graph is None else retain_graph
    targets = None
    if any(isinstance(x, Batched) for x in (*outputs, *gradients)):
        raise GradientError(
            "backward: inside vmap there is no .grad to add to; use ct.func.grad or "
            "ct.autograd.grad"
        )
    if inputs is not None:
        targets = [_node("backward", x) for x in _tensors("backward", "inputs", inputs)]
    Pass(targets, keep, create_graph).run(outputs, gradients)


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Tensor | None, ...]:
    """The gradients of `outputs` with respect to `inputs`, as a tuple; `.grad` stays untouched.

    only_inputs: True; accepted for older programs. is_grads_batched: grad_outputs hold many weights
    of each output along their first axis, and the gradients are those for each of them, computed by
    `vmap`; the graph is kept then. materialize_grads: zeros for an input that does not influence
    the outputs, which require a gradient only with create_graph.

    Raises GradientError when an input does not influence the outputs, unless allow_unused (then
    its gradient is None).

    >>> x = ct.tensor(3.0, requires_grad=True)
    >>> ct.grad(x**2, x)
    (tensor(6.),)
    """
    if not only_inputs:
        raise GradientError("grad: only_inputs=False is not supported; call .backward() instead")
    if materialize_grads and allow_unused is False:
        raise GradientError("grad: materialize_grads needs allow_unused, or leave that out")
    outputs, inputs = _tensors("grad", "outputs", outputs), _tensors("grad", "inputs", inputs)
    gradients = _weights("grad", outputs, grad_outputs)
    keep = create_graph if retain_graph is None else retain_graph
    targets = [_node("grad", x) for x in inputs]
    if is_grads_batched:
        results = _for_each(outputs, inputs, gradients, create_graph)
    elif levels.open and any(isinstance(x, Batched) for x in (*outputs, *inputs, *gradients)):
        results = batchpass.gradients(outputs, inputs, gradients, keep, create_graph)
    else:
        found = Pass(targets, keep, create_graph, accumulate=False).run(outputs, gradients)
        results = [found.get(node) for node in targets]
    if materialize_grads:
        return tuple(
            [
                full(x.shape, 0, x.dtype, x.device).requires_grad_(create_graph) if r is None else r
                for r, x in zip(results, inputs, strict=True)
            ]
        )
    if not allow_unused and any(r is None for r in results):
        raise GradientError(
            "grad: an input does not influence the outputs; pass allow_unused=True to get None"
        )
    return tuple(results)


def _for_each(
    outputs: Sequence[Tensor], inputs: Sequence[Tensor], batches: Sequence[Any], create_graph: bool
) -> list[Tensor | None]:
    """The gradients for each of a batch of weights, None for an unused input."""
    given = [g for g in batches if g is not None]
    if not given:
        raise GradientError("grad: is_grads_batched needs grad_outputs, with a batch of weights")
    used: list[int] = []

    def of_one(*weights: Any) -> tuple[Any, ...]:
        rest = iter(weights)
        every = [g if g is None else next(rest) for g in batches]
        found = grad(outputs, inputs, every, True, create_graph, allow_unused=True)
        used[:] = [k for k, g in enumerate(found) if g is not None]
        return tuple([found[k] for k in used])

    results: list[Tensor | None] = [None] * len(inputs)
    for k, gradient in zip(used, vmap(of_one)(*given), strict=True):
        results[k] = gradient
    return results


def _node(operation: str, x: Tensor) -> Any:
    if x.node is None:
        raise GradientError(f"{operation}: an input does not require a gradient; set requires_grad")
    return x.node


def _weights(operation: str, outputs: Sequence[Tensor], given: Any) -> list[Any]:
    """A gradient, or None, for each of the outputs."""
    if given is None or isinstance(given, Tensor):
        given = [given] * len(outputs)
    if len(given) != len(outputs):
        raise GradientError(
            f"{operation}: {len(given)} gradients for {len(outputs)} outputs; give one for each"
        )
    return list(given)


def _tensors(operation: str, name: str, given: Any) -> list[Tensor]:
    """The Tensors of an argument: one, or a sequence of them."""
    several = isinstance(given, Iterable) and not isinstance(given, Tensor)
    found = list(given) if several else [given]
    for x in found:
        if not isinstance(x, Tensor):
            raise GradientError(
                f"{operation}: {show(x)} among the {name} is not a tensor; make one with "
                "ct.tensor(..., requires_grad=True) and compute with it"
            )
    return found


Hooks.backward = staticmethod(backward)
