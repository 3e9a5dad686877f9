"""Images read at places between pixels."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import Any

from cltensor.core.composite import composite
from cltensor.core.tensor import Tensor
from cltensor.errors import ShapeError
from cltensor.ops.elementwise import activation
from cltensor.ops.elementwise.arithmetic import fmod
from cltensor.ops.elementwise.cast import astype
from cltensor.ops.elementwise.rounding import abs_, floor, round_
from cltensor.ops.elementwise.select import clip, where
from cltensor.ops.index.gather import take_along_axis
from cltensor.ops.shape.view import broadcast_to

MODES = ("bilinear", "nearest", "bicubic")
PADDINGS = ("zeros", "border", "reflection")


def _pixel(at: Any, n: int, align: bool) -> Any:
    """Coordinates from -1 to 1 as places of n pixels."""
    return (at + 1) * ((n - 1) / 2) if align else ((at + 1) * n - 1) / 2


def _bounded(at: Any, n: int, padding: str, align: bool) -> Any:
    """Places moved into the image, as the padding says."""
    if padding == "zeros":
        return at
    if padding == "reflection":
        low, span = (0.0, n - 1.0) if align else (-0.5, float(n))
        if not span:
            return at * 0
        away = abs_(at - low)
        rest = fmod(away, span)
        odd = floor(away.detach() / span) % 2 == 1
        at = where(odd, span - rest, rest) + low
    return activation.hardtanh(at, 0, n - 1)  # flat at both ends, as PyTorch's


def _cubic(part: Any, a: float = -0.75) -> list[Any]:
    """Weights of the four neighbours of a place `part` behind the second (Keys 1981)."""

    def near(x: Any) -> Any:
        return ((a + 2) * x - (a + 3)) * x * x + 1

    def far(x: Any) -> Any:
        return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a

    return [far(part + 1), near(part), near(1 - part), far(2 - part)]


def _taps(at: Any, n: int, mode: str, padding: str, align: bool) -> list[tuple[Any, Any]]:
    """(places, weights) of the pixels along an axis that a sample is made of."""
    if mode == "nearest":
        return [(round_(_bounded(at, n, padding, align).detach()), None)]
    if mode == "bilinear":
        at = _bounded(at, n, padding, align)
        low = floor(at.detach())
        return [(low, low + 1 - at), (low + 1, at - low)]
    low = floor(at.detach())
    places = [_bounded(low + k, n, padding, align) for k in (-1, 0, 1, 2)]
    return list(zip(places, _cubic(at - low), strict=True))


def sampled(input: Any, grid: Any, mode: str, padding: str, align: bool) -> Any:
    """Images read at the places of a grid; see `nn.functional.grid_sample`."""
    samples, channels, *size = input.shape
    axes = len(size)
    flat = input.reshape(samples, channels, prod(size))
    out = tuple(grid.shape[1:-1])
    along = []
    for d, n in enumerate(size):
        at = _pixel(grid[..., axes - 1 - d].reshape(samples, 1, prod(out)), n, align)
        along.append(_taps(at, n, mode, padding, align))
    total: Any = None
    for taps in product(*along):
        index: Any = None
        weight: Any = None
        inside: Any = None
        for (place, part), n in zip(taps, size, strict=True):
            there = (place >= 0) & (place <= n - 1)
            inside = there if inside is None else inside & there
            step = astype(clip(place.detach(), 0, n - 1), "int64")
            index = step if index is None else index * n + step
            if part is not None:
                weight = part if weight is None else weight * part
        index = broadcast_to(index, (samples, channels, index.shape[-1]))
        value = take_along_axis(flat, index, 2)
        value = where(inside, value if weight is None else value * weight, 0)
        total = value if total is None else total + value
    return total.reshape(samples, channels, *out)


def _grid_sampler(
    name: str, input: Any, grid: Any, mode: int, padding: int, align_corners: bool, axes: int
) -> Any:
    if input.ndim != axes + 2 or not 0 <= mode < len(MODES) or not 0 <= padding < len(PADDINGS):
        raise ShapeError(
            f"{name}: input of shape {tuple(input.shape)}, mode {mode} and padding {padding}; give "
            f"{axes + 2} dimensions and numbers from 0 to 2"
        )
    return sampled(input, grid, MODES[mode], PADDINGS[padding], align_corners)


@composite(method=False)
def grid_sampler_2d(
    input: Any, grid: Tensor, interpolation_mode: int, padding_mode: int, align_corners: bool
) -> Any:
    """`nn.functional.grid_sample` of images; modes by number, in the order that it names them.

    >>> centre = ct.zeros(1, 1, 1, 2)
    >>> ct.grid_sampler_2d(ct.tensor([[[[1.0, 2.0], [3.0, 4.0]]]]), centre, 0, 0, False)
    tensor([[[[2.5000]]]])
    """
    return _grid_sampler(
        "grid_sampler_2d", input, grid, interpolation_mode, padding_mode, align_corners, 2
    )


@composite(method=False)
def grid_sampler_3d(
    input: Any, grid: Tensor, interpolation_mode: int, padding_mode: int, align_corners: bool
) -> Any:
    """`nn.functional.grid_sample` of volumes; modes by number, in the order that it names them.

    >>> ct.grid_sampler_3d(ct.ones(1, 1, 2, 2, 2), ct.zeros(1, 1, 1, 1, 3), 0, 0, False).shape
    Size([1, 1, 1, 1, 1])
    """
    return _grid_sampler(
        "grid_sampler_3d", input, grid, interpolation_mode, padding_mode, align_corners, 3
    )
