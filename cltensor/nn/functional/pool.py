"""Pooling."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import wraps
from typing import Any

from cltensor.core.composite import composite
from cltensor.core.tensor import Tensor
from cltensor.errors import ShapeError
from cltensor.nn.functional.conv import Pair, Triple
from cltensor.ops.conv.depth import each
from cltensor.ops.elementwise.power import pow
from cltensor.ops.elementwise.rounding import abs_, sign
from cltensor.ops.network import adaptive, deep, pool
from cltensor.ops.network.fractional import fractional_max_pool

Single = int | tuple[int]
Sizes = int | tuple[int | None, ...]


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
    """The largest value of every window of input (N, C, H, W) or (C, H, W).

    >>> F.max_pool2d(ct.arange(16.0).reshape(1, 1, 4, 4), 2).flatten()
    tensor([ 5.,  7., 13., 15.])
    """
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
) -> Tensor:
    """The mean of every window of input (N, C, H, W) or (C, H, W).

    >>> F.avg_pool2d(ct.arange(16.0).reshape(1, 1, 4, 4), 2)
    tensor([[[[ 2.5000,  4.5000],
              [10.5000, 12.5000]]]])
    """
    return pool.avg_pool2d(
        input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def _row(value: Any, other: int) -> Any:
    """A parameter of rows as one of images of height 1."""
    return None if value is None else (other, *each("pool", "a parameter", value, 1, 0))


@composite(method=False)
def max_pool1d(
    input: Any,
    kernel_size: Single,
    stride: Single | None = None,
    padding: Single = 0,
    dilation: Single = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest value of every window of input (N, C, L) or (C, L).

    >>> F.max_pool1d(ct.arange(4.0).reshape(1, 1, 4), 2)
    tensor([[[1., 3.]]])
    """
    found = pool.max_pool2d(
        input.unsqueeze(-2), _row(kernel_size, 1), _row(stride or None, 1), _row(padding, 0),
        _row(dilation, 1), ceil_mode, return_indices,
    )  # fmt: skip
    if return_indices:
        return found[0].squeeze(-2), found[1].squeeze(-2)
    return found.squeeze(-2)


@composite(method=False)
def max_pool3d(
    input: Any,
    kernel_size: Triple,
    stride: Triple | None = None,
    padding: Triple = 0,
    dilation: Triple = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest value of every window of input (N, C, D, H, W) or (C, D, H, W).

    >>> F.max_pool3d(ct.ones(1, 1, 4, 4, 4), 2).shape
    Size([1, 1, 2, 2, 2])
    """
    return deep.max_pool3d(input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


@composite(method=False)
def avg_pool1d(
    input: Any,
    kernel_size: Single,
    stride: Single | None = None,
    padding: Single = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """The mean of every window of input (N, C, L) or (C, L).

    >>> F.avg_pool1d(ct.arange(4.0).reshape(1, 1, 4), 2)
    tensor([[[0.5000, 2.5000]]])
    """
    return pool.avg_pool2d(
        input.unsqueeze(-2), _row(kernel_size, 1), _row(stride or None, 1), _row(padding, 0),
        ceil_mode, count_include_pad,
    ).squeeze(-2)  # fmt: skip


@composite(method=False)
def avg_pool3d(
    input: Any,
    kernel_size: Triple,
    stride: Triple | None = None,
    padding: Triple = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The mean of every window of input (N, C, D, H, W) or (C, D, H, W).

    >>> F.avg_pool3d(ct.ones(1, 1, 4, 4, 4), 2).shape
    Size([1, 1, 2, 2, 2])
    """
    return deep.avg_pool3d(
        input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def _lp(input: Any, p: float, count: int, means: Any) -> Any:
    """The p-norm of each window of `count`, from means(x) of them."""
    mean = means(pow(input, p))
    return pow(sign(mean) * abs_(mean) * count, 1 / p)


@composite(method=False)
def lp_pool1d(
    input: Any,
    norm_type: float,
    kernel_size: int,
    stride: Single | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """The p-norm of every window of input (N, C, L) or (C, L), where p is norm_type.

    >>> F.lp_pool1d(ct.tensor([[[3.0, 4.0]]]), 2, 2)
    tensor([[[5.]]])
    """
    return _lp(
        input, norm_type, kernel_size, lambda x: avg_pool1d(x, kernel_size, stride, 0, ceil_mode)
    )


@composite(method=False)
def lp_pool2d(
    input: Any,
    norm_type: float,
    kernel_size: Pair,
    stride: Pair | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """The p-norm of every window of input (N, C, H, W) or (C, H, W), where p is norm_type.

    >>> F.lp_pool2d(ct.ones(1, 1, 4, 4), 2, 2).shape
    Size([1, 1, 2, 2])
    """
    count = math.prod(each("lp_pool2d", "kernel_size", kernel_size, 2, 1))
    return _lp(input, norm_type, count, lambda x: avg_pool2d(x, kernel_size, stride, 0, ceil_mode))


@composite(method=False)
def lp_pool3d(
    input: Any,
    norm_type: float,
    kernel_size: Triple,
    stride: Triple | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """The p-norm of every window of input (N, C, D, H, W) or (C, D, H, W), where p is
    norm_type.

    >>> F.lp_pool3d(ct.ones(1, 1, 4, 4, 4), 2, 2).shape
    Size([1, 1, 2, 2, 2])
    """
    count = math.prod(each("lp_pool3d", "kernel_size", kernel_size, 3, 1))
    return _lp(input, norm_type, count, lambda x: avg_pool3d(x, kernel_size, stride, 0, ceil_mode))


@composite(method=False)
def adaptive_avg_pool1d(input: Any, output_size: Sizes) -> Tensor:
    """The mean of each of output_size windows of input
    (N, C, L) or (C, L); None keeps a size.

    >>> F.adaptive_avg_pool1d(ct.arange(4.0).reshape(1, 1, 4), 2)
    tensor([[[0.5000, 2.5000]]])
    """
    return adaptive.adaptive_avg_pool("adaptive_avg_pool1d", input, output_size, 1)


@composite(method=False)
def adaptive_avg_pool2d(input: Any, output_size: Sizes) -> Tensor:
    """The mean of each of output_size windows of input
    (N, C, H, W) or (C, H, W); None keeps a size.

    >>> F.adaptive_avg_pool2d(ct.ones(1, 3, 8, 8), 1).shape
    Size([1, 3, 1, 1])
    """
    return adaptive.adaptive_avg_pool("adaptive_avg_pool2d", input, output_size, 2)


@composite(method=False)
def adaptive_avg_pool3d(input: Any, output_size: Sizes) -> Tensor:
    """The mean of each of output_size windows of input
    (N, C, D, H, W) or (C, D, H, W); None keeps a size.

    >>> F.adaptive_avg_pool3d(ct.ones(1, 3, 4, 4, 4), 1).shape
    Size([1, 3, 1, 1, 1])
    """
    return adaptive.adaptive_avg_pool("adaptive_avg_pool3d", input, output_size, 3)


@composite(method=False)
def adaptive_max_pool1d(input: Any, output_size: Sizes, return_indices: bool = False) -> Any:
    """The largest value of each of output_size windows of input
    (N, C, L) or (C, L); None keeps a size; return_indices gives their places too.

    >>> F.adaptive_max_pool1d(ct.arange(4.0).reshape(1, 1, 4), 2)
    tensor([[[1., 3.]]])
    """
    return adaptive.adaptive_max_pool("adaptive_max_pool1d", input, output_size, 1, return_indices)


@composite(method=False)
def adaptive_max_pool2d(input: Any, output_size: Sizes, return_indices: bool = False) -> Any:
    """The largest value of each of output_size windows of input
    (N, C, H, W) or (C, H, W); None keeps a size; return_indices gives their places too.

    >>> F.adaptive_max_pool2d(ct.ones(1, 3, 8, 8), 1).shape
    Size([1, 3, 1, 1])
    """
    return adaptive.adaptive_max_pool("adaptive_max_pool2d", input, output_size, 2, return_indices)


@composite(method=False)
def adaptive_max_pool3d(input: Any, output_size: Sizes, return_indices: bool = False) -> Any:
    """The largest value of each of output_size windows of input
    (N, C, D, H, W) or (C, D, H, W); None keeps a size; return_indices gives their places too.

    >>> F.adaptive_max_pool3d(ct.ones(1, 3, 4, 4, 4), 1).shape
    Size([1, 3, 1, 1, 1])
    """
    return adaptive.adaptive_max_pool("adaptive_max_pool3d", input, output_size, 3, return_indices)


def _unpooled(
    operation: str, input: Any, indices: Any, kernel_size: Any, stride: Any, padding: Any,
    output_size: Any, axes: int,
) -> Any:  # fmt: skip
    """Zeros, with the elements of input at the places that pooling gave for them."""
    if input.ndim not in (axes + 1, axes + 2) or input.shape != indices.shape:
        raise ShapeError(
            f"{operation}: input has shape {tuple(input.shape)}, indices {tuple(indices.shape)}; "
            f"give both of the same, {axes + 1} or {axes + 2} dimensions"
        )
    taps = each(operation, "kernel_size", kernel_size, axes, 1)
    step = each(operation, "stride", stride, axes, 1) if stride else taps
    around = each(operation, "padding", padding, axes, 0)
    if output_size is None:
        sizes = zip(input.shape[-axes:], taps, step, around, strict=True)
        size = tuple([(n - 1) * s + k - 2 * p for n, k, s, p in sizes])
    else:
        size = tuple(output_size)[-axes:]
    outer = tuple(input.shape[:-axes])
    place = indices.reshape(*outer, math.prod(input.shape[-axes:]))
    found = pool.unpool(input.reshape(place.shape), place, math.prod(size))
    return found.reshape(*outer, *size)


@composite(method=False)
def max_unpool1d(
    input: Any, indices: Tensor, kernel_size: Single, stride: Single | None = None,
    padding: Single = 0, output_size: Any = None,
) -> Tensor:  # fmt: skip
    """What `max_pool1d` pooled, 0 but at the places (`indices`) of its results. output_size: the
    size of the output, if not the least that has such windows.

    >>> F.max_unpool1d(ct.tensor([[[5.0, 3.0]]]), ct.tensor([[[1, 3]]]), 2)
    tensor([[[0., 5., 0., 3.]]])
    """
    return _unpooled("max_unpool1d", input, indices, kernel_size, stride, padding, output_size, 1)


@composite(method=False)
def max_unpool2d(
    input: Any, indices: Tensor, kernel_size: Pair, stride: Pair | None = None,
    padding: Pair = 0, output_size: Any = None,
) -> Tensor:  # fmt: skip
    """What `max_pool2d` pooled, 0 but at the places (`indices`) of its results. output_size: the
    size of the output, if not the least that has such windows.

    >>> F.max_unpool2d(ct.tensor([[[[3.0]]]]), ct.tensor([[[[3]]]]), 2)
    tensor([[[[0., 0.],
              [0., 3.]]]])
    """
    return _unpooled("max_unpool2d", input, indices, kernel_size, stride, padding, output_size, 2)


@composite(method=False)
def max_unpool3d(
    input: Any, indices: Tensor, kernel_size: Triple, stride: Triple | None = None,
    padding: Triple = 0, output_size: Any = None,
) -> Tensor:  # fmt: skip
    """What `max_pool3d` pooled, 0 but at the places (`indices`) of its results. output_size: the
    size of the output, if not the least that has such windows.

    >>> F.max_unpool3d(ct.ones(1, 1, 1, 1, 1), ct.zeros(1, 1, 1, 1, 1, dtype=ct.int64), 2).shape
    Size([1, 1, 2, 2, 2])
    """
    return _unpooled("max_unpool3d", input, indices, kernel_size, stride, padding, output_size, 3)


@composite(method=False)
def fractional_max_pool2d(
    input: Any, kernel_size: Pair, output_size: Any = None, output_ratio: Any = None,
    return_indices: bool = False, _random_samples: Any = None,
) -> Any:  # fmt: skip
    """The largest value of windows of input (N, C, H, W) or (C, H, W) at random places.

    output_size, or output_ratio for a share of the size of the input; _random_samples (N, C, 2):
    numbers from 0 to 1 that decide the places.

    Source: Graham 2014.

    >>> F.fractional_max_pool2d(ct.ones(1, 1, 8, 8), 2, output_size=3).shape
    Size([1, 1, 3, 3])
    """
    taps = each("fractional_max_pool2d", "kernel_size", kernel_size, 2, 1)
    found = fractional_max_pool(
        "fractional_max_pool2d", input, taps, output_size, output_ratio, _random_samples
    )
    return found if return_indices else found[0]


@composite(method=False)
def fractional_max_pool3d(
    input: Any, kernel_size: Triple, output_size: Any = None, output_ratio: Any = None,
    return_indices: bool = False, _random_samples: Any = None,
) -> Any:  # fmt: skip
    """The largest value of windows of input (N, C, D, H, W) or (C, D, H, W) at random places; see
    `fractional_max_pool2d`.

    >>> F.fractional_max_pool3d(ct.ones(1, 1, 8, 8, 8), 2, output_size=3).shape
    Size([1, 1, 3, 3, 3])
    """
    taps = each("fractional_max_pool3d", "kernel_size", kernel_size, 3, 1)
    found = fractional_max_pool(
        "fractional_max_pool3d", input, taps, output_size, output_ratio, _random_samples
    )
    return found if return_indices else found[0]


def _with_indices(function: Callable[..., Any], call: str, gives: str) -> Callable[..., Any]:
    """`function` with both results; its example has those arguments, and gives that."""

    @wraps(function)
    def both(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **{**kwargs, "return_indices": True})

    name = function.__name__
    both.__doc__ = (
        f"The results of `{name}`, and their places in the input.\n\n"
        f">>> F.{name}_with_indices({call})\n({gives})"
    )
    return both


adaptive_max_pool1d_with_indices = _with_indices(
    adaptive_max_pool1d,
    "ct.tensor([[1.0, 4.0, 3.0, 2.0]]), 2",
    "tensor([[4., 3.]]), tensor([[1, 2]])",
)
adaptive_max_pool2d_with_indices = _with_indices(
    adaptive_max_pool2d,
    "ct.tensor([[[1.0, 4.0], [3.0, 2.0]]]), 1",
    "tensor([[[4.]]]), tensor([[[1]]])",
)
adaptive_max_pool3d_with_indices = _with_indices(
    adaptive_max_pool3d,
    "ct.tensor([[[[1.0, 4.0], [3.0, 2.0]]]]), 1",
    "tensor([[[[4.]]]]), tensor([[[[1]]]])",
)
fractional_max_pool2d_with_indices = _with_indices(
    fractional_max_pool2d,
    "ct.tensor([[[1.0, 4.0], [3.0, 2.0]]]), 2, 1",
    "tensor([[[4.]]]), tensor([[[1]]])",
)
fractional_max_pool3d_with_indices = _with_indices(
    fractional_max_pool3d,
    "ct.tensor([[[[1.0, 4.0], [3.0, 2.0]]]]), (1, 2, 2), 1",
    "tensor([[[[4.]]]]), tensor([[[[1]]]])",
)
max_pool1d_with_indices = _with_indices(
    max_pool1d, "ct.tensor([[1.0, 4.0, 3.0, 2.0]]), 2", "tensor([[4., 3.]]), tensor([[1, 2]])"
)
max_pool2d_with_indices = _with_indices(
    max_pool2d, "ct.tensor([[[1.0, 4.0], [3.0, 2.0]]]), 2", "tensor([[[4.]]]), tensor([[[1]]])"
)
max_pool3d_with_indices = _with_indices(
    max_pool3d,
    "ct.tensor([[[[1.0, 4.0], [3.0, 2.0]]]]), (1, 2, 2)",
    "tensor([[[[4.]]]]), tensor([[[[1]]]])",
)
