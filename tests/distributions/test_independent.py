"""Batch axes taken as axes of one value."""

import pytest
from distribution_checks import close, expands, sampled

import cltensor as ct
import cltensor.distributions as D
from cltensor.errors import ShapeError


def test_axes_of_one_value(device):
    base = D.Normal(ct.zeros(2, 3), ct.tensor([1.0, 2.0, 3.0]))
    d = D.Independent(base, 1)
    assert (tuple(d.batch_shape), tuple(d.event_shape)) == ((2,), (3,))
    value = ct.ones(2, 3)
    close(d.log_prob(value), base.log_prob(value).sum(-1).numpy())
    close(d.entropy(), base.entropy().sum(-1).numpy())
    sampled(d)
    expands(d, value)
    assert d.has_rsample
    assert D.Independent(base, 0).log_prob(value).shape == (2, 3)
    assert repr(d).startswith("Independent(Normal(")
    with pytest.raises(ShapeError, match="Independent: 3 axes are wanted"):
        D.Independent(base, 3)
