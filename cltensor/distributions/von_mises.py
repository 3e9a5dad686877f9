"""The von Mises distribution of angles."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

from cltensor.autograd import no_grad
from cltensor.core.tensor import Tensor
from cltensor.distributions import constraints
from cltensor.distributions.distribution import Distribution, broadcast_all
from cltensor.ops.elementwise.arithmetic import remainder
from cltensor.ops.elementwise.functions import atan, log, sin
from cltensor.ops.random.sample import draw
from cltensor.ops.special.bessel import i0e, i1e


class VonMises(Distribution):
    """Angles about `loc`, from -pi to pi: density proportional to e^(concentration cos(x - loc)).

    Source:  Best and Fisher, "Efficient simulation of the von Mises distribution" (1979).

    >>> ct.distributions.VonMises(ct.tensor([0.0]), ct.tensor([1.0])).mean
    tensor([0.])
    """

    arg_constraints: ClassVar[Any] = {
        "loc": constraints.real,
        "concentration": constraints.positive,
    }
    support: Any = constraints.real

    def __init__(self, loc: Any, concentration: Any, validate_args: bool | None = None) -> None:
        self.loc, self.concentration = broadcast_all(loc, concentration)
        super().__init__(self.loc.shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        """1 less the mean of cos(x - loc)."""
        return 1 - i1e(self.concentration) / i0e(self.concentration)

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        k = self.concentration
        with no_grad():
            tangent = draw("von_mises", shape, k.dtype, k.device, None, k)
            turned = self.loc + 2 * atan(tangent) + math.pi
            return remainder(turned, 2 * math.pi) - math.pi

    def log_prob(self, value: Any) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        # cos(x) - 1 = -2 sin(x / 2)^2: for a narrow distribution, cos(x) would lose all digits.
        half = sin(0.5 * (value - self.loc))
        norm = math.log(2 * math.pi) + log(i0e(self.concentration))
        return -2 * self.concentration * (half * half) - norm
