"""Winograd's minimal filtering: its matrices, tiles, error and switch."""

from fractions import Fraction

import numpy as np
import pytest
from convolutions import check, draw, kernels_of, reference

import cltensor as ct
from cltensor.ops.conv import conv
from cltensor.ops.conv.winograd import Winograd, transforms


@pytest.fixture(autouse=True)
def _allowed(monkeypatch):
    monkeypatch.setattr(Winograd, "tile", 4)


@pytest.mark.parametrize(("outputs", "taps"), [(2, 3), (4, 3), (2, 5)])
def test_matrices_give_a_correlation(outputs, taps):
    A, G, B = (np.array(matrix) for matrix in transforms(outputs, taps))
    d, g = draw(outputs + taps - 1, dtype="float64"), draw(taps, dtype="float64")
    want = np.correlate(d, g, "valid")
    np.testing.assert_allclose(A @ ((G @ g) * (B @ d)), want, rtol=1e-12)
    y = draw(outputs, dtype="float64")
    np.testing.assert_allclose(
        G.T @ ((B @ d) * (A.T @ y)), np.correlate(d, y, "valid"), rtol=1e-12, atol=1e-13
    )


def test_points_are_exact_in_float64():
    for row in transforms(4, 3).A:
        assert all(Fraction(v).limit_denominator(100) - Fraction(v) < 1e-15 for v in row)


@pytest.mark.parametrize(
    ("x_shape", "w_shape", "options"),
    [
        ((2, 24, 8, 8), (24, 24, 3, 3), {"padding": 1}),
        ((2, 25, 9, 13), (29, 25, 3, 3), {"padding": 1}),
        ((5, 13, 7, 7), (14, 13, 3, 3), {"padding": 1}),
        ((1, 12, 16, 16), (17, 12, 3, 3), {}),
        ((3, 33, 4, 4), (31, 33, 3, 3), {"padding": 1}),
        ((2, 12, 6, 6), (12, 12, 3, 3), {"padding": 3}),
        ((1, 270, 9, 8), (24, 270, 3, 3), {"padding": 1}),
        ((1, 48, 11, 24), (60, 24, 3, 3), {"padding": 2, "groups": 2}),
        ((1, 24, 4, 300), (24, 24, 3, 3), {"padding": (0, 1)}),
        ((1, 12, 60, 40), (12, 12, 3, 3), {"padding": 1}),
        ((9, 70, 5, 5), (70, 70, 3, 3), {"padding": 1}),
        ((2, 12, 2, 2), (12, 12, 3, 3), {"padding": 1}),
        ((2, 16, 8, 8), (16, 16, 5, 5), {"padding": 2}),
        ((3, 13, 9, 7), (19, 13, 5, 5), {"padding": (2, 1)}),
        ((1, 24, 7, 11), (24, 12, 5, 5), {"groups": 2, "padding": 4}),
    ],
)
@pytest.mark.parametrize("tile", [2, 4])
def test_tiles(device, registers, monkeypatch, tile, x_shape, w_shape, options):
    monkeypatch.setattr(Winograd, "tile", tile)
    check(x_shape, w_shape, **options)


def test_images_too_wide_for_local_memory(device):
    check((1, 12, 5, 3000), (12, 12, 3, 3), padding=1)


def test_views(device):
    x, w = ct.tensor(draw(2, 9, 10, 12)), ct.tensor(draw(3, 3, 12, 15))
    image, filters = x.permute(0, 3, 1, 2)[:, :, 1:], w.permute(3, 2, 0, 1)
    got = ct.conv2d(image, filters)
    want = ct.conv2d(image.contiguous(), filters.contiguous())
    np.testing.assert_array_equal(got.numpy(), want.numpy())


def worst(tile, monkeypatch):
    """The largest errors of outputs and both gradients over their root mean squares."""
    monkeypatch.setattr(Winograd, "tile", tile)
    rng = np.random.default_rng(3)
    x = rng.standard_normal((2, 48, 16, 16)).astype("float32")
    w = rng.standard_normal((48, 48, 3, 3)).astype("float32")
    y, dx, dw, g = reference(x, w, lambda s: rng.standard_normal(s).astype("float32"), 1, 1, 1, 1)
    tx, tw, tg = ct.tensor(x), ct.tensor(w), ct.tensor(g)
    results = [
        (ct.conv2d(tx, tw, padding=1), y),
        (conv.conv2d_backward_data(tg, tw, (16, 16), padding=1), dx),
        (conv.conv2d_backward_weight(tg, tx, (3, 3), padding=1), dw),
    ]
    return [np.abs(got.numpy() - want).max() / np.sqrt((want**2).mean()) for got, want in results]


def test_error_beside_a_plain_sum(use_skeletons, monkeypatch):
    use_skeletons("cpu")
    plain, small, large = (np.array(worst(tile, monkeypatch)) for tile in (0, 2, 4))
    assert (small < 4 * plain).all()
    assert (large < 8 * plain).all()
    assert (large < 2e-5).all()


def test_the_switch(use_skeletons, monkeypatch):
    use_skeletons("cpu")
    x, w = ct.ones(2, 24, 8, 8), ct.ones(24, 24, 3, 3)
    call = lambda: ct.conv2d(x, w, padding=1)  # noqa: E731
    assert kernels_of(call) == ["conv_wino_weights", "conv_wino"]
    monkeypatch.setattr(Winograd, "tile", 0)
    assert kernels_of(call) == ["conv_weights", "conv_cpu"]
    monkeypatch.setattr(Winograd, "tile", 2)
    assert kernels_of(call) == ["conv_wino_weights", "conv_wino"]
    large = ct.ones(24, 24, 5, 5)
    assert kernels_of(lambda: ct.conv2d(x, large)) == ["conv_weights", "conv_cpu"]


@pytest.mark.parametrize(("value", "tile"), [("0", 0), ("2", 2), ("4", 4), (None, 4)])
def test_the_environment_sets_it(run_python, value, tile):
    code = "from cltensor.ops.conv.winograd import Winograd; print(Winograd.tile)"
    assert run_python(code, CLTENSOR_WINOGRAD=value).stdout.strip() == str(tile)


@pytest.mark.parametrize("value", ["3", "off"])
def test_the_environment_must_name_a_tile(run_python, value):
    code = "import warnings; warnings.simplefilter('default')\n"
    code += "from cltensor.ops.conv.winograd import Winograd; print(Winograd.tile)"
    done = run_python(code, CLTENSOR_WINOGRAD=value)
    assert done.stdout == "4\n"
    assert f"CLTENSOR_WINOGRAD: {value!r} is no size of tiles" in done.stderr


def test_few_channels_and_small_images_take_other_ways(use_skeletons):
    use_skeletons("cpu")
    for image, filters in [((1, 3, 16, 16), (24, 3)), ((1, 24, 3, 3), (24, 24))]:
        x, w = ct.ones(*image), ct.ones(*filters, 3, 3)
        assert "conv_wino" not in kernels_of(lambda x=x, w=w: ct.conv2d(x, w))
