"""Activations."""

from __future__ import annotations

import warnings
from typing import Any

from cltensor.core.composite import composite
from cltensor.core.tensor import Tensor
from cltensor.dtypes import arithmetic
from cltensor.errors import DTypeError, ShapeError
from cltensor.nn.legacy import given_dim
from cltensor.ops.create import zeros_like
from cltensor.ops.elementwise import activation
from cltensor.ops.elementwise.activation import log1p_exp, sigmoid
from cltensor.ops.elementwise.arithmetic import multiply
from cltensor.ops.elementwise.cast import astype
from cltensor.ops.elementwise.functions import log, tanh
from cltensor.ops.elementwise.rounding import abs_
from cltensor.ops.elementwise.select import masked_fill, where
from cltensor.ops.random.draw import uniform
from cltensor.ops.random.sample import draw
from cltensor.ops.reduce import fold as reduce
from cltensor.ops.shape.cut import narrow


def placed(input: Any, out: Any, inplace: bool) -> Any:
    """`out`, or input holding the elements of `out`."""
    return input.copy_(out) if inplace else out


def _kept(input: Any, inplace: bool) -> Any:
    """What a function may save for its gradient: a copy if input will be changed."""
    return input.clone() if inplace and input.requires_grad else input


@composite(method=False)
def relu(input: Any, inplace: bool = False) -> Tensor:
    """max(0, input). `inplace`, here and below: input takes the result, and is returned.

    >>> F.relu(ct.tensor([-1.0, 1.0]))
    tensor([0., 1.])
    """
    return placed(input, activation.relu(input), inplace)


@composite(method=False)
def gelu(input: Any, approximate: str = "none") -> Tensor:
    """input times the normal distribution's cumulative function; approximate "none" or "tanh".

    >>> F.gelu(ct.tensor([0.0, 1.0]))
    tensor([0.0000, 0.8413])
    """
    return activation.gelu(input, approximate)


@composite(method=False)
def silu(input: Any, inplace: bool = False) -> Tensor:
    """input * sigmoid(input).

    >>> F.silu(ct.tensor([0.0, 1.0]))
    tensor([0.0000, 0.7311])
    """
    return placed(input, activation.silu(_kept(input, inplace)), inplace)


@composite(method=False)
def softplus(input: Any, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """log(1 + exp(beta * input)) / beta, and input itself where beta * input > threshold.

    >>> F.softplus(ct.tensor([0.0]))
    tensor([0.6931])
    """
    return activation.softplus(input, beta, threshold)


@composite(method=False)
def leaky_relu(input: Any, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """input where it is positive, else negative_slope * input.

    >>> F.leaky_relu(ct.tensor([-1.0, 1.0]), 0.1)
    tensor([-0.1000,  1.0000])
    """
    return placed(input, where(input > 0, input, input * negative_slope), inplace)


@composite(method=False)
def elu(input: Any, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """input where it is positive, else alpha * (exp(input) - 1).

    >>> F.elu(ct.tensor([-1.0, 1.0]))
    tensor([-0.6321,  1.0000])
    """
    return placed(input, activation.elu(_kept(input, inplace), alpha), inplace)


@composite(method=False)
def hardtanh(
    input: Any, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
) -> Tensor:
    """input held between min_val and max_val; the gradient is 0 at both, too.

    >>> F.hardtanh(ct.tensor([-4.0, 0.5, 4.0]))
    tensor([-1.0000,  0.5000,  1.0000])
    """
    return placed(input, activation.hardtanh(input, min_val, max_val), inplace)


@composite(method=False)
def relu6(input: Any, inplace: bool = False) -> Tensor:
    """input held between 0 and 6; the gradient is 0 at both, too.

    >>> F.relu6(ct.tensor([-1.0, 9.0]))
    tensor([0., 6.])
    """
    return placed(input, activation.hardtanh(input, 0, 6), inplace)


@composite(method=False)
def softmax(input: Any, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """exp(input) / sum(exp(input)) along `dim`; without it, along the axis that PyTorch takes, with
    its warning.

    >>> F.softmax(ct.tensor([0.0, 0.0]), dim=-1)
    tensor([0.5000, 0.5000])
    """
    return reduce.softmax(input, given_dim("softmax", input, dim, _stacklevel), dtype)


@composite(method=False)
def log_softmax(
    input: Any, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None
) -> Tensor:
    """The logarithm of softmax.

    >>> F.log_softmax(ct.tensor([0.0, 0.0]), dim=-1)
    tensor([-0.6931, -0.6931])
    """
    return reduce.log_softmax(input, given_dim("log_softmax", input, dim, _stacklevel), dtype)


@composite(method=False)
def softmin(input: Any, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """softmax of -input.

    >>> F.softmin(ct.tensor([0.0, 0.0]), dim=-1)
    tensor([0.5000, 0.5000])
    """
    return reduce.softmax(-input, given_dim("softmin", input, dim, _stacklevel), dtype)


@composite(method=False)
def celu(input: Any, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """input where it is positive, else alpha * (exp(input / alpha) - 1).

    >>> F.celu(ct.tensor([-1.0, 1.0]))
    tensor([-0.6321,  1.0000])
    """
    x = _kept(input, inplace)
    return placed(input, where(x > 0, x, alpha * activation.elu(x / alpha)), inplace)


@composite(method=False)
def selu(input: Any, inplace: bool = False) -> Tensor:
    """`elu` scaled so that layers keep mean 0 and variance 1.

    Source: Klambauer et al. 2017.

    >>> F.selu(ct.tensor([0.0, 1.0]))
    tensor([0.0000, 1.0507])
    """
    scaled = 1.0507009873554805 * activation.elu(_kept(input, inplace), 1.6732632423543772)
    return placed(input, scaled, inplace)


@composite(method=False)
def hardshrink(input: Any, lambd: float = 0.5) -> Tensor:
    """input, and 0 where its magnitude is at most lambd.

    >>> F.hardshrink(ct.tensor([0.2, 1.0]))
    tensor([0., 1.])
    """
    return where(abs_(input) <= lambd, 0, input)


@composite(method=False)
def softshrink(input: Any, lambd: float = 0.5) -> Tensor:
    """input moved towards 0 by lambd, and 0 where it would pass it.

    >>> F.softshrink(ct.tensor([0.2, 1.0]))
    tensor([0.0000, 0.5000])
    """
    if lambd < 0:
        raise ValueError(f"softshrink: lambd is {lambd}; it must not be negative")
    moved = where(input > 0, input - lambd, input + lambd)
    return where(abs_(input) <= lambd, input * 0, moved)


@composite(method=False)
def tanhshrink(input: Any) -> Tensor:
    """input - tanh(input).

    >>> F.tanhshrink(ct.tensor([0.0, 1.0]))
    tensor([0.0000, 0.2384])
    """
    return input - tanh(input)


@composite(method=False)
def softsign(input: Any) -> Tensor:
    """input / (1 + |input|).

    >>> F.softsign(ct.tensor([-1.0, 3.0]))
    tensor([-0.5000,  0.7500])
    """
    return input / (1 + abs_(input))


@composite(method=False)
def hardsigmoid(input: Any, inplace: bool = False) -> Tensor:
    """relu6(input + 3) / 6.

    >>> F.hardsigmoid(ct.tensor([-4.0, 0.0, 4.0]))
    tensor([0.0000, 0.5000, 1.0000])
    """
    return placed(input, activation.hardtanh(input + 3, 0, 6) / 6, inplace)


@composite(method=False)
def hardswish(input: Any, inplace: bool = False) -> Tensor:
    """input * relu6(input + 3) / 6.

    >>> F.hardswish(ct.tensor([-4.0, 0.0, 4.0]))
    tensor([-0.,  0.,  4.])
    """
    return placed(input, activation.hardswish(_kept(input, inplace)), inplace)


@composite(method=False)
def logsigmoid(input: Any) -> Tensor:
    """log(sigmoid(input)), without underflow.

    >>> F.logsigmoid(ct.tensor([0.0]))
    tensor([-0.6931])
    """
    return -log1p_exp(-input)


@composite(method=False)
def mish(input: Any, inplace: bool = False) -> Tensor:
    """input * tanh(softplus(input)).

    >>> F.mish(ct.tensor([0.0, 1.0]))
    tensor([0.0000, 0.8651])
    """
    return placed(input, activation.mish(_kept(input, inplace)), inplace)


@composite(method=False)
def prelu(input: Any, weight: Any) -> Tensor:
    """input where it is positive, else weight * input.

    Args:    input (N, C, ...); weight: one number, or (C,).
    Raises:  ShapeError for another number of weights.

    >>> F.prelu(ct.tensor([-1.0, 1.0]), ct.tensor([0.5]))
    tensor([-0.5000,  1.0000])
    """
    if weight.size == 1:
        slope = weight.reshape(())
    else:
        channels = input.shape[1] if input.ndim > 1 else 1
        if weight.shape != (channels,):
            raise ShapeError(
                f"prelu: weight has shape {tuple(weight.shape)}; give one number, or ({channels},)"
            )
        slope = weight.reshape(-1, *[1] * (input.ndim - 2))
    return where(input > 0, input, slope * input)


@composite(method=False)
def rrelu(
    input: Any, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False,
    inplace: bool = False,
) -> Tensor:  # fmt: skip
    """input where it is positive, else input times a slope: drawn between lower and upper for each
    element in training, their mean otherwise.

    >>> F.rrelu(ct.tensor([1.0]))
    tensor([1.])
    """
    x = _kept(input, inplace)
    slope: Any = (lower + upper) / 2
    if training:
        slope = uniform(lower, upper, x.shape, x.dtype, x.device)
    return placed(input, where(x > 0, x, multiply(x, slope)), inplace)


@composite(method=False)
def threshold(input: Any, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """input, and `value` where it is not above `threshold`.

    >>> F.threshold(ct.tensor([0.1, 1.0]), 0.5, 9.0)
    tensor([9., 1.])
    """
    return placed(input, masked_fill(input, input <= threshold, value), inplace)


@composite(method=False)
def glu(input: Any, dim: int = -1) -> Tensor:
    """The first half of input along `dim` times the sigmoid of the second.

    Raises:  ShapeError for an odd size.

    >>> F.glu(ct.tensor([2.0, 0.0]))
    tensor([1.])
    """
    if not input.ndim or input.shape[dim] % 2:
        raise ShapeError(
            f"glu: axis {dim} of shape {tuple(input.shape)} has no two halves; make its size even"
        )
    half = input.shape[dim] // 2
    return narrow(input, dim, 0, half) * sigmoid(narrow(input, dim, half, half))


@composite(method=False)
def gumbel_softmax(
    logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1
) -> Tensor:
    """Drawn vectors along `dim` near those of one 1: softmax((logits + g) / tau), where each g is
    drawn from Gumbel's distribution; a place is the largest with the chance softmax(logits).

    Args:    tau: the nearer to 0, the nearer to vectors of one 1; hard: give vectors of one 1 with
             the gradient of the others; eps: accepted as PyTorch's, and used as little.
    Raises:  ValueError for a tau that is not positive; DTypeError for integers.
    Source:  Jang, Gu and Poole 2017; Maddison, Mnih and Teh 2017.

    >>> F.gumbel_softmax(ct.zeros(4), hard=True).sum()
    tensor(1.)
    """
    if not tau > 0:
        raise ValueError(f"gumbel_softmax: tau is {tau}; it must be positive")
    if logits.dtype.kind != "f":
        raise DTypeError(f"gumbel_softmax: logits are {logits.dtype.name}; cast them with .float()")
    if eps != 1e-10:
        warnings.warn("gumbel_softmax: eps is deprecated and has no effect", stacklevel=3)
    # Stored in 16 bits, the shortest of these times would be 0, whose logarithm is infinite.
    exact = arithmetic(logits.dtype)
    waits = draw("exponential", logits.shape, exact, logits.device, None, 1.0)
    soft = reduce.softmax((logits - astype(log(waits), logits.dtype)) / tau, dim)
    if not hard:
        return soft
    chosen = soft.argmax(dim, keepdim=True)
    return zeros_like(soft).scatter(dim, chosen, 1.0) - soft.detach() + soft
