"""Operations: the declaration, the registry, and dispatch.

An operation is one declaration: a name with its arguments, what computes it on Tensors, and one
derivative rule per differentiable argument. The parameter names of a rule say what it needs:

    g               the gradient of the output; of several outputs, a list of theirs, each a tensor
                    or None
    out             the output; of several, all of them
    <argument>      the argument itself (its elements are saved)
    <parameter>     the value of a plain parameter
    <argument>_shape, <argument>_dtype, <argument>_device     facts that save no elements

Rules are written in the library's own operations, so a rule can be differentiated again. They
need not undo broadcasting; the backward pass does that once for all.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from operator import itemgetter
from types import MethodType
from typing import Any

import numpy as np

from cltensor.core.batched import Batched, Unbatched
from cltensor.core.casting import SINGLE, casting, widened
from cltensor.core.hooks import Hooks, tracers, watchers
from cltensor.core.mode import mode
from cltensor.core.names import canonical
from cltensor.core.parameters import Parameters
from cltensor.core.tensor import Tensor, show
from cltensor.core.wide import in_float32
from cltensor.dtypes import FRACTIONAL, KIND_RANK
from cltensor.errors import DeviceError, DTypeError, GradientError, ShapeError, VmapError
from cltensor.lazy.codegen import Shape
from cltensor.lazy.writes import require_writable, write

#: Every operation by name; the tests sweep it.
OPERATIONS: dict[str, Op] = {}


class Rule:
    """One derivative rule and the names that it needs."""

    __slots__ = ("_pick", "function", "needs")

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.needs = Parameters(function).names
        several = len(self.needs) > 1  # for one, the getter gives no tuple
        self._pick = itemgetter(*self.needs) if several else None

    def __call__(self, known: Mapping[str, Any]) -> Any:
        """What the rule gives, of what is known by name."""
        if self._pick is None:
            return self.function(*[known[n] for n in self.needs])
        return self.function(*self._pick(known))


class Op:
    """An operation on Tensors. With an argument that requires a gradient, it is recorded.

    signature: "name(argument, ..., parameter, ...)"; a first argument written *xs is variadic and
    its rule returns a list. rules are given as d<argument>=function; the rule of several arguments
    together, as d<argument>_<argument>=function, returns a gradient (or None) for each. run returns
    a Tensor or, for several results, a tuple of them; an argument may be None where run takes that.
    is_view: the result may be a view of the first argument. calls_operations: run uses other
    operations, which shall not be recorded one by one. takes_halves: run takes floats of 16
    bits as they are, since it only moves elements (or refuses those).
    """

    is_view = False
    #: Whether rules that read elements are written as for real numbers, g * f'(x). Where they meet
    #: complex ones, backward gives them conj(g) and conjugates what they give: g * conj(f'(x)).
    holomorphic = True
    #: Whether rules take floats of 16 bits as they are: others get them in float32.
    rules_take_halves = False
    #: What the operation does with tensors inside `vmap`: rule(op, batch, *args) (see batching).
    #: None: it is called for one example after another.
    batch: Callable[..., Any] | None = None
    #: The method that Tensor has for it as an operator; None: one that calls it.
    operator: Callable[[Any, Any], Any] | None = None
    #: Keywords that ask for another function.
    options: Mapping[str, Callable[..., Any]] = {}

    def __init__(
        self,
        signature: str,
        run: Callable[..., Any],
        rules: Mapping[str, Callable[..., Any]],
        doc: str | None = None,
        calls_operations: bool = True,
        public: bool = False,
        space: str = "",
        takes_halves: bool = False,
    ) -> None:
        match = re.fullmatch(r"(\w+)\((.*)\)", signature)
        if match is None:
            raise ValueError(f"op: {signature!r} is not of the form 'name(argument, ...)'")
        self.name = match[1]
        self.params = tuple(p.strip().lstrip("*") for p in match[2].split(","))
        self.variadic = match[2].startswith("*")
        self.run = run
        if calls_operations and not takes_halves:
            self.run = in_float32(run, OPERATIONS)
        self.calls_operations = calls_operations
        #: Whether it is part of the public namespace under the name that its module gives it.
        self.public = public
        #: The namespace that it is public in: "" for the main one, "linalg" for `ct.linalg`.
        self.space = space
        self.is_method = not space
        #: For each differentiable argument its rule, and its place among the rule's results (-1
        #: where the rule gives only one).
        self.rules: dict[str, tuple[Rule, int]] = {}
        for name, function in rules.items():
            self._add_rule(name[1:], Rule(function))
        self.__name__ = self.__qualname__ = self.name
        if public:
            self.__module__ = f"cltensor.{space}".rstrip(".")
        self.__doc__ = doc or run.__doc__
        self.defaults = Parameters(run).defaults
        OPERATIONS[self.name] = self

    def _add_rule(self, names: str, rule: Rule) -> None:
        if names in self.params:
            self.rules[names] = rule, -1
            return
        together = names.split("_")
        unknown = set(together) - set(self.params)
        if unknown:
            raise ValueError(f"op: {self.name} has a rule for {unknown}, which are no arguments")
        for place, name in enumerate(together):
            self.rules[name] = rule, place

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if kwargs or watchers:
            return self._called_with(args, kwargs)
        try:
            for a in args:
                if (type(a) is Tensor or isinstance(a, Tensor)) and (
                    a._node is not None
                    or (a._view is not None and a._view.stamp is not a._view.base._node)
                ):
                    return Hooks.record(self, args, kwargs)
            return self.run(*args)
        except Unbatched:
            pass
        except AttributeError:
            if any(isinstance(a, Tensor) for a in args):
                raise
            raise no_tensor(self.name, args) from None
        return Hooks.batched(self, args, kwargs)

    def recorded(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The result of a call, in the graph if an operand is, and for a whole batch inside
        `vmap`."""
        try:
            return Hooks.record(self, args, kwargs)
        except Unbatched:
            pass
        except AttributeError:
            if any(isinstance(a, Tensor) for a in args):
                raise
            raise no_tensor(self.name, args) from None
        return Hooks.batched(self, args, kwargs)

    def batched(self, rule: Callable[..., Any] | None) -> Callable[..., Any] | None:
        """Decorator: what to do with tensors inside `vmap`, in place of the default."""
        self.batch = rule
        return rule

    def option(self, name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Decorator: the function to call instead where keyword `name` is given."""

        def declare(function: Callable[..., Any]) -> Callable[..., Any]:
            self.options = {**self.options, name: function}
            return function

        return declare

    def _called_with(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The result of a call with keywords, among them out and the options, or while one who
        records watches."""
        if tracers and not tracers[-1].enters(self):
            return tracers[-1].call(self, args, kwargs)
        for watch in watchers:
            watch((*args, *kwargs.values()))
        if casting.dtypes is not None and self.name in SINGLE and kwargs.get("out") is None:
            args = tuple([widened(x) for x in args])
        out = kwargs.pop("out", None)
        for name, function in self.options.items():
            if kwargs.get(name) is not None:
                value = kwargs.pop(name)
                args, kwargs = self.bind(args, kwargs)
                return write_out(self.name, function(*args, **kwargs, **{name: value}), out)
            kwargs.pop(name, None)
        if kwargs:
            args, kwargs = self.bind(args, kwargs)
        return write_out(self.name, self.recorded(args, kwargs), out)

    @property
    def __signature__(self) -> inspect.Signature:
        """The parameters, for help() and editors."""
        kinds: Any = inspect.Parameter
        params = []
        for i, name in enumerate(self.params):
            several = self.variadic and i == 0
            kind = kinds.VAR_POSITIONAL if several else kinds.POSITIONAL_OR_KEYWORD
            if self.variadic and i:
                kind = kinds.KEYWORD_ONLY
            default = self.defaults.get(name, kinds.empty)
            params.append(kinds(name, kind, default=kinds.empty if several else default))
        params += [kinds(name, kinds.KEYWORD_ONLY, default=None) for name in (*self.options, "out")]
        return inspect.Signature(params)

    def bind(
        self, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments by position, and by name those that follow variadic ones.

        Raises TypeError for an unknown keyword, one given twice, or an argument that is missing.
        """
        beside = () if self.is_view else (*self.options, "out")
        if self.variadic:
            rest = self.params[1:]
            return args, canonical(self.name, rest, (), kwargs, beside)
        named = canonical(self.name, self.params, self.params[: len(args)], kwargs, beside)
        return self.complete(args, named), {}

    def complete(self, args: tuple[Any, ...], named: Mapping[str, Any]) -> tuple[Any, ...]:
        """`args`, and for the parameters after them what `named` or the defaults say."""
        found = list(args)
        for param in self.params[len(args) :]:
            if param in named:
                found.append(named[param])
            elif param in self.defaults:
                found.append(self.defaults[param])
            else:
                raise TypeError(f"{self.name}: {param!r} is missing; it takes {self.params}")
        return tuple(found)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """As an attribute of a class, an operation is a method, as a function would be."""
        return self if instance is None else MethodType(self, instance)

    def __reduce__(self) -> tuple[Any, ...]:
        return registered, (self.name,)

    def __repr__(self) -> str:
        return f"<operation {self.name}({', '.join(self.params)})>"


def registered(name: str) -> Op:
    """The operation called `name`: what a pickled or copied one is."""
    return OPERATIONS[name]


def primitive(
    signature: str,
    run: Callable[..., Any],
    *,
    takes_halves: bool = False,
    **rules: Callable[..., Any],
) -> Op:
    """Declare an operation that `run` computes with kernels of its own.

    run gets Tensors and plain parameters and returns a new Tensor, or a tuple of them.
    takes_halves: see Op.
    """
    return Op(signature, run, rules, takes_halves=takes_halves)


class ViewOp(Op):
    """An operation whose result shows elements of its first argument, where strides can."""

    is_view = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if kwargs:
            args, kwargs = self.bind(args, kwargs)
        if watchers:
            if tracers and not tracers[-1].enters(self):
                return tracers[-1].call(self, args, kwargs)
            for watch in watchers:
                watch(args)
        return self.recorded(args, kwargs)


def view_op(signature: str, run: Callable[..., Tensor], **rules: Callable[..., Any]) -> Op:
    """Declare an operation that shows the same elements differently.

    run may return a copy where strides cannot express the view.
    """
    return ViewOp(signature, run, rules, calls_operations=False)


def write_out(operation: str, result: Any, out: Any) -> Any:
    """Write `result` into the tensor `out`, or each of several results into its own; returns out,
    or, where it is None, `result`. An `out` without elements takes the shape of the result.

    Raises GradientError for a recorded result; DTypeError, ShapeError or DeviceError where it does
    not fit. Indices fit only their own dtype.
    """
    if out is None:
        return result
    if isinstance(result, tuple):
        if not isinstance(out, (tuple, list)) or len(out) != len(result):
            raise DTypeError(f"{operation}: out is {show(out)}; give {len(result)} tensors")
        pairs = list(zip(result, out, strict=True))
        for r, o in pairs:
            _require_indices_fit(operation, r, o)
        written = [write_out(operation, r, o) for r, o in pairs]
        return type(result)(*written) if hasattr(result, "_fields") else tuple(written)
    if not isinstance(out, Tensor):
        raise DTypeError(f"{operation}: out is {show(out)}, not a tensor")
    if isinstance(result, Batched) or isinstance(out, Batched):
        raise VmapError(
            f"{operation}: out= is not for tensors inside vmap; leave it out, or use out.copy_(...)"
        )
    if result.requires_grad or out.requires_grad:
        raise GradientError(
            f"{operation}: out= records nothing, and a gradient is required; leave it out, or use "
            "ct.no_grad()"
        )
    if out.device is not result.device:
        raise DeviceError(
            f"{operation}: out is on '{out.device}', the operands on '{result.device}'; move one "
            f"with .to('{result.device}')"
        )
    if operation in _PLACES:
        _require_indices_fit(operation, result, out)
    fits = out.shape == result.shape
    if not fits and out.size:
        raise ShapeError(
            f"{operation}: out has shape {out.shape}, the result {result.shape}; make them alike"
        )
    if KIND_RANK[result.dtype.kind] > KIND_RANK[out.dtype.kind]:
        raise DTypeError(
            f"{operation}: a {result.dtype.name} result does not fit out, of {out.dtype.name}"
        )
    cast = OPERATIONS["astype"].run(result, out.dtype)
    require_writable(operation, out.realize()._value)
    if not fits and out.device.recorder is not None:
        out.device.recorder.refuse("changing a tensor's shape in place")
    target = out if fits else Tensor.empty(result.shape, out.dtype, out.device)
    write(target._value, cast._value, operation)
    if not fits:
        out.show(target._value)
    return out


#: What gives places of elements and nothing else.
_PLACES = frozenset("argmax argmin argsort argwhere bucketize lexsort nonzero searchsorted".split())


def _require_indices_fit(operation: str, result: Any, out: Any) -> None:
    """Raise DTypeError unless `out` has the dtype of integers that stand beside other results."""
    if isinstance(out, Tensor) and result.dtype.kind in "iu" and out.dtype != result.dtype:
        raise DTypeError(
            f"{operation}: a result of {result.dtype.name} is written to out of {out.dtype.name}; "
            f"make it with dtype='{result.dtype.name}'"
        )


def unrecorded(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """function(*args, **kwargs) outside any graph."""
    before = mode.enabled
    try:
        mode.enabled = False
        return function(*args, **kwargs)
    finally:
        mode.enabled = before


@lru_cache(maxsize=16384)
def broadcast_shapes(operation: str, a: Shape, b: Shape) -> Shape:
    """The shape to which `a` and `b` broadcast.

    Raises ShapeError naming the operation and both shapes.
    """
    try:
        return np.broadcast_shapes(a, b)
    except ValueError:
        raise ShapeError(
            f"{operation}: shapes {a} and {b} do not broadcast; sizes must be equal or 1, counted "
            "from the last; reshape or expand one operand"
        ) from None


def no_tensor(operation: str, operands: Iterable[Any]) -> DTypeError:
    """The error for operands that are numbers, lists or arrays only."""
    given = " and ".join(map(show, operands)) or "nothing"
    return DTypeError(
        f"{operation}: no operand is a tensor, given {given}; make one with ct.tensor(...)"
    )


def require_tensor(operation: str, name: str, x: Any) -> None:
    """Raise DTypeError unless x, the operand called `name`, is a Tensor or records operations."""
    if not isinstance(x, Tensor):
        raise DTypeError(
            f"{operation}: {name} is {show(x)}, not a tensor; wrap it with ct.tensor(...)"
        )


def same_device(operation: str, *tensors: Tensor) -> None:
    """Raise DeviceError unless all operands are on one device, DTypeError if one is no Tensor."""
    first = tensors[0]
    for other in tensors[1:]:
        if other.device is not first.device:
            for operand in (first, other):  # NumPy's arrays have a device too
                if not isinstance(operand, Tensor):
                    raise DTypeError(
                        f"{operation}: cannot combine a tensor with {show(operand)}; wrap it with "
                        "ct.tensor(...)"
                    )
            raise DeviceError(
                f"{operation}: operands are on '{first.device}' and '{other.device}'; move one "
                f"with .to('{first.device}')"
            )


def same_dtype(operation: str, *operands: Any) -> None:
    """Raise DTypeError if operands, of which one is of a floating-point type, differ in dtype.

    What multiplies and adds up in one type takes no float64 input for a float32 weight: the result
    would be float64 from there on, at half the speed.
    """
    dtype = operands[0].dtype
    for other in operands[1:]:
        if other.dtype is not dtype and {dtype.kind, other.dtype.kind} & {*FRACTIONAL}:
            target = max(dtype, other.dtype, key=lambda d: KIND_RANK[d.kind])
            raise DTypeError(
                f"{operation}: operands are {dtype.name} and {other.dtype.name}; cast one, for "
                f"example with .to('{target.name}')"
            )
