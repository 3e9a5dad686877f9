"""Divergences of one kind of distribution from another.

They are the mean of -log q(x) less the entropy of p. Most kinds q ask for few means of p: of x, of
its square, of log x, of e^-x; what gives these is declared for q once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from cltensor.core.op import broadcast_shapes
from cltensor.distributions.bounded import Exponential, Uniform
from cltensor.distributions.continuous import Gumbel, Laplace, Normal
from cltensor.distributions.continuous_bernoulli import ContinuousBernoulli
from cltensor.distributions.discrete import Bernoulli, Binomial, Poisson
from cltensor.distributions.distribution import EULER, LOG_ROOT_TAU
from cltensor.distributions.gamma import Beta, Gamma
from cltensor.distributions.kl import register_kl
from cltensor.distributions.transformed import Pareto
from cltensor.ops.elementwise.cast import full
from cltensor.ops.elementwise.functions import erf, exp, log, log1p
from cltensor.ops.elementwise.select import where
from cltensor.ops.special.entropy import xlogy
from cltensor.ops.special.gamma import digamma, lgamma


def _infinite(p: Any, q: Any) -> Any:
    """What p takes values of that q does not have."""
    like = p.mean
    shape = broadcast_shapes("kl_divergence", tuple(p.batch_shape), tuple(q.batch_shape))
    return full(shape, math.inf, like.dtype, like.device)


#: For each kind q, those kinds p that have values outside of its support always.
_BEYOND: dict[type, Sequence[type]] = {
    Beta: (Exponential, Gamma, Gumbel, Laplace, Normal, Pareto),
    ContinuousBernoulli: (Exponential, Gamma, Gumbel, Laplace, Normal, Pareto),
    Uniform: (Exponential, Gamma, Gumbel, Laplace, Normal, Pareto),
    Exponential: (Gumbel, Laplace, Normal),
    Gamma: (Gumbel, Laplace, Normal),
    Pareto: (Beta, ContinuousBernoulli, Exponential, Gamma, Gumbel, Laplace, Normal),
    Bernoulli: (Poisson,),
    Binomial: (Poisson,),
}
for _q, _kinds in _BEYOND.items():
    for _p in _kinds:
        register_kl(_p, _q)(_infinite)


def _of_each(q: type, *kinds: type) -> Callable[[Callable[[Any, Any], Any]], Any]:
    """Decorator: the mean of log q(x) over p, for each of those kinds p. Values of an even
    distribution that q does not have make the divergence infinite."""

    def register(mean_log: Callable[[Any, Any], Any]) -> Any:
        def divergence(p: Any, q: Any) -> Any:
            found = -p.entropy() - mean_log(p, q)
            return where(_leaves(p, q), math.inf, found) if isinstance(p, Uniform) else found

        for kind in kinds:
            register_kl(kind, q)(divergence)
        return mean_log

    return register


def _leaves(p: Any, q: Any) -> Any:
    """Whether an even distribution has values that q has not."""
    if isinstance(q, (Normal, Gumbel)):
        return p.low != p.low
    if isinstance(q, Pareto):
        return p.low < q.scale
    if isinstance(q, (Exponential, Gamma)):
        return p.low < 0
    return (p.low < 0) | (p.high > 1)


# ---------------------------------------------------------------------- means of functions


def _xlogx(x: Any) -> Any:
    """x log x, 0 below 0 too, where there is no mean of log x."""
    return xlogy(where(x < 0, 0.0, x), where(x < 0, 1.0, x))


def _even_log(low: Any, high: Any) -> Any:
    """The mean of log x from one to the other."""
    return (_xlogx(high) - _xlogx(low)) / (high - low) - 1


#: The mean of log x.
_MEAN_LOG: dict[type, Callable[[Any], Any]] = {
    Beta: lambda p: digamma(p.concentration1) - digamma(p.concentration1 + p.concentration0),
    Exponential: lambda p: -EULER - log(p.rate),
    Pareto: lambda p: log(p.scale) + 1 / p.alpha,
    Uniform: lambda p: _even_log(p.low, p.high),
}
#: The mean of e^(-x / s).
_MEAN_EXP: dict[type, Callable[[Any, Any], Any]] = {
    Exponential: lambda p, s: p.rate * s / (p.rate * s + 1),
    Gamma: lambda p, s: exp(-p.concentration * log1p(1 / (p.rate * s))),
    Normal: lambda p, s: exp(0.5 * (p.scale / s).square() - p.loc / s),
    Uniform: lambda p, s: (exp(-p.low / s) - exp(-p.high / s)) * s / (p.high - p.low),
}


def _of_kind(functions: dict[type, Callable[..., Any]], p: Any) -> Callable[..., Any]:
    """The function of the kind that p is of."""
    return next(function for kind, function in functions.items() if isinstance(p, kind))


# ------------------------------------------------------------------------------ kinds of q


@_of_each(Normal, Beta, ContinuousBernoulli, Exponential, Gamma, Gumbel, Laplace, Pareto, Uniform)
def _normal(p: Any, q: Any) -> Any:
    squares = (p.variance + (p.mean - q.loc).square()) / q.scale.square()
    return -0.5 * squares - log(q.scale) - LOG_ROOT_TAU


@_of_each(Exponential, Beta, ContinuousBernoulli, Gamma, Pareto, Uniform)
def _exponential(p: Any, q: Any) -> Any:
    return log(q.rate) - q.rate * p.mean


@_of_each(Gamma, *_MEAN_LOG)
def _gamma(p: Any, q: Any) -> Any:
    a = q.concentration
    mean_log = _of_kind(_MEAN_LOG, p)(p)
    return a * log(q.rate) - lgamma(a) + (a - 1) * mean_log - q.rate * p.mean


@_of_each(Gumbel, *_MEAN_EXP)
def _gumbel(p: Any, q: Any) -> Any:
    grown = exp(q.loc / q.scale) * _of_kind(_MEAN_EXP, p)(p, q.scale)
    return (q.loc - p.mean) / q.scale - grown - log(q.scale)


@_of_each(Laplace, Normal)
def _laplace(p: Any, q: Any) -> Any:
    # The mean of |x| of a normal x (Leone, Nelson and Nottingham, "The folded normal distribution",
    # 1961).
    away = (p.loc - q.loc) * math.sqrt(0.5) / p.scale
    size = p.scale * math.sqrt(2) * (exp(-away * away) / math.sqrt(math.pi) + away * erf(away))
    return -log(2 * q.scale) - size / q.scale


@_of_each(ContinuousBernoulli, Beta, Uniform)
def _continuous_bernoulli(p: Any, q: Any) -> Any:
    return q.logits * (p.mean - 0.5) - q._log_norm()


@_of_each(Beta, Uniform)
def _beta(p: Any, q: Any) -> Any:
    a, b = q.concentration1, q.concentration0
    ends = (a - 1) * _even_log(p.low, p.high) + (b - 1) * _even_log(1 - p.high, 1 - p.low)
    return ends + lgamma(a + b) - lgamma(a) - lgamma(b)


@_of_each(Pareto, Uniform)
def _pareto(p: Any, q: Any) -> Any:
    a = q.alpha
    return log(a) + a * log(q.scale) - (a + 1) * _even_log(p.low, p.high)


@_of_each(Poisson, Bernoulli)
def _poisson(p: Any, q: Any) -> Any:
    return xlogy(p.probs, q.rate) - q.rate


@register_kl(Beta, Uniform)
@register_kl(ContinuousBernoulli, Uniform)
def _chance_uniform(p: Any, q: Any) -> Any:
    found = log(q.high - q.low) - p.entropy()
    return where((q.low > 0) | (q.high < 1), math.inf, found)
