"""Distributions of numbers that have a bound: waits, even spreads, and what lies above."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

from cltensor.core.tensor import Tensor
from cltensor.distributions import constraints
from cltensor.distributions.distribution import (
    Distribution,
    ExponentialFamily,
    broadcast_all,
    constant,
)
from cltensor.ops.elementwise.functions import expm1, log, log1p
from cltensor.ops.elementwise.select import where
from cltensor.ops.random.draw import rand
from cltensor.ops.random.sample import draw


def standard(kind: str, like: Any, shape: Sequence[int], *parameters: float) -> Any:
    """Samples of `kind` (see sample.cl), of the dtype and device of `like`."""
    return draw(kind, shape, like.dtype, like.device, None, *parameters)


class Exponential(ExponentialFamily):
    """The time until something happens that does so `rate` times in a unit of it.

    >>> ct.distributions.Exponential(2.0).mean
    tensor(0.5000)
    """

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
