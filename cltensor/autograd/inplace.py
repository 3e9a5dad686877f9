"""Operations in place: methods that end in an underscore, augmented assignment, x[key] = value.

The elements are computed as by the operation that returns a new tensor and written where the old
ones were, so whoever shares them sees the change (`writes`). A tensor that is still pending, which
nobody can share, just goes on with the larger expression.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from inspect import Signature, signature
from typing import Any

import numpy as np

from cltensor.autograd.diagonal import fill_diagonal_
from cltensor.autograd.graph import Node, next_order, resave
from cltensor.autograd.record import note_reshaped, preserve, rebase, require_changeable
from cltensor.core.batched import Batched, Unbatched, in_front, wrapped
from cltensor.core.casting import as_given
from cltensor.core.checks import scalar
from cltensor.core.hooks import Hooks, tracers, watchers
from cltensor.core.mode import mode
from cltensor.core.names import named
from cltensor.core.op import require_tensor, unrecorded
from cltensor.core.operators import attach
from cltensor.core.parameters import Described
from cltensor.core.tensor import Tensor
from cltensor.dtypes import FRACTIONAL, KIND_RANK, float32
from cltensor.errors import DTypeError, GradientError, ShapeError
from cltensor.halves import limits_of
from cltensor.lazy.values import same_place
from cltensor.lazy.writes import may_overlap, require_writable, settle_readers, write
from cltensor.ops.elementwise.cast import astype, full
from cltensor.ops.index.pick import Plan, shown, take_apart
from cltensor.ops.index.scatter import fitting, put, put_shape, write_picked
from cltensor.ops.move import to_device
from cltensor.ops.random.draw import bernoulli, normal, randint, uniform
from cltensor.ops.random.sample import draw
from cltensor.ops.shape.view import broadcast_to, ints, reshape


def apply(x: Tensor, name: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Tensor:
    """Give x the elements of function(x, *args, **kwargs); returns x.

    Raises GradientError for a leaf that requires a gradient, outside `no_grad`, or a view of one;
    ShapeError or DTypeError when the result does not fit x, or several elements of x are one place
    in memory. x is as before then.
    """
    try:
        with x.device.lock:
            for watch in watchers:
                watch((x,))
            require_changeable(name, x)
            require_writable(name, x._value)
            since = next_order()
            changed = _fitted(name, x, as_given(function, x, *args, **kwargs))  # keeps its digits
            for tracer in tracers:
                tracer.changes(changed)
            if changed is x:
                _mark_changed(x, name)
            else:
                node = changed.node if mode.enabled else None
                preserve(x, node, since)
                _take_over(x, changed, name, (x, *args, *kwargs.values()))
                if node is not None:
                    stored = x._value.buffer is not None  # as eager execution finds it, too
                    resave(node, changed._value, x._value if stored else None)
                if mode.enabled:
                    rebase(x, node, getattr(function, "__wrapped__", function) in _ANEW)
            for tracer in tracers:
                tracer.changed(name, x, changed)
        return x
    except Unbatched:
        if type(function) is _OfWhole:
            raise
    return _apply_batched(x, name, function, args, kwargs)


class _OfWhole:
    """An operation in place inside `vmap`, as one on the elements of the whole batch."""

    def __init__(self, name: str, x: Tensor, function: Callable[..., Any], args: Any, kwargs: Any):
        self.__wrapped__ = getattr(function, "__wrapped__", function)
        self._name = name
        self._like = x
        self._call = lambda x: function(x, *args, **kwargs)

    def __call__(self, whole: Tensor) -> Tensor:
        like = self._like
        numbers = like.numbers if isinstance(like, Batched) else ()
        found = _fitted(self._name, like, self._call(wrapped(whole, numbers)))
        if not set(numbers).issuperset(found.numbers if isinstance(found, Batched) else ()):
            raise Unbatched(
                f"{self._name}: inside vmap, a tensor that is the same for all examples cannot "
                "take elements that differ between them; use the operation that returns a new "
                "tensor"
            )
        return in_front(found, numbers, whole.shape[: len(numbers)])


def _apply_batched(
    x: Tensor, name: str, function: Callable[..., Any], args: Any, kwargs: Any
) -> Tensor:
    """`apply` inside `vmap`."""
    whole = x.whole if isinstance(x, Batched) else x
    apply(whole, name, _OfWhole(name, x, function, args, kwargs))
    return x


def _fitted(name: str, x: Tensor, changed: Tensor) -> Tensor:
    """What an operation gave, in the dtype of x."""
    if changed.shape != x.shape:
        raise ShapeError(
            f"{name}: a result of shape {changed.shape} does not fit a tensor of shape {x.shape} "
            "in place; use the operation that returns a new tensor"
        )
    if changed.dtype == x.dtype:
        return changed
    if KIND_RANK[changed.dtype.kind] > KIND_RANK[x.dtype.kind]:
        raise DTypeError(
            f"{name}: a {changed.dtype.name} result does not fit a {x.dtype.name} tensor in "
            "place; cast it, or use the operation that returns a new tensor"
        )
    return astype(changed, x.dtype)


def _mark_changed(x: Tensor, name: str) -> None:
    value = x._value
    if value.buffer is None:
        value.version += 1
        value.changed_by = name
    else:
        value.buffer.mark_changed(name)


def _take_over(x: Tensor, changed: Tensor, name: str, operands: tuple[Any, ...]) -> None:
    """Write the elements of `changed`, made from `operands`, where those of x are."""
    old, new = x._value, changed._value
    if old.buffer is not None:
        write(old, new, name)
        return
    _mark_changed(x, name)
    if new.buffer is not None or any(changed is operand for operand in operands):
        new = unrecorded(changed.clone)._value  # others see these elements
    new.version, new.changed_by = old.version, name
    x.show(new)


def reshape_in_place(
    x: Tensor, name: str, function: Callable[..., Any], *args: Any, **kwargs: Any
) -> Tensor:
    """Have x show its elements as function(x, *args), a view, does; returns x."""
    changed = function(x, *args, **kwargs)
    if isinstance(x, Batched):
        x.whole = changed.whole
        return x
    node = x.node
    if node is not None and node.op is None:
        require_changeable(name, x)
    if (changed.shape, changed.strides, changed.offset) == (x.shape, x.strides, x.offset):
        return x
    if node is not None and (node.op is None or not mode.enabled):
        raise GradientError(
            f"{name}: a gradient of shape {x.shape} belongs to this tensor, which cannot take the "
            f"shape {changed.shape}; use the operation that returns a new one"
        )
    if x.device.recorder is not None:
        x.device.recorder.refuse("changing a tensor's shape in place")
    if x._view is None:
        note_reshaped(x)
    x.show(changed._value)
    x._node, x._view = changed.node, None if x._view is None else changed._view
    return x


# -------------------------------------------------------------------------------------- setitem


def assign(x: Tensor, key: Any, value: Any, operation: str = "setitem") -> None:
    """x[key] = value, seen by all that share x's elements; errors name `operation`."""
    with x.device.lock:
        for watch in watchers:
            watch((x, value))
        plan = take_apart(operation, x.shape, key, x.device)
        part = shown(x.realize(), plan)
        if plan.indices:
            if any(isinstance(i, Batched) for i in (part, value, *plan.indices)):
                _put_batched(part, plan, value, operation)
            else:
                _put(part, plan, value, operation)
        elif not (isinstance(value, Tensor) and _is_same(part, value)):  # x[key] += y wrote already
            apply(part, operation, lambda p: _fill(p, fitting(p, value, p.shape, operation)))


def _put_batched(part: Tensor, plan: Plan, value: Any, operation: str) -> None:
    """`_put` inside `vmap`."""
    where = plan.indices, plan.start, plan.unique, plan.sites
    value = fitting(part, value, put_shape(part, plan), operation)
    apply(part, operation, lambda p: put(p, value, *where))


Tensor._assign = assign


def _is_same(part: Tensor, value: Tensor) -> bool:
    """Whether `value` is `part` itself, also to the graph."""
    if isinstance(part, Batched) or isinstance(value, Batched):
        if not isinstance(part, Batched) or not isinstance(value, Batched):
            return False
        if part.numbers != value.numbers:
            return False
        part, value = part.whole, value.whole
    a, b = part._view, value._view
    mine = part if a is None else a.base
    its = value if b is None else b.base
    stored = value._value.buffer is not None
    return mine is its and stored and same_place(part._value, value._value)


def _put(part: Tensor, plan: Plan, value: Any, operation: str) -> None:
    """Write `value` at the index arrays of a key, in the view that the rest of the key gave."""
    require_changeable(operation, part)
    require_writable(operation, part._value)
    value = fitting(part, value, put_shape(part, plan), operation)
    where = plan.indices, plan.start, plan.unique, plan.sites
    edges = part.node, value.node if isinstance(value, Tensor) else None
    source = value
    if isinstance(value, Tensor):
        shares = may_overlap(value.realize()._value, part._value)
        source = unrecorded(value.clone) if shares else value
    node = None
    if mode.enabled and edges != (None, None) and part.dtype.kind in FRACTIONAL:
        node = Node(part, put, (*edges, None, None, None, None))
        Hooks.save(node, (part, value, *where), {}, part)  # may raise, with nothing written yet
    settle_readers((part.buffer,))
    unrecorded(write_picked, part, source, *where)
    part.buffer.mark_changed(operation)
    if mode.enabled:
        rebase(part, node)


# --------------------------------------------------------------- operations of this one form


def _copy(x: Tensor, source: Any, non_blocking: bool = False) -> Tensor:
    if isinstance(source, Tensor):
        source = to_device(source, x.device)
    return _fill(x, fitting(x, source, x.shape, "copy_"))


def _fill(x: Tensor, value: Any) -> Tensor:
    if isinstance(value, Tensor):
        return broadcast_to(astype(value, x.dtype), x.shape)
    return full(x.shape, scalar("fill_", "value", value, x.dtype), x.dtype, x.device)


def _zero(x: Tensor) -> Tensor:
    return full(x.shape, 0, x.dtype, x.device)


def _uniform(x: Tensor, low: float = 0.0, high: float = 1.0, generator: Any = None) -> Tensor:
    return uniform(low, high, x.shape, x.dtype, x.device, generator)


def _normal(x: Tensor, mean: float = 0.0, std: float = 1.0, generator: Any = None) -> Tensor:
    return normal(mean, std, x.shape, x.dtype, x.device, generator)


def _random(x: Tensor, low: Any = None, high: Any = None, generator: Any = None) -> Tensor:
    """Integers from low to high - 1; random_(high) starts from 0; by default all that fit."""
    if low is None or high is None:
        low, high = (0, high) if low is None else (0, low)
    if high is None:
        kind = x.dtype
        low = 0
        if kind.kind == "f":
            high = (1 << (limits_of(kind).nmant + 1)) + 1
        else:
            high = 2 if kind.kind == "b" else int(np.iinfo(kind).max) + 1
    drawn = randint(low, high, x.shape, None, x.device, generator)
    return astype(drawn, x.dtype)


def _bernoulli(x: Tensor, p: Any = 0.5, generator: Any = None) -> Tensor:
    if isinstance(p, Tensor):
        return astype(bernoulli(broadcast_to(p, x.shape), generator=generator), x.dtype)
    return bernoulli(p, x.shape, x.dtype, x.device, generator)


def _drawn(kind: str, x: Tensor, generator: Any, *parameters: Any) -> Tensor:
    if x.dtype.kind != "f":
        raise DTypeError(
            f"{kind}_: draws floating-point numbers, and the tensor is {x.dtype.name}; cast it "
            "with .float()"
        )
    return draw(kind, x.shape, x.dtype, x.device, generator, *parameters)


def _exponential(x: Tensor, lambd: float = 1.0, generator: Any = None) -> Tensor:
    if not lambd > 0:
        raise ValueError(f"exponential_: lambd is {lambd}; it must be above 0")
    return _drawn("exponential", x, generator, lambd)


def _geometric(x: Tensor, p: float, generator: Any = None) -> Tensor:
    if not 0 < p <= 1:
        raise ValueError(f"geometric_: p is {p}; it must be above 0, and not above 1")
    kind = x.dtype if x.dtype.kind == "f" else float32
    return astype(draw("geometric", x.shape, kind, x.device, generator, p), x.dtype)


def _cauchy(x: Tensor, median: float = 0.0, sigma: float = 1.0, generator: Any = None) -> Tensor:
    if not sigma > 0:
        raise ValueError(f"cauchy_: sigma is {sigma}; it must be above 0")
    return _drawn("cauchy", x, generator, median, sigma)


def _log_normal(x: Tensor, mean: float = 1.0, std: float = 2.0, generator: Any = None) -> Tensor:
    if not std > 0:
        raise ValueError(f"log_normal_: std is {std}; it must be above 0")
    return _drawn("log_normal", x, generator, mean, std)


#: What has a form in place only.
ONLY_IN_PLACE: dict[str, Callable[..., Tensor]] = {
    "bernoulli": _bernoulli,
    "cauchy": _cauchy,
    "copy": _copy,
    "exponential": _exponential,
    "fill": _fill,
    "geometric": _geometric,
    "log_normal": _log_normal,
    "normal": _normal,
    "random": _random,
    "uniform": _uniform,
    "zero": _zero,
}

#: Those give elements that do not depend on what they were.
_ANEW = frozenset(ONLY_IN_PLACE.values())

#: Functions of elements that have a form in place too, under the name with an underscore.
ALSO_IN_PLACE = """
abs absolute acos acosh add addbmm addcdiv addcmul addmm addmv addr arccos arccosh arcsin arcsinh
arctan arctan2 arctanh asin asinh atan atan2 atanh baddbmm bitwise_and bitwise_left_shift
bitwise_not bitwise_or bitwise_right_shift bitwise_xor ceil clamp clamp_max clamp_min clip
conj_physical copysign cos cosh cumprod cumsum deg2rad digamma div divide eq erf erfc erfinv exp
exp2 expm1 fix float_power floor floor_divide fmod frac gcd ge greater greater_equal gt heaviside
hypot i0 igamma igammac index_add index_copy index_fill index_put index_reduce lcm ldexp le lerp
less less_equal lgamma log log10 log1p log2 logical_and logical_not logical_or logical_xor logit lt
masked_fill masked_scatter mul multiply mvlgamma nan_to_num ne neg negative nextafter not_equal
polygamma pow put rad2deg reciprocal relu remainder renorm round rsqrt scatter scatter_add
scatter_reduce sgn sigmoid sign sin sinc sinh sqrt square sub subtract tan tanh tril triu
true_divide trunc xlogy
""".split()


def _resized(x: Tensor, *sizes: Any) -> Tensor:
    """The elements in another shape of as many."""
    wanted = ints(sizes)
    if math.prod(wanted) != x.size or min(wanted, default=0) < 0:
        raise ShapeError(
            f"resize_: a tensor of shape {x.shape} has {x.size} elements, and {wanted} another "
            "number; make a new tensor, or take a part of this one"
        )
    return reshape(x, wanted)


def _resized_as(x: Tensor, the_template: Tensor) -> Tensor:
    """The elements in the shape of another tensor, of as many."""
    require_tensor("resize_as_", "the_template", the_template)
    return _resized(x, the_template.shape)


#: Those that give the same elements another shape.
RESHAPING = "as_strided resize resize_as squeeze swapaxes swapdims t transpose unsqueeze".split()

#: Augmented assignment: how it is written, and the function behind it.
_AUGMENTED = {
    "add": ("+=", "add"),
    "sub": ("-=", "subtract"),
    "mul": ("*=", "multiply"),
    "truediv": ("/=", "divide"),
    "floordiv": ("//=", "floor_divide"),
    "mod": ("%=", "remainder"),
    "pow": ("**=", "pow"),
    "and": ("&=", "bitwise_and"),
    "or": ("|=", "bitwise_or"),
    "xor": ("^=", "bitwise_xor"),
    "lshift": ("<<=", "bitwise_left_shift"),
    "rshift": (">>=", "bitwise_right_shift"),
}


def _method(name: str, function: Callable[..., Any], shown: str = "") -> Callable[..., Any]:
    """A method; `shown` is its name in errors, if not `name`."""
    operation = shown or name

    def method(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        if "out" in kwargs:
            raise TypeError(
                f"{operation}: there is no keyword 'out'; the result is written to self"
            )
        return apply(self, operation, function, *args, **kwargs)

    method.__wrapped__ = Described(function, partial(_in_place, function))  # type: ignore[attr-defined]
    return method


def _reshaping(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def method(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        return reshape_in_place(self, name, function, *args, **kwargs)

    method.__wrapped__ = Described(function, partial(_in_place, function))  # type: ignore[attr-defined]
    return method


def _in_place(function: Callable[..., Any]) -> Signature:
    """The parameters of the form in place."""
    of = signature(function)
    first, *rest = of.parameters.values()
    rest = [p for p in rest if p.name != "out"]
    return of.replace(
        parameters=[first.replace(name="self"), *rest], return_annotation=Signature.empty
    )


def install(functions: Mapping[str, Callable[..., Any]]) -> None:
    """Give Tensor the methods in place of `functions`, by public name."""
    written = {name: functions[name] for name in ALSO_IN_PLACE}
    for name, function in ONLY_IN_PLACE.items():
        function.__name__ = name
        written[name] = named(function)
    for name, function in written.items():
        doc = f"`{name}` in place: written where the elements are; returns self."
        attach(f"{name}_", _method(f"{name}_", function), function, doc)
    _resized.__name__, _resized_as.__name__ = "resize", "resize_as"
    own = {"resize": named(_resized), "resize_as": named(_resized_as)}
    for name in RESHAPING:
        function = own[name] if name in own else functions[name]
        doc = f"`{name}` in place: the same elements in another shape; returns self."
        attach(f"{name}_", _reshaping(f"{name}_", function), function, doc)
    attach("fill_diagonal_", named(fill_diagonal_), fill_diagonal_, fill_diagonal_.__doc__ or "")
    for name, (symbol, target) in _AUGMENTED.items():
        function = functions[target]
        doc = f"`{target}` in place: written where the elements are; returns self."
        attach(f"__i{name}__", _method(f"__i{name}__", function, symbol), function, doc)
