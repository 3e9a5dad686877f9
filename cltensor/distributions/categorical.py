"""Distributions of classes: by number, as one-hot vectors, and how often each occurs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from cltensor.autograd import no_grad
from cltensor.core.op import broadcast_shapes
from cltensor.core.tensor import Tensor
from cltensor.distributions import constraints
from cltensor.distributions.discrete import Binomial
from cltensor.distributions.distribution import Distribution, Odds, constant
from cltensor.halves import limits_of
from cltensor.ops.create import arange, eye, zeros
from cltensor.ops.elementwise.functions import exp
from cltensor.ops.elementwise.select import clip, where
from cltensor.ops.index.gather import gather
from cltensor.ops.index.scatter import one_hot
from cltensor.ops.random.choose import multinomial
from cltensor.ops.search import argmax
from cltensor.ops.shape.view import reshape
from cltensor.ops.special.gamma import lgamma


class Categorical(Odds):
    """A class from 0 to k - 1, with the chances of the last axis of probs, or log-chances logits;
    neither need be normalized.

    >>> ct.distributions.Categorical(ct.tensor([0.25, 0.75])).log_prob(ct.tensor(1)).exp()
    tensor(0.7500)
    """

    _SEVERAL = True
    arg_constraints: ClassVar[Any] = {
        "probs": constraints.simplex,
        "logits": constraints.real_vector,
    }
    has_enumerate_support = True

    def __init__(
        self, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        self._take(probs, logits)
        self._num_events = self._given.shape[-1]
        super().__init__(self._given.shape[:-1], validate_args=validate_args)

    @property
    def support(self) -> Any:
        return constraints.integer_interval(0, self._num_events - 1)

    @property
    def mean(self) -> Tensor:
        return constant(self._given.sum(-1).detach(), math.nan)

    @property
    def mode(self) -> Tensor:
        return argmax(self._given, -1)

    @property
    def variance(self) -> Tensor:
        return self.mean

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        count = math.prod(sample_shape)
        if not count or not math.prod(self._batch_shape):
            return zeros(
                self._extended_shape(sample_shape), dtype="int64", device=self.probs.device
            )
        with no_grad():
            rows = reshape(self.probs.detach(), (-1, self._num_events))
            drawn = multinomial(rows, count, True)
            return reshape(drawn.t(), self._extended_shape(sample_shape))

    def log_prob(self, value: Any) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        shape = broadcast_shapes("Categorical", tuple(value.shape), tuple(self._batch_shape))
        chances = self.logits.expand(*shape, self._num_events)
        places = value.to("int64").expand(*shape).unsqueeze(-1)
        return gather(chances, -1, places).squeeze(-1)

    def entropy(self) -> Tensor:
        logits = clip(self.logits, min=float(limits_of(self.logits.dtype).min))
        return -(logits * self.probs).sum(-1)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        values = arange(self._num_events, device=self._given.device)
        values = reshape(values, (self._num_events, *(1,) * len(self._batch_shape)))
        return values.expand(self._num_events, *self._batch_shape) if expand else values


class OfCategorical(Distribution):
    """Base of those that hold a Categorical."""

    arg_constraints: ClassVar[Any] = {
        "probs": constraints.simplex,
        "logits": constraints.real_vector,
    }
    _categorical: Categorical

    @property
    def probs(self) -> Any:
        """The chances."""
        return self._categorical.probs

    @property
    def logits(self) -> Any:
        """The logarithms of the chances."""
        return self._categorical.logits

    @property
    def param_shape(self) -> Any:
        """The shape of the parameter."""
        return self._categorical.param_shape


class OneHotCategorical(OfCategorical):
    """A class, as a vector that is 1 there and 0 elsewhere.

    >>> ct.distributions.OneHotCategorical(ct.tensor([0.0, 1.0])).sample()
    tensor([0., 1.])
    """

    support: Any = constraints.one_hot
    has_enumerate_support = True

    def __init__(
        self, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        self._categorical = Categorical(probs, logits, validate_args)
        shape = self._categorical.param_shape
        super().__init__(shape[:-1], shape[-1:], validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        return self.probs

    @property
    def mode(self) -> Tensor:
        return self._hot(self._categorical.mode)

    @property
    def variance(self) -> Tensor:
        return self.probs * (1 - self.probs)

    def _hot(self, classes: Any) -> Any:
        return one_hot(classes, self._event_shape[0]).to(self.probs.dtype)

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        return self._hot(self._categorical.sample(sample_shape))

    def log_prob(self, value: Any) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        return self._categorical.log_prob(argmax(value, -1))

    def entropy(self) -> Tensor:
        return self._categorical.entropy()

    def enumerate_support(self, expand: bool = True) -> Tensor:
        n = self._event_shape[0]
        values = eye(n, dtype=self.probs.dtype, device=self.probs.device)
        values = reshape(values, (n, *(1,) * len(self._batch_shape), n))
        return values.expand(n, *self._batch_shape, n) if expand else values


class OneHotCategoricalStraightThrough(OneHotCategorical):
    """A class as a one-hot vector, with the gradient that the chances themselves have.

    Source:  Bengio, Leonard and Courville, "Estimating or propagating gradients through stochastic
             neurons for conditional computation" (2013).

    >>> ct.distributions.OneHotCategoricalStraightThrough(ct.tensor([0.0, 1.0])).rsample()
    tensor([0., 1.])
    """

    has_rsample = True

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        probs = self.probs
        return self.sample(sample_shape) + (probs - probs.detach())


class Multinomial(OfCategorical):
    """How often each class occurs in total_count draws; total_count is one number.

    >>> ct.distributions.Multinomial(4, ct.tensor([0.25, 0.75])).mean
    tensor([1., 3.])
    """

    def __init__(
        self,
        total_count: int = 1,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        if not isinstance(total_count, (int, np.integer)) or total_count < 0:
            raise ValueError(
                f"Multinomial: total_count is {total_count!r}; give one integer, not negative"
            )
        self.total_count = int(total_count)
        self._categorical = Categorical(probs, logits, validate_args)
        shape = self._categorical.param_shape
        super().__init__(shape[:-1], shape[-1:], validate_args=validate_args)

    @property
    def support(self) -> Any:
        return constraints.multinomial(self.total_count)

    @property
    def mean(self) -> Tensor:
        return self.probs * self.total_count

    @property
    def variance(self) -> Tensor:
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        with no_grad():
            drawn = self._categorical.sample((self.total_count, *sample_shape))
            drawn = reshape(drawn, (self.total_count, -1)).t()
            made = zeros(drawn.shape[0], shape[-1], dtype=self.probs.dtype, device=drawn.device)
            ones = constant(drawn.to(made.dtype), 1.0)
            return reshape(made.scatter_add(1, drawn, ones), shape)

    def log_prob(self, value: Any) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        logits = where((value == 0) & (self.logits == -math.inf), 0.0, self.logits)
        ways = lgamma(value.sum(-1) + 1) - lgamma(value + 1).sum(-1)
        return ways + (logits * value).sum(-1)

    def entropy(self) -> Tensor:
        n = self.total_count
        one = Binomial(n, probs=self.probs, validate_args=False)
        support = one.enumerate_support(False)[1:]
        weights = exp(one.log_prob(support))
        ways = (weights * lgamma(support + 1)).sum((0, -1))
        return n * self._categorical.entropy() - math.lgamma(n + 1) + ways
