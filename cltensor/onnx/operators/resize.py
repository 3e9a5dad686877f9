"""Resize: along each axis every element is a weighted sum of a few, whatever the mode."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from cltensor.errors import OutOfMemoryError
from cltensor.onnx.functions import main as ct
from cltensor.onnx.table import Ints, Numbers, operator


@operator("Resize", since=10)
def _resize_10(x, scales: Numbers, *, mode: str = "nearest"):
    return upsampled(x, scales, mode)


def upsampled(x: Any, scales: list[float], mode: str) -> Any:
    """As Resize did before it had modes of coordinates."""
    return _resize(
        x, None, scales, None, mode=mode, coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    )  # fmt: skip


@operator("Resize", since=11)
def _resize(
    x, roi: Numbers | None = None, scales: Numbers | None = None, sizes: Ints | None = None, *,
    antialias: bool = False, axes: list[int] | None = None,
    coordinate_transformation_mode: str = "half_pixel", cubic_coeff_a: float = -0.75,
    exclude_outside: bool = False, extrapolation_value: float = 0.0,
    keep_aspect_ratio_policy: str = "stretch", mode: str = "nearest",
    nearest_mode: str = "round_prefer_floor",
):  # fmt: skip
    chosen = list(range(x.ndim)) if axes is None else [a % x.ndim for a in axes]
    have = [x.shape[a] for a in chosen]
    exact, wanted = _sizes(have, scales, sizes, keep_aspect_ratio_policy)
    shape = [wanted[chosen.index(a)] if a in chosen else n for a, n in enumerate(x.shape)]
    if math.prod(shape) * x.dtype.itemsize > x.device.max_alloc:  # before the host makes indices
        raise OutOfMemoryError(
            f"Resize: {x.shape} to {tuple(shape)} are more elements than '{x.device.name}' allows "
            "in one buffer; give smaller sizes"
        )
    crop = coordinate_transformation_mode == "tf_crop_and_resize"
    outside = None
    dtype = x.dtype
    if mode != "nearest" and dtype.kind != "f":
        x = ct.astype(x, np.dtype("float32"))
    for i, axis in enumerate(chosen):
        ends = (roi[i], roi[i + len(chosen)]) if crop and roi else (0.0, 1.0)
        if wanted[i] == have[i] and exact[i] == 1 and not crop:
            continue
        at = _coordinates(
            coordinate_transformation_mode, have[i], wanted[i], exact[i], ends,
            whole=sizes is None,
        )  # fmt: skip
        if crop:
            beyond = (at < 0) | (at > have[i] - 1)
            along = tuple(-1 if a == axis else 1 for a in range(x.ndim))
            beyond = ct.reshape(ct.tensor(beyond, device=x.device), along)
            outside = beyond if outside is None else ct.logical_or(outside, beyond)
        places, weights = _taps(
            at, have[i], mode, nearest_mode, cubic_coeff_a, exclude_outside,
            min(exact[i], 1.0) if antialias else 1.0,
        )  # fmt: skip
        x = _along(x, axis, places, weights)
    if outside is not None:
        x = ct.where(outside, extrapolation_value, x)
    if x.dtype != dtype:
        x = ct.astype(x if dtype.kind == "f" else ct.round(x), dtype)
    return x


def _sizes(
    have: list[int], scales: list[float] | None, sizes: list[int] | None, policy: str
) -> tuple[list[float], list[int]]:
    """The factor of each axis, and how many elements it will have."""
    if sizes:
        factors = [s / n for s, n in zip(sizes, have, strict=True)]
        if policy != "stretch":
            one = min(factors) if policy == "not_larger" else max(factors)
            return [one] * len(have), [math.floor(one * n + 0.5) for n in have]
        return factors, list(sizes)
    if not scales:
        raise ValueError("neither scales nor sizes are given")
    # Scales are float32, and so is their product with a size.
    wanted = [
        int(np.floor(np.float32(s) * np.float32(n))) for s, n in zip(scales, have, strict=True)
    ]
    return list(scales), wanted


def _coordinates(
    mode: str, have: int, wanted: int, factor: float, ends: tuple[float, float], whole: bool
) -> np.ndarray:
    """Where in the input the middle of each output element lies."""
    out = np.arange(wanted, dtype=np.float64)
    if mode == "half_pixel":
        return (out + 0.5) / factor - 0.5
    if mode == "half_pixel_symmetric":
        adjust = wanted / (factor * have)
        middle = have / 2
        return middle * (1 - adjust) + (out + 0.5) / factor - 0.5
    if mode == "pytorch_half_pixel":
        return (out + 0.5) / factor - 0.5 if wanted > 1 else out * 0 + 0.0
    if mode == "align_corners":
        length = factor * have if whole else wanted
        return out * (have - 1) / (length - 1) if wanted > 1 else out * 0.0
    if mode == "asymmetric":
        return out / factor
    if mode == "tf_half_pixel_for_nn":
        return (out + 0.5) / factor
    if mode == "tf_crop_and_resize":
        start, end = ends
        if wanted > 1:
            return start * (have - 1) + out * (end - start) * (have - 1) / (wanted - 1)
        return out * 0.0 + 0.5 * (start + end) * (have - 1)
    raise ValueError(f"coordinate_transformation_mode is {mode!r}")


def _nearest(at: np.ndarray, mode: str) -> np.ndarray:
    if mode == "round_prefer_floor":
        return np.ceil(at - 0.5)
    if mode == "round_prefer_ceil":
        return np.floor(at + 0.5)
    if mode in ("floor", "ceil"):
        return np.floor(at) if mode == "floor" else np.ceil(at)
    raise ValueError(f"nearest_mode is {mode!r}")


def _taps(
    at: np.ndarray, have: int, mode: str, nearest: str, a: float, exclude: bool, shrink: float
) -> tuple[np.ndarray, np.ndarray]:
    """For each output element the input elements, and their weights, that it is made of.
    shrink: below 1 the kernel is that much wider, which smooths what falls between the taps."""
    if mode == "nearest":
        return np.clip(_nearest(at, nearest), 0, have - 1).astype(int)[:, None], np.ones(
            (len(at), 1)
        )
    if mode not in ("linear", "cubic"):
        raise ValueError(f"mode is {mode!r}")
    reach = (1 if mode == "linear" else 2) / shrink
    count = 2 * math.ceil(reach)
    first = np.floor(at) - count // 2 + 1
    places = first[:, None] + np.arange(count)
    far = np.abs(places - at[:, None]) * shrink
    if mode == "linear":
        weights = np.maximum(1 - far, 0)
    else:
        near = ((a + 2) * far - (a + 3)) * far**2 + 1
        weights = np.where(far <= 1, near, ((a * far - 5 * a) * far + 8 * a) * far - 4 * a)
        weights = np.where(far < 2, weights, 0)
    if exclude:
        weights = np.where((places < 0) | (places >= have), 0, weights)
    if exclude or shrink < 1:
        weights = weights / weights.sum(1, keepdims=True)
    return np.clip(places, 0, have - 1).astype(int), weights


def _along(x: Any, axis: int, places: np.ndarray, weights: np.ndarray) -> Any:
    shape = tuple(-1 if a == axis else 1 for a in range(x.ndim))
    found = None
    for place, weight in zip(places.T, weights.T, strict=True):
        part = ct.index_select(x, axis, ct.tensor(place.astype(np.int64), device=x.device))
        if weights.shape[1] > 1:
            if not weight.any():
                continue
            exact = weight.astype(x.dtype if x.dtype.itemsize > 4 else np.float32)
            factor = ct.tensor(exact, device=x.device)
            part = part * ct.astype(ct.reshape(factor, shape), x.dtype)
        found = part if found is None else found + part
    return found
