"""The base of constraints, and what depends on parameters."""

import pytest

import cltensor as ct
from cltensor.distributions import constraints as c


def test_those_that_depend_on_parameters(device):
    assert c.is_dependent(c.dependent)
    assert not c.is_dependent(c.real)
    with pytest.raises(ValueError, match="it holds for no values by itself"):
        c.dependent.check(ct.zeros(1))
    assert c.dependent(is_discrete=True, event_dim=1).event_dim == 1

    class Known:
        @c.dependent_property(is_discrete=True, event_dim=1)
        def support(self):
            return c.simplex

        @c.dependent_property
        def bare(self):
            return c.real

    assert c.is_dependent(Known.support)
    assert (Known.support.event_dim, Known.support.is_discrete) == (1, True)
    assert (Known().support, Known().bare) == (c.simplex, c.real)
    assert isinstance(c.positive, c.greater_than)
