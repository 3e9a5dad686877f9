"""Variables: Tensors whose operations are recorded, and the backward pass over the record.

A Variable holds a Tensor and, if it takes part in differentiation, a node. Nodes point at nodes
(never at Variables), so a graph keeps alive only what the derivative rules named. The backward
pass visits nodes in the reverse order of their creation, without recursion.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ContextDecorator
from functools import cache
from itertools import count
from typing import Any

import numpy as np

from cltensor.codegen import Shape
from cltensor.device import Device
from cltensor.errors import DeviceError, GradientError, ShapeError
from cltensor.op import Op
from cltensor.operators import Operators
from cltensor.ops.pointwise import astype, full
from cltensor.ops.reduce import sum as sum_over
from cltensor.ops.scatter import setitem
from cltensor.ops.shape import reshape
from cltensor.tensor import Size, Tensor, show

_sequence = count()


class _Mode(threading.local):
    enabled = True


_mode = _Mode()


def is_grad_enabled() -> bool:
    """Whether operations on Variables are recorded in this thread."""
    return _mode.enabled


class set_grad_enabled(ContextDecorator):
    """Context or decorator that turns recording on or off for this thread."""

    def __init__(self, mode: bool) -> None:
        self._wanted = mode

    def __enter__(self) -> None:
        self._before = _mode.enabled
        _mode.enabled = self._wanted

    def __exit__(self, *exception: object) -> None:
        _mode.enabled = self._before


class no_grad(set_grad_enabled):
    """Context or decorator inside which nothing is recorded."""

    def __init__(self) -> None:
        super().__init__(False)


class enable_grad(set_grad_enabled):
    """Context or decorator inside which operations are recorded, also within `no_grad`."""

    def __init__(self) -> None:
        super().__init__(True)


class Node:
    """A recorded operation, or a leaf (op None): where the gradient of one value arrives.

    edges are the nodes of the operands (None for those without gradient); saved holds what the
    rules of the wanted operands named. retain says that `grad` keeps the gradient.
    """

    __slots__ = (
        "device",
        "dtype",
        "edges",
        "grad",
        "hooks",
        "op",
        "order",
        "released",
        "retain",
        "saved",
        "shape",
        "versions",
    )

    def __init__(self, data: Tensor, op: Any = None, edges: tuple[Node | None, ...] = ()) -> None:
        self.op = op
        self.edges = edges
        self.shape: Shape = data.shape
        self.dtype: np.dtype = data.dtype
        self.device: Device = data.device
        self.order = next(_sequence)
        self.grad: Variable | None = None
        self.retain = op is None
        self.hooks: list[Callable[[Variable], Any]] | None = None
        self.saved: tuple[Any, ...] = ()
        self.versions: tuple[int, ...] = ()
        self.released = False

    @property
    def next_functions(self) -> tuple[tuple[Node | None, int], ...]:
        """The nodes of the operands, each with 0, as PyTorch shows them."""
        return tuple([(edge, 0) for edge in self.edges])

    def __repr__(self) -> str:
        return f"<{'AccumulateGrad' if self.op is None else self.op.name}>"

    def release(self) -> None:
        """Let go of the saved values after a backward pass."""
        self.saved = ()
        self.versions = ()
        self.released = True


class _Removable:
    """Handle of a hook; `remove` takes it out again."""

    def __init__(self, hooks: list[Any], hook: Any) -> None:
        self._hooks = hooks
        self._hook = hook

    def remove(self) -> None:
        """Take the hook out; a second call does nothing."""
        if self._hook in self._hooks:
            self._hooks.remove(self._hook)


class Variable(Operators):
    """A Tensor with its place in the recorded graph.

    data: a Tensor, or anything `ct.tensor` takes. requires_grad: make it a leaf whose gradient
    `backward` accumulates in `.grad`.
    """

    __slots__ = ("__dict__", "__weakref__", "_data", "node")

    def __init__(self, data: Any, requires_grad: bool = False, node: Node | None = None) -> None:
        if isinstance(data, Variable):
            data = data._data
        self._data: Tensor = data if isinstance(data, Tensor) else Tensor.from_numpy(_array(data))
        self.node = node
        if requires_grad:
            self.requires_grad_(True)

    @staticmethod
    def __apply_op__(op: Op, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run `op` on the data of `args` and record it if any of them needs a gradient."""
        if kwargs:
            bound = op.bind(args, kwargs)
            if op.variadic:
                kwargs = {k: v for k, v in bound.items() if k != op.params[0]}
            else:
                args, kwargs = tuple([bound[p] for p in op.params]), {}
        edges = []
        recorded = False
        raw = []
        for a in args:
            if isinstance(a, Variable):
                data = a._data
                raw.append(data)
                node = a.node
                if node is not None:
                    recorded = True
                recorder = data._value.device.recorder
                if recorder is not None and a.is_leaf:
                    recorder.watch(a)
                edges.append(node)
            else:
                raw.append(a)
                edges.append(None)
        out = op.run(*raw, **kwargs)
        if not recorded or not _mode.enabled or out._value.dtype.kind != "f":
            return Variable(out)
        node = Node(out, op, tuple(edges))
        names = needed(op, tuple([e is not None for e in edges]))
        if names:
            _save(node, op, names, raw, kwargs, out)
        return Variable(out, node=node)

    # Facts

    @property
    def data(self) -> Tensor:
        """The elements, outside the graph. Assigning shows other ones; a leaf stays a leaf."""
        return self._data

    @data.setter
    def data(self, data: Any) -> None:
        data = data._data if isinstance(data, Variable) else data
        recorder = data.device.recorder
        if recorder is not None:
            recorder.rebinds(("data", id(self)), self._data, lambda: self._data, self._show)
        self._show(data)

    def _show(self, data: Tensor) -> None:
        self._data = data
        node = self.node
        if node is not None and node.op is None:
            node.shape, node.dtype, node.device = data.shape, data.dtype, data.device

    @property
    def shape(self) -> Shape:
        """The size along each dimension."""
        return self._data.shape

    @property
    def dtype(self) -> np.dtype:
        """The element type, a NumPy dtype."""
        return self._data.dtype

    @property
    def device(self) -> Device:
        """The device that holds the elements."""
        return self._data.device

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return self._data.ndim

    @property
    def size(self) -> Size:
        """The number of elements; called, as in PyTorch, the shape."""
        return self._data.size

    @property
    def requires_grad(self) -> bool:
        """Whether a gradient flows to this Variable; setting it is for leaves."""
        return self.node is not None

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        self.requires_grad_(wanted)

    def requires_grad_(self, requires_grad: bool = True) -> Variable:
        """Make this a leaf that collects its gradient, or no longer one; returns self."""
        if not self.is_leaf:
            if requires_grad:
                return self
            raise GradientError(
                "requires_grad_: only a leaf can stop requiring a gradient; use .detach()"
            )
        if requires_grad and self.node is None:
            if self.dtype.kind != "f":
                raise GradientError(
                    f"requires_grad: a {self.dtype.name} tensor has no gradient; use a "
                    "floating-point dtype"
                )
            self.node = Node(self.data)
        elif not requires_grad:
            self.node = None
        return self

    @property
    def is_leaf(self) -> bool:
        """Whether this was made by the user and not by a recorded operation."""
        return self.node is None or self.node.op is None

    @property
    def grad(self) -> Variable | None:
        """The gradient collected by `backward`, None before."""
        return None if self.node is None else self.node.grad

    @grad.setter
    def grad(self, value: Any) -> None:
        if self.node is None:
            if value is None:
                return
            raise GradientError("grad: this Variable does not require a gradient")
        if value is not None:
            value = value if isinstance(value, Variable) else Variable(value)
            if value.shape != self.shape:
                raise ShapeError(
                    f"grad: a gradient of shape {value.shape} does not fit a Variable of shape "
                    f"{self.shape}"
                )
        self.node.grad = value

    @property
    def grad_fn(self) -> Node | None:
        """The node of the operation that made this Variable, None for a leaf."""
        return None if self.is_leaf else self.node

    # Differentiation

    def backward(
        self,
        gradient: Any = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
    ) -> None:
        """Add the gradients of this value to the `.grad` of the leaves it depends on.

        gradient: of the same shape; may be left out for a single element (then it is 1).
        retain_graph keeps the graph for another pass; create_graph records this pass itself, so
        that its results can be differentiated again.

        Raises GradientError: no graph, a missing gradient, or a graph already released.
        """
        backward([self], [gradient], retain_graph, create_graph)

    def detach(self) -> Variable:
        """The same elements outside the graph."""
        return Variable(self._data)

    def retain_grad(self) -> None:
        """Keep the gradient of this non-leaf in `.grad` too."""
        if self.node is None:
            raise GradientError("retain_grad: this Variable does not require a gradient")
        self.node.retain = True

    def register_hook(self, hook: Callable[[Variable], Any]) -> _Removable:
        """Call `hook` with each gradient of this Variable; what it returns (if not None) replaces
        the gradient. The handle's `remove` takes it out."""
        if self.node is None:
            raise GradientError("register_hook: this Variable does not require a gradient")
        if self.node.hooks is None:
            self.node.hooks = []
        self.node.hooks.append(hook)
        return _Removable(self.node.hooks, hook)

    # Reading

    def numpy(self) -> np.ndarray:
        """The elements on the host. Raises GradientError while a gradient is required."""
        if self.node is not None and _mode.enabled:
            raise GradientError(
                "numpy: this Variable requires a gradient, which NumPy would lose; use "
                ".detach().numpy()"
            )
        return self.data.numpy()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        array = self.numpy()
        return array if dtype is None else array.astype(dtype, copy=False)

    def item(self) -> bool | int | float:
        """The one element as a Python number."""
        return self.data.item()

    def tolist(self) -> Any:
        """The elements as nested Python lists."""
        return self.data.tolist()

    def realize(self) -> Variable:
        """Compute a pending value now; returns self."""
        self.data.realize()
        return self

    def __float__(self) -> float:
        return float(self.data)

    def __int__(self) -> int:
        return int(self.data)

    def __bool__(self) -> bool:
        return bool(self.data)

    def __index__(self) -> int:
        return self.data.__index__()

    def __len__(self) -> int:
        return len(self.data)

    def __iter__(self) -> Iterator[Variable]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        text = self.data.describe()
        if self.node is not None:
            text += ", requires_grad=True" if self.is_leaf else f", grad_fn=<{self.node.op.name}>"
        return f"tensor({text})"

    def __deepcopy__(self, memo: dict[int, Any]) -> Variable:
        if not self.is_leaf:
            raise GradientError("deepcopy: only leaves can be copied; use .detach() first")
        copied = type(self).__new__(type(self))
        memo[id(self)] = copied
        copied._data = self._data.alias()
        copied.node = None if self.node is None else Node(copied._data)
        if self.grad is not None:
            copied.grad = Variable(self.grad.data.alias())
        copied.__dict__.update(self.__dict__)
        return copied

    def __reduce__(self) -> tuple[Any, ...]:
        if not self.is_leaf:
            raise GradientError("pickle: only leaves can be pickled; use .detach() first")
        return (_unpickle, (type(self), self.data, self.requires_grad, self.__dict__))

    def __setitem__(self, key: Any, value: Any) -> None:
        involved = self.node is not None or getattr(value, "requires_grad", False)
        if involved and _mode.enabled:
            self.become(setitem(self, key, value))
        else:
            self.data[key] = value.data if isinstance(value, Variable) else value

    def become(self, changed: Any) -> Variable:
        """Show `changed`, the result of an operation in place, from now on; returns self.

        Raises GradientError for a leaf that requires a gradient, outside `no_grad`.
        """
        if _mode.enabled and self.node is not None and self.node.op is None:
            raise GradientError(
                "in place: a leaf that requires a gradient cannot be changed; use ct.no_grad(), "
                "assign to .data, or work on x.clone()"
            )
        self.data.become(changed.data)
        if _mode.enabled:
            self.node = getattr(changed, "node", None)
        return self


def _augmented(name: str) -> Callable[[Variable, Any], Any]:
    """``x += y``: rebinds x, but for a leaf under `no_grad`, which keeps collecting gradients."""

    def method(self: Variable, other: Any) -> Any:
        result = getattr(self, f"__{name}__")(other)
        if self.node is not None and self.node.op is None and not _mode.enabled:
            return self.become(result)
        return result

    return method


for _name in ("add", "sub", "mul", "truediv", "pow"):
    setattr(Variable, f"__i{_name}__", _augmented(_name))


def _array(data: Any) -> np.ndarray:
    array = np.asarray(data)
    return array.astype(np.float32) if array.dtype == np.float64 else array


def _unpickle(kind: Any, data: Tensor, requires_grad: bool, attributes: dict[str, Any]) -> Any:
    variable = kind.__new__(kind)
    variable._data = data
    variable.node = Node(data) if requires_grad else None
    variable.__dict__.update(attributes)
    return variable


# Recording

_FACTS = ("shape", "dtype", "device")


@cache
def needed(op: Op, wanted: tuple[bool, ...]) -> tuple[str, ...]:
    """The names that the rules of the wanted operands of `op` ask for, but for g."""
    if op.variadic:
        rules = [op.rules.get(op.params[0])]
    else:
        rules = [op.rules.get(p) for p, w in zip(op.params, wanted, strict=False) if w]
    names = [name for rule in rules if rule is not None for name in rule.needs]
    return tuple(name for name in dict.fromkeys(names) if name != "g")


def _save(
    node: Node,
    op: Op,
    names: tuple[str, ...],
    raw: Sequence[Any],
    kwargs: dict[str, Any],
    out: Tensor,
) -> None:
    bound = op.bind(tuple(raw), kwargs)
    saved: list[Any] = []
    for name in names:
        if name == "out":
            saved.append(out)
        elif name in bound:
            saved.append(bound[name])
        else:
            argument, _, fact = name.rpartition("_")
            source = bound[argument]
            many = isinstance(source, tuple)
            saved.append(
                [getattr(s, fact) for s in source] if many else getattr(source, fact, None)
            )
    node.saved = tuple(saved)
    node.versions = tuple([s._version if type(s) is Tensor else 0 for s in saved])


# The backward pass


def backward(
    outputs: Sequence[Variable],
    gradients: Sequence[Any] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
) -> None:
    """Accumulate the gradients of `outputs`, weighted by `gradients`, in the leaves' `.grad`."""
    gradients = gradients or [None] * len(outputs)
    keep = create_graph if retain_graph is None else retain_graph
    _run(outputs, gradients, None, keep, create_graph)


def grad(
    outputs: Variable | Sequence[Variable],
    inputs: Variable | Sequence[Variable],
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool = False,
) -> tuple[Variable | None, ...]:
    """The gradients of `outputs` with respect to `inputs`, as a tuple; `.grad` stays untouched.

    Raises GradientError when an input does not influence the outputs, unless allow_unused (then
    its gradient is None).
    """
    outputs = [outputs] if isinstance(outputs, Variable) else list(outputs)
    inputs = [inputs] if isinstance(inputs, Variable) else list(inputs)
    if grad_outputs is None or isinstance(grad_outputs, (Tensor, Variable)):
        grad_outputs = [grad_outputs] * len(outputs)
    for x in inputs:
        if x.node is None:
            raise GradientError("grad: an input does not require a gradient; set requires_grad")
    keep = create_graph if retain_graph is None else retain_graph
    found = _run(outputs, grad_outputs, [x.node for x in inputs if x.node], keep, create_graph)
    results = [found.get(x.node) if x.node else None for x in inputs]
    if not allow_unused and any(r is None for r in results):
        raise GradientError(
            "grad: an input does not influence the outputs; pass allow_unused=True to get None"
        )
    return tuple(results)


def _seed(output: Variable, gradient: Any) -> Variable:
    if output.node is None:
        raise GradientError(
            "backward: this value does not depend on any Variable that requires a gradient"
        )
    if gradient is None:
        if output.size != 1:
            raise GradientError(
                f"backward: the output has shape {output.shape}, not a single element; pass a "
                "gradient of that shape, or reduce it first, for example with .sum()"
            )
        return Variable(full(output.shape, 1, output.dtype, output.device))
    gradient = gradient if isinstance(gradient, Variable) else Variable(gradient)
    if gradient.shape != output.shape:
        raise ShapeError(
            f"backward: a gradient of shape {gradient.shape} does not fit an output of shape "
            f"{output.shape}"
        )
    if gradient.device is not output.device:
        raise DeviceError(
            f"backward: the output is on '{output.device}', its gradient on '{gradient.device}'; "
            f"move it with .to('{output.device}')"
        )
    return gradient if gradient.dtype == output.dtype else astype(gradient, output.dtype)


def _run(
    outputs: Sequence[Variable],
    gradients: Sequence[Any],
    targets: list[Node] | None,
    keep: bool,
    create_graph: bool,
) -> dict[Node | None, Variable]:
    """The engine: visit nodes from the newest to the oldest, each when its gradient is whole.

    With targets, only the nodes that lead to one of them, and their gradients are returned instead
    of accumulated.
    """
    pending: dict[Node, Any] = {}
    heap: list[tuple[int, Node]] = []
    found: dict[Node | None, Variable] = {}
    wanted = None if targets is None else set(targets)

    def arrive(node: Node, g: Any) -> None:
        if node in pending:
            pending[node] = pending[node] + g
        else:
            pending[node] = g
            heapq.heappush(heap, (-node.order, node))

    for output, gradient in zip(outputs, gradients, strict=True):
        seed = _seed(output, gradient)
        output.data.realize()
        assert output.node is not None
        arrive(output.node, seed if create_graph else seed.data)
    useful = None if wanted is None else _ancestors([o.node for o in outputs], wanted)
    with set_grad_enabled(create_graph):
        while heap:
            node = heapq.heappop(heap)[1]
            g = pending.pop(node)
            if node.hooks:
                g = _call_hooks(node, g)
            if wanted is not None and node in wanted:
                found[node] = _own(g)
            if wanted is None and node.retain:
                _accumulate(node, g)
            if node.op is None:
                continue
            for edge, gradient in zip(
                node.edges, _rules(node, g, useful, create_graph), strict=True
            ):
                if edge is not None and gradient is not None:
                    arrive(edge, _fit(gradient, edge))
            if not keep:
                node.release()
    return found


def _ancestors(roots: Sequence[Node | None], targets: set[Node]) -> set[Node]:
    """The nodes below `roots` from which a target can be reached."""
    reached: set[Node] = set()
    seen: dict[int, Node] = {}
    stack = [r for r in roots if r is not None]
    while stack:
        node = stack.pop()
        if node.order not in seen:
            seen[node.order] = node
            stack.extend([e for e in node.edges if e is not None])
    for order in sorted(seen):  # operands were made before their results
        node = seen[order]
        if node in targets or any(e in reached for e in node.edges):
            reached.add(node)
    return reached


def _call_hooks(node: Node, g: Any) -> Any:
    plain = not isinstance(g, Variable)
    current = Variable(g) if plain else g
    for hook in list(node.hooks or ()):
        changed = hook(current)
        if changed is not None:
            current = changed if isinstance(changed, Variable) else Variable(changed)
    return current.data if plain else current


def _accumulate(node: Node, g: Any) -> None:
    g = g if isinstance(g, Variable) else Variable(g)
    before = node.grad
    if before is not None and node.device.recorder is not None:
        node.device.recorder.rebinds(
            ("grad", id(node)),
            before.data,
            lambda: before.data if node.grad is None else node.grad.data,
            lambda data: setattr(node, "grad", Variable(data)),
        )
    node.grad = _own(g) if before is None else before + g


def _own(g: Any) -> Variable:
    """g as a Variable with a Tensor of its own: a rule like add's gives both operands the same
    one, and changing one gradient in place must not change the other."""
    data, node = (g._data, g.node) if isinstance(g, Variable) else (g, None)
    return Variable(Tensor(data._value), node=node)


def _fit(gradient: Any, edge: Node) -> Any:
    """`gradient` summed and cast to what the value behind `edge` is."""
    if gradient.shape != edge.shape:
        gradient = _unbroadcast(gradient, edge.shape)
    if gradient.dtype is not edge.dtype and gradient.dtype != edge.dtype:
        gradient = astype(gradient, edge.dtype)
    return gradient


def _unbroadcast(gradient: Any, shape: Shape) -> Any:
    """The sum of `gradient` over the axes along which `shape` was broadcast."""
    lead = gradient.ndim - len(shape)
    if lead < 0:
        raise ShapeError(f"backward: a rule gave shape {gradient.shape} for operand {shape}")
    axes = tuple(range(lead)) + tuple(
        lead + d for d, n in enumerate(shape) if n == 1 and gradient.shape[lead + d] != 1
    )
    if axes:
        gradient = sum_over(gradient, axes, True)
    return gradient if gradient.shape == shape else reshape(gradient, shape)


def _rules(node: Node, g: Any, useful: set[Node] | None, create_graph: bool) -> list[Any]:
    """The gradient for each operand of `node`, None where none is wanted."""
    op = node.op
    if node.released:
        raise GradientError(
            f"backward: the graph of {op.name} was already used and released; call the first "
            "backward with retain_graph=True"
        )
    edges = node.edges
    wanted = tuple([e is not None and (useful is None or e in useful) for e in edges])
    if isinstance(op, FunctionNode):
        return op.gradients(g, create_graph)
    names = needed(op, tuple([e is not None for e in edges]))
    for name, s, version in zip(names, node.saved, node.versions, strict=True):
        if type(s) is Tensor and s._version != version:
            raise GradientError(
                f"backward: {op.name} saved '{name}' for its derivative and it was changed in "
                "place since; assign to a copy (.clone()) instead"
            )
    known = dict(zip(names, node.saved, strict=True))
    if create_graph:
        known = {name: _relink(node, op, name, s) for name, s in known.items()}
    known["g"] = g
    if op.variadic:
        rule = _rule(op, op.params[0])
        results = rule.function(*[known[n] for n in rule.needs])
        return [r if w else None for r, w in zip(results, wanted, strict=True)]
    results = []
    for param, w in zip(op.params, wanted, strict=False):
        if w:
            rule = _rule(op, param)
            results.append(rule.function(*[known[n] for n in rule.needs]))
        else:
            results.append(None)
    return results


def _rule(op: Op, argument: str) -> Any:
    rule = op.rules.get(argument)
    if rule is None:
        raise GradientError(
            f"backward: {op.name} has no derivative with respect to '{argument}'; detach it, or "
            "declare a rule"
        )
    return rule


def _relink(node: Node, op: Op, name: str, saved: Any) -> Any:
    """A saved Tensor as the Variable it was, so that a rule's own operations are recorded."""
    if type(saved) is Tensor:
        if name == "out":
            return Variable(saved, node=node)
        return Variable(saved, node=node.edges[op.params.index(name)])
    if op.variadic and name == op.params[0]:
        return [Variable(s, node=e) for s, e in zip(saved, node.edges, strict=True)]
    return saved


# Custom functions


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
        if not _mode.enabled or not any(context.needs_input_grad):
            return Variable(data)
        return Variable(data, node=Node(data, FunctionNode(cls, context, len(args)), edges))
