"""Special functions, under PyTorch's names (`ct.special`).

The functions declared for this namespace in `cltensor.ops`, and those of the main one that belong
to it as well.
"""

from sys import modules as _modules

from cltensor import ops as _ops
from cltensor.core.composite import publish as _publish

_publish(
    _modules[__name__],
    _ops.modules(),
    *"digamma erf erfc erfinv exp2 expm1 i0 log1p log_softmax logit logsumexp polygamma".split(),
    *"round sinc softmax xlogy".split(),
    expit="sigmoid",
    gammainc="igamma",
    gammaincc="igammac",
    gammaln="lgamma",
    modified_bessel_i0="i0",
    multigammaln="mvlgamma",
    psi="digamma",
)
