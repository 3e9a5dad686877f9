"""Relaxations of attempts and classes: numbers between them, with a gradient.

The lower the temperature, the nearer are samples to what they relax.

Source:  Maddison, Mnih and Teh, "The concrete distribution" (2017); Jang, Gu and Poole,
         "Categorical reparameterization with Gumbel-softmax" (2017).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

from cltensor.core.tensor import Tensor
from cltensor.distributions import constraints
from cltensor.distributions.bounded import standard
from cltensor.distributions.categorical import Categorical, OfCategorical
from cltensor.distributions.distribution import Odds, clamp_probs
from cltensor.distributions.transformed import TransformedDistribution
from cltensor.distributions.transforms import ExpTransform, SigmoidTransform
from cltensor.ops.elementwise.activation import log1p_exp
from cltensor.ops.elementwise.functions import log, log1p
from cltensor.ops.random.draw import rand


def _log(x: Any) -> Any:
    return log(x) if isinstance(x, Tensor) else math.log(x)


class LogitRelaxedBernoulli(Odds):
    """The log-odds of RelaxedBernoulli."""

    support: Any = constraints.real
    has_rsample = True

    def __init__(
        self,
        temperature: Any,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        self.temperature = temperature
        self._take(probs, logits)
        super().__init__(self._given.shape, validate_args=validate_args)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        logits = self.logits
        shape = self._extended_shape(sample_shape)
        u = clamp_probs(rand(shape, dtype=logits.dtype, device=logits.device))
        return (log(u) - log1p(-u) + logits) / self.temperature

    def log_prob(self, value: Any) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        away = self.logits - value * self.temperature
        return _log(self.temperature) + away - 2 * log1p_exp(away)


class _Relaxed(TransformedDistribution):
    """Base of those that turn a relaxed value into chances."""

    arg_constraints: ClassVar[Any] = {}
    base_dist: Any

    @property
    def temperature(self) -> Any:
        """How far samples are from what they relax."""
        return self.base_dist.temperature

    @property
    def probs(self) -> Tensor:
        """The chances."""
        return self.base_dist.probs

    @property
    def logits(self) -> Tensor:
        """The logarithms of the odds, or of several chances."""
        return self.base_dist.logits


class RelaxedBernoulli(_Relaxed):
    """Numbers between 0 and 1, most of them near either at a low temperature.

    >>> ct.distributions.RelaxedBernoulli(ct.tensor(0.5), ct.tensor([0.5])).rsample().shape
    Size([1])
    """

    arg_constraints: ClassVar[Any] = LogitRelaxedBernoulli.arg_constraints
    support: Any = constraints.unit_interval

    def __init__(
        self,
        temperature: Any,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        base = LogitRelaxedBernoulli(temperature, probs, logits, validate_args)
        super().__init__(base, SigmoidTransform(), validate_args)


class ExpRelaxedCategorical(OfCategorical):
    """The logarithms of RelaxedOneHotCategorical."""

    support: Any = constraints.real_vector
    has_rsample = True

    def __init__(
        self,
        temperature: Any,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        self.temperature = temperature
        self._categorical = Categorical(probs, logits, validate_args)
        shape = self._categorical.param_shape
        super().__init__(shape[:-1], shape[-1:], validate_args=validate_args)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        waits = standard("exponential", self.logits, self._extended_shape(sample_shape), 1.0)
        return ((self.logits - log(waits)) / self.temperature).log_softmax(-1)

    def log_prob(self, value: Any) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        n = self._event_shape[0]
        scores = (self.logits - value * self.temperature).log_softmax(-1).sum(-1)
        return scores + math.lgamma(n) + (n - 1) * _log(self.temperature)


class RelaxedOneHotCategorical(_Relaxed):
    """Chances that add up to 1, most of them near one class at a low temperature.

    >>> ct.distributions.RelaxedOneHotCategorical(ct.tensor(0.5), ct.ones(3)).rsample().sum()
    tensor(1.)
    """

    arg_constraints: ClassVar[Any] = ExpRelaxedCategorical.arg_constraints
    support: Any = constraints.simplex

    def __init__(
        self,
        temperature: Any,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        base = ExpRelaxedCategorical(temperature, probs, logits, validate_args)
        super().__init__(base, ExpTransform(), validate_args)
