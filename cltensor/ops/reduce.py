"""Reductions over any axes, and the functions composed of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from cltensor import dtypes, fusion
from cltensor.codegen import Reduction
from cltensor.errors import ShapeError
from cltensor.op import Op, normalize_axes, pointwise, reduction, same_device
from cltensor.ops.join import concat
from cltensor.ops.pointwise import (
    abs_,
    astype,
    equal,
    exp,
    full,
    isfinite,
    log,
    sqrt,
    square,
    where,
)
from cltensor.ops.shape import expand, flip, narrow, permute, reshape, unbind, unsqueeze
from cltensor.tensor import Tensor, show

Axis = int | tuple[int, ...] | None


def _wide(dtype: np.dtype) -> np.dtype:
    """Sums and products of integers and bools are kept in 64 bits, as in the array API."""
    if dtype.kind == "f":
        return dtype
    return dtypes.uint64 if dtype.kind == "u" else dtypes.int64


def _restore(g: Any, shape: tuple[int, ...], axis: Axis) -> Any:
    """`g`, the result of reducing `shape` over `axis`, with the reduced axes back as ones."""
    axes = normalize_axes("reduce", axis, len(shape))
    return reshape(g, tuple([1 if d in axes else n for d, n in enumerate(shape)]))


def _spread(g: Any, x_shape: tuple[int, ...], axis: Axis) -> Any:
    if g.ndim == 0:  # part of the expression that reads it, where a view must be stored first
        return g + full(x_shape, 0, g.dtype, g.device)
    return expand(_restore(g, x_shape, axis), x_shape)


def _at_extremes(g: Any, x: Any, out: Any, axis: Axis) -> Any:
    """g shared equally among the elements that are the extreme."""
    hit = astype(equal(x, _restore(out, x.shape, axis)), x.dtype)
    return hit * _restore(g, x.shape, axis) / sum(hit, axis, True)


sum = reduction(
    "sum(x, axis, keepdims)", "0", "acc + x", accumulate=_wide, dx=_spread,
    doc="The sum over `axis` (all for None); integers and bools add up in 64 bits.",
)  # fmt: skip
prod = reduction(
    "prod(x, axis, keepdims)", "1", "acc * x", accumulate=_wide,
    dx=lambda g, x, axis: _restore(g, x.shape, axis) * _others(x, axis),
    doc="The product over `axis` (all for None); integers and bools multiply in 64 bits.",
)  # fmt: skip
max = reduction(
    "max(x, axis, keepdims)", {"f": "-INFINITY", "i": "min"}, "(x > acc || x != x) ? x : acc",
    identity=False, dx=_at_extremes, doc="The largest element over `axis`; NaN wins.",
)  # fmt: skip
min = reduction(
    "min(x, axis, keepdims)", {"f": "INFINITY", "i": "max"}, "(x < acc || x != x) ? x : acc",
    identity=False, dx=_at_extremes, doc="The smallest element over `axis`; NaN wins.",
)  # fmt: skip
_any = reduction("any(x, axis, keepdims)", "0", "acc | x", doc="Whether any element holds.")
_all = reduction("all(x, axis, keepdims)", "1", "acc & x", doc="Whether all elements hold.")
argmax = reduction(
    "argmax(x, axis, keepdims)", {"f": "-INFINITY", "i": "min"},
    better="x > acc || (x != x && acc == acc)", result=dtypes.int64, identity=False,
    doc="The index of the (first) largest element over `axis`, flat for None; NaN wins.",
)  # fmt: skip
argmin = reduction(
    "argmin(x, axis, keepdims)", {"f": "INFINITY", "i": "max"},
    better="x < acc || (x != x && acc == acc)", result=dtypes.int64, identity=False,
    doc="The index of the (first) smallest element over `axis`, flat for None; NaN wins.",
)  # fmt: skip


def _run_sums(*xs: Tensor, axis: Axis) -> Tensor:
    shape = xs[0].shape
    for x in xs[1:]:
        same_device("sums", xs[0], x)
        if x.shape != shape or x.dtype != xs[0].dtype:
            raise ShapeError(f"sums: operands are {show(xs[0])} and {show(x)}; make them alike")
    return _reduced(_sum, xs, axis, len(xs))


def _run_moments(x: Tensor, axis: Axis) -> Tensor:
    return _reduced(_moments, (x,), axis, 2)


def _reduced(spec: Reduction, xs: tuple[Tensor, ...], axis: Axis, results: int) -> Tensor:
    shape = xs[0].shape
    axes = normalize_axes(spec.name, axis, len(shape))
    kept = tuple([d not in axes for d in range(len(shape))])
    result = tuple([n if k else 1 for n, k in zip(shape, kept, strict=True)])
    if results > 1:
        result = (results, *result)
    values = tuple([x._value for x in xs])
    return Tensor(fusion.reduction(spec, values, kept, result, xs[0].dtype))


_sum = Reduction("sums", "0", "acc + x")
_moments = Reduction("moments", "0")
#: The sums of several tensors of one shape over `axis`, in one pass: out[k] is that of the k-th,
#: with the reduced axes as ones.
sums: Op = Op(
    "sums(*xs, axis)",
    _run_sums,
    {"dxs": lambda g, xs_shape: [expand(g[k], s) for k, s in enumerate(xs_shape)]},
)
#: out[0] is the mean over `axis` and out[1] the sum of squared differences from it, both with the
#: reduced axes as ones: one pass, block by block, merged as Chan, Golub and LeVeque do (1979).
moments: Op = Op(
    "moments(x, axis)",
    _run_moments,
    {"dx": lambda g, x, axis: _moments_rule(g, x, axis)},
)


def _moments_rule(g: Any, x: Any, axis: Axis) -> Any:
    middle = mean(x, axis, True)
    return g[0] * (1 / _count("moments", x, axis)) + g[1] * (2 * (x - middle))


def _others(x: Any, axis: Axis) -> Any:
    """For each element the product of all others over `axis`, right where elements are zero."""
    if x.requires_grad:
        return _others_by_pairs(x, axis)
    zero = equal(x, 0)
    zeros = sum(astype(zero, x.dtype), axis, True)
    nonzero = prod(where(zero, 1, x), axis, True)
    alone = where(zero, nonzero, nonzero / where(zero, 1, x))
    keep = where(equal(zeros, 0), True, zero & equal(zeros, 1))
    return where(keep, alone, 0 * alone)


def _others_by_pairs(x: Any, axis: Axis) -> Any:
    """The same without a division, so that its derivatives hold where elements are zero too.

    Pairs multiply up to one product; on the way down, each half of a pair gets the other half.
    """
    axes = normalize_axes("prod", axis, x.ndim)
    order = (*[d for d in range(x.ndim) if d not in axes], *axes)
    moved = permute(x, order)
    rows = moved.shape[: x.ndim - len(axes)]
    count = _count("prod", x, axis)
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
        others = reshape(above * flip(pairs, -1), (*rows, 2 * pairs.shape[-2]))
    others = reshape(narrow(others, -1, 0, count), moved.shape)
    return permute(others, tuple([order.index(d) for d in range(x.ndim)]))


def any(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Whether any element over `axis` (all for None) is nonzero."""
    return _any(astype(x, dtypes.bool_), axis, keepdims)


def all(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Whether all elements over `axis` (all for None) are nonzero."""
    return _all(astype(x, dtypes.bool_), axis, keepdims)


def _floating(x: Any) -> Any:
    """x itself when it is of a floating-point type, else as float32."""
    return x if x.dtype.kind == "f" else astype(x, dtypes.to_float(x.dtype))


def _count(operation: str, x: Any, axis: Axis) -> int:
    count = 1
    for a in normalize_axes(operation, axis, x.ndim):
        count *= x.shape[a]
    return count


def mean(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The mean over `axis` (all for None); integers give float32. The mean of nothing is NaN."""
    x = _floating(x)
    count = _count("mean", x, axis)
    return sum(x, axis, keepdims) * (1 / count if count else float("nan"))


def var(x: Any, axis: Axis = None, correction: float = 0, keepdims: bool = False) -> Any:
    """The variance over `axis`: sum((x - mean)^2) / (n - correction).

    correction is 0 as in NumPy and the array API; PyTorch's default is 1.
    """
    x = _floating(x)
    count = _count("var", x, axis)
    degrees = count - correction
    factor = 1 / degrees if degrees > 0 else float("nan")
    if not count:
        return sum(x, axis, keepdims) * factor
    squares = moments(x, axis)[1]
    if not keepdims:
        axes = normalize_axes("var", axis, x.ndim)
        squares = reshape(squares, tuple([n for d, n in enumerate(x.shape) if d not in axes]))
    return squares * factor


def std(x: Any, axis: Axis = None, correction: float = 0, keepdims: bool = False) -> Any:
    """The square root of `var` with the same arguments."""
    return sqrt(var(x, axis, correction, keepdims))


def _norm_run(x: Any, axis: Axis, keepdims: bool) -> Any:
    return sqrt(sum(square(x), axis, keepdims))


def _norm_rule(g: Any, x: Any, out: Any, axis: Axis) -> Any:
    """g x / |x|, and 0 where |x| is 0."""
    length = _restore(out, x.shape, axis)
    return _restore(g, x.shape, axis) * (x / where(equal(length, 0), 1, length))


_norm = Op("norm(x, axis, keepdims)", _norm_run, {"dx": _norm_rule})


def norm(x: Any, p: float = 2, axis: Axis = None, keepdims: bool = False) -> Any:
    """The vector p-norm over `axis`: (sum |x|^p)^(1/p); p may be inf, 1 or 2, or another number."""
    if p == 2:
        return _norm(x, axis, keepdims)
    if p == 1:
        return sum(abs_(x), axis, keepdims)
    if p == float("inf"):
        return max(abs_(x), axis, keepdims)
    return sum(abs_(x) ** p, axis, keepdims) ** (1 / p)


def _shift(x: Tensor, axis: Axis) -> Tensor:
    """The largest element over `axis`, 0 where it is infinite: exp cannot overflow."""
    top = max(x, axis, True)
    return where(isfinite(top), top, 0)


def logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """log(sum(exp(x))) over `axis`, without overflow."""
    out = _logsumexp(_floating(x), axis)
    if keepdims:
        return out
    axes = normalize_axes("logsumexp", axis, x.ndim)
    return reshape(out, tuple([n for d, n in enumerate(x.shape) if d not in axes]))


def softmax(x: Any, axis: int = -1) -> Any:
    """exp(x) / sum(exp(x)) along `axis`, computed on x minus its maximum."""
    return _softmax(_floating(x), axis)


def log_softmax(x: Any, axis: int = -1) -> Any:
    """x - log(sum(exp(x))) along `axis`, computed on x minus its maximum."""
    return _log_softmax(_floating(x), axis)


# exp of what is at most 0, where results under the smallest normal number may be 0.
_exp_below: Op = pointwise(
    "exp_below(x)", "ct_exp_nonpositive(x)", "float", dx=lambda g, out: g * out
)


def _softmax_run(x: Any, axis: int) -> Any:
    e = _exp_below(x - _shift(x, axis))
    return e * (1 / sum(e, axis, True))  # a division takes a CPU five times as long


def _log_softmax_run(x: Any, axis: int) -> Any:
    shifted = x - _shift(x, axis)
    return shifted - log(sum(_exp_below(shifted), axis, True))


def _logsumexp_run(x: Any, axis: Axis) -> Any:
    top = _shift(x, axis)
    return log(sum(exp(x - top), axis, True)) + top


# These could be left to their parts; rules of their own need fewer passes and saved values.
_logsumexp = Op(
    "logsumexp(x, axis)",
    _logsumexp_run,
    {"dx": lambda g, x, out: g * where(isfinite(out), exp(x - out), 0)},
)
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
