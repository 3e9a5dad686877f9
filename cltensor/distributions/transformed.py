"""Distributions of functions of values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from cltensor.core.tensor import Tensor
from cltensor.distributions import constraints
from cltensor.distributions.continuous import Normal
from cltensor.distributions.distribution import Distribution
from cltensor.distributions.independent import Independent, sum_last
from cltensor.distributions.transforms import ComposeTransform, ExpTransform, Transform
from cltensor.errors import ShapeError
from cltensor.ops.elementwise.functions import exp, expm1
from cltensor.ops.elementwise.select import where


class TransformedDistribution(Distribution):
    """The distribution of transforms of a value, one after the other."""

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
        if self._validate_args:
            self._validate_sample(value)
        for transform in reversed(self.transforms):
            value = transform.inv(value)
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
    """The distribution of e^x, where x is normal with mean loc and standard deviation scale."""

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
