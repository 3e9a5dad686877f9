"""The Kullback-Leibler divergence of one distribution from another.

Each pair of classes has a function, found by the nearest classes in order of inheritance.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from cltensor.core.tensor import Tensor
from cltensor.distributions.bounded import Exponential, Uniform
from cltensor.distributions.categorical import Categorical, OneHotCategorical
from cltensor.distributions.continuous import (
    Cauchy,
    Gumbel,
    HalfCauchy,
    HalfNormal,
    Laplace,
    Normal,
)
from cltensor.distributions.continuous_bernoulli import ContinuousBernoulli
from cltensor.distributions.discrete import Bernoulli, Binomial, Geometric, Poisson
from cltensor.distributions.distribution import EULER, Distribution, ExponentialFamily, sum_last
from cltensor.distributions.gamma import Beta, Dirichlet, Gamma
from cltensor.distributions.independent import Independent
from cltensor.distributions.lowrank_multivariate_normal import LowRankMultivariateNormal
from cltensor.distributions.multivariate import MultivariateNormal, Wishart
from cltensor.distributions.transformed import Pareto, TransformedDistribution
from cltensor.ops.elementwise.activation import log1p_exp
from cltensor.ops.elementwise.functions import exp, log, sqrt
from cltensor.ops.elementwise.select import where
from cltensor.ops.linalg.matmul import matmul
from cltensor.ops.linalg.triangular import solve_triangular
from cltensor.ops.shape.join import cat
from cltensor.ops.shape.stacks import diag_embed
from cltensor.ops.special.gamma import digamma, lgamma

F = TypeVar("F", bound=Callable[..., Any])
_FUNCTIONS: dict[tuple[type, type], Callable[[Any, Any], Any]] = {}


def register_kl(type_p: type, type_q: type) -> Callable[[F], F]:
    """Decorator: the function(p, q) that gives the divergence for these classes and those below.

    Raises TypeError for what is no class of distributions.

    >>> class Standard(ct.distributions.Normal):
    ...     def __init__(self):
    ...         super().__init__(0.0, 1.0)
    ...
    >>> @ct.distributions.register_kl(Standard, Standard)
    ... def nothing(p, q):
    ...     return ct.zeros(p.batch_shape)
    ...
    >>> ct.distributions.kl_divergence(Standard(), Standard())
    tensor(0.)
    """
    for kind in (type_p, type_q):
        if not (isinstance(kind, type) and issubclass(kind, Distribution)):
            raise TypeError(f"register_kl: {kind!r} is no class of distributions")

    def register(function: F) -> F:
        _FUNCTIONS[type_p, type_q] = function
        _found.cache_clear()
        return function

    return register


@cache
def _found(type_p: type, type_q: type) -> Callable[[Any, Any], Any] | None:
    pairs = [(p, q) for p in type_p.__mro__ for q in type_q.__mro__ if (p, q) in _FUNCTIONS]
    if not pairs:
        return None
    places = type_p.__mro__, type_q.__mro__
    return _FUNCTIONS[min(pairs, key=lambda pq: (places[0].index(pq[0]), places[1].index(pq[1])))]


def kl_divergence(p: Distribution, q: Distribution) -> Tensor:
    """The mean over p of log p(x) - log q(x), for each distribution of the batch.

    Raises NotImplementedError for a pair of classes that has no function.

    >>> p, q = ct.distributions.Normal(0.0, 1.0), ct.distributions.Normal(1.0, 1.0)
    >>> ct.distributions.kl_divergence(p, q)
    tensor(0.5000)
    """
    kinds: Any = (type(p), type(q))
    function = _found(*kinds)
    if function is None:
        raise _none(p, q)
    return function(p, q)


def _none(p: Any, q: Any) -> NotImplementedError:
    return NotImplementedError(
        f"kl_divergence: there is none of {type(p).__name__} from {type(q).__name__}; declare it "
        "with register_kl, or take the mean of p.log_prob(x) - q.log_prob(x) over samples"
    )


def _log_ratio(p: Any, q: Any) -> Any:
    """p log(p / q), 0 where p is 0 and infinite where q alone is."""
    found = p * (log(p) - log(q))
    return where(p == 0, 0.0, where(q == 0, math.inf, found))


@register_kl(Bernoulli, Bernoulli)
def _bernoulli(p: Any, q: Any) -> Any:
    # By log-odds: log q(1) = -log(1 + e^-l), log q(0) = -log(1 + e^l).
    a, b = p.logits, q.logits
    ones = p.probs * (log1p_exp(-b) - log1p_exp(-a))
    rest = (1 - p.probs) * (log1p_exp(b) - log1p_exp(a))
    ones = where(p.probs == 0, 0.0, where(q.probs == 0, math.inf, ones))
    return ones + where(p.probs == 1, 0.0, where(q.probs == 1, math.inf, rest))


@register_kl(Binomial, Binomial)
def _binomial(p: Any, q: Any) -> Any:
    return where(p.total_count > q.total_count, math.inf, p.total_count * _bernoulli(p, q))


@register_kl(Categorical, Categorical)
def _categorical(p: Any, q: Any) -> Any:
    terms = p.probs * (p.logits - q.logits)
    terms = where(p.probs == 0, 0.0, where(q.probs == 0, math.inf, terms))
    return terms.sum(-1)


@register_kl(OneHotCategorical, OneHotCategorical)
def _one_hot(p: Any, q: Any) -> Any:
    return _categorical(p._categorical, q._categorical)


@register_kl(Geometric, Geometric)
def _geometric(p: Any, q: Any) -> Any:
    return -p.entropy() - log(1 - q.probs) / p.probs - q.logits


@register_kl(Poisson, Poisson)
def _poisson(p: Any, q: Any) -> Any:
    return _log_ratio(p.rate, q.rate) - (p.rate - q.rate)


@register_kl(Normal, Normal)
def _normal(p: Any, q: Any) -> Any:
    ratio, away = p.scale / q.scale, (p.loc - q.loc) / q.scale
    squares = ratio * ratio
    return 0.5 * (squares + away * away - 1 - log(squares))


@register_kl(HalfNormal, HalfNormal)
def _half_normal(p: Any, q: Any) -> Any:
    ratio = p.scale / q.scale
    return 0.5 * (ratio * ratio - 1) - log(ratio)


@register_kl(Laplace, Laplace)
def _laplace(p: Any, q: Any) -> Any:
    ratio, away = p.scale / q.scale, (p.loc - q.loc).abs()
    return -log(ratio) + away / q.scale + ratio * exp(-away / p.scale) - 1


@register_kl(Cauchy, Cauchy)
def _cauchy(p: Any, q: Any) -> Any:
    both, away = p.scale + q.scale, p.loc - q.loc
    return log(both * both + away * away) - log(4 * p.scale * q.scale)


@register_kl(HalfCauchy, HalfCauchy)
def _half_cauchy(p: Any, q: Any) -> Any:
    both = p.scale + q.scale
    return log(both * both) - log(4 * p.scale * q.scale)


@register_kl(Gumbel, Gumbel)
def _gumbel(p: Any, q: Any) -> Any:
    ratio, p_loc, q_loc = p.scale / q.scale, p.loc / q.scale, q.loc / q.scale
    grown = exp(q_loc - p_loc + lgamma(ratio + 1))
    return -log(ratio) - q_loc + p_loc + ratio * EULER + grown - (1 + EULER)


@register_kl(Exponential, Exponential)
def _exponential(p: Any, q: Any) -> Any:
    ratio = q.rate / p.rate
    return ratio - log(ratio) - 1


@register_kl(Uniform, Uniform)
def _uniform(p: Any, q: Any) -> Any:
    found = log((q.high - q.low) / (p.high - p.low))
    return where((q.low > p.low) | (q.high < p.high), math.inf, found)


@register_kl(Gamma, Gamma)
def _gamma(p: Any, q: Any) -> Any:
    a, b = p.concentration, q.concentration
    norms = b * log(p.rate / q.rate) + lgamma(b) - lgamma(a)
    return norms + (a - b) * digamma(a) + (q.rate - p.rate) * (a / p.rate)


@register_kl(Beta, Beta)
def _beta(p: Any, q: Any) -> Any:
    p1, p0, q1, q0 = p.concentration1, p.concentration0, q.concentration1, q.concentration0
    both_p, both_q = p1 + p0, q1 + q0
    norms = lgamma(q1) + lgamma(q0) + lgamma(both_p) - lgamma(p1) - lgamma(p0) - lgamma(both_q)
    slopes = (p1 - q1) * digamma(p1) + (p0 - q0) * digamma(p0)
    return norms + slopes + (both_q - both_p) * digamma(both_p)


@register_kl(Dirichlet, Dirichlet)
def _dirichlet(p: Any, q: Any) -> Any:
    a, b = p.concentration, q.concentration
    total = a.sum(-1)
    norms = lgamma(total) - lgamma(b.sum(-1)) + (lgamma(b) - lgamma(a)).sum(-1)
    return norms + ((a - b) * (digamma(a) - digamma(total).unsqueeze(-1))).sum(-1)


@register_kl(ContinuousBernoulli, ContinuousBernoulli)
def _continuous_bernoulli(p: Any, q: Any) -> Any:
    return (p.logits - q.logits) * (p.mean - 0.5) + q._log_norm() - p._log_norm()


@register_kl(Pareto, Pareto)
def _pareto(p: Any, q: Any) -> Any:
    ratio = q.alpha / p.alpha
    found = q.alpha * log(p.scale / q.scale) + ratio - log(ratio) - 1
    return where(p.scale < q.scale, math.inf, found)


def _spread(p: Any, q: Any) -> Any:
    """The trace of q's precision times p's covariance, of normal distributions of vectors."""
    low = isinstance(p, LowRankMultivariateNormal)
    if not isinstance(q, LowRankMultivariateNormal):
        # A sum of squares of columns of p's root.
        root = p.scale_tril
        if low:
            root = cat([p.cov_factor, diag_embed(sqrt(p.cov_diag))], -1)
        return solve_triangular(q.scale_tril, root, upper=False).square().sum((-2, -1))
    # Woodbury's formula: q's precision is 1 / diag less the square of few rows.
    rows = solve_triangular(q._capacitance, q._per_diag, upper=False)
    lost = matmul(rows, p.cov_factor if low else p.scale_tril).square().sum((-2, -1))
    if low:
        lost = lost + (rows.square() * p.cov_diag.unsqueeze(-2)).sum((-2, -1))
    return (p.variance / q.cov_diag).sum(-1) - lost


@register_kl(MultivariateNormal, MultivariateNormal)
@register_kl(MultivariateNormal, LowRankMultivariateNormal)
@register_kl(LowRankMultivariateNormal, MultivariateNormal)
@register_kl(LowRankMultivariateNormal, LowRankMultivariateNormal)
def _multivariate_normal(p: Any, q: Any) -> Any:
    squares = _spread(p, q) + q._squares(q.loc - p.loc)
    return q._half_log_det() - p._half_log_det() + 0.5 * (squares - p.event_shape[0])


@register_kl(Wishart, Wishart)
def _wishart(p: Any, q: Any) -> Any:
    n = p.event_shape[-1]
    columns = solve_triangular(q.scale_tril, p.scale_tril, upper=False)
    spread = columns.square().sum((-2, -1)) - n
    slopes = 0.5 * (p.df - q.df) * p.mean_log_det() + 0.5 * p.df * spread
    return q._log_norm() - p._log_norm() + slopes


@register_kl(ExponentialFamily, ExponentialFamily)
def _exponential_family(p: Any, q: Any) -> Any:
    # The divergence of Bregman that the log-normalizer makes.
    if type(p) is not type(q):
        raise _none(p, q)
    try:
        norm, params, means = p._means()
        found = q._log_normalizer(*q._natural_params) - norm
    except NotImplementedError:
        raise _none(p, q) from None
    for own, other, mean in zip(params, q._natural_params, means, strict=True):
        found = found - sum_last((other - own) * mean, len(q.event_shape))
    return found


@register_kl(Independent, Independent)
def _independent(p: Any, q: Any) -> Any:
    count = p.reinterpreted_batch_ndims
    if count != q.reinterpreted_batch_ndims:
        raise NotImplementedError(
            f"kl_divergence: {count} and {q.reinterpreted_batch_ndims} axes are taken together; "
            "make them as many"
        )
    return sum_last(kl_divergence(p.base_dist, q.base_dist), count)


@register_kl(TransformedDistribution, TransformedDistribution)
def _transformed(p: Any, q: Any) -> Any:
    if p.transforms != q.transforms or p.event_shape != q.event_shape:
        raise NotImplementedError(
            "kl_divergence: the transforms of the two differ; take the mean of p.log_prob(x) - "
            "q.log_prob(x) over samples"
        )
    more = len(p.event_shape) - len(p.base_dist.event_shape)
    return sum_last(kl_divergence(p.base_dist, q.base_dist), more)
