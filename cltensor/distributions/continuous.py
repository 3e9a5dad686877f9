"""Distributions of numbers by location and scale, and between bounds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

from cltensor.core.tensor import Tensor
from cltensor.distributions import constraints
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
from cltensor.ops.random.sample import draw
from cltensor.ops.special.normal import ndtr, ndtri


def standard(kind: str, like: Any, shape: Sequence[int], *parameters: float) -> Any:
    """Samples of `kind` (see sample.cl), of the dtype and device of `like`."""
    return draw(kind, shape, like.dtype, like.device, None, *parameters)


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
    """The normal distribution with mean `loc` and standard deviation `scale`."""

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
    """The two-sided exponential distribution: density e^(-|x - loc| / scale) / (2 scale)."""

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
    """The Cauchy (Lorentz) distribution: the ratio of two normal numbers. It has no mean."""

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
    """The distribution of the largest of many values."""

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
    """The distance of a normal number (standard deviation `scale`) from its mean."""

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
    """The distance of a number of the Cauchy distribution from its median."""

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


class Exponential(ExponentialFamily):
    """The time until something happens that does so `rate` times in a unit of it."""

    arg_constraints: ClassVar[Any] = {"rate": constraints.positive}
    support: Any = constraints.nonnegative
    has_rsample = True

    def __init__(self, rate: Any, validate_args: bool | None = None) -> None:
        (self.rate,) = broadcast_all(rate)
        super().__init__(self.rate.shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        return self.rate.reciprocal()

    @property
    def mode(self) -> Tensor:
        return constant(self.rate, 0.0)

    @property
    def stddev(self) -> Tensor:
        return self.rate.reciprocal()

    @property
    def variance(self) -> Tensor:
        return self.rate.pow(-2)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        return (
            standard("exponential", self.rate, self._extended_shape(sample_shape), 1.0) / self.rate
        )

    def log_prob(self, value: Any) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        return log(self.rate) - self.rate * value

    def cdf(self, value: Any) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        return -expm1(-self.rate * value)

    def icdf(self, value: Any) -> Tensor:
        return -log1p(-value) / self.rate

    def entropy(self) -> Tensor:
        return 1 - log(self.rate)


class Uniform(Distribution):
    """Numbers spread evenly from `low` to below `high`.

    >>> ct.distributions.Uniform(ct.tensor([0.0]), ct.tensor([4.0])).log_prob(ct.tensor([1.0]))
    tensor([-1.3863])
    """

    arg_constraints: ClassVar[Any] = {"low": constraints.real, "high": constraints.real}
    has_rsample = True

    def __init__(self, low: Any, high: Any, validate_args: bool | None = None) -> None:
        self.low, self.high = broadcast_all(low, high)
        super().__init__(self.low.shape, validate_args=validate_args)
        if self._looks and not (self.low < self.high).all().item():
            raise ValueError("Uniform: low is not below high everywhere; exchange them")

    @property
    def support(self) -> Any:
        return constraints.interval(self.low, self.high)

    @property
    def mean(self) -> Tensor:
        return (self.high + self.low) * 0.5

    @property
    def mode(self) -> Tensor:
        return constant(self.low, math.nan)

    @property
    def variance(self) -> Tensor:
        width = self.high - self.low
        return width * width * (1 / 12)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        drawn = rand(shape, dtype=self.low.dtype, device=self.low.device)
        return self.low + drawn * (self.high - self.low)

    def log_prob(self, value: Any) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        inside = (self.low <= value) & (self.high > value)
        return where(inside, -log(self.high - self.low), -math.inf)

    def cdf(self, value: Any) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        return ((value - self.low) / (self.high - self.low)).clamp(0, 1)

    def icdf(self, value: Any) -> Tensor:
        return value * (self.high - self.low) + self.low

    def entropy(self) -> Tensor:
        return log(self.high - self.low)


class GeneralizedPareto(Distribution):
    """What lies above a high bound `loc`: the chance of more than x is (1 + c z)^(-1 / c), where
    c is the concentration and z = (x - loc) / scale; e^-z for c = 0.

    Source:  Pickands, "Statistical inference using extreme order statistics" (1975).

    >>> ct.distributions.GeneralizedPareto(
    ...     ct.tensor([0.0]), ct.tensor([1.0]), ct.tensor([0.0])
    ... ).mean
    tensor([1.])
    """

    arg_constraints: ClassVar[Any] = {
        "loc": constraints.real,
        "scale": constraints.positive,
        "concentration": constraints.real,
    }
    has_rsample = True

    def __init__(
        self, loc: Any, scale: Any, concentration: Any, validate_args: bool | None = None
    ) -> None:
        self.loc, self.scale, self.concentration = broadcast_all(loc, scale, concentration)
        super().__init__(self.loc.shape, validate_args=validate_args)

    @property
    def support(self) -> Any:
        ends = self.concentration < 0
        width = self.scale / where(ends, -self.concentration, 1.0)
        return constraints.interval(self.loc, where(ends, self.loc + width, math.inf))

    @property
    def mean(self) -> Tensor:
        there = self.concentration < 1
        found = self.loc + self.scale / (1 - where(there, self.concentration, 0.0))
        return where(there, found, math.nan)

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        there = self.concentration < 0.5
        c = where(there, self.concentration, 0.0)
        return where(there, (self.scale / (1 - c)).square() / (1 - 2 * c), math.nan)

    @property
    def _flat(self) -> tuple[Any, Any]:
        """Where the concentration is 0, and the concentration, 1 there."""
        flat = self.concentration.abs() <= 1e-8
        return flat, where(flat, 1.0, self.concentration)

    def _standardized(self, value: Any) -> Any:
        if self._validate_args:
            self._validate_sample(value)
        return (value - self.loc) / self.scale

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        waits = standard("exponential", self.loc, self._extended_shape(sample_shape), 1.0)
        return self._after(waits)

    def _after(self, wait: Any) -> Any:
        """The value above which e^-wait of the distribution lies."""
        flat, c = self._flat
        return self.loc + self.scale * where(flat, wait, expm1(c * wait) / c)

    def log_prob(self, value: Any) -> Tensor:
        z = self._standardized(value)
        flat, c = self._flat
        power, bent = 1 / c + 1, c * z
        end = (power == 0) & (bent <= -1)  # that of an even distribution has 0 times -inf
        fall = where(end, 0.0, power * log1p(where(end, 0.0, bent)))
        return -log(self.scale) - where(flat, z, fall)

    def log_survival_function(self, value: Any) -> Tensor:
        """The logarithm of the chance of a value above these."""
        z = self._standardized(value)
        flat, c = self._flat
        return -where(flat, z, log1p(c * z) / c)

    def log_cdf(self, value: Any) -> Tensor:
        """The logarithm of the chance of a value not above these."""
        return log(self.cdf(value))

    def cdf(self, value: Any) -> Tensor:
        return -expm1(self.log_survival_function(value))

    def icdf(self, value: Any) -> Tensor:
        return self._after(-log1p(-value))

    def entropy(self) -> Tensor:
        return log(self.scale) + self.concentration + 1
