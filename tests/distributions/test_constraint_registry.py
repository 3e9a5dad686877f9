"""Transforms from all real numbers to what constraints allow."""

import numpy as np
import pytest
from distribution_checks import close

import cltensor as ct
import cltensor.distributions as D
from cltensor.distributions import constraints as c
from cltensor.distributions.constraint_registry import ConstraintRegistry

X = ct.tensor(np.float32([[0.5, -1.0, 2.0], [-3.0, 0.1, 0.2], [1.0, 1.0, -0.5]]))


@pytest.mark.parametrize("registry", [D.biject_to, D.transform_to])
@pytest.mark.parametrize(
    "constraint",
    [
        c.real, c.positive, c.nonnegative, c.greater_than(2.0), c.greater_than_eq(-1.0),
        c.less_than(3.0), c.unit_interval, c.interval(-2.0, 5.0), c.half_open_interval(1.0, 2.0),
        c.simplex, c.lower_cholesky, c.positive_definite, c.positive_semidefinite, c.corr_cholesky,
        c.real_vector, c.independent(c.positive, 2), c.cat([c.positive, c.real], -1, [1, 2]),
        c.stack([c.positive, c.real, c.unit_interval], -1),
    ],
    ids=repr,
)  # fmt: skip
def test_values_fit_and_return(device, registry, constraint):
    transform = registry(constraint)
    y = transform(X)
    assert constraint.check(y).all().item()
    if constraint not in (c.positive_definite, c.positive_semidefinite, c.lower_cholesky):
        back = transform(transform.inv(y))
        close(back, y.numpy(), rtol=1e-4, atol=1e-5)


def test_kinds_of_transforms(device):
    assert isinstance(D.biject_to(c.simplex), D.StickBreakingTransform)
    assert isinstance(D.transform_to(c.simplex), D.SoftmaxTransform)
    assert D.biject_to(c.positive) == D.ExpTransform()
    assert D.biject_to(c.unit_interval) == D.SigmoidTransform()
    below = D.transform_to(c.less_than(ct.tensor([1.0, 2.0])))
    close(below(ct.zeros(2)), [0, 1])


def test_the_parameters_of_an_optimizer(device):
    d = D.Gamma(2.0, 3.0)
    free = ct.zeros(2, requires_grad=True)
    scale = D.transform_to(type(d).arg_constraints["rate"])(free)
    D.Normal(0.0, scale).log_prob(ct.ones(2)).sum().backward()
    assert free.grad.shape == (2,)


def test_those_that_users_declare(device):
    class Even(c.Constraint):
        pass

    registry = ConstraintRegistry()

    @registry.register(Even)
    def make(constraint):
        return D.AffineTransform(0.0, 2.0)

    assert registry.register(c.boolean, make) is make
    assert registry(Even()) == registry(c.boolean) == D.AffineTransform(0.0, 2.0)
    with pytest.raises(NotImplementedError, match="no transform to one_hot is declared"):
        registry(c.one_hot)
    with pytest.raises(TypeError, match="3 is no constraint"):
        registry(3)
    with pytest.raises(TypeError, match="is no constraint"):
        registry.register(int, make)
