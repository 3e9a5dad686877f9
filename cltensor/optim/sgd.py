"""Stochastic gradient descent."""

from __future__ import annotations

from typing import Any

from cltensor.autograd import Variable
from cltensor.optim.optimizer import Optimizer, Params
from cltensor.tensor import Tensor


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum if wanted.

        g = grad + weight_decay * p
        b = momentum * b + (1 - dampening) * g          (the first b is g itself)
        p = p - lr * (g + momentum * b  if nesterov else  b)

    Args:    params: Variables or groups; maximize: climb instead of descend; the rest as above.
    Raises:  ValueError for a negative option, or nesterov without momentum or with dampening.
    Source:  Sutskever et al. 2013, in the form that leaves lr out of the velocity.
    """

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
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def _check_options(self, group: dict[str, Any]) -> None:
        self._at_least_zero(group, "lr", "momentum", "weight_decay")
        if group["nesterov"] and (group["momentum"] <= 0 or group["dampening"] != 0):
            raise ValueError("SGD: nesterov needs a momentum above 0 and a dampening of 0")

    def _update(
        self, param: Variable, grad: Tensor, state: dict[str, Any], group: dict[str, Any]
    ) -> None:
        values = param.data
        if group["maximize"]:
            grad = -grad
        if group["weight_decay"]:
            grad = grad + group["weight_decay"] * values
        momentum = group["momentum"]
        if momentum:
            buffer = state.get("momentum_buffer")
            if buffer is None:
                # A Tensor of its own: the gradient's may be changed in place by its owner.
                buffer = grad.alias()
            else:
                buffer = momentum * buffer + (1 - group["dampening"]) * grad
            state["momentum_buffer"] = buffer
            grad = grad + momentum * buffer if group["nesterov"] else buffer
        param.data = values - group["lr"] * grad
