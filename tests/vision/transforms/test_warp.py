"""Images turned, sheared and seen from elsewhere, beside NumPy and Pillow."""

import numpy as np
import pytest
from pictures import HOST, image, near, noise, pixels_of, planes

import cltensor as ct
from cltensor.errors import DeviceError, ShapeError
from cltensor.vision.transforms import InterpolationMode
from cltensor.vision.transforms import functional as F


def agree(found, wanted, share=0.0):
    """Assert that all but that share of the pixels are the same: a place that lies between two
    pixels may be given to either."""
    assert found.shape == wanted.shape
    assert found.dtype == wanted.dtype
    assert np.mean(found != wanted) <= share


@pytest.mark.parametrize("angle", [0, 90, 180, -90, 13.7, 45, -71, 200])
@pytest.mark.parametrize("expand", [False, True])
@pytest.mark.parametrize("size", [(24, 24), (15, 20), (9, 33)])
def test_rotate_is_that_of_pillow(angle, expand, size):
    pytest.importorskip("PIL")
    for channels, fill in ((3, None), (3, (9, 8, 7)), (1, 5)):
        pixels = noise(*size, channels)
        wanted = pixels_of(F.rotate(image(pixels), angle, expand=expand, fill=fill))
        x = ct.tensor(planes(pixels))
        agree(F.rotate(x, angle, expand=expand, fill=fill).numpy(), wanted, 0.02)
        agree(
            F.rotate(x.float(), angle, expand=expand, fill=fill).numpy(),
            wanted.astype(np.float32),
            0.02,
        )


def test_quarters_are_exact():
    array = planes(noise(6, 6))
    for dtype in (np.uint8, np.float32, np.float16):
        x = ct.tensor(array.astype(dtype))
        for k in range(4):
            wanted = np.rot90(array, k, (1, 2)).astype(dtype)
            np.testing.assert_array_equal(F.rotate(x, 90 * k).numpy(), wanted)
            found = F.rotate(x, 90 * k, InterpolationMode.BILINEAR).numpy()
            np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=0.1)
    wide = planes(noise(3, 8))
    found = F.rotate(ct.tensor(wide), 90, expand=True).numpy()
    np.testing.assert_array_equal(found, np.rot90(wide, 1, (1, 2)))


@pytest.mark.parametrize("center", [None, (3.0, 4.5)])
@pytest.mark.parametrize(
    ("angle", "translate", "scale", "shear"),
    [
        (0, (2, -3), 1.0, 0),
        (33, (0, 0), 1.0, 0),
        (0, (0, 0), 0.63, 0),
        (0, (1, 1), 1.0, (17, 0)),
        (-12, (3, 2), 1.37, (8, -21)),
    ],
)
def test_affine_is_that_of_pillow(angle, translate, scale, shear, center):
    pytest.importorskip("PIL")
    args = (angle, translate, scale, shear)
    for channels, fill in ((3, None), (3, (9, 8, 7)), (1, 5)):
        pixels = noise(15, 20, channels)
        wanted = pixels_of(F.affine(image(pixels), *args, fill=fill, center=center))
        x = ct.tensor(planes(pixels))
        agree(F.affine(x, *args, fill=fill, center=center).numpy(), wanted, 0.02)


def test_bilinear_inside_is_that_of_pillow():
    pytest.importorskip("PIL")
    pixels = noise(15, 20)
    args = (20, (1, 0), 1.2, 5, InterpolationMode.BILINEAR)
    wanted = pixels_of(F.affine(image(pixels), *args))
    found = F.affine(ct.tensor(planes(pixels)), *args).numpy()
    near(found[:, 4:-4, 4:-4], wanted[:, 4:-4, 4:-4], 2)


def test_the_colour_comes_in_by_the_share_outside():
    x = ct.full((1, 1, 4), 10.0)
    found = F.affine(x, 0, (0.5, 0), 1.0, 0, InterpolationMode.BILINEAR, fill=6.0)
    np.testing.assert_allclose(found.numpy(), [[[8, 10, 10, 10]]], atol=1e-5)


def test_moved_batches():
    x = ct.tensor(np.random.default_rng(0).random((2, 3, 9, 8), np.float32))
    found = F.affine(x, 25, (1, 2), 0.9, 4, InterpolationMode.BILINEAR, [1, 2, 3])
    for i in range(2):
        one = F.affine(x[i], 25, (1, 2), 0.9, 4, InterpolationMode.BILINEAR, [1, 2, 3])
        np.testing.assert_allclose(found[i].numpy(), one.numpy(), rtol=1e-6)
    flat = F.rotate(x[0, 0], 30)
    assert flat.tolist() == F.rotate(x, 30)[0, 0].tolist()


def test_turns_refuse():
    with pytest.raises(ValueError, match="affine: scale is 0"):
        F.affine(ct.zeros(1, 3, 3), 0, (0, 0), 0, 0)
    with pytest.raises(ShapeError, match=r"rotate: fill is \[1, 2\], and there are 3 channels"):
        F.rotate(ct.zeros(3, 4, 4), 5, fill=[1, 2])
    host = ct.Tensor.from_numpy(np.zeros((1, 4, 4), np.float32), HOST)
    with pytest.raises(DeviceError):
        F.rotate(host, 5).numpy()


STARTS = ((0, 0), (19, 0), (19, 14), (0, 14))
ENDS = ((2, 1), (17, 3), (18, 12), (1, 11))


def test_perspective_is_that_of_pillow():
    pytest.importorskip("PIL")
    for channels, fill in ((3, None), (3, (9, 8, 7)), (1, 5)):
        pixels = noise(15, 20, channels)
        args = (STARTS, ENDS, InterpolationMode.NEAREST, fill)
        wanted = pixels_of(F.perspective(image(pixels), *args))
        agree(F.perspective(ct.tensor(planes(pixels)), *args).numpy(), wanted, 0.02)
    wanted = pixels_of(F.perspective(image(noise(15, 20)), STARTS, ENDS))
    found = F.perspective(ct.tensor(planes(noise(15, 20))), STARTS, ENDS).numpy()
    near(found[:, 5:-5, 5:-5], wanted[:, 5:-5, 5:-5], 2)


def test_perspective_of_batches_and_of_nothing():
    x = ct.tensor(np.random.default_rng(0).random((2, 3, 15, 20), np.float32))
    found = F.perspective(x, STARTS, ENDS, fill=[1, 2, 3])
    for i in range(2):
        one = F.perspective(x[i], STARTS, ENDS, fill=[1, 2, 3])
        np.testing.assert_allclose(found[i].numpy(), one.numpy(), rtol=1e-5)
    np.testing.assert_allclose(F.perspective(x, STARTS, STARTS).numpy(), x.numpy(), atol=1e-4)
    with pytest.raises(ShapeError, match=r"perspective: .* shapes \(3, 2\) and \(4, 2\)"):
        F.perspective(x, STARTS[:3], ENDS)
    with pytest.raises(ValueError, match="perspective: three of the endpoints lie in one line"):
        F.perspective(x, STARTS, ((0, 0), (0, 0), (1, 1), (2, 2)))
