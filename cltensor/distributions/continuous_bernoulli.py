"""The continuous Bernoulli distribution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cltensor.core.tensor import Tensor
from cltensor.distributions import constraints
from cltensor.distributions.distribution import ExponentialFamily, Odds
from cltensor.halves import limits_of
from cltensor.ops.elementwise.functions import expm1, log, log1p
from cltensor.ops.elementwise.select import clip, where
from cltensor.ops.random.draw import rand

#: Powers of h^2 in log(sinh(h) / h) / h^2, in its derivative coth(h) - 1 / h over h, and in the
#: derivative of that; from DLMF 4.33 and 4.19 (with hyperbolic signs).
_LOG = (1 / 6, -1 / 180, 1 / 2835, -1 / 37800, 1 / 467775)
_SLOPE = (1 / 3, -1 / 45, 2 / 945, -1 / 4725, 2 / 93555)
_CURVE = (1 / 3, -1 / 15, 2 / 189, -1 / 675, 2 / 10395)


def _series(squares: Any, coefficients: Sequence[float]) -> Any:
    found: Any = 0.0
    for c in reversed(coefficients):
        found = found * squares + c
    return found


def _flat(size: Any) -> tuple[Any, Any]:
    """Where two powers of the logits are enough, as their size is small; and that, 1 there."""
    small = size < float(limits_of(size.dtype).eps) ** (1 / 3)
    return small, where(small, 1.0, size)


class ContinuousBernoulli(Odds, ExponentialFamily):
    """Numbers from 0 to 1: density proportional to e^(logits x), even for probs = 1/2.

    lims is taken for PyTorch's sake, where it tells which probs count as 1/2: the forms here are
    exact on both sides and series between.
    Source:  Loaiza-Ganem and Cunningham, "The continuous Bernoulli: fixing a pervasive error in
             variational autoencoders" (2019).

    >>> ct.distributions.ContinuousBernoulli(ct.tensor([0.3])).sample().shape
    Size([1])
    """

    support: Any = constraints.unit_interval
    has_rsample = True

    def __init__(
        self,
        probs: Any = None,
        logits: Any = None,
        lims: tuple[float, float] = (0.499, 0.501),
        validate_args: bool | None = None,
    ) -> None:
        self._lims = lims
        self._take(probs, logits)
        super().__init__(self._given.shape, validate_args=validate_args)

    def _halves(self) -> tuple[Any, Any, Any]:
        """Half the logits; where they are small; and their size, 1 there."""
        half = 0.5 * self.logits
        small = half.abs() < 0.25
        return half, small, where(small, 1.0, half.abs())

    def _log_norm(self) -> Any:
        """The logarithm of the integral of e^(logits (x - 1/2)): of sinh(h) / h, h half of them."""
        half, small, size = self._halves()
        squares = half * half
        far = size + log(-expm1(-2 * size)) - log(2 * size)
        return where(small, squares * _series(squares, _LOG), far)

    @property
    def mean(self) -> Tensor:
        half, small, size = self._halves()
        side = where(half < 0, -1.0, 1.0)
        lost = -expm1(-2 * size)
        far = side * ((2 - lost) / lost - 1 / size)  # coth(h) = (1 + e^-2h) / (1 - e^-2h)
        return 0.5 + 0.5 * where(small, half * _series(half * half, _SLOPE), far)

    @property
    def variance(self) -> Tensor:
        half, small, size = self._halves()
        # 1 / sinh(h)^2 = 4 e^-2h / (1 - e^-2h)^2, which has no large numbers.
        lost = -expm1(-2 * size)
        far = 1 / (size * size) - 4 * (1 - lost) / (lost * lost)
        return 0.25 * where(small, _series(half * half, _CURVE), far)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        return self.icdf(rand(shape, dtype=self._given.dtype, device=self._given.device))

    def log_prob(self, value: Any) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        return self.logits * (value - 0.5) - self._log_norm()

    def _turned(self, x: Any, function: Any) -> Any:
        """function(size of the logits, x) where the density falls; where it grows, the same seen
        from 1."""
        grows = self.logits > 0
        size = where(grows, self.logits, -self.logits)
        found = function(size, where(grows, 1 - x, x))
        return where(grows, 1 - found, found)

    def cdf(self, value: Any) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)

        def below(size: Any, x: Any) -> Any:
            bent = x + x * (1 - x) * size * (0.5 + size * (1 - 2 * x) * (1 / 12))
            small, own = _flat(size)
            return where(small, bent, expm1(-own * x) / expm1(-own))

        return self._turned(clip(value, 0.0, 1.0), below)

    def icdf(self, value: Any) -> Tensor:
        def at(size: Any, chance: Any) -> Any:
            bent = chance * (1 - chance) * size * (size * (1 - 2 * chance) * (1 / 6) - 0.5)
            small, own = _flat(size)
            return where(small, chance + bent, -log1p(chance * expm1(-own)) / own)

        return self._turned(value, at)

    def entropy(self) -> Tensor:
        return self._log_norm() - self.logits * (self.mean - 0.5)
