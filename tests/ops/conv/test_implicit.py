"""Convolution as an implicit matrix product: both orders of the sum, phases, odd sizes, limits."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.nn import functional as F
from cltensor.ops.conv import direct, minimal
from cltensor.runtime import tuning

#: Images, filters and settings: few channels, whole blocks of them, blocks that are not full,
#: strides with taps that meet none or several of their phases, few pixels, many groups.
CASES = [
    ((2, 3, 9, 8), (5, 3, 3, 3), {"padding": 1}),
    ((2, 32, 9, 8), (8, 32, 3, 3), {"padding": 1, "stride": 2}),
    ((2, 27, 6, 7), (33, 27, 2, 3), {"stride": 3, "padding": 2, "dilation": 2}),
    ((1, 4, 7, 11), (6, 2, 3, 2), {"stride": (2, 3), "groups": 2, "dilation": (2, 1)}),
    ((2, 5, 12, 12), (4, 5, 2, 2), {"stride": 4}),
    ((2, 33, 5, 5), (3, 33, 5, 5), {"padding": 4, "stride": 4}),
    ((1, 16, 3, 2), (100, 16, 1, 1), {}),
    ((2, 6, 9, 9), (6, 1, 3, 3), {"padding": 1, "groups": 6}),
    ((2, 32, 5, 6), (64, 32, 1, 1), {"stride": 2}),
    ((2, 64, 5, 6), (64, 32, 1, 1), {"groups": 2}),
]


@pytest.fixture(autouse=True)
def no_other_way(monkeypatch):
    """Also for few channels."""
    for way in (direct, minimal):
        for kind in ("forward", "data", "weight"):
            monkeypatch.setattr(way, kind, lambda c, aligned: None)
    tuning.forget_plans()
    yield
    tuning.forget_plans()


def results(x, w, g, settings):
    """A convolution with an expression over it, and both gradients."""
    x, w = (ct.tensor(each).requires_grad_() for each in (x, w))
    y = F.relu(F.conv2d(x, w, **settings) * 1.5)
    y.backward(ct.tensor(g(y.shape)))
    return [each.numpy() for each in (y.detach(), x.grad, w.grad)]


def check(use_skeletons, x_shape, w_shape, settings, prepare=lambda: None):
    """Compare kernels for GPUs with those for CPUs, which are compared with written-out sums."""
    rng = np.random.default_rng(0)
    x, w = (rng.uniform(-1, 1, shape).astype("float32") for shape in (x_shape, w_shape))
    gradient = {}

    def g(shape):
        return gradient.setdefault(tuple(shape), rng.uniform(-1, 1, shape).astype("float32"))

    wanted = results(x, w, g, settings)
    use_skeletons("gpu")
    prepare()
    for found, want in zip(results(x, w, g, settings), wanted, strict=True):
        np.testing.assert_allclose(found, want, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("x_shape", "w_shape", "settings"), CASES)
def test_both_gradients(use_skeletons, x_shape, w_shape, settings):
    check(use_skeletons, x_shape, w_shape, settings)


@pytest.mark.parametrize(
    ("group", "local"),
    [
        (1, 16 << 10),
        (4, 16 << 10),
        (64, 16 << 10),
        (128, 64 << 10),
        (256, 32 << 10),
        (384, 16 << 10),
    ],
)
@pytest.mark.parametrize("case", [1, 2])
def test_small_groups_and_little_local_memory(
    device, use_skeletons, monkeypatch, group, local, case
):
    def limit():
        monkeypatch.setattr(device, "max_work_group", min(group, device.max_work_group))
        monkeypatch.setattr(device, "local_mem", min(local, device.local_mem))
        monkeypatch.setattr(device, "compute_units", 1)
        tuning.reload(device)

    try:
        check(use_skeletons, *CASES[case], limit)
    finally:
        monkeypatch.undo()
        tuning.reload(device)
