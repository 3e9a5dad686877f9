"""Where the pixels of an image go, beside NumPy and Pillow."""

import numpy as np
import pytest
from pictures import SIZES, everywhere, image, near, noise, pixels_of, planes

import cltensor as ct
from cltensor.errors import ShapeError
from cltensor.vision.transforms import InterpolationMode
from cltensor.vision.transforms import functional as F

KINDS = [(np.uint8, 3), (np.uint8, 1), (np.float32, 3), (np.float16, 1), (np.float32, None)]


def arrays(size):
    """Of each kind, (C, H, W), and (H, W) for None."""
    for dtype, channels in KINDS:
        array = planes(noise(*size, channels or 1)).astype(dtype)
        yield array[0] if channels is None else array


def cut(array, top, left, height, width):
    """NumPy's crop, with 0 outside."""
    around = [(0, 0)] * (array.ndim - 2) + [(20, 20)] * 2
    return np.pad(array, around)[..., 20 + top :, 20 + left :][..., :height, :width]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("place", [(0, 0, 1, 1), (1, 2, 4, 3), (-2, -3, 4, 9), (3, -1, 12, 4)])
def test_crop(size, place):
    for array in arrays(size):
        found = everywhere(F.crop, array, *place)
        np.testing.assert_array_equal(found, cut(array, *place))


def test_crop_outside_is_empty():
    assert not everywhere(F.crop, np.ones((1, 4, 4), np.float32), 9, -9, 3, 2).any()
    pytest.importorskip("PIL")
    assert not np.array(F.crop(image(noise(4, 4)), 9, -9, 3, 2)).any()


@pytest.mark.parametrize("size", SIZES)
def test_cuts_and_flips_of_pillow_are_those_of_tensors(size):
    pytest.importorskip("PIL")
    for pixels in (noise(*size), noise(*size, 1)):
        x = ct.tensor(planes(pixels))
        for function, args in (
            (F.crop, (1, -2, 4, 6)),
            (F.center_crop, (3,)),
            (F.center_crop, ((9, 4),)),
            (F.hflip, ()),
            (F.vflip, ()),
            (F.pad, (2, 7)),
        ):
            of_image = pixels_of(function(image(pixels), *args))
            np.testing.assert_array_equal(function(x, *args).numpy(), of_image)


@pytest.mark.parametrize("size", SIZES)
def test_flips(size):
    for array in arrays(size):
        np.testing.assert_array_equal(everywhere(F.hflip, array), array[..., ::-1])
        np.testing.assert_array_equal(everywhere(F.vflip, array), array[..., ::-1, :])


def test_center_crop():
    array = np.arange(30.0, dtype=np.float32).reshape(1, 5, 6)
    assert everywhere(F.center_crop, array, 2)[0].tolist() == [[14, 15], [20, 21]]
    assert everywhere(F.center_crop, array, (1, 8))[0].tolist() == [[0, *range(12, 18), 0]]
    assert everywhere(F.center_crop, array, (7, 1))[0, :, 0].tolist() == [0, 2, 8, 14, 20, 26, 0]


@pytest.mark.parametrize("mode", ["constant", "edge", "reflect", "symmetric"])
def test_pad(mode):
    for array in arrays((4, 5)):
        around = [(0, 0)] * (array.ndim - 2) + [(1, 3), (2, 0)]
        options = {"constant_values": 7} if mode == "constant" else {}
        found = everywhere(F.pad, array, (2, 1, 0, 3), 7, mode)
        np.testing.assert_array_equal(found, np.pad(array, around, mode, **options))


@pytest.mark.parametrize("mode", ["edge", "reflect", "symmetric"])
def test_pad_of_pillow(mode):
    pytest.importorskip("PIL")
    for pixels in (noise(), noise(channels=1)):
        found = pixels_of(F.pad(image(pixels), (3, 1), padding_mode=mode))
        np.testing.assert_array_equal(found, np.pad(planes(pixels), [(0, 0), (1, 1), (3, 3)], mode))


def test_pad_with_a_colour():
    pytest.importorskip("PIL")
    found = pixels_of(F.pad(image(noise(2, 2)), 1, (1, 2, 3)))
    assert found[:, 0, 0].tolist() == [1, 2, 3]
    with pytest.raises(ShapeError, match=r"pad: fill is \(1, 2\), and there are 3 channels"):
        F.pad(image(noise()), 1, (1, 2))


def test_pad_refuses():
    x = ct.zeros(3, 4, 4)
    with pytest.raises(ShapeError, match=r"pad: padding is \(1, 2, 3\)"):
        F.pad(x, (1, 2, 3))
    with pytest.raises(ShapeError, match="pad: padding is -1"):
        F.pad(x, -1)
    with pytest.raises(ShapeError, match="one number for a tensor"):
        F.pad(x, 1, (1, 2, 3))
    with pytest.raises(ValueError, match="pad: padding_mode is 'circular'"):
        F.pad(x, 1, 0, "circular")


@pytest.mark.parametrize(
    ("size", "most", "wanted"),
    [(4, None, (4, 6)), ((3, 11), None, (3, 11)), ([5], None, (5, 7)), (8, 10, (6, 10))],
)
def test_sizes(size, most, wanted):
    assert F.resize(ct.zeros(1, 10, 15), size, max_size=most).shape[1:] == wanted
    assert F.resize(ct.zeros(1, 15, 10), size, max_size=most).shape[1:] == (
        wanted if np.size(size) == 2 else wanted[::-1]
    )
    pytest.importorskip("PIL")
    assert F.resize(image(noise(10, 15)), size, max_size=most).size == wanted[::-1]


def test_sizes_that_are_refused():
    with pytest.raises(ValueError, match="resize: max_size 4 must be above the size 4"):
        F.resize(ct.zeros(1, 3, 5), 4, max_size=4)
    with pytest.raises(ValueError, match="resize: max_size goes with one number"):
        F.resize(ct.zeros(1, 3, 5), (4, 4), max_size=4)
    with pytest.raises(ValueError, match="'lanczos' is for Pillow's images alone"):
        F.resize(ct.zeros(1, 3, 5), 4, InterpolationMode.LANCZOS)


@pytest.mark.parametrize("mode", [InterpolationMode.BILINEAR, InterpolationMode.BICUBIC])
@pytest.mark.parametrize("size", [(4, 9), (15, 6), (9, 9)])
@pytest.mark.parametrize("channels", [1, 3])
def test_resize_is_that_of_pillow(mode, size, channels):
    pytest.importorskip("PIL")
    pixels = noise(11, 8, channels)
    wanted = pixels_of(F.resize(image(pixels), size, mode))
    x = ct.tensor(planes(pixels))
    near(F.resize(x, size, mode).numpy(), wanted)
    floats = F.resize(x.float(), size, mode).numpy()
    near(floats.round().clip(0, 255).astype(np.uint8), wanted)


def test_resize_to_the_nearest():
    array = planes(noise(7, 5))
    rows, columns = np.arange(4) * 7 // 4, np.arange(9) * 5 // 9
    found = F.resize(ct.tensor(array), (4, 9), InterpolationMode.NEAREST).numpy()
    np.testing.assert_array_equal(found, array[:, rows[:, None], columns])
    pytest.importorskip("PIL")
    wanted = pixels_of(F.resize(image(noise(7, 5)), (4, 9), InterpolationMode.NEAREST))
    found = F.resize(ct.tensor(array), (4, 9), InterpolationMode.NEAREST_EXACT).numpy()
    np.testing.assert_array_equal(found, wanted)


def test_resized_crop_and_batches():
    x = ct.tensor(np.random.default_rng(0).random((2, 3, 9, 8), np.float32))
    found = F.resized_crop(x, 1, 2, 6, 4, (3, 5)).numpy()
    for i in range(2):
        one = F.resize(x[i, :, 1:7, 2:6], (3, 5))
        np.testing.assert_allclose(found[i], one.numpy(), rtol=1e-6)
    same = F.resize(x, (9, 8))
    assert same is x


def test_the_number_of_channels():
    assert F.get_image_num_channels(ct.zeros(3, 4, 5)) == 3
