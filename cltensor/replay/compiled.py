"""A function that is replayed where a replay is the same as a call, and called elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Any

from cltensor.autograd import is_grad_enabled
from cltensor.core.tensor import Tensor
from cltensor.core.trees import flatten
from cltensor.replay.arguments import describe
from cltensor.replay.jit import MOST_KEYS, jit


class Compiled:
    """A function whose calls are replayed if no gradient has to flow through their results.

    Without a graph (under `no_grad`, or where the results require no gradient: a whole training
    step) a call is `ct.jit`'s. A call of given kinds of arguments whose results require a gradient
    runs the function, as gradients flow through calls and not through replays.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self._replayed = jit(function)
        self._joins_graph: dict[Any, bool] = {}
        update_wrapper(self, function)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else Compiled(self.function.__get__(instance))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not is_grad_enabled():
            return self._replayed(*args, **kwargs)
        key = describe(args, kwargs).key
        if self._joins_graph.get(key) is False:
            return self._replayed(*args, **kwargs)
        results = self.function(*args, **kwargs)
        tensors = [leaf for leaf in flatten(results)[0] if isinstance(leaf, Tensor)]
        if len(self._joins_graph) >= MOST_KEYS:
            self._joins_graph.clear()
        self._joins_graph[key] = any(t.requires_grad for t in tensors)
        return results
