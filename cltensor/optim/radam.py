"""RAdam."""

from __future__ import annotations

import math
from typing import Any

from cltensor.core.tensor import Tensor
from cltensor.ops.elementwise.functions import sqrt
from cltensor.ops.elementwise.select import minimum
from cltensor.optim.block import Block
from cltensor.optim.moments import correction, moments
from cltensor.optim.optimizer import Optimizer, Params
from cltensor.optim.options import options_of
from cltensor.runtime.kernel import Live


class RAdam(Optimizer):
    """Adam whose steps are small while the mean square is known from few gradients.

        g = grad + weight_decay * p
        m = m + (1 - beta1) * (g - m)
        v = beta2 * v + (1 - beta2) * g * g
        R = 2 / (1 - beta2) - 1,   r = R - 2 * t * beta2**t / (1 - beta2**t)
        s = sqrt((r - 4) * (r - 2) * R / ((R - 4) * (R - 2) * r))
        p = p - lr / (1 - beta1**t) * m * (s * sqrt(1 - beta2**t) / (sqrt(v) + eps)  if r > 5
                                           else 1)

    Args:    params: tensors or groups; decoupled_weight_decay: shrink the weights, as AdamW does;
             maximize: climb instead of descend; the rest as above.
    Raises:  ValueError for a negative option or a beta outside [0, 1).
    Source:  Liu et al. 2020.

    >>> weight = nn.Parameter(ct.tensor([1.0]))
    >>> optimizer = ct.optim.RAdam([weight], lr=0.1)
    >>> (weight**2).sum().backward()
    >>> optimizer.step()
    >>> weight.item() < 1
    True
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
        decoupled_weight_decay: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, options_of(locals()))

    def _state_names(self, group: dict[str, Any]) -> tuple[str, ...]:
        return "exp_avg", "exp_avg_sq"

    def _update(
        self, block: Block, values: Tensor, state: dict[str, Tensor], grad: Tensor
    ) -> Tensor:
        group = block.options
        mean, square = moments(group, state, grad)

        def rectified() -> float:
            return _rectification(group["betas"][1], block.steps)

        def rate() -> float:
            scale = rectified()
            if scale:
                scale *= math.sqrt(correction(group, 1, block.steps))
            return group["lr"] / correction(group, 0, block.steps) * (scale or 1.0)

        # The denominator is sqrt(v) + eps, or 1 while too few gradients are known: one expression
        # for both, whose numbers change. A product with 0 would be NaN where v is infinite.
        most = Live(lambda: math.inf if rectified() else 0.0)
        other = Live(lambda: group["eps"] if rectified() else 1.0)
        return values - Live(rate) * (mean / (minimum(sqrt(square), most) + other))


def _rectification(beta2: float, step: int) -> float:
    """The factor s at a step, 0 while the mean square is not to be relied on."""
    most = 2 / (1 - beta2) - 1
    length = most - 2 * step * beta2**step / (1 - beta2**step)
    if length <= 5:
        return 0.0
    return math.sqrt((length - 4) * (length - 2) * most / ((most - 4) * (most - 2) * length))
