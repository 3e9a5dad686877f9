"""Mixtures of distributions of one kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from cltensor.autograd import no_grad
from cltensor.core.op import broadcast_shapes
from cltensor.core.tensor import Tensor
from cltensor.distributions import constraints
from cltensor.distributions.categorical import Categorical
from cltensor.distributions.distribution import Distribution
from cltensor.errors import ShapeError
from cltensor.ops.index.gather import gather
from cltensor.ops.shape.view import reshape


class MixtureSameFamily(Distribution):
    """One of k distributions, which lie along the last batch axis of component_distribution, chosen
    by mixture_distribution, a Categorical of k classes.

    >>> mix = ct.distributions.Categorical(ct.ones(2))
    >>> parts = ct.distributions.Normal(ct.tensor([-1.0, 1.0]), ct.ones(2))
    >>> ct.distributions.MixtureSameFamily(mix, parts).mean
    tensor(0.)
    """

    arg_constraints: ClassVar[Any] = {}

    def __init__(
        self,
        mixture_distribution: Categorical,
        component_distribution: Distribution,
        validate_args: bool | None = None,
    ) -> None:
        if not isinstance(mixture_distribution, Categorical):
            raise ValueError(
                f"MixtureSameFamily: the mixture is {type(mixture_distribution).__name__}; give a "
                "Categorical"
            )
        if not isinstance(component_distribution, Distribution):
            raise ValueError(
                f"MixtureSameFamily: the components are {type(component_distribution).__name__}; "
                "give a Distribution"
            )
        count = mixture_distribution.param_shape[-1]
        shape = tuple(component_distribution.batch_shape)
        if not shape or shape[-1] != count:
            raise ShapeError(
                f"MixtureSameFamily: components of the batch shape {shape} are not {count} along "
                "the last axis, as the mixture has"
            )
        broadcast_shapes("MixtureSameFamily", mixture_distribution.batch_shape, shape[:-1])
        self._mixture_distribution = mixture_distribution
        self._component_distribution = component_distribution
        event = component_distribution.event_shape
        super().__init__(shape[:-1], event, validate_args=validate_args)

    @property
    def mixture_distribution(self) -> Categorical:
        """How likely each component is."""
        return self._mixture_distribution

    @property
    def component_distribution(self) -> Distribution:
        """The components."""
        return self._component_distribution

    def expand(self, batch_shape: Sequence[int]) -> Any:
        count = self._component_distribution.batch_shape[-1]
        components = self._component_distribution.expand((*batch_shape, count))
        mixture = self._mixture_distribution.expand(batch_shape)
        return MixtureSameFamily(mixture, components, validate_args=False)

    @property
    def support(self) -> Any:
        return constraints.MixtureSameFamilyConstraint(self._component_distribution.support)

    def _behind_events(self, x: Any) -> Any:
        """x with an axis of 1 for each of those of a value."""
        return reshape(x, (*x.shape, *(1,) * len(self._event_shape)))

    @property
    def _axis(self) -> int:
        """The axis of the components in their values."""
        return -1 - len(self._event_shape)

    def _averaged(self, x: Any) -> Any:
        """The mean over the components of what each has."""
        return (self._behind_events(self._mixture_distribution.probs) * x).sum(self._axis)

    @property
    def mean(self) -> Tensor:
        return self._averaged(self._component_distribution.mean)

    @property
    def variance(self) -> Tensor:
        components = self._component_distribution
        away = components.mean - self.mean.unsqueeze(self._axis)
        return self._averaged(components.variance + away * away)

    def _for_each(self, value: Any) -> Any:
        """The value along an axis of the components."""
        if self._validate_args:
            self._validate_sample(value)
        return value.unsqueeze(self._axis)

    def cdf(self, value: Any) -> Tensor:
        chances = self._component_distribution.cdf(self._for_each(value))
        return (chances * self._mixture_distribution.probs).sum(-1)

    def log_prob(self, value: Any) -> Tensor:
        own = self._component_distribution.log_prob(self._for_each(value))
        return (own + self._mixture_distribution.logits.log_softmax(-1)).logsumexp(-1)

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        with no_grad():
            chosen = self._mixture_distribution.expand(self._batch_shape).sample(sample_shape)
            drawn = self._component_distribution.sample(sample_shape)
            places = self._behind_events(chosen.unsqueeze(-1))
            shape = (*self._extended_shape(sample_shape)[: chosen.ndim], 1, *self._event_shape)
            return gather(drawn, self._axis, places.expand(*shape)).squeeze(self._axis)

    def __repr__(self) -> str:
        return (
            f"MixtureSameFamily({self._mixture_distribution!r}, {self._component_distribution!r})"
        )
