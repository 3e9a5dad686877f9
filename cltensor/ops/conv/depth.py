"""Convolutions of one and of three axes, by those of two: a row is an image of height 1, and the
windows along the depth are channels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cltensor.core.checks import PIXELS, wholes
from cltensor.core.op import require_tensor, same_dtype
from cltensor.errors import ShapeError
from cltensor.ops.conv.conv import conv2d, conv_transpose2d
from cltensor.ops.shape.cut import part
from cltensor.ops.shape.windows import overlap_add, windows

Sizes = int | Sequence[int]


def each(operation: str, name: str, value: Any, axes: int, least: int) -> tuple[int, ...]:
    """`value` for each of `axes` axes. Raises ShapeError for another number of values."""
    found = wholes(operation, name, value, least, PIXELS)
    if len(found) == 1:
        found = found * axes
    if len(found) != axes:
        raise ShapeError(
            f"{operation}: {name} is {value!r}; give an integer or {axes}, each at least {least}"
        )
    return found


def _require(operation: str, axes: int, x: Any, w: Any) -> None:
    for name, operand, dimensions in (("x", x, (axes + 1, axes + 2)), ("w", w, (axes + 2,))):
        require_tensor(operation, name, operand)
        if operand.ndim not in dimensions:
            raise ShapeError(
                f"{operation}: {name} has shape {tuple(operand.shape)}; it takes "
                f"{' or '.join(map(str, dimensions))} dimensions"
            )
    same_dtype(operation, x, w)


def _batched(function: Any, x: Any, axes: int, *args: Any) -> Any:
    """function(x, *args), where x may have no axis of a batch."""
    if x.ndim == axes + 2:
        return function(x, *args)
    return function(x.unsqueeze(0), *args).squeeze(0)


def conv1d(
    x: Any, w: Any, stride: Sizes, padding: Sizes | str, dilation: Sizes, groups: int
) -> Any:
    """`conv2d` for rows: x (N, C, L) or (C, L), w (O, C/groups, K)."""
    name = "conv1d"
    _require(name, 1, x, w)
    (step,), (spread,) = (
        each(name, n, v, 1, 1) for n, v in (("stride", stride), ("dilation", dilation))
    )
    around: Any = padding
    if not isinstance(padding, str):
        around = (0, *each(name, "padding", padding, 1, 0))
    out = conv2d(x.unsqueeze(-2), w.unsqueeze(-2), (1, step), around, (1, spread), groups)
    return out.squeeze(-2)


def conv_transpose1d(
    x: Any, w: Any, stride: Sizes, padding: Sizes, output_padding: Sizes, groups: int,
    dilation: Sizes,
) -> Any:  # fmt: skip
    """`conv_transpose2d` for rows: x (N, C, L) or (C, L), w (C, O/groups, K)."""
    name = "conv_transpose1d"
    _require(name, 1, x, w)
    (step,), (around,), (more,), (spread,) = (
        each(name, n, v, 1, least)
        for n, v, least in (
            ("stride", stride, 1), ("padding", padding, 0), ("output_padding", output_padding, 0),
            ("dilation", dilation, 1),
        )
    )  # fmt: skip
    out = conv_transpose2d(
        x.unsqueeze(-2), w.unsqueeze(-2), (1, step), (0, around), (0, more), groups, (1, spread)
    )
    return out.squeeze(-2)


def _around(
    padding: Any, taps: tuple[int, ...], step: tuple[int, ...], spread: tuple[int, ...]
) -> tuple[tuple[int, int], ...]:
    """(before, after) of each axis."""
    name = "conv3d"
    if padding == "valid":
        return ((0, 0),) * 3
    if padding == "same":
        if step != (1, 1, 1):
            raise ShapeError(f"{name}: padding 'same' with stride {step}; it takes stride 1")
        totals = [d * (k - 1) for k, d in zip(taps, spread, strict=True)]
        return tuple([(t // 2, t - t // 2) for t in totals])
    if isinstance(padding, str):
        raise ValueError(f"{name}: padding is {padding!r}; give numbers, 'same' or 'valid'")
    return tuple([(p, p) for p in each(name, "padding", padding, 3, 0)])


def conv3d(
    x: Any, w: Any, stride: Sizes, padding: Sizes | str, dilation: Sizes, groups: int
) -> Any:
    """`conv2d` for volumes: x (N, C, D, H, W) or (C, D, H, W), w (O, C/groups, K, P, Q).

    The windows along the depth are copied, as further channels of an image for each place.
    """
    name = "conv3d"
    _require(name, 3, x, w)
    step, spread = each(name, "stride", stride, 3, 1), each(name, "dilation", dilation, 3, 1)
    around = _around(padding, tuple(w.shape[2:]), step, spread)
    return _batched(_conv3d, x, 3, w, step, around, spread, groups)


def _conv3d(x: Any, w: Any, step: Any, around: Any, spread: Any, groups: int) -> Any:
    outputs, channels, taps = w.shape[:3]
    if any(around[0]):
        x = x.pad(((0, 0), (0, 0), around[0], (0, 0), (0, 0)))
    if x.shape[1] != channels * groups or x.shape[2] < spread[0] * (taps - 1) + 1 or not taps:
        raise ShapeError(
            f"conv3d: volumes of shape {tuple(x.shape)} (padded) and filters of shape "
            f"{tuple(w.shape)} do not fit with groups={groups} and dilation {spread}"
        )
    deep = windows(x, 2, taps, step[0], spread[0]).permute(0, 2, 1, 3, 4, 5)
    samples, depth = deep.shape[:2]
    images = deep.reshape(samples * depth, x.shape[1] * taps, *x.shape[3:])
    before, after = zip(*around[1:], strict=True)
    if before != after:
        images = images.pad(((0, 0), (0, 0), *around[1:]))
        before = (0, 0)
    filters = w.reshape(outputs, channels * taps, *w.shape[3:])
    out = conv2d(images, filters, step[1:], before, spread[1:], groups)
    return out.reshape(samples, depth, *out.shape[1:]).permute(0, 2, 1, 3, 4)


def conv_transpose3d(
    x: Any, w: Any, stride: Sizes, padding: Sizes, output_padding: Sizes, groups: int,
    dilation: Sizes,
) -> Any:  # fmt: skip
    """`conv_transpose2d` for volumes: x (N, C, D, H, W) or (C, D, H, W), w (C, O/groups, K, P, Q).

    Images of all slices, with the taps along the depth as channels, that then are added up.
    """
    name = "conv_transpose3d"
    _require(name, 3, x, w)
    step, spread = each(name, "stride", stride, 3, 1), each(name, "dilation", dilation, 3, 1)
    around = each(name, "padding", padding, 3, 0)
    more = each(name, "output_padding", output_padding, 3, 0)
    if more[0] >= max(step[0], spread[0]):
        raise ShapeError(
            f"{name}: output_padding {more} must be less than stride {step} or dilation {spread}"
        )
    return _batched(_conv_transpose3d, x, 3, w, step, around, more, spread, groups)


def _conv_transpose3d(
    x: Any, w: Any, step: Any, around: Any, more: Any, spread: Any, groups: int
) -> Any:
    samples, channels, depth, *size = x.shape
    outputs, taps = w.shape[1] * groups, w.shape[2]
    length = (depth - 1) * step[0] + spread[0] * (taps - 1) + 1
    out = length - 2 * around[0] + more[0]
    if out < 1:
        raise ShapeError(f"conv_transpose3d: the output would have depth {out}; use less padding")
    images = x.permute(0, 2, 1, 3, 4).reshape(samples * depth, channels, *size)
    filters = w.reshape(channels, w.shape[1] * taps, *w.shape[3:])
    flat = conv_transpose2d(images, filters, step[1:], around[1:], more[1:], groups, spread[1:])
    deep = flat.reshape(samples, depth, outputs, taps, *flat.shape[2:]).permute(0, 2, 1, 3, 4, 5)
    found = overlap_add(deep, 2, length, step[0], spread[0])
    if more[0] > around[0]:
        found = found.pad(((0, 0), (0, 0), (0, more[0] - around[0]), (0, 0), (0, 0)))
    return part(found, 2, around[0], out)
