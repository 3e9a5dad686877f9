"""Many images in one picture, and pictures in files."""

import numpy as np
import pytest
from pictures import HOST, noise, planes

import cltensor as ct
from cltensor.errors import DTypeError, ShapeError
from cltensor.vision.utils import make_grid, save_image


def test_it_is_where_programs_look_for_it():
    from cltensor.vision.models import ResNet

    assert ct.vision.utils.make_grid is make_grid
    assert ct.models.ResNet is ResNet


def test_grid_by_hand():
    images = ct.tensor([[[[1.0, 2.0]]], [[[3.0, 4.0]]], [[[5.0, 6.0]]]])  # three of 1 x 2, grey
    found = make_grid(images, nrow=2, padding=1, pad_value=9)
    wanted = [
        [9, 9, 9, 9, 9, 9, 9],
        [9, 1, 2, 9, 3, 4, 9],
        [9, 9, 9, 9, 9, 9, 9],
        [9, 5, 6, 9, 9, 9, 9],
        [9, 9, 9, 9, 9, 9, 9],
    ]
    assert found.tolist() == [wanted] * 3
    assert make_grid([*images], nrow=2, padding=1, pad_value=9).tolist() == found.tolist()
    wide = make_grid(images, padding=0)
    assert wide.tolist() == [[[1, 2, 3, 4, 5, 6]]] * 3, "a row is no longer than the images"


def test_one_image_has_no_border():
    x = ct.arange(6).reshape(2, 3)
    assert make_grid(x).tolist() == [x.tolist()] * 3
    assert make_grid(x[None]).tolist() == make_grid(x[None, None]).tolist() == [x.tolist()] * 3
    assert make_grid(ct.zeros(1, 4, 2, 3)).shape == (4, 2, 3)


def test_colours_bytes_and_the_host():
    array = np.stack([planes(noise(4, 3, seed=i)) for i in range(3)])
    found = make_grid(ct.tensor(array))
    assert found.dtype == ct.uint8
    assert found.shape == (3, 4 + 4, 3 * 5 + 2)
    assert found[:, 2:6, 7:10].tolist() == array[1].tolist()
    on_host = make_grid(ct.Tensor.from_numpy(array, HOST))
    assert on_host.device is HOST
    assert on_host.tolist() == found.tolist()


def test_normalize():
    x = ct.tensor([[[[0.0, 1.0]]], [[[2.0, 4.0]]]])
    found = make_grid(x, padding=0, normalize=True)[0].tolist()
    assert found == [[0, 0.25, 0.5, 1]]
    assert make_grid(x, 8, 0, True, scale_each=True)[0].tolist() == [[0, 1, 0, 1]]
    assert make_grid(x, 8, 0, True, (1, 3))[0].tolist() == [[0, 0, 0.5, 1]]
    assert x.tolist() == [[[[0, 1]]], [[[2, 4]]]]


def test_refusals():
    with pytest.raises(ShapeError, match=r"make_grid: images of shape \(1, 2, 3, 4, 5\)"):
        make_grid(ct.zeros(1, 2, 3, 4, 5))
    with pytest.raises(ShapeError, match="make_grid: there are no images"):
        make_grid([])
    with pytest.raises(ShapeError, match="make_grid: there are no images"):
        make_grid(ct.zeros(0, 3, 4, 4))
    with pytest.raises(DTypeError, match="make_grid: images of uint8"):
        make_grid(ct.zeros(2, 3, 4, 4, dtype=ct.uint8), normalize=True)
    pytest.importorskip("PIL")
    with pytest.raises(DTypeError, match="save_image: images of int32"):
        save_image(ct.zeros(3, 4, 4, dtype=ct.int32), "never.png")


def test_save_and_read(tmp_path):
    image = pytest.importorskip("PIL.Image")
    array = planes(noise(6, 5))
    for x in (ct.tensor(array), ct.tensor(array).float() / 255):
        save_image(x, tmp_path / "x.png")
        with image.open(tmp_path / "x.png") as read:
            assert np.array(read).transpose(2, 0, 1).tolist() == array.tolist()
    pair = [ct.tensor([[[-1.0, 0.5]]]), ct.tensor([[[2.0, 0.0]]])]
    save_image(pair, tmp_path / "y", "bmp", padding=0)
    with image.open(tmp_path / "y") as read:
        assert read.format == "BMP"
        assert np.array(read)[:, :, 0].tolist() == [[0, 128, 255, 0]]
