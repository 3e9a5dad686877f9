"""Calls of functions that are to be differentiated, and their products with directions.

A call has tensors of its own, which stand for the caller's in the graph, so calls nest to any
order and leave no gradient behind. Where an outer call, or a tensor that requires a gradient, has
part in a result, the result is recorded for it; otherwise it requires none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from cltensor.autograd.derivatives import grad as gradients_of
from cltensor.autograd.graph import Node
from cltensor.core.batched import lifted, wrapped
from cltensor.core.mode import enable_grad, is_grad_enabled
from cltensor.core.tensor import Tensor, show
from cltensor.core.trees import flatten, mapped
from cltensor.dtypes import FRACTIONAL
from cltensor.errors import DTypeError, GradientError, ShapeError
from cltensor.ops.elementwise.cast import full

Function = Callable[..., Any]
ArgNums = int | tuple[int, ...]


def _own(operation: str, x: Any) -> Tensor:
    """A tensor to differentiate by in place of x: what is done with it reaches x too, where x is in
    a graph."""
    if not isinstance(x, Tensor):
        raise DTypeError(f"{operation}: {show(x)} is no tensor to differentiate by")
    if x.dtype.kind not in FRACTIONAL:
        raise DTypeError(
            f"{operation}: there is no derivative by a tensor of {x.dtype.name}; cast it with "
            ".to(ct.float32), or leave it out of argnums"
        )
    whole, numbers = lifted(x)
    if whole.requires_grad and is_grad_enabled():
        return wrapped(whole.clone(), numbers)
    return wrapped(whole.detach().requires_grad_(), numbers)


def _reaches_others(outputs: Sequence[Any], own: Sequence[Tensor]) -> bool:
    """Whether `outputs` depend on something that requires a gradient besides `own` alone."""
    nodes = {x.node for x in own}
    if any(node is not None and node.op is not None for node in nodes):
        return True
    seen: set[Node] = set()
    pending = [x.node for x in outputs if isinstance(x, Tensor) and x.node is not None]
    while pending:
        node = pending.pop()
        if node in seen or node in nodes:
            continue
        if node.op is None:
            return True
        seen.add(node)
        pending += [e for e in node.edges if e is not None]
    return False


#: These refuse results without derivative, as PyTorch does; for the others it is zero.
_BACKWARD_ONLY = ("vjp", "jacrev")


class Call:
    """A call of `function` with tensors of its own for some of what it is given.

    leaves: the tensors that it is differentiated by; outputs: the tensors of its result, `build`
    makes the result of others. is_outer: whether an outer graph has part in it.
    """

    def __init__(self, operation: str, function: Function, trees: Any, call: Function, aux: bool):
        self.operation = operation
        given, make = flatten(trees)
        self.leaves = [_own(operation, x) for x in given]
        with enable_grad():
            result = call(function, make(self.leaves))
        self.aux: Any = None
        if aux:
            if not isinstance(result, tuple) or len(result) != 2:
                raise GradientError(
                    f"{operation}: with has_aux the function returns a pair, the value and what "
                    f"goes with it, not {show(result)}"
                )
            result, self.aux = result
        self.outputs, self.build = flatten(result)
        for x in self.outputs:
            if not isinstance(x, Tensor):
                raise DTypeError(
                    f"{operation}: the function returned {show(x)}; return tensors, and other "
                    "things beside them with has_aux=True"
                )
            if operation in _BACKWARD_ONLY and x.dtype.kind not in FRACTIONAL:
                raise DTypeError(
                    f"{operation}: the function returned {show(x)} of {x.dtype.name}, which has no "
                    "derivative; return it beside the others with has_aux=True"
                )
        extra = [] if self.aux is None else flatten(self.aux)[0]
        self.is_outer = is_grad_enabled() and _reaches_others([*self.outputs, *extra], self.leaves)

    def shown(self, tree: Any) -> Any:
        """A result as the caller sees it."""
        if self.is_outer:
            return tree
        return mapped(lambda x: x.detach() if isinstance(x, Tensor) else x, tree)

    def back(self, cotangents: Sequence[Tensor], record: bool = False) -> list[Tensor]:
        """The gradients of the outputs, weighted, for each of the leaves; zeros for one that has no
        part. record: keep their graph, for an outer derivative."""
        return _weighted(self.outputs, self.leaves, cotangents, record or self.is_outer)


def _weighted(
    outputs: Sequence[Tensor], inputs: Sequence[Tensor], weights: Sequence[Tensor], record: bool
) -> list[Tensor]:
    """The gradients of `outputs`, weighted, for each of `inputs`; zeros for one that has no part.
    record: keep their graph."""
    pairs = [(x, w) for x, w in zip(outputs, weights, strict=True) if x.node is not None]
    if not pairs:
        return [zeros_like(x) for x in inputs]
    found = gradients_of(
        [x for x, _ in pairs],
        inputs,
        [w for _, w in pairs],
        retain_graph=True,
        create_graph=record,
        allow_unused=True,
    )
    return [zeros_like(x) if g is None else g for g, x in zip(found, inputs, strict=True)]


def zeros_like(x: Tensor) -> Tensor:
    return full(tuple(x.shape), 0, x.dtype, x.device)


def by_arguments(operation: str, argnums: ArgNums, args: tuple[Any, ...]) -> tuple[Any, Function]:
    """The arguments to differentiate by, and what calls a function with others for them."""
    several = isinstance(argnums, tuple)
    places = argnums if isinstance(argnums, tuple) else (argnums,)
    for place in places:
        if isinstance(place, bool) or not isinstance(place, int):
            raise DTypeError(f"{operation}: argnums is {argnums!r}; give an integer or a tuple")
        if not -len(args) <= place < len(args):
            raise ShapeError(
                f"{operation}: argnums is {argnums}, and the function was given {len(args)} "
                "arguments by position"
            )
    places = tuple(place % len(args) for place in places)
    if len(set(places)) != len(places):
        raise ShapeError(f"{operation}: argnums {argnums} names an argument twice")

    def call(function: Function, chosen: Any) -> Any:
        found = list(args)
        for place, x in zip(places, chosen if several else [chosen], strict=True):
            found[place] = x
        return function(*found)

    wanted = tuple(args[place] for place in places)
    return (wanted if several else wanted[0]), call


def with_keywords(function: Function, kwargs: dict[str, Any]) -> Function:
    return (lambda *args: function(*args, **kwargs)) if kwargs else function


class Forward:
    """Products of a Jacobian with tangents, by differentiating the backward pass, which is linear
    in its cotangents. Source: Townsend, "A new trick for calculating Jacobian vector products"."""

    def __init__(self, run: Call) -> None:
        self.run = run
        self.cotangents = [_own("jvp", zeros_like(x)) for x in run.outputs]
        with enable_grad():
            self.back = run.back(self.cotangents, record=True)

    def __call__(self, tangents: Sequence[Tensor]) -> list[Tensor]:
        """The product for each output."""
        moved = any(
            t.requires_grad for g, t in zip(self.back, tangents, strict=True) if g.node is not None
        )
        record = self.run.is_outer or (is_grad_enabled() and moved)
        return _weighted(self.back, self.cotangents, tangents, record)
