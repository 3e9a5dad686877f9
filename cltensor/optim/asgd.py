"""ASGD: averaged stochastic gradient descent."""

from __future__ import annotations

from typing import Any

from cltensor.core.tensor import Tensor
from cltensor.optim.block import Block
from cltensor.optim.optimizer import Optimizer, Params
from cltensor.optim.options import Options, check_numbers, options_of
from cltensor.runtime.kernel import Live


class ASGD(Optimizer):
    """Gradient descent with a falling rate, and the mean of the weights beside it.

        g = grad + weight_decay * p
        p = p * (1 - lambd * eta) - eta * g
        ax = ax + mu * (p - ax)
        eta = lr / (1 + lambd * lr * t)**alpha      (lr at first)
        mu = 1 / max(1, t - t0)                     (1 at first)

    The mean is the entry "ax" of a parameter's state.

    Args:    params: tensors or groups; t0: the step at which the mean begins;
             maximize: climb instead of descend; the rest as above.
    Raises:  ValueError for a negative lr or weight_decay.
    Source:  Polyak and Juditsky 1992.

    >>> weight = nn.Parameter(ct.tensor([1.0]))
    >>> optimizer = ct.optim.ASGD([weight], lr=0.1, lambd=0.0)
    >>> (weight**2).sum().backward()
    >>> optimizer.step()
    >>> weight.item()
    0.800000011920929
    """

    _keeps_steps = True
    _not_negative = ("lr", "weight_decay")

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        super().__init__(params, options_of(locals()))

    def _check_options(self, group: dict[str, Any]) -> None:
        super()._check_options(group)
        check_numbers(self._name, group, "lambd", "alpha", "t0")

    def _state_names(self, group: dict[str, Any]) -> tuple[str, ...]:
        return ("ax",)

    def _numbers(self, options: Options) -> dict[str, float]:
        return {"eta": float(options["lr"]), "mu": 1.0}

    def _count(self, block: Block) -> None:
        super()._count(block)
        group, lr = block.options, float(block.options["lr"])
        block.before = dict(block.numbers)
        block.numbers["eta"] = lr / (1 + group["lambd"] * lr * block.steps) ** group["alpha"]
        block.numbers["mu"] = 1 / max(1, block.steps - group["t0"])

    def _update(
        self, block: Block, values: Tensor, state: dict[str, Tensor], grad: Tensor
    ) -> Tensor:
        kept = Live(lambda: 1 - block.options["lambd"] * block.before["eta"])
        values = kept * values - Live(lambda: block.before["eta"]) * grad
        rest, share = Live(lambda: 1 - block.before["mu"]), Live(lambda: block.before["mu"])
        state["ax"] = rest * state["ax"] + share * values
        return values
