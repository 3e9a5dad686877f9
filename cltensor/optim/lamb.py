"""LAMB."""

from __future__ import annotations

from typing import Any

from cltensor.core.tensor import Tensor
from cltensor.ops.elementwise.functions import sqrt
from cltensor.ops.elementwise.select import where
from cltensor.ops.reduce.fold import sum as total
from cltensor.optim.block import Block
from cltensor.optim.moments import correction, moments
from cltensor.optim.optimizer import Optimizer, Params
from cltensor.optim.options import option, options_of
from cltensor.runtime.kernel import Live


class LAMB(Optimizer):
    """Adam whose step for each parameter is as long as the parameter, for large batches.

        m = m + (1 - beta1) * (grad - m)
        v = beta2 * v + (1 - beta2) * grad * grad
        u = m / (1 - beta1**t) / (sqrt(v / (1 - beta2**t)) + eps) + weight_decay * p
        p = p - lr * |p| / |u| * u                  (lr * u where either norm is 0)

    A step takes several launches for each parameter.

    Args:    params: tensors or groups; bias_correction: divide by 1 - beta**t as above;
             maximize: climb instead of descend; the rest as above.
    Raises:  ValueError for a negative option or a beta outside [0, 1); TypeError for complex
             parameters.
    Source:  You et al. 2020.

    >>> weight = nn.Parameter(ct.ones(2, 2))
    >>> optimizer = ct.optim.LAMB([weight], lr=0.1)
    >>> (weight**2).sum().backward()
    >>> optimizer.step()
    >>> bool((weight < 1).all())
    True
    """

    _keeps_steps = True
    _elementwise = False
    _decoupled = None  # it is a part of the step
    _not_negative = ("lr", "eps", "weight_decay")
    _switches = ("maximize", "bias_correction")

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-6,
        weight_decay: float = 0.01,
        bias_correction: bool = True,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, options_of(locals()))

    def _state_names(self, group: dict[str, Any]) -> tuple[str, ...]:
        return "exp_avg", "exp_avg_sq"

    def _update(
        self, block: Block, values: Tensor, state: dict[str, Tensor], grad: Tensor
    ) -> Tensor:
        options = block.options
        mean, square = moments(options, state, grad)
        if options["bias_correction"]:
            mean = mean * Live(lambda: 1 / correction(options, 0, block.steps))
            square = square * Live(lambda: 1 / correction(options, 1, block.steps))
        step = mean / (sqrt(square) + option(options, "eps"))
        if options["weight_decay"]:
            step = step + option(options, "weight_decay") * values
        length, other = [sqrt(total(x * x)) for x in (values, step)]
        ratio = where(length * other > 0, length / other, 1.0)
        return values - option(options, "lr") * ratio * step
