"""NAdam."""

from __future__ import annotations

from typing import Any

from cltensor.core.tensor import Tensor
from cltensor.ops.elementwise.functions import sqrt
from cltensor.optim.block import Block
from cltensor.optim.moments import correction, moments
from cltensor.optim.optimizer import Optimizer, Params
from cltensor.optim.options import Options, option, options_of
from cltensor.runtime.kernel import Live


class NAdam(Optimizer):
    """Adam with Nesterov's momentum.

        g = grad + weight_decay * p
        mu(t) = beta1 * (1 - 0.96**(t * momentum_decay) / 2),   M = mu(1) * ... * mu(t)
        m = m + (1 - beta1) * (g - m)
        v = beta2 * v + (1 - beta2) * g * g
        p = p - lr * ((1 - mu(t)) / (1 - M) * g + mu(t + 1) / (1 - M * mu(t + 1)) * m)
              / (sqrt(v / (1 - beta2**t)) + eps)

    Args:    params: tensors or groups; decoupled_weight_decay: shrink the weights, as AdamW does;
             maximize: climb instead of descend; the rest as above.
    Raises:  ValueError for a negative option or a beta outside [0, 1).
    Source:  Dozat 2016.

    >>> weight = nn.Parameter(ct.tensor([1.0]))
    >>> optimizer = ct.optim.NAdam([weight], lr=0.1)
    >>> (weight**2).sum().backward()
    >>> optimizer.step()
    >>> weight.item() < 1
    True
    """

    _keeps_steps = True
    _not_negative = ("lr", "eps", "weight_decay", "momentum_decay")
    _switches = ("maximize", "decoupled_weight_decay")

    def __init__(
        self,
        params: Params,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, options_of(locals()))

    def _state_names(self, group: dict[str, Any]) -> tuple[str, ...]:
        return "exp_avg", "exp_avg_sq"

    def _numbers(self, options: Options) -> dict[str, float]:
        return {"mu_product": 1.0}

    def _count(self, block: Block) -> None:
        super()._count(block)
        block.numbers["mu_product"] *= _mu(block.options, block.steps)

    def _update(
        self, block: Block, values: Tensor, state: dict[str, Tensor], grad: Tensor
    ) -> Tensor:
        group, numbers = block.options, block.numbers
        mean, square = moments(group, state, grad)

        def of_gradient() -> float:
            return group["lr"] * (1 - _mu(group, block.steps)) / (1 - numbers["mu_product"])

        def of_mean() -> float:
            mu = _mu(group, block.steps + 1)
            return group["lr"] * mu / (1 - numbers["mu_product"] * mu)

        scale = Live(lambda: 1 / correction(group, 1, block.steps))
        step = Live(of_gradient) * grad + Live(of_mean) * mean
        return values - step / (sqrt(scale * square) + option(group, "eps"))


def _mu(group: Options, step: int) -> float:
    return float(group["betas"][0] * (1 - 0.5 * 0.96 ** (step * group["momentum_decay"])))
