"""Losses with a margin, as modules that keep their options."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cltensor.core.checks import number
from cltensor.errors import ShapeError
from cltensor.nn import functional as F
from cltensor.nn.layers.distance import PairwiseDistance
from cltensor.nn.layers.loss import Loss, WeightedLoss


class _MarginLoss(Loss):
    """What losses with a margin, 0 or more, share."""

    def __init__(
        self,
        margin: float = 0.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin


class HingeEmbeddingLoss(_MarginLoss):
    """See `functional.hinge_embedding_loss`.

    >>> nn.HingeEmbeddingLoss()(ct.tensor([0.5, 2.0]), ct.tensor([1.0, -1.0]))
    tensor(0.2500)
    """

    def __init__(
        self,
        margin: float = 1.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(margin, size_average, reduce, reduction)

    def forward(self, input: Any, target: Any) -> Any:
        """(any shape), the same -> scalar."""
        return F.hinge_embedding_loss(input, target, self.margin, reduction=self.reduction)


class CosineEmbeddingLoss(_MarginLoss):
    """See `functional.cosine_embedding_loss`.

    >>> x = ct.tensor([[1.0, 0.0]])
    >>> nn.CosineEmbeddingLoss()(x, x, ct.tensor([1.0]))
    tensor(0.)
    """

    def forward(self, input1: Any, input2: Any, target: Any) -> Any:
        """(N, D), (N, D), (N,) -> scalar."""
        return F.cosine_embedding_loss(
            input1, input2, target, self.margin, reduction=self.reduction
        )


class MarginRankingLoss(_MarginLoss):
    """See `functional.margin_ranking_loss`.

    >>> nn.MarginRankingLoss()(ct.tensor([1.0]), ct.tensor([3.0]), ct.tensor([1.0]))
    tensor(2.)
    """

    def forward(self, input1: Any, input2: Any, target: Any) -> Any:
        """(N,), (N,), (N,) -> scalar."""
        return F.margin_ranking_loss(input1, input2, target, self.margin, reduction=self.reduction)


class SoftMarginLoss(Loss):
    """See `functional.soft_margin_loss`.

    >>> nn.SoftMarginLoss()(ct.zeros(2), ct.ones(2))
    tensor(0.6931)
    """

    def forward(self, input: Any, target: Any) -> Any:
        """(any shape), the same -> scalar."""
        return F.soft_margin_loss(input, target, reduction=self.reduction)


class MultiLabelMarginLoss(Loss):
    """See `functional.multilabel_margin_loss`.

    >>> nn.MultiLabelMarginLoss()(ct.tensor([[0.1, 0.2, 0.4]]), ct.tensor([[2, -1, 0]]))
    tensor(0.5000)
    """

    def forward(self, input: Any, target: Any) -> Any:
        """(N, C), the same -> scalar."""
        return F.multilabel_margin_loss(input, target, reduction=self.reduction)


class MultiLabelSoftMarginLoss(WeightedLoss):
    """See `functional.multilabel_soft_margin_loss`.

    >>> nn.MultiLabelSoftMarginLoss()(ct.zeros(1, 2), ct.tensor([[1.0, 0.0]]))
    tensor(0.6931)
    """

    def forward(self, input: Any, target: Any) -> Any:
        """(N, C), the same -> scalar."""
        return F.multilabel_soft_margin_loss(input, target, self.weight, reduction=self.reduction)


class MultiMarginLoss(WeightedLoss):
    """See `functional.multi_margin_loss`.

    >>> nn.MultiMarginLoss()(ct.tensor([[0.1, 0.2, 0.4]]), ct.tensor([2]))
    tensor(0.5000)
    """

    def __init__(
        self,
        p: int = 1,
        margin: float = 1.0,
        weight: Any = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        if p not in (1, 2):
            raise ValueError(f"MultiMarginLoss: p is {p}; use 1 or 2")
        if weight is not None and weight.ndim != 1:
            raise ShapeError(
                f"MultiMarginLoss: weight has shape {tuple(weight.shape)}; give one for each class"
            )
        self.p, self.margin = p, margin

    def forward(self, input: Any, target: Any) -> Any:
        """(N, C), (N,) -> scalar."""
        return F.multi_margin_loss(
            input, target, self.p, self.margin, self.weight, reduction=self.reduction
        )


class TripletMarginLoss(Loss):
    """See `functional.triplet_margin_loss`.

    >>> nn.TripletMarginLoss()(ct.zeros(1, 2), ct.zeros(1, 2), ct.ones(1, 2)).item() < 1
    True
    """

    def __init__(
        self,
        margin: float = 1.0,
        p: float = 2.0,
        eps: float = 1e-6,
        swap: bool = False,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = _positive("TripletMarginLoss", margin)
        self.p, self.eps, self.swap = p, eps, swap

    def forward(self, anchor: Any, positive: Any, negative: Any) -> Any:
        """(N, D), (N, D), (N, D) -> scalar."""
        return F.triplet_margin_loss(
            anchor, positive, negative, self.margin, self.p, self.eps, self.swap,
            reduction=self.reduction,
        )  # fmt: skip


class TripletMarginWithDistanceLoss(Loss):
    """See `functional.triplet_margin_with_distance_loss`.

    >>> nn.TripletMarginWithDistanceLoss()(
    ...     ct.zeros(1, 2), ct.zeros(1, 2), ct.ones(1, 2)
    ... ).item() < 1
    True
    """

    def __init__(
        self,
        *,
        distance_function: Callable[[Any, Any], Any] | None = None,
        margin: float = 1.0,
        swap: bool = False,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction=reduction)
        self.distance_function = distance_function or PairwiseDistance()
        self.margin = _positive("TripletMarginWithDistanceLoss", margin)
        self.swap = swap

    def forward(self, anchor: Any, positive: Any, negative: Any) -> Any:
        """(N, D), (N, D), (N, D) -> scalar."""
        return F.triplet_margin_with_distance_loss(
            anchor, positive, negative, distance_function=self.distance_function,
            margin=self.margin, swap=self.swap, reduction=self.reduction,
        )  # fmt: skip


def _positive(kind: str, margin: float) -> float:
    if number(kind, "margin", margin) <= 0:
        raise ValueError(f"{kind}: margin is {margin}; it must be positive")
    return margin
