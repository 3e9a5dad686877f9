"""Adafactor."""

from __future__ import annotations

from typing import Any

from cltensor.core.checks import number
from cltensor.core.tensor import Tensor
from cltensor.ops.elementwise.functions import sqrt
from cltensor.ops.elementwise.select import maximum
from cltensor.ops.facts import finfo
from cltensor.ops.reduce.fold import mean
from cltensor.optim.block import Block
from cltensor.optim.optimizer import Optimizer, Params
from cltensor.optim.options import option, options_of
from cltensor.runtime.kernel import Live


class Adafactor(Optimizer):
    """Gradient descent in which the mean squares of a matrix's gradients are kept by rows and
    columns, and steps are as large as the weights.

        b = t**beta2_decay,   a = max(eps[1], rms(p)) * min(lr, 1 / sqrt(t))
        p = p * (1 - lr * weight_decay)
        r = r + b * (mean of grad * grad over the last axis - r)
        c = c + b * (mean of grad * grad over the axis before - c)
        v = r * c / max(mean of r, eps[0])            (of a vector v + b * (grad * grad - v))
        u = grad / sqrt(max(v, eps[0]**2))
        p = p - a / max(1, rms(u) / d) * u

    A step takes several launches for each parameter.

    Args:    params: tensors or groups; eps: the first is that of the dtype where it is None;
             maximize: climb instead of descend; the rest as above.
    Raises:  ValueError for a negative option, a beta2_decay above 0, a d below 1; TypeError for
             complex parameters.
    Source:  Shazeer and Stern 2018.

    >>> weight = nn.Parameter(ct.ones(4, 3))
    >>> optimizer = ct.optim.Adafactor([weight], lr=0.1)
    >>> (weight**2).sum().backward()
    >>> optimizer.step()
    >>> bool((weight < 1).all())
    True
    """

    _keeps_steps = True
    _elementwise = False
    _decoupled = None  # the steps are as large as the weights were before it
    _not_negative = ("lr", "weight_decay")

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, options_of(locals()))

    def _check_options(self, group: dict[str, Any]) -> None:
        super()._check_options(group)
        if number(self._name, "beta2_decay", group["beta2_decay"]) > 0:
            raise ValueError(
                f"Adafactor: beta2_decay is {group['beta2_decay']}; it must not be above 0"
            )
        if not number(self._name, "d", group["d"]) >= 1:
            raise ValueError(f"Adafactor: d is {group['d']}; it must be at least 1")
        first, second = group["eps"]
        for place, eps in enumerate((0.0 if first is None else first, second)):
            if not number(self._name, f"eps[{place}]", eps) >= 0:
                raise ValueError(f"Adafactor: eps[{place}] is {eps}; it must not be negative")

    def _states_of(self, group: dict[str, Any], param: Tensor) -> tuple[str, ...]:
        return ("row_var", "col_var") if param.ndim > 1 else ("variance",)

    def _shape(self, name: str, param: Tensor) -> tuple[int, ...] | None:
        shape = tuple(param.shape)
        if name == "row_var":
            return (*shape[:-1], 1)
        return (*shape[:-2], 1, shape[-1]) if name == "col_var" else shape

    def _update(
        self, block: Block, values: Tensor, state: dict[str, Tensor], grad: Tensor
    ) -> Tensor:
        options = block.options
        least = float(finfo(block.params[0].dtype).eps)

        def eps() -> float:
            first = options["eps"][0]
            return least if first is None else first

        size = maximum(_rms(values), option(options, "eps", 1))
        rate = size * Live(lambda: min(options["lr"], block.steps**-0.5))
        square = _variance(block, state, grad, Live(eps))
        step = grad / sqrt(maximum(square, Live(lambda: eps() ** 2)))
        excess = maximum(_rms(step) * Live(lambda: 1 / options["d"]), 1.0)
        if options["weight_decay"]:
            values = values * Live(lambda: 1 - options["lr"] * options["weight_decay"])
        return values - rate / excess * step


def _rms(x: Tensor) -> Tensor:
    return sqrt(mean(x * x))


def _variance(block: Block, state: dict[str, Tensor], grad: Tensor, eps: Live) -> Tensor:
    """What the means of squares say of each element's; they go one step on."""
    share = Live(lambda: block.steps ** block.options["beta2_decay"])
    square = grad * grad
    if "variance" in state:
        state["variance"] = new = state["variance"] + share * (square - state["variance"])
        return new
    for name, axis in (("row_var", -1), ("col_var", -2)):
        state[name] = state[name] + share * (mean(square, axis, True) - state[name])
    rows, columns = state["row_var"], state["col_var"]
    return rows * columns / maximum(mean(rows, -2, True), eps)
