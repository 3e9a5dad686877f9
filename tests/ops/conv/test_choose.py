"""Which kernels compute a convolution, and that all of them agree."""

import numpy as np
import pytest
from convolutions import draw, kernels_of

import cltensor as ct
from cltensor.ops.conv import choose as conv_kernels
from cltensor.ops.conv import conv
from cltensor.ops.conv import depthwise as conv_depth
from cltensor.ops.conv import direct as conv_direct
from cltensor.ops.conv import implicit as conv_implicit
from cltensor.ops.conv import minimal as conv_minimal
from cltensor.ops.conv import patch as conv_patch
from cltensor.ops.conv import winograd as conv_winograd

DIRECT, TILES = ["conv_direct_gpu"], ["conv_weights_gpu", "conv_gpu"]
#: The kernel for CPUs and those for GPUs of a shape.
CASES = [
    ("conv_depth", DIRECT, (2, 4, 9, 9), (4, 1, 3, 3), {"padding": 1, "groups": 4}),
    ("conv_wino", DIRECT, (2, 16, 9, 9), (16, 16, 3, 3), {"padding": 1}),
    ("conv_cpu", DIRECT, (2, 3, 9, 9), (48, 3, 3, 3), {"padding": 1}),
    ("conv_cpu", TILES, (2, 16, 9, 9), (48, 16, 3, 3), {"padding": 1, "stride": 2}),
    ("conv_cpu", ["conv_gpu"], (2, 64, 9, 9), (64, 64, 1, 1), {}),
]


def all_three(x, w, options):
    y = ct.conv2d(x, w, **options)
    return [
        y,
        conv.conv2d_backward_data(y, w, x.shape[2:], **options),
        conv.conv2d_backward_weight(y, x, w.shape[2:], **options),
    ]


@pytest.mark.parametrize(("name", "names", "image", "filters", "options"), CASES)
def test_the_way_for_a_shape(use_skeletons, name, names, image, filters, options):
    use_skeletons("cpu")
    x, w = ct.ones(*image), ct.ones(*filters)
    assert name in kernels_of(lambda: ct.conv2d(x, w, **options))
    use_skeletons("gpu")
    assert kernels_of(lambda: ct.conv2d(x, w, **options)) == names


@pytest.mark.parametrize(("image", "filters", "options"), [case[2:] for case in CASES])
def test_all_ways_agree(use_skeletons, monkeypatch, image, filters, options):
    x, w = ct.tensor(draw(*image)), ct.tensor(draw(*filters))
    use_skeletons("gpu")
    want = [t.numpy() for t in all_three(x, w, options)]
    plans = conv_kernels._plan.__wrapped__
    monkeypatch.setattr(conv_kernels, "_plan", plans)  # nothing remembered between the ways
    for kind in ("forward", "data", "weight"):
        monkeypatch.setattr(conv_direct, kind, lambda c, aligned: None)
    for got, expected in zip(all_three(x, w, options), want, strict=True):
        np.testing.assert_allclose(got.numpy(), expected, rtol=1e-4, atol=1e-3)
    use_skeletons("cpu")
    for way in (conv_depth, conv_winograd, conv_patch):
        for kind in ("forward", "data", "weight"):
            others = {conv_depth, conv_winograd, conv_patch} - {way}
            for other in others:
                monkeypatch.setattr(other, kind, lambda c: None)
        for got, expected in zip(all_three(x, w, options), want, strict=True):
            np.testing.assert_allclose(got.numpy(), expected, rtol=1e-4, atol=1e-3)
        monkeypatch.undo()
        use_skeletons("cpu")
        monkeypatch.setattr(conv_kernels, "_plan", plans)


@pytest.mark.parametrize("index", ["int", "ulong"])
@pytest.mark.parametrize(
    ("image", "filters", "options"),
    [
        ((2, 4, 9, 8), (4, 1, 3, 3), {"padding": 1, "groups": 4}),
        ((2, 3, 9, 9), (18, 3, 3, 3), {"padding": 1, "stride": 2}),
        ((2, 16, 9, 9), (48, 16, 3, 3), {"padding": 2, "stride": 2}),
        ((2, 5, 9, 9), (33, 5, 3, 3), {"padding": 1}),
        ((2, 32, 9, 9), (33, 32, 3, 3), {"padding": 1}),
    ],
)
def test_every_way_to_count_places(use_skeletons, monkeypatch, index, image, filters, options):
    use_skeletons("gpu")
    x, w = ct.tensor(draw(*image)), ct.tensor(draw(*filters))
    want = [t.numpy() for t in all_three(x, w, options)]
    for way in (conv_direct, conv_minimal, conv_implicit):
        monkeypatch.setattr(way, "index_of", lambda *_: index)
    monkeypatch.setattr(conv_kernels, "_plan", conv_kernels._plan.__wrapped__)
    for got, expected in zip(all_three(x, w, options), want, strict=True):
        np.testing.assert_array_equal(got.numpy(), expected)


def test_plans_are_kept_for_each_setting(use_skeletons):
    use_skeletons("cpu")
    x, w = ct.ones(1, 2, 5, 5), ct.ones(3, 2, 3, 3)
    first = kernels_of(lambda: ct.conv2d(x, w))
    use_skeletons("gpu")
    assert kernels_of(lambda: ct.conv2d(x, w)) != first
    use_skeletons("cpu")
    assert kernels_of(lambda: ct.conv2d(x, w)) == first
