"""Probability distributions, as PyTorch's `torch.distributions`."""

from sys import modules as _modules

from cltensor.core.names import name_all as _name_all
from cltensor.core.suggestions import suggest as _suggest
from cltensor.distributions import constraints, transforms
from cltensor.distributions.categorical import Categorical, Multinomial, OneHotCategorical
from cltensor.distributions.continuous import (
    Cauchy,
    Exponential,
    Gumbel,
    HalfNormal,
    Laplace,
    Normal,
    Uniform,
)
from cltensor.distributions.discrete import Bernoulli, Binomial, Geometric, Poisson
from cltensor.distributions.distribution import Distribution, ExponentialFamily
from cltensor.distributions.gamma import Beta, Chi2, Dirichlet, Gamma, StudentT
from cltensor.distributions.independent import Independent
from cltensor.distributions.kl import kl_divergence, register_kl
from cltensor.distributions.multivariate import MultivariateNormal
from cltensor.distributions.transformed import LogNormal, TransformedDistribution
from cltensor.distributions.transforms import (
    AffineTransform,
    ComposeTransform,
    ExpTransform,
    SigmoidTransform,
    TanhTransform,
    Transform,
    identity_transform,
)

__all__ = [
    "AffineTransform",
    "Bernoulli",
    "Beta",
    "Binomial",
    "Categorical",
    "Cauchy",
    "Chi2",
    "ComposeTransform",
    "Dirichlet",
    "Distribution",
    "ExpTransform",
    "Exponential",
    "ExponentialFamily",
    "Gamma",
    "Geometric",
    "Gumbel",
    "HalfNormal",
    "Independent",
    "Laplace",
    "LogNormal",
    "Multinomial",
    "MultivariateNormal",
    "Normal",
    "OneHotCategorical",
    "Poisson",
    "SigmoidTransform",
    "StudentT",
    "TanhTransform",
    "Transform",
    "TransformedDistribution",
    "Uniform",
    "constraints",
    "identity_transform",
    "kl_divergence",
    "register_kl",
    "transforms",
]

_name_all(globals(), [name for name in __all__ if name not in ("constraints", "transforms")])
_suggest(_modules["cltensor.distributions"])
