"""Running means of gradients and of their squares, which several optimizers keep."""

from __future__ import annotations

from typing import Any

from cltensor.core.tensor import Tensor
from cltensor.optim.options import option
from cltensor.runtime.kernel import Live


def toward(old: Tensor, new: Tensor, group: dict[str, Any], place: int) -> Tensor:
    """old + (1 - betas[place]) * (new - old)."""
    return old + Live(lambda: 1 - group["betas"][place]) * (new - old)


def decayed(old: Tensor, new: Tensor, group: dict[str, Any], name: str) -> Tensor:
    """x * old + (1 - x) * new, where the option of that name is x."""
    return option(group, name) * old + Live(lambda: 1 - group[name]) * new


def moments(group: dict[str, Any], state: dict[str, Tensor], grad: Tensor) -> tuple[Tensor, Tensor]:
    """The new means of the gradient, exp_avg, and of its square, exp_avg_sq."""
    state["exp_avg"] = mean = toward(state["exp_avg"], grad, group, 0)
    kept, taken = option(group, "betas", 1), Live(lambda: 1 - group["betas"][1])
    state["exp_avg_sq"] = square = kept * state["exp_avg_sq"] + taken * (grad * grad)
    return mean, square


def correction(group: dict[str, Any], place: int, steps: int) -> float:
    """1 - betas[place]**steps: what a mean that began at 0 has of its weight after `steps`."""
    return float(1 - group["betas"][place] ** steps)
