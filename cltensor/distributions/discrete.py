"""Distributions of counts and of single attempts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

from cltensor.autograd import no_grad
from cltensor.core.tensor import Tensor
from cltensor.distributions import constraints
from cltensor.distributions.distribution import (
    ExponentialFamily,
    Odds,
    broadcast_all,
    constant,
)
from cltensor.ops.create import arange
from cltensor.ops.elementwise.activation import log1p_exp
from cltensor.ops.elementwise.functions import exp, log
from cltensor.ops.elementwise.select import clip, where
from cltensor.ops.random.draw import bernoulli
from cltensor.ops.random.sample import binomial, draw, poisson, standard_gamma
from cltensor.ops.shape.view import reshape
from cltensor.ops.special.entropy import xlog1py, xlogy
from cltensor.ops.special.gamma import lgamma


def _cross_entropy(logits: Any, chance: Any) -> Any:
    """The mean number of nats of an attempt with that chance, counted by these log-odds."""
    return log1p_exp(logits) - chance * logits


class Bernoulli(Odds, ExponentialFamily):
    """1 with the chance probs, else 0.

    >>> ct.distributions.Bernoulli(ct.tensor([0.5])).log_prob(ct.tensor([1.0]))
    tensor([-0.6931])
    """

    support: Any = constraints.boolean
    has_enumerate_support = True

    def __init__(
        self, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        self._take(probs, logits)
        super().__init__(self._given.shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        return self.probs

    @property
    def mode(self) -> Tensor:
        likelier = (self.probs >= 0.5).to(self.probs.dtype)
        return where(self.probs == 0.5, math.nan, likelier)

    @property
    def variance(self) -> Tensor:
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        with no_grad():
            return bernoulli(self.probs.expand(*self._extended_shape(sample_shape)))

    def log_prob(self, value: Any) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        return -_cross_entropy(self.logits, value)

    def entropy(self) -> Tensor:
        return _cross_entropy(self.logits, self.probs)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        return counts(2, self._given, self._batch_shape, expand)


def counts(number: int, like: Any, batch: Sequence[int], expand: bool) -> Any:
    """0 to number - 1 along a new first axis before those of `batch`."""
    values = arange(number, dtype=like.dtype, device=like.device)
    values = reshape(values, (number, *(1,) * len(batch)))
    return values.expand(number, *batch) if expand else values


class Geometric(Odds):
    """How many attempts fail before the first success, whose chance is probs.

    >>> ct.distributions.Geometric(ct.tensor([0.5])).mean
    tensor([1.])
    """

    support: Any = constraints.nonnegative_integer

    def __init__(
        self, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        self._take(probs, logits)
        super().__init__(self._given.shape, validate_args=validate_args)
        if self._looks and probs is not None and not (self.probs > 0).all().item():
            raise ValueError("Geometric: probs are not all above 0; without a chance it never ends")

    @property
    def mean(self) -> Tensor:
        return 1 / self.probs - 1

    @property
    def mode(self) -> Tensor:
        return constant(self.probs, 0.0)

    @property
    def variance(self) -> Tensor:
        return (1 / self.probs - 1) / self.probs

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        probs = self.probs
        shape = self._extended_shape(sample_shape)
        return draw("geometric", shape, probs.dtype, probs.device, None, probs) - 1

    def log_prob(self, value: Any) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        return xlog1py(value, -self.probs) + log(self.probs)

    def entropy(self) -> Tensor:
        return _cross_entropy(self.logits, self.probs) / self.probs


class Poisson(ExponentialFamily):
    """How often something happens in a unit of time that does so `rate` times on average.

    >>> ct.distributions.Poisson(ct.tensor([4.0])).mean
    tensor([4.])
    """

    arg_constraints: ClassVar[Any] = {"rate": constraints.nonnegative}
    support: Any = constraints.nonnegative_integer

    def __init__(self, rate: Any, validate_args: bool | None = None) -> None:
        (self.rate,) = broadcast_all(rate)
        super().__init__(self.rate.shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        return self.rate

    @property
    def mode(self) -> Tensor:
        return self.rate.floor()

    @property
    def variance(self) -> Tensor:
        return self.rate

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        with no_grad():
            return poisson(self.rate.expand(*self._extended_shape(sample_shape)))

    def log_prob(self, value: Any) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        return xlogy(value, self.rate) - self.rate - lgamma(value + 1)


class Binomial(Odds):
    """How many of total_count attempts succeed, each with the chance probs.

    >>> ct.distributions.Binomial(10, ct.tensor([0.5])).mean
    tensor([5.])
    """

    arg_constraints: ClassVar[Any] = {
        "total_count": constraints.nonnegative_integer,
        **Odds.arg_constraints,
    }
    has_enumerate_support = True

    def __init__(
        self,
        total_count: Any = 1,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        (self.total_count,) = self._take(probs, logits, total_count)
        super().__init__(self._given.shape, validate_args=validate_args)

    @property
    def support(self) -> Any:
        return constraints.integer_interval(0, self.total_count)

    @property
    def mean(self) -> Tensor:
        return self.total_count * self.probs

    @property
    def mode(self) -> Tensor:
        return ((self.total_count + 1) * self.probs).floor().minimum(self.total_count)

    @property
    def variance(self) -> Tensor:
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        with no_grad():
            return binomial(self.total_count.expand(*shape), self.probs.expand(*shape))

    def log_prob(self, value: Any) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        n, logits = self.total_count, self.logits
        ways = lgamma(n + 1) - lgamma(value + 1) - lgamma(n - value + 1)
        return ways + value * logits - n * log1p_exp(logits)

    def entropy(self) -> Tensor:
        chances = self.log_prob(self.enumerate_support(False))
        return -(exp(chances) * chances).sum(0)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        most = int(self.total_count.max().item())
        if self.total_count.min().item() != most:
            raise NotImplementedError(
                "Binomial: values cannot be listed where total_count differs between distributions"
            )
        return counts(most + 1, self._given, self._batch_shape, expand)


class NegativeBinomial(Odds):
    """How many attempts succeed, each with the chance probs, before total_count fail.

    total_count need be no whole number: values are of the Poisson distribution, with rates of the
    gamma distribution.

    >>> ct.distributions.NegativeBinomial(ct.tensor([3.0]), ct.tensor([0.5])).mean
    tensor([3.])
    """

    arg_constraints: ClassVar[Any] = {
        "total_count": constraints.nonnegative,
        "probs": constraints.half_open_interval(0.0, 1.0),
        "logits": constraints.real,
    }
    support: Any = constraints.nonnegative_integer

    def __init__(
        self,
        total_count: Any,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        (self.total_count,) = self._take(probs, logits, total_count)
        super().__init__(self._given.shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        return self.total_count * exp(self.logits)

    @property
    def mode(self) -> Tensor:
        return clip(((self.total_count - 1) * exp(self.logits)).floor(), min=0)

    @property
    def variance(self) -> Tensor:
        return self.mean / (-self.logits).sigmoid()

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        with no_grad():
            none = self.total_count == 0
            rates = standard_gamma(where(none, 1.0, self.total_count).expand(*shape), None)
            return poisson(where(none, 0.0, rates * exp(self.logits)))

    def log_prob(self, value: Any) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        n, logits = self.total_count, self.logits
        none = n + value == 0  # 0 attempts: lgamma has its poles there
        count = where(none, 1.0, n)
        ways = lgamma(count + value) - lgamma(value + 1) - lgamma(count)
        return where(none, 0.0, ways) - n * log1p_exp(logits) - value * log1p_exp(-logits)
