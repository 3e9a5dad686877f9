"""Products of matrices, at sizes around the edges of tiles."""

from __future__ import annotations

import numpy as np

import cltensor as ct
from cltensor.nn import functional as F
from cltensor.selftest.checks import Family, leaf, near, numbers, same

PRODUCTS = Family("products")


@PRODUCTS.each(
    (1, 1, 1), (5, 15, 3), (7, 17, 9), (12, 32, 257), (25, 65, 20), (65, 63, 31), (3, 100, 600),
    (129, 130, 33), (1, 300, 70), (300, 1, 70), (10, 70, 5000), (64, 64, 64),
)  # fmt: skip
def of_sizes(m: int, n: int, k: int) -> None:
    a, b = numbers(m, k), numbers(k, n, seed=1)
    near(ct.tensor(a) @ ct.tensor(b), a.astype("float64") @ b, 2e-5, "float32")


@PRODUCTS.each((False, True), (True, False), (True, True))
def transposed(first: bool, second: bool) -> None:
    for m, n, k in ((33, 65, 20), (5, 7, 300)):
        a, b = numbers(m, k), numbers(k, n, seed=1)
        x = ct.tensor(a.T.copy()).T if first else ct.tensor(a)
        y = ct.tensor(b.T.copy()).T if second else ct.tensor(b)
        near(x @ y, a.astype("float64") @ b, 2e-5, "float32")


@PRODUCTS.each("float64", "int32", "int64", "uint8", "complex64", "complex128")
def of_dtype(dtype: str) -> None:
    a, b = numbers(33, 20, dtype=dtype), numbers(20, 17, dtype=dtype, seed=1)
    wide = "complex128" if a.dtype.kind == "c" else "float64" if a.dtype.kind == "f" else dtype
    near(ct.tensor(a) @ ct.tensor(b), a.astype(wide) @ b.astype(wide), None, dtype)


@PRODUCTS.each(((3, 5, 7), (3, 7, 9)), ((2, 1, 5, 7), (4, 7, 3)), ((7,), (7, 5)), ((9, 7), (7,)),
               ((2, 3, 33, 40), (2, 3, 40, 17)))  # fmt: skip
def stacks(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    x, y = numbers(*a), numbers(*b, seed=1)
    near(ct.tensor(x) @ ct.tensor(y), x.astype("float64") @ y, 2e-5, "float32")


@PRODUCTS.check()
def of_views() -> None:
    x, y = numbers(70, 90), numbers(90, 60, seed=1)
    a, b = ct.tensor(x)[1::2, 3:80], ct.tensor(y)[3:80, ::3]
    near(a @ b, x[1::2, 3:80].astype("float64") @ y[3:80, ::3], 2e-5, "float32")
    c = ct.tensor(x[:, :1]).expand(70, 90)
    near(c @ ct.tensor(y), np.repeat(x[:, :1], 90, 1).astype("float64") @ y, 2e-5, "float32")


@PRODUCTS.check()
def of_nothing_and_of_nan() -> None:
    same(ct.zeros(3, 0) @ ct.zeros(0, 5), np.zeros((3, 5), "float32"))
    a = numbers(9, 8)
    a[4, 3] = np.nan
    near(ct.tensor(a) @ ct.tensor(numbers(8, 5)), a @ numbers(8, 5), 1e-5)


@PRODUCTS.each((1, 10, 784), (64, 33, 100), (7, 130, 20))
def linear_with_gradients(m: int, n: int, k: int) -> None:
    x, w, b, g = numbers(m, k), numbers(n, k, seed=1), numbers(n, seed=2), numbers(m, n, seed=3)
    a, v, c = leaf(x), leaf(w), leaf(b)
    y = F.linear(a, v, c)
    near(y.detach(), x.astype("float64") @ w.T + b, 2e-5, "float32")
    y.backward(ct.tensor(g))
    near(a.grad, g.astype("float64") @ w, 2e-5, "float32")
    near(v.grad, g.astype("float64").T @ x, 2e-5, "float32")
    near(c.grad, g.sum(0, dtype="float64"), 2e-5, "float32")


@PRODUCTS.check()
def the_expression_over_a_product() -> None:
    a, b, c = numbers(33, 40), numbers(40, 65, seed=1), numbers(65, seed=2)
    got = ct.relu(ct.tensor(a) @ ct.tensor(b) * 0.5 + ct.tensor(c))
    near(got, np.maximum(a.astype("float64") @ b * 0.5 + c, 0), 2e-5, "float32")


@PRODUCTS.check()
def einsum() -> None:
    a, b = numbers(3, 5, 7), numbers(7, 4, 5, seed=1)
    got = ct.einsum("bij,jki->bk", ct.tensor(a), ct.tensor(b))
    near(got, np.einsum("bij,jki->bk", a.astype("float64"), b), 2e-5, "float32")


@PRODUCTS.check(brief=False)
def large() -> None:
    a, b = numbers(385, 390), numbers(390, 401, seed=1)
    near(ct.tensor(a) @ ct.tensor(b), a.astype("float64") @ b, 2e-5, "float32")
