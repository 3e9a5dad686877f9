"""A hook on the gradients of several tensors: `ct.autograd.graph.register_multi_grad_hook`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

from cltensor.autograd.engine import Pass, running
from cltensor.core.hooks import RemovableHandle
from cltensor.core.names import name_all as _name_all
from cltensor.core.tensor import Tensor
from cltensor.errors import GradientError

__all__ = ["register_multi_grad_hook"]


class _Arrived:
    """The gradients that a pass has given so far, and how many are to come."""

    def __init__(self, count: int, missing: int) -> None:
        self.gradients: list[Any] = [None] * count
        self.missing = missing


class _Handles:
    """Takes several hooks away, as the handle of one does."""

    def __init__(self, handles: Sequence[RemovableHandle]) -> None:
        self._handles = handles

    def remove(self) -> None:
        """Take the hooks out; a second call does nothing."""
        for handle in self._handles:
            handle.remove()

    def __enter__(self) -> _Handles:
        return self

    def __exit__(self, *exception: object) -> None:
        self.remove()


def register_multi_grad_hook(
    tensors: Sequence[Tensor], fn: Callable[[Any], Any], *, mode: str = "all"
) -> Any:
    """Call `fn` once in each backward pass: with mode "all" when the gradients of all `tensors`
    that it reaches are known, with a list of them, None for those that it does not reach; with
    "any" at the first gradient of one of them, with that. What `fn` returns counts for nothing.

    Returns: a handle whose `remove`, or the end of its `with` block, takes the hook out.
    Raises:  GradientError for a tensor that requires no gradient; ValueError for another mode.
    """
    if mode not in ("all", "any"):
        raise ValueError(f"register_multi_grad_hook: mode is {mode!r}; use 'all' or 'any'")
    nodes = [x.node for x in tensors]
    if None in nodes:
        raise GradientError(
            f"register_multi_grad_hook: tensor {nodes.index(None)} does not require a gradient"
        )
    passes: WeakKeyDictionary[Pass, _Arrived] = WeakKeyDictionary()

    def arrive(place: int, gradient: Any) -> None:
        run = running.passes[-1]
        first = run not in passes
        if first:
            reached = run.reaches(nodes)
            passes[run] = _Arrived(len(nodes), sum(reached))
        if mode == "any":
            if first:
                fn(gradient)
            return
        arrived = passes[run]
        arrived.gradients[place] = gradient
        arrived.missing -= 1
        if not arrived.missing:
            fn(arrived.gradients)

    return _Handles([x.register_hook(partial(arrive, k)) for k, x in enumerate(tensors)])


_name_all(globals(), __all__)
