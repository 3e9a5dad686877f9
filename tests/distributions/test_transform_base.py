"""The base of transforms: the last values that are kept, and those that users declare."""

import numpy as np
import pytest
from distribution_checks import close

import cltensor as ct
import cltensor.distributions as D
from cltensor.distributions import constraints, transform


def test_the_last_values_are_kept(device):
    x = ct.tensor([0.5, 12.0])
    y = D.TanhTransform()(x)
    assert np.isinf(D.TanhTransform().inv(y).numpy()[1])
    kept = D.TanhTransform(cache_size=1)
    y = kept(x)
    assert kept.inv(y) is x
    assert kept(x) is y
    chain = D.ComposeTransform([D.AffineTransform(0.0, 2.0), D.TanhTransform()], cache_size=1)
    assert chain.inv(chain(x)) is x
    assert kept.with_cache(1) is kept
    assert D.TanhTransform().with_cache(1).inv.with_cache(0)._cache_size == 0
    d = D.TransformedDistribution(D.Normal(ct.full((50,), 12.0), 1.0), kept)
    assert np.isfinite(d.log_prob(d.rsample()).numpy()).all()
    with pytest.raises(ValueError, match="cache_size is 2"):
        D.ExpTransform(cache_size=2)


def test_those_that_users_declare(device):
    class Twice(D.Transform):
        domain = codomain = constraints.real
        bijective = True

        def _call(self, x):
            return 2 * x

        def _inverse(self, y):
            return y / 2

    mine = Twice(cache_size=1)
    x = ct.tensor([1.0, 2.0])
    close(mine(x), [2, 4])
    close(mine.inv(ct.tensor(3.0)), 1.5)
    assert mine == mine != Twice()
    for ask in (lambda: mine.sign, lambda: mine.log_abs_det_jacobian(x, x)):
        with pytest.raises(NotImplementedError, match="Twice has no"):
            ask()
    with pytest.raises(NotImplementedError, match="Transform has no _call"):
        D.Transform()(x)


def test_pickles_of_earlier_versions_find_them():
    assert transform.Transform is D.Transform
    assert transform._Inverse is type(D.ExpTransform().inv)
