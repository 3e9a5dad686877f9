"""Lion."""

from __future__ import annotations

from typing import Any

from cltensor.core.tensor import Tensor
from cltensor.ops.elementwise.rounding import sign
from cltensor.optim.block import Block
from cltensor.optim.moments import toward
from cltensor.optim.optimizer import Optimizer, Params
from cltensor.optim.options import option, options_of


class Lion(Optimizer):
    """Steps by the signs of a momentum, with one state for each weight.

        p = p * (1 - lr * weight_decay)
        p = p - lr * sign(m + (1 - beta1) * (grad - m))
        m = m + (1 - beta2) * (grad - m)

    Args:    params: tensors or groups; maximize: climb instead of descend; the rest as above.
    Raises:  ValueError for a negative option or a beta outside [0, 1).
    Source:  Chen et al. 2023.

    >>> weight = nn.Parameter(ct.tensor([1.0]))
    >>> optimizer = ct.optim.Lion([weight], lr=0.1)
    >>> (weight**2).sum().backward()
    >>> optimizer.step()
    >>> round(weight.item(), 4)
    0.9
    """

    _not_negative = ("lr", "weight_decay")
    _decoupled = True

    def __init__(
        self,
        params: Params,
        lr: float = 1e-4,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, options_of(locals()))

    def _state_names(self, group: dict[str, Any]) -> tuple[str, ...]:
        return ("exp_avg",)

    def _update(
        self, block: Block, values: Tensor, state: dict[str, Tensor], grad: Tensor
    ) -> Tensor:
        group, mean = block.options, state["exp_avg"]
        state["exp_avg"] = toward(mean, grad, group, 1)
        return values - option(group, "lr") * sign(toward(mean, grad, group, 0))
