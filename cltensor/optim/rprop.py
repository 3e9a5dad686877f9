"""Rprop."""

from __future__ import annotations

from typing import Any

from cltensor.core.tensor import Tensor
from cltensor.ops.elementwise.rounding import sign
from cltensor.ops.elementwise.select import maximum, minimum, where
from cltensor.optim.block import Block
from cltensor.optim.optimizer import Optimizer, Params
from cltensor.optim.options import Options, check_pair, option, options_of


class Rprop(Optimizer):
    """Steps by the signs of gradients alone, longer where a sign stays, shorter where it changes.

        s = grad * previous gradient
        a = clip(a * (etas[1] if s > 0, etas[0] if s < 0, else 1), step_sizes)    (lr at first)
        g = 0 where s < 0, else grad            (and this is the next step's previous gradient)
        p = p - a * sign(g)

    Args:    params: tensors or groups; maximize: climb instead of descend; the rest as above.
    Raises:  ValueError for a negative lr, or unless 0 < etas[0] < 1 < etas[1].
    Source:  Riedmiller and Braun 1993.

    >>> weight = nn.Parameter(ct.tensor([1.0]))
    >>> optimizer = ct.optim.Rprop([weight], lr=0.1)
    >>> (weight**2).sum().backward()
    >>> optimizer.step()
    >>> round(weight.item(), 4)
    0.9
    """

    _keeps_steps = True
    _not_negative = ("lr",)

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, options_of(locals()))

    def _check_options(self, group: dict[str, Any]) -> None:
        super()._check_options(group)
        check_pair(self._name, "step_sizes", group["step_sizes"])
        low, high = check_pair(self._name, "etas", group["etas"])
        if not 0 < low < 1 < high:
            raise ValueError(
                f"Rprop: etas is {group['etas']}; the first must be in (0, 1), the other above 1"
            )

    def _state_names(self, group: dict[str, Any]) -> tuple[str, ...]:
        return "prev", "step_size"

    def _first(self, name: str, options: Options) -> float:
        return float(options["lr"]) if name == "step_size" else 0.0

    def _update(
        self, block: Block, values: Tensor, state: dict[str, Tensor], grad: Tensor
    ) -> Tensor:
        group, size = block.options, state["step_size"]
        direction = grad * state["prev"]
        shorter, longer = option(group, "etas", 0), option(group, "etas", 1)
        size = where(direction > 0, longer * size, where(direction < 0, shorter * size, size))
        size = maximum(size, option(group, "step_sizes", 0))
        state["step_size"] = size = minimum(size, option(group, "step_sizes", 1))
        state["prev"] = grad = where(direction < 0, 0.0, grad)
        return values - sign(grad) * size
