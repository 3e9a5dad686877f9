"""Reductions over any axes, and the functions composed of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from cltensor import dtypes
from cltensor.core.batched import Unbatched
from cltensor.core.batching import Batch, moved
from cltensor.core.checks import normalize_axes
from cltensor.core.composite import composite
from cltensor.core.declare import no_complex, pointwise, reduction
from cltensor.core.mode import mode
from cltensor.core.op import Op, require_tensor, same_device
from cltensor.core.tensor import Tensor, show
from cltensor.errors import ShapeError
from cltensor.lazy import fusion
from cltensor.lazy.codegen import Shape, contiguous_strides
from cltensor.lazy.kinds import Mover, Reducer
from cltensor.lazy.writes import settle_readers
from cltensor.ops.create import arange
from cltensor.ops.elementwise.cast import astype, full, real_part
from cltensor.ops.elementwise.compare import eq, isfinite, isnan, logical_or
from cltensor.ops.elementwise.functions import exp, log
from cltensor.ops.elementwise.select import where
from cltensor.ops.shape.cut import backwards, narrow, unbind
from cltensor.ops.shape.join import concat
from cltensor.ops.shape.view import expand, permute, reshape, unsqueeze
from cltensor.runtime.determinism import is_deterministic

Axis = int | tuple[int, ...] | None


def _wide(dtype: np.dtype) -> np.dtype:
    """Sums and products of integers and bools are int64, as in PyTorch; those of uint64 stay."""
    return dtype if dtype.kind in "fc" or dtype is dtypes.uint64 else dtypes.int64


def restore(g: Any, shape: tuple[int, ...], axis: Axis) -> Any:
    """`g`, the result of reducing `shape` over `axis`, with the reduced axes back as ones."""
    axes = normalize_axes("reduce", axis, len(shape))
    return reshape(g, tuple([1 if d in axes else n for d, n in enumerate(shape)]))


def _spread(g: Any, x_shape: tuple[int, ...], axis: Axis) -> Any:
    if g.ndim == 0:  # part of the expression that reads it, where a view must be stored first
        return g + full(x_shape, 0, g.dtype, g.device)
    return expand(restore(g, x_shape, axis), x_shape)


def _shared(g: Any, x: Any, out: Any, axis: Axis) -> Any:
    """g shared equally among the elements that are the extreme."""
    return _share(g, x, eq(x, restore(out, x.shape, axis)), axis)


def _share(g: Any, x: Any, hit: Any, axis: Axis) -> Any:
    hit = astype(hit, x.dtype)
    return hit * restore(g, x.shape, axis) / sum(hit, axis, True)


def _at_first(g: Any, x: Any, out: Any, axis: Axis, index: Any) -> Any:
    """g at the extreme that `index`, argmax or argmin, finds along one axis. Over all elements, or
    over several axes, there is no such place: g is shared."""
    if axis is None:
        return _share(g, x, logical_or(eq(x, out), isnan(x)), axis)  # out is NaN if any is
    if not isinstance(axis, int) or not x.ndim:
        return _shared(g, x, out, axis)
    classes = x.shape[axis]
    places = reshape(
        arange(classes, dtype=dtypes.int32 if classes < 2**31 else dtypes.int64, device=x.device),
        (classes,) + (1,) * (x.ndim - 1 - axis % x.ndim),
    )
    hit = eq(places, astype(index(x, axis, True), places.dtype))
    return where(hit, restore(g, x.shape, axis), 0)


sum = reduction(
    "sum(x, axis, keepdims)", "0", "acc + x", accumulate=_wide, complex_combine="acc + x",
    dx=_spread,
    doc="The sum over `axis` (all for None); integers and bools add up in 64 bits.",
)  # fmt: skip
prod = reduction(
    "prod(x, axis, keepdims)", "1", "acc * x", accumulate=_wide, complex_combine="cx_mul(acc, x)",
    dx=lambda g, x, axis: restore(g, x.shape, axis) * _others(x, axis),
    doc="The product over `axis` (all for None); integers and bools multiply in 64 bits.",
)  # fmt: skip


@sum.option("dtype")
def _sum_as(x: Any, axis: Axis, keepdims: bool, dtype: Any) -> Any:
    """The sum of x cast to `dtype`."""
    return astype(sum(astype(x, dtype), axis, keepdims), dtype)


@prod.option("dtype")
def _prod_as(x: Any, axis: Axis, keepdims: bool, dtype: Any) -> Any:
    """The product of x cast to `dtype`."""
    return astype(prod(astype(x, dtype), axis, keepdims), dtype)


_LARGEST = ({"f": "-INFINITY", "i": "min"}, "(x > acc || x != x) ? x : acc")
_SMALLEST = ({"f": "INFINITY", "i": "max"}, "(x < acc || x != x) ? x : acc")
max_over = reduction(
    "max(x, axis, keepdims)", *_LARGEST, identity=False, public=False,
    dx=lambda g, x, out, axis: _at_first(g, x, out, axis, argmax),
    doc="The largest element over `axis`; NaN wins. The gradient goes to the first of equals over "
    "one axis, and is shared by them over all.",
)  # fmt: skip
min_over = reduction(
    "min(x, axis, keepdims)", *_SMALLEST, identity=False, public=False,
    dx=lambda g, x, out, axis: _at_first(g, x, out, axis, argmin),
    doc="The smallest element over `axis`; NaN wins. The gradient goes to the first of equals over "
    "one axis, and is shared by them over all.",
)  # fmt: skip
amax = reduction(
    "amax(x, axis, keepdims)", *_LARGEST, identity=False, dx=_shared,
    doc="The largest element over `axis`; NaN wins. Equals share the gradient.",
)  # fmt: skip
amin = reduction(
    "amin(x, axis, keepdims)", *_SMALLEST, identity=False, dx=_shared,
    doc="The smallest element over `axis`; NaN wins. Equals share the gradient.",
)  # fmt: skip
_any = reduction("any(x, axis, keepdims)", "0", "acc | x", doc="Whether any element holds.")
_all = reduction("all(x, axis, keepdims)", "1", "acc & x", doc="Whether all elements hold.")
argmax: Op = reduction(
    "argmax(x, axis, keepdims)", {"f": "-INFINITY", "i": "min"},
    better="x > acc || (x != x && acc == acc)", result=dtypes.int64, identity=False,
    doc="The index of the (first) largest element over `axis`, flat for None; NaN wins.",
)  # fmt: skip
argmin: Op = reduction(
    "argmin(x, axis, keepdims)", {"f": "INFINITY", "i": "max"},
    better="x < acc || (x != x && acc == acc)", result=dtypes.int64, identity=False,
    doc="The index of the (first) smallest element over `axis`, flat for None; NaN wins.",
)  # fmt: skip


@argmax.batched
@argmin.batched
def _place_batched(op: Op, batch: Batch, x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The index in an example, in its flat elements for None."""
    if axis is not None:
        return moved(op, batch, (x, axis, keepdims), {})
    found = op(reshape(batch.full(x), (*batch.sizes, x.size)), batch.ndim)
    return reshape(found, (*batch.sizes, *[1] * x.ndim)) if keepdims else found


def _run_sums(*xs: Tensor, axis: Axis) -> tuple[Tensor, ...]:
    shape = xs[0].shape
    for x in xs[1:]:
        same_device("sums", xs[0], x)
        if x.shape != shape or x.dtype != xs[0].dtype:
            raise ShapeError(f"sums: operands are {show(xs[0])} and {show(x)}; make them alike")
    if is_deterministic():
        return tuple([sum(x, axis, True) for x in xs])
    return _reduced(_sum, tuple([x._value for x in xs]), axis, len(xs))


def sums_of(*parts: Callable[[], Tensor], axis: Axis) -> tuple[Tensor, ...]:
    """`sums` of what the parts give. Where nothing is recorded, nobody holds that while its kernel
    runs, so the kernel need not store it."""
    if mode.enabled or is_deterministic():
        return sums(*[part() for part in parts], axis=axis)
    values = tuple([part()._value for part in parts])
    try:
        return _reduced(_sum, values, axis, len(values))
    except Unbatched:
        return sums(*[part() for part in parts], axis=axis)


def _run_moments(x: Tensor, axis: Axis) -> tuple[Tensor, ...]:
    if x.dtype.kind == "c":
        raise no_complex("moments", x.dtype)
    if is_deterministic():
        centre = mean(x, axis, True)
        away = x - centre
        return centre, sum(away * away, axis, True)
    return _reduced(_moments, (x._value,), axis, 2)


def _reduced(
    spec: Reducer, values: tuple[Any, ...], axis: Axis, results: int
) -> tuple[Tensor, ...]:
    """The results of one pass over `values`: views of what its kernel makes, one after the
    other."""
    shape = values[0].shape
    axes = normalize_axes(spec.name, axis, len(shape))
    kept = tuple([d not in axes for d in range(len(shape))])
    result = tuple([n if k else 1 for n, k in zip(shape, kept, strict=True)])
    several = (results, *result) if results > 1 else result
    whole = fusion.reduction(spec, values, kept, several, values[0].dtype)
    strides = contiguous_strides(result)
    count = math.prod(result)
    return tuple([Tensor(fusion.window(whole, result, strides, k * count)) for k in range(results)])


_sum = Reducer("sums", "0", "acc + x")
_moments = Reducer("moments", "0")
_moving_moments = Mover("moving_moments", "0")
#: The sums of several tensors of one shape over `axis`, one for each, in one pass, with the reduced
#: axes as ones.
sums: Op = Op(
    "sums(*xs, axis)",
    _run_sums,
    {"dxs": lambda g, xs_shape: _sums_rule(g, xs_shape)},
)
#: The mean over `axis` and the sum of squared differences from it, both with the reduced axes as
#: ones: one pass, block by block, merged as Chan, Golub and LeVeque do (1979).
moments: Op = Op(
    "moments(x, axis)",
    _run_moments,
    {"dx": lambda g, x, axis: _moments_rule(g, x, axis)},
)


def moving_moments(
    x: Tensor, axis: Axis, running: tuple[Tensor, Tensor], shares: tuple[float, float], count: int
) -> tuple[Tensor, ...]:
    """The `moments` of x, outside of any graph, of which running means and variances take their
    share in the same pass:  running = shares[0] * running + shares[1] * moments

    running: stored, of x's dtype, dense, and in buffers that x's elements are not in. count: of the
    elements that a mean is of.
    """
    given = [r._value for r in running]
    buffers = [r.buffer for r in running]
    with x.device.lock:
        settle_readers(buffers, (x._value,))
        args = (x._value, *given, *shares, 1 / (count - 1))
        found = _reduced(_moving_moments, args, axis, 2)
        for buffer in buffers:
            buffer.mark_changed("batch_norm")
    return found


def _sums_rule(g: Sequence[Any], shapes: Sequence[Shape]) -> list[Any]:
    return [None if h is None else expand(h, s) for h, s in zip(g, shapes, strict=True)]


def _moments_rule(g: Sequence[Any], x: Any, axis: Axis) -> Any:
    of_mean, of_squares = g
    if of_squares is None:
        return expand(of_mean * (1 / count_of("moments", x, axis)), x.shape)
    dx = of_squares * (2 * (x - mean(x, axis, True)))
    return dx if of_mean is None else dx + of_mean * (1 / count_of("moments", x, axis))


def _others(x: Any, axis: Axis) -> Any:
    """For each element the product of all others over `axis`, right where elements are zero."""
    if x.requires_grad:
        return _others_by_pairs(x, axis)
    zero = eq(x, 0)
    zeros = sum(astype(zero, x.dtype), axis, True)
    nonzero = prod(where(zero, 1, x), axis, True)
    alone = where(zero, nonzero, nonzero / where(zero, 1, x))
    keep = where(eq(zeros, 0), True, zero & eq(zeros, 1))
    return where(keep, alone, 0 * alone)


def _others_by_pairs(x: Any, axis: Axis) -> Any:
    """The same without a division, so that its derivatives hold where elements are zero too.

    Pairs multiply up to one product; on the way down, each half of a pair gets the other half.
    """
    axes = normalize_axes("prod", axis, x.ndim)
    order = (*[d for d in range(x.ndim) if d not in axes], *axes)
    moved = permute(x, order)
    rows = moved.shape[: x.ndim - len(axes)]
    count = count_of("prod", x, axis)
    level = reshape(moved, (*rows, count))
    levels = []
    while level.shape[-1] > 1:
        if level.shape[-1] % 2:
            level = concat([level, full((*rows, 1), 1, x.dtype, x.device)], -1)
        pairs = reshape(level, (*rows, level.shape[-1] // 2, 2))
        levels.append(pairs)
        first, second = unbind(pairs, -1)
        level = first * second
    others = full((*rows, count and 1), 1, x.dtype, x.device)
    for pairs in reversed(levels):
        above = unsqueeze(narrow(others, -1, 0, pairs.shape[-2]), -1)
        others = reshape(above * backwards(pairs, -1), (*rows, 2 * pairs.shape[-2]))
    others = reshape(narrow(others, -1, 0, count), moved.shape)
    return permute(others, tuple([order.index(d) for d in range(x.ndim)]))


@composite
def equal(x: Any, other: Any) -> bool:
    """Whether two tensors have the same shape and equal elements; `eq` compares elementwise.

    Waits for the device. NaN equals nothing.

    >>> ct.equal(ct.tensor([1, 2]), ct.tensor([1, 2]))
    True
    """
    require_tensor("equal", "other", other)
    if x.shape != other.shape:
        return False
    return bool(all(eq(x, other)).item())


@composite
def any(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Whether any element over `axis` (all for None) is nonzero: a bool, of uint8 a uint8.

    >>> ct.any(ct.tensor([[False, False], [True, False]]), 1)
    tensor([False,  True])
    """
    return _as_told(_any(astype(x, dtypes.bool_), axis, keepdims), x)


@composite
def all(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Whether all elements over `axis` (all for None) are nonzero: a bool, of uint8 a uint8.

    >>> ct.all(ct.tensor([[True, False], [True, True]]), 1)
    tensor([False,  True])
    """
    return _as_told(_all(astype(x, dtypes.bool_), axis, keepdims), x)


def _as_told(found: Any, x: Any) -> Any:
    """PyTorch's dtype of what `any` and `all` find in x: uint8 was its bool once."""
    return astype(found, x.dtype) if x.dtype == dtypes.uint8 else found


def floating(x: Any, dtype: Any = None) -> Any:
    """x as `dtype`; without one, itself when it is of a floating-point type, else as float32."""
    if dtype is not None:
        return astype(x, dtype)
    return x if x.dtype.kind in dtypes.FRACTIONAL else astype(x, dtypes.to_float(x.dtype))


def count_of(operation: str, x: Any, axis: Axis) -> int:
    count = 1
    for a in normalize_axes(operation, axis, x.ndim):
        count *= x.shape[a]
    return count


@composite
def mean(x: Any, axis: Axis = None, keepdims: bool = False, dtype: Any = None) -> Any:
    """The mean over `axis` (all for None) of x, first cast to `dtype` if one is given; integers
    give float32. The mean of nothing is NaN.

    >>> ct.mean(ct.tensor([[1.0, 2.0], [3.0, 4.0]]), 0)
    tensor([2., 3.])
    """
    x = floating(x, dtype)
    count = count_of("mean", x, axis)
    return sum(x, axis, keepdims) * (1 / count if count else float("nan"))


@composite
def logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """log(sum(exp(x))) over `axis`, without overflow; -infinity for nothing.

    >>> ct.logsumexp(ct.zeros(2), 0)
    tensor(0.6931)
    """
    x = floating(x)
    if not count_of("logsumexp", x, axis):
        return log(sum(x, axis, keepdims))
    out = _logsumexp(x, axis)
    if keepdims:
        return out
    axes = normalize_axes("logsumexp", axis, x.ndim)
    return reshape(out, tuple([n for d, n in enumerate(x.shape) if d not in axes]))


@composite
def softmax(x: Any, axis: int = -1, dtype: Any = None) -> Any:
    """exp(x) / sum(exp(x)) along `axis`, computed on x minus its maximum; x is cast to `dtype`
    first if one is given.

    >>> ct.softmax(ct.tensor([0.0, 0.0]), dim=0)
    tensor([0.5000, 0.5000])
    """
    x = floating(x, dtype)
    return _softmax(x, axis) if x.size else x * 1


@composite
def log_softmax(x: Any, axis: int = -1, dtype: Any = None) -> Any:
    """x - log(sum(exp(x))) along `axis`, computed on x minus its maximum; x is cast to `dtype`
    first if one is given.

    >>> ct.log_softmax(ct.tensor([0.0, 0.0]))
    tensor([-0.6931, -0.6931])
    """
    x = floating(x, dtype)
    return _log_softmax(x, axis) if x.size else x * 1


def log_total(x: Any, axis: Axis) -> Any:
    """What log_softmax subtracts, with `axis` as ones: `logsumexp`, but NaN where that is infinite,
    as no softmax is defined there."""
    return _log_total(x, axis) if x.size else log(sum(x, axis, True))


# exp of what is at most 0, where results under the smallest normal number may be 0.
_exp_below: Op = pointwise(
    "exp_below(x)", "ct_exp_nonpositive(x)", "float", dx=lambda g, out: g * out
)


# Where the largest element is infinite, x - max has a NaN, and so the whole row is NaN.
def _softmax_run(x: Any, axis: int) -> Any:
    e = _exp_below(x - max_over(x, axis, True))
    return e * (1 / sum(e, axis, True))  # a division takes a CPU five times as long


def _log_softmax_run(x: Any, axis: int) -> Any:
    shifted = x - max_over(x, axis, True)
    return shifted - log(sum(_exp_below(shifted), axis, True))


def _log_total_run(x: Any, axis: Axis) -> Any:
    top = max_over(x, axis, True)
    return log(sum(exp(x - top), axis, True)) + top


def _logsumexp_run(x: Any, axis: Axis) -> Any:
    top = max_over(real_part(x) if x.dtype.kind == "c" else x, axis, True)
    top = where(isfinite(top), top, 0)
    return log(sum(exp(x - top), axis, True)) + top


# These could be left to their parts; rules of their own need fewer passes and saved values.
_logsumexp = Op("logsumexp(x, axis)", _logsumexp_run, {"dx": lambda g, x, out: g * exp(x - out)})
_log_total = Op("log_total(x, axis)", _log_total_run, {"dx": lambda g, x, out: g * exp(x - out)})
_softmax = Op(
    "softmax(x, axis)",
    _softmax_run,
    {"dx": lambda g, out, axis: (g - sum(g * out, axis, True)) * out},
)
_log_softmax = Op(
    "log_softmax(x, axis)",
    _log_softmax_run,
    {"dx": lambda g, out, axis: g - _exp_below(out) * sum(g, axis, True)},
)
