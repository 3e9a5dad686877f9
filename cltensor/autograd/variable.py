"""Variable: a Tensor whose operations are recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from cltensor.autograd.engine import Pass
from cltensor.autograd.graph import Node, needed, save
from cltensor.autograd.mode import mode
from cltensor.codegen import Shape
from cltensor.device import Device
from cltensor.errors import GradientError, ShapeError
from cltensor.op import Op, require_tensor
from cltensor.operators import Operators
from cltensor.ops.scatter import setitem
from cltensor.tensor import Size, Tensor


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
        if not recorded or not mode.enabled or out._value.dtype.kind != "f":
            return Variable(out)
        node = Node(out, op, tuple(edges))
        names = needed(op, tuple([e is not None for e in edges]))
        if names:
            save(node, op, names, raw, kwargs, out)
        return Variable(out, node=node)

    # Facts

    @property
    def data(self) -> Tensor:
        """The elements, outside the graph. Assigning shows other ones; a leaf stays a leaf."""
        return self._data

    @data.setter
    def data(self, data: Any) -> None:
        data = data._data if isinstance(data, Variable) else data
        require_tensor("data", "what is assigned", data)
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
        keep = create_graph if retain_graph is None else retain_graph
        Pass(Variable, None, keep, create_graph).run([self], [gradient])

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
        if self.node is not None and mode.enabled:
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
        if involved and mode.enabled:
            self.become(setitem(self, key, value))
        else:
            self.data[key] = value.data if isinstance(value, Variable) else value

    def become(self, changed: Any, reshapes: bool = False) -> Variable:
        """Show `changed`, the result of an operation in place that `reshapes` or not, from now on;
        returns self.

        Raises GradientError for a leaf that requires a gradient, outside `no_grad`, and for a new
        shape that its gradient would not have.
        """
        if mode.enabled and self.node is not None and self.node.op is None:
            raise GradientError(
                "in place: a leaf that requires a gradient cannot be changed; use ct.no_grad(), "
                "assign to .data, or work on x.clone()"
            )
        if reshapes and not mode.enabled and self.node is not None and changed.shape != self.shape:
            raise GradientError(
                f"in place: a gradient of shape {self.shape} belongs to this Variable, which "
                f"cannot take the shape {changed.shape}; use the operation that returns a new one"
            )
        self.data.become(changed.data, reshapes)
        if mode.enabled:
            self.node = getattr(changed, "node", None)
        return self


def _augmented(name: str) -> Callable[[Variable, Any], Any]:
    """``x += y``: rebinds x, but for a leaf under `no_grad`, which keeps collecting gradients."""

    def method(self: Variable, other: Any) -> Any:
        result = getattr(self, f"__{name}__")(other)
        if self.node is not None and self.node.op is None and not mode.enabled:
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
