"""Convolutions, and the windows that they multiply with."""

from __future__ import annotations

from typing import Any

from cltensor.core.composite import composite
from cltensor.core.op import same_dtype
from cltensor.core.tensor import Tensor
from cltensor.errors import ShapeError
from cltensor.ops.conv import conv, depth
from cltensor.ops.conv.depth import each
from cltensor.ops.elementwise.cast import apart
from cltensor.ops.shape.windows import image_overlaps, image_windows

Pair = int | tuple[int, int]
Triple = int | tuple[int, int, int]


@composite(method=False)
def conv2d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Pair = 1,
    padding: Pair | str = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> Tensor:
    """Cross-correlate images with filters.

        out[n,o,i,j] = bias[o] + sum_{c,p,q} input[n,c,i*s+p*d,j*s+q*d] * weight[o,c,p,q]

    Args:    input (N, C, H, W) or (C, H, W); weight (O, C/groups, P, Q); bias (O,) or None; stride,
             padding, dilation: an integer or (height, width); padding "same" keeps the size
             (stride 1).
    Returns: (N, O, H', W'), without N if input has none.
    Raises:  ShapeError if the channels differ or the image is smaller than a filter.

    >>> F.conv2d(ct.ones(1, 1, 3, 3), ct.ones(1, 1, 2, 2))
    tensor([[[[4., 4.],
              [4., 4.]]]])
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
) -> Tensor:
    """Transposed convolution: the gradient of conv2d to its images, plus a bias per channel.

    Args:    input (N, C, H, W) or (C, H, W); weight (C, O/groups, P, Q); bias (O,) or None;
             output_padding: rows and columns added at the end, less than stride or dilation.
    Returns: (N, O, (H-1)*stride - 2*padding + dilation*(P-1) + output_padding + 1, ...), without
             N if input has none.
    Raises:  ShapeError if the channels differ or the output would be empty.

    >>> F.conv_transpose2d(ct.ones(1, 1, 2, 2), ct.ones(1, 1, 2, 2), stride=2).shape
    Size([1, 1, 4, 4])
    """
    out = conv.conv_transpose2d(input, weight, stride, padding, output_padding, groups, dilation)
    return _with_bias("conv_transpose2d", out, bias)


def _with_bias(operation: str, out: Any, bias: Any, axes: int = 2) -> Any:
    """`out` (..., O, and `axes` more) plus a bias for each of its channels."""
    if bias is None:
        return out
    wanted = (out.shape[-1 - axes],)
    if tuple(bias.shape) != wanted:
        raise ShapeError(
            f"{operation}: bias has shape {tuple(bias.shape)}; give {wanted}, one for each channel"
        )
    same_dtype(operation, out, bias)
    return out + bias.reshape(-1, *[1] * axes)


@composite(method=False)
def conv1d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: int | tuple[int] = 1,
    padding: int | tuple[int] | str = 0,
    dilation: int | tuple[int] = 1,
    groups: int = 1,
) -> Tensor:
    """`conv2d` for rows: input (N, C, L) or (C, L), weight (O, C/groups, K).

    >>> F.conv1d(ct.tensor([[[1.0, 2.0, 4.0]]]), ct.tensor([[[1.0, -1.0]]]))
    tensor([[[-1., -2.]]])
    """
    out = depth.conv1d(input, weight, stride, padding, dilation, groups)
    return _with_bias("conv1d", out, bias, 1)


@composite(method=False)
def conv_tbc(input: Any, weight: Any, bias: Any, pad: int = 0) -> Tensor:
    """`conv1d` of input (L, N, C) with weight (K, C, O) and bias (O,): (L', N, O).

    >>> F.conv_tbc(ct.ones(5, 2, 3), ct.ones(3, 3, 4), ct.zeros(4)).shape
    Size([3, 2, 4])
    """
    out = conv1d(input.permute(1, 2, 0), weight.permute(2, 1, 0), bias, padding=pad)
    return out.permute(2, 0, 1)


@composite(method=False)
def conv3d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Triple = 1,
    padding: Triple | str = 0,
    dilation: Triple = 1,
    groups: int = 1,
) -> Tensor:
    """`conv2d` for volumes: input (N, C, D, H, W) or (C, D, H, W), weight
    (O, C/groups, K, P, Q).

    >>> F.conv3d(ct.ones(1, 1, 3, 3, 3), ct.ones(1, 1, 3, 3, 3)).flatten()
    tensor([27.])
    """
    out = depth.conv3d(input, weight, stride, padding, dilation, groups)
    return _with_bias("conv3d", out, bias, 3)


@composite(method=False)
def conv_transpose1d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: int | tuple[int] = 1,
    padding: int | tuple[int] = 0,
    output_padding: int | tuple[int] = 0,
    groups: int = 1,
    dilation: int | tuple[int] = 1,
) -> Tensor:
    """`conv_transpose2d` for rows: input (N, C, L) or (C, L), weight (C, O/groups, K).

    >>> F.conv_transpose1d(ct.ones(1, 1, 2), ct.ones(1, 1, 2))
    tensor([[[1., 2., 1.]]])
    """
    out = depth.conv_transpose1d(input, weight, stride, padding, output_padding, groups, dilation)
    return _with_bias("conv_transpose1d", out, bias, 1)


@composite(method=False)
def conv_transpose3d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Triple = 1,
    padding: Triple = 0,
    output_padding: Triple = 0,
    groups: int = 1,
    dilation: Triple = 1,
) -> Tensor:
    """`conv_transpose2d` for volumes: input (N, C, D, H, W) or (C, D, H, W), weight
    (C, O/groups, K, P, Q).

    >>> F.conv_transpose3d(ct.ones(1, 1, 2, 2, 2), ct.ones(1, 1, 2, 2, 2)).shape
    Size([1, 1, 3, 3, 3])
    """
    out = depth.conv_transpose3d(input, weight, stride, padding, output_padding, groups, dilation)
    return _with_bias("conv_transpose3d", out, bias, 3)


def _geometry(
    operation: str, kernel_size: Pair, stride: Pair, padding: Pair, dilation: Pair
) -> tuple[tuple[int, ...], ...]:
    return (
        each(operation, "kernel_size", kernel_size, 2, 1),
        each(operation, "stride", stride, 2, 1),
        each(operation, "padding", padding, 2, 0),
        each(operation, "dilation", dilation, 2, 1),
    )


@composite(method=False)
def unfold(
    input: Any, kernel_size: Pair, dilation: Pair = 1, padding: Pair = 0, stride: Pair = 1
) -> Tensor:
    """The windows of images as columns.

    Args:    input (N, C, H, W) or (C, H, W).
    Returns: (N, C * P * Q, windows), without N if input has none.
    Raises:  ShapeError if the windows do not fit.

    >>> F.unfold(ct.ones(1, 1, 4, 4), 2, stride=2).shape
    Size([1, 4, 4])
    """
    taps, step, around, spread = _geometry("unfold", kernel_size, stride, padding, dilation)
    if input.ndim not in (3, 4):
        raise ShapeError(
            f"unfold: input has shape {tuple(input.shape)}; it takes (N, C, H, W) or (C, H, W)"
        )
    if input.ndim == 3:
        return unfold(input.unsqueeze(0), kernel_size, dilation, padding, stride).squeeze(0)
    if any(around):
        input = input.pad(((0, 0), (0, 0), *[(p, p) for p in around]))
    found = image_windows(input, taps, step, spread)
    samples, channels, rows, _, columns, _ = found.shape
    if not rows * columns:
        raise ShapeError(
            f"unfold: windows of {taps} with dilation {spread} do not fit images of "
            f"{tuple(input.shape[2:])}, padded; pad more or use smaller windows"
        )
    order = apart(found.permute(0, 1, 3, 5, 2, 4))
    return order.reshape(samples, channels * taps[0] * taps[1], rows * columns)


@composite(method=False)
def fold(
    input: Any,
    output_size: Pair,
    kernel_size: Pair,
    dilation: Pair = 1,
    padding: Pair = 0,
    stride: Pair = 1,
) -> Tensor:
    """Images of `output_size` that are the sums of windows given as columns, as `unfold` gives
    them.

    Args:    input (N, C * P * Q, windows) or (C * P * Q, windows).
    Returns: (N, C, H, W), without N if input has none.
    Raises:  ShapeError for another number of rows or windows.

    >>> F.fold(ct.ones(1, 4, 4), (4, 4), 2, stride=2).shape
    Size([1, 1, 4, 4])
    """
    taps, step, around, spread = _geometry("fold", kernel_size, stride, padding, dilation)
    size = each("fold", "output_size", output_size, 2, 1)
    if input.ndim == 2:
        single = fold(input.unsqueeze(0), output_size, kernel_size, dilation, padding, stride)
        return single.squeeze(0)
    whole = [n + 2 * p for n, p in zip(size, around, strict=True)]
    counts = [
        (n - d * (k - 1) - 1) // s + 1 for n, k, s, d in zip(whole, taps, step, spread, strict=True)
    ]
    shape = tuple(input.shape)
    area = taps[0] * taps[1]
    if len(shape) != 3 or shape[1] % area or min(counts) < 1 or shape[2] != counts[0] * counts[1]:
        raise ShapeError(
            f"fold: input has shape {shape}; windows of {taps} over images of {size} are (N, C * "
            f"{area}, {max(counts[0], 0) * max(counts[1], 0)})"
        )
    columns = input.reshape(shape[0], shape[1] // area, *taps, *counts).permute(0, 1, 4, 2, 5, 3)
    found = image_overlaps(columns, tuple(whole), step, spread)
    return found[:, :, around[0] : around[0] + size[0], around[1] : around[1] + size[1]]
