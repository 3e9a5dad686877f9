"""The normal distribution of vectors."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, ClassVar

from cltensor.core.op import broadcast_shapes
from cltensor.core.tensor import Tensor
from cltensor.distributions import constraints
from cltensor.distributions.distribution import LOG_ROOT_TAU, Distribution
from cltensor.errors import ShapeError
from cltensor.ops.elementwise.functions import log
from cltensor.ops.linalg.cholesky import cholesky, cholesky_inverse
from cltensor.ops.linalg.matmul import matmul
from cltensor.ops.linalg.triangular import solve_triangular
from cltensor.ops.random.draw import randn


class MultivariateNormal(Distribution):
    """The normal distribution of vectors with mean `loc`, and one of covariance_matrix,
    precision_matrix (its inverse) and scale_tril (its lower Cholesky factor).

    Shapes:  loc (..., n); matrices (..., n, n); batches broadcast.
    """

    arg_constraints: ClassVar[Any] = {
        "loc": constraints.real_vector,
        "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite,
        "scale_tril": constraints.lower_cholesky,
    }
    support: Any = constraints.real_vector
    has_rsample = True

    def __init__(
        self,
        loc: Any,
        covariance_matrix: Any = None,
        precision_matrix: Any = None,
        scale_tril: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        given = {
            "covariance_matrix": covariance_matrix,
            "precision_matrix": precision_matrix,
            "scale_tril": scale_tril,
        }
        found = [(name, x) for name, x in given.items() if x is not None]
        if len(found) != 1:
            raise ValueError(
                "MultivariateNormal: give one of covariance_matrix, precision_matrix, scale_tril, "
                f"not {len(found)}"
            )
        name, matrix = found[0]
        if loc.ndim < 1 or matrix.ndim < 2 or matrix.shape[-2:] != (loc.shape[-1],) * 2:
            raise ShapeError(
                f"MultivariateNormal: loc of shape {loc.shape} and {name} of shape {matrix.shape}; "
                "give (..., n) and (..., n, n)"
            )
        batch = broadcast_shapes("MultivariateNormal", loc.shape[:-1], matrix.shape[:-2])
        self.loc = loc.expand(*batch, loc.shape[-1])
        vars(self)[name] = matrix.expand(*batch, *matrix.shape[-2:])
        super().__init__(batch, loc.shape[-1:], validate_args=validate_args)
        self._factor = matrix if name == "scale_tril" else self._factor_of(name, matrix)

    @staticmethod
    def _factor_of(name: str, matrix: Any) -> Any:
        """The lower Cholesky factor of the covariance, without the batch of loc."""
        inverted = cholesky_inverse(cholesky(matrix)) if name == "precision_matrix" else matrix
        return cholesky(inverted)

    def expand(self, batch_shape: Sequence[int]) -> Any:
        new = super().expand(batch_shape)
        new._factor = self._factor
        return new

    @cached_property
    def scale_tril(self) -> Any:
        """The lower Cholesky factor of the covariance."""
        return self._factor.expand(*self._batch_shape, *self._event_shape, *self._event_shape)

    @cached_property
    def covariance_matrix(self) -> Any:
        """The covariance."""
        return matmul(self.scale_tril, self.scale_tril.swapaxes(-2, -1))

    @cached_property
    def precision_matrix(self) -> Any:
        """The inverse of the covariance."""
        return cholesky_inverse(self.scale_tril)

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        return self.scale_tril.square().sum(-1)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        drawn = randn(shape, dtype=self.loc.dtype, device=self.loc.device)
        return self.loc + matmul(self._factor, drawn.unsqueeze(-1)).squeeze(-1)

    def log_prob(self, value: Any) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        away = standardized(self._factor, value - self.loc)
        return -0.5 * away.square().sum(-1) - self._half_log_det() - self._constant

    @property
    def _constant(self) -> float:
        return self._event_shape[0] * LOG_ROOT_TAU

    def _half_log_det(self) -> Any:
        return log(self._factor.diagonal(0, -2, -1)).sum(-1)

    def entropy(self) -> Tensor:
        found = self._half_log_det() + (0.5 * self._event_shape[0] + self._constant)
        return found.expand(*self._batch_shape)


def standardized(factor: Any, away: Any) -> Any:
    """The vectors y with factor y = away, both broadcast. Vectors that share a factor are columns
    of one system."""
    batch, n = factor.shape[:-2], factor.shape[-1]
    lead = away.ndim - 1 - len(batch)
    if lead <= 0 or tuple(away.shape[lead:-1]) != tuple(batch):
        return solve_triangular(factor, away.unsqueeze(-1), upper=False).squeeze(-1)
    columns = away.reshape(-1, *batch, n).movedim(0, -1)
    solved = solve_triangular(factor, columns, upper=False)
    return solved.movedim(-1, 0).reshape(*away.shape)
