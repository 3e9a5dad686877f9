"""Convolution, pooling, attention and recurrent cells written out in NumPy, in float64."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

#: A number for both axes of an image, or one for each.
Pair = int | tuple[int, int]
#: What draws the gradient of a result of some shape.
Draw = Callable[[tuple[int, ...]], np.ndarray]
_Sizes = tuple[int, int]


def both(value: Pair) -> _Sizes:
    """The numbers of both axes."""
    return (value, value) if isinstance(value, int) else value


def taps_of(
    x: np.ndarray, p: int, q: int, out: _Sizes, stride: _Sizes, dilation: _Sizes
) -> np.ndarray:
    """The elements of the padded x that tap (p, q) meets, one for each output."""
    i, j = p * dilation[0], q * dilation[1]
    return x[
        :,
        :,
        i : i + (out[0] - 1) * stride[0] + 1 : stride[0],
        j : j + (out[1] - 1) * stride[1] + 1 : stride[1],
    ]


def convolution(
    x: np.ndarray,
    w: np.ndarray,
    g: Draw,
    stride: Pair = 1,
    padding: Pair = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> tuple[np.ndarray, ...]:
    """(y, dx, dw, dy) in float64; g(shape of y) draws the gradient of y."""
    stride, dilation, (pad_h, pad_w) = both(stride), both(dilation), both(padding)
    x, w = x.astype("float64"), w.astype("float64")
    n, _, h, width = x.shape
    o, part, p, q = w.shape
    padded = np.pad(x, ((0, 0), (0, 0), (pad_h, pad_h), (pad_w, pad_w)))
    out = tuple(
        (padded.shape[2 + d] - dilation[d] * (w.shape[2 + d] - 1) - 1) // stride[d] + 1
        for d in (0, 1)
    )
    y = np.zeros((n, o, *out))
    dy = g(y.shape)
    dx, dw = np.zeros_like(padded), np.zeros_like(w)
    for k in range(groups):
        ins, outs = slice(k * part, (k + 1) * part), slice(k * o // groups, (k + 1) * o // groups)
        for i in range(p):
            for j in range(q):
                seen = taps_of(padded[:, ins], i, j, out, stride, dilation)
                y[:, outs] += np.einsum("nchw,oc->nohw", seen, w[outs, :, i, j])
                dw[outs, :, i, j] = np.einsum("nchw,nohw->oc", seen, dy[:, outs])
                into = taps_of(dx[:, ins], i, j, out, stride, dilation)
                into += np.einsum("nohw,oc->nchw", dy[:, outs], w[outs, :, i, j])
    return y, dx[:, :, pad_h : pad_h + h, pad_w : pad_w + width], dw, dy


def windows(
    size: Any, taps: _Sizes, stride: _Sizes, padding: _Sizes, dilation: _Sizes, ceil_mode: bool
) -> list[list[tuple[list[int], int]]]:
    """For each output (i, j): the lists of rows and columns inside the image, and the window's
    numbers of rows and columns inside the image and its padding."""
    axes = []
    for d in (0, 1):
        span = dilation[d] * (taps[d] - 1) + 1
        rest = size[d] + 2 * padding[d] - span
        count = (-(-rest // stride[d]) if ceil_mode else rest // stride[d]) + 1
        if ceil_mode and (count - 1) * stride[d] >= size[d] + padding[d]:
            count -= 1
        axis = []
        for i in range(count):
            start = i * stride[d] - padding[d]
            places = [start + t * dilation[d] for t in range(taps[d])]
            inside = [p for p in places if 0 <= p < size[d]]
            axis.append((inside, min(start + taps[d], size[d] + padding[d]) - start))
        axes.append(axis)
    return axes


def max_pooling(
    x: np.ndarray,
    g: Draw,
    taps: Pair,
    stride: Pair,
    padding: Pair = 0,
    dilation: Pair = 1,
    ceil_mode: bool = False,
) -> tuple[np.ndarray, ...]:
    """(y, places, dx, dy); g(shape of y) draws the gradient of y."""
    rows, cols = windows(
        x.shape[2:], both(taps), both(stride), both(padding), both(dilation), ceil_mode
    )
    y = np.zeros((*x.shape[:2], len(rows), len(cols)), x.dtype)
    places = np.zeros(y.shape, np.int64)
    dy = g(y.shape)
    dx = np.zeros(x.shape)
    for n, c, i, j in np.ndindex(y.shape):
        inside = [(x[n, c, p, q], p, q) for p in rows[i][0] for q in cols[j][0]]
        if not inside:  # every tap lies in the padding
            y[n, c, i, j] = np.iinfo(x.dtype).min if x.dtype.kind in "iu" else -np.inf
            places[n, c, i, j] = -1
            continue
        values = [v for v, _, _ in inside]
        best = int(np.argmax(values))  # NumPy too takes the first NaN, else the first largest
        value, p, q = inside[best]
        y[n, c, i, j], places[n, c, i, j] = value, p * x.shape[3] + q
        dx[n, c, p, q] += dy[n, c, i, j]
    return y, places, dx, dy


def average_pooling(
    x: np.ndarray,
    g: Draw,
    taps: Pair,
    stride: Pair,
    padding: Pair,
    ceil_mode: bool,
    whole: bool,
    divisor: int | None,
) -> tuple[np.ndarray, ...]:
    """(y, dx, dy), where `whole` counts the padding too; g(shape of y) draws the gradient of y."""
    rows, cols = windows(x.shape[2:], both(taps), both(stride), both(padding), (1, 1), ceil_mode)
    y = np.zeros((*x.shape[:2], len(rows), len(cols)))
    dy = g(y.shape)
    dx = np.zeros(x.shape)
    for i, j in np.ndindex(y.shape[2:]):
        (ps, height), (qs, width) = rows[i], cols[j]
        count = divisor or (height * width if whole else len(ps) * len(qs))
        y[:, :, i, j] = x[:, :, ps][:, :, :, qs].sum((2, 3)) / count
        dx[np.ix_(range(x.shape[0]), range(x.shape[1]), ps, qs)] += (
            dy[:, :, i, j, None, None] / count
        )
    return y, dx, dy


def attention(
    q: Any,
    k: Any,
    v: Any,
    g: Any,
    mask: Any = None,
    causal: bool = False,
    group: int = 1,
    keep: Any = 1.0,
) -> tuple[np.ndarray, ...]:
    """The result and the gradients of q, k and v in NumPy, in float64."""
    q, k, v, g = (np.asarray(x, "float64") for x in (q, k, v, g))
    factor = q.shape[-1] ** -0.5
    heads = k.shape
    k, v = (np.repeat(x, group, -3) if group > 1 else x for x in (k, v))
    scores = q @ np.swapaxes(k, -1, -2) * factor
    if causal:
        scores = np.where(np.tril(np.ones(scores.shape[-2:], bool)), scores, -np.inf)
    if mask is not None:
        mask = np.asarray(mask)
        scores = np.where(mask, scores, -np.inf) if mask.dtype == bool else scores + mask
    w = np.exp(scores - np.maximum(scores.max(-1, keepdims=True), -1e300))
    w = w / np.where(w.sum(-1, keepdims=True) == 0, 1, w.sum(-1, keepdims=True))
    slope = g @ np.swapaxes(v, -1, -2) * keep
    slope = w * (slope - (slope * w).sum(-1, keepdims=True)) * factor
    dk, dv = np.swapaxes(slope, -1, -2) @ q, np.swapaxes(w * keep, -1, -2) @ g
    if group > 1:
        dk, dv = (x.reshape(*heads[:-2], group, *x.shape[-2:]).sum(-3) for x in (dk, dv))
    return (w * keep) @ v, slope @ k, dk, dv


def sigmoid(x: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x))."""
    return 1 / (1 + np.exp(-x))


def _host(x: Any) -> np.ndarray:
    return np.asarray(x.detach())


def _parts(cell: Any, x: np.ndarray, h: np.ndarray, count: int) -> list[list[np.ndarray]]:
    """What inputs and state give to each gate."""
    ours = x @ _host(cell.weight_ih).T
    theirs = h @ _host(cell.weight_hh).T
    if cell.bias:
        ours, theirs = ours + _host(cell.bias_ih), theirs + _host(cell.bias_hh)
    return [np.split(y.astype(np.float64), count, -1) for y in (ours, theirs)]


def lstm(cell: Any, x: np.ndarray, h: np.ndarray, c: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both states after a step of a cell."""
    i, f, g, o = (a + b for a, b in zip(*_parts(cell, x, h, 4), strict=True))
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def gru(cell: Any, x: np.ndarray, h: np.ndarray) -> np.ndarray:
    """The state after a step of a cell."""
    (r, z, n), (r2, z2, n2) = _parts(cell, x, h, 3)
    n = np.tanh(n + sigmoid(r + r2) * n2)
    return n + sigmoid(z + z2) * (h - n)


def rnn(cell: Any, x: np.ndarray, h: np.ndarray) -> np.ndarray:
    """The state after a step of a cell."""
    ((a,), (b,)) = _parts(cell, x, h, 1)
    return np.tanh(a + b) if cell.nonlinearity == "tanh" else np.maximum(a + b, 0)
