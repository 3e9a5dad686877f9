"""Transforms that are made of others: chains, and parts side by side.

Pickles of earlier versions find those of `transform_base.py` here, too.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Sequence
from typing import Any

from cltensor.core.size import Size
from cltensor.distributions import constraints
from cltensor.distributions.distribution import constant, sum_last
from cltensor.distributions.transform_base import Transform as Transform
from cltensor.distributions.transform_base import _Inverse as _Inverse
from cltensor.errors import ShapeError
from cltensor.ops.create import zeros
from cltensor.ops.shape.cut import narrow
from cltensor.ops.shape.join import cat, stack
from cltensor.ops.shape.view import reshape
from cltensor.ops.shape.views import select


def _widened(constraint: Any, event_dim: int) -> Any:
    """The constraint, of values with so many axes."""
    more = event_dim - constraint.event_dim
    return constraints.independent(constraint, more) if more else constraint


class ComposeTransform(Transform):
    """Several transforms, one after the other. Each of them keeps its own last values.

    >>> D = ct.distributions
    >>> D.ComposeTransform([D.AffineTransform(1.0, 2.0), D.ExpTransform().inv])(ct.tensor(0.0))
    tensor(0.)
    """

    _ALIKE = ("parts",)

    def __init__(self, parts: Sequence[Transform], cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.parts = [part.with_cache(cache_size) if cache_size else part for part in parts]

    def with_cache(self, cache_size: int = 1) -> Any:
        return ComposeTransform([part.with_cache(cache_size) for part in self.parts], cache_size)

    @property
    def bijective(self) -> bool:
        return all(part.bijective for part in self.parts)

    @property
    def domain(self) -> Any:
        if not self.parts:
            return constraints.real
        dim = self.parts[-1].codomain.event_dim
        for part in reversed(self.parts):
            own = part.domain.event_dim
            dim = max(dim + own - part.codomain.event_dim, own)
        return _widened(self.parts[0].domain, dim)

    @property
    def codomain(self) -> Any:
        if not self.parts:
            return constraints.real
        dim = self.parts[0].domain.event_dim
        for part in self.parts:
            own = part.codomain.event_dim
            dim = max(dim + own - part.domain.event_dim, own)
        return _widened(self.parts[-1].codomain, dim)

    @property
    def sign(self) -> Any:
        found: Any = 1
        for part in self.parts:
            found = found * part.sign
        return found

    def __call__(self, x: Any) -> Any:
        for part in self.parts:
            x = part(x)
        return x

    def _inverse_at(self, y: Any) -> Any:
        for part in reversed(self.parts):
            y = part.inv(y)
        return y

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        if not self.parts:
            return constant(x, 0.0)
        total: Any = 0.0
        dim = self.domain.event_dim
        for i, part in enumerate(self.parts):
            moved = part(x) if i + 1 < len(self.parts) else y
            slope = part.log_abs_det_jacobian(x, moved)
            total = total + sum_last(slope, dim - part.domain.event_dim)
            dim += part.codomain.event_dim - part.domain.event_dim
            x = moved
        return total

    def forward_shape(self, shape: Sequence[int]) -> Any:
        for part in self.parts:
            shape = part.forward_shape(shape)
        return shape

    def inverse_shape(self, shape: Sequence[int]) -> Any:
        for part in reversed(self.parts):
            shape = part.inverse_shape(shape)
        return shape

    def __repr__(self) -> str:
        return f"ComposeTransform({self.parts!r})"


identity_transform = ComposeTransform([])


class IndependentTransform(Transform):
    """Another transform, with so many more of the last axes taken as axes of one value.

    >>> t = ct.distributions.IndependentTransform(ct.distributions.ExpTransform(), 1)
    >>> x = ct.tensor([1.0, 2.0])
    >>> t.log_abs_det_jacobian(x, t(x))
    tensor(3.)
    """

    _ALIKE = ("base_transform", "reinterpreted_batch_ndims")

    def __init__(
        self, base_transform: Transform, reinterpreted_batch_ndims: int, cache_size: int = 0
    ) -> None:
        super().__init__(cache_size)
        self.base_transform = base_transform
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims
        self.bijective = base_transform.bijective
        self.domain = constraints.independent(base_transform.domain, reinterpreted_batch_ndims)
        self.codomain = constraints.independent(base_transform.codomain, reinterpreted_batch_ndims)

    @property
    def sign(self) -> Any:
        return self.base_transform.sign

    def _fitting(self, x: Any, event_dim: int) -> Any:
        if x.ndim < event_dim:
            raise ShapeError(
                f"IndependentTransform: a value of shape {x.shape} has no {event_dim} axes"
            )
        return x

    def _call(self, x: Any) -> Any:
        return self.base_transform(self._fitting(x, self.domain.event_dim))

    def _inverse(self, y: Any) -> Any:
        return self.base_transform.inv(self._fitting(y, self.codomain.event_dim))

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        slope = self.base_transform.log_abs_det_jacobian(x, y)
        return sum_last(slope, self.reinterpreted_batch_ndims)

    def forward_shape(self, shape: Sequence[int]) -> Any:
        return self.base_transform.forward_shape(shape)

    def inverse_shape(self, shape: Sequence[int]) -> Any:
        return self.base_transform.inverse_shape(shape)

    def __repr__(self) -> str:
        return f"IndependentTransform({self.base_transform!r}, {self.reinterpreted_batch_ndims})"


class ReshapeTransform(Transform):
    """The same elements with the event shape out_shape in place of in_shape.

    >>> ct.distributions.ReshapeTransform((2, 3), (6,))(ct.zeros(5, 2, 3)).shape
    Size([5, 6])
    """

    _ALIKE = ("in_shape", "out_shape")
    sign: Any = 1

    def __init__(
        self, in_shape: Sequence[int], out_shape: Sequence[int], cache_size: int = 0
    ) -> None:
        super().__init__(cache_size)
        self.in_shape, self.out_shape = Size(in_shape), Size(out_shape)
        if self.in_shape.numel() != self.out_shape.numel():
            raise ValueError(
                f"ReshapeTransform: shapes {tuple(in_shape)} and {tuple(out_shape)} hold different "
                "numbers of elements"
            )
        self.domain = constraints.independent(constraints.real, len(self.in_shape))
        self.codomain = constraints.independent(constraints.real, len(self.out_shape))

    @staticmethod
    def _exchanged(shape: Sequence[int], old: Size, new: Size) -> tuple[int, ...]:
        cut = len(shape) - len(old)
        if cut < 0 or tuple(shape[cut:]) != tuple(old):
            raise ShapeError(
                f"ReshapeTransform: a shape {tuple(shape)} does not end in {tuple(old)}"
            )
        return (*shape[:cut], *new)

    def _call(self, x: Any) -> Any:
        return reshape(x, self.forward_shape(x.shape))

    def _inverse(self, y: Any) -> Any:
        return reshape(y, self.inverse_shape(y.shape))

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        batch = x.shape[: x.ndim - len(self.in_shape)]
        return zeros(batch, dtype=x.dtype, device=x.device)

    def forward_shape(self, shape: Sequence[int]) -> Any:
        return self._exchanged(shape, self.in_shape, self.out_shape)

    def inverse_shape(self, shape: Sequence[int]) -> Any:
        return self._exchanged(shape, self.out_shape, self.in_shape)


class _Several(Transform):
    """Base of those that apply one transform to each part of the values along the axis `dim`."""

    def __init__(self, tseq: Sequence[Transform], dim: int = 0, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.transforms = [t.with_cache(cache_size) if cache_size else t for t in tseq]
        self.dim = dim

    @property
    def bijective(self) -> bool:
        return all(t.bijective for t in self.transforms)

    def _parts(self, x: Any) -> list[Any]:
        """The parts of x that the transforms take."""
        raise NotImplementedError

    def _looked_at(self, x: Any, count: int) -> Any:
        if not -x.ndim <= self.dim < x.ndim or x.shape[self.dim] != count:
            raise ShapeError(
                f"{type(self).__name__}: a value of shape {x.shape} has not {count} along the axis "
                f"{self.dim}"
            )
        return x

    def _mapped(self, functions: Sequence[Callable[..., Any]], *xs: Any) -> list[Any]:
        rows = zip(functions, *map(self._parts, xs), strict=True)
        return [function(*parts) for function, *parts in rows]

    def _joined(self, parts: list[Any]) -> Any:
        raise NotImplementedError

    def _call(self, x: Any) -> Any:
        return self._joined(self._mapped(self.transforms, x))

    def _inverse(self, y: Any) -> Any:
        return self._joined(self._mapped([t.inv for t in self.transforms], y))

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        slopes = [t.log_abs_det_jacobian for t in self.transforms]
        return self._joined(self._mapped(slopes, x, y))


class CatTransform(_Several):
    """Transforms of parts side by side along the axis `dim`, of those lengths (1 each).

    >>> several = [ct.distributions.ExpTransform(), ct.distributions.AffineTransform(1.0, 3.0)]
    >>> ct.distributions.CatTransform(several)(ct.tensor([0.0, 2.0]))
    tensor([1., 7.])
    """

    def __init__(
        self,
        tseq: Sequence[Transform],
        dim: int = 0,
        lengths: Sequence[int] | None = None,
        cache_size: int = 0,
    ) -> None:
        super().__init__(tseq, dim, cache_size)
        self.lengths = [1] * len(self.transforms) if lengths is None else list(lengths)
        self.length = builtins.sum(self.lengths)
        self.domain, self.codomain = (
            constraints.cat([getattr(t, side) for t in self.transforms], dim, self.lengths)
            for side in ("domain", "codomain")
        )

    @property
    def event_dim(self) -> int:
        return max(t.event_dim for t in self.transforms)

    def _parts(self, x: Any) -> list[Any]:
        self._looked_at(x, self.length)
        ends = [builtins.sum(self.lengths[:i]) for i in range(len(self.lengths))]
        rows = zip(ends, self.lengths, strict=True)
        return [narrow(x, self.dim, start, length) for start, length in rows]

    def _joined(self, parts: list[Any]) -> Any:
        return cat(parts, self.dim)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        most = self.event_dim
        slopes = self._mapped([t.log_abs_det_jacobian for t in self.transforms], x, y)
        slopes = [
            sum_last(slope, most - t.event_dim)
            for slope, t in zip(slopes, self.transforms, strict=True)
        ]
        # The axis counted from behind the batch; within one value, its parts' slopes add up.
        axis = (self.dim - x.ndim if self.dim >= 0 else self.dim) + most
        return cat(slopes, axis) if axis < 0 else builtins.sum(slopes[1:], slopes[0])


class StackTransform(_Several):
    """Transforms of the elements along the axis `dim`.

    >>> both = ct.distributions.StackTransform(
    ...     [ct.distributions.ExpTransform(), ct.distributions.identity_transform]
    ... )
    >>> both(ct.zeros(2))
    tensor([1., 0.])
    """

    def __init__(self, tseq: Sequence[Transform], dim: int = 0, cache_size: int = 0) -> None:
        super().__init__(tseq, dim, cache_size)
        self.domain = constraints.stack([t.domain for t in self.transforms], dim)
        self.codomain = constraints.stack([t.codomain for t in self.transforms], dim)

    def _parts(self, x: Any) -> list[Any]:
        self._looked_at(x, len(self.transforms))
        return [select(x, self.dim, i) for i in range(len(self.transforms))]

    def _joined(self, parts: list[Any]) -> Any:
        return stack(parts, self.dim)
