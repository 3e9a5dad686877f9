"""Samples of distributions with parameters: their distribution, bits, gradients and bad input."""

import math

import mpmath as mp
import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import DTypeError, GradientError, IndexingError
from cltensor.ops.random.sample import draw, gamma_slope

COUNT = 20_000
#: What generator 42 gives on every device.
KNOWN = {"poisson": [0.0, 3.0, 16.0, 957.0], "gamma": [1052750217, 1077895672, 1111002247]}


def drawn(kind, *parameters, dtype="float32", seed=5):
    """COUNT samples in ascending order, as float64."""
    x = draw(kind, (COUNT,), np.dtype(dtype), ct.zeros(1).device, ct.Generator(seed), *parameters)
    assert x.dtype == dtype
    return np.sort(x.numpy().astype("float64"))


def distance(x, below):
    """Kolmogorov's and Smirnov's distance, in units of what one draw in a thousand is beyond."""
    below = np.array([float(below(v)) for v in x])
    place = np.arange(1, len(x) + 1) / len(x)
    return max((place - below).max(), (below - place + 1 / len(x)).max()) * len(x) ** 0.5 / 1.95


def _gamma(a):
    return lambda x: ct.igamma(ct.tensor(a, dtype="float64"), ct.tensor(x, dtype="float64")).item()


CONTINUOUS = {
    "exponential": ((2.0,), lambda x: -math.expm1(-2 * x)),
    "cauchy": ((1.0, 2.0), lambda x: 0.5 + math.atan((x - 1) / 2) / math.pi),
    "log_normal": ((0.5, 0.3), lambda x: 0.5 * math.erfc(-(math.log(x) - 0.5) / 0.3 / 2**0.5)),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", CONTINUOUS)
def test_distribution(device, kind, dtype):
    if dtype == "float64" and not device.fp64:
        pytest.skip(f"'{device}' has no float64")
    parameters, below = CONTINUOUS[kind]
    assert distance(drawn(kind, *parameters, dtype=dtype), below) < 1


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("k", [0.01, 1.0, 20.0, 1e6])
def test_von_mises_distribution(device, k, dtype):
    if dtype == "float64" and not device.fp64:
        pytest.skip(f"'{device}' has no float64")
    angles = 2 * np.arctan(drawn("von_mises", k, dtype=dtype))
    width = min(np.pi, 8 / k**0.5)
    grid = np.linspace(-width, width, 20_001)
    below = np.exp(-2 * k * np.sin(grid / 2) ** 2).cumsum()
    assert distance(angles, lambda v: np.interp(v, grid, below / below[-1])) < 1


@pytest.mark.parametrize("a", [0.3, 1.0, 4.5, 300.0])
def test_gamma_distribution(device, a):
    x = drawn("gamma", a)
    if a == 0.3:
        x = np.maximum(x, 1e-30)
    below = ct.igamma(ct.full((COUNT,), a), ct.tensor(x.astype("float32"))).numpy()
    assert distance(range(COUNT), lambda i: below[i]) < 1


def chi2(x, chance, least, most):
    """The squares of deviations from what is expected, over that, and how many terms they have."""
    x = np.clip(x, least, most)
    values = np.arange(least, most + 1)
    expected = np.array([chance(int(k)) for k in values])
    expected[0] += sum(chance(k) for k in range(least))
    expected[-1] += 1 - expected.sum()
    counts = np.bincount(x.astype(int) - least, minlength=len(values))
    return ((counts - COUNT * expected) ** 2 / (COUNT * expected)).sum(), len(values) - 1


@pytest.mark.parametrize("rate", [0.7, 9.5, 10.5, 60.0])
def test_poisson_distribution(device, rate):
    def chance(k):
        return math.exp(k * math.log(rate) - rate - math.lgamma(k + 1))

    spread = 3 * rate**0.5
    found, terms = chi2(
        drawn("poisson", rate), chance, max(0, int(rate - spread)), int(rate + spread + 1)
    )
    assert found < terms + 4 * (2 * terms) ** 0.5 + 4


@pytest.mark.parametrize(("n", "p"), [(5, 0.3), (60, 0.1), (60, 0.95), (200, 0.5), (200, 0.9)])
def test_binomial_distribution(device, n, p):
    def chance(k):
        return math.comb(n, k) * p**k * (1 - p) ** (n - k)

    spread, mean = 3 * (n * p * (1 - p)) ** 0.5, n * p
    least, most = max(0, int(mean - spread)), min(n, int(mean + spread + 1))
    found, terms = chi2(drawn("binomial", float(n), p), chance, least, most)
    assert found < terms + 4 * (2 * terms) ** 0.5 + 4


def test_geometric_distribution(device):
    found, terms = chi2(drawn("geometric", 0.3), lambda k: 0.3 * 0.7 ** (k - 1) * (k > 0), 1, 15)
    assert found < terms + 4 * (2 * terms) ** 0.5
    assert (drawn("geometric", 1.0) == 1).all()


@pytest.mark.parametrize(("kind", "parameters", "mean", "variance"), [
    ("poisson", (1e6,), 1e6, 1e6),
    ("binomial", (1e6, 0.3), 3e5, 2.1e5),
    ("gamma", (1e5,), 1e5, 1e5),
    ("gamma", (0.01,), 0.01, 0.01),
])  # fmt: skip
def test_moments_of_large_parameters(device, kind, parameters, mean, variance):
    x = drawn(kind, *parameters)
    assert abs(x.mean() - mean) < 4 * (variance / COUNT) ** 0.5
    assert x.var() == pytest.approx(variance, rel=0.06 if mean > 1 else 0.25)


def test_every_device_and_form_gives_the_same_bits(device, use_skeletons):
    rates = np.random.default_rng(0).uniform(0.01, 40, 1001).astype("float32")
    found = []
    for kind in ("gpu", "cpu"):
        use_skeletons(kind)
        for on in ct.devices():
            g, x = ct.Generator(9), ct.tensor(rates, device=on)
            draws = [ct.poisson(x, g), ct._standard_gamma(x, g), ct.binomial(x.floor(), x / 40, g)]
            draws += [ct.zeros(1001, device=on).exponential_(generator=g)]
            draws += [ct.zeros(1001, device=on).geometric_(0.2, generator=g)]
            draws += [ct.zeros(1001, device=on).cauchy_(generator=g)]
            draws += [ct.zeros(1001, device=on).log_normal_(generator=g)]
            found.append([d.numpy().tobytes() for d in draws])
    assert all(f == found[0] for f in found)


def test_an_element_depends_on_nothing_but_its_place(device):
    long, short = (ct.poisson(ct.full((n,), 20.0), ct.Generator(1)).numpy() for n in (999, 10))
    np.testing.assert_array_equal(long[:10], short)


def test_known_bits(device):
    g = ct.Generator(42)
    assert ct.poisson(ct.tensor([1.0, 5.0, 20.0, 1000.0]), g).tolist() == KNOWN["poisson"]
    got = ct._standard_gamma(ct.tensor([0.5, 2.0, 50.0]), g).numpy().view("uint32").tolist()
    assert got == KNOWN["gamma"]


def test_forms_in_place(device):
    ct.manual_seed(1)
    x = ct.zeros(2, 3)
    assert x.exponential_(3.0) is x
    assert x.numpy().min() > 0
    assert x.geometric_(p=0.5).numpy().min() >= 1
    assert ct.zeros(4, dtype="int64").geometric_(0.5).dtype == ct.int64
    assert np.isfinite(x.cauchy_(1, 2).log_normal_(mean=0, std=1).numpy()).all()
    for call, message in [
        (lambda: x.exponential_(0), "exponential_: lambd is 0"),
        (lambda: x.geometric_(0), "geometric_: p is 0"),
        (lambda: x.cauchy_(sigma=-1), "cauchy_: sigma is -1"),
        (lambda: x.log_normal_(std=0), "log_normal_: std is 0"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()
    with pytest.raises(DTypeError, match="exponential_: draws floating-point numbers"):
        ct.zeros(2, dtype="int32").exponential_()


@pytest.mark.parametrize(
    "call",
    [
        lambda x: ct.poisson(x),
        lambda x: ct._standard_gamma(x),
        lambda x: ct.binomial(x, ct.tensor(0.5)),
        lambda x: ct.binomial(ct.tensor(5.0), x),
    ],
)
@pytest.mark.parametrize("value", [-1.0, math.nan, math.inf])
def test_parameters_that_are_none(device, call, value):
    found = call(ct.tensor([1.0, value]))
    with pytest.raises(ValueError, match="a (chance|parameter) is") as error:
        found.numpy()
    assert not isinstance(error.value, IndexingError)


def test_empty_and_broadcast(device):
    assert ct.poisson(ct.zeros(0, 3)).shape == (0, 3)
    assert ct.binomial(ct.ones(2, 1) * 5, ct.ones(3) * 0.5).shape == (2, 3)
    assert ct.poisson(ct.zeros(3)).tolist() == [0, 0, 0]
    assert ct.poisson(ct.tensor(4.0)).shape == ()
    with pytest.raises(DTypeError, match="poisson: a parameter is int64"):
        ct.poisson(ct.tensor([1]))


# ------------------------------------------------------------------------------------- gradients


def exact_slope(a, x):
    """-(dP/da) / p at 30 digits."""
    with mp.workdps(30):
        moved = mp.diff(lambda a: mp.gammainc(a, 0, x, True), a)
        return -moved / (mp.exp(-x) * x ** (a - 1) / mp.gamma(a))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_slopes_of_gamma_samples(device, dtype):
    if dtype == "float64" and not device.fp64:
        pytest.skip(f"'{device}' has no float64")
    pairs = [
        (a, a * k) for a in (0.1, 0.5, 1.0, 3.0, 20.0, 150.0) for k in (0.3, 0.9, 1.0, 1.1, 1.8)
    ]
    pairs += [(0.1, 1e-6), (2.0, 15.0), (300.0, 280.0), (300.0, 350.0), (3000.0, 3100.0)]
    a, x = np.array(pairs, dtype).T
    got = gamma_slope(ct.tensor(a), ct.tensor(x)).numpy()
    want = [
        float(exact_slope(mp.mpf(float(p)), mp.mpf(float(q)))) for p, q in zip(a, x, strict=True)
    ]
    np.testing.assert_allclose(got, want, rtol=1e-4 if dtype == "float32" else 1e-7)


def test_gradients_of_samples(device):
    # The mean of a gamma sample is its shape, that of x log x its shape times a digamma function.
    a = ct.full((COUNT,), 2.5, requires_grad=True)
    x = ct._standard_gamma(a, ct.Generator(3))
    x.sum().backward()
    assert a.grad.mean().item() == pytest.approx(1, abs=0.02)
    a.grad = None
    (ct._standard_gamma(a, ct.Generator(4)) ** 2).sum().backward()
    assert a.grad.mean().item() == pytest.approx(2 * 2.5 + 1, abs=0.3)
    y = ct._standard_gamma(a, ct.Generator(3))
    (first,) = ct.grad(y.sum(), [a], create_graph=True)
    with pytest.raises(GradientError, match="standard_gamma: there is no second derivative"):
        first.sum().backward()


def test_dirichlet(device):
    c = ct.tensor([1.0, 2.0, 5.0], requires_grad=True)
    x = ct._sample_dirichlet(c.expand(COUNT, 3), ct.Generator(2))
    np.testing.assert_allclose(x.sum(-1).detach().numpy(), 1, rtol=1e-5)
    np.testing.assert_allclose(x.mean(0).detach().numpy(), [0.125, 0.25, 0.625], atol=0.005)
    x.mean(0)[0].backward()
    # d/dc of c0 / sum(c).
    np.testing.assert_allclose(c.grad.numpy(), [7 / 64, -1 / 64, -1 / 64], atol=0.003)


def test_the_gradient_of_a_rate_or_chance_is_0(device):
    rate, chance = ct.ones(2, requires_grad=True), ct.full((3, 1), 0.5, requires_grad=True)
    ct.poisson(rate).sum().backward()
    assert rate.grad.tolist() == [0, 0]
    ct.binomial(rate * 4, chance).sum().backward()
    assert chance.grad.tolist() == [[0], [0], [0]]
