"""Calls written down as a graph: while a module runs, each operation or composite that has a writer
becomes nodes, whoever called it; of one that has none, what it calls does.

A tensor is known by the name of the value that it shows. One that no node made is a constant, a
parameter under its name among them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from cltensor.core.hooks import Tracer, tracers, watchers
from cltensor.core.op import Op
from cltensor.core.tensor import Tensor
from cltensor.dtypes import bfloat16
from cltensor.errors import DataError
from cltensor.halves import HOST
from cltensor.onnx.elements import CODES

Writer = Callable[..., Any]
#: Writers of operations and of composites, by their names. A writer is called with the graph, the
#: arguments by the names that the function itself has for them and `out`, what the call gave; it
#: returns the name of the value, or a tuple of them.
OPERATIONS: dict[str, Writer] = {}
COMPOSITES: dict[str, Writer] = {}
#: What draws random numbers, or else is no constant although it takes no tensor.
_DRAWS = frozenset(
    """
    bernoulli binomial multinomial normal poisson rand rand_like randint randint_like randn
    randn_like randperm uniform
    """.split()
)


#: Composites whose results come from kernels that no operation stands for.
_HIDDEN = frozenset({"median", "nanmedian"})


def writes(*names: str, composite: bool = False) -> Callable[[Writer], Writer]:
    """Decorator: the function writes the operations (or composites) of these names."""

    def declare(function: Writer) -> Writer:
        (COMPOSITES if composite else OPERATIONS).update(dict.fromkeys(names, function))
        return function

    return declare


class Recorder(Tracer):
    """Sees what one call of a module does, and keeps the nodes and the constants.

    helper: the module onnx.helper; version: that of the operators to write.
    """

    def __init__(
        self, helper: Any, version: int, names: dict[int, str], shares: bool = True,
        follows: bool = False,
    ) -> None:  # fmt: skip
        self.helper, self.version = helper, version
        self.nodes: list[Any] = []
        self.initializers: dict[str, Any] = {}
        #: Whether constants that are the same are one.
        self.shares = shares
        #: Whether what is computed from new tensors, such as a range, becomes nodes, too.
        self.follows = follows
        self._members = names
        self._values: dict[int, tuple[Tensor, str, int]] = {}
        self._shown: dict[int, tuple[Any, str]] = {}
        self._buffers: dict[int, str] = {}
        self._counts: dict[str, int] = {}
        self._constants: dict[Any, str] = {}
        self._entering: list[Any] = []
        self._inside = 0
        self._thread = threading.get_ident()

    # -- the calls --------------------------------------------------------------------------

    def __enter__(self) -> Recorder:
        watchers.append(_watch)
        tracers.append(self)
        return self

    def __exit__(self, *exception: object) -> None:
        tracers.remove(self)
        watchers.remove(_watch)

    def enters(self, function: Any) -> bool:
        """See hooks.Tracer."""
        if threading.get_ident() != self._thread or self._inside:
            return True
        if self._entering and self._entering[-1] is function:
            self._entering.pop()
            return True
        return False

    def call(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """See hooks.Tracer."""
        name = function.__name__
        is_op = isinstance(function, Op)
        write = (OPERATIONS if is_op else COMPOSITES).get(name)
        if name in _HIDDEN and not is_op and self._depends(args, kwargs):
            raise self._refused(name, "has no counterpart in ONNX")
        if name in _DRAWS:
            raise self._refused(name, "draws random numbers, which a file would repeat")
        before = list(args), dict(kwargs)
        states = [self._state(x) for x in _tensors((args, kwargs))]  # each is checked
        known = any(states)
        if known and kwargs.get("out") is not None:
            raise self._refused(name, "writes into out=, which ONNX has not")
        if is_op and any(kwargs.get(option) is not None for option in function.options):
            write = None  # another function does that
        if write is not None and known:
            self._inside += 1
            try:
                out = function(*args, **kwargs)
            finally:
                self._inside -= 1
            if self._is_known(out):  # it gave what it was given
                return out
            found = write(self, *_arguments(function, *before), out=out)
            if found is not NotImplemented:
                self._name(name, out, found)
                return out
        self._entering.append(function)
        try:
            out = function(*args, **kwargs)
        finally:
            if self._entering and self._entering[-1] is function:
                self._entering.pop()
        if known:
            for t in _tensors(out):
                if not self._is_known(t) and (is_op or not _is_made_like(function)):
                    raise self._refused(name, "has no counterpart in ONNX")
        elif self.follows and not states:
            for t in _tensors(out):
                if not self._is_known(t):
                    self.know(t, self._tensor(t))
        return out

    def changes(self, to: Any) -> None:
        """See hooks.Tracer. Raises where `to` was written since: nothing says what it is now."""
        if threading.get_ident() == self._thread and not self._inside:
            self._state(to)

    def changed(self, operation: str, x: Any, to: Any) -> None:
        """See hooks.Tracer. Other tensors that share the elements are known no more."""
        if threading.get_ident() != self._thread or self._inside:
            return
        if id(to) in self._values:
            self.know(x, self._values[id(to)][1])
        elif id(x) in self._values:
            raise self._refused(operation, "changes a tensor in a way that ONNX has not")

    def read(self, x: Any) -> None:
        """See hooks.Tracer. What depends on the inputs would be written as it was in this run."""
        if threading.get_ident() == self._thread and not self._inside and self._state(x):
            name = self._values[id(x)][1] if id(x) in self._values else "a tensor"
            raise self._refused(name, "is read on the host, and the file would hold what it was")

    def _refused(self, name: str, why: str) -> DataError:
        return DataError(f"onnx.export: {name} {why}; export a part of the model without it")

    # -- values -----------------------------------------------------------------------------

    def know(self, x: Tensor, name: str) -> None:
        """From now on x is the value of that name."""
        self._values[id(x)] = x, name, x._version
        self._shown[id(x._value)] = x._value, name
        if x._value.buffer is not None:
            self._buffers[id(x._value.buffer)] = name

    def _state(self, x: Tensor) -> bool:
        """Whether x depends on the inputs; raises for one whose elements have changed since."""
        if id(x) in self._values:
            if self._values[id(x)][2] != x._version:
                by = getattr(x._value.buffer, "changed_by", None) or "an operation"
                raise self._refused(
                    self._values[id(x)][1],
                    f"was changed in place by {by}, maybe through another tensor that shares its "
                    "elements, which ONNX has not",
                )
            return True
        if id(x) in self._members:
            return False
        return id(x._value) in self._shown or id(x._value.buffer) in self._buffers

    def _depends(self, *given: Any) -> bool:
        return any(self._state(x) for x in _tensors(given))

    def _is_known(self, x: Any) -> bool:
        tensors = _tensors(x)
        return bool(tensors) and all(id(t) in self._values for t in tensors)

    def _name(self, operation: str, out: Any, names: Any) -> None:
        tensors = _tensors(out)
        given = names if isinstance(names, tuple) else (names,)
        if len(tensors) != len(given):
            raise self._refused(operation, f"gives {len(tensors)} tensors")
        for t, name in zip(tensors, given, strict=True):
            self.know(t, name)

    def value(self, x: Any, dtype: Any = None) -> str:
        """The name of a tensor, or of a number as a constant of `dtype`; with a dtype a tensor is
        cast to it."""
        if not isinstance(x, Tensor):
            return self.constant(np.asarray(x), dtype)
        if id(x) in self._values:
            self._state(x)
            name = self._values[id(x)][1]
        elif id(x) in self._members:
            name = self._member(x)
        elif id(x._value) in self._shown:  # the same elements, outside the graph
            name = self._shown[id(x._value)][1]
        elif x._value.buffer is not None and id(x._value.buffer) in self._buffers:
            raise self._refused(
                self._buffers[id(x._value.buffer)], "is shown by a tensor that no operation made"
            )
        else:
            name = self._tensor(x)
        if dtype is not None and x.dtype != dtype:
            return self.node("Cast", name, to=CODES[dtype])
        return name

    def _member(self, x: Tensor) -> str:
        name = self._members[id(x)]
        if name not in self.initializers:
            self.initializers[name] = _message(self.helper, name, x)
        return name

    def _tensor(self, x: Tensor) -> str:
        name = self.unique("constant")
        self.initializers[name] = _message(self.helper, name, x)
        self._values[id(x)] = x, name, x._version  # it is what it was when it was first used
        return name

    def constant(self, array: Any, dtype: Any = None) -> str:
        """The name of an array as a constant."""
        array = np.asarray(array)
        if dtype is bfloat16:
            return self.node("Cast", self.constant(array, np.dtype("float32")), to=CODES[dtype])
        array = array.astype(dtype) if dtype is not None else array
        key = array.dtype.str, array.shape, array.tobytes()
        if key not in self._constants or not self.shares:
            name = self._constants[key] = self.unique("constant")
            kind = CODES[array.dtype]
            self.initializers[name] = self.helper.make_tensor(
                name, kind, array.shape, array.tobytes(), raw=True
            )
        return self._constants[key]

    def is_member(self, name: str) -> bool:
        """Whether it is that of a parameter or buffer of the module."""
        return name in self._members.values()

    def ints(self, numbers: Any) -> str:
        """Whole numbers as a constant: axes, shapes and the like."""
        return self.constant(np.asarray(numbers, np.int64))

    def node(self, operator: str, *inputs: str, outputs: int = 1, **attributes: Any) -> Any:
        """Write a node; returns the name of its output, or a tuple of them."""
        name = self.unique(operator)
        names = [name, *[f"{name}_{i}" for i in range(1, outputs)]]
        attributes = {k: v for k, v in attributes.items() if v is not None}
        made = self.helper.make_node(operator, list(inputs), names, name=name, **attributes)
        self.nodes.append(made)
        return name if outputs == 1 else tuple(names)

    def unique(self, name: str) -> str:
        """A name that nothing has yet."""
        while True:
            count = self._counts.get(name, -1) + 1
            self._counts[name] = count
            found = f"{name}_{count}"
            if not self.is_member(found):
                return found


def _watch(operands: Any) -> None:
    """Nothing: while there is one who watches, operations look whether there is a tracer."""


def _tensors(x: Any) -> list[Tensor]:
    if isinstance(x, Tensor):
        return [x]
    if isinstance(x, dict):
        return [t for v in x.values() for t in _tensors(v)]
    return [t for v in x for t in _tensors(v)] if isinstance(x, (tuple, list)) else []


def _is_made_like(function: Any) -> bool:
    """Whether it makes tensors that depend on the shape of one alone."""
    return function.__name__.endswith("_like") or function.__name__.startswith("new_")


def _arguments(function: Any, args: list[Any], kwargs: dict[str, Any]) -> list[Any]:
    """All arguments by position, as the function itself declares them; variadic ones as a list."""
    if isinstance(function, Op):
        if function.variadic:
            return [
                list(args),
                *[kwargs.get(n, function.defaults.get(n)) for n in function.params[1:]],
            ]
        return list(function.bind(tuple(args), kwargs)[0])
    args, kwargs = function.bind(tuple(args), kwargs)
    return [_Bound(function.by_position, args, kwargs)]


class _Bound:
    """The arguments of a composite by name; one that was not given is None."""

    def __init__(self, names: tuple[str, ...], args: Any, kwargs: dict[str, Any]) -> None:
        self._given = {**dict(zip(names, args, strict=False)), **kwargs}
        self.rest = args[len(names) :]

    def __call__(self, name: str, default: Any = None) -> Any:
        """What was given under a name."""
        return self._given.get(name, default)


def _message(helper: Any, name: str, x: Tensor) -> Any:
    """The elements of a tensor as a message."""
    host = x.detach()._stored() if x.dtype is bfloat16 else x.detach().numpy()
    array = host if host.dtype != HOST else host.view(np.uint16)
    return helper.make_tensor(name, CODES[x.dtype], x.shape, array.tobytes(), raw=True)
