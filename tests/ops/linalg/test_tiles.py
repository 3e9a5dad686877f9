"""How products are cut: tiles within their limits."""

from types import SimpleNamespace

import numpy as np
import pytest
from matrices import check, draw

import cltensor as ct
from cltensor.lazy.grids import ceil_div
from cltensor.ops.linalg.tiles import (
    accumulator,
    equal_parts,
    grid_tile,
    packed_plan,
    size_class,
    vector_width,
)
from cltensor.runtime import tuning
from cltensor.runtime.groups import power_below


def test_plan_fits_its_limits():
    for m, n, k in [(1, 1, 1), (1000, 7, 3), (7, 1000, 5000), (4096, 4096, 4096)]:
        for cap, kc_cap, cores in [(2000, 96, 1), (100000, 256, 64)]:
            mc, nc, kc, part = packed_plan(m, n, k, 1, 6, 16, cap, kc_cap, cores, cores > 1, m < 9)
            assert mc % 6 == 0
            assert nc % 16 == 0
            assert 0 < kc <= kc_cap
            assert mc * kc <= cap
            assert 0 < part <= k


def test_parts_cover_the_whole_and_differ_by_less_than_their_number():
    for total in (1, 7, 96, 97, 1000):
        for most in (1, 6, 97, 5000):
            part = equal_parts(total, most)
            assert part <= most
            assert 0 <= part * ceil_div(total, part) - total < ceil_div(total, part)


def test_halves_are_summed_as_floats():
    assert accumulator(ct.float16) == ct.float32
    assert accumulator(ct.float64) == ct.float64
    assert [vector_width(kind) for kind in (ct.float16, ct.float32, ct.float64)] == [8, 8, 4]


def test_the_edge_of_a_group_is_no_longer_than_asked_for(device, monkeypatch):
    kind = np.dtype("float32")
    assert grid_tile(device, kind, 500, 500, most=4).items_m == 4
    monkeypatch.setattr(device, "max_work_items", (64, 8, 8))
    assert grid_tile(device, kind, 500, 500).items_m == 8
    monkeypatch.setattr(device, "max_work_group", 16)
    assert grid_tile(device, kind, 500, 500).items_m == 4


@pytest.mark.parametrize(("most", "edge"), [(255, 8), (20, 4), (1, 1)])
def test_a_kernel_that_cannot_take_the_group_is_planned_with_half_the_edge(
    narrow_kernels, most, edge
):
    narrow_kernels(most, "gemm_gpu")
    a, b = draw(70, 33), draw(33, 40)
    (launch,) = ct.explain(lambda: ct.tensor(a) @ ct.tensor(b))
    assert launch.local_size == (edge, edge, 1)
    check(ct.tensor(a) @ ct.tensor(b), a.astype("float64") @ b)


@pytest.mark.parametrize(("most", "items"), [(255, 128), (1, 1)])
def test_a_thin_product_takes_smaller_groups(device, narrow_kernels, most, items):
    narrow_kernels(most, "gemm_thin_gpu")
    a, b = draw(70, 33), draw(33, 3)
    (launch,) = ct.explain(lambda: ct.tensor(a) @ ct.tensor(b))
    assert np.prod(launch.local_size) == min(items, power_below(device.max_work_group))
    check(ct.tensor(a) @ ct.tensor(b), a.astype("float64") @ b)


def test_convolutions_take_smaller_groups(narrow_kernels):
    x, w = draw(2, 5, 9, 9), draw(40, 5, 3, 3)
    want = ct.conv2d(ct.tensor(x), ct.tensor(w), padding=1).numpy()
    narrow_kernels(100, "conv_gpu")
    x, w = (ct.tensor(z, requires_grad=True) for z in (x, w))
    launches = ct.explain(lambda: ct.conv2d(x, w, padding=1))
    assert (launches[-1].name, np.prod(launches[-1].local_size)) == ("conv_gpu", 64)
    found = ct.conv2d(x, w, padding=1)
    check(found.detach(), want)
    found.sum().backward()
    assert w.grad.shape == w.shape


def stub(units, group, local, cached=False):
    """A device as far as tiles ask."""
    platform = SimpleNamespace(name="", version="")
    names = SimpleNamespace(name="", driver_version="", platform=platform)
    return SimpleNamespace(
        cl_device=names, compute_units=units, max_work_group=group, local_mem=local, tuned={},
        max_work_items=(group, group, 64), caches_alone=cached,
    )  # fmt: skip


@pytest.mark.parametrize("group", [64, 128, 256, 384, 1024])
@pytest.mark.parametrize("local", [16 << 10, 32 << 10, 64 << 10])
@pytest.mark.parametrize("dtype", [ct.float32, ct.float64, ct.int8])
@pytest.mark.parametrize("cached", [False, True])
def test_tiles_of_work_groups_fit_their_limits(group, local, dtype, cached):
    device = stub(20, group, local, cached)
    for m, n in [(1, 1), (9, 2000), (2000, 9), (64, 100000), (100, 100), (3000, 3000)]:
        tile = grid_tile(device, dtype, m, n)
        assert tile.items_m * tile.items_n <= group
        # Two of the columns of local memory lie between them.
        assert tile.staged is not cached
        assert cached or tile.depth * (tile.rows + tile.cols + 8) * dtype.itemsize <= local
        assert all(size & (size - 1) == 0 for size in tile)
        assert min(tile[:5]) >= 2


def test_tiles_are_as_flat_as_the_result():
    device = stub(20, 256, 64 << 10)
    sides = {m: grid_tile(device, ct.float32, m, 1 << 17) for m in (16, 32, 64, 128)}
    assert {m: (t.rows, t.cols) for m, t in sides.items()} == {
        16: (16, 256), 32: (32, 256), 64: (64, 128), 128: (128, 128)
    }  # fmt: skip
    assert grid_tile(device, ct.float32, 1 << 17, 32) == sides[32].turned()
    assert grid_tile(device, ct.float64, 4096, 4096).rows == 64


def test_without_local_memory_a_work_item_has_four_rows_and_eight_columns():
    device = stub(4, 256, 32 << 10, cached=True)
    tile = grid_tile(device, ct.float32, 2048, 2048)
    assert (tile.items, tile.each_m, tile.each_n, tile.depth, tile.staged) == (64, 4, 8, 4, False)
    tile = grid_tile(device, ct.float64, 2048, 2048)
    assert (tile.each_m, tile.each_n, tile.staged) == (2, 4, False)
    # Convolutions stage what they gather.
    assert grid_tile(device, ct.float32, 2048, 2048, kind="conv_gpu").staged


@pytest.mark.parametrize("kind", ["gemm_gpu", "conv_gpu", "conv_grad_gpu"])
def test_a_class_does_not_depend_on_what_was_tuned_for_it(kind, monkeypatch):
    device = stub(20, 1024, 64 << 10)
    sides = (32, 128, 300, 400, 600, 1000)
    classes = {m: size_class(device, kind, ct.float32, m, m) for m in sides}
    assert set(classes.values()) == {"small", "medium", "large"}
    for name in ("small", "medium", "large"):
        chosen = {**tuning.KINDS[kind].plain(name), "edge": 32, "each": 8, "depth": 8}
        with tuning.trial(device, kind, ct.float32, name, chosen):
            for m in sides:
                tile = grid_tile(device, ct.float32, m, m, kind=kind)
                assert (tile.items_m == 32) == (classes[m] == name)
