"""Limits on gradients between backward and step."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable
from functools import reduce
from typing import Any

from cltensor import dtypes
from cltensor.autograd import no_grad
from cltensor.core.checks import number
from cltensor.core.op import require_tensor
from cltensor.core.tensor import Tensor
from cltensor.errors import GradientError
from cltensor.ops.create import full
from cltensor.ops.elementwise.cast import astype
from cltensor.ops.elementwise.compare import not_equal
from cltensor.ops.elementwise.rounding import abs_
from cltensor.ops.elementwise.select import clip, maximum, minimum
from cltensor.ops.linalg.norms import norm

__all__ = [
    "clip_grad_norm",
    "clip_grad_norm_",
    "clip_grad_value_",
    "clip_grads_with_norm_",
    "get_total_norm",
]


def _gradients(parameters: Any) -> list[Any]:
    """The gradients of the parameters that have one."""
    listed = [parameters] if isinstance(parameters, Tensor) else parameters
    return [param.grad for param in listed if param.grad is not None]


def _total_norm(grads: list[Any], p: float) -> Any:
    """The p-norm of the p-norms, which for p = 0 counts the gradients that are not all 0."""
    device = grads[0].device
    kept = reduce(dtypes.promote, [dtypes.real_of(g.dtype) for g in grads])
    # Squares of floats of 16 bits would leave their range.
    grads = [astype(g, dtypes.float32) if g.dtype.itemsize == 2 else g for g in grads]
    if math.isinf(p):
        total = reduce(maximum if p > 0 else minimum, [norm(g, p).to(device) for g in grads])
    elif p == 0:
        counted = [astype(not_equal(norm(g, p), 0), kept).to(device) for g in grads]
        total = reduce(lambda a, b: a + b, counted)
    else:
        squares = [p == 2 and g.dtype.kind == "f" for g in grads]
        powers = [
            (g * g if squared else abs_(g) ** p).sum().to(device)
            for g, squared in zip(grads, squares, strict=True)
        ]
        total = reduce(lambda a, b: a + b, powers) ** (1.0 / p)
    return total if total.dtype == kept else astype(total, kept)


def _norm(operation: str, tensors: Any, norm_type: Any, error_if_nonfinite: bool) -> Any:
    """See get_total_norm; the error names `operation`."""
    number(operation, "norm_type", norm_type)
    grads = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    if not grads:
        return full((), 0.0, dtypes.default_float)
    total = _total_norm(grads, float(norm_type))
    if error_if_nonfinite:
        found = total.item()
        if not math.isfinite(found):
            raise GradientError(
                f"{operation}: the norm of the gradients is {found}; leave out this step, or "
                "pass error_if_nonfinite=False"
            )
    return total.realize()


def _scale(grads: list[Any], max_norm: float, total: Any) -> None:
    if grads:
        factor = clip(max_norm / (total + 1e-6), max=1.0)
        for grad in grads:
            grad.mul_(factor.to(grad.device).astype(grad.dtype))


@no_grad()
def get_total_norm(
    tensors: Tensor | Iterable[Tensor],
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Any:
    """The norm of the norms of tensors, 0 for none.

    Args:    tensors: gradients, one or several; norm_type: the p of the p-norm, inf for the largest
             magnitude; error_if_nonfinite: look at the norm (which waits for the device) and refuse
             NaN and infinity; foreach: PyTorch's way of computing, of no effect.
    Returns: a tensor of no dimensions.
    Raises:  GradientError as asked by error_if_nonfinite.

    >>> nn.utils.get_total_norm([ct.tensor([3.0]), ct.tensor([4.0])])
    tensor(5.)
    """
    return _norm("get_total_norm", tensors, norm_type, error_if_nonfinite)


@no_grad()
def clip_grads_with_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    total_norm: Tensor,
    foreach: bool | None = None,
) -> None:
    """Scale all gradients, in place, by max_norm / total_norm if that is below 1.

    Args:    parameters: one tensor or several, those without a gradient are passed over;
             total_norm: what `get_total_norm` gives for their gradients, or for more; foreach:
             PyTorch's way of computing, of no effect.

    >>> weight = nn.Parameter(ct.tensor([3.0, 4.0]))
    >>> weight.sum().backward()
    >>> nn.utils.clip_grads_with_norm_([weight], 1.0, nn.utils.get_total_norm([weight.grad]))
    >>> weight.grad
    tensor([0.7071, 0.7071])
    """
    number("clip_grads_with_norm_", "max_norm", max_norm)
    require_tensor("clip_grads_with_norm_", "total_norm", total_norm)
    _scale(_gradients(parameters), max_norm, total_norm)


@no_grad()
def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Any:
    """Scale all gradients down together, in place, so that their norm is at most max_norm.

    Args:    parameters: one tensor or several, those without a gradient are passed over; the others
             as in `get_total_norm`.
    Returns: the norm before, a tensor of no dimensions.
    Raises:  GradientError as asked by error_if_nonfinite.

    >>> weight = nn.Parameter(ct.tensor([3.0, 4.0]))
    >>> (weight * weight).sum().backward()
    >>> nn.utils.clip_grad_norm_([weight], 1.0), weight.grad
    (tensor(10.), tensor([0.6000, 0.8000]))
    """
    number("clip_grad_norm_", "max_norm", max_norm)
    grads = _gradients(parameters)
    total = _norm("clip_grad_norm_", grads, norm_type, error_if_nonfinite)
    _scale(grads, max_norm, total)
    return total


def clip_grad_norm(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Any:
    """`clip_grad_norm_` under its name before PyTorch 0.4. Warns of that.

    >>> import warnings
    >>> weight = nn.Parameter(ct.tensor([3.0, 4.0]))
    >>> (weight * weight).sum().backward()
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     norm = nn.utils.clip_grad_norm([weight], 1.0)
    ...
    >>> norm, weight.grad
    (tensor(10.), tensor([0.6000, 0.8000]))
    """
    warnings.warn(
        "nn.utils.clip_grad_norm is deprecated; use nn.utils.clip_grad_norm_",
        FutureWarning,
        stacklevel=3,
    )
    return clip_grad_norm_(parameters, max_norm, norm_type, error_if_nonfinite, foreach)


@no_grad()
def clip_grad_value_(
    parameters: Tensor | Iterable[Tensor], clip_value: float, foreach: bool | None = None
) -> None:
    """Hold every element of every gradient between -clip_value and clip_value, in place.

    foreach: PyTorch's way of computing, of no effect.

    >>> weight = nn.Parameter(ct.tensor([3.0, 0.2]))
    >>> (weight * weight).sum().backward()
    >>> nn.utils.clip_grad_value_([weight], 1.0)
    >>> weight.grad
    tensor([1.0000, 0.4000])
    """
    number("clip_grad_value_", "clip_value", clip_value)
    for grad in _gradients(parameters):
        grad.clamp_(-clip_value, clip_value)
