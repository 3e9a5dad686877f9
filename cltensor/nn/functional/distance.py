"""Distances and similarities."""

from __future__ import annotations

from typing import Any

import numpy as np

from cltensor.core.composite import composite
from cltensor.core.tensor import Tensor
from cltensor.errors import ShapeError
from cltensor.ops.elementwise.select import clip
from cltensor.ops.index.pick import take
from cltensor.ops.linalg.norms import norm
from cltensor.ops.shape.alike import broadcast_tensors


@composite(method=False)
def cosine_similarity(x1: Any, x2: Any, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """The cosine of the angle between x1 and x2 along `dim`; they broadcast. A length below eps
    counts as eps.

    >>> F.cosine_similarity(ct.tensor([[1.0, 0.0]]), ct.tensor([[1.0, 1.0]]))
    tensor([0.7071])
    """
    unit = []
    for x in broadcast_tensors(x1, x2):
        length = norm(x, 2, dim, True)
        # The bound is no part of the function that is differentiated, as in PyTorch.
        unit.append(x / (length + (clip(length, eps) - length).detach()))
    return (unit[0] * unit[1]).sum(dim)


@composite(method=False)
def pairwise_distance(
    x1: Any, x2: Any, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Tensor:
    """The p-norm of x1 - x2 + eps along the last axis; they broadcast.

    >>> F.pairwise_distance(ct.tensor([[3.0, 0.0]]), ct.tensor([[0.0, 4.0]]), eps=0.0)
    tensor([5.])
    """
    return norm(x1 - x2 + eps, p, -1, keepdim)


@composite(method=False)
def pdist(input: Any, p: float = 2.0) -> Tensor:
    """The p-norms of the differences of all pairs of rows, of the first with the others, then of
    the second with those after it, and so on.

    Args:    input (N, M).
    Returns: (N * (N - 1) / 2,).

    >>> F.pdist(ct.tensor([[0.0, 0.0], [3.0, 4.0]]))
    tensor([5.])
    """
    if input.ndim != 2:
        raise ShapeError(f"pdist: input has shape {tuple(input.shape)}; give (N, M)")
    first, second = [Tensor.from_numpy(i, input.device) for i in np.triu_indices(input.shape[0], 1)]
    return norm(take(input, first, 0) - take(input, second, 0), p, -1)
