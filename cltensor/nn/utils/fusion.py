"""A convolution or linear layer and the batch normalisation behind it as one layer, for
evaluation."""

from __future__ import annotations

import copy
from typing import Any, TypeVar

from cltensor.autograd import no_grad
from cltensor.errors import ShapeError
from cltensor.nn.module import Module
from cltensor.nn.parameter import Parameter
from cltensor.ops.elementwise.functions import rsqrt

M = TypeVar("M", bound=Module)
Pair = tuple[Parameter, Parameter]


def _scaled(
    weight: Any, bias: Any, mean: Any, var: Any, eps: float, bn_weight: Any, bn_bias: Any,
    channels: int,
) -> Pair:  # fmt: skip
    """Weight and bias whose output is that of the normalisation. channels: the weight's axis."""
    with no_grad():
        scale = rsqrt(var + eps)
        if bn_weight is not None:
            scale = scale * bn_weight
        shape = [1] * weight.ndim
        shape[channels] = -1
        shift = -mean if bias is None else bias - mean
        shift = shift * scale
        if bn_bias is not None:
            shift = shift + bn_bias
        made = weight * scale.reshape(shape)
    trained = bias.requires_grad if bias is not None else weight.requires_grad
    kept = weight.dtype if bias is None else bias.dtype
    return (
        Parameter(made.to(weight.dtype), weight.requires_grad),
        Parameter(shift.to(kept), trained),
    )


def fuse_conv_bn_weights(
    conv_w: Any, conv_b: Any, bn_rm: Any, bn_rv: Any, bn_eps: float, bn_w: Any, bn_b: Any,
    transpose: bool = False,
) -> Pair:  # fmt: skip
    """The weight and the bias of a convolution that gives what the normalisation makes of it.

    Args:    conv_w, conv_b: of the convolution, conv_b perhaps None; bn_rm, bn_rv, bn_eps, bn_w,
             bn_b: running mean and variance, eps, weight and bias of the normalisation, the last
             two perhaps None; transpose: the convolution is a transposed one.

    >>> conv, norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)
    >>> weight, bias = nn.utils.fuse_conv_bn_weights(
    ...     conv.weight,
    ...     conv.bias,
    ...     norm.running_mean,
    ...     norm.running_var,
    ...     norm.eps,
    ...     norm.weight,
    ...     norm.bias,
    ... )
    >>> weight.shape, bias.shape
    (Size([4, 3, 3, 3]), Size([4]))
    """
    return _scaled(conv_w, conv_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b, int(transpose))


def fuse_linear_bn_weights(
    linear_w: Any, linear_b: Any, bn_rm: Any, bn_rv: Any, bn_eps: float, bn_w: Any, bn_b: Any
) -> Pair:
    """`fuse_conv_bn_weights` for a linear layer.

    >>> linear, norm = nn.Linear(3, 4), nn.BatchNorm1d(4)
    >>> weight, bias = nn.utils.fuse_linear_bn_weights(
    ...     linear.weight,
    ...     linear.bias,
    ...     norm.running_mean,
    ...     norm.running_var,
    ...     norm.eps,
    ...     norm.weight,
    ...     norm.bias,
    ... )
    >>> weight.shape, bias.shape
    (Size([4, 3]), Size([4]))
    """
    return _scaled(linear_w, linear_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b, 0)


def _fused(name: str, layer: M, bn: Any, fuse: Any, *more: Any) -> M:
    if layer.training or bn.training:
        raise ValueError(f"{name}: a layer is in training; fusion is for eval()")
    if bn.running_mean is None or bn.running_var is None:
        raise ValueError(f"{name}: the normalisation has no running statistics")
    made: Any = copy.deepcopy(layer)
    made.weight, bias = fuse(
        made.weight, made.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias, *more
    )
    made.bias = bias
    return made


def fuse_conv_bn_eval(conv: M, bn: Any, transpose: bool = False) -> M:
    """A convolution that gives what `bn` makes of the output of `conv`, both in evaluation.

    Raises:  ValueError for a layer in training, or without running statistics.

    >>> conv, norm = nn.Conv2d(3, 4, 3).eval(), nn.BatchNorm2d(4).eval()
    >>> type(nn.utils.fuse_conv_bn_eval(conv, norm)).__name__
    'Conv2d'
    """
    return _fused("fuse_conv_bn_eval", conv, bn, fuse_conv_bn_weights, transpose)


def fuse_linear_bn_eval(linear: M, bn: Any) -> M:
    """A linear layer that gives what `bn` makes of the output of `linear`, both in evaluation.

    Raises:  ValueError for a layer in training, or without running statistics; ShapeError if `bn`
             has another number of channels, and not one.

    >>> linear, norm = nn.Linear(3, 4).eval(), nn.BatchNorm1d(4).eval()
    >>> nn.utils.fuse_linear_bn_eval(linear, norm)
    Linear(in_features=3, out_features=4, bias=True)
    """
    outputs = linear.out_features
    if bn.num_features not in (outputs, 1):
        raise ShapeError(
            f"fuse_linear_bn_eval: {outputs} outputs, and a normalisation of {bn.num_features} "
            "channels; they must be the same, or one channel"
        )
    return _fused("fuse_linear_bn_eval", linear, bn, fuse_linear_bn_weights)
