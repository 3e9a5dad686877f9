"""Probability distributions, as PyTorch's `torch.distributions`."""

from sys import modules as _modules

from cltensor.core.names import name_all as _name_all
from cltensor.core.suggestions import suggest as _suggest
from cltensor.distributions import (
    categorical,
    constraint_registry,
    constraints,
    continuous,
    discrete,
    gamma,
    transforms,
)
from cltensor.distributions import distribution as exp_family
from cltensor.distributions import multivariate as multivariate_normal
from cltensor.distributions import transformed as transformed_distribution
from cltensor.distributions.categorical import Categorical, Multinomial, OneHotCategorical
from cltensor.distributions.constraint_registry import biject_to, transform_to
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
    AbsTransform,
    AffineTransform,
    CatTransform,
    ComposeTransform,
    CorrCholeskyTransform,
    CumulativeDistributionTransform,
    ExpTransform,
    IndependentTransform,
    LowerCholeskyTransform,
    PositiveDefiniteTransform,
    PowerTransform,
    ReshapeTransform,
    SigmoidTransform,
    SoftmaxTransform,
    SoftplusTransform,
    StackTransform,
    StickBreakingTransform,
    TanhTransform,
    Transform,
    identity_transform,
)

__all__ = [
    "AbsTransform",
    "AffineTransform",
    "Bernoulli",
    "Beta",
    "Binomial",
    "CatTransform",
    "Categorical",
    "Cauchy",
    "Chi2",
    "ComposeTransform",
    "CorrCholeskyTransform",
    "CumulativeDistributionTransform",
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
    "IndependentTransform",
    "Laplace",
    "LogNormal",
    "LowerCholeskyTransform",
    "Multinomial",
    "MultivariateNormal",
    "Normal",
    "OneHotCategorical",
    "Poisson",
    "PositiveDefiniteTransform",
    "PowerTransform",
    "ReshapeTransform",
    "SigmoidTransform",
    "SoftmaxTransform",
    "SoftplusTransform",
    "StackTransform",
    "StickBreakingTransform",
    "StudentT",
    "TanhTransform",
    "Transform",
    "TransformedDistribution",
    "Uniform",
    "biject_to",
    "constraints",
    "identity_transform",
    "kl_divergence",
    "register_kl",
    "transform_to",
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
