"""Lewandowski's, Kurowicka's and Joe's distribution of correlation matrices."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

from cltensor.autograd import no_grad
from cltensor.core.tensor import Tensor
from cltensor.distributions import constraints
from cltensor.distributions.distribution import Distribution, broadcast_all
from cltensor.distributions.gamma import Beta
from cltensor.halves import limits_of
from cltensor.ops.create import arange
from cltensor.ops.elementwise.functions import log, sqrt
from cltensor.ops.elementwise.select import clip
from cltensor.ops.random.draw import randn
from cltensor.ops.shape.join import pad, tril
from cltensor.ops.shape.stacks import diag_embed
from cltensor.ops.special.gamma import lgamma, mvlgamma


class LKJCholesky(Distribution):
    """Lower Cholesky factors of correlation matrices of size `dim`, whose density (of the matrices)
    is proportional to det^(concentration - 1): even for 1.

    Source:  Lewandowski, Kurowicka and Joe, "Generating random correlation matrices based on vines
             and extended onion method" (2009).

    >>> ct.distributions.LKJCholesky(3, 1.0).sample().shape
    Size([3, 3])
    """

    arg_constraints: ClassVar[Any] = {"concentration": constraints.positive}
    support: Any = constraints.corr_cholesky

    def __init__(
        self, dim: int, concentration: Any = 1.0, validate_args: bool | None = None
    ) -> None:
        if dim < 2:
            raise ValueError(f"LKJCholesky: dim is {dim}; a correlation is of 2 at least")
        self.dim = dim
        (self.concentration,) = broadcast_all(concentration)
        super().__init__(self.concentration.shape, (dim, dim), validate_args=validate_args)

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        # Row i has a length below the diagonal whose square is a beta number, in an even direction.
        n, c = self.dim, self.concentration.detach()
        with no_grad():
            half = 0.5 * arange(1, n, dtype=c.dtype, device=c.device)
            rest = c.unsqueeze(-1) + (0.5 * (n - 1) - half)
            squares = Beta(half, rest, validate_args=False).sample(sample_shape)
            squares = clip(squares, max=1 - float(limits_of(c.dtype).eps))
            shape = self._extended_shape(sample_shape)
            away = tril(randn((*shape[:-2], n - 1, n - 1), dtype=c.dtype, device=c.device))
            away = away * sqrt(squares / away.square().sum(-1)).unsqueeze(-1)
            diagonal = pad(sqrt(1 - squares), (1, 0), value=1.0)
            return pad(away, (0, 1, 1, 0)) + diag_embed(diagonal)

    def log_prob(self, value: Any) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        n, c = self.dim, self.concentration
        behind = arange(n - 2, -1, -1, dtype=c.dtype, device=c.device)
        powers = 2 * (c - 1).unsqueeze(-1) + behind
        inside = (powers * log(value.diagonal(0, -2, -1)[..., 1:])).sum(-1)
        a = c + 0.5 * (n - 1)
        norm = 0.5 * (n - 1) * math.log(math.pi) + mvlgamma(a - 0.5, n - 1) - (n - 1) * lgamma(a)
        return inside - norm
