"""Distributions of numbers by location and scale.

Pickles of earlier versions find those of `bounded.py` here, too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

from cltensor.core.tensor import Tensor
from cltensor.distributions import constraints
from cltensor.distributions.bounded import Exponential as Exponential
from cltensor.distributions.bounded import GeneralizedPareto as GeneralizedPareto
from cltensor.distributions.bounded import Uniform as Uniform
from cltensor.distributions.bounded import standard
from cltensor.distributions.distribution import (
    EULER,
    LOG_ROOT_TAU,
    Distribution,
    ExponentialFamily,
    broadcast_all,
    constant,
)
from cltensor.ops.elementwise.functions import atan, exp, expm1, log, log1p, tan
from cltensor.ops.elementwise.rounding import sign
from cltensor.ops.elementwise.select import where
from cltensor.ops.random.draw import rand, randn
from cltensor.ops.special.normal import ndtr, ndtri


class LocationScale(Distribution):
    """Base of those with a location and a scale."""

    arg_constraints: ClassVar[Any] = {"loc": constraints.real, "scale": constraints.positive}
    support: Any = constraints.real
    has_rsample = True

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = broadcast_all(loc, scale)
        super().__init__(self.loc.shape, validate_args=validate_args)

    def _standardized(self, value: Any) -> Any:
        if self._validate_args:
            self._validate_sample(value)
        return (value - self.loc) / self.scale

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def mode(self) -> Tensor:
        return self.loc


class Normal(LocationScale, ExponentialFamily):
    """The normal distribution with mean `loc` and standard deviation `scale`.

    >>> ct.distributions.Normal(0.0, 1.0).log_prob(ct.tensor(0.0))
    tensor(-0.9189)
    """

    @property
    def stddev(self) -> Tensor:
        return self.scale

    @property
    def variance(self) -> Tensor:
        return self.scale * self.scale

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        return self.loc + self.scale * randn(shape, dtype=self.loc.dtype, device=self.loc.device)

    def log_prob(self, value: Any) -> Tensor:
        z = self._standardized(value)
        return -0.5 * (z * z) - log(self.scale) - LOG_ROOT_TAU

    def cdf(self, value: Any) -> Tensor:
        return ndtr(self._standardized(value))

    def icdf(self, value: Any) -> Tensor:
        return self.loc + self.scale * ndtri(value)

    def entropy(self) -> Tensor:
        return log(self.scale) + (0.5 + LOG_ROOT_TAU)


class Laplace(LocationScale):
    """The two-sided exponential distribution: density e^(-|x - loc| / scale) / (2 scale).

    >>> ct.distributions.Laplace(0.0, 1.0).log_prob(ct.tensor(0.0))
    tensor(-0.6931)
    """

    @property
    def variance(self) -> Tensor:
        return 2 * (self.scale * self.scale)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        away = standard("exponential", self.loc, shape, 1.0)
        side = rand(shape, dtype=self.loc.dtype, device=self.loc.device) < 0.5
        return self.loc + self.scale * where(side, away, -away)

    def log_prob(self, value: Any) -> Tensor:
        return -log(2 * self.scale) - self._standardized(value).abs()

    def cdf(self, value: Any) -> Tensor:
        z = self._standardized(value)
        return 0.5 - 0.5 * sign(z) * expm1(-z.abs())

    def icdf(self, value: Any) -> Tensor:
        term = value - 0.5
        return self.loc - self.scale * sign(term) * log1p(-2 * term.abs())

    def entropy(self) -> Tensor:
        return 1 + log(2 * self.scale)


class Cauchy(LocationScale):
    """The Cauchy (Lorentz) distribution: the ratio of two normal numbers. It has no mean.

    >>> ct.distributions.Cauchy(0.0, 1.0).cdf(ct.tensor(1.0))
    tensor(0.7500)
    """

    @property
    def mean(self) -> Tensor:
        return constant(self.loc, math.nan)

    @property
    def variance(self) -> Tensor:
        return constant(self.loc, math.inf)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        drawn = standard("cauchy", self.loc, self._extended_shape(sample_shape), 0.0, 1.0)
        return self.loc + self.scale * drawn

    def log_prob(self, value: Any) -> Tensor:
        z = self._standardized(value)
        return -math.log(math.pi) - log(self.scale) - log1p(z * z)

    def cdf(self, value: Any) -> Tensor:
        return atan(self._standardized(value)) * (1 / math.pi) + 0.5

    def icdf(self, value: Any) -> Tensor:
        return tan(math.pi * (value - 0.5)) * self.scale + self.loc

    def entropy(self) -> Tensor:
        return math.log(4 * math.pi) + log(self.scale)


class Gumbel(LocationScale):
    """The distribution of the largest of many values.

    >>> ct.distributions.Gumbel(0.0, 1.0).mean
    tensor(0.5772)
    """

    @property
    def mean(self) -> Tensor:
        return self.loc + self.scale * EULER

    @property
    def variance(self) -> Tensor:
        return self.scale * self.scale * (math.pi**2 / 6)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        waits = standard("exponential", self.loc, self._extended_shape(sample_shape), 1.0)
        return self.loc - self.scale * log(waits)

    def log_prob(self, value: Any) -> Tensor:
        z = -self._standardized(value)
        return z - exp(z) - log(self.scale)

    def cdf(self, value: Any) -> Tensor:
        return exp(-exp(-self._standardized(value)))

    def icdf(self, value: Any) -> Tensor:
        return self.loc - self.scale * log(-log(value))

    def entropy(self) -> Tensor:
        return log(self.scale) + (1 + EULER)


class _Half(Distribution):
    """Base of distances from the middle of what has its mode there."""

    arg_constraints: ClassVar[Any] = {"scale": constraints.positive}
    support: Any = constraints.nonnegative
    has_rsample = True

    def __init__(self, scale: Any, validate_args: bool | None = None) -> None:
        (self.scale,) = broadcast_all(scale)
        super().__init__(self.scale.shape, validate_args=validate_args)

    def _standardized(self, value: Any) -> Any:
        if self._validate_args:
            self._validate_sample(value)
        return value / self.scale

    @property
    def mode(self) -> Tensor:
        return constant(self.scale, 0.0)


class HalfNormal(_Half):
    """The distance of a normal number (standard deviation `scale`) from its mean.

    >>> ct.distributions.HalfNormal(1.0).mean
    tensor(0.7979)
    """

    @property
    def mean(self) -> Tensor:
        return self.scale * math.sqrt(2 / math.pi)

    @property
    def variance(self) -> Tensor:
        return self.scale * self.scale * (1 - 2 / math.pi)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        return self.scale * randn(shape, dtype=self.scale.dtype, device=self.scale.device).abs()

    def log_prob(self, value: Any) -> Tensor:
        z = self._standardized(value)
        found = -0.5 * (z * z) - log(self.scale) + (math.log(2) - LOG_ROOT_TAU)
        return where(value >= 0, found, -math.inf)

    def cdf(self, value: Any) -> Tensor:
        return (self._standardized(value) * math.sqrt(0.5)).erf()

    def icdf(self, value: Any) -> Tensor:
        return self.scale * ndtri((value + 1) * 0.5)

    def entropy(self) -> Tensor:
        return log(self.scale) + (0.5 + LOG_ROOT_TAU - math.log(2))


class HalfCauchy(_Half):
    """The distance of a number of the Cauchy distribution from its median.

    >>> ct.distributions.HalfCauchy(1.0).cdf(ct.tensor(1.0))
    tensor(0.5000)
    """

    @property
    def mean(self) -> Tensor:
        return constant(self.scale, math.inf)

    @property
    def variance(self) -> Tensor:
        return constant(self.scale, math.inf)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        drawn = standard("cauchy", self.scale, self._extended_shape(sample_shape), 0.0, 1.0)
        return self.scale * drawn.abs()

    def log_prob(self, value: Any) -> Tensor:
        z = self._standardized(value)
        found = math.log(2 / math.pi) - log(self.scale) - log1p(z * z)
        return where(value >= 0, found, -math.inf)

    def cdf(self, value: Any) -> Tensor:
        return atan(self._standardized(value)) * (2 / math.pi)

    def icdf(self, value: Any) -> Tensor:
        return tan(0.5 * math.pi * value) * self.scale

    def entropy(self) -> Tensor:
        return math.log(2 * math.pi) + log(self.scale)
