"""Distributions of functions of values."""

import numpy as np
import pytest
from distribution_checks import beside_torch, close, expands, param, sampled, slope_of_mean

import cltensor as ct
import cltensor.distributions as D


def test_log_normal_as_pytorch(device):
    beside_torch("LogNormal", {"loc": [0.0, -0.5], "scale": [0.25, 0.5]}, [0.3, 1.7])
    d = D.LogNormal(ct.tensor([0.0, -0.5]), ct.tensor([0.25, 0.5]))
    sampled(d)
    expands(d, ct.tensor([0.3, 1.7]))
    close(D.LogNormal(0.0, 1.0).log_prob(ct.tensor(2.0)), -1.8523122)
    with pytest.raises(ValueError, match="Normal: scale"):
        D.LogNormal(0.0, -1.0)


def test_a_squashed_normal(device):
    d = D.TransformedDistribution(D.Normal(0.3, 0.8), [D.TanhTransform()])
    x = np.float32([-0.9, 0.2, 0.7])
    z = np.arctanh(x.astype("float64"))
    want = -0.5 * ((z - 0.3) / 0.8) ** 2 - np.log(0.8 * np.sqrt(2 * np.pi)) - np.log(1 - x**2)
    close(d.log_prob(ct.tensor(x)), want, rtol=1e-4)
    sampled(d, moments=False)
    loc = param(0.5)
    flat = D.TransformedDistribution(D.Normal(loc, 1.0), D.AffineTransform(1.0, 3.0))
    assert slope_of_mean(flat, loc)[0] == pytest.approx(3)


def test_transforms_that_fall_and_that_widen(device):
    d = D.TransformedDistribution(
        D.Exponential(1.0), [D.AffineTransform(0.0, ct.tensor([1.0, -2.0]))]
    )
    assert tuple(d.batch_shape) == (2,)
    close(d.cdf(ct.tensor([1.0, -2.0])), [1 - np.exp(-1), np.exp(-1)])
    close(d.icdf(ct.tensor(0.25)), [-np.log(0.75), 2 * np.log(0.25)])
    rows = D.TransformedDistribution(
        D.Normal(ct.zeros(3), ct.ones(3)), [D.AffineTransform(0.0, 2.0, 1)]
    )
    assert (tuple(rows.batch_shape), tuple(rows.event_shape)) == ((), (3,))
    close(rows.log_prob(ct.zeros(3)), 3 * (-0.9189385 - np.log(2)))
    expands(rows, ct.zeros(3))
