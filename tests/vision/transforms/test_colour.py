"""What the values of an image become, beside Pillow and NumPy."""

import colorsys

import numpy as np
import pytest
from pictures import SIZES, everywhere, image, near, noise, pixels_of, planes

import cltensor as ct
from cltensor.errors import ShapeError
from cltensor.vision.transforms import functional as F

#: A change, its arguments, and how far its bytes may be from Pillow's.
CHANGES = [
    (F.adjust_brightness, (0.0,), 0),
    (F.adjust_brightness, (0.7,), 1),
    (F.adjust_brightness, (2.3,), 1),
    (F.adjust_contrast, (0.6,), 1),
    (F.adjust_contrast, (1.9,), 2),
    (F.adjust_gamma, (0.5,), 1),
    (F.adjust_gamma, (2.2, 1.5), 1),
    (F.adjust_saturation, (0.0,), 1),
    (F.adjust_saturation, (0.6,), 1),
    (F.adjust_saturation, (1.9,), 2),
    (F.adjust_sharpness, (0.0,), 1),
    (F.adjust_sharpness, (0.4,), 1),
    (F.adjust_sharpness, (1.8,), 2),
    (F.autocontrast, (), 1),
    (F.equalize, (), 0),
    (F.invert, (), 0),
    (F.posterize, (3,), 0),
    (F.solarize, (128,), 0),
    (F.rgb_to_grayscale, (1,), 1),
    (F.rgb_to_grayscale, (3,), 1),
    (F.gaussian_blur, (3, 0.8), 1),
    (F.gaussian_blur, ((5, 3),), 1),
]
NAMES = [f"{change.__name__}-{args}" for change, args, _ in CHANGES]


@pytest.mark.parametrize("size", [*SIZES[:3], (40, 30)])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("change", "args", "most"), CHANGES, ids=NAMES)
def test_bytes_are_those_of_pillow(change, args, most, channels, size):
    pytest.importorskip("PIL")
    # Not all values, so that there is something to stretch.
    pixels = (noise(*size, channels) // 2 + 30).astype(np.uint8)
    wanted = pixels_of(change(image(pixels), *args))
    near(everywhere(change, planes(pixels), *args, atol=1), wanted, most)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("change", "args", "most"), CHANGES, ids=NAMES)
def test_floats_are_the_same_in_another_scale(change, args, most, channels):
    if change in (F.posterize, F.equalize):
        with pytest.raises(TypeError, match=f"{change.__name__}: a tensor of float32"):
            change(ct.zeros(channels, 5, 4), *args)
        return
    array = planes(noise(9, 8, channels) // 2 + 30)
    of_bytes = everywhere(change, array, *args, atol=1)
    args = (args[0] / 255,) if change is F.solarize else args
    found = everywhere(change, (array / 255).astype(np.float32), *args)
    assert np.abs(found * 255 - of_bytes).max() < 2.1
    half = everywhere(change, (array / 255).astype(np.float16), *args, atol=2e-3)
    np.testing.assert_allclose(half, found, atol=5e-3)


@pytest.mark.parametrize(("change", "args", "most"), CHANGES, ids=NAMES)
def test_batches_are_changed_image_by_image(change, args, most):
    array = np.stack([planes(noise(6, 7, seed=i) // (i + 1)) for i in range(3)])
    found = everywhere(change, array, *args, atol=1)
    for one, wanted in zip(array, found, strict=True):
        np.testing.assert_array_equal(change(ct.tensor(one), *args).numpy(), wanted)


@pytest.mark.parametrize("factor", [0.0, 0.1, -0.37, 0.5])
def test_hue_is_that_of_colorsys(factor):
    array = planes(noise(6, 7))
    found = everywhere(F.adjust_hue, (array / 255).astype(np.float32), factor, atol=1e-5)
    wanted = np.empty(array.shape)
    for place in np.ndindex(array.shape[1:]):
        hue, saturation, value = colorsys.rgb_to_hsv(*(array[(slice(None), *place)] / 255))
        wanted[(slice(None), *place)] = colorsys.hsv_to_rgb((hue + factor) % 1, saturation, value)
    np.testing.assert_allclose(found, wanted, atol=1e-4)
    near(everywhere(F.adjust_hue, array, factor, atol=1), np.round(wanted * 255).astype(np.uint8))


def test_hue_of_pillow_is_about_that():
    pytest.importorskip("PIL")
    pixels = noise(6, 7)
    for factor in (0.2, -0.3):
        of_image = pixels_of(F.adjust_hue(image(pixels), factor)).astype(int)
        of_tensor = F.adjust_hue(ct.tensor(planes(pixels)), factor).numpy()
        # Pillow's hues are bytes, of which one is 6 * 255 / 256 steps of a channel.
        assert np.abs(of_image - of_tensor).max() <= 12


def test_grey_has_no_hue_and_no_saturation():
    x = ct.tensor(planes(noise(channels=1)))
    assert F.adjust_hue(x, 0.3) is x
    assert F.adjust_saturation(x, 0.3) is x
    pytest.importorskip("PIL")
    picture = image(noise(channels=1))
    assert F.adjust_hue(picture, 0.3) is picture


def test_small_images_have_no_inside_to_sharpen():
    x = ct.tensor(planes(noise(2, 9)))
    assert F.adjust_sharpness(x, 2.0) is x


def test_flat_and_empty_changes():
    flat = np.full((3, 4, 4), 77, np.uint8)
    for change in (F.autocontrast, F.equalize):
        np.testing.assert_array_equal(everywhere(change, flat), flat)


def test_blur_by_hand():
    array = np.random.default_rng(0).random((5, 6))
    places = np.arange(-1, 2)
    bell = np.exp(-0.5 * (places / 0.9) ** 2)
    bell /= bell.sum()
    around = np.pad(array, 1, "reflect")
    wanted = sum(
        bell[i] * bell[j] * around[i : i + 5, j : j + 6] for i in range(3) for j in range(3)
    )
    found = everywhere(F.gaussian_blur, array[None].astype(np.float32), 3, 0.9)
    np.testing.assert_allclose(found[0], wanted, rtol=1e-5)


def test_erase():
    array = planes(noise()).astype(np.float32)
    wanted = array.copy()
    wanted[:, 1:3, 2:5] = 4
    np.testing.assert_array_equal(everywhere(F.erase, array, 1, 2, 2, 3, 4), wanted)
    value = ct.tensor([1.0, 2.0, 3.0]).reshape(3, 1, 1)
    x = ct.tensor(array)
    assert F.erase(x, 0, 0, 2, 2, value)[:, 1, 1].tolist() == [1, 2, 3]
    assert x.tolist() == array.tolist()
    assert F.erase(x, 0, 0, 2, 2, 0.0, inplace=True) is x
    assert x[:, 1, 1].tolist() == [0, 0, 0]
    pytest.importorskip("PIL")
    with pytest.raises(TypeError, match="erase: it is for tensors; use to_tensor before"):
        F.erase(image(noise()), 0, 0, 1, 1, 0)


@pytest.mark.parametrize(
    ("change", "args", "message"),
    [
        (F.adjust_brightness, (-1,), "adjust_brightness: the factor is -1"),
        (F.adjust_sharpness, (-1,), "adjust_sharpness: the factor is -1"),
        (F.adjust_hue, (0.6,), "adjust_hue: hue_factor is 0.6"),
        (F.rgb_to_grayscale, (2,), "num_output_channels is 2"),
        (F.posterize, (9,), "posterize: bits is 9"),
        (F.solarize, (256,), "solarize: threshold is 256, and white is 255"),
        (F.gaussian_blur, (4,), "gaussian_blur: kernel_size is 4; give odd"),
        (F.gaussian_blur, (3, 0.0), "gaussian_blur: sigma is 0.0"),
    ],
)
def test_what_is_refused(change, args, message):
    with pytest.raises(ValueError, match=message):
        change(ct.tensor(planes(noise())), *args)
    with pytest.raises(ShapeError, match="an image of 2 channels has no brightness"):
        F.rgb_to_grayscale(ct.zeros(2, 3, 3))
