"""Functions from vectors to points of the simplex and to matrices of a kind."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from cltensor.core.tensor import Tensor
from cltensor.distributions import constraints
from cltensor.distributions.transform_base import Transform
from cltensor.errors import ShapeError
from cltensor.halves import limits_of
from cltensor.ops.create import arange
from cltensor.ops.elementwise.activation import log1p_exp
from cltensor.ops.elementwise.functions import atanh, exp, log, sqrt, tanh
from cltensor.ops.elementwise.select import clip
from cltensor.ops.index.pick import index_select
from cltensor.ops.linalg.cholesky import cholesky
from cltensor.ops.linalg.matmul import matmul
from cltensor.ops.reduce.running import cumprod
from cltensor.ops.reduce.scan import cumsum
from cltensor.ops.shape.cut import flip
from cltensor.ops.shape.join import pad, tril
from cltensor.ops.shape.stacks import diag_embed
from cltensor.ops.shape.view import reshape


class _OfVectors(Transform):
    """Base of transforms of vectors without parameters."""

    _ALIKE = ()
    domain: Any = constraints.real_vector

    def _with_last(self, shape: Sequence[int], last: int) -> tuple[int, ...]:
        """The shape with another last axis, or the number `last` more there."""
        if not shape:
            raise ShapeError(f"{type(self).__name__}: a value has no axis; give vectors")
        return (*shape[:-1], shape[-1] + last)


class SoftmaxTransform(_OfVectors):
    """y = e^x over its sum along the last axis, whose inverse is taken to be log y.

    >>> ct.distributions.SoftmaxTransform()(ct.zeros(2))
    tensor([0.5000, 0.5000])
    """

    bijective = False
    codomain = constraints.simplex

    def _call(self, x: Any) -> Any:
        return x.softmax(-1)

    def _inverse(self, y: Any) -> Any:
        return log(y)

    def forward_shape(self, shape: Sequence[int]) -> Any:
        return self._with_last(shape, 0)

    inverse_shape = forward_shape


def _padded(x: Any, before: int, after: int, value: float) -> Any:
    """x with so many elements of that value around it along the last axis."""
    return pad(x, (before, after), value=value)


def _left_from(x: Any) -> Any:
    """The sums along the last axis of each element and those behind it."""
    return flip(cumsum(flip(x, -1), -1), -1)


class StickBreakingTransform(_OfVectors):
    """The points of the simplex with one element more: each takes the part sigmoid(x - log(k)) of
    what those before it left, where k elements follow.

    Source:  Stan Reference Manual, "Unit simplex".

    >>> ct.distributions.StickBreakingTransform()(ct.zeros(2)).sum()
    tensor(1.)
    """

    codomain = constraints.simplex

    @staticmethod
    def _shifted(x: Any, sign: int) -> Any:
        """x less (sign 1) or more (-1) the logarithm of how many elements follow each."""
        follow = arange(x.shape[-1], 0, -1, dtype=x.dtype, device=x.device)
        return x - sign * log(follow)

    def _call(self, x: Any) -> Any:
        x = self._shifted(x, 1)
        left = cumprod((-x).sigmoid(), -1)
        return _padded(x.sigmoid(), 0, 1, 1.0) * _padded(left, 1, 0, 1.0)

    def _inverse(self, y: Any) -> Any:
        behind = clip(_left_from(y)[..., 1:], min=float(limits_of(y.dtype).tiny))
        return self._shifted(log(y[..., :-1]) - log(behind), -1)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return (log(y[..., :-1]) - log1p_exp(self._shifted(x, 1))).sum(-1)

    def forward_shape(self, shape: Sequence[int]) -> Any:
        return self._with_last(shape, 1)

    def inverse_shape(self, shape: Sequence[int]) -> Any:
        return self._with_last(shape, -1)


def _on_diagonal(x: Any, function: Any) -> Any:
    """The lower triangle of x, with the function of its diagonal."""
    return tril(x, -1) + diag_embed(function(x.diagonal(0, -2, -1)))


class LowerCholeskyTransform(Transform):
    """Lower triangular matrices with a positive diagonal: e to that of x.

    >>> ct.distributions.LowerCholeskyTransform()(ct.zeros(2, 2))
    tensor([[1., 0.],
            [0., 1.]])
    """

    _ALIKE = ()
    domain = constraints.independent(constraints.real, 2)
    codomain = constraints.lower_cholesky

    def _call(self, x: Any) -> Any:
        return _on_diagonal(x, exp)

    def _inverse(self, y: Any) -> Any:
        return _on_diagonal(y, log)


class PositiveDefiniteTransform(Transform):
    """Positive definite matrices: the product of L, as LowerCholeskyTransform gives, and its
    transpose.

    >>> ct.distributions.PositiveDefiniteTransform()(ct.zeros(2, 2))
    tensor([[1., 0.],
            [0., 1.]])
    """

    _ALIKE = ()
    domain = constraints.independent(constraints.real, 2)
    codomain = constraints.positive_definite

    def _call(self, x: Any) -> Any:
        factor = _on_diagonal(x, exp)
        return matmul(factor, factor.swapaxes(-2, -1))

    def _inverse(self, y: Any) -> Any:
        return _on_diagonal(cholesky(y), log)


def _below_diagonal(n: int) -> tuple[np.ndarray, np.ndarray]:
    """The rows and columns of the elements below the diagonal, row by row."""
    return np.tril_indices(n, -1)


def _picked(x: Any, places: np.ndarray) -> Any:
    return index_select(x, -1, Tensor.from_numpy(places.astype("int64"), x.device))


class CorrCholeskyTransform(_OfVectors):
    """Cholesky factors of correlation matrices of size n from vectors of n (n - 1) / 2 elements:
    partial correlations r = tanh(x), row by row. Element k of a row is r_k times the root of what
    the squares before it leave of 1, and the last takes what is left.

    Source:  Lewandowski, Kurowicka and Joe, "Generating random correlation matrices based on vines
             and extended onion method" (2009); Stan Reference Manual, "Cholesky factors of
             correlation matrices".

    >>> ct.distributions.CorrCholeskyTransform()(ct.zeros(1))
    tensor([[1., 0.],
            [0., 1.]])
    """

    codomain = constraints.corr_cholesky

    @staticmethod
    def _size_of(count: int) -> int:
        n = (1 + math.isqrt(1 + 8 * count)) // 2
        if n * (n - 1) // 2 != count:
            raise ShapeError(
                f"CorrCholeskyTransform: {count} is the number of elements below no diagonal; give "
                "vectors of n (n - 1) / 2"
            )
        return n

    def _call(self, x: Any) -> Any:
        n = self._size_of(x.shape[-1])
        eps = float(limits_of(x.dtype).eps)
        rows, columns = _below_diagonal(n)
        places = np.full((n, n), x.shape[-1])  # of a 0 behind the elements
        places[rows, columns] = np.arange(x.shape[-1])
        r = _padded(clip(tanh(x), -1 + eps, 1 - eps), 0, 1, 0.0)
        r = reshape(_picked(r, places.ravel()), (*x.shape[:-1], n, n))
        left = cumprod(sqrt((1 - r) * (1 + r)), -1)[..., :-1]
        ones = diag_embed(left[..., 0] * 0 + 1)
        return (r + ones) * _padded(left, 1, 0, 1.0)

    def _inverse(self, y: Any) -> Any:
        n = y.shape[-1]
        rows, columns = _below_diagonal(n)
        left = sqrt(clip(_left_from(y * y), min=float(limits_of(y.dtype).tiny)))
        flat = (*y.shape[:-2], n * n)
        eps = float(limits_of(y.dtype).eps)
        r = _picked(reshape(y / left, flat), rows * n + columns)
        return atanh(clip(r, -1 + eps, 1 - eps))

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        # With s = log(dr/dx) = log(1 - r^2), element (i, j) has the slope s_ij and the half of the
        # s before it in its row: each s_ij counts for the i - 1 - j elements behind it too.
        rows, columns = _below_diagonal(self._size_of(x.shape[-1]))
        counts = (1 + (rows - 1 - columns) / 2).astype(x.dtype)
        s = 2 * (math.log(2) - x - log1p_exp(-2 * x))
        return (s * Tensor.from_numpy(counts, x.device)).sum(-1)

    def forward_shape(self, shape: Sequence[int]) -> Any:
        n = self._size_of(self._with_last(shape, 0)[-1])
        return (*shape[:-1], n, n)

    def inverse_shape(self, shape: Sequence[int]) -> Any:
        if len(shape) < 2 or shape[-2] != shape[-1]:
            raise ShapeError(f"CorrCholeskyTransform: a shape {tuple(shape)} is of no matrices")
        return (*shape[:-2], shape[-1] * (shape[-1] - 1) // 2)
