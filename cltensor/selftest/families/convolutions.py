"""Convolutions of all kinds, each with both of its gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

import cltensor as ct
from cltensor.nn import functional as F
from cltensor.selftest.checks import Family, leaf, near, numbers
from cltensor.selftest.references import convolution

CONVOLUTIONS, DEPTHWISE = Family("convolutions"), Family("depthwise convolutions")


def _check(x_shape: Any, w_shape: Any, rest: tuple[Any, ...], dtype: str = "float32") -> None:
    x, w = numbers(*x_shape, dtype=dtype), numbers(*w_shape, dtype=dtype, seed=1)
    y, dx, dw, dy = convolution(x, w, lambda s: numbers(*s, dtype=dtype, seed=2), *rest)
    a, b = leaf(x), leaf(w)
    out = F.conv2d(a, b, None, *rest)
    near(out.detach(), y, None, dtype)
    out.backward(ct.tensor(dy))
    near(a.grad, dx, None, dtype)
    near(b.grad, dw, None, dtype)


# Shapes of images and filters, then stride, padding, dilation, groups.
@CONVOLUTIONS.each(
    ((1, 1, 5, 5), (1, 1, 3, 3), 1, 0, 1, 1),
    ((2, 3, 9, 11), (5, 3, 3, 3), 1, 1, 1, 1),
    ((3, 6, 14, 14), (16, 6, 5, 5), 1, 0, 1, 1),
    ((2, 7, 8, 9), (10, 7, 1, 1), 1, 0, 1, 1),
    ((2, 5, 13, 12), (9, 5, 3, 3), 2, 1, 1, 1),
    ((1, 4, 15, 17), (6, 4, 3, 5), (2, 3), (1, 2), 1, 1),
    ((2, 3, 16, 15), (4, 3, 3, 3), 1, 2, 2, 1),
    ((2, 8, 9, 9), (12, 2, 3, 3), 1, 1, 1, 4),
    ((1, 3, 20, 21), (8, 3, 7, 7), 2, 3, 1, 1),
    ((2, 33, 8, 7), (31, 33, 3, 3), 1, 1, 1, 1),
    ((4, 16, 8, 8), (32, 16, 3, 3), 1, 1, 1, 1),
    ((2, 17, 9, 9), (19, 17, 1, 1), 2, 0, 1, 1),
)
def images(x: Any, w: Any, *rest: Any) -> None:
    _check(x, w, rest)


@CONVOLUTIONS.each("float64")
def of_dtype(dtype: str) -> None:
    _check((2, 3, 9, 8), (5, 3, 3, 3), (1, 1), dtype)


@CONVOLUTIONS.check(brief=False)
def large_images() -> None:
    _check((2, 16, 33, 35), (24, 16, 3, 3), (1, 1))


@CONVOLUTIONS.each((1, 0, 1), (2, 1, 1), (3, 1, 2))
def transposed(stride: int, padding: int, dilation: int) -> None:
    x, w = numbers(2, 4, 6, 7), numbers(4, 3, 3, 3, seed=1)
    got = F.conv_transpose2d(ct.tensor(x), ct.tensor(w), stride=stride, padding=padding,
                             dilation=dilation)  # fmt: skip
    sizes = (2, 3, *got.shape[2:])
    # The gradient of a convolution's images is the transposed convolution of its result's.
    want = convolution(np.zeros(sizes), w, lambda s: x, stride, padding, dilation)[1]
    near(got, want, 1e-5, "float32")


@CONVOLUTIONS.check()
def lines_and_volumes() -> None:
    x, w = numbers(2, 3, 19), numbers(5, 3, 4, seed=1)
    views = np.lib.stride_tricks.sliding_window_view(x, 4, 2)[:, :, ::2].astype("float64")
    near(F.conv1d(ct.tensor(x), ct.tensor(w), stride=2), np.einsum("nclk,ock->nol", views, w), 1e-5,
         "float32")  # fmt: skip
    v, u = numbers(1, 2, 5, 6, 7), numbers(3, 2, 2, 3, 2, seed=1)
    cubes = np.lib.stride_tricks.sliding_window_view(v, (2, 3, 2), (2, 3, 4)).astype("float64")
    near(F.conv3d(ct.tensor(v), ct.tensor(u)), np.einsum("ncdhwijk,ocijk->nodhw", cubes, u), 1e-5,
         "float32")  # fmt: skip


@CONVOLUTIONS.check()
def of_views_with_bias() -> None:
    x, w, b = numbers(2, 9, 10, 3), numbers(5, 3, 3, 3, seed=1), numbers(5, seed=2)
    image = x.transpose(0, 3, 1, 2)
    want = convolution(image, w, np.zeros, 1, 1)[0] + b[:, None, None]
    got = F.relu(F.conv2d(ct.tensor(x).permute(0, 3, 1, 2), ct.tensor(w), ct.tensor(b), 1, 1))
    near(got, np.maximum(want, 0), 1e-5, "float32")


@DEPTHWISE.each(
    ((1, 1, 5, 5), (3, 3), 1, 1, 1, 1), ((2, 5, 9, 11), (3, 3), 1, 1, 1, 1),
    ((2, 16, 8, 8), (3, 3), 2, 1, 1, 1), ((1, 7, 13, 12), (5, 5), 1, 2, 1, 1),
    ((2, 3, 15, 9), (3, 5), (2, 1), (1, 2), 1, 1), ((1, 4, 12, 12), (3, 3), 1, 2, 2, 1),
    ((2, 3, 9, 8), (3, 3), 1, 1, 1, 2), ((1, 33, 6, 7), (7, 7), 1, 3, 1, 1),
)  # fmt: skip
def channels(x: Any, taps: Any, stride: Any, padding: Any, dilation: Any, times: int) -> None:
    count = x[1]
    _check(x, (times * count, 1, *taps), (stride, padding, dilation, count))
