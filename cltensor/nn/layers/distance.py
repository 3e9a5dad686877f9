"""Layers that compare two inputs."""

from __future__ import annotations

from typing import Any

from cltensor.nn import functional as F
from cltensor.nn.module import Module


class PairwiseDistance(Module):
    """The p-norm of x1 - x2 + eps along the last axis.

    >>> nn.PairwiseDistance(eps=0.0)(ct.tensor([[3.0, 0.0]]), ct.tensor([[0.0, 4.0]]))
    tensor([5.])
    """

    def __init__(self, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> None:
        super().__init__()
        self.norm, self.eps, self.keepdim = p, eps, keepdim

    def forward(self, x1: Any, x2: Any) -> Any:
        """(N, D) or (D,), both -> (N,) or ()."""
        return F.pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim)


class CosineSimilarity(Module):
    """The cosine of the angle between x1 and x2 along `dim`.

    >>> nn.CosineSimilarity()(ct.tensor([[1.0, 0.0]]), ct.tensor([[0.0, 1.0]]))
    tensor([0.])
    """

    def __init__(self, dim: int = 1, eps: float = 1e-8) -> None:
        super().__init__()
        self.dim, self.eps = dim, eps

    def forward(self, x1: Any, x2: Any) -> Any:
        """(..., D, ...), both -> the same without that axis."""
        return F.cosine_similarity(x1, x2, self.dim, self.eps)
