"""Slopes of sampled functions by differences of neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cltensor.core.checks import normalize_axes, whole
from cltensor.core.composite import composite
from cltensor.core.tensor import Tensor
from cltensor.dtypes import to_float
from cltensor.errors import ShapeError
from cltensor.ops.elementwise.cast import astype
from cltensor.ops.shape.cut import part
from cltensor.ops.shape.join import concat


def _steps(spacing: Any, axes: tuple[int, ...], x: Any) -> list[Any]:
    """For each axis the distance of neighbours, or the distances, (n - 1,)."""
    if spacing is None or isinstance(spacing, (int, float)):
        return [1.0 if spacing is None else spacing] * len(axes)
    if isinstance(spacing, Tensor) and not spacing.ndim:
        return [spacing.item()] * len(axes)
    given = list(spacing)
    if len(given) != len(axes):
        raise ShapeError(f"gradient: {len(given)} spacings for {len(axes)} axes; give one for each")
    found: list[Any] = []
    for axis, places in zip(axes, given, strict=True):
        if isinstance(places, (int, float)):
            found.append(places)
            continue
        n = x.shape[axis]
        if places.shape != (n,):
            raise ShapeError(
                f"gradient: coordinates of shape {tuple(places.shape)} for axis {axis} of size {n}"
            )
        places = astype(places, x.dtype)
        found.append(part(places, 0, 1, n - 1) - part(places, 0, 0, n - 1))
    return found


def _ends(f: list[Any], h: list[Any], order: int) -> Any:
    """The slope at the first of three (or two) places, f, with distances h between them."""
    if order == 1:
        return (f[1] - f[0]) / h[0]
    near, both = h[0], h[0] + h[1]
    return (
        f[1] * (both / (near * h[1])) - f[0] * ((near + both) / (near * both))
        - f[2] * (near / (h[1] * both))
    )  # fmt: skip


def _slope(x: Any, axis: int, h: Any, order: int) -> Any:
    n = x.shape[axis]

    def at(start: int, count: int = 1) -> Any:
        return part(x, axis, start, count)

    def step(start: int, count: int = 1) -> Any:
        if not isinstance(h, Tensor):
            return h
        return part(h, 0, start, count).reshape(-1, *[1] * (x.ndim - 1 - axis))

    parts = [_ends([at(0), at(1), at(min(2, n - 1))], [step(0), step(min(1, n - 2))], order)]
    if n > 2:
        before, after = step(0, n - 2), step(1, n - 2)
        if isinstance(h, Tensor):
            low, mid, high = at(0, n - 2), at(1, n - 2), at(2, n - 2)
            slopes = ((high - mid) / after * before + (mid - low) / before * after) / (
                before + after
            )
        else:
            slopes = (at(2, n - 2) - at(0, n - 2)) / (2 * h)
        parts.append(slopes)
    last = [at(n - 1), at(n - 2), at(max(n - 3, 0))]
    parts.append(-_ends(last, [step(n - 2), step(max(n - 3, 0))], order))
    return concat(parts, axis)


@composite(method=False)
def gradient(
    x: Any, *, spacing: Any = None, dim: int | Sequence[int] | None = None, edge_order: int = 1
) -> tuple[Any, ...]:
    """The slope of sampled values along each of the axes `dim` (all for None).

    Args:    spacing: the distance of neighbours, one number or one for each axis, or coordinates
             for each; edge_order: 1 or 2, the order of the differences at both ends, which is 2
             in between.
    Raises:  ShapeError where an axis has not edge_order + 1 elements, or coordinates do not fit.
    Source:  as NumPy's gradient.

    >>> ct.gradient(ct.tensor([0.0, 1.0, 4.0]))
    (tensor([1., 2., 3.]),)
    """
    order = whole("gradient", "edge_order", edge_order, 1, 2)
    given = range(x.ndim) if dim is None else [dim] if isinstance(dim, (int, np.integer)) else dim
    axes = tuple([normalize_axes("gradient", a, x.ndim)[0] for a in given])
    x = astype(x, to_float(x.dtype))
    for axis in axes:
        if x.shape[axis] <= order:
            raise ShapeError(
                f"gradient: axis {axis} of shape {tuple(x.shape)} has not {order + 1} elements"
            )
    steps = _steps(spacing, axes, x)
    return tuple([_slope(x, axis, h, order) for axis, h in zip(axes, steps, strict=True)])
