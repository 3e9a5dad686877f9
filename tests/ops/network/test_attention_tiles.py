"""Tiles of attention, by what devices have."""

import numpy as np
import pytest

from cltensor.ops.network import attention_tiles as tiles

GIVES = ("out", "dq", "dkv")


@pytest.fixture
def limited(device, monkeypatch):
    """limited(group=64, local=16 << 10) has the device take no more, until the test ends."""

    def limit(group, local):
        monkeypatch.setattr(device, "max_work_group", group)
        monkeypatch.setattr(device, "local_mem", local)
        tiles.tuning.forget_plans()

    yield limit
    tiles.tuning.forget_plans()


def test_tiles_of_a_cpu_fit_local_memory(device, limited):
    limited(256, 256 << 10)
    found = tiles.cpu_tile(device, np.dtype("float32"), 64, 64)
    assert found.queries % found.VW == 0
    assert found.room(64, 64) * 4 <= device.local_mem
    assert tiles.cpu_tile(device, np.dtype("float32"), 1 << 20, 64) is None


@pytest.mark.parametrize("width", [1, 32, 64, 80, 96, 128, 256])
@pytest.mark.parametrize("group", [64, 128, 256, 384])
@pytest.mark.parametrize("local", [16, 32, 64])
def test_there_is_a_tile_for_every_gpu(device, limited, group, local, width):
    limited(group, local << 10)
    for dtype in map(np.dtype, ("float32",) if width > 128 else ("float32", "float64")):
        for give in GIVES:
            tile = tiles.group_tile(device, dtype, width, width, give)
            assert group >= tile.items >= tile.queries
            assert tile.queries == tile.DN * tile.RN
            assert tile.room(width, width, give) * dtype.itemsize <= min(local, 32) << 10


def test_heads_that_are_too_wide_have_none(device):
    assert tiles.group_tile(device, np.dtype("float32"), 64, 257, "out") is None


def test_registers_hold_the_sums_of_usual_heads(device, limited):
    limited(256, 32 << 10)
    for width in (32, 64, 80, 96, 128):
        for give in GIVES:
            tile = tiles.group_tile(device, np.dtype("float32"), width, width, give)
            assert tile.sums(width, width, give) <= 96


def test_a_device_whose_groups_are_too_small_for_a_tile_goes_another_way(device, monkeypatch):
    monkeypatch.setattr(device, "narrowed", {"attention_gpu": 32})
    tiles.tuning.forget_plans()
    assert tiles.group_tile(device, np.dtype("float32"), 64, 64, "out") is None
    tiles.tuning.forget_plans()
