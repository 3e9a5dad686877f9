"""What Tensors and operations ask of autograd, which lies above them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any


class Hooks:
    """Set once, when cltensor.autograd is imported.

    record(op, args, kwargs) runs an operation with a recorded Tensor, or a view, among `args`;
    leaf(tensor) makes the node in which a leaf's gradient arrives; node_of(tensor) gives the node
    of a view; backward(outputs, gradients, retain_graph, create_graph, inputs) does what
    Tensor.backward says.
    """

    record: Callable[..., Any]
    leaf: Callable[..., Any]
    node_of: Callable[..., Any]
    backward: Callable[..., None]


#: While a call is recorded for replay: who wants to know what operations and modules are used on.
watchers: list[Callable[[Iterable[Any]], None]] = []

#: The same for tensors without a place in the graph whose `.grad` is read or set.
grad_watchers: list[Callable[[Any, Any], None]] = []
