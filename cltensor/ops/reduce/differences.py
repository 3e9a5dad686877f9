"""Differences of neighbours, areas under samples, covariances, distances, bounded norms."""

from __future__ import annotations

from typing import Any

from cltensor.core.checks import axis_of, whole
from cltensor.core.composite import composite
from cltensor.core.op import require_tensor
from cltensor.core.tensor import Tensor
from cltensor.errors import DTypeError, ShapeError
from cltensor.ops.elementwise.bits import bitwise_xor
from cltensor.ops.elementwise.cast import astype
from cltensor.ops.elementwise.functions import sqrt
from cltensor.ops.elementwise.select import clip, where
from cltensor.ops.linalg.matmul import matmul
from cltensor.ops.linalg.norms import norm
from cltensor.ops.reduce.fold import floating, mean, sum
from cltensor.ops.reduce.scan import cumsum
from cltensor.ops.shape.cut import diagonal, part
from cltensor.ops.shape.join import concat
from cltensor.ops.shape.view import reshape, swapaxes, unsqueeze


def _neighbours(x: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    """All elements along an axis but the last, and all but the first."""
    n = x.shape[axis]
    return part(x, axis, 0, n - 1), part(x, axis, 1, n - 1)


@composite
def diff(
    x: Tensor, n: int = 1, dim: int = -1, prepend: Tensor | None = None,
    append: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The differences of neighbours along `dim`, n times over; of bools whether they differ.

    prepend, append: what to set before and behind x first. Raises ShapeError for a tensor without
    dimensions.

    >>> ct.diff(ct.tensor([1, 4, 9]))
    tensor([3, 5])
    """
    n = whole("diff", "n", n)
    if not x.ndim:
        raise ShapeError("diff: a tensor of shape () has no neighbours; reshape it to (1,)")
    axis = axis_of("diff", dim, x.ndim)
    if not n:
        return x.clone()
    parts = [p for p in (prepend, x, append) if p is not None]
    if len(parts) > 1:
        x = concat(parts, axis)
    for _ in range(min(n, x.shape[axis])):
        before, after = _neighbours(x, axis)
        x = bitwise_xor(after, before) if x.dtype.kind == "b" else after - before
    return x


def _steps(operation: str, y: Tensor, x: Any, dx: Any, dim: int) -> tuple[int, Any]:
    """The axis, and the widths between samples along it: a number, or a tensor for those of y."""
    axis = axis_of(operation, dim, y.ndim)
    if x is not None and dx is not None:
        raise TypeError(f"{operation}: x and dx are given; leave out one")
    if isinstance(x, (int, float)) and not isinstance(x, bool):  # PyTorch's other overload
        x, dx = None, x
    if x is None:
        if y.dtype.kind == "b":
            raise DTypeError(f"{operation}: y is bool; cast it")
        return axis, 1 if dx is None else dx
    require_tensor(operation, "x", x)
    if "b" in (y.dtype.kind, x.dtype.kind):
        raise DTypeError(f"{operation}: y is {y.dtype.name} and x {x.dtype.name}; cast bools")
    if x.ndim == 1:
        if x.shape[0] != y.shape[axis]:
            raise ShapeError(
                f"{operation}: x of shape {x.shape} for axis {axis} of size {y.shape[axis]}; give "
                "one place for each sample"
            )
        shape = [1] * y.ndim
        shape[axis] = x.shape[0]
        x = reshape(x, tuple(shape))
    elif x.ndim < y.ndim:
        x = reshape(x, (1,) * (y.ndim - x.ndim) + tuple(x.shape))
    before, after = _neighbours(x, axis)
    return axis, after - before


@composite(method=False)
def trapezoid(y: Tensor, x: Any = None, *, dx: Any = None, dim: int = -1) -> Tensor:
    """The area under samples along `dim` by the trapezoidal rule.

        sum over i of (y[i] + y[i + 1]) / 2 * (x[i + 1] - x[i])

    Args:    x: where the samples are, a vector or a tensor that broadcasts with y; else they are dx
             (1) apart.
    Returns: y without that axis; 0 for no samples.

    >>> ct.trapezoid(ct.tensor([1.0, 2.0, 3.0]))
    tensor(4.)
    """
    if y.ndim and not y.shape[axis_of("trapezoid", dim, y.ndim)]:
        return sum(floating(y), axis_of("trapezoid", dim, y.ndim))
    axis, widths = _steps("trapezoid", y, x, dx, dim)
    before, after = _neighbours(y, axis)
    if isinstance(widths, Tensor):
        return sum((before + after) * widths, axis) / 2
    return sum(before + after, axis) * (widths / 2)


@composite(method=False)
def trapz(y: Tensor, x: Any = None, *, dx: Any = None, dim: int = -1) -> Tensor:
    """PyTorch's older name of `trapezoid`.

    >>> ct.trapz(ct.tensor([1.0, 2.0, 3.0]))
    tensor(4.)
    """
    return trapezoid(y, x, dx=dx, dim=dim)


@composite(method=False)
def cumulative_trapezoid(y: Tensor, x: Any = None, *, dx: Any = None, dim: int = -1) -> Tensor:
    """The area up to each sample but the first, as `trapezoid`.

    >>> ct.cumulative_trapezoid(ct.tensor([1.0, 2.0, 3.0]))
    tensor([1.5000, 4.0000])
    """
    axis, widths = _steps("cumulative_trapezoid", y, x, dx, dim)
    before, after = _neighbours(y, axis)
    if isinstance(widths, Tensor):
        return cumsum((before + after) * widths, axis) / 2
    return cumsum((before + after) * (widths / 2), axis)


@composite
def renorm(x: Tensor, p: float, dim: int, maxnorm: float) -> Tensor:
    """x, of whose slices along `dim` those with a p-norm above `maxnorm` are scaled down to it.

    >>> ct.renorm(ct.tensor([[3.0, 4.0]]), 2, 0, 1.0)
    tensor([[0.6000, 0.8000]])
    """
    axis = axis_of("renorm", dim, x.ndim)
    if x.ndim < 2:
        raise ShapeError(f"renorm: shape {x.shape} has no slices of its own; give two dimensions")
    if x.dtype.kind != "f":
        raise DTypeError(f"renorm: x is {x.dtype.name}; cast it to a floating-point dtype")
    if not p > 0 or maxnorm < 0:
        raise ValueError(
            f"renorm: p is {p} and maxnorm {maxnorm}; they must be above 0 and not be negative"
        )
    others = tuple([d for d in range(x.ndim) if d != axis])
    length = norm(x, p, others, True)
    return x * where(length > maxnorm, maxnorm / (length + 1e-7), 1)


# ----------------------------------------------------------------------------------- covariances


def _weights(name: str, weights: Tensor, kinds: str, count: int) -> Tensor:
    if weights.ndim > 1 or weights.size != count or weights.dtype.kind not in kinds:
        raise (DTypeError if weights.dtype.kind not in kinds else ShapeError)(
            f"cov: {name} is of shape {weights.shape} and {weights.dtype.name} for {count} "
            f"observations; give one {'integer' if kinds == 'iu' else 'number'} for each"
        )
    return reshape(weights, (count,))


@composite
def cov(
    x: Tensor, *, correction: int = 1, fweights: Tensor | None = None,
    aweights: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The covariances of variables, the rows of x, over observations, its columns.

        sum over observations of w (x - mean)(y - mean) / max(0, sum(w) - correction)

    Args:    fweights: how often each observation is there; aweights: how much it weighs, by which
             the correction is scaled too, as in PyTorch.
    Returns: a matrix; for one variable, a tensor without dimensions.

    >>> ct.cov(ct.tensor([[0.0, 1.0, 2.0], [4.0, 2.0, 0.0]]))
    tensor([[ 1., -2.],
            [-2.,  4.]])
    """
    if x.ndim > 2 or x.dtype.kind == "b":
        raise (ShapeError if x.ndim > 2 else DTypeError)(
            f"cov: x is of shape {x.shape} and {x.dtype.name}; give at most two dimensions of "
            "numbers"
        )
    x = floating(x)
    rows = reshape(x, (1, -1)) if x.ndim < 2 else x
    count = rows.shape[1]
    weights: Any = None
    if fweights is not None:
        weights = astype(_weights("fweights", fweights, "iu", count), x.dtype)
    if aweights is not None:
        heavy = _weights("aweights", aweights, "f", count)
        weights = heavy if weights is None else weights * heavy
    if weights is None:
        total: Any = float(count)
        middle = mean(rows, 1, True)
        degrees: Any = max(total - correction, 0)
    else:
        total = sum(weights)
        middle = sum(rows * weights, 1, True) / total
        if aweights is None or not correction:
            degrees = clip(total - correction, 0)
        else:
            degrees = clip(total - correction * sum(weights * aweights) / total, 0)
    away = rows - middle
    weighted = away if weights is None else away * weights
    found = matmul(weighted, swapaxes(away, 0, 1))
    found = found / degrees if isinstance(degrees, Tensor) or degrees else found / (found * 0)
    return found if x.ndim == 2 and rows.shape[0] != 1 else reshape(found, ())


@composite
def corrcoef(x: Tensor) -> Tensor:
    """The correlations of variables, the rows of x: covariances over both
    deviations, from -1 to 1.

    >>> ct.corrcoef(ct.tensor([[0.0, 1.0, 2.0], [4.0, 2.0, 0.0]]))
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    c = cov(x)
    if not c.ndim:
        return c / c
    spread = sqrt(diagonal(c))
    return clip(c / unsqueeze(spread, 1) / unsqueeze(spread, 0), -1, 1)
