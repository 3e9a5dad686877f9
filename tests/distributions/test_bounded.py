"""Distributions that have a bound: even spreads, and what lies above."""

from math import nan

import numpy as np
from distribution_checks import (
    close,
    integrated,
    param,
)

import cltensor as ct
import cltensor.distributions as D
from cltensor.distributions import continuous


def test_tails_of_all_kinds(device):
    d = D.GeneralizedPareto(0.0, 2.0, 0.5)
    x = ct.tensor(0.5)
    close(d.log_prob(x), -1.0464963)
    close(d.cdf(x), 0.2098765)
    close(d.log_cdf(x), np.log(0.2098765), rtol=1e-5)
    close(d.log_survival_function(x), np.log1p(-0.2098765), rtol=1e-5)
    close(d.entropy(), 2.1931472)
    kinds = D.GeneralizedPareto(1.0, 2.0, ct.tensor([0.9, 0.2, 0.0, -1.0]))
    close(kinds.mean, [21, 3.5, 3, 2], rtol=1e-5)
    close(kinds.variance, [nan, 10.416667, 4, 1 / 3], rtol=1e-5)
    assert kinds.support.check(ct.tensor(3.5)).tolist() == [True, True, True, False]
    assert kinds.support.check(ct.tensor(0.5)).tolist() == [False] * 4
    for c, high in ((0.0, 30.0), (-0.3, 1 + 2 / 0.3), (-0.8, 3.5)):
        integrated(D.GeneralizedPareto(1.0, 2.0, c), 1.0, high)
    # An even distribution, whose log_prob is finite at its end, and its slope inside.
    c = param(-1.0)
    even = D.GeneralizedPareto(0.0, 2.0, c)
    close(even.log_prob(ct.tensor([0.5, 2.0])), [-np.log(2)] * 2)
    even.log_prob(ct.tensor(0.5)).sum().backward()
    close(c.grad, np.log(0.75), rtol=1e-5)


def test_pickles_of_earlier_versions_find_them():
    assert continuous.Uniform is D.Uniform
    assert continuous.Exponential is D.Exponential
    assert continuous.GeneralizedPareto is D.GeneralizedPareto
