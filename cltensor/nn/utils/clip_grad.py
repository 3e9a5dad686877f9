"""Limits on gradients between backward and step."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import reduce
from typing import Any

from cltensor import dtypes
from cltensor.autograd import no_grad
from cltensor.core.checks import number
from cltensor.core.tensor import Tensor
from cltensor.errors import GradientError
from cltensor.ops.create import full
from cltensor.ops.elementwise.cast import astype
from cltensor.ops.elementwise.compare import not_equal
from cltensor.ops.elementwise.rounding import abs_
from cltensor.ops.elementwise.select import clip, maximum, minimum
from cltensor.ops.linalg.norms import norm

__all__ = ["clip_grad_norm", "clip_grad_norm_", "clip_grad_value_"]


def _gradients(parameters: Any) -> list[Any]:
    """The gradients of the parameters that have one."""
    listed = [parameters] if isinstance(parameters, Tensor) else parameters
    return [param.grad for param in listed if param.grad is not None]


def _total_norm(grads: list[Any], p: float) -> Any:
    """The p-norm of the p-norms, which for p = 0 counts the gradients that are not all 0."""
    device = grads[0].device
    if math.isinf(p):
        return reduce(maximum if p > 0 else minimum, [norm(g, p).to(device) for g in grads])
    if p == 0:
        counted = [astype(not_equal(norm(g, p), 0), g.dtype).to(device) for g in grads]
        return reduce(lambda a, b: a + b, counted)
    powers = [(g * g if p == 2 else abs_(g) ** p).sum().to(device) for g in grads]
    return reduce(lambda a, b: a + b, powers) ** (1.0 / p)


@no_grad()
def clip_grad_norm_(
    parameters: Any,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Any:
    """Scale all gradients down together, in place, so that their norm is at most max_norm.

    Args:    parameters: one tensor or several, those without a gradient are passed over; norm_type:
             the p of the p-norm, inf for the largest magnitude; error_if_nonfinite: look at the
             norm (which waits for the device) and refuse NaN and infinity; foreach: PyTorch's way
             of computing, of no effect.
    Returns: the norm before, a tensor of no dimensions.
    Raises:  GradientError as asked by error_if_nonfinite.
    """
    number("clip_grad_norm_", "max_norm", max_norm)
    number("clip_grad_norm_", "norm_type", norm_type)
    grads = _gradients(parameters)
    if not grads:
        return full((), 0.0, dtypes.default_float)
    total = _total_norm(grads, float(norm_type))
    if error_if_nonfinite:
        found = total.item()
        if not math.isfinite(found):
            raise GradientError(
                f"clip_grad_norm_: the norm of the gradients is {found}; leave out this step, or "
                "pass error_if_nonfinite=False"
            )
    total.realize()
    factor = clip(max_norm / (total + 1e-6), max=1.0)
    for grad in grads:
        grad.mul_(factor.to(grad.device).astype(grad.dtype))
    return total


#: PyTorch's older name.
clip_grad_norm = clip_grad_norm_


@no_grad()
def clip_grad_value_(
    parameters: Tensor | Iterable[Tensor], clip_value: float, foreach: bool | None = None
) -> None:
    """Hold every element of every gradient between -clip_value and clip_value, in place.

    foreach: PyTorch's way of computing, of no effect.
    """
    number("clip_grad_value_", "clip_value", clip_value)
    for grad in _gradients(parameters):
        grad.clamp_(-clip_value, clip_value)
