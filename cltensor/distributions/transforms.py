"""Invertible functions of values, with the logarithm of how they stretch the space."""

from __future__ import annotations

import math
from collections.abc import Sequence
from sys import modules as _modules
from typing import Any

from cltensor.core.op import broadcast_shapes
from cltensor.core.suggestions import suggest as _suggest
from cltensor.core.tensor import Tensor
from cltensor.distributions import constraints
from cltensor.distributions.independent import sum_last
from cltensor.halves import limits_of
from cltensor.ops.elementwise.activation import log1p_exp
from cltensor.ops.elementwise.functions import atanh, exp, log, log1p, tanh
from cltensor.ops.elementwise.select import clip
from cltensor.ops.shape.view import broadcast_to

__all__ = [
    "AffineTransform",
    "ComposeTransform",
    "ExpTransform",
    "SigmoidTransform",
    "TanhTransform",
    "Transform",
    "identity_transform",
]


class Transform:
    """y = transform(x), x = transform.inv(y).

    sign: 1 for a function that grows, -1 for one that falls.
    """

    bijective = True
    domain: Any = constraints.real
    codomain: Any = constraints.real
    sign: Any = 1

    @property
    def event_dim(self) -> int:
        """How many of the last axes make up one value."""
        return self.domain.event_dim

    @property
    def inv(self) -> Transform:
        """The inverse."""
        return _Inverse(self)

    def __call__(self, x: Any) -> Any:
        """The function at x."""
        raise NotImplementedError

    def _inverse(self, y: Any) -> Any:
        raise NotImplementedError

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """log |dy/dx|, summed over the axes of one value."""
        raise NotImplementedError

    def forward_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of the function of values of that shape."""
        return shape

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and not vars(self) and not vars(other)

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class _Inverse(Transform):
    """The inverse of a transform."""

    def __init__(self, of: Transform) -> None:
        self._of = of
        self.domain, self.codomain, self.sign = of.codomain, of.domain, of.sign

    @property
    def inv(self) -> Transform:
        return self._of

    def __call__(self, x: Any) -> Any:
        return self._of._inverse(x)

    def _inverse(self, y: Any) -> Any:
        return self._of(y)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return -self._of.log_abs_det_jacobian(y, x)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Inverse) and self._of == other._of

    __hash__ = Transform.__hash__


class ExpTransform(Transform):
    """y = e^x."""

    codomain = constraints.positive

    def __call__(self, x: Any) -> Any:
        return exp(x)

    def _inverse(self, y: Any) -> Any:
        return log(y)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return x


class SigmoidTransform(Transform):
    """y = 1 / (1 + e^-x)."""

    codomain = constraints.unit_interval

    def __call__(self, x: Any) -> Any:
        info = limits_of(x.dtype)
        return clip(x.sigmoid(), float(info.tiny), 1 - float(info.eps))

    def _inverse(self, y: Any) -> Any:
        info = limits_of(y.dtype)
        y = clip(y, float(info.tiny), 1 - float(info.eps))
        return log(y) - log1p(-y)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return -log1p_exp(-x) - log1p_exp(x)


class TanhTransform(Transform):
    """y = tanh(x)."""

    codomain = constraints.interval(-1.0, 1.0)

    def __call__(self, x: Any) -> Any:
        return tanh(x)

    def _inverse(self, y: Any) -> Any:
        return atanh(y)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return 2 * (math.log(2) - x - log1p_exp(-2 * x))


class AffineTransform(Transform):
    """y = loc + scale x, of values that the last event_dim axes make up."""

    def __init__(self, loc: Any, scale: Any, event_dim: int = 0) -> None:
        self.loc = loc
        self.scale = scale
        self._event_dim = event_dim
        if event_dim:
            self.domain = self.codomain = constraints.independent(constraints.real, event_dim)

    @property
    def event_dim(self) -> int:
        return self._event_dim

    @property
    def sign(self) -> Any:
        if isinstance(self.scale, Tensor):
            return self.scale.sign()
        return (self.scale > 0) - (self.scale < 0)

    def __call__(self, x: Any) -> Any:
        return self.loc + self.scale * x

    def _inverse(self, y: Any) -> Any:
        return (y - self.loc) / self.scale

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        scale = self.scale
        slope = log(scale.abs()) if isinstance(scale, Tensor) else x * 0 + math.log(abs(scale))
        return sum_last(broadcast_to(slope, (x + slope).shape), self._event_dim)

    def forward_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        for x in (self.loc, self.scale):
            if isinstance(x, Tensor):
                shape = broadcast_shapes("AffineTransform", shape, tuple(x.shape))
        return shape

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, AffineTransform)
            and _same(self.loc, other.loc)
            and _same(self.scale, other.scale)
        )

    __hash__ = Transform.__hash__


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, Tensor) or isinstance(b, Tensor):
        return a is b or bool((a == b).all().item())
    return a == b


class ComposeTransform(Transform):
    """Several transforms, one after the other."""

    def __init__(self, parts: Sequence[Transform]) -> None:
        self.parts = list(parts)
        if self.parts:
            self.domain, self.codomain = self.parts[0].domain, self.parts[-1].codomain

    @property
    def event_dim(self) -> int:
        return max((p.event_dim for p in self.parts), default=0)

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

    def _inverse(self, y: Any) -> Any:
        for part in reversed(self.parts):
            y = part._inverse(y)
        return y

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        total: Any = 0
        for part in self.parts:
            moved = part(x)
            slope = part.log_abs_det_jacobian(x, moved)
            total = total + sum_last(slope, self.event_dim - part.event_dim)
            x = moved
        return total

    def forward_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        for part in self.parts:
            shape = part.forward_shape(shape)
        return shape

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ComposeTransform) and self.parts == other.parts

    __hash__ = Transform.__hash__


identity_transform = ComposeTransform([])

_suggest(_modules[__name__])
