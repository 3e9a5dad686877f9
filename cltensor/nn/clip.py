"""Limits on gradients between backward and step; reached as `nn.utils` as in PyTorch."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from typing import Any

from cltensor.autograd import no_grad
from cltensor.errors import GradientError
from cltensor.ops.pointwise import abs_, clip, maximum
from cltensor.tensor import Tensor


def _gradients(
    parameters: Tensor | Iterable[Tensor],
) -> list[tuple[Tensor, Tensor]]:
    """The parameters that have a gradient, each with it."""
    listed = [parameters] if isinstance(parameters, Tensor) else parameters
    return [(param, param.grad.detach()) for param in listed if param.grad is not None]


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
) -> Tensor | float:
    """Scale all gradients down together so that their norm is at most max_norm.

    Args:    parameters: Tensors; those without a gradient are passed over; norm_type: the p of
             the p-norm, inf for the largest magnitude; error_if_nonfinite: look at the norm (which
             waits for the device) and refuse NaN and infinity.
    Returns: the norm before, a scalar Tensor.
    Raises:  GradientError as asked by error_if_nonfinite.
    """
    found = _gradients(parameters)
    if not found:
        return 0.0
    grads = [grad for _, grad in found]
    device = grads[0].device
    if norm_type == float("inf"):
        total: Any = reduce(maximum, (abs_(grad).max().to(device) for grad in grads))
    else:
        powers = (
            (grad * grad if norm_type == 2 else abs_(grad) ** norm_type).sum().to(device)
            for grad in grads
        )
        total = reduce(lambda a, b: a + b, powers) ** (1.0 / norm_type)
    if error_if_nonfinite:
        norm = total.item()
        if not abs(norm) < float("inf"):
            raise GradientError(f"clip_grad_norm_: the norm of the gradients is {norm}")
    total.realize()
    factor = clip(max_norm / (total + 1e-6), max=1.0)
    with no_grad():
        for _, grad in found:
            grad.mul_(factor.to(grad.device).astype(grad.dtype))
    return total


def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float) -> None:
    """Hold every element of every gradient between -clip_value and clip_value."""
    with no_grad():
        for _, grad in _gradients(parameters):
            grad.clamp_(-clip_value, clip_value)
