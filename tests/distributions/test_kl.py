"""Divergences: PyTorch's, known ones, and those that users declare."""

from math import inf

import numpy as np
import pytest
from distribution_checks import close

import cltensor as ct
import cltensor.distributions as D

#: Parameters of two distributions with a location and a scale.
AT, AWAY = {"loc": [0.2, 5.0], "scale": [1.0, 2.0]}, {"loc": [0.4, 9.0], "scale": [3.0, 0.5]}
SHAPE = {"concentration": [0.4, 9.0], "rate": [3.0, 0.5]}
WHOLE = {"loc": [0.2, 1.0], "scale_tril": [[1.0, 0.0], [0.5, 2.0]]}
FEW = {"loc": [0.4, 0.0], "cov_factor": [[0.5], [-1.0]], "cov_diag": [0.7, 1.5]}
PAIRS = [
    ("Bernoulli", {"probs": [0.2, 0.5]}, "Bernoulli", {"probs": [0.4, 0.9]}),
    (
        "Binomial", {"total_count": 4, "probs": [0.2, 0.5]},
        "Binomial", {"total_count": 4, "logits": [0.4, 0.9]},
    ),
    ("Categorical", {"probs": [0.2, 0.8]}, "Categorical", {"logits": [0.4, 0.9]}),
    ("OneHotCategorical", {"probs": [0.2, 0.8]}, "OneHotCategorical", {"probs": [0.4, 0.6]}),
    ("Geometric", {"probs": [0.2, 0.5]}, "Geometric", {"probs": [0.4, 0.9]}),
    ("Poisson", {"rate": [0.2, 5.0]}, "Poisson", {"rate": [0.4, 9.0]}),
    ("Normal", AT, "Normal", AWAY),
    ("HalfNormal", {"scale": [1.0, 2.0]}, "HalfNormal", {"scale": [3.0, 0.5]}),
    ("HalfCauchy", {"scale": [1.0, 2.0]}, "HalfCauchy", {"scale": [3.0, 0.5]}),
    ("Laplace", AT, "Laplace", AWAY),
    ("Cauchy", AT, "Cauchy", AWAY),
    ("Gumbel", AT, "Gumbel", {"loc": [0.4, 4.0], "scale": [3.0, 0.5]}),
    ("Exponential", {"rate": [0.2, 5.0]}, "Exponential", {"rate": [0.4, 9.0]}),
    (
        "Uniform", {"low": [0.2, 1.0], "high": [1.0, 2.0]},
        "Uniform", {"low": [0.0, 1.5], "high": [3.0, 2.5]},
    ),
    ("Gamma", {"concentration": [0.2, 5.0], "rate": [1.0, 2.0]}, "Gamma", SHAPE),
    ("Chi2", {"df": [0.2, 5.0]}, "Gamma", SHAPE),
    (
        "Beta", {"concentration1": [0.2, 5.0], "concentration0": [1.0, 2.0]},
        "Beta", {"concentration1": [0.4, 9.0], "concentration0": [3.0, 0.5]},
    ),
    ("Dirichlet", {"concentration": [0.2, 5.0]}, "Dirichlet", {"concentration": [0.4, 9.0]}),
    ("ContinuousBernoulli", {"probs": [0.2, 0.5]}, "ContinuousBernoulli", {"probs": [0.4, 0.9]}),
    (
        "Pareto", {"scale": [0.5, 5.0], "alpha": [1.0, 2.0]},
        "Pareto", {"scale": [0.4, 9.0], "alpha": [3.0, 0.5]},
    ),
    ("MultivariateNormal", WHOLE, "LowRankMultivariateNormal", FEW),
    ("LowRankMultivariateNormal", FEW, "MultivariateNormal", WHOLE),
    (
        "LowRankMultivariateNormal", FEW,
        "LowRankMultivariateNormal",
        {"loc": [0.0, 0.0], "cov_factor": [[1.0, 0.5], [0.0, 0.3]], "cov_diag": [1.0, 2.0]},
    ),
    (
        "MultivariateNormal", {"loc": [0.2, 1.0], "scale_tril": [[1.0, 0.0], [0.5, 2.0]]},
        "MultivariateNormal", {"loc": [0.4, 0.0], "scale_tril": [[2.0, 0.0], [-0.5, 1.5]]},
    ),
    ("LogNormal", AT, "LogNormal", AWAY),
]  # fmt: skip


def made(module, tensor, kind, parameters):
    given = {n: tensor(p) if isinstance(p, list) else p for n, p in parameters.items()}
    return getattr(module, kind)(**given)


@pytest.mark.parametrize(("p", "p_given", "q", "q_given"), PAIRS)
def test_as_pytorch(device, p, p_given, q, q_given):
    torch = pytest.importorskip("torch")
    want = torch.distributions.kl_divergence(
        made(torch.distributions, torch.tensor, p, p_given),
        made(torch.distributions, torch.tensor, q, q_given),
    )
    got = D.kl_divergence(made(D, ct.tensor, p, p_given), made(D, ct.tensor, q, q_given))
    close(got, want.numpy(), rtol=1e-4)


@pytest.mark.parametrize(("p", "p_given", "q", "q_given"), PAIRS)
def test_as_the_mean_of_samples(device, p, p_given, q, q_given):
    p, q = made(D, ct.tensor, p, p_given), made(D, ct.tensor, q, q_given)
    want = D.kl_divergence(p, q).numpy()
    ct.manual_seed(7)
    x = p.sample((30_000,))
    q._validate_args = False
    terms = (p.log_prob(x) - q.log_prob(x)).numpy().astype("float64")
    sure = np.isfinite(want)
    with np.errstate(invalid="ignore"):
        off = np.abs(terms.mean(0) - want) / (terms.std(0) / 30_000**0.5 + 1e-4)
    assert (off < 5)[sure].all()


def test_known_values(device):
    close(D.kl_divergence(D.Normal(0.0, 1.0), D.Normal(1.0, 2.0)), 0.4431472)
    close(
        D.kl_divergence(
            D.Bernoulli(ct.tensor([0.0, 0.5, 1.0])), D.Bernoulli(ct.tensor([0.5, 0.0, 1.0]))
        ),
        [np.log(2), inf, 0],
        atol=1e-5,
    )
    p = D.Independent(D.Normal(ct.zeros(2, 3), 1.0), 1)
    q = D.Independent(D.Normal(ct.ones(2, 3), 1.0), 1)
    close(D.kl_divergence(p, q), [1.5, 1.5])
    with pytest.raises(NotImplementedError, match="1 and 0 axes"):
        D.kl_divergence(p, D.Independent(p.base_dist, 0))


def test_the_loss_of_an_autoencoder(device):
    loc, scale = (
        ct.tensor([0.5, -1.0], requires_grad=True),
        ct.tensor([1.0, 2.0], requires_grad=True),
    )
    D.kl_divergence(D.Normal(loc, scale), D.Normal(ct.zeros(2), ct.ones(2))).sum().backward()
    close(loc.grad, [0.5, -1])
    close(scale.grad, [0, 1.5])


def test_pairs_that_users_declare(device):
    class Mine(D.Normal):
        pass

    close(D.kl_divergence(Mine(0.0, 1.0), D.Normal(0.0, 1.0)), 0)

    @D.register_kl(Mine, D.Normal)
    def _(p, q):
        return ct.tensor(7.0)

    assert D.kl_divergence(Mine(0.0, 1.0), D.Normal(0.0, 1.0)).item() == 7
    assert D.kl_divergence(D.Normal(0.0, 1.0), Mine(0.0, 1.0)).item() == 0
    with pytest.raises(NotImplementedError, match="none of Normal from Poisson"):
        D.kl_divergence(D.Normal(0.0, 1.0), D.Poisson(1.0))
    with pytest.raises(TypeError, match="register_kl: .* is no class of distributions"):
        D.register_kl(int, D.Normal)


def test_matrices(device):
    spread = ct.tensor([[1.0, 0.5], [0.5, 2.0]])
    p, q = D.Wishart(ct.tensor([4.5, 6.0]), spread), D.Wishart(3.0, ct.eye(2))
    ct.manual_seed(7)
    x = p.sample((20_000,))
    terms = (p.log_prob(x) - q.log_prob(x)).numpy().astype("float64")
    close(D.kl_divergence(p, q), terms.mean(0), atol=5 * terms.std() / 20_000**0.5)
    close(D.kl_divergence(p, p), [0, 0], atol=1e-5)
    # Of one row and column, they are gamma distributions.
    p, q = D.Wishart(3.0, ct.eye(1)), D.Wishart(5.0, 2 * ct.eye(1))
    want = D.kl_divergence(D.Chi2(3.0), D.Gamma(2.5, 0.25))
    close(D.kl_divergence(p, q), want.numpy(), rtol=1e-5)


def test_families_that_users_declare(device):
    class Waits(D.ExponentialFamily):
        """The exponential distribution by its natural parameter, -rate."""

        def __init__(self, rate):
            self.rate = rate
            super().__init__(rate.shape)

        @property
        def _natural_params(self):
            return (-self.rate,)

        def _log_normalizer(self, x):
            return -(-x).log()

    p, q = (ct.tensor(v, requires_grad=True) for v in ([0.5, 2.0], [3.0, 1.0]))
    known = D.Exponential(p.detach())
    close(Waits(p).entropy(), known.entropy().numpy(), rtol=1e-5)
    found = D.kl_divergence(Waits(p), Waits(q))
    close(found, D.kl_divergence(known, D.Exponential(q.detach())).detach().numpy(), rtol=1e-5)
    found.sum().backward()
    close(q.grad, [1 / 0.5 - 1 / 3, 1 / 2 - 1], rtol=1e-5)
    with pytest.raises(NotImplementedError, match="none of Waits from Normal"):
        D.kl_divergence(Waits(p), D.Normal(0.0, 1.0))

    class Bare(D.ExponentialFamily):
        pass

    with pytest.raises(NotImplementedError, match="none of Bare from Bare"):
        D.kl_divergence(Bare(), Bare())
    with pytest.raises(NotImplementedError, match="Bare has no entropy"):
        Bare().entropy()
