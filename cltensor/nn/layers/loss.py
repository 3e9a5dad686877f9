"""Losses as modules that keep their options; what each computes is said by its function.

PyTorch's `size_average` and `reduce` stand where it has them among the arguments, and mean what
they do there: they are older words for `reduction`.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

from cltensor.core.checks import number, whole
from cltensor.core.names import with_reduction
from cltensor.errors import ShapeError
from cltensor.nn import functional as F
from cltensor.nn.functional.criteria import check_reduction
from cltensor.nn.layers.linear import Linear
from cltensor.nn.layers.options import WithOptions


class Loss(WithOptions):
    """Base of losses: what becomes of the losses of all elements."""

    #: What may become of the losses of all elements.
    _reductions: tuple[str, ...] = ("mean", "sum", "none")

    def __init__(
        self, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean"
    ) -> None:
        super().__init__()
        kind = type(self).__name__
        older: dict[str, Any] = {"size_average": size_average, "reduce": reduce}
        for name, value in older.items():
            if value is not None and not isinstance(value, bool):
                raise TypeError(
                    f"{kind}: {name} is {value!r}, and PyTorch takes True or False there; give "
                    "reduction by its name"
                )
        with_reduction(kind, ("reduction",), older)
        reduction = older.get("reduction", reduction)
        if reduction not in self._reductions:
            check_reduction(kind, reduction)
        self.reduction = reduction


class WeightedLoss(Loss):
    """Base of losses with a weight of each class or element, which is part of the state."""

    def __init__(
        self,
        weight: Any = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)


class MSELoss(Loss):
    """See `functional.mse_loss`.

    >>> nn.MSELoss()(ct.tensor([1.0, 2.0]), ct.tensor([2.0, 4.0]))
    tensor(2.5000)
    """

    def forward(self, input: Any, target: Any) -> Any:
        """(any shape), the same -> scalar."""
        return F.mse_loss(input, target, reduction=self.reduction)


class L1Loss(Loss):
    """See `functional.l1_loss`.

    >>> nn.L1Loss()(ct.tensor([1.0, 2.0]), ct.tensor([2.0, 4.0]))
    tensor(1.5000)
    """

    def forward(self, input: Any, target: Any) -> Any:
        """(any shape), the same -> scalar."""
        return F.l1_loss(input, target, reduction=self.reduction)


class SmoothL1Loss(Loss):
    """See `functional.smooth_l1_loss`.

    >>> nn.SmoothL1Loss()(ct.tensor([0.0, 0.0]), ct.tensor([0.5, 3.0]))
    tensor(1.3125)
    """

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        beta: float = 1.0,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.beta = beta

    def forward(self, input: Any, target: Any) -> Any:
        """(any shape), the same -> scalar."""
        return F.smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)


class HuberLoss(Loss):
    """See `functional.huber_loss`.

    >>> nn.HuberLoss()(ct.tensor([0.0, 0.0]), ct.tensor([0.5, 3.0]))
    tensor(1.3125)
    """

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction=reduction)
        self.delta = number("HuberLoss", "delta", delta)

    def forward(self, input: Any, target: Any) -> Any:
        """(any shape), the same -> scalar."""
        return F.huber_loss(input, target, self.reduction, self.delta)


class BCELoss(WeightedLoss):
    """See `functional.binary_cross_entropy`.

    >>> nn.BCELoss()(ct.tensor([0.5]), ct.tensor([1.0]))
    tensor(0.6931)
    """

    def forward(self, input: Any, target: Any) -> Any:
        """(any shape), the same -> scalar."""
        return F.binary_cross_entropy(input, target, self.weight, reduction=self.reduction)


class BCEWithLogitsLoss(WeightedLoss):
    """See `functional.binary_cross_entropy_with_logits`.

    >>> nn.BCEWithLogitsLoss()(ct.tensor([0.0]), ct.tensor([1.0]))
    tensor(0.6931)
    """

    def __init__(
        self,
        weight: Any = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        pos_weight: Any = None,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.register_buffer("pos_weight", pos_weight)

    def forward(self, input: Any, target: Any) -> Any:
        """(any shape), the same -> scalar."""
        return F.binary_cross_entropy_with_logits(
            input, target, self.weight, reduction=self.reduction, pos_weight=self.pos_weight
        )


class NLLLoss(WeightedLoss):
    """See `functional.nll_loss`.

    >>> nn.NLLLoss()(ct.tensor([[-1.0, -2.0]]), ct.tensor([1]))
    tensor(2.)
    """

    def __init__(
        self,
        weight: Any = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index

    def forward(self, input: Any, target: Any) -> Any:
        """(N, C, ...), (N, ...) -> scalar."""
        return F.nll_loss(
            input, target, self.weight, ignore_index=self.ignore_index, reduction=self.reduction
        )


class NLLLoss2d(NLLLoss):
    """NLLLoss under the name that it had for images before PyTorch 0.2. Warns of that.

    >>> import warnings
    >>> scores = F.log_softmax(ct.zeros(1, 2, 2, 2), axis=1)
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     loss = nn.NLLLoss2d()
    ...
    >>> loss(scores, ct.zeros(1, 2, 2, dtype=ct.int64))
    tensor(0.6931)
    """

    def __init__(
        self,
        weight: Any = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        warnings.warn("NLLLoss2d is deprecated; use NLLLoss", FutureWarning, stacklevel=2)
        super().__init__(weight, size_average, ignore_index, reduce, reduction)


class CrossEntropyLoss(WeightedLoss):
    """See `functional.cross_entropy`.

    >>> nn.CrossEntropyLoss()(ct.tensor([[0.0, 0.0]]), ct.tensor([1]))
    tensor(0.6931)
    """

    def __init__(
        self,
        weight: Any = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def forward(self, input: Any, target: Any) -> Any:
        """(N, C, ...), (N, ...) -> scalar."""
        return F.cross_entropy(
            input, target, self.weight, ignore_index=self.ignore_index,
            reduction=self.reduction, label_smoothing=self.label_smoothing,
        )  # fmt: skip


class LinearCrossEntropyLoss(WeightedLoss):
    """The cross entropy of a linear map; see `functional.linear_cross_entropy`.

    Args:    out_features: sizes (d1, ...) of labels (N, d1, ...); options: PyTorch's advice on
             memory, which changes nothing. The others are as for Linear and CrossEntropyLoss.
    State:   linear.weight (num_classes * d1 * ..., in_features), linear.bias, weight.

    >>> nn.LinearCrossEntropyLoss(4, 3)(ct.ones(2, 4), ct.tensor([0, 2])).shape
    Size([])
    """

    _shown = (
        "num_classes", "out_features", "bias", "reduction", "ignore_index", "label_smoothing",
        "options",
    )  # fmt: skip

    def __init__(
        self,
        in_features: int,
        num_classes: int,
        *,
        out_features: tuple[int, ...] = (),
        bias: bool = False,
        device: Any = None,
        dtype: Any = None,
        reduction: str = "mean",
        weight: Any = None,
        ignore_index: int | None = None,
        label_smoothing: float = 0.0,
        options: Any = None,
    ) -> None:
        kind = "LinearCrossEntropyLoss"
        super().__init__(weight, reduction=reduction)
        self.num_classes = whole(kind, "num_classes", num_classes, 1)
        if weight is not None and tuple(weight.shape) != (num_classes,):
            raise ShapeError(
                f"{kind}: weight has shape {tuple(weight.shape)}; give ({num_classes},)"
            )
        if not 0 <= number(kind, "label_smoothing", label_smoothing) <= 1:
            raise ValueError(f"{kind}: label_smoothing is {label_smoothing}; use 0 to 1")
        self.out_features = out_features
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing
        outputs = math.prod(out_features, start=num_classes)
        self.linear = Linear(in_features, outputs, bias, device, dtype)
        self.options = options

    def forward(self, input: Any, target: Any) -> Any:
        """(N, in_features), (N, *out_features) -> scalar."""
        outer, bias = (self.num_classes, *self.out_features), self.linear.bias
        return F.linear_cross_entropy(
            input,
            self.linear.weight.reshape(*outer, self.linear.in_features),
            target,
            linear_bias=None if bias is None else bias.reshape(outer),
            weight=self.weight,
            reduction=self.reduction,
            ignore_index=self.ignore_index,
            label_smoothing=self.label_smoothing,
        )

    def extra_repr(self) -> str:
        """See Module."""
        shown = {name: getattr(self, name, None) for name in self._shown}
        shown["bias"] = self.linear.bias is not None
        given = [f"{name}={value}" for name, value in shown.items()]
        return ", ".join([f"in_features={self.linear.in_features}", *given])


class KLDivLoss(Loss):
    """See `functional.kl_div`; reduction may be "batchmean" too.

    >>> nn.KLDivLoss(reduction="batchmean")(
    ...     ct.tensor([[0.5, 0.5]]).log(), ct.tensor([[0.5, 0.5]])
    ... )
    tensor(0.)
    """

    _reductions = (*Loss._reductions, "batchmean")

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        log_target: bool = False,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_target = log_target

    def forward(self, input: Any, target: Any) -> Any:
        """(any shape), the same -> scalar."""
        return F.kl_div(input, target, reduction=self.reduction, log_target=self.log_target)


class PoissonNLLLoss(Loss):
    """See `functional.poisson_nll_loss`.

    >>> nn.PoissonNLLLoss()(ct.zeros(2), ct.ones(2))
    tensor(1.)
    """

    def __init__(
        self,
        log_input: bool = True,
        full: bool = False,
        size_average: bool | None = None,
        eps: float = 1e-8,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_input, self.full, self.eps = log_input, full, eps

    def forward(self, log_input: Any, target: Any) -> Any:
        """(any shape), the same -> scalar."""
        return F.poisson_nll_loss(
            log_input, target, self.log_input, self.full, eps=self.eps, reduction=self.reduction
        )


class GaussianNLLLoss(Loss):
    """See `functional.gaussian_nll_loss`.

    >>> nn.GaussianNLLLoss()(ct.zeros(2), ct.zeros(2), ct.ones(2))
    tensor(0.)
    """

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.full, self.eps = full, eps

    def forward(self, input: Any, target: Any, var: Any) -> Any:
        """(N, ...), the same, the same or (N, ..., 1) -> scalar."""
        return F.gaussian_nll_loss(input, target, var, self.full, self.eps, self.reduction)


class CTCLoss(Loss):
    """See `functional.ctc_loss`.

    >>> scores = ct.zeros(4, 1, 3).log_softmax(-1)
    >>> nn.CTCLoss()(scores, ct.tensor([[1, 2]]), ct.tensor([4]), ct.tensor([2])).item() > 0
    True
    """

    def __init__(
        self, blank: int = 0, reduction: str = "mean", zero_infinity: bool = False
    ) -> None:
        super().__init__(reduction=reduction)
        self.blank, self.zero_infinity = blank, zero_infinity

    def forward(self, log_probs: Any, targets: Any, input_lengths: Any, target_lengths: Any) -> Any:
        """(T, N, C), (N, S), (N,), (N,) -> scalar."""
        return F.ctc_loss(
            log_probs, targets, input_lengths, target_lengths, self.blank, self.reduction,
            self.zero_infinity,
        )  # fmt: skip
