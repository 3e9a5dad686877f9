"""`ct.distributions.utils`: what programs that define distributions of their own ask for."""

from __future__ import annotations

from functools import cached_property
from sys import modules as _modules
from typing import Any

from cltensor.core.names import name_all as _name_all
from cltensor.core.suggestions import suggest as _suggest
from cltensor.core.tensor import Tensor
from cltensor.distributions import distribution
from cltensor.distributions.distribution import clamp_probs
from cltensor.errors import ShapeError
from cltensor.ops.create import zeros
from cltensor.ops.elementwise.activation import sigmoid
from cltensor.ops.elementwise.functions import log, log1p
from cltensor.ops.shape.stacks import tril_indices

__all__ = [
    "broadcast_all",
    "clamp_probs",
    "lazy_property",
    "logits_to_probs",
    "probs_to_logits",
    "tril_matrix_to_vec",
    "vec_to_tril_matrix",
]

#: An attribute that is computed when it is first asked for.
lazy_property = cached_property


def broadcast_all(*values: Any) -> tuple[Tensor, ...]:
    """Tensors of one shape for tensors and numbers.

    Raises:  ValueError for what is neither; ShapeError for shapes that do not broadcast.
    """
    return tuple(distribution.broadcast_all(*values))


def logits_to_probs(logits: Any, is_binary: bool = False) -> Any:
    """Chances from logarithms of odds (is_binary), or from logarithms along the last axis."""
    return sigmoid(logits) if is_binary else logits.softmax(-1)


def probs_to_logits(probs: Any, is_binary: bool = False) -> Any:
    """Logarithms of odds (is_binary), or logarithms; chances of 0 and 1 count as a rounding off."""
    inside = clamp_probs(probs)
    return log(inside) - log1p(-inside) if is_binary else log(inside)


def tril_matrix_to_vec(mat: Any, diag: int = 0) -> Any:
    """The elements (..., D, D) up to diagonal `diag` as (..., N), row by row.

    Raises:  ValueError for a diagonal that a matrix of D rows has not.
    """
    n = mat.shape[-1]
    if not -n <= diag < n:
        raise ValueError(f"tril_matrix_to_vec: diag is {diag}; give {-n} to {n - 1}")
    rows, columns = tril_indices(n, n, diag, device=mat.device)
    return mat[..., rows, columns]


def vec_to_tril_matrix(vec: Any, diag: int = 0) -> Any:
    """(..., N) elements as (..., D, D), row by row up to diagonal `diag`, and 0 above.

    Raises:  ShapeError for an N that no D has.
    """
    count, n = vec.shape[-1], max(1, -diag)
    while (found := _count(n, diag)) < count:
        n += 1
    if found != count:
        raise ShapeError(
            f"vec_to_tril_matrix: no matrix has {count} elements up to diagonal {diag}; one of "
            f"{n} rows has {found}"
        )
    matrix = zeros((*vec.shape[:-1], n, n), dtype=vec.dtype, device=vec.device)
    rows, columns = tril_indices(n, n, diag, device=vec.device)
    matrix[..., rows, columns] = vec
    return matrix


def _count(n: int, diag: int) -> int:
    return sum(min(max(row + 1 + diag, 0), n) for row in range(n))


_name_all(globals(), [name for name in __all__ if name != "lazy_property"])
_suggest(_modules[__name__])
