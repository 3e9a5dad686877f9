"""The gamma distribution and those made of it: inverse, chi-squared, Student's t, Fisher's F, beta
and Dirichlet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

from cltensor.core.tensor import Tensor
from cltensor.distributions import constraints
from cltensor.distributions.distribution import Distribution, ExponentialFamily, broadcast_all
from cltensor.distributions.transformed import TransformedDistribution
from cltensor.distributions.transforms import PowerTransform
from cltensor.halves import limits_of
from cltensor.ops.elementwise.functions import log, log1p, sqrt
from cltensor.ops.elementwise.select import clip, where
from cltensor.ops.random.draw import randn
from cltensor.ops.random.sample import sample_dirichlet, standard_gamma
from cltensor.ops.special.entropy import xlog1py, xlogy
from cltensor.ops.special.gamma import digamma, igamma, lgamma


class Gamma(ExponentialFamily):
    """The gamma distribution: density proportional to x^(concentration - 1) e^(-rate x).

    Samples are differentiable by implicit reparametrization (Figurnov, Mohamed and Mnih 2018).

    >>> ct.distributions.Gamma(ct.tensor([2.0]), ct.tensor([4.0])).mean
    tensor([0.5000])
    """

    arg_constraints: ClassVar[Any] = {
        "concentration": constraints.positive,
        "rate": constraints.positive,
    }
    support: Any = constraints.nonnegative
    has_rsample = True

    def __init__(self, concentration: Any, rate: Any, validate_args: bool | None = None) -> None:
        self.concentration, self.rate = broadcast_all(concentration, rate)
        super().__init__(self.concentration.shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        return self.concentration / self.rate

    @property
    def mode(self) -> Tensor:
        return clip((self.concentration - 1) / self.rate, min=0)

    @property
    def variance(self) -> Tensor:
        return self.concentration / (self.rate * self.rate)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        drawn = standard_gamma(self.concentration.expand(*shape), None) / self.rate
        return clip(drawn, min=float(limits_of(drawn.dtype).tiny))

    def log_prob(self, value: Any) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        a, b = self.concentration, self.rate
        return xlogy(a, b) + xlogy(a - 1, value) - b * value - lgamma(a)

    def cdf(self, value: Any) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        return igamma(self.concentration, self.rate * value)

    def entropy(self) -> Tensor:
        a = self.concentration
        return a - log(self.rate) + lgamma(a) + (1 - a) * digamma(a)


class Chi2(Gamma):
    """The sum of squares of `df` normal numbers.

    >>> ct.distributions.Chi2(ct.tensor([3.0])).mean
    tensor([3.])
    """

    arg_constraints: ClassVar[Any] = {"df": constraints.positive}

    def __init__(self, df: Any, validate_args: bool | None = None) -> None:
        (self.df,) = broadcast_all(df)
        super().__init__(0.5 * self.df, 0.5, validate_args=validate_args)

    def expand(self, batch_shape: Sequence[int]) -> Any:
        return Chi2(self.df.expand(*batch_shape), validate_args=False)


class InverseGamma(TransformedDistribution):
    """The distribution of 1 / x, where x has the gamma distribution.

    >>> ct.distributions.InverseGamma(ct.tensor([3.0]), ct.tensor([4.0])).mean
    tensor([2.])
    """

    arg_constraints: ClassVar[Any] = {
        "concentration": constraints.positive,
        "rate": constraints.positive,
    }
    support: Any = constraints.positive
    base_dist: Gamma

    def __init__(self, concentration: Any, rate: Any, validate_args: bool | None = None) -> None:
        base = Gamma(concentration, rate, validate_args)
        super().__init__(base, PowerTransform(-1.0), validate_args)

    @property
    def concentration(self) -> Tensor:
        """The concentration of 1 / x."""
        return self.base_dist.concentration

    @property
    def rate(self) -> Tensor:
        """The rate of 1 / x."""
        return self.base_dist.rate

    @property
    def mean(self) -> Tensor:
        a = self.concentration
        return where(a > 1, self.rate / where(a > 1, a - 1, 1.0), math.inf)

    @property
    def mode(self) -> Tensor:
        return self.rate / (self.concentration + 1)

    @property
    def variance(self) -> Tensor:
        a = where(self.concentration > 2, self.concentration, 3.0)
        found = (self.rate / (a - 1)).square() / (a - 2)
        return where(self.concentration > 2, found, math.inf)

    def entropy(self) -> Tensor:
        a = self.concentration
        return a + log(self.rate) + lgamma(a) - (1 + a) * digamma(a)


class StudentT(Distribution):
    """Student's t-distribution with `df` degrees of freedom, moved and widened.

    >>> ct.distributions.StudentT(ct.tensor([3.0])).mean
    tensor([0.])
    """

    arg_constraints: ClassVar[Any] = {
        "df": constraints.positive,
        "loc": constraints.real,
        "scale": constraints.positive,
    }
    support: Any = constraints.real
    has_rsample = True

    def __init__(
        self, df: Any, loc: Any = 0.0, scale: Any = 1.0, validate_args: bool | None = None
    ) -> None:
        self.df, self.loc, self.scale = broadcast_all(df, loc, scale)
        super().__init__(self.df.shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        return where(self.df <= 1, math.nan, self.loc)

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        df = self.df
        wide = self.scale * self.scale * df / where(df > 2, df - 2, 1.0)
        return where(df > 2, wide, where(df > 1, math.inf, math.nan))

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        x = randn(shape, dtype=self.df.dtype, device=self.df.device)
        half = 0.5 * self.df
        spread = standard_gamma(half.expand(*shape), None) / half
        return self.loc + self.scale * (x / sqrt(spread))

    def log_prob(self, value: Any) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        df, y = self.df, (value - self.loc) / self.scale
        norm = 0.5 * log(df * math.pi) + lgamma(0.5 * df) - lgamma(0.5 * (df + 1))
        return -0.5 * (df + 1) * log1p(y * y / df) - (log(self.scale) + norm)

    def entropy(self) -> Tensor:
        half, more = 0.5 * self.df, 0.5 * (self.df + 1)
        beta = lgamma(half) + 0.5 * math.log(math.pi) - lgamma(more)
        turned = more * (digamma(more) - digamma(half))
        return log(self.scale) + turned + 0.5 * log(self.df) + beta


class FisherSnedecor(Distribution):
    """The ratio of two chi-squared numbers of df1 and df2 degrees of freedom, each over those.

    >>> ct.distributions.FisherSnedecor(ct.tensor([3.0]), ct.tensor([4.0])).mean
    tensor([2.])
    """

    arg_constraints: ClassVar[Any] = {"df1": constraints.positive, "df2": constraints.positive}
    support: Any = constraints.positive
    has_rsample = True

    def __init__(self, df1: Any, df2: Any, validate_args: bool | None = None) -> None:
        self.df1, self.df2 = broadcast_all(df1, df2)
        super().__init__(self.df1.shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        b = self.df2
        return where(b > 2, b / where(b > 2, b - 2, 1.0), math.nan)

    @property
    def mode(self) -> Tensor:
        a, b = self.df1, self.df2
        return where(a > 2, (a - 2) / a * b / (b + 2), math.nan)

    @property
    def variance(self) -> Tensor:
        a, there = self.df1, self.df2 > 4
        b = where(there, self.df2, 5.0)
        return where(there, 2 * (b / (b - 2)).square() * (a + b - 2) / (a * (b - 4)), math.nan)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        above, below = (
            standard_gamma(half.expand(*shape), None) / half
            for half in (0.5 * self.df1, 0.5 * self.df2)
        )
        least = float(limits_of(above.dtype).tiny)
        return clip(above / clip(below, min=least), min=least)

    def log_prob(self, value: Any) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        a, b, ratio = 0.5 * self.df1, 0.5 * self.df2, self.df1 / self.df2
        norm = lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(ratio)
        return norm + xlogy(a - 1, value) - (a + b) * log1p(ratio * value)


class Dirichlet(ExponentialFamily):
    """Chances along the last axis that add up to 1.

    >>> ct.distributions.Dirichlet(ct.tensor([1.0, 3.0])).mean
    tensor([0.2500, 0.7500])
    """

    arg_constraints: ClassVar[Any] = {
        "concentration": constraints.independent(constraints.positive, 1)
    }
    support: Any = constraints.simplex
    has_rsample = True

    def __init__(self, concentration: Any, validate_args: bool | None = None) -> None:
        (self.concentration,) = broadcast_all(concentration)
        if self.concentration.ndim < 1:
            raise ValueError("Dirichlet: concentration has no axis; give a vector at least")
        shape = self.concentration.shape
        super().__init__(shape[:-1], shape[-1:], validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        return self.concentration / self.concentration.sum(-1, keepdim=True)

    @property
    def mode(self) -> Tensor:
        above = clip(self.concentration - 1, min=0)
        total = above.sum(-1, keepdim=True)
        largest = self.concentration.max(-1, keepdim=True)[0]
        corner = (self.concentration == largest).to(above.dtype)
        corner = corner / corner.sum(-1, keepdim=True)
        inside = (self.concentration < 1).all(-1, keepdim=True)
        return where(inside, corner, above / where(inside, 1.0, total))

    @property
    def variance(self) -> Tensor:
        total = self.concentration.sum(-1, keepdim=True)
        c = self.concentration
        return c * (total - c) / (total * total * (total + 1))

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        return sample_dirichlet(self.concentration.expand(*self._extended_shape(sample_shape)))

    def log_prob(self, value: Any) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        c = self.concentration
        return xlogy(c - 1, value).sum(-1) + lgamma(c.sum(-1)) - lgamma(c).sum(-1)

    def entropy(self) -> Tensor:
        c = self.concentration
        total, count = c.sum(-1), c.shape[-1]
        norm = lgamma(c).sum(-1) - lgamma(total) - (count - total) * digamma(total)
        return norm - ((c - 1) * digamma(c)).sum(-1)


class Beta(ExponentialFamily):
    """A chance: density proportional to x^(concentration1 - 1) (1 - x)^(concentration0 - 1).

    >>> ct.distributions.Beta(ct.tensor([2.0]), ct.tensor([2.0])).mean
    tensor([0.5000])
    """

    arg_constraints: ClassVar[Any] = {
        "concentration1": constraints.positive,
        "concentration0": constraints.positive,
    }
    support: Any = constraints.unit_interval
    has_rsample = True

    def __init__(
        self, concentration1: Any, concentration0: Any, validate_args: bool | None = None
    ) -> None:
        self.concentration1, self.concentration0 = broadcast_all(concentration1, concentration0)
        super().__init__(self.concentration1.shape, validate_args=validate_args)

    @property
    def _total(self) -> Any:
        return self.concentration1 + self.concentration0

    @property
    def mean(self) -> Tensor:
        return self.concentration1 / self._total

    @property
    def mode(self) -> Tensor:
        a, b = self.concentration1, self.concentration0
        inside = (a - 1) / where(a + b == 2, 1.0, a + b - 2)
        one = where(a >= b, where(a == b, 0.5, 1.0), 0.0)  # beside the poles of small ones
        return where((a >= 1) & (b >= 1) & (a + b > 2), inside, one)

    @property
    def variance(self) -> Tensor:
        total = self._total
        return self.concentration1 * self.concentration0 / (total * total * (total + 1))

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        one = standard_gamma(self.concentration1.expand(*shape), None)
        return one / (one + standard_gamma(self.concentration0.expand(*shape), None))

    def log_prob(self, value: Any) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        a, b = self.concentration1, self.concentration0
        norm = lgamma(a + b) - lgamma(a) - lgamma(b)
        return xlogy(a - 1, value) + xlog1py(b - 1, -value) + norm

    def entropy(self) -> Tensor:
        a, b = self.concentration1, self.concentration0
        norm = lgamma(a) + lgamma(b) - lgamma(a + b)
        return norm - (a - 1) * digamma(a) - (b - 1) * digamma(b) + (a + b - 2) * digamma(a + b)
