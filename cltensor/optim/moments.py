"""Running means of gradients and of their squares, which several optimizers keep."""

from __future__ import annotations

from cltensor.core.tensor import Tensor
from cltensor.optim.options import Options, option
from cltensor.runtime.kernel import Live


def toward(old: Tensor, new: Tensor, group: Options, place: int) -> Tensor:
    """old + (1 - betas[place]) * (new - old)."""
    return old + Live(lambda: 1 - group["betas"][place]) * (new - old)


def decayed(old: Tensor, new: Tensor, group: Options, name: str) -> Tensor:
    """x * old + (1 - x) * new, where the option of that name is x."""
    return option(group, name) * old + Live(lambda: 1 - group[name]) * new


def moments(group: Options, state: dict[str, Tensor], grad: Tensor) -> tuple[Tensor, Tensor]:
    """The new means of the gradient, exp_avg, and of its square, exp_avg_sq."""
    state["exp_avg"] = mean = toward(state["exp_avg"], grad, group, 0)
    kept, taken = option(group, "betas", 1), Live(lambda: 1 - group["betas"][1])
    state["exp_avg_sq"] = square = kept * state["exp_avg_sq"] + taken * (grad * grad)
    return mean, square


def correction(group: Options, place: int, steps: int) -> float:
    """1 - betas[place]**steps: what a mean that began at 0 has of its weight after `steps`."""
    return float(1 - group["betas"][place] ** steps)
