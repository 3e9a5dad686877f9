"""Checks of derivatives against finite differences, for operations of your own too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from cltensor.autograd import grad
from cltensor.core.names import named
from cltensor.core.tensor import Tensor
from cltensor.dtypes import FRACTIONAL, real_of
from cltensor.errors import GradientError
from cltensor.halves import limits_of


@named
def gradcheck(
    function: Callable[..., Any],
    inputs: Any,
    eps: float | None = None,
    atol: float | None = None,
    rtol: float | None = None,
    raise_exception: bool = True,
    nondet_tol: float | None = None,
) -> bool:
    """Compare the recorded derivatives of `function` with central differences.

        d f(x)/dx_i  ~  (f(x + eps e_i) - f(x - eps e_i)) / (2 eps)

    The results are contracted with fixed random directions, so that one backward pass meets one
    number. Of complex numbers both parts are moved; the derivative is, as in PyTorch, that by the
    real part plus i times that by the imaginary part. Without eps, atol and rtol, values that suit
    the dtype are taken.

    Args:    function: gives a tensor, or a tuple of which those of a floating-point type are
             checked; inputs: one tensor or a sequence of tensors (those that require a gradient are
             checked) and plain values, float64 where the device has it, since float32 leaves only
             three digits; nondet_tol: how much a second backward pass may differ, if one is to be
             made.
    Returns: True; False for wrong derivatives without raise_exception.
    Raises:  GradientError naming the input, the element and both derivatives.

    >>> x = ct.rand(3, dtype=ct.float64, requires_grad=True) if ct.device().fp64 else None
    >>> x is None or ct.testing.gradcheck(ct.sin, [x])
    True
    """
    inputs = _sequence(inputs)
    wanted = _checked("gradcheck", inputs)
    try:
        _compare(function, inputs, wanted, eps, atol, rtol, nondet_tol)
    except GradientError:
        if raise_exception:
            raise
        return False
    return True


def _sequence(values: Any) -> Sequence[Any]:
    return values if isinstance(values, (tuple, list)) else (values,)


def _checked(operation: str, inputs: Sequence[Any]) -> list[int]:
    """Which inputs require a gradient. Raises GradientError if none does."""
    wanted = [k for k, x in enumerate(inputs) if getattr(x, "requires_grad", False)]
    if not wanted:
        raise GradientError(f"{operation}: no input requires a gradient; set requires_grad=True")
    return wanted


def _outputs(function: Callable[..., Any], inputs: Sequence[Any]) -> list[Any]:
    """What `function` gives of floating-point and complex types."""
    return [out for out in _sequence(function(*inputs)) if out.dtype.kind in FRACTIONAL]


def _directions(outputs: Sequence[Any], seed: int) -> list[np.ndarray]:
    random = np.random.default_rng(seed)

    def draw(out: Any) -> np.ndarray:
        drawn = random.uniform(0.5, 1.5, out.shape)
        if out.dtype.kind == "c":
            return (drawn + 1j * random.uniform(0.5, 1.5, out.shape)).astype(out.dtype)
        return drawn.astype(out.dtype)

    return [draw(out) for out in outputs]


def _compare(
    function: Callable[..., Any],
    inputs: Sequence[Any],
    wanted: list[int],
    eps: float | None,
    atol: float | None,
    rtol: float | None,
    nondet_tol: float | None,
) -> None:
    coarse = any(real_of(inputs[k].dtype).itemsize < 8 for k in wanted)
    eps = eps or (1e-2 if coarse else 1e-6)
    rtol = (2e-2 if coarse else 1e-4) if rtol is None else rtol
    outputs = _outputs(function, inputs)
    directions = _directions(outputs, 0)
    if atol is None:
        # What rounding leaves uncertain in a difference of such sums, divided by its step.
        size = sum(
            float(limits_of(out.dtype).eps) * float(np.abs(out.detach().numpy() * d).sum())
            for out, d in zip(outputs, directions, strict=True)
        )
        atol = max(1e-2 if coarse else 1e-6, 8 * size / eps)
    analytic = _analytic(outputs, directions, inputs, wanted)
    if nondet_tol is not None:
        again = _analytic(_outputs(function, inputs), directions, inputs, wanted)
        for k, one, two in zip(wanted, analytic, again, strict=True):
            off = float(np.abs(one - two).max(initial=0))
            if off > nondet_tol:
                raise GradientError(
                    f"gradcheck: two backward passes differ by {off:.3g} in the gradient of input "
                    f"{k}, more than nondet_tol = {nondet_tol}"
                )
    for k, got in zip(wanted, analytic, strict=True):
        numeric = _differences(function, inputs, k, directions, eps)
        close = np.isclose(got, numeric, atol=atol, rtol=rtol)
        if not close.all():
            where = tuple(int(i) for i in np.argwhere(~close)[0])
            raise GradientError(
                f"gradcheck: input {k} at {where}: the derivative is {got[where]:.9g}, differences "
                f"give {numeric[where]:.9g}"
            )


def _analytic(
    outputs: Sequence[Any], directions: Sequence[np.ndarray], inputs: Sequence[Any], wanted: Any
) -> list[np.ndarray]:
    """The recorded derivatives for the wanted inputs, 0 where an output does not depend on one."""
    used = [(o, d) for o, d in zip(outputs, directions, strict=True) if o.requires_grad]
    if not used:
        raise GradientError("gradcheck: no output depends on an input that requires a gradient")
    found = grad(
        [out for out, _ in used],
        [inputs[k] for k in wanted],
        [Tensor.from_numpy(d, out.device) for out, d in used],
        allow_unused=True,
    )
    return [
        np.zeros(inputs[k].shape, inputs[k].dtype) if g is None else g.detach().numpy()
        for k, g in zip(wanted, found, strict=True)
    ]


def _differences(
    function: Callable[..., Any],
    inputs: Sequence[Any],
    k: int,
    directions: Sequence[np.ndarray],
    eps: float,
) -> np.ndarray:
    base = inputs[k].detach().numpy()

    def at(place: tuple[int, ...], step: complex) -> float:
        """The contracted results where input k is moved at `place`."""
        moved = base.copy()
        moved[place] += step
        varied = list(inputs)
        varied[k] = Tensor.from_numpy(moved, inputs[k].device).requires_grad_()
        outputs = [out.detach().numpy() for out in _outputs(function, varied)]
        # The real part of what a direction's conjugate picks: its parts' share of either part.
        return sum(
            float(np.real(out.astype(np.result_type(out, np.float64)) * np.conj(d)).sum())
            for out, d in zip(outputs, directions, strict=True)
        )

    is_complex = base.dtype.kind == "c"
    numeric = np.empty(base.shape, np.complex128 if is_complex else np.float64)
    for i in np.ndindex(base.shape):
        numeric[i] = (at(i, eps) - at(i, -eps)) / (2 * eps)
        if is_complex:
            numeric[i] += 1j * (at(i, 1j * eps) - at(i, -1j * eps)) / (2 * eps)
    return numeric


@named
def gradgradcheck(
    function: Callable[..., Any],
    inputs: Any,
    grad_outputs: Any = None,
    eps: float | None = None,
    atol: float | None = None,
    rtol: float | None = None,
    raise_exception: bool = True,
    nondet_tol: float | None = None,
) -> bool:
    """`gradcheck` of the gradients of `function`: its second derivatives.

    The gradients are taken with create_graph=True, in the direction of grad_outputs (a tensor or
    one for each output), or in a fixed random one.

    >>> x = ct.rand(3, dtype=ct.float64, requires_grad=True) if ct.device().fp64 else None
    >>> x is None or ct.testing.gradgradcheck(ct.sin, [x])
    True
    """
    inputs = _sequence(inputs)
    wanted = _checked("gradgradcheck", inputs)

    def gradients(*values: Any) -> Any:
        outputs = _outputs(function, values)
        if grad_outputs is None:
            given = [Tensor.from_numpy(d) for d in _directions(outputs, 1)]
        else:
            given = list(_sequence(grad_outputs))
        used = [
            (o, g if g.device is o.device else g.to(o.device))
            for o, g in zip(outputs, given, strict=True)
            if o.requires_grad
        ]
        found = grad(
            [out for out, _ in used],
            [values[k] for k in wanted],
            [g for _, g in used],
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

    return gradcheck(gradients, inputs, eps, atol, rtol, raise_exception, nondet_tol)
