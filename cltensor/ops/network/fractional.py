"""Pooling of windows at random places (Graham 2014)."""

from __future__ import annotations

import math
from typing import Any

from cltensor.core.checks import wholes
from cltensor.errors import ShapeError
from cltensor.ops.create import arange
from cltensor.ops.elementwise.cast import astype
from cltensor.ops.elementwise.select import where
from cltensor.ops.index.gather import take_along_axis
from cltensor.ops.random.draw import uniform
from cltensor.ops.reduce.fold import argmax
from cltensor.ops.shape.view import broadcast_to


def _starts(u: Any, n: int, out: int, taps: int) -> Any:
    """Where the windows along an axis of size n begin, for each u (..., 1): (..., out)."""
    at = arange(out, device=u.device)
    if out == 1:
        return astype(u * 0, "int64") + (n - taps)
    alpha = (n - taps) / (out - 1)
    found = astype((at + u) * alpha, "int64") - astype(u * alpha, "int64")
    return where(at == out - 1, n - taps, found)


def _sizes(
    name: str, x: Any, taps: tuple[int, ...], output_size: Any, output_ratio: Any
) -> tuple[int, ...]:
    axes = len(taps)
    if (output_size is None) == (output_ratio is None):
        raise ValueError(f"{name}: give output_size or output_ratio, one of them")
    if output_size is None:
        ratio = output_ratio if isinstance(output_ratio, (tuple, list)) else [output_ratio] * axes
        output_size = [int(n * r) for n, r in zip(x.shape[-axes:], ratio, strict=True)]
    out = wholes(name, "output_size", output_size, 1)
    out = out * axes if len(out) == 1 else out
    if len(out) != axes or any(
        m + k - 1 > n for m, k, n in zip(out, taps, x.shape[-axes:], strict=True)
    ):
        raise ShapeError(
            f"{name}: {out} windows of {taps} do not fit images of {tuple(x.shape[-axes:])}"
        )
    return out


def fractional_max_pool(
    name: str, x: Any, taps: tuple[int, ...], output_size: Any, output_ratio: Any, samples: Any
) -> tuple[Any, Any]:
    """(the largest of each window, its place in the image) along the last len(taps) axes.

    samples (N, C, axes) or (C, axes): numbers from 0 to 1 that decide where windows begin; drawn if
    None. Those of images are in the order width, height.
    """
    axes = len(taps)
    if x.ndim not in (axes + 1, axes + 2):
        raise ShapeError(
            f"{name}: x has shape {tuple(x.shape)}; give {axes + 1} or {axes + 2} axes"
        )
    whole = x if x.ndim == axes + 2 else x.unsqueeze(0)
    out = _sizes(name, x, taps, output_size, output_ratio)
    batch, size = tuple(whole.shape[:2]), tuple(whole.shape[2:])
    if samples is None:
        samples = uniform(0.0, 1.0, (*batch, axes), x.dtype, x.device)
    elif samples.ndim == 2:
        samples = samples.unsqueeze(0)
    elif x.ndim == axes + 1:
        samples = samples[:1]  # a layer keeps them for a batch; PyTorch takes the first
    place: Any = None
    for d in range(axes):
        u = samples[..., axes - 1 - d if axes == 2 else d].unsqueeze(-1)
        starts = _starts(u, size[d], out[d], taps[d])
        spots = starts.unsqueeze(-1) + arange(taps[d], device=x.device)
        shape = [*batch, *[1] * (2 * axes)]
        shape[2 + d], shape[2 + axes + d] = out[d], taps[d]
        spots = spots.reshape(shape)
        place = spots if place is None else place * size[d] + spots
    window = math.prod(taps)
    place = broadcast_to(place, (*batch, *out, *taps)).reshape(*batch, math.prod(out) * window)
    flat = whole.reshape(*batch, math.prod(size))
    taken = take_along_axis(flat, place, 2).reshape(*batch, *out, window)
    best = argmax(taken.detach(), -1, True)
    found = [
        take_along_axis(v, best, -1).squeeze(-1)
        for v in (taken, place.reshape(*batch, *out, window))
    ]
    return tuple([f if x.ndim == axes + 2 else f.squeeze(0) for f in found])  # type: ignore[return-value]
