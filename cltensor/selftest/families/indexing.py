"""Reading and writing at indices: gather, scatter, index arrays, masks."""

from __future__ import annotations

import numpy as np

import cltensor as ct
from cltensor.nn import functional as F
from cltensor.selftest.checks import Family, leaf, near, numbers, same

INDEXING = Family("gather and scatter")


def _places(high: int, *shape: int) -> np.ndarray:
    return np.random.default_rng((9, *shape)).integers(0, high, shape)


@INDEXING.each((7, 5), (33, 65), (1, 300), (300, 1))
def gather_and_its_gradient(rows: int, columns: int) -> None:
    for axis, shape in ((0, (9, columns)), (1, (rows, 9))):
        x, index = numbers(rows, columns), _places((rows, columns)[axis], *shape)
        t = leaf(x)
        y = t.gather(axis, ct.tensor(index))
        same(y.detach(), np.take_along_axis(x, index, axis))
        g, want = numbers(*shape, seed=1), np.zeros(x.shape)
        others = np.indices(shape)
        np.add.at(want, (index, others[1]) if axis == 0 else (others[0], index), g)
        y.backward(ct.tensor(g))
        near(t.grad, want, 1e-5, "float32")


@INDEXING.each("float32", "int32", "int64", "float64")
def scatter_add(dtype: str) -> None:
    x, source = numbers(50, 7, dtype=dtype), numbers(300, 7, dtype=dtype, seed=1)
    index = _places(50, 300, 7)
    want = x.astype("float64" if x.dtype.kind == "f" else dtype)
    np.add.at(want, (index, np.indices(index.shape)[1]), source)
    near(ct.tensor(x).scatter_add(0, ct.tensor(index), ct.tensor(source)), want, None, dtype)


@INDEXING.each("prod", "amax", "amin", "mean")
def scatter_reduce(how: str) -> None:
    x, source, index = numbers(9), numbers(40, seed=1), _places(9, 40)
    want = x.astype("float64")
    if how == "mean":
        np.add.at(want, index, source)
        want /= 1 + np.bincount(index, minlength=9)
    else:
        {"prod": np.multiply, "amax": np.maximum, "amin": np.minimum}[how].at(want, index, source)
    near(ct.tensor(x).scatter_reduce(0, ct.tensor(index), ct.tensor(source), how), want, 1e-5,
         "float32")  # fmt: skip


@INDEXING.check()
def index_select_and_add() -> None:
    x, index = numbers(33, 20), _places(33, 50)
    same(ct.tensor(x).index_select(0, ct.tensor(index)), x[index])
    source, want = numbers(50, 20, seed=1), x.astype("float64")
    np.add.at(want, index, source)
    near(ct.tensor(x).index_add(0, ct.tensor(index), ct.tensor(source)), want, 1e-5, "float32")


@INDEXING.check()
def index_arrays() -> None:
    x = numbers(9, 10, 11)
    t, a, b = ct.tensor(x), _places(9, 4, 1), _places(11, 5) - 11
    same(t[ct.tensor(a), :, ct.tensor(b)], x[a, :, b])
    same(t[..., ct.tensor(b)], x[..., b])
    same(t[2, ct.tensor(a)], x[2, a])


@INDEXING.check()
def masks() -> None:
    x = numbers(37, 41)
    mask = x > 0.5
    t = ct.tensor(x)
    same(t[ct.tensor(mask)], x[mask])
    same(ct.nonzero(ct.tensor(mask)), np.argwhere(mask))
    t[ct.tensor(mask)] = -1.0
    same(t, np.where(mask, np.float32(-1), x))
    same(ct.where(ct.tensor(mask), 1.0, ct.tensor(x)), np.where(mask, np.float32(1), x))


@INDEXING.check()
def writing_at_index_arrays() -> None:
    x, index = numbers(33, 7), np.random.default_rng(2).permutation(33)[:20]
    t, values = ct.tensor(x), numbers(20, 7, seed=1)
    t[ct.tensor(index)] = ct.tensor(values)
    x[index] = values
    same(t, x)


@INDEXING.check()
def embedding_with_gradient() -> None:
    w, index, g = numbers(30, 9), _places(30, 4, 6), numbers(4, 6, 9, seed=1)
    t = leaf(w)
    y = F.embedding(ct.tensor(index), t)
    same(y.detach(), w[index])
    y.backward(ct.tensor(g))
    want = np.zeros(w.shape)
    np.add.at(want, index, g)
    near(t.grad, want, 1e-5, "float32")


@INDEXING.check()
def counted() -> None:
    x = _places(17, 500)
    same(ct.bincount(ct.tensor(x)), np.bincount(x))
    same(F.one_hot(ct.tensor(x[:9]), 17), np.eye(17, dtype="int64")[x[:9]])
    values = numbers(1000)
    same(ct.histc(ct.tensor(values), 10, -2, 2),
         np.histogram(values, 10, (-2, 2))[0].astype("float32"))  # fmt: skip
