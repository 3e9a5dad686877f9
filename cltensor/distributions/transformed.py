"""Distributions of functions of values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

from cltensor.core.tensor import Tensor
from cltensor.distributions import constraints
from cltensor.distributions.bounded import Exponential, Uniform, standard
from cltensor.distributions.continuous import Normal
from cltensor.distributions.distribution import (
    EULER,
    Distribution,
    broadcast_all,
    constant,
    sum_last,
)
from cltensor.distributions.independent import Independent
from cltensor.distributions.transforms import (
    AffineTransform,
    ComposeTransform,
    ExpTransform,
    PowerTransform,
    StickBreakingTransform,
    Transform,
)
from cltensor.errors import ShapeError
from cltensor.ops.elementwise.functions import exp, expm1, log
from cltensor.ops.elementwise.select import clip, where
from cltensor.ops.special.beta import betaln
from cltensor.ops.special.entropy import xlogy
from cltensor.ops.special.gamma import digamma, lgamma


class TransformedDistribution(Distribution):
    """The distribution of transforms of a value, one after the other.

    >>> normal = ct.distributions.Normal(ct.tensor([0.0]), ct.tensor([1.0]))
    >>> exp = ct.distributions.ExpTransform()
    >>> ct.distributions.TransformedDistribution(normal, [exp]).log_prob(ct.tensor([1.0]))
    tensor([-0.9189])
    """

    def __init__(
        self,
        base_distribution: Distribution,
        transforms: Transform | Sequence[Transform],
        validate_args: bool | None = None,
    ) -> None:
        self.transforms = [transforms] if isinstance(transforms, Transform) else list(transforms)
        whole = ComposeTransform(self.transforms)
        shape, before = tuple(base_distribution._extended_shape()), whole.domain.event_dim
        if len(shape) < before:
            raise ShapeError(
                f"TransformedDistribution: the transforms take values of {before} axes, and the "
                f"base distribution has the shape {shape}"
            )
        wanted = whole.forward_shape(shape)
        needed = whole.inverse_shape(wanted)
        events = len(base_distribution.event_shape)
        base = base_distribution
        if tuple(needed) != shape:
            base = base.expand(needed[: len(needed) - events])
        self.base_dist = base if before <= events else Independent(base, before - events)
        after = whole.codomain.event_dim
        cut = len(wanted) - max(after, events + after - before)
        super().__init__(wanted[:cut], wanted[cut:], validate_args=validate_args)

    @property
    def has_rsample(self) -> bool:  # type: ignore[override]
        return self.base_dist.has_rsample

    @property
    def support(self) -> Any:
        if not self.transforms:
            return self.base_dist.support
        found = self.transforms[-1].codomain
        more = len(self._event_shape) - found.event_dim
        return constraints.independent(found, more) if more > 0 else found

    def _moved(self, x: Any) -> Any:
        for transform in self.transforms:
            x = transform(x)
        return x

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        return self._moved(self.base_dist.sample(sample_shape)).detach()

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        return self._moved(self.base_dist.rsample(sample_shape))

    def log_prob(self, value: Any) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        events, total, y = len(self._event_shape), 0.0, value
        for transform in reversed(self.transforms):
            x = transform.inv(y)
            before = transform.domain.event_dim
            events += before - transform.codomain.event_dim
            total = total - sum_last(transform.log_abs_det_jacobian(x, y), events - before)
            y = x
        own = self.base_dist.log_prob(y)
        return total + sum_last(own, events - len(self.base_dist.event_shape))

    def _sign(self) -> Any:
        return ComposeTransform(self.transforms).sign

    def cdf(self, value: Any) -> Tensor:
        for transform in reversed(self.transforms):
            value = transform.inv(value)
        if self._validate_args:  # so that an end which the support leaves out has its chance
            self.base_dist._validate_sample(value)
        return self._turned(self.base_dist.cdf(value))

    def icdf(self, value: Any) -> Tensor:
        return self._moved(self.base_dist.icdf(self._turned(value)))

    def _turned(self, chance: Any) -> Any:
        """The chance of the other side where the transforms fall."""
        sign = self._sign()
        if isinstance(sign, Tensor):
            return where(sign < 0, 1 - chance, chance)
        return 1 - chance if sign < 0 else chance


class LogNormal(TransformedDistribution):
    """The distribution of e^x, where x is normal with mean loc and standard deviation scale.

    >>> ct.distributions.LogNormal(ct.tensor([0.0]), ct.tensor([1.0])).mean
    tensor([1.6487])
    """

    arg_constraints: ClassVar[Any] = {"loc": constraints.real, "scale": constraints.positive}
    base_dist: Normal

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        super().__init__(Normal(loc, scale, validate_args), ExpTransform(), validate_args)

    @property
    def loc(self) -> Tensor:
        """The mean of the logarithm."""
        return self.base_dist.loc

    @property
    def scale(self) -> Tensor:
        """The standard deviation of the logarithm."""
        return self.base_dist.scale

    @property
    def mean(self) -> Tensor:
        return exp(self.loc + self.base_dist.variance * 0.5)

    @property
    def mode(self) -> Tensor:
        return exp(self.loc - self.base_dist.variance)

    @property
    def variance(self) -> Tensor:
        squares = self.base_dist.variance
        return expm1(squares) * exp(2 * self.loc + squares)

    def entropy(self) -> Tensor:
        return self.base_dist.entropy() + self.loc


class LogisticNormal(TransformedDistribution):
    """Chances along the last axis, made from normal numbers by breaking a stick (see
    StickBreakingTransform).

    Source:  Aitchison and Shen, "Logistic-normal distributions: some properties and uses" (1980).

    >>> ct.distributions.LogisticNormal(ct.zeros(2), ct.ones(2)).sample().sum()
    tensor(1.)
    """

    arg_constraints: ClassVar[Any] = {"loc": constraints.real, "scale": constraints.positive}
    support: Any = constraints.simplex
    base_dist: Independent

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        base = Normal(loc, scale, validate_args)
        if not base.batch_shape:
            base = base.expand((1,))
        super().__init__(base, StickBreakingTransform(), validate_args)

    @property
    def loc(self) -> Tensor:
        """The mean of the normal numbers."""
        return self.base_dist.base_dist.loc  # type: ignore[attr-defined]

    @property
    def scale(self) -> Tensor:
        """The standard deviation of the normal numbers."""
        return self.base_dist.base_dist.scale  # type: ignore[attr-defined]


class Pareto(TransformedDistribution):
    """Numbers above `scale`: the chance of more than x is (scale / x)^alpha.

    >>> ct.distributions.Pareto(ct.tensor([1.0]), ct.tensor([3.0])).mean
    tensor([1.5000])
    """

    arg_constraints: ClassVar[Any] = {"alpha": constraints.positive, "scale": constraints.positive}

    def __init__(self, scale: Any, alpha: Any, validate_args: bool | None = None) -> None:
        self.scale, self.alpha = broadcast_all(scale, alpha)
        moved = [ExpTransform(), AffineTransform(0.0, self.scale)]
        super().__init__(Exponential(self.alpha, validate_args=False), moved, validate_args)

    @property
    def support(self) -> Any:
        return constraints.greater_than_eq(self.scale)

    @property
    def mean(self) -> Tensor:
        a = clip(self.alpha, min=1)
        return a * self.scale / (a - 1)

    @property
    def mode(self) -> Tensor:
        return self.scale

    @property
    def variance(self) -> Tensor:
        a = clip(self.alpha, min=2)
        return (self.scale / (a - 1)).square() * a / (a - 2)

    def entropy(self) -> Tensor:
        return log(self.scale / self.alpha) + 1 + 1 / self.alpha


class Weibull(TransformedDistribution):
    """Numbers above 0: the chance of more than x is e^-(x / scale)^concentration.

    >>> ct.distributions.Weibull(ct.tensor([1.0]), ct.tensor([1.0])).mean
    tensor([1.])
    """

    arg_constraints: ClassVar[Any] = {
        "scale": constraints.positive,
        "concentration": constraints.positive,
    }
    support: Any = constraints.positive

    def __init__(self, scale: Any, concentration: Any, validate_args: bool | None = None) -> None:
        self.scale, self.concentration = broadcast_all(scale, concentration)
        base = Exponential(constant(self.scale, 1.0), validate_args=False)
        moved = [PowerTransform(1 / self.concentration), AffineTransform(0.0, self.scale)]
        super().__init__(base, moved, validate_args)

    def _log_moment(self, power: int) -> Any:
        return lgamma(1 + power / self.concentration)

    @property
    def mean(self) -> Tensor:
        return self.scale * exp(self._log_moment(1))

    @property
    def mode(self) -> Tensor:
        c = self.concentration
        return self.scale * (clip(c - 1, min=0) / c) ** (1 / c)

    @property
    def variance(self) -> Tensor:
        first, second = 2 * self._log_moment(1), self._log_moment(2)
        return self.scale.square() * exp(first) * expm1(second - first)

    def entropy(self) -> Tensor:
        c = self.concentration
        return EULER * (1 - 1 / c) + log(self.scale / c) + 1


class Kumaraswamy(TransformedDistribution):
    """Numbers from 0 to 1: the chance of more than x is (1 - x^concentration1)^concentration0.

    Source:  Jones, "Kumaraswamy's distribution: a beta-type distribution with some tractability
             advantages" (2009).

    >>> ct.distributions.Kumaraswamy(ct.tensor([1.0]), ct.tensor([1.0])).mean
    tensor([0.5000])
    """

    arg_constraints: ClassVar[Any] = {
        "concentration1": constraints.positive,
        "concentration0": constraints.positive,
    }
    support: Any = constraints.unit_interval

    def __init__(
        self, concentration1: Any, concentration0: Any, validate_args: bool | None = None
    ) -> None:
        self.concentration1, self.concentration0 = broadcast_all(concentration1, concentration0)
        a, b = self.concentration1, self.concentration0
        base = Uniform(constant(a, 0.0), constant(a, 1.0), validate_args=False)
        moved = [PowerTransform(1 / b), AffineTransform(1.0, -1.0), PowerTransform(1 / a)]
        super().__init__(base, moved, validate_args)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        # As the transforms, with the chance of more as e^-wait: near 0 nothing cancels.
        a, b = self.concentration1, self.concentration0
        waits = standard("exponential", a, self._extended_shape(sample_shape), 1.0)
        return (-expm1(-waits / b)) ** (1 / a)

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        return Distribution.sample(self, sample_shape)

    def log_prob(self, value: Any) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        a, b = self.concentration1, self.concentration0
        rest = -expm1(a * log(value))
        return log(a) + log(b) + xlogy(a - 1, value) + xlogy(b - 1, rest)

    def _moment(self, power: int) -> Any:
        b = self.concentration0
        return b * exp(betaln(1 + power / self.concentration1, b))

    @property
    def mean(self) -> Tensor:
        return self._moment(1)

    @property
    def mode(self) -> Tensor:
        a, b = self.concentration1, self.concentration0
        inside = (a >= 1) & (b >= 1) & (a * b > 1)
        found = where(inside, (a - 1) / where(inside, a * b - 1, 1.0), 1.0) ** (1 / a)
        return where(inside, found, math.nan)

    @property
    def variance(self) -> Tensor:
        return self._moment(2) - self.mean.square()

    def entropy(self) -> Tensor:
        a, b = self.concentration1, self.concentration0
        harmonic = digamma(b + 1) + EULER
        return (1 - 1 / b) + (1 - 1 / a) * harmonic - log(a) - log(b)
