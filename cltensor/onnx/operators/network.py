"""Convolutions and pooling."""

from __future__ import annotations

import math
from typing import Any

from cltensor.dtypes import float32, int64
from cltensor.nn import functional as F
from cltensor.onnx.functions import main as ct
from cltensor.onnx.functions import of_linalg
from cltensor.onnx.operators.windows import Windows, least, padded, windows
from cltensor.onnx.table import Asked, Ints, operator

_CONV: tuple[Any, ...] = (F.conv1d, F.conv2d, F.conv3d)
_TRANSPOSED: tuple[Any, ...] = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)
_MAX: tuple[Any, ...] = (F.max_pool1d, F.max_pool2d, F.max_pool3d)
_AVERAGE: tuple[Any, ...] = (F.avg_pool1d, F.avg_pool2d, F.avg_pool3d)


def convolved(
    x: Any, weight: Any, bias: Any, kernel: list[int] | None, strides: list[int] | None,
    pads: list[int] | None, dilations: list[int] | None, auto_pad: str, group: int,
) -> Any:  # fmt: skip
    """A convolution as Conv's attributes say."""
    sizes, n = x.shape[2:], x.ndim - 2
    if not 1 <= n <= 3:
        raise ValueError(f"a convolution over {n} axes; cltensor has those over 1 to 3")
    if kernel is not None and list(kernel) != list(weight.shape[2:]):
        raise ValueError(f"kernel_shape is {kernel}, and the weight's {tuple(weight.shape)}")
    around = windows(sizes, list(weight.shape[2:]), strides, pads, dilations, auto_pad)
    padding = tuple(around.before)
    if not around.is_plain or min(padding) < 0:
        x, padding = padded(x, around, 0), (0,) * n
    return _CONV[n - 1](
        x, weight, bias, tuple(around.strides), padding, tuple(around.dilations), group
    )


@operator("Conv")
def _conv(x, weight, bias=None, *, auto_pad: str = "NOTSET", dilations: list[int] | None = None,
          group: int = 1, kernel_shape: list[int] | None = None, pads: list[int] | None = None,
          strides: list[int] | None = None):  # fmt: skip
    return convolved(x, weight, bias, kernel_shape, strides, pads, dilations, auto_pad, group)


@operator("ConvTranspose")
def _conv_transpose(
    x, weight, bias=None, *, auto_pad: str = "NOTSET", dilations: list[int] | None = None,
    group: int = 1, kernel_shape: list[int] | None = None,
    output_padding: list[int] | None = None, output_shape: list[int] | None = None,
    pads: list[int] | None = None, strides: list[int] | None = None,
):  # fmt: skip
    n = x.ndim - 2
    kernel, more = list(weight.shape[2:]), output_padding or [0] * n
    strides, dilations = strides or [1] * n, dilations or [1] * n
    whole = [
        s * (m - 1) + o + (k - 1) * d + 1
        for s, m, o, k, d in zip(strides, x.shape[2:], more, kernel, dilations, strict=True)
    ]
    before, behind = (pads or [0] * 2 * n)[:n], (pads or [0] * 2 * n)[n:]
    if output_shape is not None or auto_pad in ("SAME_UPPER", "SAME_LOWER"):
        wanted = output_shape or [m * s for m, s in zip(x.shape[2:], strides, strict=True)]
        total = [max(w - o, 0) for w, o in zip(whole, wanted[-n:], strict=True)]
        small, large = [t // 2 for t in total], [t - t // 2 for t in total]
        before, behind = (large, small) if auto_pad == "SAME_LOWER" else (small, large)
        whole = [o + t for o, t in zip(wanted[-n:], total, strict=True)]
    out = _TRANSPOSED[n - 1](x, weight, bias, tuple(strides), 0, 0, group, tuple(dilations))
    for i in range(n):
        axis, have = i + 2, out.shape[i + 2]
        if whole[i] > have:  # output_padding: behind the last window, where only the bias is
            rest = ct.zeros(
                tuple(whole[i] - have if a == axis else m for a, m in enumerate(out.shape)),
                dtype=out.dtype, device=out.device,
            )  # fmt: skip
            if bias is not None:
                rest = rest + ct.reshape(bias, (-1, *[1] * n))
            out = ct.cat([out, rest], axis)
        out = ct.narrow(out, axis, before[i], whole[i] - before[i] - behind[i])
    return out


@operator("MaxPool")
def _max_pool(
    x, *, auto_pad: str = "NOTSET", ceil_mode: bool = False, dilations: list[int] | None = None,
    kernel_shape: list[int], pads: list[int] | None = None, storage_order: int = 0,
    strides: list[int] | None = None, outputs: Asked,
):  # fmt: skip
    n = len(kernel_shape)
    around = windows(x.shape[2:], kernel_shape, strides, pads, dilations, auto_pad, ceil_mode)
    if outputs > 1:
        return _max_with_places(x, around, storage_order)
    if x.dtype.kind != "f" or not 1 <= n <= 3:
        parts = list(around.parts(padded(x, around, least(x.dtype))))
        found = parts[0]
        for part in parts[1:]:
            found = ct.maximum(found, part)
        return found
    halves = [2 * b <= k for b, k in zip(around.before, kernel_shape, strict=True)]
    padding = tuple(around.before)
    if not around.is_plain or not all(halves):
        x, padding = padded(x, around, least(x.dtype)), (0,) * n
    sizes = tuple(kernel_shape), tuple(around.strides), padding, tuple(around.dilations)
    return _MAX[n - 1](x, *sizes)


def _max_with_places(x: Any, around: Windows, storage_order: int) -> tuple[Any, Any]:
    """The largest of each window and where it is, counted over the whole tensor."""
    sizes = x.shape[2:]
    order = range(len(sizes)) if storage_order else reversed(range(len(sizes)))
    numbers, step = 0, 1
    for axis in order:
        shape = tuple(n if i == axis else 1 for i, n in enumerate(sizes))
        along = ct.reshape(ct.arange(sizes[axis], dtype=int64, device=x.device), shape)
        numbers, step = numbers + along * step, step * sizes[axis]
    each = ct.arange(x.shape[0] * x.shape[1], dtype=int64, device=x.device) * step
    each = ct.reshape(each, (*x.shape[:2], *[1] * len(sizes)))
    numbers = ct.broadcast_to(each + numbers, x.shape)
    best, places = None, None
    values = around.parts(padded(x, around, least(x.dtype)))
    for value, place in zip(values, around.parts(padded(numbers, around, -1)), strict=True):
        if best is None:
            best, places = value, place
        else:
            more = value > best
            best, places = ct.where(more, value, best), ct.where(more, place, places)
    return best, places


@operator("AveragePool")
def _average_pool(
    x, *, auto_pad: str = "NOTSET", ceil_mode: bool = False, count_include_pad: bool = False,
    dilations: list[int] | None = None, kernel_shape: list[int], pads: list[int] | None = None,
    strides: list[int] | None = None,
):  # fmt: skip
    n = len(kernel_shape)
    around = windows(x.shape[2:], kernel_shape, strides, pads, dilations, auto_pad, ceil_mode)
    halves = all(2 * b <= k for b, k in zip(around.before, kernel_shape, strict=True))
    plain = around.is_plain and halves and not any(d > 1 for d in around.dilations)
    if plain and 1 <= n <= 3:
        return _AVERAGE[n - 1](
            x, tuple(kernel_shape), tuple(around.strides), tuple(around.before), False,
            count_include_pad,
        )  # fmt: skip
    total = sum(around.parts(padded(x, around, 0)))
    ones = ct.ones((1, 1, *x.shape[2:]), dtype=x.dtype, device=x.device)
    if count_include_pad:
        inner = padded(ones, around, 1, beyond=False)
        rest = [0] * n
        around = Windows(kernel_shape, around.strides, around.dilations, rest, around.beyond, rest)
        ones = inner
    return total / sum(around.parts(padded(ones, around, 0)))


@operator("LpPool")
def _lp_pool(
    x, *, auto_pad: str = "NOTSET", ceil_mode: bool = False, dilations: list[int] | None = None,
    kernel_shape: list[int], p: int = 2, pads: list[int] | None = None,
    strides: list[int] | None = None,
):  # fmt: skip
    around = windows(x.shape[2:], kernel_shape, strides, pads, dilations, auto_pad, ceil_mode)
    powers = ct.pow(ct.abs(x), p)
    return ct.pow(sum(around.parts(padded(powers, around, 0))), 1 / p)


def _inner(x: Any) -> tuple[int, ...]:
    return tuple(range(2, x.ndim))


@operator("GlobalAveragePool")
def _global_average(x):
    return ct.mean(x, _inner(x), keepdim=True)


@operator("GlobalMaxPool")
def _global_max(x):
    return ct.amax(x, _inner(x), keepdims=True)


@operator("GlobalLpPool")
def _global_lp(x, *, p: int = 2):
    return of_linalg.vector_norm(x, p, _inner(x), keepdims=True)


@operator("MaxUnpool")
def _max_unpool(x, places, output_shape: Ints | None = None, *, kernel_shape: list[int],
                pads: list[int] | None = None, strides: list[int] | None = None):  # fmt: skip
    n = len(kernel_shape)
    strides, pads = strides or [1] * n, pads or [0] * 2 * n
    natural = [
        (m - 1) * s + k - b - e
        for m, s, k, b, e in zip(
            x.shape[2:], strides, kernel_shape, pads[:n], pads[n:], strict=True
        )
    ]
    shape = (*x.shape[:2], *natural)
    wanted = shape if output_shape is None else tuple(output_shape)
    # Places count over the whole tensor of the natural shape; more lies behind it.
    flat = ct.zeros((math.prod(shape),), dtype=x.dtype, device=x.device)
    found = ct.scatter(flat, 0, ct.reshape(places, (-1,)), ct.reshape(x, (-1,)))
    found = ct.reshape(found, shape)
    ends = [m - k for m, k in zip(wanted[2:], natural, strict=True)]
    return F.pad(found, tuple(n for end in ends[::-1] for n in (0, end))) if any(ends) else found


@operator("Col2Im", since=18)
def _col2im(x, image_shape: Ints, block_shape: Ints, *, dilations: list[int] | None = None,
            pads: list[int] | None = None, strides: list[int] | None = None):  # fmt: skip
    n = len(image_shape)
    around = windows(image_shape, block_shape, strides, pads, dilations, "NOTSET")
    counts = around.counts(image_shape)
    whole = [m + b + e for m, b, e in zip(image_shape, around.before, around.behind, strict=True)]
    batch, block = x.shape[0], math.prod(block_shape)
    channels = x.shape[1] // block
    # The place of each element of each block in the image with its padding, counted.
    numbers = ct.reshape(ct.arange(math.prod(whole), device=x.device), tuple(whole))
    free = [0] * n
    plain = Windows(block_shape, around.strides, around.dilations, free, free, free)
    places = ct.stack([ct.reshape(part, (-1,)) for part in plain.parts(numbers)])
    values = ct.reshape(x, (batch, channels, block * math.prod(counts)))
    flat = ct.zeros((batch, channels, math.prod(whole)), dtype=x.dtype, device=x.device)
    at = ct.broadcast_to(ct.reshape(places, (1, 1, -1)), values.shape)
    found = ct.reshape(ct.scatter_add(flat, 2, at, values), (batch, channels, *whole))
    for i, (b, m) in enumerate(zip(around.before, image_shape, strict=True)):
        found = ct.narrow(found, i + 2, b, m)
    return found


@operator("CausalConvWithState", since=27)
def _causal_conv(x, weight, bias=None, past_state=None, *, activation: str = "none"):
    k = weight.shape[-1]
    if past_state is None:
        past_state = ct.zeros((*x.shape[:2], k - 1), dtype=x.dtype, device=x.device)
    whole = ct.cat([past_state, x], 2)
    found = F.conv1d(whole, weight, bias, groups=x.shape[1])
    if activation in ("silu", "swish"):
        found = F.silu(found)
    return found, ct.narrow(whole, 2, whole.shape[2] - (k - 1), k - 1)


@operator("DeformConv", since=19)
def _deform_conv(
    x, weight, offset, bias=None, mask=None, *, dilations: list[int] | None = None, group: int = 1,
    kernel_shape: list[int] | None = None, offset_group: int = 1, pads: list[int] | None = None,
    strides: list[int] | None = None,
):  # fmt: skip
    if x.ndim != 4:
        raise ValueError(
            f"a deformable convolution over {x.ndim - 2} axes; cltensor has those over 2"
        )
    kh, kw = weight.shape[2:]
    around = windows(x.shape[2:], [kh, kw], strides, pads, dilations, "NOTSET")
    batch, channels, h, w = x.shape
    oh, ow = offset.shape[2:]
    count = kh * kw
    shifts = ct.reshape(offset, (batch, offset_group, count, 2, oh, ow))

    def along(axis: int, k: int, n: int, shape: tuple[int, ...], place: tuple[int, ...]) -> Any:
        starts = ct.arange(n, dtype=float32, device=x.device) * around.strides[axis]
        starts = ct.reshape(starts - around.before[axis], shape)
        inner = ct.arange(k, dtype=float32, device=x.device) * around.dilations[axis]
        return starts + ct.reshape(inner, place)

    rows = along(0, kh, oh, (1, 1, oh, 1), (kh, 1, 1, 1))
    columns = along(1, kw, ow, (1, 1, 1, ow), (1, kw, 1, 1))
    rows = ct.reshape(ct.broadcast_to(rows, (kh, kw, oh, ow)), (count, oh, ow))
    columns = ct.reshape(ct.broadcast_to(columns, (kh, kw, oh, ow)), (count, oh, ow))
    y, z = rows + shifts[:, :, :, 0], columns + shifts[:, :, :, 1]
    grid = ct.stack([(2 * z + 1) / w - 1, (2 * y + 1) / h - 1], -1)
    grid = ct.reshape(grid, (batch * offset_group, count * oh, ow, 2))
    parts = ct.reshape(x, (batch * offset_group, channels // offset_group, h, w))
    found = F.grid_sample(parts, ct.astype(grid, x.dtype), "bilinear", "zeros", False)
    found = ct.reshape(found, (batch, offset_group, channels // offset_group, count, oh, ow))
    if mask is not None:
        found = found * ct.reshape(mask, (batch, offset_group, 1, count, oh, ow))
    columns = ct.reshape(found, (batch, group, channels // group * count, oh * ow))
    weights = ct.reshape(weight, (group, weight.shape[0] // group, -1))
    out = ct.reshape(ct.matmul(weights, columns), (batch, weight.shape[0], oh, ow))
    return out if bias is None else out + ct.reshape(bias, (-1, 1, 1))
