"""Transforms that always do the same: they are the functions, with their options kept."""

import numpy as np
import pytest
from pictures import HOST, image, noise, pixels_of, planes

import cltensor as ct
from cltensor.errors import ShapeError
from cltensor.vision import transforms
from cltensor.vision.transforms import functional as F
from cltensor.vision.transforms.fixed import Transform

ARRAY = planes(noise(8, 6))
FIXED = [
    (transforms.Resize(5), F.resize, (5,)),
    (transforms.Resize((5, 7), antialias=False), F.resize, ((5, 7), 2, None, False)),
    (transforms.CenterCrop(4), F.center_crop, (4,)),
    (transforms.Pad((1, 2), 3), F.pad, ((1, 2), 3)),
    (transforms.Pad(2, padding_mode="reflect"), F.pad, (2, 0, "reflect")),
    (transforms.Grayscale(), F.rgb_to_grayscale, (1,)),
    (transforms.Grayscale(3), F.rgb_to_grayscale, (3,)),
    (transforms.ConvertImageDtype(ct.float32), F.convert_image_dtype, (ct.float32,)),
    (transforms.Lambda(F.invert), F.invert, ()),
]


@pytest.mark.parametrize(("transform", "function", "args"), FIXED)
def test_they_are_the_functions(transform, function, args):
    x = ct.tensor(ARRAY)
    wanted = function(x, *args)
    assert transform(x).dtype == wanted.dtype
    assert transform(x).tolist() == wanted.tolist()
    if function is not F.resize:
        host = ct.Tensor.from_numpy(ARRAY, HOST)
        assert transform(host).tolist() == wanted.tolist()
    if function is not F.convert_image_dtype:
        pytest.importorskip("PIL")
        picture = image(noise(8, 6))
        np.testing.assert_array_equal(
            pixels_of(transform(picture)), pixels_of(function(picture, *args))
        )


def test_the_usual_row():
    pytest.importorskip("PIL")
    row = transforms.Compose(
        [
            transforms.Resize(6),
            transforms.CenterCrop(6),
            transforms.ToTensor(),
            transforms.Normalize((0.5, 0.5, 0.5), (0.25, 0.25, 0.25)),
        ]
    )
    x = row(image(noise(8, 6)))
    assert x.shape == (3, 6, 6)
    np.testing.assert_allclose(x.numpy(), (ARRAY[:, 1:7] / 255 - 0.5) / 0.25, rtol=1e-5, atol=1e-5)
    assert repr(row) == (
        "Compose(\n    Resize(size=6, interpolation=InterpolationMode.BILINEAR, max_size=None, "
        "antialias=True)\n    CenterCrop(size=6)\n    ToTensor()\n"
        "    Normalize(mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))\n)"
    )
    back = transforms.ToPILImage()(transforms.PILToTensor()(image(noise(8, 6))))
    assert pixels_of(back).tolist() == ARRAY.tolist()


def test_five_crop():
    array = np.arange(24.0, dtype=np.float32).reshape(1, 4, 6)
    found = transforms.FiveCrop(2)(ct.tensor(array))
    assert isinstance(found, tuple)
    corners = [x[0, 0].tolist() for x in found]
    assert corners == [[0, 1], [4, 5], [12, 13], [16, 17], [8, 9]]
    assert [x.shape for x in transforms.FiveCrop((1, 3))(ct.tensor(array))] == [(1, 1, 3)] * 5
    with pytest.raises(ValueError, match="five_crop: 5 x 5 does not fit an image of 4 x 6"):
        transforms.FiveCrop(5)(ct.tensor(array))


def test_ten_crop():
    array = np.arange(24.0, dtype=np.float32).reshape(1, 4, 6)
    x = ct.tensor(array)
    for vertical, axis in ((False, -1), (True, -2)):
        found = transforms.TenCrop(2, vertical)(x)
        wanted = (*F.five_crop(x, 2), *F.five_crop(ct.tensor(np.flip(array, axis).copy()), 2))
        assert [each.tolist() for each in found] == [each.tolist() for each in wanted]
    assert "TenCrop(size=2" in repr(transforms.TenCrop(2))


def test_a_linear_transformation():
    x, mean = ct.tensor(ARRAY).float(), ct.arange(144).float()
    matrix = ct.eye(144) * 2
    found = transforms.LinearTransformation(matrix, mean)(x)
    assert found.shape == x.shape
    assert ct.equal(found, ((x.flatten() - mean) * 2).reshape(x.shape))
    assert transforms.LinearTransformation(matrix, mean)(ct.stack([x, x])).shape == (2, *x.shape)
    with pytest.raises(ShapeError, match=r"a matrix of shape \(3, 2\) and a mean of shape \(3,\)"):
        transforms.LinearTransformation(ct.ones(3, 2), ct.ones(3))
    with pytest.raises(ShapeError, match="has 12 values, the matrix is for 144"):
        transforms.LinearTransformation(matrix, mean)(ct.ones(3, 2, 2))


def test_a_transform_of_ones_own():
    with pytest.raises(NotImplementedError, match="Transform: define __call__"):
        Transform()(1)
    with pytest.raises(TypeError, match="Lambda: a int cannot be called"):
        transforms.Lambda(3)


def test_a_wrong_name_gets_a_hint():
    with pytest.raises(AttributeError, match="'Normalise'; did you mean 'Normalize'"):
        transforms.Normalise  # noqa: B018
