"""Muon."""

from __future__ import annotations

import math
from typing import Any

from cltensor.core.checks import number
from cltensor.core.tensor import Tensor
from cltensor.dtypes import bfloat16
from cltensor.errors import DTypeError
from cltensor.ops.elementwise.cast import astype
from cltensor.ops.elementwise.functions import sqrt
from cltensor.ops.elementwise.select import maximum
from cltensor.ops.linalg.matmul import addmm, matmul
from cltensor.ops.reduce.fold import sum as total
from cltensor.optim.block import Block
from cltensor.optim.optimizer import Optimizer, Params
from cltensor.optim.options import option, options_of
from cltensor.runtime.kernel import Live

#: How the rate depends on the shape, by the values of adjust_lr_fn.
_RATES = {
    "original": lambda rows, columns: math.sqrt(max(1, rows / columns)),
    "match_rms_adamw": lambda rows, columns: 0.2 * math.sqrt(max(rows, columns)),
}


class Muon(Optimizer):
    """Momentum whose matrices are made nearly orthogonal, for the hidden layers of a network.

        p = p * (1 - lr * weight_decay)
        b = b + (1 - momentum) * (grad - b)
        u = grad + momentum * (b - grad)  if nesterov else  b
        X = u / max(|u|, eps), and ns_steps times: X = a * X + (b * A + c * A @ A) @ X, A = X @ X.T
        p = p - lr * ratio * X

    a, b and c are ns_coefficients; X is in bfloat16, as in PyTorch; ratio is
    sqrt(max(1, rows / columns)), or 0.2 * sqrt(max(rows, columns)) for adjust_lr_fn
    "match_rms_adamw". A step takes several launches for each parameter.

    Args:    params: matrices, or groups of them; the rest as above.
    Raises:  ValueError for a negative option, a parameter that is no matrix, 100 steps or more, or
             an unknown adjust_lr_fn; TypeError for complex parameters.
    Source:  Jordan et al. 2024; match_rms_adamw: Liu et al. 2025.

    >>> weight = nn.Parameter(ct.eye(3))
    >>> optimizer = ct.optim.Muon([weight], lr=0.1)
    >>> (weight**2).sum().backward()
    >>> optimizer.step()
    >>> weight[0, 0].item() < 1
    True
    """

    _elementwise = False
    _decoupled = True
    _not_negative = ("lr", "weight_decay", "momentum")
    _switches = ("nesterov", "ns_coefficients", "eps", "ns_steps", "adjust_lr_fn")

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.775, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> None:
        super().__init__(params, options_of(locals()))

    def _check_options(self, group: dict[str, Any]) -> None:
        super()._check_options(group)
        number(self._name, "eps", group["eps"])
        if number(self._name, "ns_steps", group["ns_steps"]) >= 100:
            raise ValueError(f"Muon: ns_steps is {group['ns_steps']}; it must be below 100")
        if group["adjust_lr_fn"] not in (None, *_RATES):
            raise ValueError(
                f"Muon: adjust_lr_fn is {group['adjust_lr_fn']!r}; use one of {[*_RATES]}"
            )
        coefficients = group["ns_coefficients"]
        if not isinstance(coefficients, (tuple, list)) or len(coefficients) != 3:
            raise DTypeError(f"Muon: ns_coefficients is {coefficients!r}; give three numbers")
        for param in group["params"]:
            if param.ndim != 2:
                raise ValueError(
                    f"Muon: a parameter has shape {tuple(param.shape)}; give matrices, and what "
                    "else there is to another optimizer, such as AdamW"
                )

    def _state_names(self, group: dict[str, Any]) -> tuple[str, ...]:
        return ("momentum_buffer",)

    def _update(
        self, block: Block, values: Tensor, state: dict[str, Tensor], grad: Tensor
    ) -> Tensor:
        options, old = block.options, state["momentum_buffer"]
        new = old + Live(lambda: 1 - options["momentum"]) * (grad - old)
        state["momentum_buffer"] = step = new
        if options["nesterov"]:
            step = grad + option(options, "momentum") * (new - grad)
        step = _orthogonal(step, options["ns_coefficients"], options["ns_steps"], options["eps"])
        ratio = _RATES[options["adjust_lr_fn"] or "original"](*block.params[0].shape)
        rate = Live(lambda: options["lr"] * ratio)
        return values - rate * astype(step, values.dtype)


def _orthogonal(
    matrix: Tensor, coefficients: tuple[float, float, float], steps: int, eps: float
) -> Tensor:
    """Nearly the orthogonal factor of the polar decomposition of `matrix`, in bfloat16, by
    iterations of Newton and Schulz."""
    a, b, c = coefficients
    x = astype(matrix, bfloat16)
    is_tall = matrix.shape[0] > matrix.shape[1]
    if is_tall:
        x = x.T
    norm = astype(sqrt(total(astype(x, matrix.dtype) ** 2)), bfloat16)
    x = x / maximum(norm, eps)
    for _ in range(int(steps)):
        gram = matmul(x, x.T)
        x = addmm(x, addmm(gram, gram, gram, b, c), x, a, 1)
    return x.T if is_tall else x
