"""The base of distributions: shapes, checks, and what is not there."""

import importlib
import subprocess
import sys

import numpy as np
import pytest
from distribution_checks import close

import cltensor as ct
import cltensor.distributions as D
from cltensor.errors import ShapeError


def test_shapes_and_broadcasting(device):
    d = D.Normal(ct.zeros(2, 1), ct.ones(3))
    assert isinstance(d.batch_shape, ct.Size)
    assert (tuple(d.batch_shape), tuple(d.event_shape)) == ((2, 3), ())
    assert d.log_prob(ct.zeros(5, 1, 1)).shape == (5, 2, 3)
    assert d.sample_n(4).shape == (4, 2, 3)
    assert D.Normal(0.0, 1.0).sample().shape == ()
    assert D.Normal(0, ct.ones(2)).loc.dtype == ct.float32
    assert D.Normal(loc=0.0, scale=1.0).rsample(sample_shape=(2,)).shape == (2,)
    close(D.Normal(0.0, 1.0).perplexity(), 4.1327314)
    assert repr(D.Normal(0.0, ct.ones(2))) == "Normal(loc: (2,), scale: (2,))"


def test_values_are_looked_at(device):
    d = D.Normal(ct.zeros(2), 1.0)
    with pytest.raises(ValueError, match="Normal: a value must be a tensor, not float"):
        d.log_prob(1.0)
    with pytest.raises(ShapeError):
        d.log_prob(ct.zeros(3))
    with pytest.raises(ShapeError, match="Dirichlet: a value of shape"):
        D.Dirichlet(ct.ones(3)).log_prob(ct.ones(2))
    with pytest.raises(ValueError, match="Normal: a value does not lie in the support, real"):
        d.log_prob(ct.tensor([0.0, float("nan")]))
    quiet = D.Normal(ct.zeros(2), 1.0, validate_args=False)
    assert np.isnan(quiet.log_prob(ct.tensor([0.0, float("nan")])).numpy()[1])
    with pytest.raises(ValueError, match="a parameter is list"):
        D.Normal([1.0], 1.0)


def test_the_default_of_looking(device):
    try:
        D.Distribution.set_default_validate_args(False)
        D.Normal(0.0, -1.0)
        with pytest.raises(ValueError, match="scale"):
            D.Normal(0.0, -1.0, validate_args=True)
    finally:
        D.Distribution.set_default_validate_args(True)


def test_what_is_not_there(device):
    for call in (
        lambda: D.Poisson(1.0).rsample(), lambda: D.Poisson(1.0).entropy(),
        lambda: D.Gamma(1.0, 1.0).icdf(ct.tensor(0.5)),
        lambda: D.Normal(0.0, 1.0).enumerate_support(), lambda: D.Distribution().mean,
    ):  # fmt: skip
        with pytest.raises(NotImplementedError, match="has no"):
            call()
    assert not D.Bernoulli(0.5).has_rsample


def test_in_a_recorded_call(device):
    loc = ct.zeros(3)

    @ct.jit
    def step(x):
        d = D.Normal(loc, 1.0)
        return d.log_prob(x), d.sample()

    ct.manual_seed(0)
    found = [step(ct.full((3,), float(i))) for i in range(4)]
    close(found[3][0], [-0.9189385 - 4.5] * 3)
    assert len({tuple(sample.tolist()) for _, sample in found}) == 4


def test_it_is_imported_when_first_used():
    code = "import sys, cltensor as ct; print('cltensor.distributions' in sys.modules)"
    code += "; print(ct.distributions.Normal.__name__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "Normal"]


@pytest.mark.parametrize("name", [n for n in D.__all__ if isinstance(getattr(D, n), type)])
def test_each_is_where_pytorch_has_it(name):
    torch = pytest.importorskip("torch")
    place = getattr(torch.distributions, name).__module__.rpartition(".")[2]
    if name == "Distribution" or place not in ("transforms", "constraints"):
        module = importlib.import_module(f"cltensor.distributions.{place}")
        assert getattr(module, name) is getattr(D, name)
        assert getattr(D, place) is module


def test_some_are_where_pytorch_has_them():
    from cltensor.distributions.multinomial import Multinomial
    from cltensor.distributions.normal import Normal
    from cltensor.distributions.wishart import Wishart

    assert (Multinomial, Normal, Wishart) == (D.Multinomial, D.Normal, D.Wishart)
