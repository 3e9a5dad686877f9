"""RMSprop."""

from __future__ import annotations

from typing import Any

from cltensor.core.tensor import Tensor
from cltensor.ops.elementwise.functions import sqrt
from cltensor.optim.block import Block
from cltensor.optim.moments import decayed
from cltensor.optim.optimizer import Optimizer, Params
from cltensor.optim.options import option, options_of
from cltensor.runtime.kernel import Live


class RMSprop(Optimizer):
    """Gradient descent in which each gradient is divided by its root mean square.

        g = grad + weight_decay * p
        v = alpha * v + (1 - alpha) * g * g
        a = a + (1 - alpha) * (g - a)                             (if centered, else 0)
        b = momentum * b + g / (sqrt(v - a * a) + eps)
        p = p - lr * b

    Args:    params: tensors or groups; centered: divide by the standard deviation;
             maximize: climb instead of descend; the rest as above.
    Raises:  ValueError for a negative option.
    Source:  Tieleman and Hinton 2012; centered: Graves 2013.

    >>> weight = nn.Parameter(ct.tensor([1.0]))
    >>> optimizer = ct.optim.RMSprop([weight], lr=0.01)
    >>> (weight**2).sum().backward()
    >>> optimizer.step()
    >>> round(weight.item(), 4)
    0.9
    """

    _keeps_steps = True
    _not_negative = ("lr", "alpha", "eps", "weight_decay", "momentum")

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        super().__init__(params, options_of(locals()))

    def _state_names(self, group: dict[str, Any]) -> tuple[str, ...]:
        further = ("momentum_buffer",) if group["momentum"] else ()
        return (
            ("square_avg", *further, "grad_avg") if group["centered"] else ("square_avg", *further)
        )

    def _update(
        self, block: Block, values: Tensor, state: dict[str, Tensor], grad: Tensor
    ) -> Tensor:
        group = block.options
        state["square_avg"] = square = decayed(state["square_avg"], grad * grad, group, "alpha")
        if group["centered"]:
            mean = state["grad_avg"]
            state["grad_avg"] = mean = mean + Live(lambda: 1 - group["alpha"]) * (grad - mean)
            square = square - mean * mean
        step = grad / (sqrt(square) + option(group, "eps"))
        if group["momentum"]:
            step = option(group, "momentum") * state["momentum_buffer"] + step
            state["momentum_buffer"] = step
        return values - option(group, "lr") * step
