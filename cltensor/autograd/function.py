"""Custom differentiable functions."""

from __future__ import annotations

from typing import Any

from cltensor.autograd.graph import Node
from cltensor.autograd.mode import mode, no_grad
from cltensor.autograd.variable import Variable
from cltensor.errors import GradientError
from cltensor.tensor import Tensor, show


class Context:
    """What a custom Function keeps between its forward and its backward."""

    def __init__(self) -> None:
        self.saved_tensors: tuple[Any, ...] = ()
        self.needs_input_grad: tuple[bool, ...] = ()

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep `tensors` for backward, where `saved_tensors` gives them back."""
        self.saved_tensors = tensors


def _state_of(saved: Any) -> tuple[Any, int]:
    """What is another one, or differs, once a saved tensor was changed in place."""
    data = saved._data if isinstance(saved, Variable) else saved
    return data, data._version if isinstance(data, Tensor) else 0


class FunctionNode:
    """The operation of a node made by a custom Function."""

    def __init__(self, function: type[Function], context: Context, operands: int) -> None:
        self.name = function.__name__
        self.function = function
        self.context = context
        self.operands = operands
        self._saved = [_state_of(saved) for saved in context.saved_tensors]

    def gradients(self, g: Any, create_graph: bool) -> list[Any]:
        """Call the user's backward and unify what it returns."""
        for saved, (data, version) in zip(self.context.saved_tensors, self._saved, strict=True):
            now, version_now = _state_of(saved)
            if now is not data or version_now != version:
                raise GradientError(
                    f"backward: {self.name} saved a value that was changed in place since; save or "
                    "change a copy (.clone()) instead"
                )
        results = self.function.backward(
            self.context, g if isinstance(g, Variable) else Variable(g)
        )
        results = results if isinstance(results, tuple) else (results,)
        if len(results) != self.operands:
            raise GradientError(
                f"{self.name}: backward returned {len(results)} gradients for {self.operands} "
                "arguments; return None where there is none"
            )
        if create_graph:
            return list(results)
        return [r.data if isinstance(r, Variable) else r for r in results]


class Function:
    """A custom differentiable function: subclass it and call `apply`.

    forward(ctx, *args) computes the result from Variables without recording; backward(ctx, g)
    returns one gradient (or None) per argument.
    """

    @staticmethod
    def forward(ctx: Context, *args: Any) -> Any:
        """Compute the result; to be overridden."""
        raise NotImplementedError

    @staticmethod
    def backward(ctx: Context, *gradients: Any) -> Any:
        """Compute the gradients of the arguments; to be overridden."""
        raise NotImplementedError

    @classmethod
    def apply(cls, *args: Any) -> Variable:
        """Run forward on `args` and record it as one operation."""
        context = Context()
        edges = tuple([a.node if isinstance(a, Variable) else None for a in args])
        context.needs_input_grad = tuple([e is not None for e in edges])
        with no_grad():
            out = cls.forward(context, *args)
        if not isinstance(out, (Variable, Tensor)):
            raise GradientError(f"{cls.__name__}: forward must return one tensor, not {show(out)}")
        data = out.data if isinstance(out, Variable) else out
        if not mode.enabled or not any(context.needs_input_grad):
            return Variable(data)
        return Variable(data, node=Node(data, FunctionNode(cls, context, len(args)), edges))
