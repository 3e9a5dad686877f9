"""Adadelta."""

from __future__ import annotations

from typing import Any

from cltensor.core.tensor import Tensor
from cltensor.ops.elementwise.functions import sqrt
from cltensor.optim.block import Block
from cltensor.optim.moments import decayed
from cltensor.optim.optimizer import Optimizer, Params
from cltensor.optim.options import option, options_of


class Adadelta(Optimizer):
    """Gradient descent in units of the steps so far, by running means of squares of both.

        g = grad + weight_decay * p
        v = rho * v + (1 - rho) * g * g
        d = sqrt(u + eps) / sqrt(v + eps) * g
        u = rho * u + (1 - rho) * d * d
        p = p - lr * d

    Args:    params: tensors or groups; maximize: climb instead of descend; the rest as above.
    Raises:  ValueError for a negative option, or a rho above 1.
    Source:  Zeiler 2012.

    >>> weight = nn.Parameter(ct.tensor([1.0]))
    >>> optimizer = ct.optim.Adadelta([weight], lr=1.0)
    >>> (weight**2).sum().backward()
    >>> optimizer.step()
    >>> weight.item() < 1
    True
    """

    _keeps_steps = True
    _not_negative = ("lr", "rho", "eps", "weight_decay")

    def __init__(
        self,
        params: Params,
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, options_of(locals()))

    def _check_options(self, group: dict[str, Any]) -> None:
        super()._check_options(group)
        if group["rho"] > 1:
            raise ValueError(f"Adadelta: rho is {group['rho']}; it must be in [0, 1]")

    def _state_names(self, group: dict[str, Any]) -> tuple[str, ...]:
        return "square_avg", "acc_delta"

    def _update(
        self, block: Block, values: Tensor, state: dict[str, Tensor], grad: Tensor
    ) -> Tensor:
        group, past = block.options, state["acc_delta"]
        eps = option(group, "eps")
        state["square_avg"] = square = decayed(state["square_avg"], grad * grad, group, "rho")
        delta = sqrt(past + eps) / sqrt(square + eps) * grad
        state["acc_delta"] = decayed(past, delta * delta, group, "rho")
        return values - option(group, "lr") * delta
