"""Stochastic gradient descent."""

from __future__ import annotations

from functools import partial
from typing import Any

from cltensor.core.checks import number
from cltensor.core.tensor import Tensor
from cltensor.optim.block import Block
from cltensor.optim.optimizer import Optimizer, Params
from cltensor.optim.options import option, options_of
from cltensor.runtime.kernel import Live


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum if wanted.

        g = grad + weight_decay * p
        b = momentum * b + (1 - dampening) * g          (the first b is g itself)
        p = p - lr * (g + momentum * b  if nesterov else  b)

    Args:    params: tensors or groups; maximize: climb instead of descend; the rest as above.
    Raises:  ValueError for a negative option, or nesterov without momentum or with dampening.
    Source:  Sutskever et al. 2013, in the form that leaves lr out of the velocity.

    >>> weight = nn.Parameter(ct.tensor([1.0]))
    >>> optimizer = ct.optim.SGD([weight], lr=0.1, momentum=0.9)
    >>> (weight**2).sum().backward()
    >>> optimizer.step()
    >>> round(weight.item(), 4)
    0.8
    """

    _not_negative = ("lr", "momentum", "weight_decay")
    _switches = ("maximize", "nesterov")

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, options_of(locals()))

    def _check_options(self, group: dict[str, Any]) -> None:
        super()._check_options(group)
        number(self._name, "dampening", group["dampening"])
        if group["nesterov"] and (group["momentum"] <= 0 or group["dampening"] != 0):
            raise ValueError("SGD: nesterov needs a momentum above 0 and a dampening of 0")

    def _state_names(self, group: dict[str, Any]) -> tuple[str, ...]:
        return ("momentum_buffer",) if group["momentum"] else ()

    def _update(
        self, block: Block, values: Tensor, state: dict[str, Tensor], grad: Tensor
    ) -> Tensor:
        group = block.options
        if group["momentum"]:
            momentum = option(group, "momentum")
            first = partial(block.is_first_of, "momentum_buffer")
            share = Live(lambda: 1.0 if first() else 1 - group["dampening"])
            velocity = momentum * state["momentum_buffer"] + share * grad
            state["momentum_buffer"] = velocity
            grad = grad + momentum * velocity if group["nesterov"] else velocity
        return values - option(group, "lr") * grad
