"""Activations that change their input in place, under names of their own."""

from __future__ import annotations

from typing import Any

from cltensor.core.composite import composite
from cltensor.core.tensor import Tensor
from cltensor.nn.functional import activation


@composite(method=False)
def relu_(input: Any) -> Tensor:
    """`relu` in place, as here and below with the name of the function.

    >>> x = ct.tensor([-1.0, 2.0])
    >>> F.relu_(x) is x, x
    (True, tensor([0., 2.]))
    """
    return activation.relu(input, inplace=True)


@composite(method=False)
def celu_(input: Any, alpha: float = 1.0) -> Tensor:
    """See `relu_`.

    >>> F.celu_(ct.tensor([-1.0, 2.0]))
    tensor([-0.6321,  2.0000])
    """
    return activation.celu(input, alpha, inplace=True)


@composite(method=False)
def elu_(input: Any, alpha: float = 1.0) -> Tensor:
    """See `relu_`.

    >>> F.elu_(ct.tensor([-1.0, 2.0]))
    tensor([-0.6321,  2.0000])
    """
    return activation.elu(input, alpha, inplace=True)


@composite(method=False)
def hardtanh_(input: Any, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """See `relu_`.

    >>> F.hardtanh_(ct.tensor([-3.0, 0.5]))
    tensor([-1.0000,  0.5000])
    """
    return activation.hardtanh(input, min_val, max_val, inplace=True)


@composite(method=False)
def leaky_relu_(input: Any, negative_slope: float = 0.01) -> Tensor:
    """See `relu_`.

    >>> F.leaky_relu_(ct.tensor([-1.0, 2.0]))
    tensor([-0.0100,  2.0000])
    """
    return activation.leaky_relu(input, negative_slope, inplace=True)


@composite(method=False)
def rrelu_(
    input: Any, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False
) -> Tensor:
    """See `relu_`.

    >>> F.rrelu_(ct.tensor([-2.0, 2.0]), lower=0.25, upper=0.75)
    tensor([-1.,  2.])
    """
    return activation.rrelu(input, lower, upper, training, inplace=True)


@composite(method=False)
def selu_(input: Any) -> Tensor:
    """See `relu_`.

    >>> F.selu_(ct.tensor([-1.0, 2.0]))
    tensor([-1.1113,  2.1014])
    """
    return activation.selu(input, inplace=True)


@composite(method=False)
def threshold_(input: Any, threshold: float, value: float) -> Tensor:
    """See `relu_`.

    >>> F.threshold_(ct.tensor([0.5, 2.0]), 1.0, 0.0)
    tensor([0., 2.])
    """
    return activation.threshold(input, threshold, value, inplace=True)
