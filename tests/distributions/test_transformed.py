"""Distributions of functions of values."""

import numpy as np
import pytest
from distribution_checks import (
    beside_torch,
    close,
    expands,
    integrated,
    param,
    sampled,
    slope_of_mean,
)

import cltensor as ct
import cltensor.distributions as D
from cltensor.errors import ShapeError


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


SCALE = [1.0, 0.5, 2.5]
CASES = {
    "Pareto": ({"scale": SCALE, "alpha": [0.5, 1.5, 4.0]}, [1.3, 1.0, 4.0]),
    "Weibull": ({"scale": SCALE, "concentration": [1.5, 2.0, 7.5]}, [0.3, 1.0, 4.0]),
    "Kumaraswamy": (
        {"concentration1": [0.5, 2.0, 1.5], "concentration0": [1.0, 0.5, 3.0]}, [0.3, 0.7, 0.05]
    ),
    "LogisticNormal": ({"loc": [0.0, 1.5, -3.0], "scale": SCALE}, [0.2, 0.3, 0.1, 0.4]),
}  # fmt: skip


@pytest.mark.parametrize("kind", CASES)
def test_as_pytorch(device, kind):
    # PyTorch's mode of Kumaraswamy is no number where concentration0 is above 1.
    beside_torch(kind, *CASES[kind], skip=("mode",) if kind == "Kumaraswamy" else ())


@pytest.mark.parametrize("kind", CASES)
def test_samples_and_expand(device, kind):
    parameters, values = CASES[kind]
    d = getattr(D, kind)(**{n: ct.tensor(p) for n, p in parameters.items()})
    sampled(d, moments=kind in ("Weibull", "Kumaraswamy"))
    expands(d, ct.tensor(values))


def test_known_values_of_powers(device):
    x = ct.tensor(0.5)
    pareto = D.Pareto(0.4, 3.0)
    close(pareto.log_prob(x), 1.1223288)
    close(pareto.cdf(x), 0.488, rtol=1e-5)
    close(pareto.entropy(), -0.6815697)
    close(D.Pareto(0.4, ct.tensor([0.5, 1.5, 3.0])).mean, [np.inf, 1.2, 0.6])
    close(D.Pareto(0.4, ct.tensor([0.5, 1.5, 3.0])).variance, [np.inf, np.inf, 0.12])
    weibull = D.Weibull(2.0, 1.5)
    close(weibull.log_prob(x), -1.1058293)
    close(weibull.mean, 1.8054906)
    close(weibull.variance, 1.5027611)
    close(weibull.entropy(), 1.4800873)
    close(D.Weibull(2.0, ct.tensor([0.5, 1.0, 2.0])).mode, [0, 0, np.sqrt(2)])
    chance = D.Kumaraswamy(2.0, 3.0)
    close(chance.log_prob(x), 0.5232481)
    close(chance.cdf(x), 0.578125)
    close(chance.mean, 0.4571429)
    close(chance.mode, np.sqrt(0.2))
    close(chance.entropy(), -0.2084261)
    close(D.Kumaraswamy(0.5, 3.0).mode, np.nan)
    z = D.LogisticNormal(ct.tensor([0.0, 0.5]), ct.tensor([1.0, 2.0]))
    close(z.log_prob(ct.tensor([0.2, 0.3, 0.5])), 0.6075861)
    close(z.loc, [0, 0.5])
    close(z.scale, [1, 2])
    assert D.LogisticNormal(0.0, 1.0).sample().shape == (2,)


def test_densities_and_moments(device):
    integrated(D.Pareto(1.0, ct.tensor([8.0, 12.0])), 1.0, 9.0)
    integrated(D.Weibull(2.0, ct.tensor([1.5, 4.0])), 1e-5, 15.0)
    integrated(D.Kumaraswamy(ct.tensor([2.0, 1.5]), 3.0), 0.0, 1.0)


def test_slopes_of_samples(device):
    scale, c = param(2.0), param(1.5)
    # Of scale gamma(1 + 1 / c): digamma(5 / 3) = 0.1818.
    slopes = slope_of_mean(D.Weibull(scale, c), scale, c)
    assert slopes == pytest.approx([0.9027, -1.8055 * 0.1818 / 2.25], abs=0.03)
    scale, alpha = param(2.0), param(6.0)
    slopes = slope_of_mean(D.Pareto(scale, alpha), scale, alpha)
    assert slopes == pytest.approx([1.2, -2 / 25], abs=0.02)
    a, b = param(1.0), param(3.0)
    # Of b B(1 + 1 / a, b), which is 1 / (1 + b) at a = 1.
    slopes = slope_of_mean(D.Kumaraswamy(a, b), a, b)
    assert slopes == pytest.approx([0.25 * (2.0833 - 1), -1 / 16], abs=0.01)
    loc = param(0.5, -0.5)
    D.LogisticNormal(loc, 1.0).rsample((5,))[..., 0].sum().backward()
    assert (loc.grad.numpy()[0] > 0, loc.grad.numpy()[1] == 0) == (True, True)


def test_small_chances_are_kept(device):
    # 1 - u^(1 / b) would be 0 in float32 for most u.
    ct.manual_seed(1)
    x = D.Kumaraswamy(1.0, 1e9).sample((1000,))
    assert (x > 0).all().item()
    close(x.mean(), 1e-9, rtol=0.1, atol=0)


def test_values_with_other_axes(device):
    d = D.TransformedDistribution(D.Normal(ct.zeros(5, 3), 1.0), D.CorrCholeskyTransform())
    assert (tuple(d.batch_shape), tuple(d.event_shape)) == ((5,), (3, 3))
    x = d.sample((2,))
    assert d.support.check(x).all().item()
    assert d.log_prob(x).shape == (2, 5)
    expands(d, x[0])
    shaped = D.ReshapeTransform((6,), (2, 3))
    turned = D.TransformedDistribution(D.Normal(ct.zeros(4, 6), 1.0), shaped)
    assert (tuple(turned.batch_shape), tuple(turned.event_shape)) == ((4,), (2, 3))
    close(turned.log_prob(ct.zeros(4, 2, 3)), [6 * -0.9189385] * 4)
    with pytest.raises(ShapeError, match="the transforms take values of 1 axes"):
        D.TransformedDistribution(D.Normal(0.0, 1.0), D.StickBreakingTransform())
    with pytest.raises(ValueError, match="Pareto: alpha does not satisfy greater_than"):
        D.Pareto(1.0, -1.0)


def test_the_end_that_a_support_leaves_out_has_its_chance(device):
    given = [D.LogNormal(0.5, 2.0), D.InverseGamma(2.0, 3.0), D.Weibull(2.0, 3.0)]
    assert [d.cdf(ct.tensor(0.0)).item() for d in given] == [0, 0, 0]
    with pytest.raises(ValueError, match="does not lie in the support"):
        given[0].cdf(ct.tensor(-1.0))
