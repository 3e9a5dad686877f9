"""Custom differentiable functions."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from cltensor.autograd.graph import Node, Output
from cltensor.autograd.record import node_of, rebase, require_changeable
from cltensor.autograd.saved import pack
from cltensor.core.batched import Batched
from cltensor.core.hooks import Hooks
from cltensor.core.mode import mode, no_grad
from cltensor.core.tensor import Tensor, show
from cltensor.dtypes import FRACTIONAL
from cltensor.errors import GradientError, ShapeError
from cltensor.lazy.values import changer_of, version_of
from cltensor.ops.elementwise.cast import full


class Context:
    """What a custom Function keeps between its forward and its backward.

    >>> class Square(ct.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x * x
    ...     @staticmethod
    ...     def backward(ctx, grad):
    ...         (x,) = ctx.saved_tensors
    ...         return 2 * x * grad
    ...
    >>> x = ct.tensor([3.0], requires_grad=True)
    >>> Square.apply(x).backward()
    >>> x.grad
    tensor([6.])
    """

    def __init__(self) -> None:
        self._saved: tuple[Any, ...] = ()
        self._versions: tuple[int, ...] = ()
        #: Saved results of this function, by their place among what is saved: the node of all its
        #: results (weakly: it holds this context), the number of this one, and of all.
        self._own: dict[int, tuple[weakref.ref[Node], int, int]] = {}
        self._name = "Function"
        self._released = False
        self.needs_input_grad: tuple[bool, ...] = ()
        self.materialize_grads = True
        self.dirty_tensors: tuple[Any, ...] = ()
        self.non_differentiable: tuple[Any, ...] = ()

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep `tensors` for backward, where `saved_tensors` gives them back."""
        for t in tensors:
            if t is not None and not isinstance(t, Tensor):
                raise GradientError(
                    f"{self._name}: save_for_backward takes tensors or None, not {show(t)}; keep "
                    "other things as attributes of ctx"
                )
        self._saved = tensors

    def mark_dirty(self, *tensors: Any) -> None:
        """Say which inputs forward changed in place and returned."""
        self.dirty_tensors = tensors

    def mark_non_differentiable(self, *tensors: Any) -> None:
        """Say which results have no gradient."""
        self.non_differentiable = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """Whether backward gets zeros for results without a gradient (the default), or None."""
        self.materialize_grads = value

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """What was saved. Raises GradientError if it was changed in place since, or let go after a
        backward pass."""
        if self._released:
            raise GradientError(
                f"backward: the graph of {self._name} was already used, and what it saved is "
                "released; call the first backward with retain_graph=True"
            )
        for t, version in zip(self._saved, self._versions, strict=False):
            if isinstance(t, Tensor) and version_of(t._value) != version:
                raise GradientError(
                    f"backward: {self._name} saved a tensor of shape {t.shape} (version {version}) "
                    f"for its derivative, and {changer_of(t._value)} changed it in place since "
                    f"(version {version_of(t._value)}); save or change a copy (.clone()) instead"
                )
        return tuple(
            [
                t if t is None or k not in self._own else _in_graph(t, *self._own[k])
                for k, t in enumerate(map(_restored, self._saved))
            ]
        )

    def _pack(self) -> None:
        """Give what was saved to the hook of this thread, if there is one."""
        self._saved = tuple([
            t if t is None or (packed := pack(self._name, f"saved_tensors[{k}]", t)) is None
            else (packed, None if k in self._own else t.node)
            for k, t in enumerate(self._saved)
        ])  # fmt: skip


def _restored(saved: Any) -> Any:
    """A saved tensor; a packed one in its place in the graph."""
    if not isinstance(saved, tuple):
        return saved
    packed, node = saved
    t = packed.restore()
    t._node = node
    return t


def _in_graph(t: Tensor, ref: weakref.ref[Node], index: int, count: int) -> Tensor:
    """A saved result as what it was in the graph."""
    shown, node = Tensor(t.realize()._value), ref()
    if node is not None and count > 1:
        node = Node(shown, Output(index, count), (node,))
    shown._node = node
    return shown


#: PyTorch's name of `Context`.
FunctionCtx = Context


class FunctionNode:
    """The operation of a node made by a custom Function."""

    def __init__(
        self,
        function: type[Function],
        context: Context,
        operands: Sequence[Any],
        outputs: Sequence[Any],
    ) -> None:
        self.name = function.__name__
        self.function = function
        self.context = context
        self.operands = len(operands)
        self._shapes = [
            a.shape if needed else None
            for a, needed in zip(operands, context.needs_input_grad, strict=True)
        ]
        self._outputs = [
            (o.shape, o.dtype, o.device) if isinstance(o, Tensor) else None for o in outputs
        ]

    def release(self) -> None:
        """Let go of what the function saved, if it did."""
        if self.context._saved:
            self.context._saved = ()
            self.context._released = True

    def gradients(self, g: Any, create_graph: bool) -> list[Any]:
        """Call the user's backward and unify what it returns."""
        gradients = g if type(g) is list else [g]
        given = [
            self._gradient(each, like) for each, like in zip(gradients, self._outputs, strict=True)
        ]
        results = self.function.backward(self.context, *given)
        results = list(results) if isinstance(results, (tuple, list)) else [results]
        while len(results) > self.operands and results[-1] is None:
            results.pop()
        if len(results) != self.operands:
            raise GradientError(
                f"{self.name}: backward returned {len(results)} gradients for {self.operands} "
                "arguments; return None where there is none"
            )
        for place, (r, shape) in enumerate(zip(results, self._shapes, strict=True)):
            if r is not None and not isinstance(r, Tensor):
                raise GradientError(
                    f"{self.name}: backward returned {show(r)} as a gradient, not a tensor or None"
                )
            if r is not None and shape is not None and not _is_of(shape, r.shape):
                raise ShapeError(
                    f"{self.name}: backward returned a gradient of shape {r.shape} for argument "
                    f"{place}, which has shape {shape}; return one of that shape"
                )
        return results

    def _gradient(self, g: Any, like: Any) -> Any:
        if g is None and like is not None and self.context.materialize_grads:
            shape, dtype, device = like
            return full(shape, 0, dtype, device)
        return g


def _is_of(shape: Sequence[int], given: Sequence[int]) -> bool:
    """Whether a gradient of shape `given` is that of an operand of `shape`, perhaps broadcast."""
    lead = len(given) - len(shape)
    return lead >= 0 and all(n in (1, m) for n, m in zip(shape, given[lead:], strict=True))


def once_differentiable(backward: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator for a backward that cannot be differentiated itself: a second derivative through
    it is an error instead of a wrong value."""

    @wraps(backward)
    def once(ctx: Any, *gradients: Any) -> Any:
        with no_grad():
            results = backward(ctx, *gradients)
        if not mode.enabled:
            return results
        several = isinstance(results, tuple)
        found = [_refusing(r, ctx, gradients) for r in (results if several else (results,))]
        return tuple(found) if several else found[0]

    return once


def _refusing(result: Any, ctx: Any, gradients: Sequence[Any]) -> Any:
    """`result` with a node that refuses to be differentiated."""
    if not isinstance(result, Tensor):
        return result
    shown = Tensor(result.realize()._value)
    edges = [g.node for g in gradients if isinstance(g, Tensor)]
    edges += [t.node for t in ctx.saved_tensors if t is not None]
    shown._node = Node(shown, _Once(ctx._name), tuple(edges))
    return shown


class _Once:
    """The op of what a once_differentiable backward gave."""

    def __init__(self, function: str) -> None:
        self.name = function

    def gradients(self, g: Any, create_graph: bool) -> list[Any]:
        raise GradientError(
            f"backward: the derivative of {self.name} is marked once_differentiable and cannot be "
            "differentiated again"
        )


class Function:
    """A custom differentiable function: subclass it and call `apply`.

    forward(ctx, *args) computes the result, or a tuple of results, without recording;
    backward(ctx, *gradients) gets a gradient for each result and returns one (or None) for each
    argument. What of the results is no tensor is returned as it is, and its gradient is None.

    With a setup_context(ctx, inputs, output) of its own, forward takes the arguments alone.

    >>> class Double(ct.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         return 2 * x
    ...     @staticmethod
    ...     def backward(ctx, g):
    ...         return 2 * g
    ...
    >>> x = ct.tensor(3.0, requires_grad=True)
    >>> Double.apply(x).backward()
    >>> x.grad
    tensor(2.)
    """

    @staticmethod
    def forward(ctx: Context, *args: Any) -> Any:
        """Compute the result; to be overridden."""
        raise NotImplementedError

    @staticmethod
    def setup_context(ctx: Context, inputs: tuple[Any, ...], output: Any) -> None:
        """Keep what backward will need; may be overridden."""

    @staticmethod
    def backward(ctx: Context, *gradients: Any) -> Any:
        """Compute the gradients of the arguments; to be overridden."""
        raise NotImplementedError

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """Run forward on `args` and record it as one operation; inside `vmap`, for one example
        after another."""
        if any(isinstance(a, Batched) for a in args):
            return Hooks.looped(cls.__name__, cls.apply, args, {})
        context = Context()
        context._name = cls.__name__
        edges = tuple([node_of(a) if isinstance(a, Tensor) else None for a in args])
        context.needs_input_grad = tuple([e is not None for e in edges])
        with no_grad():
            if cls.setup_context is Function.setup_context:
                returned = cls.forward(context, *args)
            else:
                returned = cls.forward(*args)
                cls.setup_context(context, args, returned)
        several = isinstance(returned, (tuple, list))
        outs = list(returned) if several else [returned]
        for k, out in enumerate(outs):
            if not isinstance(out, Tensor):
                if not several or not any(isinstance(o, Tensor) for o in outs):
                    raise GradientError(
                        f"{cls.__name__}: forward must return tensors, not {show(out)}"
                    )
            elif any(out is a for a in args) and not any(out is d for d in context.dirty_tensors):
                outs[k] = out.detach()  # the argument keeps its own place in the graph
        recorded = mode.enabled and any(context.needs_input_grad)
        if recorded:
            cls._record(context, args, edges, outs)
        context._versions = tuple(
            [0 if t is None else version_of(t._value) for t in context._saved]
        )
        if recorded:
            context._pack()
        return tuple(outs) if several else outs[0]

    @classmethod
    def _record(
        cls, context: Context, args: tuple[Any, ...], edges: tuple[Any, ...], outs: list[Any]
    ) -> None:
        op = FunctionNode(cls, context, args, outs)
        for t in context.dirty_tensors:
            require_changeable(cls.__name__, t)
        node = Node(next(out for out in outs if isinstance(out, Tensor)), op, edges)
        count, saved = len(outs), list(context._saved)
        for index, out in enumerate(outs):
            if not isinstance(out, Tensor) or any(out is t for t in context.non_differentiable):
                continue
            if out.dtype.kind not in FRACTIONAL:
                continue
            its = node if count == 1 else Node(out, Output(index, count), (node,))
            for k, t in enumerate(context._saved):
                if t is out:  # which holds this node
                    context._own[k] = weakref.ref(node), index, count
                    saved[k] = Tensor(out._value)
            if any(out is d for d in context.dirty_tensors):
                rebase(out, its)
            else:
                out._node = its
        context._saved = tuple(saved)
