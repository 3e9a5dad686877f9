"""The layers as functions, under PyTorch's names: `import cltensor.nn.functional as F`."""

from __future__ import annotations

from typing import Any

from cltensor.core.checks import probability
from cltensor.core.composite import composite
from cltensor.core.mode import no_grad
from cltensor.core.op import same_dtype
from cltensor.core.tensor import Tensor
from cltensor.dtypes import float16, float32
from cltensor.errors import DTypeError, ShapeError
from cltensor.lazy.writes import write_together
from cltensor.nn.layers.loss import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    huber_loss,
    l1_loss,
    mse_loss,
    nll_loss,
    smooth_l1_loss,
)
from cltensor.nn.legacy import given_dim
from cltensor.ops.conv import conv
from cltensor.ops.elementwise import activation
from cltensor.ops.elementwise.activation import sigmoid
from cltensor.ops.elementwise.functions import rsqrt, tanh
from cltensor.ops.elementwise.select import where
from cltensor.ops.index.scatter import one_hot
from cltensor.ops.linalg import matmul as linalg
from cltensor.ops.network import adaptive, pool
from cltensor.ops.network.normalize import normalize_channels, normalize_rows
from cltensor.ops.random.draw import dropout_mask
from cltensor.ops.reduce import fold as reduce
from cltensor.ops.shape import border

__all__ = [
    "adaptive_avg_pool2d",
    "adaptive_max_pool2d",
    "avg_pool2d",
    "batch_norm",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "conv2d",
    "conv_transpose2d",
    "cross_entropy",
    "dropout",
    "dropout2d",
    "elu",
    "gelu",
    "hardtanh",
    "huber_loss",
    "l1_loss",
    "layer_norm",
    "leaky_relu",
    "linear",
    "log_softmax",
    "max_pool2d",
    "mse_loss",
    "nll_loss",
    "one_hot",
    "pad",
    "relu",
    "relu6",
    "sigmoid",
    "silu",
    "smooth_l1_loss",
    "softmax",
    "softplus",
    "tanh",
]

Pair = int | tuple[int, int]


# -- activations -----------------------------------------------------------------------------


def _placed(input: Any, out: Any, inplace: bool) -> Any:
    """`out`, or input holding the elements of `out`."""
    return input.copy_(out) if inplace else out


def _kept(input: Any, inplace: bool) -> Any:
    """What a function may save for its gradient: a copy if input will be changed."""
    return input.clone() if inplace and input.requires_grad else input


@composite(method=False)
def relu(input: Any, inplace: bool = False) -> Any:
    """max(0, input). `inplace`, here and below: input takes the result, and is returned."""
    return _placed(input, activation.relu(input), inplace)


@composite(method=False)
def gelu(input: Any, approximate: str = "none") -> Any:
    """input times the normal distribution's cumulative function; approximate "none" or "tanh"."""
    return activation.gelu(input, approximate)


@composite(method=False)
def silu(input: Any, inplace: bool = False) -> Any:
    """input * sigmoid(input)."""
    return _placed(input, activation.silu(_kept(input, inplace)), inplace)


@composite(method=False)
def softplus(input: Any, beta: float = 1.0, threshold: float = 20.0) -> Any:
    """log(1 + exp(beta * input)) / beta, and input itself where beta * input > threshold."""
    return activation.softplus(input, beta, threshold)


@composite(method=False)
def leaky_relu(input: Any, negative_slope: float = 0.01, inplace: bool = False) -> Any:
    """input where it is positive, else negative_slope * input."""
    return _placed(input, where(input > 0, input, input * negative_slope), inplace)


@composite(method=False)
def elu(input: Any, alpha: float = 1.0, inplace: bool = False) -> Any:
    """input where it is positive, else alpha * (exp(input) - 1)."""
    return _placed(input, activation.elu(_kept(input, inplace), alpha), inplace)


@composite(method=False)
def hardtanh(input: Any, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Any:
    """input held between min_val and max_val; the gradient is 0 at both, too."""
    return _placed(input, activation.hardtanh(input, min_val, max_val), inplace)


@composite(method=False)
def relu6(input: Any, inplace: bool = False) -> Any:
    """input held between 0 and 6; the gradient is 0 at both, too."""
    return _placed(input, activation.hardtanh(input, 0, 6), inplace)


@composite(method=False)
def softmax(input: Any, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Any:
    """exp(input) / sum(exp(input)) along `dim`; without it, along the axis that PyTorch takes, with
    its warning."""
    return reduce.softmax(input, given_dim("softmax", input, dim, _stacklevel), dtype)


@composite(method=False)
def log_softmax(input: Any, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Any:
    """The logarithm of softmax."""
    return reduce.log_softmax(input, given_dim("log_softmax", input, dim, _stacklevel), dtype)


# -- linear maps, convolution, pooling -------------------------------------------------------


@composite(method=False)
def linear(input: Any, weight: Any, bias: Any = None) -> Any:
    """input @ weight.T + bias.

    Args:    input (..., I); weight (O, I); bias (O,) or None.
    Returns: (..., O).
    Raises:  ShapeError, DTypeError if the sizes or the dtypes of input and weight differ.
    """
    given, wanted = input._value.shape, weight._value.shape
    if not given or len(wanted) != 2 or given[-1] != wanted[1]:
        raise ShapeError(
            f"linear: an input of shape {tuple(input.shape)} does not fit a weight of shape "
            f"{tuple(weight.shape)}; the last size of both must be the same"
        )
    dtype = weight._value.dtype
    if input._value.dtype is not dtype or (bias is not None and bias._value.dtype is not dtype):
        same_dtype("linear", input, weight, *([] if bias is None else [bias]))
    out = linalg.linear(input, weight)
    return out if bias is None else out + bias


@composite(method=False)
def conv2d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Pair = 1,
    padding: Pair | str = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> Any:
    """Cross-correlate images with filters.

        out[n,o,i,j] = bias[o] + sum_{c,p,q} input[n,c,i*s+p*d,j*s+q*d] * weight[o,c,p,q]

    Args:    input (N, C, H, W) or (C, H, W); weight (O, C/groups, P, Q); bias (O,) or None; stride,
             padding, dilation: an integer or (height, width); padding "same" keeps the size
             (stride 1).
    Returns: (N, O, H', W'), without N if input has none.
    Raises:  ShapeError if the channels differ or the image is smaller than a filter.
    """
    out = conv.conv2d(input, weight, stride, padding, dilation, groups)
    return _with_bias("conv2d", out, bias)


@composite(method=False)
def conv_transpose2d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Pair = 1,
    padding: Any = 0,
    output_padding: Pair = 0,
    groups: int = 1,
    dilation: Pair = 1,
) -> Any:
    """Transposed convolution: the gradient of conv2d to its images, plus a bias per channel.

    Args:    input (N, C, H, W) or (C, H, W); weight (C, O/groups, P, Q); bias (O,) or None;
             output_padding: rows and columns added at the end, less than stride or dilation.
    Returns: (N, O, (H-1)*stride - 2*padding + dilation*(P-1) + output_padding + 1, ...), without
             N if input has none.
    Raises:  ShapeError if the channels differ or the output would be empty.
    """
    out = conv.conv_transpose2d(input, weight, stride, padding, output_padding, groups, dilation)
    return _with_bias("conv_transpose2d", out, bias)


def _with_bias(operation: str, out: Any, bias: Any) -> Any:
    """`out` (..., O, H, W) plus a bias for each of its channels."""
    if bias is None:
        return out
    wanted = (out.shape[-3],)
    if tuple(bias.shape) != wanted:
        raise ShapeError(
            f"{operation}: bias has shape {tuple(bias.shape)}; give {wanted}, one for each channel"
        )
    same_dtype(operation, out, bias)
    return out + bias.reshape(-1, 1, 1)


@composite(method=False)
def max_pool2d(
    input: Any,
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    dilation: Pair = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest value of every window of input (N, C, H, W) or (C, H, W)."""
    return pool.max_pool2d(input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


@composite(method=False)
def avg_pool2d(
    input: Any,
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Any:
    """The mean of every window of input (N, C, H, W) or (C, H, W)."""
    return pool.avg_pool2d(
        input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


@composite(method=False)
def adaptive_avg_pool2d(input: Any, output_size: int | tuple[int | None, int | None]) -> Any:
    """The mean of each of output_size windows of input (N, C, H, W) or (C, H, W); None keeps a
    size."""
    return adaptive.adaptive_avg_pool2d(input, output_size)


@composite(method=False)
def adaptive_max_pool2d(
    input: Any, output_size: int | tuple[int | None, int | None], return_indices: bool = False
) -> Any:
    """The largest value of each of output_size windows of input (N, C, H, W) or (C, H, W); None
    keeps a size. Places (return_indices) are not there."""
    return adaptive.adaptive_max_pool2d(input, output_size, return_indices)


@composite(method=False)
def pad(input: Any, pad: tuple[int, ...], mode: str = "constant", value: Any = None) -> Any:
    """input with its last axes made longer.

    Args:    pad: (before, after) of the last axis, then of the one before, and so on; mode: what
             to add, "constant" (`value`, 0 for None), "reflect", "replicate" or "circular".
    Raises:  ShapeError for a pad that does not fit; ValueError for another mode.
    """
    return border.pad_as(input, pad, mode, value)


# -- dropout ---------------------------------------------------------------------------------


@composite(method=False)
def dropout(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Zero with probability p, else input / (1 - p); input itself when not training."""
    probability("dropout", p)
    if not training or p == 0:
        return input
    mask = dropout_mask(input.shape, p, input.dtype, input.device)
    return _placed(input, input * mask, inplace)


@composite(method=False)
def dropout2d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Dropout of whole channels of input (N, C, ...)."""
    probability("dropout2d", p)
    if not training or p == 0:
        return input
    shape = (*input.shape[:2], *(1 for _ in input.shape[2:]))
    mask = dropout_mask(shape, p, input.dtype, input.device)
    return _placed(input, input * mask, inplace)


# -- normalisation ---------------------------------------------------------------------------


@composite(method=False)
def batch_norm(
    input: Any,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float | Tensor = 0.1,
    eps: float = 1e-5,
) -> Any:
    """Normalise every channel of input over the batch, or by the running statistics.

        out = (input - mean) / sqrt(var + eps) * weight + bias

    In training the statistics are the batch's and the running ones move towards them in place,
    running = (1 - momentum) * running + momentum * batch, with the unbiased variance.

    Args:    input (N, C, ...); all others (C,) or None; momentum: a number, or a scalar Tensor.
    Returns: the shape of input.
    Raises:  ShapeError for another number of channels, or training on one value per channel;
             DTypeError for another dtype of the parameters than input's.
    Source:  Ioffe and Szegedy 2015.
    """
    if input.ndim < 2:
        raise ShapeError(f"batch_norm: shape {tuple(input.shape)} has no dimension of channels")
    for name, value in (("running_mean", running_mean), ("weight", weight)):
        if value is not None and tuple(value.shape) != (input.shape[1],):
            raise ShapeError(
                f"batch_norm: an input of shape {tuple(input.shape)} has {input.shape[1]} "
                f"channels, {name} has shape {tuple(value.shape)}"
            )
    _fitting("batch_norm", input, running_mean=running_mean, weight=weight)
    channels = (input.shape[1],) + (1,) * (input.ndim - 2)
    if training:
        count = input.size // input.shape[1] if input.shape[1] else 0
        if count == 1:
            raise ShapeError(
                f"batch_norm: training needs more than one value per channel, "
                f"shape {tuple(input.shape)} has {count}; call .eval() or use larger batches"
            )
        if not count:  # no statistics, and nothing to normalise
            return _scaled(input, weight, bias, channels)
        axes = (0, *range(2, input.ndim))
        out, stats = normalize_channels(
            input, _shaped(weight, channels), _shaped(bias, channels), axes, eps
        )
        if running_mean is not None and running_var is not None:
            _move(running_mean, running_var, stats, count, momentum)
        return out
    if running_mean is None or running_var is None:
        raise ValueError("batch_norm: evaluation needs running_mean and running_var")
    scale = rsqrt(running_var.reshape(channels) + eps)
    if weight is not None:
        scale = scale * weight.reshape(channels)
    out = (input - running_mean.reshape(channels)) * scale
    return out if bias is None else out + bias.reshape(channels)


def _fitting(operation: str, input: Any, **others: Any) -> None:
    """Raise DTypeError unless the parameters that are there have the dtype of input, or are float32
    beside a float16 input, as statistics need be."""
    for name, value in others.items():
        if value is None or value.dtype is input.dtype:
            continue
        if (input.dtype, value.dtype) != (float16, float32):
            raise DTypeError(
                f"{operation}: the input is {input.dtype.name} and {name} {value.dtype.name}; cast "
                f"the input with .to('{value.dtype.name}')"
            )


def _scaled(input: Any, weight: Any, bias: Any, channels: tuple[int, ...]) -> Any:
    """An input without elements, as far as autograd is concerned times weight plus bias."""
    out = input if weight is None else input * weight.reshape(channels)
    return out if bias is None else out + bias.reshape(channels)


def _shaped(value: Any, shape: tuple[int, ...]) -> Any:
    return None if value is None else value.reshape(shape)


def _move(
    mean: Tensor,
    var: Tensor,
    stats: tuple[Tensor, Tensor],
    count: int,
    momentum: float | Tensor,
) -> None:
    """Let the running statistics take their share of the batch's, outside any graph.

    stats: the batch's means and sums of squared differences from them.
    """
    with no_grad():
        middle, squares = [s.reshape(mean.shape).astype(mean.dtype) for s in stats]
        moved_mean = (1 - momentum) * mean + momentum * middle
        moved_var = (1 - momentum) * var + momentum * (squares * (1 / (count - 1)))
        pairs = [(mean.realize(), moved_mean), (var.realize(), moved_var)]
        write_together([(old._value, new._value) for old, new in pairs], "batch_norm")


@composite(method=False)
def layer_norm(
    input: Any,
    normalized_shape: tuple[int, ...],
    weight: Any = None,
    bias: Any = None,
    eps: float = 1e-5,
) -> Any:
    """Normalise over the last dimensions, those of `normalized_shape`.

        out = (input - mean) / sqrt(var + eps) * weight + bias

    Raises:  ShapeError if input does not end in normalized_shape, DTypeError for another dtype of
             the weight than input's.
    Source:  Ba, Kiros and Hinton 2016.
    """
    shape = tuple(normalized_shape)
    if not shape or tuple(input.shape[-len(shape) :]) != shape:
        raise ShapeError(
            f"layer_norm: an input of shape {tuple(input.shape)} does not end in {shape}"
        )
    _fitting("layer_norm", input, weight=weight)
    axes = tuple(range(input.ndim - len(shape), input.ndim))
    return normalize_rows(input, weight, bias, axes, eps)
