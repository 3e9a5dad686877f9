"""Checks of derivatives against finite differences, for operations of your own too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from cltensor.autograd import grad
from cltensor.errors import GradientError
from cltensor.tensor import Tensor


def gradcheck(
    function: Callable[..., Any],
    inputs: Sequence[Any],
    eps: float | None = None,
    atol: float | None = None,
    rtol: float | None = None,
) -> bool:
    """Compare the recorded derivatives of `function` with central differences.

        d f(x)/dx_i  ~  (f(x + eps e_i) - f(x - eps e_i)) / (2 eps)

    The result is contracted with a fixed random direction, so that one backward pass meets one
    number. inputs: Tensors (those that require a gradient are checked) and plain values; float64
    where the device has it, since float32 leaves only three digits. Without eps, atol and rtol,
    values that suit the dtype are taken.

    Returns True. Raises GradientError naming the input, the element and both derivatives.
    """
    wanted = [k for k, x in enumerate(inputs) if isinstance(x, Tensor) and x.requires_grad]
    if not wanted:
        raise GradientError("gradcheck: no input requires a gradient; set requires_grad=True")
    coarse = any(inputs[k].dtype.itemsize < 8 for k in wanted)
    eps = eps or (1e-2 if coarse else 1e-6)
    rtol = (2e-2 if coarse else 1e-4) if rtol is None else rtol
    out = function(*inputs)
    direction = np.random.default_rng(0).uniform(0.5, 1.5, out.shape).astype(out.dtype)
    if atol is None:
        # What rounding leaves uncertain in a difference of such sums, divided by its step.
        size = float(np.abs(out.detach().numpy() * direction).sum())
        atol = max(1e-2 if coarse else 1e-6, 8 * float(np.finfo(out.dtype).eps) * size / eps)
    analytic = grad(
        out,
        [inputs[k] for k in wanted],
        Tensor.from_numpy(direction, out.device),
        allow_unused=True,
    )
    for k, found in zip(wanted, analytic, strict=True):
        base = inputs[k].detach().numpy()
        numeric = _differences(function, inputs, k, base, direction, eps)
        got = np.zeros_like(base) if found is None else found.detach().numpy()
        close = np.isclose(got, numeric, atol=atol, rtol=rtol)
        if not close.all():
            where = tuple(int(i) for i in np.argwhere(~close)[0])
            raise GradientError(
                f"gradcheck: input {k} at {where}: the derivative is {got[where]:.9g}, differences "
                f"give {numeric[where]:.9g}"
            )
    return True


def _differences(
    function: Callable[..., Any],
    inputs: Sequence[Any],
    k: int,
    base: np.ndarray,
    direction: np.ndarray,
    eps: float,
) -> np.ndarray:
    numeric = np.empty(base.shape, np.float64)
    for i in np.ndindex(base.shape):
        sides = []
        for step in (eps, -eps):
            moved = base.copy()
            moved[i] += step
            varied = list(inputs)
            varied[k] = Tensor.from_numpy(moved, inputs[k].device).requires_grad_()
            out = function(*varied).detach().numpy()
            sides.append(float((out.astype(np.float64) * direction).sum()))
        numeric[i] = (sides[0] - sides[1]) / (2 * eps)
    return numeric


def gradgradcheck(
    function: Callable[..., Any],
    inputs: Sequence[Any],
    eps: float | None = None,
    atol: float | None = None,
    rtol: float | None = None,
) -> bool:
    """`gradcheck` of the gradients of `function`: its second derivatives.

    The gradients are taken in a fixed random direction with create_graph=True.
    """
    wanted = [k for k, x in enumerate(inputs) if isinstance(x, Tensor) and x.requires_grad]

    def gradients(*values: Any) -> Any:
        out = function(*values)
        direction = np.random.default_rng(1).uniform(0.5, 1.5, out.shape).astype(out.dtype)
        found = grad(
            out,
            [values[k] for k in wanted],
            Tensor.from_numpy(direction, out.device),
            create_graph=True,
            allow_unused=True,
        )
        # Keeps the graph connected where a gradient is, or claims to be, constant.
        total: Any = sum((values[k] * 0).sum() for k in wanted)
        for position, g in enumerate(found):
            if g is not None:
                # Unequal weights, so that errors of two inputs cannot cancel.
                total = total + (g * g + (position + 2) * g).sum()
        return total

    return gradcheck(gradients, inputs, eps, atol, rtol)
