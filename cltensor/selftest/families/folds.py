"""Reductions, rows, moments and scans, around the edges of blocks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import cltensor as ct
from cltensor.nn import functional as F
from cltensor.selftest.checks import Family, leaf, near, numbers, same

REDUCTIONS, ROWS, SCANS = Family("reductions"), Family("rows and moments"), Family("scans")
_SIZES = (1, 2, 31, 33, 257, 1025, 70001)


@REDUCTIONS.each(*_SIZES)
def sum_of_all(size: int) -> None:
    x = numbers(size)
    near(ct.tensor(x).sum(), x.sum(dtype="float64"), 1e-5, "float32")
    whole = numbers(size, dtype="int64")
    same(ct.tensor(whole).sum(), whole.sum())


@REDUCTIONS.each(*[(rows, columns) for rows in (1, 33, 257) for columns in (1, 5, 65, 300)])
def rows_and_columns(rows: int, columns: int) -> None:
    x = numbers(rows, columns)
    t, wide = ct.tensor(x), x.astype("float64")
    for axis in (0, 1):
        near(t.sum(axis), wide.sum(axis), 1e-5, "float32")
        same(t.amax(axis), x.max(axis))
        same(t.argmin(axis), x.argmin(axis))


@REDUCTIONS.each(0, 1, 2, 3)
def axis_of_four(axis: int) -> None:
    x = numbers(5, 6, 7, 9)
    near(ct.tensor(x).sum(axis), x.astype("float64").sum(axis), 1e-5, "float32")
    other = (axis + 2) % 4
    near(ct.tensor(x).mean((axis, other)), x.astype("float64").mean((axis, other)), 1e-5, "float32")


@REDUCTIONS.check("more rounds than some drivers' loops have")
def a_column_of_70001() -> None:
    x = numbers(70001, 3)
    near(ct.tensor(x).sum(0), x.astype("float64").sum(0), 1e-5, "float32")
    same(ct.tensor(x).argmax(0), x.argmax(0))


@REDUCTIONS.each("uint8", "int8", "int32", "int64", "bool")
def integers(dtype: str) -> None:
    x = numbers(37, 41, dtype=dtype)
    t = ct.tensor(x)
    same(t.sum(0), x.sum(0, dtype="int64"))
    same(t.amax(1), x.max(1))
    kept = "uint8" if dtype == "uint8" else "bool"  # as PyTorch has it
    same(t.any(1), x.any(1).astype(kept))
    same(t.all(0), x.all(0).astype(kept))


@REDUCTIONS.each("float32", "float64")
def products_and_norms(dtype: str) -> None:
    x = 1 + numbers(7, 33, dtype=dtype) / 10
    t, wide = ct.tensor(x), x.astype("float64")
    near(t.prod(1), wide.prod(1), None, dtype)
    near(t.norm(2, 1), np.sqrt((wide**2).sum(1)), None, dtype)
    near(t.norm(1, 0), np.abs(wide).sum(0), None, dtype)


@REDUCTIONS.check()
def nan_is_the_largest_and_the_least() -> None:
    x = numbers(9, 300)
    x[3, 7] = np.nan
    same(ct.tensor(x).amax(1), x.max(1))
    same(ct.tensor(x).amin(0), x.min(0))
    same(ct.tensor(x).argmax(1), x.argmax(1))


@REDUCTIONS.check()
def views_and_empty_ones() -> None:
    x = numbers(30, 40)
    near(ct.tensor(x).T[::2, 3:].sum(1), x.T[::2, 3:].sum(1, dtype="float64"), 1e-5, "float32")
    same(ct.tensor(x[:0]).sum(0), np.zeros(40, "float32"))


@REDUCTIONS.check()
def the_expression_below_a_sum() -> None:
    x, y = numbers(65, 129), numbers(65, 129, seed=1)
    got = (ct.tensor(x) * ct.tensor(y) - 1).sum(1)
    near(got, (x.astype("float64") * y - 1).sum(1), 1e-5, "float32")


_LINES = ((5, 1), (7, 33), (33, 257), (3, 1000), (2, 5000))


def _softmax(x: np.ndarray, axis: int) -> np.ndarray:
    e = np.exp(x.astype("float64") - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


@ROWS.each(*_LINES)
def softmax(rows: int, columns: int) -> None:
    x, g = 3 * numbers(rows, columns), numbers(rows, columns, seed=1)
    t = leaf(x)
    y, want = t.softmax(1), _softmax(x, 1)
    near(y.detach(), want, 1e-6, "float32")
    y.backward(ct.tensor(g))
    near(t.grad, want * (g - (g * want).sum(1, keepdims=True)), 3e-6, "float32")


@ROWS.each(*_LINES[1:4])
def log_softmax_and_logsumexp(rows: int, columns: int) -> None:
    x = 3 * numbers(rows, columns)
    near(ct.tensor(x).log_softmax(0), np.log(_softmax(x, 0)), 2e-6, "float32")
    near(ct.tensor(x).logsumexp(1), np.log(np.exp(x.astype("float64")).sum(1)), 2e-6, "float32")


@ROWS.each(*_LINES)
def variances(rows: int, columns: int) -> None:
    x = numbers(rows, columns) + 100
    wide = x.astype("float64")
    near(ct.tensor(x).var(0), wide.var(0, ddof=1), 1e-4, "float32")
    near(ct.tensor(x).std(1, correction=0), wide.std(1), 1e-4, "float32")


@ROWS.each(*_LINES[1:])
def layer_norm(rows: int, columns: int) -> None:
    x, w, b = numbers(rows, columns), numbers(columns, seed=1), numbers(columns, seed=2)
    wide = x.astype("float64")
    scaled = (wide - wide.mean(1, keepdims=True)) / np.sqrt(wide.var(1, keepdims=True) + 1e-5)
    t = leaf(x)
    y = F.layer_norm(t, (columns,), ct.tensor(w), ct.tensor(b))
    near(y.detach(), scaled * w + b, 1e-5, "float32")
    g = numbers(rows, columns, seed=3)
    y.backward(ct.tensor(g))
    h = g * w.astype("float64")
    h = h - h.mean(1, keepdims=True) - scaled * (h * scaled).mean(1, keepdims=True)
    near(t.grad, h / np.sqrt(wide.var(1, keepdims=True) + 1e-5), 3e-5, "float32")


@ROWS.each((4, 3, 5, 7), (2, 33, 9, 9), (17, 5, 1, 1))
def batch_norm(*sizes: int) -> None:
    x, c = numbers(*sizes) + 2, sizes[1]
    w, b = numbers(c, seed=1), numbers(c, seed=2)
    mean, var = np.zeros(c, "float32"), np.ones(c, "float32")
    wide, axes = x.astype("float64"), (0, 2, 3)
    running = ct.tensor(mean), ct.tensor(var)
    got = F.batch_norm(ct.tensor(x), *running, ct.tensor(w), ct.tensor(b), True, 0.1, 1e-5)
    shape = (1, c, 1, 1)
    scaled = (wide - wide.mean(axes, keepdims=True)) / np.sqrt(wide.var(axes, keepdims=True) + 1e-5)
    near(got, scaled * w.reshape(shape) + b.reshape(shape), 1e-5, "float32")
    count = x.size // c
    near(running[0], 0.1 * wide.mean(axes), 1e-5, "float32")
    near(running[1], 0.9 + 0.1 * wide.var(axes) * count / (count - 1), 1e-5, "float32")


@ROWS.check()
def cross_entropy() -> None:
    x, labels = 2 * numbers(37, 11), np.arange(37) * 5 % 11
    t = leaf(x)
    loss = F.cross_entropy(t, ct.tensor(labels))
    p = _softmax(x, 1)
    near(loss.detach(), -np.log(p[np.arange(37), labels]).mean(), 1e-6, "float32")
    loss.backward()
    p[np.arange(37), labels] -= 1
    near(t.grad, p / 37, 1e-6, "float32")


_LENGTHS = ((1,), (33,), (257,), (4099,), (70001,), (5, 129), (129, 5), (3, 40, 7))


@SCANS.each(*_LENGTHS)
def cumsum(*sizes: int) -> None:
    x = numbers(*sizes)
    for axis in range(len(sizes)):
        near(ct.tensor(x).cumsum(axis), x.cumsum(axis, dtype="float64"), 2e-5, "float32")
    whole = numbers(*sizes, dtype="int64")
    same(ct.tensor(whole).cumsum(0), whole.cumsum(0))


_RUNNING: dict[str, tuple[Callable[[Any], Any], Callable[[np.ndarray], np.ndarray]]] = {
    "cumprod": (lambda x: (1 + x / 50).cumprod(0), lambda x: (1 + x / 50).cumprod(0)),
    "cummax": (lambda x: x.cummax(0).values, lambda x: np.maximum.accumulate(x, 0)),
    "cummin": (lambda x: x.cummin(0).values, lambda x: np.minimum.accumulate(x, 0)),
    "logcumsumexp": (lambda x: x.logcumsumexp(0), lambda x: np.logaddexp.accumulate(x, 0)),
}


@SCANS.each(*_RUNNING)
def running(name: str) -> None:
    function, exact = _RUNNING[name]
    for sizes in ((257,), (70, 5)):
        x = numbers(*sizes)
        near(function(ct.tensor(x)), exact(x.astype("float64")), 2e-5, "float32")
