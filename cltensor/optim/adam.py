"""Adam and AdamW."""

from __future__ import annotations

import math
from typing import Any

from cltensor.core.tensor import Tensor
from cltensor.ops.elementwise.functions import sqrt
from cltensor.ops.elementwise.select import maximum
from cltensor.optim.block import Block
from cltensor.optim.moments import moments
from cltensor.optim.optimizer import Optimizer, Params
from cltensor.optim.options import options_of
from cltensor.runtime.kernel import Live


class Adam(Optimizer):
    """Gradient descent with running estimates of each gradient's mean and square.

        g = grad + weight_decay * p
        m = m + (1 - beta1) * (g - m)
        v = beta2 * v + (1 - beta2) * g * g
        p = p - lr / (1 - beta1**t) * m / (sqrt(v) / sqrt(1 - beta2**t) + eps)

    Args:    params: tensors or groups; amsgrad: divide by the largest v so far;
             maximize: climb instead of descend; decoupled_weight_decay: as in AdamW;
             the rest as above.
    Raises:  ValueError for a negative option or a beta outside [0, 1).
    Source:  Kingma and Ba 2015; amsgrad: Reddi, Kale and Kumar 2018.

    >>> weight = nn.Parameter(ct.tensor([1.0]))
    >>> optimizer = ct.optim.Adam([weight], lr=0.1)
    >>> (weight**2).sum().backward()
    >>> optimizer.step()
    >>> round(weight.item(), 4)
    0.9
    """

    _keeps_steps = True
    _not_negative = ("lr", "eps", "weight_decay")
    _switches = ("maximize", "decoupled_weight_decay")

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        decoupled_weight_decay: bool = False,
    ) -> None:
        super().__init__(params, options_of(locals()))

    def _state_names(self, group: dict[str, Any]) -> tuple[str, ...]:
        return ("exp_avg", "exp_avg_sq", "max_exp_avg_sq")[: 3 if group["amsgrad"] else 2]

    def _update(
        self, block: Block, values: Tensor, state: dict[str, Tensor], grad: Tensor
    ) -> Tensor:
        group = block.options
        mean, square = moments(group, state, grad)
        if group["amsgrad"]:
            state["max_exp_avg_sq"] = square = maximum(state["max_exp_avg_sq"], square)

        # The root's correction multiplies out of the denominator: one division less per element.
        def scale() -> float:
            return math.sqrt(1 - group["betas"][1] ** block.steps)

        rate = Live(lambda: group["lr"] * scale() / (1 - group["betas"][0] ** block.steps))
        small = Live(lambda: group["eps"] * scale())
        return values - rate * (mean / (sqrt(square) + small))


class AdamW(Adam):
    """Adam whose weight decay shrinks the weights instead of entering the gradient.

        p = p * (1 - lr * weight_decay), then Adam's step with g = grad

    Source:  Loshchilov and Hutter 2019.

    >>> weight = nn.Parameter(ct.tensor([1.0]))
    >>> optimizer = ct.optim.AdamW([weight], lr=0.1, weight_decay=0.1)
    >>> (weight**2).sum().backward()
    >>> optimizer.step()
    >>> round(weight.item(), 4)
    0.89
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        options = options_of(locals())
        super().__init__(params, **options, decoupled_weight_decay=True)
