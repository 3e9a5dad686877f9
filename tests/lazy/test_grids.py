"""How generated kernels are spread over a device: everything is covered, nothing too small."""

from math import prod

import numpy as np
import pytest

import cltensor as ct
from cltensor.lazy import grids
from cltensor.lazy.codegen import geometry
from cltensor.lazy.grids import (
    ceil_div,
    pointwise_class,
    pointwise_grid,
    reduction_grid,
    row_grid,
    team_of,
)
from cltensor.runtime import tuning

FLOAT = np.dtype("float32")
SMALL, MEDIUM = 1 << 16, 1 << 21
COUNTS = [1, 63, 64, 65, 4096, 4097, SMALL - 1, SMALL, MEDIUM, 10_000_019]


@pytest.fixture
def odd_device(device, monkeypatch):
    """A device whose groups hold 96 work-items, no power of two."""
    monkeypatch.setattr(device, "max_work_group", 96)
    tuning.reload(device)
    yield device
    tuning.reload(device)


def test_division_rounds_up():
    assert [ceil_div(n, 4) for n in (0, 1, 4, 5, 8)] == [0, 1, 1, 2, 2]


def test_classes_change_at_their_bounds():
    bounds = {1: "small", SMALL - 1: "small", SMALL: "medium", MEDIUM - 1: "medium"}
    bounds[MEDIUM] = bounds[1 << 40] = "large"
    assert {n: pointwise_class(n) for n in bounds} == bounds


@pytest.mark.parametrize("n", COUNTS)
def test_cpu_work_items_cover_the_elements_in_whole_cache_lines(device, n):
    chosen = tuning.parameters(device, "pointwise_cpu", FLOAT, pointwise_class(n))
    groups, local, chunk = pointwise_grid(device, True, FLOAT, n)
    assert local == 1
    assert chunk % 64 == 0
    assert groups * chunk >= n
    assert groups <= chosen["shares"] * device.compute_units
    assert groups == 1 or groups * chosen["chunk"] < n + chosen["chunk"]


@pytest.mark.parametrize("n", COUNTS)
def test_other_devices_get_groups_up_to_their_shares(device, n):
    chosen = tuning.parameters(device, "pointwise_gpu", FLOAT, pointwise_class(n))
    groups, local, _ = pointwise_grid(device, False, FLOAT, n)
    assert local == min(chosen["local"], 1 << (device.max_work_group.bit_length() - 1))
    assert groups == min(ceil_div(n, local), chosen["shares"] * device.compute_units)


def test_groups_are_a_power_of_two_that_the_device_takes(odd_device):
    assert pointwise_grid(odd_device, False, FLOAT, 10**6).local == 64
    assert row_grid(odd_device, False, 5, 4096)[1] == 64
    assert reduction_grid(odd_device, False, FLOAT, 0, 5, 100).local == 64


def test_tuned_parameters_decide(device):
    with tuning.trial(device, "pointwise_cpu", FLOAT, "small", {"chunk": 1024, "shares": 1}):
        assert pointwise_grid(device, True, FLOAT, 1024).groups == 1
        assert pointwise_grid(device, True, FLOAT, SMALL - 1).groups == device.compute_units
    with tuning.trial(device, "pointwise_gpu", FLOAT, "small", {"local": 32, "shares": 1}):
        assert pointwise_grid(device, False, FLOAT, 33)[:2] == (min(2, device.compute_units), 32)


@pytest.mark.parametrize("is_cpu", [True, False])
def test_reductions_of_nothing(device, is_cpu):
    assert reduction_grid(device, is_cpu, FLOAT, 0, 0, 5)[:2] == (0, 1)
    tasks, splits, *_ = reduction_grid(device, is_cpu, FLOAT, 0, 3, 0)
    assert tasks >= 1
    assert splits == 1


@pytest.mark.parametrize("is_cpu", [True, False])
def test_few_long_rows_are_split_and_others_are_not(device, is_cpu):
    assert reduction_grid(device, is_cpu, FLOAT, 0, 1, 10**7).splits > 1
    assert reduction_grid(device, is_cpu, FLOAT, 64, 64, 10**6).splits > 1
    assert reduction_grid(device, is_cpu, FLOAT, 0, 1, 100).splits == 1
    assert reduction_grid(device, is_cpu, FLOAT, 0, 10**5, 1000).splits == 1


@pytest.mark.parametrize("is_cpu", [True, False])
def test_no_part_of_a_split_range_is_empty(device, is_cpu):
    for length in (100_003, 300_001, 10**6, 10**6 + 1):
        for width, outer in ((0, 1), (0, 3), (5, 5)):
            splits = reduction_grid(device, is_cpu, FLOAT, width, outer, length).splits
            assert (splits - 1) * ceil_div(length, splits) < length


@pytest.mark.parametrize("is_cpu", [True, False])
def test_merging_the_parts_comes_to_an_end(device, is_cpu):
    kind = "reduce_cpu" if is_cpu else "reduce_gpu"
    choices = tuning.KINDS[kind].choices
    eager = {**tuning.KINDS[kind].defaults("column", device), "chunk": min(choices["chunk"])}
    eager["shares"] = max(choices["shares"])
    with tuning.trial(device, kind, FLOAT, "column", eager):
        for width in (64, 4096, 10**6):
            length = 10**5
            while length > 1:
                splits = reduction_grid(device, is_cpu, FLOAT, width, width, length).splits
                assert splits < length
                length = splits


def test_tasks_of_kept_columns_cover_them(device):
    columns = tuning.parameters(device, "reduce_cpu", FLOAT, "column")["columns"]
    grid = reduction_grid(device, True, FLOAT, columns + 1, 3 * (columns + 1), 10)
    assert grid.columns == columns
    assert grid.tasks == 3 * 2
    wide = reduction_grid(device, False, FLOAT, 1000, 2000, 10)
    assert wide.tasks == 2 * ceil_div(1000, wide.local)


def test_rows_on_other_devices_have_a_group_each_or_share_one(device):
    long = reduction_grid(device, False, FLOAT, 0, 7, 10**4, 4)
    assert (long.tasks, long.team, long.groups) == (7, long.local, 1)
    short = reduction_grid(device, False, FLOAT, 0, 1000, 10)
    assert short.team == 4
    assert short.tasks == ceil_div(1000 * 4, short.local)
    assert [team_of(n, 256) for n in (1, 4, 5, 16, 17, 64, 65, 256, 257, 10**6)] == [
        1, 1, 4, 4, 16, 16, 64, 64, 256, 256,
    ]  # fmt: skip
    assert team_of(10**6, 128) == 128


def test_parts_begin_with_whole_vectors(device):
    for length in (100_003, 300_001, 10**6 + 1):
        grid = reduction_grid(device, False, FLOAT, 0, 1, length, 4)
        assert grid.part % 4 == 0
        assert (grid.splits - 1) * grid.part < length <= grid.splits * grid.part


@pytest.mark.parametrize(("count", "length"), [(1, 1), (3, 33), (1000, 5), (70_000, 4096)])
def test_rows_that_are_gone_over_several_times(device, count, length):
    tasks, local, *_ = row_grid(device, True, count, length)
    assert 1 <= tasks <= min(count, 32 * device.compute_units)
    assert local == 1
    tasks, local, team, whole = row_grid(device, False, count, length)
    assert tasks == min(ceil_div(count * team, local), 1 << 16)
    assert local <= device.max_work_group
    assert local & (local - 1) == 0
    assert local % team == 0
    assert local <= max(64, team)
    assert whole == (4 * team >= length)


def test_only_scattered_rows_are_walked_in_blocks(device):
    def band(shape, strides, is_cpu=True):
        space = geometry(shape, ((shape, strides),))
        return grids.band_of(device, is_cpu, space, prod(shape)).rows

    rows = 64 * device.compute_units
    assert band((rows, 1024), (1, 2048)) == 16
    assert band((rows, 1024), (1024 * 3, 1)) == 0
    assert band((rows, 1024), (1, 2050)) == 0
    assert band((rows, 1024), (1, 2048), is_cpu=False) == 0
    assert band((rows - 1, 1024), (1, 2048)) == 0  # too few bands for all cores
    assert band((64, 64), (1, 2048)) == 0


@pytest.mark.parametrize("rows", [0, 1, 15, 17])
@pytest.mark.parametrize("columns", [256, 2048])
def test_blocks_cover_all_elements(device, use_skeletons, rows, columns):
    use_skeletons("cpu")
    rows += 64 * device.compute_units
    width = -(-(rows + 3) // 256) * 256
    a = np.random.default_rng(0).standard_normal((columns + 37, width)).astype("float32")
    x = ct.tensor(a)
    for start in (0, 3):
        wanted, view = a[:, start : start + rows].T, x[:, start : start + rows].T
        np.testing.assert_array_equal(view.contiguous().numpy(), wanted)
        y = view * 2
        z = y + view
        np.testing.assert_array_equal(z.numpy(), wanted * 2 + wanted)
        np.testing.assert_array_equal(y.numpy(), wanted * 2)
    y = ct.zeros(rows, columns + 37)
    y[:, 5:] += x[5:, 1 : rows + 1].T
    np.testing.assert_array_equal(y.numpy()[:, 5:], a[5:, 1 : rows + 1].T)
    assert (y.numpy()[:, :5] == 0).all()
