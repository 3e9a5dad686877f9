"""Activations computed anew in the backward pass instead of kept: `ct.utils.checkpoint`.

Source: Chen, Xu, Zhang and Guestrin, "Training deep nets with sublinear memory cost" (2016).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from sys import modules as _modules
from typing import Any

from cltensor.autograd.engine import Pass
from cltensor.autograd.graph import Node, Output, next_order
from cltensor.core.batched import levels
from cltensor.core.casting import kept
from cltensor.core.mode import enable_grad, is_grad_enabled
from cltensor.core.names import name_all as _name_all
from cltensor.core.suggestions import suggest as _suggest
from cltensor.core.tensor import Tensor
from cltensor.core.trees import flatten
from cltensor.dtypes import FRACTIONAL
from cltensor.errors import GradientError
from cltensor.lazy.values import changer_of, version_of
from cltensor.ops.random.generator import Mark, default_generator

__all__ = [
    "CheckpointError",
    "checkpoint",
    "checkpoint_sequential",
    "noop_context_fn",
    "set_checkpoint_early_stop",
]

#: What backward raises where the second call differs from the first.
CheckpointError = GradientError


def noop_context_fn() -> tuple[AbstractContextManager[Any], AbstractContextManager[Any]]:
    """Two contexts that do nothing: checkpoint's default.

    >>> forward, again = ct.utils.checkpoint.noop_context_fn()
    >>> with forward:
    ...     pass
    ...
    """
    return nullcontext(), nullcontext()


def set_checkpoint_early_stop(enable: bool) -> AbstractContextManager[None]:
    """PyTorch's context that says whether the second call ends where all is known; here it runs to
    its end, and the gradients are the same.

    >>> with ct.utils.checkpoint.set_checkpoint_early_stop(False):
    ...     pass
    ...
    """
    return nullcontext()


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    preserve_rng_state: bool = True,
    context_fn: Callable[[], tuple[Any, Any]] = noop_context_fn,
    determinism_check: str = "default",
    debug: bool = False,
    early_stop: bool = True,
    **kwargs: Any,
) -> Any:
    """function(*args, **kwargs), keeping its arguments for backward and nothing that it computes on
    its way: backward calls it again.

    Args:    use_reentrant, debug, early_stop: PyTorch's ways of doing it, of no effect;
             preserve_rng_state: draw the same random numbers again; context_fn: gives two contexts,
             the first for the call and the second for the other one; determinism_check: "default"
             compares the shapes and dtypes of both calls, "none" does not.
    Returns: what the function returns.
    Raises:  GradientError in backward, where an argument was changed in place, by the function or
             since, or where the second call gives other shapes or dtypes.

    >>> x = ct.ones(3, requires_grad=True)
    >>> ct.utils.checkpoint.checkpoint(
    ...     lambda x: (x * 2).exp(), x, use_reentrant=False
    ... ).sum().backward()
    >>> x.grad
    tensor([14.7781, 14.7781, 14.7781])
    """
    if determinism_check not in ("default", "none"):
        raise ValueError(
            f"checkpoint: determinism_check is {determinism_check!r}; use 'default' or 'none'"
        )
    first, second = context_fn()
    if levels.open:  # inside vmap nothing is called again
        with first:
            return function(*args, **kwargs)
    mark = default_generator.mark() if preserve_rng_state else None
    start = next_order()
    guarded = _versions([*args, *kwargs.values()])  # before the call, which may change them itself
    with first:
        result = function(*args, **kwargs)
    outputs, build = flatten(result)
    if not is_grad_enabled() or any(_shows_older(x, start) for x in outputs):
        return result
    edges = _before(outputs, start)
    if not edges:
        return result

    def call() -> Any:
        with second:
            return function(*args, **kwargs)

    op = _Again(kept(call), edges, outputs, mark, determinism_check, guarded)
    return build(op.results(outputs))


def _versions(trees: Sequence[Any]) -> list[tuple[Tensor, int]]:
    """The tensors that go into a call, each with its version."""
    tensors = [x for x in flatten(tuple(trees))[0] if isinstance(x, Tensor)]
    return [(x, version_of(x._value)) for x in tensors]


def _shows_older(x: Any, start: int) -> bool:
    """Whether `x` is, or is a view of, a tensor that was there before."""
    if not isinstance(x, Tensor) or x.node is None:
        return False
    base = x if x._view is None else x._view.base
    return x.node.order < start or (base.node is not None and base.node.order < start)


def _before(outputs: Sequence[Any], start: int) -> list[Node]:
    """The nodes from before `start` that outputs depend on: where the function's graph begins."""
    found: dict[int, Node] = {}
    seen: set[Node] = set()
    pending = [x.node for x in outputs if isinstance(x, Tensor) and x.node is not None]
    while pending:
        node = pending.pop()
        if node.order < start or node.op is None:
            found[node.order] = node
        elif node not in seen:
            seen.add(node)
            pending += [e for e in node.edges if e is not None]
    return [found[order] for order in sorted(found)]


class _Again:
    """The operation of a checkpointed call: its gradients are those of another call."""

    name = "checkpoint"

    def __init__(
        self,
        call: Callable[[], Any],
        edges: Sequence[Node],
        outputs: Sequence[Any],
        mark: Mark | None,
        check: str,
        guarded: Sequence[tuple[Tensor, int]],
    ) -> None:
        self._call = call
        self._edges = edges
        self._mark = mark
        self._checks = check == "default"
        self._kinds = [_kind(x) for x in outputs]
        self._guarded = guarded
        #: The places of the outputs that have a gradient.
        self._places: list[int] = []

    def results(self, outputs: Sequence[Any]) -> list[Any]:
        """`outputs` without their own graph, each with a node of this operation."""
        wanted = [
            isinstance(x, Tensor) and x.node is not None and x.dtype.kind in FRACTIONAL
            for x in outputs
        ]
        self._places = [k for k, w in enumerate(wanted) if w]
        shown = [
            Tensor(x.realize()._value) if w else x for x, w in zip(outputs, wanted, strict=True)
        ]
        count = len(self._places)
        node = Node(shown[self._places[0]], self, tuple(self._edges))
        for index, place in enumerate(self._places):
            x = shown[place]
            x._node = node if count == 1 else Node(x, Output(index, count), (node,))
        return shown

    def gradients(self, g: Any, create_graph: bool) -> list[Any]:
        """The gradients of the nodes at which the function's graph begins."""
        for x, version in self._guarded:
            if version_of(x._value) != version:
                raise GradientError(
                    f"backward: checkpoint was called with a tensor of shape {tuple(x.shape)} "
                    f"(version {version}), and {changer_of(x._value)} changed it in place since "
                    f"(version {version_of(x._value)}); change a copy (.clone()) instead"
                )
        outputs = self._again()
        gradients = g if type(g) is list else [g]
        pairs = [
            (outputs[place], each)
            for place, each in zip(self._places, gradients, strict=True)
            if each is not None and outputs[place].node is not None
        ]
        run = Pass(self._edges, create_graph, create_graph, accumulate=False, stop=True)
        found = run.run([x for x, _ in pairs], [each for _, each in pairs])
        return [found.get(node) for node in self._edges]

    def _again(self) -> list[Any]:
        """The outputs of another call."""
        now = default_generator.mark()
        try:
            if self._mark is not None:
                default_generator.go_back(self._mark)
            with enable_grad():
                outputs = flatten(self._call())[0]
        finally:
            if self._mark is not None:
                default_generator.go_back(now)
        kinds = [_kind(x) for x in outputs]
        if kinds != self._kinds and (self._checks or len(kinds) != len(self._kinds)):
            raise GradientError(
                f"backward: checkpoint's function gave {self._kinds} in forward and {kinds} when "
                "it was called again; it must do the same each time"
            )
        return outputs


def _kind(x: Any) -> Any:
    return (tuple(x.shape), x.dtype.name) if isinstance(x, Tensor) else type(x).__name__


def checkpoint_sequential(
    functions: Any,
    segments: int,
    input: Any,
    use_reentrant: bool | None = None,
    preserve_rng_state: bool = True,
) -> Any:
    """The functions one after the other, each of `segments` runs of them checkpointed.

    Args:    functions: a Sequential, or a list of functions of one argument.

    >>> model = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1))
    >>> x = ct.ones(4, 2, requires_grad=True)
    >>> ct.utils.checkpoint.checkpoint_sequential(model, 2, x, use_reentrant=False).shape
    Size([4, 1])
    """
    steps = list(functions.children()) if hasattr(functions, "children") else list(functions)
    if not 1 <= segments <= max(1, len(steps)):
        raise ValueError(
            f"checkpoint_sequential: segments is {segments}; give 1 to {len(steps)}, the functions"
        )
    size = len(steps) // segments

    def run(first: int, end: int) -> Callable[[Any], Any]:
        def forward(x: Any) -> Any:
            for step in steps[first:end]:
                x = step(x)
            return x

        return forward

    for k in range(segments - 1):
        input = checkpoint(
            run(k * size, (k + 1) * size), input, preserve_rng_state=preserve_rng_state
        )
    return run((segments - 1) * size, len(steps))(input)


_name_all(globals(), __all__)

_suggest(_modules[__name__])
