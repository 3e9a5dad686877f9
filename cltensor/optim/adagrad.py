"""Adagrad."""

from __future__ import annotations

from typing import Any

from cltensor.core.tensor import Tensor
from cltensor.ops.create import full_like
from cltensor.ops.elementwise.functions import sqrt
from cltensor.optim.block import Block
from cltensor.optim.optimizer import Optimizer, Params
from cltensor.optim.options import Options, numbers_of, option, options_of
from cltensor.runtime.kernel import Live


class Adagrad(Optimizer):
    """Gradient descent in which each element's rate falls with its gradients so far.

        g = grad + weight_decay * p
        s = s + g * g                       (initial_accumulator_value at first)
        p = p - lr / (1 + (t - 1) * lr_decay) * g / (sqrt(s) + eps)

    The state is there before the first step, as in PyTorch.

    Args:    params: tensors or groups; maximize: climb instead of descend; the rest as above.
    Raises:  ValueError for a negative option.
    Source:  Duchi, Hazan and Singer 2011.

    >>> weight = nn.Parameter(ct.tensor([1.0]))
    >>> optimizer = ct.optim.Adagrad([weight], lr=0.1)
    >>> (weight**2).sum().backward()
    >>> optimizer.step()
    >>> round(weight.item(), 4)
    0.9
    """

    _keeps_steps = True
    _not_negative = ("lr", "lr_decay", "weight_decay", "initial_accumulator_value", "eps")

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, options_of(locals()))

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """See Optimizer."""
        super().add_param_group(param_group)
        added = self.param_groups[-1]
        first = float(numbers_of(added)["initial_accumulator_value"])
        for param in added["params"]:
            value = complex(first, first) if param.dtype.kind == "c" else first
            self._state[param] = {"step": 0, "sum": full_like(param.detach(), value)}

    def _state_names(self, group: dict[str, Any]) -> tuple[str, ...]:
        return ("sum",)

    def _first(self, name: str, options: Options) -> float:
        return float(options["initial_accumulator_value"])

    def _update(
        self, block: Block, values: Tensor, state: dict[str, Tensor], grad: Tensor
    ) -> Tensor:
        group = block.options
        state["sum"] = total = state["sum"] + grad * grad
        rate = Live(lambda: group["lr"] / (1 + (block.steps - 1) * group["lr_decay"]))
        return values - rate * (grad / (sqrt(total) + option(group, "eps")))
