"""Activations that change their input in place, under names of their own."""

from __future__ import annotations

from typing import Any

from cltensor.core.composite import composite
from cltensor.core.tensor import Tensor
from cltensor.nn.functional import activation


@composite(method=False)
def relu_(input: Any) -> Tensor:
    """`relu` in place, as here and below with the name of the function."""
    return activation.relu(input, inplace=True)


@composite(method=False)
def celu_(input: Any, alpha: float = 1.0) -> Tensor:
    """See `relu_`."""
    return activation.celu(input, alpha, inplace=True)


@composite(method=False)
def elu_(input: Any, alpha: float = 1.0) -> Tensor:
    """See `relu_`."""
    return activation.elu(input, alpha, inplace=True)


@composite(method=False)
def hardtanh_(input: Any, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """See `relu_`."""
    return activation.hardtanh(input, min_val, max_val, inplace=True)


@composite(method=False)
def leaky_relu_(input: Any, negative_slope: float = 0.01) -> Tensor:
    """See `relu_`."""
    return activation.leaky_relu(input, negative_slope, inplace=True)


@composite(method=False)
def rrelu_(
    input: Any, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False
) -> Tensor:
    """See `relu_`."""
    return activation.rrelu(input, lower, upper, training, inplace=True)


@composite(method=False)
def selu_(input: Any) -> Tensor:
    """See `relu_`."""
    return activation.selu(input, inplace=True)


@composite(method=False)
def threshold_(input: Any, threshold: float, value: float) -> Tensor:
    """See `relu_`."""
    return activation.threshold(input, threshold, value, inplace=True)
