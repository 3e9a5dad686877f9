"""What an image is."""

import numpy as np
import pytest
from pictures import HOST, image, noise

import cltensor as ct
from cltensor.errors import DTypeError, ShapeError
from cltensor.vision.transforms import InterpolationMode
from cltensor.vision.transforms.functional import get_dimensions, get_image_size, hflip, resize
from cltensor.vision.transforms.images import cast, is_float, mode_name, pair, white


def test_dimensions():
    assert get_dimensions(ct.zeros(2, 3, 5, 7)) == [3, 5, 7]
    assert get_dimensions(ct.zeros(5, 7)) == [1, 5, 7]
    assert get_dimensions(ct.Tensor.from_numpy(np.zeros((3, 5, 7)), HOST)) == [3, 5, 7]
    assert get_image_size(ct.zeros(3, 5, 7)) == [7, 5]


def test_dimensions_of_pillow():
    pytest.importorskip("PIL")
    assert get_dimensions(image(noise(5, 7))) == [3, 5, 7]
    assert get_dimensions(image(noise(5, 7, 1))) == [1, 5, 7]
    assert get_image_size(image(noise(5, 7))) == [7, 5]


def test_what_is_no_image():
    for function in (get_dimensions, hflip):
        with pytest.raises(TypeError, match=f"{function.__name__}: a list is no image"):
            function([1, 2])
        with pytest.raises(ShapeError, match=rf"{function.__name__}: a tensor of shape \(3,\)"):
            function(ct.zeros(3))
    with pytest.raises(TypeError, match="resize: a ndarray is no image"):
        resize(np.zeros((2, 3)), 4)


def test_modes():
    assert mode_name("resize", InterpolationMode.BILINEAR) == "bilinear"
    assert mode_name("resize", 3) == "bicubic"
    assert mode_name("resize", "nearest") == "nearest"
    with pytest.raises(ValueError, match="resize: interpolation is 'best'"):
        mode_name("resize", "best")


def test_pairs():
    assert pair("a", "size", 3) == pair("a", "size", [3]) == (3, 3)
    assert pair("a", "size", (3, 4)) == (3, 4)
    with pytest.raises(ShapeError, match=r"RandomCrop: size is \(1, 2, 3\)"):
        pair("RandomCrop", "size", (1, 2, 3))


def test_white_and_floats():
    assert white(np.zeros(1, np.uint8)) == 255
    assert white(ct.zeros(1, dtype=ct.int16)) == 32767
    assert white(ct.zeros(1, dtype=ct.bfloat16)) == 1
    assert is_float(ct.zeros(1, dtype=ct.bfloat16))
    assert not is_float(ct.zeros(1, dtype=ct.uint8))
    with pytest.raises(DTypeError, match="an image of bool has no white"):
        white(np.zeros(1, bool))
    x = ct.zeros(2)
    assert cast(x, np.float32) is x
    assert cast(x, np.uint8).dtype == ct.uint8
