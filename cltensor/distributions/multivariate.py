"""Distributions by a covariance: the normal one of vectors, and Wishart's of matrices."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import Any, ClassVar

from cltensor.core.op import broadcast_shapes
from cltensor.core.tensor import Tensor
from cltensor.distributions import constraints
from cltensor.distributions.distribution import (
    LOG_ROOT_TAU,
    Distribution,
    ExponentialFamily,
)
from cltensor.errors import ShapeError
from cltensor.halves import limits_of
from cltensor.ops.create import arange
from cltensor.ops.elementwise.cast import full
from cltensor.ops.elementwise.functions import log, sqrt
from cltensor.ops.elementwise.select import clip, where
from cltensor.ops.linalg.cholesky import cholesky, cholesky_inverse
from cltensor.ops.linalg.matmul import matmul
from cltensor.ops.linalg.solve import slogdet
from cltensor.ops.linalg.triangular import solve_triangular
from cltensor.ops.random.draw import randn
from cltensor.ops.random.sample import standard_gamma
from cltensor.ops.shape.join import tril
from cltensor.ops.shape.stacks import diag_embed
from cltensor.ops.special.gamma import digamma, mvlgamma


class _Covariant(Distribution):
    """Base of those with one of covariance_matrix, precision_matrix (its inverse) and scale_tril
    (its lower Cholesky factor)."""

    arg_constraints: ClassVar[Any] = {
        "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite,
        "scale_tril": constraints.lower_cholesky,
    }
    _factor: Any

    @classmethod
    def _one_of(cls, covariance: Any, precision: Any, scale: Any) -> tuple[str, Any]:
        """The name of the matrix that is given, and the matrix."""
        given = {
            "covariance_matrix": covariance,
            "precision_matrix": precision,
            "scale_tril": scale,
        }
        found = [(name, x) for name, x in given.items() if x is not None]
        if len(found) != 1:
            raise ValueError(
                f"{cls.__name__}: give one of covariance_matrix, precision_matrix, scale_tril, "
                f"not {len(found)}"
            )
        return found[0]

    @staticmethod
    def _factor_of(name: str, matrix: Any) -> Any:
        """The lower Cholesky factor of the covariance, without the batch of other parameters."""
        if name == "scale_tril":
            return matrix
        inverted = cholesky_inverse(cholesky(matrix)) if name == "precision_matrix" else matrix
        return cholesky(inverted)

    def expand(self, batch_shape: Sequence[int]) -> Any:
        new = super().expand(batch_shape)
        new._factor = self._factor
        return new

    @cached_property
    def scale_tril(self) -> Any:
        """The lower Cholesky factor of the covariance."""
        return self._factor.expand(*self._batch_shape, *self._factor.shape[-2:])

    @cached_property
    def covariance_matrix(self) -> Any:
        """The covariance."""
        return matmul(self.scale_tril, self.scale_tril.swapaxes(-2, -1))

    @cached_property
    def precision_matrix(self) -> Any:
        """The inverse of the covariance."""
        return cholesky_inverse(self.scale_tril)

    def _half_log_det(self) -> Any:
        return half_log_det(self._factor)


class MultivariateNormal(_Covariant):
    """The normal distribution of vectors with mean `loc`, and one of covariance_matrix,
    precision_matrix (its inverse) and scale_tril (its lower Cholesky factor).

    Shapes:  loc (..., n); matrices (..., n, n); batches broadcast.

    >>> ct.distributions.MultivariateNormal(ct.zeros(2), ct.eye(2)).log_prob(ct.zeros(2))
    tensor(-1.8379)
    """

    arg_constraints: ClassVar[Any] = {
        "loc": constraints.real_vector,
        **_Covariant.arg_constraints,
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
        name, matrix = self._one_of(covariance_matrix, precision_matrix, scale_tril)
        if loc.ndim < 1 or matrix.ndim < 2 or matrix.shape[-2:] != (loc.shape[-1],) * 2:
            raise ShapeError(
                f"MultivariateNormal: loc of shape {loc.shape} and {name} of shape {matrix.shape}; "
                "give (..., n) and (..., n, n)"
            )
        batch = broadcast_shapes("MultivariateNormal", loc.shape[:-1], matrix.shape[:-2])
        self.loc = loc.expand(*batch, loc.shape[-1])
        vars(self)[name] = matrix.expand(*batch, *matrix.shape[-2:])
        super().__init__(batch, loc.shape[-1:], validate_args=validate_args)
        self._factor = self._factor_of(name, matrix)

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
        return -0.5 * self._squares(value - self.loc) - self._half_log_det() - self._constant

    def _squares(self, away: Any) -> Any:
        """The squared length of vectors in units of the standard deviation of their directions."""
        return standardized(self._factor, away).square().sum(-1)

    @property
    def _constant(self) -> float:
        return self._event_shape[0] * LOG_ROOT_TAU

    def entropy(self) -> Tensor:
        found = self._half_log_det() + (0.5 * self._event_shape[0] + self._constant)
        return found.expand(*self._batch_shape)


class Wishart(_Covariant, ExponentialFamily):
    """The distribution of X X', where the df columns of X are normal vectors of that covariance; df
    is above n - 1, and need be no whole number.

    Shapes:  df (...); matrices (..., n, n); batches broadcast.
    Source:  Bartlett, "On the theory of statistical regression" (1933), for samples; Bishop,
             "Pattern Recognition and Machine Learning" (2006), B.78-82.

    >>> ct.distributions.Wishart(ct.tensor(3.0), ct.eye(2)).mean
    tensor([[3., 0.],
            [0., 3.]])
    """

    support: Any = constraints.positive_definite
    has_rsample = True

    def __init__(
        self,
        df: Any,
        covariance_matrix: Any = None,
        precision_matrix: Any = None,
        scale_tril: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        name, matrix = self._one_of(covariance_matrix, precision_matrix, scale_tril)
        if matrix.ndim < 2 or matrix.shape[-2] != matrix.shape[-1]:
            raise ShapeError(f"Wishart: {name} of shape {matrix.shape}; give (..., n, n)")
        if not isinstance(df, Tensor):
            df = full((), float(df), matrix.dtype, matrix.device)
        batch = broadcast_shapes("Wishart", tuple(df.shape), matrix.shape[:-2])
        self.df = df.expand(*batch)
        vars(self)[name] = matrix.expand(*batch, *matrix.shape[-2:])
        super().__init__(batch, matrix.shape[-2:], validate_args=validate_args)
        self._factor = self._factor_of(name, matrix)

    @property
    def arg_constraints(self) -> Any:  # type: ignore[override]
        """What each parameter must be."""
        above = constraints.greater_than(self._event_shape[-1] - 1)
        return {"df": above, **_Covariant.arg_constraints}

    @property
    def _times(self) -> Any:
        """df, as a factor of matrices."""
        return self.df.unsqueeze(-1).unsqueeze(-1)

    @property
    def mean(self) -> Tensor:
        return self._times * self.covariance_matrix

    @property
    def mode(self) -> Tensor:
        count = self._times - (self._event_shape[-1] + 1)
        return where(count > 0, count, math.nan) * self.covariance_matrix

    @property
    def variance(self) -> Tensor:
        own = self.covariance_matrix
        diagonal = own.diagonal(0, -2, -1)
        return self._times * (own.square() + diagonal.unsqueeze(-1) * diagonal.unsqueeze(-2))

    def _drawn(self, shape: tuple[int, ...]) -> Any:
        """The factor times a triangle of normal numbers, with chi numbers on its diagonal."""
        n, dtype, device = self._event_shape[-1], self._factor.dtype, self._factor.device
        half = 0.5 * (self.df.unsqueeze(-1) - arange(n, dtype=dtype, device=device))
        squares = 2 * standard_gamma(half.expand(*shape[:-1]), None)
        chi = sqrt(clip(squares, min=float(limits_of(dtype).tiny)))
        below = tril(randn(shape, dtype=dtype, device=device), -1)
        factor = matmul(self._factor, below + diag_embed(chi))
        return matmul(factor, factor.swapaxes(-2, -1))

    def rsample(
        self, sample_shape: Sequence[int] = (), max_try_correction: int | None = None
    ) -> Tensor:
        """Values that can be differentiated by the parameters. Those that rounding leaves without
        an inverse are drawn anew, max_try_correction (10) times at most."""
        shape = self._extended_shape(sample_shape)
        drawn = self._drawn(shape)
        tries = 10 if max_try_correction is None else max_try_correction
        for _ in range(tries if self._looks else 0):
            good = self.support.check(drawn.detach())
            if good.all().item():
                break
            drawn = where(good.unsqueeze(-1).unsqueeze(-1), drawn, self._drawn(shape))
        return drawn

    def log_prob(self, value: Any) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        df, n = self.df, self._event_shape[-1]
        spread = (self.precision_matrix * value).sum((-2, -1))
        inside = 0.5 * (df - n - 1) * slogdet(value)[1] - 0.5 * spread
        return inside - self._log_norm()

    def _log_norm(self) -> Any:
        df = self.df
        return df * self._half_log_scale() + mvlgamma(0.5 * df, self._event_shape[-1])

    def _half_log_scale(self) -> Any:
        """Half the logarithm of the determinant of twice the covariance."""
        return self._half_log_det() + 0.5 * math.log(2) * self._event_shape[-1]

    def mean_log_det(self) -> Any:
        """The mean of the logarithm of the determinant."""
        df, n = self.df, self._event_shape[-1]
        total = digamma(0.5 * df)
        for j in range(1, n):
            total = total + digamma(0.5 * (df - j))
        return total + 2 * self._half_log_scale()

    def entropy(self) -> Tensor:
        df, n = self.df, self._event_shape[-1]
        return self._log_norm() - 0.5 * (df - n - 1) * self.mean_log_det() + 0.5 * df * n


def half_log_det(factor: Any) -> Any:
    """Half the logarithm of the determinant of what has this lower Cholesky factor."""
    return log(factor.diagonal(0, -2, -1)).sum(-1)


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
