"""Invertible functions of values."""

import numpy as np
import pytest
from distribution_checks import close

import cltensor as ct
import cltensor.distributions as D

X = np.float32([-2.0, -0.5, 0.1, 1.5])


@pytest.mark.parametrize(
    ("transform", "function", "slope"),
    [
        (D.ExpTransform(), np.exp, np.exp),
        (
            D.SigmoidTransform(), lambda x: 1 / (1 + np.exp(-x)),
            lambda x: np.exp(-x) / (1 + np.exp(-x)) ** 2,
        ),
        (D.TanhTransform(), np.tanh, lambda x: 1 - np.tanh(x) ** 2),
        (
            D.SoftplusTransform(), lambda x: np.log1p(np.exp(x)),
            lambda x: 1 / (1 + np.exp(-x)),
        ),
        (D.AffineTransform(1.0, -3.0), lambda x: 1 - 3 * x, lambda x: 3 + 0 * x),
        (
            D.ComposeTransform([D.AffineTransform(0.5, 2.0), D.ExpTransform()]),
            lambda x: np.exp(0.5 + 2 * x), lambda x: 2 * np.exp(0.5 + 2 * x),
        ),
    ],
)  # fmt: skip
def test_functions_their_inverses_and_slopes(device, transform, function, slope):
    x = ct.tensor(X)
    y = transform(x)
    close(y, function(X), rtol=1e-5)
    close(transform.inv(y), X, rtol=1e-4)
    close(transform.log_abs_det_jacobian(x, y), np.log(slope(X)), atol=1e-5)
    close(transform.inv.log_abs_det_jacobian(y, x), -np.log(slope(X)), atol=1e-5)
    assert transform.inv.inv is transform


def test_signs_shapes_and_equality(device):
    scale = ct.tensor([2.0, -1.0])
    moved = D.AffineTransform(0.0, scale, event_dim=1)
    close(moved.sign, [1, -1])
    assert D.AffineTransform(0.0, -2.0).sign == -1
    close(moved.log_abs_det_jacobian(ct.ones(3, 2), ct.ones(3, 2)), [np.log(2)] * 3)
    assert moved.forward_shape((3, 1)) == (3, 2)
    assert moved.event_dim == 1
    assert D.ExpTransform() == D.ExpTransform() != D.TanhTransform()
    assert moved == D.AffineTransform(0.0, scale, event_dim=1)
    assert D.identity_transform(scale) is scale


def test_powers_and_sizes(device):
    x = np.float32([0.5, 1.0, 3.0])
    power = D.PowerTransform(ct.tensor([[2.0], [-0.5]]))
    y = power(ct.tensor(x))
    want = np.stack([x**2, x**-0.5])
    close(y, want, rtol=1e-5)
    close(power.inv(y), np.stack([x, x]), rtol=1e-5)
    slopes = np.log([2 * x, 0.5 * x**-1.5])
    close(power.log_abs_det_jacobian(ct.tensor(x), y), slopes, rtol=1e-5)
    close(power.sign, [[1], [-1]])
    assert power.forward_shape((3,)) == power.inverse_shape((3,)) == (2, 3)
    assert D.PowerTransform(-2.0) == D.PowerTransform(-2.0) != D.PowerTransform(2.0)
    assert D.PowerTransform(-2.0).sign == -1
    size = D.AbsTransform()
    close(size(ct.tensor(X)), np.abs(X))
    assert not size.bijective
    assert size == D.AbsTransform()


def test_chances_of_a_distribution(device):
    normal = D.Normal(1.0, 2.0)
    t = D.CumulativeDistributionTransform(normal)
    x = ct.tensor(X)
    y = t(x)
    close(y, normal.cdf(x).numpy())
    close(t.inv(y), X, rtol=1e-4)
    close(t.log_abs_det_jacobian(x, y), normal.log_prob(x).numpy())
    assert (t.domain, t.codomain) == (normal.support, D.constraints.unit_interval)
