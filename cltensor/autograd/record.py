"""Recording: an operation becomes a node of the graph; a view knows of what it is one.

A view that is changed in place changes its base, so the base takes a new node, in which the
gradients of what was there before and of what was written part. Views made earlier then take
nodes anew, from that one, when they are asked for theirs. A base that leaves the graph leaves its
views there, as PyTorch does; one that is made a leaf does not take earlier views with it (in
PyTorch, those become leaves of their own without a word).

Source: PyTorch's rules for views and changes in place.
"""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Sequence
from typing import Any

from cltensor.autograd.graph import Node, Output, resave, save
from cltensor.core.differentiable import left
from cltensor.core.hooks import Hooks
from cltensor.core.mode import enable_grad, mode, no_grad
from cltensor.core.op import Op, unrecorded
from cltensor.core.tensor import Tensor
from cltensor.dtypes import FRACTIONAL
from cltensor.errors import GradientError
from cltensor.lazy.values import same_place
from cltensor.ops.elementwise.cast import full


class Path:
    """How a view is made of its base x: op(x, *args, **kwargs), after what `above` does."""

    __slots__ = ("above", "args", "kwargs", "op")

    def __init__(
        self, above: Path | None, op: Op, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        self.above = above
        self.op = op
        self.args = args
        self.kwargs = kwargs

    def __call__(self, x: Tensor) -> Tensor:
        """The view of x."""
        steps: list[Path] = [self]
        while (above := steps[-1].above) is not None:
            steps.append(above)
        for step in reversed(steps):
            x = step.op(x, *step.args, **step.kwargs)
        return x


class View:
    """What a view is one of: `path` leads to it from `base`.

    stamp: the node that base had when the view took its own. recorded: whether it was made while
    operations were recorded.
    """

    __slots__ = ("base", "path", "recorded", "stamp")

    base: Tensor
    path: Any
    recorded: bool
    stamp: Node | None

    def __init__(self, x: Tensor, op: Op, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        above: View | None = x._view
        if above is None:
            self.base, self.path = x, Path(None, op, args[1:], kwargs)
        else:
            self.base, self.path = above.base, Path(above.path, op, args[1:], kwargs)
        self.recorded = mode.enabled
        self.stamp = self.base._node

    @classmethod
    def through(cls, x: Tensor, steps: Sequence[Path], recorded: bool) -> View:
        """What a view of x is one of that `steps` lead to."""
        view = cls.__new__(cls)
        above: View | None = x._view
        view.base, path = (x, None) if above is None else (above.base, above.path)
        for step in steps:
            path = Path(path, step.op, step.args, step.kwargs)
        view.path, view.recorded, view.stamp = path, recorded, view.base._node
        return view


def record(op: Op, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run `op` and, if an operand needs a gradient, give the results their node."""
    edges = []
    recorded = False
    for a in args:
        if type(a) is Tensor or isinstance(a, Tensor):
            node = a._node if a._view is None else node_of(a)
            if node is not None:
                recorded = True
            edges.append(node)
        else:
            edges.append(None)
    recorded = recorded and mode.enabled
    if recorded and op.calls_operations:
        out = unrecorded(op.run, *args, **kwargs)
    else:
        out = op.run(*args, **kwargs)
    if op.is_view:
        return _viewed(op, args, kwargs, out, edges[0] if recorded else None)
    if not recorded:
        return out
    if type(out) is tuple:
        return _several(op, args, kwargs, out, edges)
    if out._value.dtype.kind not in FRACTIONAL:
        return out
    for a in args:
        if out is a:
            return out
    out._node = node = Node(out, op, tuple(edges))
    Hooks.save(node, args, kwargs, out)
    return out


def _several(
    op: Op, args: tuple[Any, ...], kwargs: dict[str, Any], outs: tuple[Any, ...], edges: list[Any]
) -> tuple[Any, ...]:
    """The results of one operation: each has a node, whose edge is the node of them all."""
    node = Node(outs[0], op, tuple(edges))
    Hooks.save(node, args, kwargs, outs)
    for index, out in enumerate(outs):
        if out._value.dtype.kind in FRACTIONAL:
            out._node = Node(out, Output(index, len(outs)), (node,))
    return outs


def _viewed(
    op: Op, args: tuple[Any, ...], kwargs: dict[str, Any], out: Tensor, edge: Node | None
) -> Tensor:
    x = args[0]
    if out is x:
        return x
    if edge is not None and out._value.dtype.kind in FRACTIONAL:
        out._node = Node(out, op, (edge, *[None] * (len(args) - 1)))
        Hooks.save(out._node, args, kwargs, out)
    buffer = out._value.buffer
    if buffer is not None and buffer is x._value.buffer:
        out._view = View(x, op, args, kwargs)
    return out


def node_of(x: Tensor) -> Node | None:
    """The node of a view, anew if its base was changed in place since."""
    view = x._view
    if view is not None and view.base._node is not view.stamp:
        _look_again(x, view)
    return x._node


def _look_again(x: Tensor, view: View) -> None:
    """Have view x, whose base has another node than it knew, take the one that it has now."""
    base, now, before = view.base, view.base._node, left(view.base)
    if before is not None and view.stamp is not None and before.shows(view.stamp, base._version):
        return  # the elements are those that x was made of
    if now is not None and now.op is not None:
        if _reshaped:
            _require_path("backward", x, view)
        with enable_grad():
            _put_at(x, view.path(base)._node)
    elif view.stamp is None:
        return  # the base was made a leaf later: no place for what was made before
    else:
        x._node = None  # the base left the graph, and was changed after that
    view.stamp = now


#: Tensors, by id, that are no views and took another shape in place.
_reshaped: dict[int, weakref.ref[Tensor]] = {}


def note_reshaped(x: Tensor) -> None:
    """Note that x, which is no view, takes another shape: paths to earlier views lead astray."""
    if x._node is not None:
        x._left_behind(x._node)
    key = id(x)
    _reshaped[key] = weakref.ref(x, lambda _: _reshaped.pop(key, None))


def _require_path(operation: str, x: Tensor, view: View) -> None:
    """Raise GradientError if the base of view x took another shape in place after x was made."""
    if id(view.base) not in _reshaped:
        return
    value = x._value
    try:
        with no_grad():
            found = view.path(view.base)._value
        fits = same_place(found, value) and found.shape == value.shape
    except (IndexError, ValueError):
        fits = False
    if not fits:
        raise GradientError(
            f"{operation}: the base of this view of shape {value.shape} took the shape "
            f"{tuple(view.base.shape)} in place after the view was made; make the view again"
        )


def require_changeable(operation: str, x: Tensor) -> None:
    """Raise GradientError if x may not be changed in place while operations are recorded."""
    if not mode.enabled:
        return
    node, view = node_of(x), x._view
    if view is not None and _reshaped:
        _require_path(operation, x, view)
    if node is not None and node.op is None:
        raise GradientError(
            f"{operation}: a leaf that requires a gradient cannot be changed in place; use "
            "ct.no_grad(), assign to .data, or work on x.clone()"
        )
    base = None if view is None else view.base._node
    if base is not None and base.op is None:
        raise GradientError(
            f"{operation}: a view of a leaf that requires a gradient cannot be changed in place; "
            "use ct.no_grad(), or work on x.clone()"
        )
    if node is not None and view is not None and base is None and view.stamp is not None:
        raise GradientError(
            f"{operation}: the base of this view left the graph after the view was made, which "
            "cannot be changed in place; use ct.no_grad(), or work on x.clone()"
        )
    if view is not None and not view.recorded and base is not None:
        raise GradientError(
            f"{operation}: this view was made under no_grad and cannot be changed in place while "
            "operations are recorded; make it outside, or change it under no_grad too"
        )


def rebase(x: Tensor, node: Node | None, anew: bool = False) -> None:
    """Have x, whose elements were just changed, take the place `node` in the graph.

    anew: the elements do not depend on what they were, which then has a gradient of zeros.
    """
    view = x._view
    if view is None:
        if x._node is not None and (anew or node is None):
            node = Node(x, overwrite, (x._node, node))
        _put_at(x, node)
        return
    base = view.base
    edges = base._node, node
    if edges != (None, None):
        after = Node(base, view_write, edges)
        after.names, after.saved, after.versions = ("path",), (view.path,), (0,)
        _put_at(base, after)


def _put_at(x: Tensor, node: Node | None) -> None:
    """Give x another place in the graph, where its gradient is kept if it was, with what there is
    of it."""
    before, x._node = x._node, node
    if before is not None and node is not None and before.op is not None and before.retain:
        before.retain, node.retain = False, True
        before._grad, node._grad = None, before._grad


def preserve(x: Tensor, node: Node | None, since: int) -> None:
    """Before x is overwritten, let the nodes made from `since` on, below `node`, keep a copy of
    what they saved of it: an operation in place may need its own operand later."""
    value = x._value
    stack, seen, copied = [node], set(), None
    while stack:
        node = stack.pop()
        if node is None or node.order < since or node in seen:
            continue
        seen.add(node)
        stack += node.edges
        if any(v is value for v in node.held_values()):
            if copied is None:
                copied = unrecorded(x.clone)._value
            resave(node, value, copied)


def _without(g: Any, path: Path) -> Any:
    """g with zeros in the view."""
    rest = g.clone()
    path(rest).zero_()
    return rest


#: The node of a base in which `value` was written through the view that `path` leads to.
view_write = Op(
    "view_write(x, value, path)",
    lambda x, value, path: x,
    {"dx": lambda g, path: _without(g, path), "dvalue": lambda g, path: path(g)},
)
#: The node of a tensor whose elements were all replaced by `value`.
overwrite = Op(
    "overwrite(x, value)",
    lambda x, value: value,
    {"dx": lambda g: full(g.shape, 0, g.dtype, g.device), "dvalue": lambda g: g},
)


class _AnyTensor(type):
    def __instancecheck__(cls, x: object) -> bool:
        return isinstance(x, Tensor)

    def __subclasscheck__(cls, kind: type) -> bool:
        return issubclass(kind, Tensor)


class Variable(metaclass=_AnyTensor):
    """``Variable(data, requires_grad=True)``: a Tensor that shares `data` and records.

    Every Tensor is one: `isinstance(x, Variable)` holds, and the call is kept for programs written
    before PyTorch 0.4, where the two became one class.

    >>> x = ct.autograd.Variable(ct.ones(2), requires_grad=True)
    >>> x.requires_grad, isinstance(ct.ones(2), ct.autograd.Variable)
    (True, True)
    """

    def __new__(cls, data: Any, requires_grad: bool = False, volatile: Any = None) -> Any:
        """A Tensor with the elements of `data`, a Tensor or anything that `ct.tensor` takes.

        volatile: a keyword of programs before PyTorch 0.4; warns that it has no effect.
        """
        if volatile is not None:
            warnings.warn(
                "Variable: volatile has no effect; use `with ct.no_grad():`", stacklevel=3
            )
        shared = data.detach() if isinstance(data, Tensor) else Tensor(Tensor._from_data(data))
        return shared.requires_grad_() if requires_grad else shared


Hooks.record = staticmethod(record)
Hooks.save = staticmethod(save)
Hooks.leaf = Node
Hooks.node_of = staticmethod(node_of)
