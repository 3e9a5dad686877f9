"""Adamax."""

from __future__ import annotations

from typing import Any

from cltensor.core.tensor import Tensor
from cltensor.ops.elementwise.select import maximum
from cltensor.optim.block import Block
from cltensor.optim.moments import correction, toward
from cltensor.optim.optimizer import Optimizer, Params
from cltensor.optim.options import option, options_of
from cltensor.runtime.kernel import Live


class Adamax(Optimizer):
    """Adam with the largest gradient, which fades, in place of the mean square.

        g = grad + weight_decay * p
        m = m + (1 - beta1) * (g - m)
        u = max(beta2 * u, abs(g) + eps)
        p = p - lr / (1 - beta1**t) * m / u

    Args:    params: tensors or groups; maximize: climb instead of descend; the rest as above.
    Raises:  ValueError for a negative option or a beta outside [0, 1).
    Source:  Kingma and Ba 2015.

    >>> weight = nn.Parameter(ct.tensor([1.0]))
    >>> optimizer = ct.optim.Adamax([weight], lr=0.1)
    >>> (weight**2).sum().backward()
    >>> optimizer.step()
    >>> round(weight.item(), 4)
    0.9
    """

    _keeps_steps = True
    _not_negative = ("lr", "eps", "weight_decay")

    def __init__(
        self,
        params: Params,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, options_of(locals()))

    def _state_names(self, group: dict[str, Any]) -> tuple[str, ...]:
        return "exp_avg", "exp_inf"

    def _update(
        self, block: Block, values: Tensor, state: dict[str, Tensor], grad: Tensor
    ) -> Tensor:
        group = block.options
        state["exp_avg"] = mean = toward(state["exp_avg"], grad, group, 0)
        faded = option(group, "betas", 1) * state["exp_inf"]
        state["exp_inf"] = largest = maximum(faded, abs(grad) + option(group, "eps"))
        rate = Live(lambda: group["lr"] / correction(group, 0, block.steps))
        return values - rate * (mean / largest)
