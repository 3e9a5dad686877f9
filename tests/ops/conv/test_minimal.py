"""Winograd's minimal filtering in one kernel, on GPUs."""

import numpy as np
import pytest
from convolutions import check, draw, kernels_of

import cltensor as ct
from cltensor.nn import functional as F
from cltensor.ops.conv import minimal
from cltensor.ops.conv.winograd import Winograd
from cltensor.runtime import tuning


@pytest.fixture(autouse=True)
def gpu(use_skeletons):
    use_skeletons("gpu")


@pytest.fixture
def large(device):
    """A device that takes the kernel."""
    if device.is_intel or device.max_work_group < 256 or device.local_mem < 18 << 10:
        pytest.skip("the device does not get the kernel")


@pytest.mark.parametrize(
    ("image", "filters", "options"),
    [
        ((2, 32, 8, 8), (40, 32, 3, 3), {"padding": 1}),
        ((1, 35, 7, 9), (33, 35, 3, 3), {}),
        ((3, 64, 5, 14), (64, 64, 3, 3), {"padding": (1, 2)}),
        ((1, 66, 13, 6), (80, 33, 3, 3), {"padding": 1, "groups": 2}),
        ((2, 40, 1, 18), (48, 40, 3, 3), {"padding": 4}),
    ],
)
def test_sizes(image, filters, options):
    check(image, filters, **options)


def names(x, w, **options):
    return kernels_of(lambda: ct.conv2d(ct.ones(*x), ct.ones(*w), **options))


def test_where_it_pays(large, monkeypatch):
    x, w = (1, 32, 8, 8), (40, 32, 3, 3)
    assert names(x, w) == ["conv_wino_weights_gpu", "conv_wino_gpu"]
    for others, options in (
        (((1, 32, 3, 3), w), {}),  # one output of four that a tile has
        ((x, w), {"stride": 2}),
        ((x, w), {"dilation": 2}),
        ((x, (40, 32, 3, 5)), {}),
        (((1, 20, 8, 8), (40, 20, 3, 3)), {}),
    ):
        assert "conv_wino_gpu" not in names(*others, **options)
    monkeypatch.setattr(Winograd, "tile", 0)
    assert "conv_wino_gpu" not in names(x, w)


def test_an_expression_over_it(large):
    x, w, b = draw(2, 32, 5, 7), draw(34, 32, 3, 3), draw(34, 1, 1)
    tx, tw, tb = map(ct.tensor, (x, w, b))
    plain = ct.conv2d(tx, tw, 1, 1).numpy()
    for axes in ((0, 1, 2, 3), (0, 2, 3, 1)):

        def over(axes=axes):
            return (F.relu(ct.conv2d(tx, tw, 1, 1) + tb)).permute(axes).contiguous()

        assert kernels_of(over)[-1] == "conv_wino_gpu"
        want = np.maximum(plain + b, 0).transpose(axes)
        np.testing.assert_allclose(over().numpy(), want, rtol=1e-6, atol=1e-6)


def test_groups_that_a_device_cannot_take(device, monkeypatch):
    monkeypatch.setattr(device, "max_work_group", 64)
    tuning.forget_plans()
    try:
        assert "conv_wino_gpu" not in names((1, 32, 8, 8), (40, 32, 3, 3))
    finally:
        monkeypatch.undo()
        tuning.forget_plans()


def test_several_launches(device, monkeypatch):
    """On a chip that also shows the screen, and where drivers count few groups."""
    monkeypatch.setattr(device, "is_integrated", True, raising=False)
    monkeypatch.setattr(type(device), "peak", 4e6)
    monkeypatch.setattr(device, "max_groups", 1)
    tuning.forget_plans()
    try:
        check((2, 64, 9, 8), (80, 32, 3, 3), padding=1, groups=2)
        assert len(names((2, 64, 9, 8), (80, 32, 3, 3), padding=1, groups=2)) > 4
    finally:
        monkeypatch.undo()
        tuning.forget_plans()


def test_intels_gpus_have_too_few_registers(device, monkeypatch):
    monkeypatch.setattr(device, "is_intel", True)
    x, w = (1, 32, 8, 8), (41, 32, 3, 3)
    if device.max_work_group < minimal._ITEMS or device.local_mem < minimal._LOCAL:
        pytest.skip("the device takes no groups of the size of Winograd's kernel")
    assert "conv_wino_gpu" in names(x, w)
    tuning.forget_plans()
    monkeypatch.setattr(device, "kind", "gpu")
    assert "conv_wino_gpu" not in names(x, w)
    tuning.forget_plans()
