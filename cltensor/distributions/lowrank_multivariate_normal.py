"""The normal distribution of vectors whose covariance is a diagonal and few directions."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, ClassVar

from cltensor.core.op import broadcast_shapes
from cltensor.core.tensor import Tensor
from cltensor.distributions import constraints
from cltensor.distributions.distribution import LOG_ROOT_TAU, Distribution
from cltensor.distributions.multivariate import half_log_det, standardized
from cltensor.errors import ShapeError
from cltensor.ops.create import eye
from cltensor.ops.elementwise.functions import log, sqrt
from cltensor.ops.linalg.cholesky import cholesky_ex
from cltensor.ops.linalg.matmul import matmul
from cltensor.ops.linalg.triangular import solve_triangular
from cltensor.ops.random.draw import randn
from cltensor.ops.shape.stacks import diag_embed


def _factor(matrix: Any) -> Any:
    # 1 and a square are positive definite: to look at that would wait for the device.
    return cholesky_ex(matrix)[0]


class LowRankMultivariateNormal(Distribution):
    """The normal distribution of vectors with mean `loc` and covariance W W' + diag(cov_diag), W
    being cov_factor.

    Only the capacitance C = 1 + W' diag^-1 W, of the size of the rank, is factored: by Woodbury's
    formula and the lemma of determinants, det = det(C) det(diag).
    Shapes:  loc and cov_diag (..., n); cov_factor (..., n, rank); batches broadcast.

    >>> ct.distributions.LowRankMultivariateNormal(
    ...     ct.zeros(2), ct.ones(2, 1), ct.ones(2)
    ... ).variance
    tensor([2., 2.])
    """

    arg_constraints: ClassVar[Any] = {
        "loc": constraints.real_vector,
        "cov_factor": constraints.independent(constraints.real, 2),
        "cov_diag": constraints.independent(constraints.positive, 1),
    }
    support: Any = constraints.real_vector
    has_rsample = True

    def __init__(
        self, loc: Any, cov_factor: Any, cov_diag: Any, validate_args: bool | None = None
    ) -> None:
        if (
            loc.ndim < 1
            or cov_factor.ndim < 2
            or cov_diag.ndim < 1
            or cov_factor.shape[-2] != loc.shape[-1]
            or cov_diag.shape[-1] != loc.shape[-1]
        ):
            raise ShapeError(
                f"LowRankMultivariateNormal: loc of shape {loc.shape}, cov_factor of shape "
                f"{cov_factor.shape} and cov_diag of shape {cov_diag.shape}; give (..., n), "
                "(..., n, rank) and (..., n)"
            )
        parts = loc.shape[:-1], cov_factor.shape[:-2], cov_diag.shape[:-1]
        batch: tuple[int, ...] = ()
        for part in parts:
            batch = broadcast_shapes("LowRankMultivariateNormal", batch, part)
        self.loc = loc.expand(*batch, loc.shape[-1])
        self.cov_diag = cov_diag.expand(*batch, loc.shape[-1])
        self.cov_factor = cov_factor.expand(*batch, *cov_factor.shape[-2:])
        super().__init__(batch, loc.shape[-1:], validate_args=validate_args)

    @cached_property
    def _per_diag(self) -> Any:
        """W' diag^-1."""
        return (self.cov_factor / self.cov_diag.unsqueeze(-1)).swapaxes(-2, -1)

    @cached_property
    def _capacitance(self) -> Any:
        """The lower Cholesky factor of C."""
        rank = self.cov_factor.shape[-1]
        ones = eye(rank, dtype=self.loc.dtype, device=self.loc.device)
        return _factor(ones + matmul(self._per_diag, self.cov_factor))

    @cached_property
    def covariance_matrix(self) -> Any:
        """The covariance."""
        w = self.cov_factor
        return matmul(w, w.swapaxes(-2, -1)) + diag_embed(self.cov_diag)

    @cached_property
    def scale_tril(self) -> Any:
        """The lower Cholesky factor of the covariance."""
        # diag^(1/2) (1 + V V') diag^(1/2) with V = diag^(-1/2) W has an eigenvalue 1 at least.
        root = sqrt(self.cov_diag).unsqueeze(-1)
        v = self.cov_factor / root
        ones = eye(self._event_shape[0], dtype=self.loc.dtype, device=self.loc.device)
        return root * _factor(ones + matmul(v, v.swapaxes(-2, -1)))

    @cached_property
    def precision_matrix(self) -> Any:
        """The inverse of the covariance."""
        a = solve_triangular(self._capacitance, self._per_diag, upper=False)
        return diag_embed(1 / self.cov_diag) - matmul(a.swapaxes(-2, -1), a)

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        return self.cov_factor.square().sum(-1) + self.cov_diag

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        few = (*shape[:-1], self.cov_factor.shape[-1])
        near, along = (randn(s, dtype=self.loc.dtype, device=self.loc.device) for s in (shape, few))
        moved = matmul(self.cov_factor, along.unsqueeze(-1)).squeeze(-1)
        return self.loc + moved + sqrt(self.cov_diag) * near

    def log_prob(self, value: Any) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        return -0.5 * self._squares(value - self.loc) - self._half_log_det() - self._constant

    def _squares(self, away: Any) -> Any:
        """The squared length of vectors in units of the standard deviation of their directions."""
        own = (away.square() / self.cov_diag).sum(-1)
        along = matmul(self._per_diag, away.unsqueeze(-1)).squeeze(-1)
        return own - standardized(self._capacitance, along).square().sum(-1)

    @property
    def _constant(self) -> float:
        return self._event_shape[0] * LOG_ROOT_TAU

    def _half_log_det(self) -> Any:
        return half_log_det(self._capacitance) + 0.5 * log(self.cov_diag).sum(-1)

    def entropy(self) -> Tensor:
        return self._half_log_det() + (0.5 * self._event_shape[0] + self._constant)
