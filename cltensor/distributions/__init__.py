"""Probability distributions, as PyTorch's `torch.distributions`."""

from sys import modules as _modules

from cltensor.core.names import name_all as _name_all
from cltensor.core.paths import place as _place
from cltensor.core.suggestions import suggest as _suggest
from cltensor.distributions import (
    categorical,
    constraint_registry,
    constraints,
    continuous,
    discrete,
    gamma,
    helpers,
    kl_mixed,
    multivariate,
    relaxed,
    transformed,
    transforms,
)
from cltensor.distributions import distribution as exp_family
from cltensor.distributions.bounded import Exponential, GeneralizedPareto, Uniform
from cltensor.distributions.categorical import (
    Categorical,
    Multinomial,
    OneHotCategorical,
    OneHotCategoricalStraightThrough,
)
from cltensor.distributions.constraint_registry import biject_to, transform_to
from cltensor.distributions.continuous import (
    Cauchy,
    Gumbel,
    HalfCauchy,
    HalfNormal,
    Laplace,
    Normal,
)
from cltensor.distributions.continuous_bernoulli import ContinuousBernoulli
from cltensor.distributions.discrete import (
    Bernoulli,
    Binomial,
    Geometric,
    NegativeBinomial,
    Poisson,
)
from cltensor.distributions.distribution import Distribution, ExponentialFamily
from cltensor.distributions.gamma import (
    Beta,
    Chi2,
    Dirichlet,
    FisherSnedecor,
    Gamma,
    InverseGamma,
    StudentT,
)
from cltensor.distributions.independent import Independent
from cltensor.distributions.kl import kl_divergence, register_kl
from cltensor.distributions.lkj_cholesky import LKJCholesky
from cltensor.distributions.lowrank_multivariate_normal import LowRankMultivariateNormal
from cltensor.distributions.mixture_same_family import MixtureSameFamily
from cltensor.distributions.multivariate import MultivariateNormal, Wishart
from cltensor.distributions.relaxed import RelaxedBernoulli, RelaxedOneHotCategorical
from cltensor.distributions.transformed import (
    Kumaraswamy,
    LogisticNormal,
    LogNormal,
    Pareto,
    TransformedDistribution,
    Weibull,
)
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
from cltensor.distributions.von_mises import VonMises

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
    "ContinuousBernoulli",
    "CorrCholeskyTransform",
    "CumulativeDistributionTransform",
    "Dirichlet",
    "Distribution",
    "ExpTransform",
    "Exponential",
    "ExponentialFamily",
    "FisherSnedecor",
    "Gamma",
    "GeneralizedPareto",
    "Geometric",
    "Gumbel",
    "HalfCauchy",
    "HalfNormal",
    "Independent",
    "IndependentTransform",
    "InverseGamma",
    "Kumaraswamy",
    "LKJCholesky",
    "Laplace",
    "LogNormal",
    "LogisticNormal",
    "LowRankMultivariateNormal",
    "LowerCholeskyTransform",
    "MixtureSameFamily",
    "Multinomial",
    "MultivariateNormal",
    "NegativeBinomial",
    "Normal",
    "OneHotCategorical",
    "OneHotCategoricalStraightThrough",
    "Pareto",
    "Poisson",
    "PositiveDefiniteTransform",
    "PowerTransform",
    "RelaxedBernoulli",
    "RelaxedOneHotCategorical",
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
    "VonMises",
    "Weibull",
    "Wishart",
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
    **dict.fromkeys(
        ("bernoulli", "binomial", "geometric", "negative_binomial", "poisson"), discrete
    ),
    **dict.fromkeys(
        ("beta", "chi2", "dirichlet", "fishersnedecor", "inverse_gamma", "studentT"), gamma
    ),
    **dict.fromkeys(
        (
            "cauchy",
            "exponential",
            "generalized_pareto",
            "gumbel",
            "half_cauchy",
            "half_normal",
            "laplace",
            "normal",
            "uniform",
        ),
        continuous,
    ),
    "exp_family": exp_family,
    "utils": helpers,
    **dict.fromkeys(("multivariate_normal", "wishart"), multivariate),
    **dict.fromkeys(("relaxed_bernoulli", "relaxed_categorical"), relaxed),
    **dict.fromkeys(
        (
            "kumaraswamy",
            "log_normal",
            "logistic_normal",
            "pareto",
            "transformed_distribution",
            "weibull",
        ),
        transformed,
    ),
}
_place(__name__, _PLACES)
_name_all(globals(), [name for name in __all__ if name not in ("constraints", "transforms")])
_suggest(_modules["cltensor.distributions"])
