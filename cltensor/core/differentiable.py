"""The side of a Tensor that takes part in differentiation."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, Self
from weakref import ref

from cltensor.core.hooks import (
    AfterGradient,
    HookList,
    Hooks,
    RemovableHandle,
    grad_watchers,
    watchers,
)
from cltensor.core.names import named
from cltensor.core.operators import Operators
from cltensor.dtypes import FRACTIONAL
from cltensor.errors import DeviceError, DTypeError, GradientError, ShapeError


class Differentiable(Operators):
    """Mixin: requires_grad, grad, backward and hooks.

    _node is the place in the recorded graph, None outside it; _view says, for a view, of what;
    _left, there only for what was in the graph once, is what `left` tells.
    """

    __slots__ = ("_left", "_node", "_view")

    _left: Any
    _node: Any
    _view: Any
    if TYPE_CHECKING:
        __dict__: dict[str, Any]

        @property
        def shape(self) -> tuple[int, ...]: ...
        @property
        def dtype(self) -> Any: ...
        @property
        def device(self) -> Any: ...
        @property
        def _version(self) -> int: ...

        def detach(self) -> Any: ...

    @property
    def node(self) -> Any:
        """The place in the recorded graph, None outside it."""
        return self._node if self._view is None else Hooks.node_of(self)

    @property
    def _base(self) -> Any:
        """The tensor of which this is a view, None if it is no view."""
        return None if self._view is None else self._view.base

    @property
    def requires_grad(self) -> bool:
        """Whether a gradient flows to this Tensor; setting it is for leaves."""
        for watch in watchers:
            watch((self,))
        return self.node is not None

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        self.requires_grad_(wanted)

    @named
    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Make this a leaf that collects its gradient, or no longer one; returns self.

        Raises GradientError for a dtype without gradient, and for the result of a recorded
        operation that shall stop requiring one.
        """
        for watch in watchers:
            watch((self,))
        node = self.node
        if node is not None and node.op is not None:
            if requires_grad:
                return self
            raise GradientError(
                "requires_grad_: only a leaf can stop requiring a gradient; use .detach()"
            )
        if requires_grad and node is None:
            if self.dtype.kind not in FRACTIONAL:
                raise GradientError(
                    f"requires_grad: a {self.dtype.name} tensor has no gradient; use a "
                    "floating-point or complex dtype"
                )
            self._node = self._again() or Hooks.leaf(self)
            kept = self.__dict__.pop("_grad", None)
            if kept is not None:
                self._node.grad = kept
        elif not requires_grad:
            self._leave()
        return self

    def _leave(self) -> None:
        """Leave the graph with the gradient; what was made of this before, views too, stays."""
        node = self.node
        if node is None:
            return
        grad, leaf = node.grad, None
        if grad is not None:
            self.__dict__["_grad"] = grad
        if node.op is None:
            leaf, node.retain = node, False
            if grad is not None:
                node.grad = None
        self._left_behind(node, leaf)
        self._node = None

    def _left_behind(self, node: Any, leaf: Any = None) -> None:
        """Note that `node` told of these elements as they are until now; see `Left`."""
        before, version, nodes = left(self), self._version, [ref(node)]
        if before is not None and before.version == version:
            nodes += [r for r in before.nodes if r() is not None and r() is not node]
        self._left = Left(nodes, leaf, version)

    def _again(self) -> Any:
        """The node of a leaf that left the graph, with its hooks; None if there is none."""
        before = left(self)
        node = None if before is None else before.leaf
        if node is not None:
            node.retain = True
            node.shape, node.dtype, node.device = tuple(self.shape), self.dtype, self.device
        return node

    @property
    def is_leaf(self) -> bool:
        """Whether this was made by the user and not by a recorded operation."""
        node = self.node
        return node is None or node.op is None

    @property
    def grad(self) -> Self | None:
        """The gradient collected by `backward`, None before."""
        node = self.node
        if node is not None:
            return node.grad
        kept = self.__dict__.get("_grad")
        for watch in grad_watchers:
            watch(self, kept)
        return kept

    @grad.setter
    def grad(self, value: Any) -> None:
        if value is not None:
            self._check_grad(value)
        node = self.node
        if node is not None:
            node.grad = value
            return
        for watch in grad_watchers:
            watch(self, self.__dict__.get("_grad") if value is None else value)
        if value is None:
            self.__dict__.pop("_grad", None)
        else:
            self.__dict__["_grad"] = value

    def _check_grad(self, value: Any) -> None:
        if not isinstance(value, Differentiable):
            raise DTypeError(
                f"grad: {type(value).__name__} is no gradient; assign a tensor or None"
            )
        if value.shape != self.shape:
            raise ShapeError(
                f"grad: a gradient of shape {value.shape} does not fit a tensor of shape "
                f"{self.shape}"
            )
        if value.dtype != self.dtype:
            raise DTypeError(
                f"grad: a gradient of {value.dtype.name} does not fit a tensor of "
                f"{self.dtype.name}; cast it with .to({self.dtype.name!r})"
            )
        if value.device is not self.device:
            raise DeviceError(
                f"grad: the gradient is on '{value.device}', the tensor on '{self.device}'; move "
                f"it with .to('{self.device}')"
            )

    @property
    def grad_fn(self) -> Any:
        """The node of the operation that made this Tensor, None for a leaf."""
        node = self.node
        return None if node is None or node.op is None else node

    @named
    def backward(
        self,
        gradient: Any = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Any = None,
    ) -> None:
        """Add the gradients of this value to the `.grad` of the leaves it depends on.

        gradient: of the same shape; may be left out for a single element (then it is 1).
        retain_graph keeps the graph for another pass, which needs it where elements were saved for
        the derivatives (not behind views and sums); create_graph records this pass itself, so that
        its results can be differentiated again. inputs: the only ones to get a gradient.

        Raises GradientError: no graph, a missing gradient, or a graph already released.
        """
        Hooks.backward([self], [gradient], retain_graph, create_graph, inputs=inputs)

    def retain_grad(self) -> None:
        """Keep the gradient of this non-leaf in `.grad` too."""
        self._graph_node("retain_grad").retain = True

    @property
    def retains_grad(self) -> bool:
        """Whether this is no leaf and keeps its gradient all the same."""
        node = self.node
        return node is not None and node.op is not None and node.retain

    @named
    def register_hook(self, hook: Callable[[Any], Any]) -> RemovableHandle:
        """Call `hook` with each gradient of this Tensor; what it returns (if not None) replaces
        the gradient. The handle's `remove`, or the end of its `with` block, takes it out."""
        node = self._graph_node("register_hook")
        if node.hooks is None:
            node.hooks = HookList()
        return RemovableHandle(node.hooks, hook)

    def register_post_accumulate_grad_hook(self, hook: Callable[[Any], None]) -> RemovableHandle:
        """Call `hook(self)` each time a backward pass has added to `.grad` of this leaf, as for an
        optimizer that steps within backward. The hook returns None.

        Returns: a handle whose `remove`, or the end of its `with` block, takes the hook out.
        Raises:  GradientError for a tensor that is no leaf, or requires no gradient.
        """
        node = self._graph_node("register_post_accumulate_grad_hook")
        if node.op is not None:
            raise GradientError(
                "register_post_accumulate_grad_hook: this tensor is no leaf; use register_hook"
            )
        return self.register_hook(AfterGradient(hook, self))  # type: ignore[arg-type]

    def share_memory_(self) -> NoReturn:
        """Raises DeviceError: memory of a device belongs to one process."""
        raise DeviceError(
            "share_memory_: processes do not share the memory of a device, and what is sent to one "
            "arrives as a copy; send results back by a ct.multiprocessing.Queue"
        )

    def _graph_node(self, operation: str) -> Any:
        node = self.node
        if node is None:
            raise GradientError(f"{operation}: this tensor does not require a gradient")
        return node

    def detach_(self) -> Self:
        """Leave the graph, with the gradient there is; returns self.

        Raises GradientError for a view.
        """
        for watch in watchers:
            watch((self,))
        if self._view is not None:
            raise GradientError("detach_: this is a view; use .detach(), or detach_() its base")
        self._leave()
        return self


class Left(NamedTuple):
    """How a tensor left its places in the graph.

    nodes: those it had, weakly, since they may hold much. leaf: the last if it was a leaf's, with
    its hooks. version: how often the elements had been changed, all the while.
    """

    nodes: list[ref[Any]]
    leaf: Any
    version: int

    def shows(self, node: Any, version: int) -> bool:
        """Whether `node` tells of the elements of `version`."""
        return version == self.version and any(r() is node for r in self.nodes)


_left_of = Differentiable._left.__get__


def left(x: Differentiable) -> Left | None:
    """How x left a place in the graph last, None if it never did."""
    try:
        return _left_of(x)
    except AttributeError:
        return None
