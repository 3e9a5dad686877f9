"""Tables for resizing images: nearest, linear and cubic, with PyTorch's places of pixels."""

from __future__ import annotations

import numpy as np

from cltensor.ops.network.resample import Table


def _scale(n: int, out: int, align: bool, scale: float | None) -> float:
    """Inputs for each output."""
    if align:
        return (n - 1) / (out - 1) if out > 1 else 0.0
    return 1 / scale if scale else n / out


def _sources(n: int, out: int, align: bool, scale: float | None, cubic: bool = False) -> np.ndarray:
    """Where in the input each output lies."""
    step, at = _scale(n, out, align, scale), np.arange(out)
    if align:
        return step * at
    found = step * (at + 0.5) - 0.5
    return found if cubic else np.maximum(found, 0)


def nearest_places(n: int, out: int, exact: bool, scale: float | None) -> np.ndarray:
    """The input that each output shows."""
    step = np.float32(_scale(n, out, False, scale))
    at = np.arange(out, dtype=np.float32) + np.float32(0.5 if exact else 0)
    return np.minimum(np.floor(at * step).astype(np.int64), n - 1)


def nearest(n: int, out: int, exact: bool, scale: float | None) -> Table:
    """One input each."""
    return Table(n, nearest_places(n, out, exact, scale)[:, None], np.ones((out, 1)))


def linear(n: int, out: int, align: bool, scale: float | None) -> Table:
    """The two neighbours, weighted by their distance."""
    source = _sources(n, out, align, scale)
    low = np.minimum(np.floor(source).astype(np.int64), n - 1)
    part = source - low
    places = np.stack([low, np.minimum(low + 1, n - 1)], 1)
    return Table(n, places, np.stack([1 - part, part], 1))


def cubic_weights(part: np.ndarray, a: float = -0.75) -> np.ndarray:
    """Weights of the four neighbours of a place `part` behind the second (Keys 1981)."""
    x = np.stack([part + 1, part, 1 - part, 2 - part], -1)
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    return np.where(x <= 1, near, far)


def cubic(n: int, out: int, align: bool, scale: float | None) -> Table:
    """The four neighbours; beyond the border its pixel."""
    source = _sources(n, out, align, scale, cubic=True)
    low = np.floor(source).astype(np.int64)
    places = np.clip(low[:, None] + np.arange(-1, 3), 0, n - 1)
    return Table(n, places, cubic_weights(source - low))


def smooth(n: int, out: int, align: bool, scale: float | None, is_cubic: bool) -> Table:
    """Linear or cubic, over as many inputs as there are for an output where that is smaller
    (antialias)."""
    step = _scale(n, out, align, scale)
    reach = (2.0 if is_cubic else 1.0) * max(step, 1.0)
    center = step * (np.arange(out) + 0.5)
    first = np.maximum((center - reach + 0.5).astype(np.int64), 0)
    last = np.minimum((center + reach + 0.5).astype(np.int64), n)
    taps = int((last - first).max(initial=1))
    places = first[:, None] + np.arange(taps)
    distance = np.abs((places - center[:, None] + 0.5) / max(step, 1.0))
    if is_cubic:
        a = -0.5
        near = ((a + 2) * distance - (a + 3)) * distance**2 + 1
        far = ((a * distance - 5 * a) * distance + 8 * a) * distance - 4 * a
        weights = np.where(distance < 1, near, np.where(distance < 2, far, 0))
    else:
        weights = np.maximum(1 - distance, 0)
    weights = np.where(places < last[:, None], weights, 0)
    return Table(n, np.minimum(places, n - 1), weights / weights.sum(1, keepdims=True))


def area(n: int, out: int) -> Table:
    """The mean of the inputs that an output covers, from floor(i*n/out) to ceil((i+1)*n/out)."""
    at = np.arange(out, dtype=np.int64)
    start, end = at * n // out, -(-(at + 1) * n // out)
    taps = int((end - start).max(initial=1))
    places = start[:, None] + np.arange(taps)
    inside = places < end[:, None]
    return Table(n, np.minimum(places, n - 1), inside / (end - start)[:, None])
