"""What all distributions are held to: PyTorch's answers, and samples of the right moments."""

import numpy as np
import pytest

import cltensor as ct
import cltensor.distributions as D

COUNT = 20_000


def close(got, want, rtol=2e-5, atol=2e-6):
    """Assert that a tensor has these values."""
    got = got.detach().numpy() if hasattr(got, "detach") else got
    np.testing.assert_allclose(got, want, rtol=rtol, atol=atol)


def beside_torch(kind, parameters, values, skip=()):
    """Assert that properties, functions and gradients are PyTorch's. parameters: lists by name, or
    plain numbers; values: for log_prob, cdf."""
    torch = pytest.importorskip("torch")
    lists = {n: p for n, p in parameters.items() if isinstance(p, list)}
    rest = {n: p for n, p in parameters.items() if n not in lists}
    mine = {n: ct.tensor(np.float32(p), requires_grad=True) for n, p in lists.items()}
    theirs = {n: torch.tensor(p, requires_grad=True) for n, p in lists.items()}
    d = getattr(D, kind)(**mine, **rest)
    t = getattr(torch.distributions, kind)(**theirs, **rest)
    assert tuple(d.batch_shape) == tuple(t.batch_shape)
    assert tuple(d.event_shape) == tuple(t.event_shape)
    for name in ("mean", "variance", "stddev", "mode"):
        if name not in skip and not lacks(t, name):
            close(getattr(d, name), getattr(t, name).detach().numpy())
    x, y = ct.tensor(np.float32(values)), torch.tensor(values)
    for name in ("log_prob", "cdf"):
        if name not in skip and not lacks(t, name, y):
            close(getattr(d, name)(x), getattr(t, name)(y).detach().numpy(), atol=1e-5)
    chances = [0.1, 0.5, 0.9]
    if "icdf" not in skip and t.event_shape == () and not lacks(t, "icdf", torch.tensor(0.5)):
        for c in chances:
            close(d.icdf(ct.tensor(c)), t.icdf(torch.tensor(c)).detach().numpy(), atol=1e-5)
    if "entropy" not in skip and not lacks(t, "entropy"):
        close(d.entropy(), t.entropy().detach().numpy(), atol=1e-5)
    d.log_prob(x).sum().backward()
    t.log_prob(y).sum().backward()
    for name, p in theirs.items():
        if p.grad is not None:
            close(mine[name].grad, p.grad.numpy(), rtol=1e-4, atol=1e-5)
    if d.has_enumerate_support:
        close(d.enumerate_support(), t.enumerate_support().numpy())
        close(d.enumerate_support(expand=False), t.enumerate_support(expand=False).numpy())


def lacks(t, name, *args):
    """Whether PyTorch's distribution has no such property or function."""
    try:
        value = getattr(t, name)
        value(*args) if callable(value) else value
    except NotImplementedError:
        return True
    return False


def sampled(d, seed=1, moments=True):
    """Assert that samples have the moments and lie in the support; returns them."""
    ct.manual_seed(seed)
    x = d.sample((COUNT,))
    assert tuple(x.shape) == (COUNT, *d.batch_shape, *d.event_shape)
    assert not x.requires_grad
    assert d.support.check(x).all().item()
    if moments:
        mean, variance = (v.detach().numpy().astype("float64") for v in (d.mean, d.variance))
        got = x.numpy().astype("float64")
        assert (np.abs(got.mean(0) - mean) < 5 * (variance / COUNT) ** 0.5 + 1e-7).all()
        np.testing.assert_allclose(got.var(0), variance, rtol=0.15, atol=1e-7)
    if not d.support.is_discrete and not lacks(d, "cdf", x):
        follows(d, x)
    assert d.sample().shape == tuple(d.batch_shape) + tuple(d.event_shape)
    assert d.sample((2, 3)).shape == (2, 3, *d.batch_shape, *d.event_shape)
    return x


def follows(d, x):
    """Assert that Kolmogorov's and Smirnov's distance of many samples from the distribution is not
    beyond that of one in a thousand."""
    below = np.sort(d.cdf(x).detach().numpy().astype("float64"), 0)
    place = np.linspace(0, 1, len(below) + 1).reshape(-1, *(1,) * (below.ndim - 1))
    away = np.maximum(place[1:] - below, below - place[:-1])
    assert away.max() * len(below) ** 0.5 < 1.95


def expands(d, value):
    """Assert that `expand` gives the same distributions, broadcast."""
    wide = d.expand((3, *d.batch_shape))
    assert tuple(wide.batch_shape) == (3, *d.batch_shape)
    assert wide.event_shape == d.event_shape
    want = d.log_prob(value).detach().numpy()
    close(wide.log_prob(value), np.broadcast_to(want, (3, *want.shape)))
    assert tuple(wide.sample().shape) == (3, *d.batch_shape, *d.event_shape)


def integrated(d, low, high, skip=(), count=20_000):
    """Assert that a density's integral is 1, and that mean, variance, entropy and cdf are those of
    the density, by the rule of midpoints between two numbers that hold nearly all of it."""
    edges = np.linspace(low, high, count + 1)
    x = 0.5 * (edges[1:] + edges[:-1])
    wide = (count, *(1,) * len(d.batch_shape))
    values = ct.tensor(np.float32(x).reshape(wide))
    logs = d.log_prob(values).detach().numpy().astype("float64")
    x = values.numpy().astype("float64")
    weights = np.exp(logs) * (high - low) / count
    close(weights.sum(0), 1.0, rtol=1e-3)
    mean = (weights * x).sum(0)
    found = {
        "mean": mean, "variance": (weights * (x - mean) ** 2).sum(0),
        "entropy": -(weights * np.where(weights > 0, logs, 0)).sum(0),
    }  # fmt: skip
    for name in found.keys() - set(skip):
        value = getattr(d, name)
        close(value() if callable(value) else value, found[name], rtol=2e-3, atol=2e-3)
    if "cdf" not in skip:
        places = values[:: count // 8]
        want = (weights.cumsum(0) - 0.5 * weights)[:: count // 8]
        close(d.cdf(places), want, rtol=2e-3, atol=1e-3)


def slope_of_mean(d, *parameters):
    """Gradients of the sum of the means of samples by `parameters`."""
    ct.manual_seed(3)
    d.rsample((COUNT,)).mean(0).sum().backward()
    return [p.grad.numpy() for p in parameters]


def param(*values):
    """A parameter that collects a gradient."""
    return ct.tensor(np.float32(values), requires_grad=True)
