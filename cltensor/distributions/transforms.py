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
from cltensor.distributions.distribution import sum_last
from cltensor.distributions.transform import (
    CatTransform,
    ComposeTransform,
    IndependentTransform,
    ReshapeTransform,
    StackTransform,
    identity_transform,
)
from cltensor.distributions.transform_base import Transform
from cltensor.distributions.vector_transforms import (
    CorrCholeskyTransform,
    LowerCholeskyTransform,
    PositiveDefiniteTransform,
    SoftmaxTransform,
    StickBreakingTransform,
)
from cltensor.halves import limits_of
from cltensor.ops.elementwise.activation import log1p_exp
from cltensor.ops.elementwise.functions import atanh, exp, expm1, log, log1p, tanh
from cltensor.ops.elementwise.select import clip
from cltensor.ops.shape.view import broadcast_to

__all__ = [
    "AbsTransform",
    "AffineTransform",
    "CatTransform",
    "ComposeTransform",
    "CorrCholeskyTransform",
    "CumulativeDistributionTransform",
    "ExpTransform",
    "IndependentTransform",
    "LowerCholeskyTransform",
    "PositiveDefiniteTransform",
    "PowerTransform",
    "ReshapeTransform",
    "SigmoidTransform",
    "SoftmaxTransform",
    "SoftplusTransform",
    "StackTransform",
    "StickBreakingTransform",
    "TanhTransform",
    "Transform",
    "identity_transform",
]


class _Growing(Transform):
    """Base of functions of numbers that grow and have no parameters."""

    _ALIKE = ()
    sign: Any = 1


class ExpTransform(_Growing):
    """y = e^x.

    >>> ct.distributions.ExpTransform().inv(ct.tensor([1.0]))
    tensor([0.])
    """

    codomain = constraints.positive

    def _call(self, x: Any) -> Any:
        return exp(x)

    def _inverse(self, y: Any) -> Any:
        return log(y)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return x


class SigmoidTransform(_Growing):
    """y = 1 / (1 + e^-x).

    >>> ct.distributions.SigmoidTransform()(ct.tensor([0.0]))
    tensor([0.5000])
    """

    codomain = constraints.unit_interval

    def _call(self, x: Any) -> Any:
        info = limits_of(x.dtype)
        return clip(x.sigmoid(), float(info.tiny), 1 - float(info.eps))

    def _inverse(self, y: Any) -> Any:
        info = limits_of(y.dtype)
        y = clip(y, float(info.tiny), 1 - float(info.eps))
        return log(y) - log1p(-y)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return -log1p_exp(-x) - log1p_exp(x)


class SoftplusTransform(_Growing):
    """y = log(1 + e^x).

    >>> ct.distributions.SoftplusTransform()(ct.tensor([0.0]))
    tensor([0.6931])
    """

    codomain = constraints.positive

    def _call(self, x: Any) -> Any:
        return log1p_exp(x)

    def _inverse(self, y: Any) -> Any:
        return y + log(-expm1(-y))

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return -log1p_exp(-x)


class TanhTransform(_Growing):
    """y = tanh(x).

    >>> ct.distributions.TanhTransform()(ct.tensor([0.0]))
    tensor([0.])
    """

    codomain = constraints.interval(-1.0, 1.0)

    def _call(self, x: Any) -> Any:
        return tanh(x)

    def _inverse(self, y: Any) -> Any:
        return atanh(y)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return 2 * (math.log(2) - x - log1p_exp(-2 * x))


class AbsTransform(Transform):
    """y = |x|, whose inverse is taken to be y.

    >>> ct.distributions.AbsTransform()(ct.tensor([-1.0]))
    tensor([1.])
    """

    _ALIKE = ()
    bijective = False
    codomain = constraints.positive

    def _call(self, x: Any) -> Any:
        return x.abs()

    def _inverse(self, y: Any) -> Any:
        return y


def _sign_of(x: Any) -> Any:
    return x.sign() if isinstance(x, Tensor) else (x > 0) - (x < 0)


def _with_shapes(name: str, shape: Sequence[int], *parameters: Any) -> tuple[int, ...]:
    """The shape, broadcast with those parameters that are tensors."""
    whole = tuple(shape)
    for x in parameters:
        if isinstance(x, Tensor):
            whole = broadcast_shapes(name, whole, tuple(x.shape))
    return whole


class PowerTransform(Transform):
    """y = x^exponent.

    >>> ct.distributions.PowerTransform(ct.tensor(2.0))(ct.tensor([3.0]))
    tensor([9.])
    """

    _ALIKE = ("exponent",)
    domain = codomain = constraints.positive

    def __init__(self, exponent: Any, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.exponent = exponent

    @property
    def sign(self) -> Any:
        return _sign_of(self.exponent)

    def _call(self, x: Any) -> Any:
        return x**self.exponent

    def _inverse(self, y: Any) -> Any:
        return y ** (1 / self.exponent)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return log((self.exponent * y / x).abs())

    def forward_shape(self, shape: Sequence[int]) -> Any:
        return _with_shapes("PowerTransform", shape, self.exponent)

    inverse_shape = forward_shape


class AffineTransform(Transform):
    """y = loc + scale x, of values that the last event_dim axes make up.

    >>> ct.distributions.AffineTransform(1.0, 2.0)(ct.tensor([3.0]))
    tensor([7.])
    """

    _ALIKE = ("loc", "scale")

    def __init__(self, loc: Any, scale: Any, event_dim: int = 0, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.loc = loc
        self.scale = scale
        if event_dim:
            self.domain = self.codomain = constraints.independent(constraints.real, event_dim)

    @property
    def sign(self) -> Any:
        return _sign_of(self.scale)

    def _call(self, x: Any) -> Any:
        return self.loc + self.scale * x

    def _inverse(self, y: Any) -> Any:
        return (y - self.loc) / self.scale

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        scale = self.scale
        slope = log(scale.abs()) if isinstance(scale, Tensor) else x * 0 + math.log(abs(scale))
        return sum_last(broadcast_to(slope, (x + slope).shape), self.event_dim)

    def forward_shape(self, shape: Sequence[int]) -> Any:
        return _with_shapes("AffineTransform", shape, self.loc, self.scale)

    inverse_shape = forward_shape


class CumulativeDistributionTransform(Transform):
    """y = distribution.cdf(x).

    >>> ct.distributions.CumulativeDistributionTransform(ct.distributions.Normal(0.0, 1.0))(
    ...     ct.tensor([0.0])
    ... )
    tensor([0.5000])
    """

    codomain = constraints.unit_interval
    sign: Any = 1

    def __init__(self, distribution: Any, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.distribution = distribution

    @property
    def domain(self) -> Any:
        return self.distribution.support

    def _call(self, x: Any) -> Any:
        return self.distribution.cdf(x)

    def _inverse(self, y: Any) -> Any:
        return self.distribution.icdf(y)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return self.distribution.log_prob(x)


_suggest(_modules[__name__])
