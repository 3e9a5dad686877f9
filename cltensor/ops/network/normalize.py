"""Normalisation by the statistics of the operand itself, with few passes over memory.

Statistics over any axes take one pass (`moments`), and so do the two sums that a gradient needs
(`sums`). Where the last axes are reduced, row by row, an expression with reductions inside is one
kernel anyway, and only the statistics are kept for the gradient.
"""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

from cltensor.core.batched import Batched
from cltensor.core.batching import Batch, broadcasting
from cltensor.core.hooks import tracers, watchers
from cltensor.core.mode import no_grad
from cltensor.core.op import Op, unrecorded
from cltensor.core.tensor import Tensor
from cltensor.dtypes import SHORT
from cltensor.errors import VmapError
from cltensor.lazy.writes import may_overlap, write, write_together
from cltensor.ops.elementwise.arithmetic import square
from cltensor.ops.elementwise.functions import rsqrt
from cltensor.ops.reduce.fold import mean, moments, moving_moments, sums_of
from cltensor.runtime.determinism import is_deterministic

Axes = tuple[int, ...]


class Running(NamedTuple):
    """Running statistics, one mean and variance for each channel, and the share that a batch has in
    them."""

    mean: Tensor
    var: Tensor
    momentum: float | Tensor


def _count(x: Any, axes: Axes) -> int:
    return prod(x.shape[a] for a in axes)


def _optional(xs: Any) -> tuple[Any, Any, Any]:
    """(x, weight or None, bias or None) of operands without the missing ones."""
    return xs[0], xs[1] if len(xs) > 1 else None, xs[2] if len(xs) > 2 else None


def _per_channel(stats: Any, count: int, eps: float) -> tuple[Any, Any]:
    middle, squares = stats
    return middle, rsqrt(squares * (1 / count) + eps)


def normalized(x: Any, weight: Any, bias: Any, stats: Any, count: int, eps: float) -> Any:
    """(x - mean) * rsqrt(variance + eps) * weight + bias, of `moments` over `count` elements."""
    middle, scale = _per_channel(stats, count, eps)
    if weight is not None:
        scale = scale * weight
    out = (x - middle) * scale
    return out if bias is None else out + bias


def weighed(g: Any, x: Any, stats: Any, count: int, eps: float) -> Any:
    """What adds up to the gradient of the weight of `normalized`."""
    middle, scale = _per_channel(stats, count, eps)
    return g * ((x - middle) * scale)


def gradient_of_normalized(
    g: Any, x: Any, weight: Any, stats: Any, count: int, eps: float, sums: Any
) -> Any:
    """The gradient of `normalized` by x, of the sums of g and of `weighed`."""
    plain, product = sums
    middle, scale = _per_channel(stats, count, eps)
    inner = g - plain * (1 / count) - (x - middle) * (scale * product * (1 / count))
    return inner * (scale if weight is None else scale * weight)


def _run_channels(*xs: Tensor, axes: Axes, eps: float, stats: tuple[Tensor, Tensor]) -> Tensor:
    x, weight, bias = _optional(xs)
    return normalized(x, weight, bias, stats, _count(x, axes), eps)


def _channels_rule(
    g: Any, xs: Any, axes: Axes, eps: float, stats: tuple[Tensor, Tensor]
) -> list[Any]:
    x, weight, _ = _optional(xs)
    count = _count(x, axes)
    # To be differentiated once more, the statistics must be a function of x.
    known = moments(x, axes) if x.requires_grad else stats
    # The second sum is the weight's gradient as it is, without a launch for each channel's.
    plain, product = sums_of(lambda: g, lambda: weighed(g, x, known, count, eps), axis=axes)
    dx = gradient_of_normalized(g, x, weight, known, count, eps, (plain, product))
    return [dx, product, plain][: len(xs)]


#: (x - mean) * rsqrt(variance + eps) * weight + bias; stats are x's `moments` over axes.
_channels: Op = Op(
    "normalize_channels(*xs, axes, eps, stats)", _run_channels, {"dxs": _channels_rule}
)
_channels.batched(broadcasting)


def _row_stats(x: Any, axes: Axes, eps: float) -> tuple[Any, Any]:
    middle = mean(x, axes, True)
    return middle, rsqrt(mean(square(x - middle), axes, True) + eps)


def _run_rows(*xs: Tensor, axes: Axes, eps: float, stats: tuple[Tensor, Tensor]) -> Tensor:
    x, weight, bias = _optional(xs)
    middle, scale = stats
    out = (x - middle) * scale
    if weight is not None:
        out = out * weight
    return out if bias is None else out + bias


def _rows_rule(g: Any, xs: Any, axes: Axes, eps: float, stats: tuple[Tensor, Tensor]) -> list[Any]:
    x, weight, _ = _optional(xs)
    middle, scale = _row_stats(x, axes, eps) if x.requires_grad else stats
    columns = []
    if weight is not None:
        # Before anything holds pieces of the expression, which this kernel would have to store.
        rows = tuple(range(x.ndim - len(axes)))
        columns = list(sums_of(lambda: g * ((x - middle) * scale), lambda: g, axis=rows))
    normal = (x - middle) * scale
    inner = g if weight is None else g * weight
    dx = scale * (inner - mean(inner, axes, True) - normal * mean(inner * normal, axes, True))
    return [dx, *columns][: len(xs)]


_rows: Op = Op("normalize_rows(*xs, axes, eps, stats)", _run_rows, {"dxs": _rows_rule})


@_rows.batched
def _rows_batched(op: Op, batch: Batch, *xs: Any, axes: Axes, eps: float, stats: Any) -> Any:
    """Weights of their own for the examples are of another shape than the rule takes."""
    x, *others = xs
    whole, places = batch.full(x), tuple([a + batch.ndim for a in axes])
    if not any(isinstance(v, Batched) for v in others):
        return op(whole, *others, axes=places, eps=eps, stats=tuple(map(batch.full, stats)))
    others = [batch.thin(v, x.ndim) for v in others]
    return _run_rows(whole, *others, axes=places, eps=eps, stats=_row_stats(whole, places, eps))


def _operands(x: Any, weight: Any, bias: Any) -> tuple[Any, ...]:
    """What is there of x, weight and bias; a bias without a weight needs no rule of its own."""
    return tuple([v for v in (x, weight, bias if weight is not None else None) if v is not None])


def _finish(out: Any, weight: Any, bias: Any) -> Any:
    return out if bias is None or weight is not None else out + bias


def normalize_channels(
    x: Any, weight: Any, bias: Any, axes: Axes, eps: float, running: Running | None = None
) -> Any:
    """Normalise x by its mean and variance over `axes`, as in batch normalisation, and let running
    statistics take their share of these, outside of any graph.

        out = (x - mean) / sqrt(var + eps) * weight + bias

    Args:    weight, bias: None, or of a shape that broadcasts against x with `axes` of size 1.
    """
    operands = _operands(x, weight, bias)
    if running is not None and _move_along(operands, running):
        stats, running = _statistics(x, axes, running), None
    else:
        stats = unrecorded(moments, x, axes)
    out = _channels(*operands, axes=axes, eps=eps, stats=stats)
    if running is not None:
        move_statistics(running, stats, _count(x, axes))
    return _finish(out, weight, bias)


def normalize_rows(x: Any, weight: Any, bias: Any, axes: Axes, eps: float) -> Any:
    """Normalise x by its mean and variance over `axes`, the last ones, as in layer normalisation.

        out = (x - mean) / sqrt(var + eps) * weight + bias

    Args:    weight, bias: None, or of the shape of x along `axes`.
    """
    stats = unrecorded(_row_stats, x, axes, eps)
    out = _rows(*_operands(x, weight, bias), axes=axes, eps=eps, stats=stats)
    return _finish(out, weight, bias)


def _move_along(operands: tuple[Any, ...], running: Running) -> bool:
    """Whether the kernel of the moments of operands[0] can move the running statistics. The other
    operands must fit, as what is refused moves none."""
    x, (mean, var, momentum) = operands[0], running
    known = (*operands, mean, var)
    if tracers or any(isinstance(each, Batched) for each in known) or isinstance(momentum, Tensor):
        return False
    if x.dtype in SHORT or any((v.dtype, v.device) != (x.dtype, x.device) for v in known):
        return False
    buffers = [mean.buffer, var.buffer]
    return not is_deterministic() and (
        mean.is_contiguous()
        and var.is_contiguous()
        and (buffers[0] is not buffers[1] and x._value.buffer not in buffers)
    )


def _statistics(x: Tensor, axes: Axes, running: Running) -> Any:
    """The moments of x, with which the running statistics move."""
    mean, var, momentum = running
    for watch in watchers:
        watch((x, mean, var))
    shares = 1 - momentum, momentum
    return unrecorded(moving_moments, x, axes, (mean, var), shares, _count(x, axes))


def move_statistics(running: Running, stats: tuple[Tensor, Tensor], count: int) -> None:
    """Let the running statistics take their share of the batch's, outside any graph.

    stats: the batch's means and sums of squared differences from them.
    """
    mean, var, momentum = running
    with no_grad():
        middle, squares = [s.reshape(mean.shape).astype(mean.dtype) for s in stats]
        unbiased = squares * (1 / (count - 1))
        moved_mean, moved_var = _moved(mean, middle, momentum), _moved(var, unbiased, momentum)
        if isinstance(moved_mean, Batched):
            numbers = mean.numbers if isinstance(mean, Batched) else ()
            if not set(numbers).issuperset(moved_mean.numbers):
                raise VmapError(
                    "batch_norm: inside vmap, running statistics that are the same for all "
                    "examples cannot move by those of each; use track_running_stats=False, or give "
                    "each example its own"
                )
            mean.copy_(moved_mean)
            var.copy_(moved_var)
            return
        old_mean, old_var = mean.realize()._value, var.realize()._value
        if may_overlap(old_mean, old_var):  # the variance moves what the mean left, as in PyTorch
            write(old_mean, moved_mean._value, "batch_norm")
            write(old_var, _moved(var, unbiased, momentum)._value, "batch_norm")
            return
        write_together([(old_mean, moved_mean._value), (old_var, moved_var._value)], "batch_norm")


def _moved(running: Any, batch: Any, momentum: float | Tensor) -> Any:
    return (1 - momentum) * running + momentum * batch
