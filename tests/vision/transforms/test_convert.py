"""From images to tensors and back."""

import numpy as np
import pytest
from pictures import HOST, SIZES, everywhere, image, noise, planes

import cltensor as ct
from cltensor.errors import DTypeError, ShapeError
from cltensor.vision.transforms import functional as F


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("size", SIZES)
def test_images_become_tensors_and_come_back(size, channels):
    pytest.importorskip("PIL")
    pixels = noise(*size, channels)
    picture = image(pixels)
    assert F.pil_to_tensor(picture).tolist() == planes(pixels).tolist()
    x = F.to_tensor(picture)
    assert x.dtype == ct.float32
    np.testing.assert_array_equal(x.numpy(), planes(pixels) / np.float32(255))
    for back in (F.to_pil_image(F.pil_to_tensor(picture)), F.to_pil_image(pixels)):
        assert back.mode == picture.mode
        assert np.array(back).tolist() == pixels.tolist()
    back = np.array(F.to_pil_image(x))
    assert np.abs(back.astype(int) - pixels).max() <= 1, "floats are cut off, as in torchvision"


def test_modes_of_pillow():
    module = pytest.importorskip("PIL.Image")
    one = module.new("1", (3, 2), 1)
    assert F.to_tensor(one).tolist() == [[[1, 1, 1]] * 2]
    for array, mode in (
        (np.array([[1, 40000]], np.uint16), "I;16"),
        (np.array([[1, -70000]], np.int32), "I"),
        (np.array([[1.5, -2.0]], np.float32), "F"),
    ):
        made = F.to_pil_image(array)
        assert made.mode == mode
        assert F.to_tensor(made).tolist() == [array.tolist()]
        assert F.pil_to_tensor(made).dtype == array.dtype
    x = ct.tensor([[[0.25, 7.0]]])
    assert F.pil_to_tensor(F.to_pil_image(x, "F")).tolist() == x.tolist()
    assert F.to_pil_image(ct.tensor(noise(4, 5).transpose(2, 0, 1)), "HSV").mode == "HSV"
    assert F.to_pil_image(noise(4, 5), "YCbCr").mode == "YCbCr"
    assert F.to_pil_image(noise(4, 5, 4), "CMYK").mode == "CMYK"
    assert F.to_pil_image(noise(4, 5, 2)).mode == "LA"


def test_floats_outside_become_black_or_white():
    pytest.importorskip("PIL")
    for dtype in (ct.float32, ct.float16, ct.bfloat16):
        x = ct.tensor([[-0.5, 0.0, 1.0, 3.0]], dtype=dtype)
        assert np.array(F.to_pil_image(x)).tolist() == [[0, 0, 255, 255]]


def test_arrays_become_tensors():
    pixels = noise(4, 5)
    assert F.to_tensor(pixels).tolist() == (planes(pixels) / np.float32(255)).tolist()
    assert F.to_tensor(np.eye(2)).dtype == ct.float64
    assert F.to_tensor(np.eye(2, dtype=np.int32)).tolist() == [[[1, 0], [0, 1]]]


def test_what_cannot_be_converted():
    with pytest.raises(TypeError, match="pil_to_tensor: a ndarray is no image of Pillow's"):
        F.pil_to_tensor(noise())
    with pytest.raises(TypeError, match="to_tensor: a list is no image"):
        F.to_tensor([1])
    with pytest.raises(ShapeError, match=r"to_tensor: an array of shape \(3,\)"):
        F.to_tensor(np.zeros(3))
    pytest.importorskip("PIL")
    with pytest.raises(TypeError, match="to_pil_image: a list is no image"):
        F.to_pil_image([1])
    with pytest.raises(ShapeError, match=r"to_pil_image: shape \(1, 1, 2, 2\)"):
        F.to_pil_image(ct.zeros(1, 1, 2, 2))
    with pytest.raises(ShapeError, match="to_pil_image: 5 channels"):
        F.to_pil_image(ct.zeros(5, 2, 2))
    with pytest.raises(TypeError, match="to_pil_image: no image has 3 channels of int32"):
        F.to_pil_image(ct.zeros(3, 2, 2, dtype=ct.int32))
    for mode in ("L", "CMYK", "nonsense"):
        with pytest.raises(ValueError, match=f"to_pil_image: mode '{mode}' is not for 3 channels"):
            F.to_pil_image(noise(), mode)


@pytest.mark.parametrize(
    ("array", "dtype", "wanted"),
    [
        (np.uint8([0, 51, 255]), np.float32, np.float32([0, 0.2, 1])),
        (np.uint8([0, 51, 255]), np.int32, np.int32([0, 51 << 23, 255 << 23])),
        (np.int32([0, (51 << 23) + 9, 2**31 - 1]), np.uint8, np.uint8([0, 51, 255])),
        (np.float32([0, 0.2, 0.5, 1]), np.uint8, np.uint8([0, 51, 127, 255])),
        (np.float16([0, 0.5, 1]), np.uint8, np.uint8([0, 127, 255])),
        (np.float32([0, 0.5, 1]), np.float16, np.float16([0, 0.5, 1])),
        (np.float32([0, 0.5]), np.float32, np.float32([0, 0.5])),
    ],
)
def test_scales(array, dtype, wanted):
    found = everywhere(F.convert_image_dtype, array[None, None], dtype)
    assert found.dtype == wanted.dtype
    np.testing.assert_allclose(found[0, 0], wanted, rtol=1e-6)


def test_scales_that_are_refused():
    with pytest.raises(TypeError, match="convert_image_dtype: float32 cannot tell the values of"):
        F.convert_image_dtype(ct.zeros(2, 2), ct.int32)
    with pytest.raises(DTypeError, match="convert_image_dtype: bool has no white"):
        F.convert_image_dtype(ct.zeros(2, 2), ct.bool)
    pytest.importorskip("PIL")
    with pytest.raises(TypeError, match="use pil_to_tensor before"):
        F.convert_image_dtype(image(noise()))


@pytest.mark.parametrize("shape", [(3, 5, 4), (2, 3, 5, 4), (1, 3, 2)])
def test_normalize(shape):
    array = np.random.default_rng(0).random(shape, np.float32)
    mean, std = ([0.1, 0.2, 0.3], [0.5, 0.6, 0.7]) if shape[-3] == 3 else ([0.1307], [0.3081])
    found = everywhere(F.normalize, array, mean, std)
    centre, spread = np.reshape(mean, (-1, 1, 1)), np.reshape(std, (-1, 1, 1))
    np.testing.assert_allclose(found, (array - centre) / spread, rtol=1e-5, atol=1e-6)
    assert everywhere(F.normalize, array.astype(np.float16), 0.5, 0.5, atol=2e-3).dtype == "f2"


def test_normalize_in_place():
    x = ct.tensor([[[1.0, 3.0]]])
    assert F.normalize(x, [1], [2], inplace=True) is x
    assert x.tolist() == [[[0, 1]]]
    host = ct.Tensor.from_numpy(np.float32([[[1, 3]]]), HOST)
    assert F.normalize(host, [1], [2], inplace=True).tolist() == [[[0, 1]]]


def test_what_cannot_be_normalized():
    with pytest.raises(TypeError, match="normalize: uint8 holds no floats; use to_tensor before"):
        F.normalize(ct.zeros(3, 2, 2, dtype=ct.uint8), [0], [1])
    with pytest.raises(ValueError, match=r"normalize: std is \[1, 0, 1\]"):
        F.normalize(ct.zeros(3, 2, 2), [0, 0, 0], [1, 0, 1])
    with pytest.raises(ShapeError, match="normalize: mean has 3 numbers for 1 channels"):
        F.normalize(ct.zeros(1, 2, 2), [0, 0, 0], [1])
