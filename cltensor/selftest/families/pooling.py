"""Pooling with its gradients, beside windows written out; images of another size."""

from __future__ import annotations

from typing import Any

import numpy as np

import cltensor as ct
from cltensor.nn import functional as F
from cltensor.selftest.checks import Family, leaf, near, numbers, same
from cltensor.selftest.references import average_pooling, max_pooling

POOLING = Family("pooling")


def _draw(shape: tuple[int, ...]) -> np.ndarray:
    return numbers(*shape, seed=3)


# Sizes of the image, window, stride, padding, dilation, whether the last window may be cut off.
@POOLING.each(
    ((8, 8), 2, 2, 0, 1, False), ((9, 11), 2, 2, 0, 1, True), ((9, 11), 3, 2, 1, 1, False),
    ((10, 9), (2, 3), (3, 4), 0, 1, False), ((13, 12), (2, 3), (2, 1), (1, 1), (2, 1), False),
    ((5, 7), 1, 2, 0, 1, False), ((7, 7), 3, 1, 1, 1, False), ((13, 12), 3, 3, 0, 2, True),
)  # fmt: skip
def largest(size: Any, taps: Any, stride: Any, padding: Any, dilation: Any, cut: bool) -> None:
    x = np.random.default_rng(1).integers(0, 7, (2, 3, *size)).astype("float32")  # many ties
    y, places, dx, dy = max_pooling(x, _draw, taps, stride, padding, dilation, cut)
    t = leaf(x)
    out, found = F.max_pool2d(t, taps, stride, padding, dilation, cut, return_indices=True)
    same(out.detach(), y)
    same(found, places)
    out.backward(ct.tensor(dy))
    near(t.grad, dx, 1e-6, "float32")


# The last two: whether padding counts, and what to divide by.
@POOLING.each(
    ((8, 8), 2, 2, 0, False, True, None), ((9, 11), 3, 2, 1, False, True, None),
    ((9, 11), 3, 2, 1, True, False, None), ((10, 9), (2, 3), (3, 4), 0, False, True, 5),
    ((7, 7), 3, 1, 1, False, False, None),
)  # fmt: skip
def average(
    size: Any, taps: Any, stride: Any, padding: Any, cut: bool, whole: bool, divisor: Any
) -> None:
    x = numbers(2, 3, *size)
    y, dx, dy = average_pooling(x, _draw, taps, stride, padding, cut, whole, divisor)
    t = leaf(x)
    out = F.avg_pool2d(t, taps, stride, padding, cut, whole, divisor)
    near(out.detach(), y, 1e-6, "float32")
    out.backward(ct.tensor(dy))
    near(t.grad, dx, 1e-6, "float32")


@POOLING.check()
def adaptive() -> None:
    x = numbers(2, 3, 7, 9)
    near(F.adaptive_avg_pool2d(ct.tensor(x), 1), x.mean((2, 3), keepdims=True, dtype="float64"),
         1e-6, "float32")  # fmt: skip
    edges = [(i * 7 // 3, -(-(i + 1) * 7 // 3)) for i in range(3)]
    want = np.stack([x[:, :, a:b].max((2, 3)) for a, b in edges], -1)[..., None]
    same(F.adaptive_max_pool2d(ct.tensor(x), (3, 1)), want)


@POOLING.check()
def nan_wins() -> None:
    x = numbers(1, 2, 6, 6)
    x[0, 1, 2, 3] = np.nan
    same(F.max_pool2d(ct.tensor(x), 2), max_pooling(x, _draw, 2, 2)[0])


@POOLING.check()
def nearest_and_bilinear_images() -> None:
    x = numbers(1, 2, 4, 6)
    same(F.interpolate(ct.tensor(x), scale_factor=2), x.repeat(2, 2).repeat(2, 3))
    got = F.interpolate(ct.tensor(x), size=(7, 11), mode="bilinear", align_corners=True)
    rows, columns = np.linspace(0, 3, 7), np.linspace(0, 5, 11)
    across = np.stack(
        [np.stack([np.interp(columns, np.arange(6), line) for line in image]) for image in x[0]]
    )
    down = np.stack([[np.interp(rows, np.arange(4), c) for c in image.T] for image in across])
    near(got, down.transpose(0, 2, 1)[None], 1e-5, "float32")
