"""How products are computed: thin plans, sums cut into parts, tiles and their limits."""

from contextlib import ExitStack

import numpy as np
import pytest
from matrices import SIZES, check, draw, turned
from store_sides import check_store_side, launches_of

import cltensor as ct
from cltensor.errors import ShapeError
from cltensor.runtime import tuning
from cltensor.runtime.kernel import Counters
from cltensor.runtime.source import own_source


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 8, 9])
@pytest.mark.parametrize("by_columns", [False, True])
def test_few_columns_or_few_rows(skeleton, count, by_columns):
    for length, k in [(1, 7), (33, 64), (131, 301)]:
        a, b = draw(length, k), draw(k, count)
        want = a.astype("float64") @ b
        for order in (False, True):
            x, y = turned(a, by_columns), turned(b, order)
            check(x @ y, want)
            check(y.mT @ x.mT, want.T)


def test_long_vectors_pass_through_local_memory_in_pieces(skeleton):
    a, b = draw(5, 9001), draw(9001, 1)
    for by_columns in (False, True):
        check(turned(a, by_columns) @ ct.tensor(b), a.astype("float64") @ b)
    a, b = draw(9001, 3), draw(3, 2)
    for by_columns in (False, True):
        check(turned(a, by_columns) @ ct.tensor(b), a.astype("float64") @ b)


@pytest.mark.parametrize(("m", "n"), [(1, 1), (2, 3), (1, 40), (10, 64), (70, 10), (20, 30)])
@pytest.mark.parametrize("by_columns", [False, True])
def test_few_results_of_long_sums(skeleton, m, n, by_columns):
    a, b = draw(m, 20011), draw(20011, n)
    check(turned(a, by_columns) @ turned(b, not by_columns), a.astype("float64") @ b)
    stack = draw(3, m, 5003)
    check(ct.tensor(stack) @ ct.tensor(b[:5003]), stack.astype("float64") @ b[:5003])


def test_thin_products_of_views_and_batches(skeleton):
    a, v = draw(4, 3, 20, 33), draw(3, 33, 2)
    check(ct.tensor(a) @ ct.tensor(v), a @ v)
    check(ct.tensor(a)[:, :, ::2, ::-1] @ ct.tensor(v), a[:, :, ::2, ::-1] @ v)
    check(ct.tensor(v).mT @ ct.tensor(a).mT, v.swapaxes(1, 2) @ a.swapaxes(2, 3))
    check(
        ct.tensor(v[:, :, :1]).expand(3, 33, 4).mT @ ct.tensor(v),
        np.repeat(v[:, :, :1], 4, 2).swapaxes(1, 2) @ v,
    )


def test_one_step_of_a_sum_is_an_outer_product(skeleton):
    a, b = draw(4, 1, 7, 1), draw(3, 1, 9)
    check(ct.tensor(a) @ ct.tensor(b), a @ b)
    check(ct.tensor(a[0, 0]) @ ct.zeros(1, 0), np.zeros((7, 0)))
    with pytest.raises(ShapeError, match="batch shapes"):
        ct.zeros(2, 7, 1) @ ct.zeros(3, 1, 9)


@pytest.mark.parametrize("dtype", ["float64", "float16"])
def test_wide_and_narrow_floats_around_tile_edges(skeleton, dtype):
    if dtype == "float64" and not skeleton.fp64:
        pytest.skip(f"'{skeleton}' has no {dtype}")
    for m, n, k in [*SIZES, (1, 37, 65), (37, 1, 65), (5, 3, 40), (2, 9, 6001), (13, 31, 6001)]:
        for orders in [(False, False), (True, True)]:
            a, b = draw(m, k, dtype=dtype), draw(k, n, dtype=dtype)
            want = a.astype("float64") @ b.astype("float64")
            got = turned(a, orders[0]) @ turned(b, orders[1])
            assert got.dtype == np.dtype(dtype)
            check(got, want, {"float64": 1e-12, "float16": 1e-3}[dtype])


@pytest.mark.parametrize(
    ("m", "n", "k", "by_columns", "template"),
    [
        (300, 1, 200, False, "gemm_thin"),
        (1, 300, 200, False, "gemm_thin"),
        (300, 2, 200, True, "gemm_thin"),
        (7, 300, 200, True, "gemm_thin"),
        (300, 9, 200, False, "gemm"),
        (9, 300, 200, False, "gemm"),
        (64, 64, 64, False, "gemm"),
    ],
)
def test_the_shape_chooses_the_kernel(skeleton, m, n, k, by_columns, template):
    a, b = turned(draw(m, k), by_columns), turned(draw(k, n), m < n and by_columns)
    launches = ct.explain(lambda: a @ b)
    assert launches[0].name == template + ("_cpu" if skeleton.is_cpu else "_gpu")


def test_long_sums_of_few_results_are_cut(skeleton):
    a, b = turned(draw(10, 60000), True), ct.tensor(draw(60000, 24))
    launches = ct.explain(lambda: a @ b)
    if skeleton.compute_units > 1:
        merge = "reduce_columns_cpu" if skeleton.is_cpu else "reduce_gpu"
        assert [launch.name for launch in launches][1:] == [merge]
        assert launches[0].global_size[2] > 1


@pytest.mark.parametrize(
    ("m", "n", "k", "by_columns"),
    [
        (7, 17, 9, False),
        (12, 32, 257, True),
        (65, 63, 1031, False),
        (9, 1, 70, False),
        (1, 9, 70, True),
        (33, 3, 9001, False),
        (33, 3, 90, True),
    ],
)
def test_an_expression_over_a_product(skeleton, m, n, k, by_columns):
    a, b = draw(m, k), draw(k, n)
    x, y = turned(a, by_columns), turned(b, not by_columns)
    check_store_side(lambda: x @ y, a.astype("float64") @ b)


@pytest.mark.parametrize("dtype", ["float64", "float16"])
def test_an_expression_over_a_product_of_another_width(skeleton, dtype):
    if dtype == "float64" and not skeleton.fp64:
        pytest.skip(f"'{skeleton}' has no {dtype}")
    for m, n, k in [(13, 17, 33), (20, 1, 700)]:
        a, b = draw(m, k, dtype=dtype), draw(k, n, dtype=dtype)
        x, y, want = ct.tensor(a), ct.tensor(b), a.astype("float64") @ b.astype("float64")
        check_store_side(lambda: x @ y, want, {"float64": 1e-12, "float16": 4e-3}[dtype])  # noqa: B023


def test_an_expression_over_a_batch(skeleton):
    a, b = draw(4, 3, 13, 20), draw(3, 20, 18)
    x, y = ct.tensor(a), ct.tensor(b)
    check_store_side(lambda: x[:, :, ::2] @ y, a[:, :, ::2].astype("float64") @ b)


@pytest.mark.parametrize(("m", "n", "k"), [(64, 48, 100), (300, 1, 200), (12, 40, 3000)])
def test_an_expression_over_a_product_is_in_its_kernel(skeleton, deferred, m, n, k):
    a, b, bias, gain = (ct.tensor(draw(*s)) for s in [(m, k), (k, n), (n,), (m, 1)])
    alone = launches_of(lambda: a @ b)
    if alone > 1:
        pytest.skip(f"'{skeleton}' cuts the sum into parts")
    assert launches_of(lambda: ct.relu(a @ b + bias) * gain) == 1
    assert launches_of(lambda: (a @ b) * 2 + (a @ b)) == 2
    before = Counters.builds + Counters.disk_hits
    launches_of(lambda: ct.relu(a[1:] @ b + bias) * gain[1:])
    assert Counters.builds + Counters.disk_hits == before


def peak_of(compute, device):
    """The most memory in use while `compute` is realized, beyond what was in use before."""
    launches_of(compute)
    ct.reset_peak_memory(device)
    before = ct.memory_summary(device)["in_use"]
    launches_of(compute)
    return ct.memory_summary(device)["peak"] - before


def test_a_product_that_nobody_holds_takes_no_memory_beside_the_result(skeleton, deferred):
    a, b = ct.tensor(draw(250, 800)), ct.tensor(draw(800, 260))
    alone = peak_of(lambda: a @ b, skeleton)
    assert peak_of(lambda: ct.relu(a @ b) + 1, skeleton) == alone
    assert peak_of(lambda: (a @ b) > 1, skeleton) <= 2 * alone


@pytest.mark.parametrize("start", [0, 1, 2, 4])
@pytest.mark.parametrize("order", ["nn", "nt", "tn"])
def test_views_that_begin_anywhere_in_rows_of_whole_vectors(skeleton, start, order):
    a, b = draw(130, 64), draw(64, 68)
    kept = []
    for x, turn in zip((a, b), order, strict=True):
        x = x.T if turn == "t" else x
        whole = np.full((x.shape[0], x.shape[1] + 8 - x.shape[1] % 4), np.nan, "float32")
        whole[:, start : start + x.shape[1]] = x
        view = ct.tensor(whole)[:, start : start + x.shape[1]]
        kept.append(view.mT if turn == "t" else view)
    check(kept[0] @ kept[1], a.astype("float64") @ b)


@pytest.fixture
def limits(device, use_skeletons, monkeypatch):
    """limits(group, local): kernels for GPUs on a device of one unit with these limits."""
    use_skeletons("gpu")

    def limit(group, local):
        monkeypatch.setattr(device, "max_work_group", min(group, device.max_work_group))
        monkeypatch.setattr(device, "local_mem", min(local, device.local_mem))
        monkeypatch.setattr(device, "compute_units", 1)
        tuning.reload(device)

    yield limit
    monkeypatch.undo()
    tuning.reload(device)


@pytest.mark.parametrize(
    ("group", "local"), [(64, 16 << 10), (128, 64 << 10), (256, 32 << 10), (384, 16 << 10)]
)
@pytest.mark.parametrize("sizes", [(130, 133, 50), (18, 300, 20), (300, 18, 20)])
def test_small_groups_and_little_local_memory(limits, group, local, sizes):
    limits(group, local)
    m, n, k = sizes
    a, b = draw(m, k), draw(k, n)
    for order in (False, True):
        check(ct.tensor(a) @ turned(b, order), a.astype("float64") @ b)


@pytest.fixture(params=["small", "medium", "large"])
def straight(request, device, use_skeletons):
    """Tiles of each class that work-items read for themselves, for every product."""
    use_skeletons("gpu")
    kind, classes = tuning.KINDS["gemm_gpu"], ("small", "medium", "large")
    with ExitStack() as stack:
        for dtype in (ct.float32, ct.int32, *([ct.float64] if device.fp64 else [])):
            for name in classes:
                chosen = {**kind.plain(name), **kind.cached[request.param]}
                stack.enter_context(tuning.trial(device, "gemm_gpu", dtype, name, chosen))
        yield request.param


def straight_launches(call):
    """What a call launches: no product goes through local memory."""
    launches = [each for each in ct.explain(call) if each.name == "gemm_gpu"]
    assert launches
    assert not any("__local" in own_source(each.source) for each in launches)
    return launches


@pytest.mark.parametrize("orders", [(False, False), (False, True), (True, False), (True, True)])
def test_products_without_local_memory(straight, device, orders):
    for m, n, k in [*SIZES, (64, 64, 64), (96, 128, 20), (130, 70, 33), (9, 200, 6001)]:
        if min(m, n) <= 8:
            continue
        for dtype in ("float32", "int32", *(["float64"] if device.fp64 else [])):
            a, b = draw(m, k, dtype=dtype), draw(k, n, dtype=dtype)
            x, y = turned(a, orders[0]), turned(b, orders[1])
            straight_launches(lambda x=x, y=y: x @ y)
            check(x @ y, a.astype("float64") @ b.astype("float64"), 1e-4)


def test_views_and_batches_without_local_memory(straight):
    a, b = draw(3, 70, 67), draw(3, 67, 66)
    x, y = ct.tensor(a), ct.tensor(b)
    check(x @ y, a @ b, 1e-4)
    check(x[:, 3:, 1:65] @ y[:, 1:65], a[:, 3:, 1:65] @ b[:, 1:65], 1e-4)
    check(x[:, ::2, ::-1] @ y, a[:, ::2, ::-1] @ b, 1e-4)
    check(x[:1] @ y[..., ::3], a[:1] @ b[..., ::3], 1e-4)
    check(x @ y[0], a @ b[0], 1e-4)


def test_an_expression_over_a_product_without_local_memory(straight):
    for m, n, k in [(64, 64, 64), (33, 130, 90)]:
        a, b, bias = draw(m, k), draw(k, n), draw(n)
        straight_launches(
            lambda a=a, b=b, bias=bias: (ct.tensor(a) @ ct.tensor(b) + ct.tensor(bias)).relu()
        )
        got = (ct.tensor(a) @ ct.tensor(b) + ct.tensor(bias)).relu()
        check(got, np.maximum(a.astype("float64") @ b + bias, 0), 1e-4)
