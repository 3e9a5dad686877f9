"""Probability distributions, as PyTorch's `torch.distributions`."""

from sys import modules as _modules

from cltensor.core.names import name_all as _name_all
from cltensor.core.suggestions import suggest as _suggest
from cltensor.distributions import categorical, constraints, continuous, discrete, gamma, transforms
from cltensor.distributions import distribution as exp_family
from cltensor.distributions import multivariate as multivariate_normal
from cltensor.distributions import transformed as transformed_distribution
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

#: PyTorch has a module for each, as in `from cltensor.distributions.normal import Normal`.
_PLACES = {
    **dict.fromkeys(("multinomial", "one_hot_categorical"), categorical),
    **dict.fromkeys(("bernoulli", "binomial", "geometric", "poisson"), discrete),
    **dict.fromkeys(("beta", "chi2", "dirichlet", "studentT"), gamma),
    **dict.fromkeys(
        ("cauchy", "exponential", "gumbel", "half_normal", "laplace", "normal", "uniform"),
        continuous,
    ),
    "exp_family": exp_family,
    "log_normal": transformed_distribution,
    "multivariate_normal": multivariate_normal,
    "transformed_distribution": transformed_distribution,
}
globals().update(_PLACES)
_modules.update({f"{__name__}.{name}": module for name, module in _PLACES.items()})
_name_all(globals(), [name for name in __all__ if name not in ("constraints", "transforms")])
_suggest(_modules["cltensor.distributions"])
