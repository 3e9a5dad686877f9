"""The best few and the element of a rank, beside a whole sort."""

import numpy as np
import pytest
from arrays import check
from draws import cases, drawn, generator

import cltensor as ct
from cltensor.ops.kernels import select

pytestmark = pytest.mark.usefixtures("cpu_skeleton")


@pytest.fixture
def cpu_skeleton(use_skeletons):
    use_skeletons("cpu")


def order_of(a, descending):
    ranks = np.unique(a, return_inverse=True)[1].reshape(a.shape)
    return np.argsort(-ranks if descending else ranks, -1, kind="stable")


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("sizes", [(3, 100), (1, 1), (2, 31), (1, 70000), (40, 33)])
@pytest.mark.parametrize("k", [1, 8, 9, 31])
def test_the_best_of_each_lane(sizes, k, descending):
    a = np.random.default_rng(k).integers(-20, 20, sizes).astype("float32")
    k = min(k, sizes[-1])
    a.flat[::7] = np.nan
    values, places = select.best(ct.tensor(a), k, descending)
    want = order_of(a, descending)[..., :k]
    check(places, want)
    check(values, np.take_along_axis(a, want, -1))


def test_many_of_a_long_lane_are_found_in_blocks():
    a = np.random.default_rng(0).standard_normal((1, 90001)).astype("float32")
    _, places = select.best(ct.tensor(a), 128, True)
    check(places, order_of(a, True)[:, :128])


@pytest.mark.parametrize("dtype", ["float32", "int64", "uint8", "int16", "bool"])
@pytest.mark.parametrize("sizes", [(3, 1000), (1, 5000), (1, 1)])
def test_the_place_of_a_rank(sizes, dtype):
    rng = np.random.default_rng(1)
    a = rng.integers(0, 60, sizes).astype(dtype)
    if dtype == "float32":
        a[0, ::9] = np.nan
        a[0, 1::9] = -0.0
    for rank in {0, sizes[1] // 3, sizes[1] - 1}:
        ranks = ct.tensor(np.full(sizes[0], rank, "int32"))
        check(select.of_rank(ct.tensor(a), ranks), order_of(a, False)[:, rank : rank + 1])


@cases
def test_drawn(case):
    rng = generator(case)
    sizes = (int(rng.integers(1, 5)), int(rng.integers(1, 4000)))
    how = drawn(sizes=sizes, k=int(rng.integers(1, 129)), descending=bool(rng.integers(2)))
    a = rng.standard_normal(sizes).round(1).astype("float32")
    k = min(how["k"], sizes[1])
    want = order_of(a, how["descending"])
    check(select.best(ct.tensor(a), k, how["descending"])[1], want[:, :k])
    ranks = rng.integers(0, sizes[1], sizes[0])
    places = select.of_rank(ct.tensor(a), ct.tensor(ranks.astype("int32")))
    check(places, np.take_along_axis(order_of(a, False), ranks[:, None], -1))
