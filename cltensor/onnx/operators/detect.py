"""Operators on images and boxes."""

from __future__ import annotations

from typing import Any

import numpy as np

from cltensor.dtypes import float32
from cltensor.nn import functional as F
from cltensor.onnx.functions import main as ct
from cltensor.onnx.table import Array, Ints, Numbers, operator

_MODES = {"linear": "bilinear", "cubic": "bicubic"}


@operator("GridSample", since=16)
def _grid_sample(x, grid, *, align_corners: bool = False, mode: str = "bilinear",
                 padding_mode: str = "zeros"):  # fmt: skip
    return F.grid_sample(x, grid, _MODES.get(mode, mode), padding_mode, align_corners)


@operator("NonMaxSuppression", since=10)
def _non_max_suppression(
    boxes: Array, scores: Array, most: Ints | None = None, iou_threshold: Numbers | None = None,
    score_threshold: Numbers | None = None, *, center_point_box: bool = False,
):  # fmt: skip
    count = most[0] if most else 0
    limit, least = iou_threshold[0] if iou_threshold else 0.0, score_threshold
    if center_point_box:
        middle, half = boxes[..., :2], boxes[..., 2:] / 2
        low, high = middle - half, middle + half
    else:
        low = np.minimum(boxes[..., :2], boxes[..., 2:])
        high = np.maximum(boxes[..., :2], boxes[..., 2:])
    found = []
    for batch, by_class in enumerate(scores):
        areas = np.prod(high[batch] - low[batch], -1)
        for kind, each in enumerate(by_class):
            order = np.argsort(-each, kind="stable")
            order = order if least is None else order[each[order] > least[0]]
            kept: list[int] = []
            while len(order) and len(kept) < count:
                best, order = order[0], order[1:]
                kept.append(best)
                corner = np.maximum(low[batch, best], low[batch, order])
                other = np.minimum(high[batch, best], high[batch, order])
                common = np.prod(np.maximum(other - corner, 0), -1)
                whole = areas[best] + areas[order] - common
                order = order[common <= limit * whole]
            found += [(batch, kind, int(box)) for box in kept]
    return np.array(found, np.int64).reshape(-1, 3)


@operator("RoiAlign", since=10)
def _roi_align_10(
    x, rois: Array, batch_indices: Ints, *, mode: str = "avg", output_height: int = 1,
    output_width: int = 1, sampling_ratio: int = 0, spatial_scale: float = 1.0,
):  # fmt: skip
    return _roi_align(
        x, rois, batch_indices, coordinate_transformation_mode="output_half_pixel", mode=mode,
        output_height=output_height, output_width=output_width, sampling_ratio=sampling_ratio,
        spatial_scale=spatial_scale,
    )  # fmt: skip


@operator("RoiAlign", since=16)
def _roi_align(
    x, rois: Array, batch_indices: Ints, *, coordinate_transformation_mode: str = "half_pixel",
    mode: str = "avg", output_height: int = 1, output_width: int = 1, sampling_ratio: int = 0,
    spatial_scale: float = 1.0,
):  # fmt: skip
    shift = 0.5 if coordinate_transformation_mode == "half_pixel" else 0.0
    found = []
    for roi, batch in zip(rois, batch_indices, strict=True):
        left, top, right, bottom = (float(c) * spatial_scale - shift for c in roi)
        height, width = bottom - top, right - left
        if not shift:
            height, width = max(height, 1.0), max(width, 1.0)
        rows = _samples(top, height, output_height, sampling_ratio)
        columns = _samples(left, width, output_width, sampling_ratio)
        image = x[batch]
        if mode == "avg":
            part = _between(_between(image, 1, rows), 2, columns)
            part = ct.reshape(
                part, (x.shape[1], output_height, len(rows) // output_height, output_width, -1)
            )
            found.append(ct.mean(part, (2, 4)))
        else:
            found.append(_largest(image, rows, columns, output_height, output_width))
    if not found:
        shape = (0, x.shape[1], output_height, output_width)
        return ct.zeros(shape, dtype=x.dtype, device=x.device)
    return ct.stack(found)


def _samples(start: float, length: float, count: int, ratio: int) -> np.ndarray:
    """Where along an axis the samples of all bins lie."""
    each = ratio or int(np.ceil(length / count))
    each = max(each, 1)
    return start + (np.arange(count * each) + 0.5) * (length / count / each)


def _neighbours(at: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The elements before and behind each place, and the share of the second. Outside of the
    image, by more than one element, all is 0: the share is NaN."""
    outside = (at < -1) | (at > n)
    at = np.clip(at, 0, n - 1)
    low = np.minimum(at.astype(int), n - 1)
    high = np.minimum(low + 1, n - 1)
    return low, high, np.where(outside, np.nan, at - low)


def _picked(x: Any, axis: int, at: np.ndarray) -> tuple[Any, Any, np.ndarray]:
    low, high, share = _neighbours(at, x.shape[axis])
    parts = [ct.index_select(x, axis, ct.tensor(p, device=x.device)) for p in (low, high)]
    return parts[0], parts[1], share


def _factor(values: np.ndarray, axis: int, like: Any) -> Any:
    shape = tuple(-1 if i == axis else 1 for i in range(like.ndim))
    made = ct.tensor(np.nan_to_num(values).astype(np.float32), device=like.device)
    return ct.astype(ct.reshape(made, shape), like.dtype)


def _between(x: Any, axis: int, at: np.ndarray) -> Any:
    """`x` at places between its elements along an axis."""
    low, high, share = _picked(x, axis, at)
    return low * _factor(1 - share, axis, x) + high * _factor(share, axis, x)


def _largest(image: Any, rows: np.ndarray, columns: np.ndarray, h: int, w: int) -> Any:
    """The largest of the four weighted neighbours of all samples of a bin."""
    best = None
    for part, up in zip(_picked(image, 1, rows)[:2], (False, True), strict=True):
        share = _neighbours(rows, image.shape[1])[2]
        part = part * _factor(share if up else 1 - share, 1, part)
        for inner, right in zip(_picked(part, 2, columns)[:2], (False, True), strict=True):
            across = _neighbours(columns, image.shape[2])[2]
            value = inner * _factor(across if right else 1 - across, 2, inner)
            best = value if best is None else ct.maximum(best, value)
    shaped = ct.reshape(best, (image.shape[0], h, len(rows) // h, w, -1))
    return ct.amax(shaped, (2, 4))


@operator("MaxRoiPool")
def _max_roi_pool(x, rois: Array, *, pooled_shape: list[int], spatial_scale: float = 1.0):
    h, w = pooled_shape
    found = []
    for batch, *corners in rois:
        left, top, right, bottom = (round(float(c) * spatial_scale) for c in corners)
        height, width = max(bottom - top + 1, 1), max(right - left + 1, 1)
        bins = []
        for i in range(h):
            for j in range(w):
                y0, y1 = _clipped(top, height, i, h, x.shape[2])
                x0, x1 = _clipped(left, width, j, w, x.shape[3])
                part = x[int(batch), :, y0:y1, x0:x1]
                zero = ct.zeros((x.shape[1],), dtype=x.dtype, device=x.device)
                bins.append(ct.amax(part, (1, 2)) if y1 > y0 and x1 > x0 else zero)
        found.append(ct.reshape(ct.stack(bins, 1), (x.shape[1], h, w)))
    return ct.stack(found) if found else ct.zeros((0, x.shape[1], h, w), dtype=float32)


def _clipped(start: int, length: int, at: int, count: int, size: int) -> tuple[int, int]:
    low = start + at * length // count
    high = start - (-(at + 1) * length // count)
    return min(max(low, 0), size), min(max(high, 0), size)


@operator("TfIdfVectorizer", since=9)
def _tf_idf(
    x: Array, *, max_gram_length: int, max_skip_count: int, min_gram_length: int, mode: str,
    ngram_counts: list[int], ngram_indexes: list[int], pool_int64s: list[int] | None = None,
    pool_strings: list[str] | None = None, weights: list[float] | None = None,
):  # fmt: skip
    if pool_int64s is None:
        raise ValueError("a pool of strings, which cltensor has not")
    # The pool holds all grams of one member, then those of two, and so on.
    known: dict[tuple[int, ...], int] = {}
    ends = [*ngram_counts[1:], len(pool_int64s)]
    for n, (start, end) in enumerate(zip(ngram_counts, ends, strict=True), 1):
        for at in range(start, end, n):
            known[tuple(pool_int64s[at : at + n])] = len(known)
    rows = x.reshape(-1, x.shape[-1]) if x.ndim else x.reshape(1, 1)
    counts = np.zeros((len(rows), max(ngram_indexes) + 1), np.float32)
    for row, out in zip(rows.tolist(), counts, strict=True):
        for n in range(min_gram_length, max_gram_length + 1):
            for skip in range(max_skip_count + 1 if n > 1 else 1):
                reach = (n - 1) * (skip + 1)
                for start in range(len(row) - reach):
                    gram = tuple(row[start : start + reach + 1 : skip + 1])
                    if gram in known:
                        out[ngram_indexes[known[gram]]] += 1
    factors = np.ones(counts.shape[1], np.float32)
    if weights is not None and mode != "TF":
        factors[ngram_indexes] = weights
    present = (counts > 0).astype(np.float32)
    found = (present if mode == "IDF" else counts) * factors
    return found.astype(np.float32) if x.ndim > 1 else found[0].astype(np.float32)
