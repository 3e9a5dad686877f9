"""Transforms that draw: what they can draw, how often, and what decides."""

from collections import Counter

import numpy as np
import pytest
from pictures import HOST, Pictures, image, noise, pixels_of, planes

import cltensor as ct
from cltensor.data import DataLoader
from cltensor.errors import ShapeError
from cltensor.vision import transforms

#: Neither black nor white, so that there is something to stretch.
PIXELS = noise(24, 24) // 2 + 30
ARRAY = planes(PIXELS)
#: What does not need a device for tensors.
ANYWHERE = [
    transforms.RandomHorizontalFlip(),
    transforms.RandomVerticalFlip(),
    transforms.RandomCrop(24, padding=2),
    transforms.RandomCrop((4, 5)),
    transforms.RandomCrop(30, pad_if_needed=True, padding_mode="reflect"),
    transforms.ColorJitter(0.4, 0.4, 0.4, 0.2),
    transforms.RandomGrayscale(0.5),
    transforms.RandomInvert(),
    transforms.RandomPosterize(2),
    transforms.RandomSolarize(100),
    transforms.RandomAdjustSharpness(2),
    transforms.RandomAutocontrast(),
    transforms.RandomEqualize(),
    transforms.GaussianBlur(3),
    transforms.RandomApply([transforms.RandomInvert(1.0)], 0.5),
    transforms.RandomChoice([transforms.RandomInvert(1.0), transforms.RandomVerticalFlip(1.0)]),
    transforms.RandomOrder([transforms.RandomInvert(), transforms.RandomVerticalFlip()]),
]
ON_A_DEVICE = [
    transforms.RandomResizedCrop(7),
    transforms.RandomRotation(30),
    transforms.RandomRotation((10, 20), expand=True, fill=3),
    transforms.RandomAffine(10, (0.1, 0.2), (0.8, 1.2), 5),
    transforms.RandomAffine(0, shear=(1, 2, -3, 4), fill=(1, 2, 3)),
    transforms.RandomPerspective(0.4, 1.0, 0, (1, 2, 3)),
]
FOR_TENSORS = [transforms.RandomErasing(), transforms.RandomErasing(0.9, value="random")]


def seeded(transform, x, seed):
    ct.manual_seed(seed)
    return transform(x)


def name(transform):
    return type(transform).__name__


@pytest.mark.parametrize("transform", ANYWHERE + ON_A_DEVICE + FOR_TENSORS, ids=name)
def test_the_seed_decides(transform):
    x = ct.tensor(ARRAY)
    drawn = [seeded(transform, x, seed).tolist() for seed in range(8)]
    assert drawn[:3] == [seeded(transform, x, seed).tolist() for seed in range(3)]
    assert any(values != drawn[0] for values in drawn)
    assert x.tolist() == ARRAY.tolist()
    ct.manual_seed(1)
    rows = [transform(x).tolist() for _ in range(8)]
    assert any(values != rows[0] for values in rows), "a call draws anew"


@pytest.mark.parametrize("transform", ANYWHERE + FOR_TENSORS, ids=name)
def test_the_host_draws_the_same(transform):
    for seed in range(4):
        found = seeded(transform, ct.Tensor.from_numpy(ARRAY, HOST), seed)
        assert found.device is HOST
        wanted = seeded(transform, ct.tensor(ARRAY), seed).numpy()
        assert found.dtype == wanted.dtype
        np.testing.assert_allclose(found.numpy().astype(float), wanted, atol=1)


@pytest.mark.parametrize("transform", ANYWHERE + ON_A_DEVICE, ids=name)
def test_an_image_draws_the_same(transform):
    pytest.importorskip("PIL")
    for seed in range(4):
        found = pixels_of(seeded(transform, image(PIXELS), seed))
        wanted = seeded(transform, ct.tensor(ARRAY), seed).numpy()
        assert found.shape == wanted.shape
        # Several changes of bytes after each other, each rounded; a hue of Pillow is a byte.
        most = 30 if isinstance(transform, transforms.ColorJitter) else 3
        far = np.abs(found.astype(int) - wanted) > most
        assert far.mean() < 0.05


def test_how_often():
    x = ct.Tensor.from_numpy(np.uint8([[[0, 1]]]), HOST)
    ct.manual_seed(0)
    for p in (0.0, 0.2, 1.0):
        flip = transforms.RandomHorizontalFlip(p)
        count = sum(flip(x).tolist() != x.tolist() for _ in range(500))
        assert abs(count / 500 - p) < 0.06 * (0 < p < 1) + 1e-9


def test_crops_come_from_everywhere():
    x = ct.Tensor.from_numpy(np.arange(16, dtype=np.uint8).reshape(1, 4, 4), HOST)
    crop = transforms.RandomCrop((3, 2))
    corners = Counter(crop(x)[0, 0, 0].item() for _ in range(300))
    assert set(corners) == {0, 1, 2, 4, 5, 6}
    with pytest.raises(ShapeError, match="RandomCrop: 5 x 5 does not fit an image of 4 x 4"):
        transforms.RandomCrop(5)(x)
    assert transforms.RandomCrop(5, pad_if_needed=True)(x).shape == (1, 5, 5)


def test_resized_crops_have_the_area_and_the_shape():
    x = ct.Tensor.from_numpy(np.zeros((1, 200, 300), np.uint8), HOST)
    crop = transforms.RandomResizedCrop(8, (0.2, 0.5), (0.5, 2.0))
    ct.manual_seed(0)
    places = [crop.place(x) for _ in range(200)]
    areas = [height * width / 60000 for _, _, height, width in places]
    assert 0.19 < min(areas) < 0.25
    assert 0.45 < max(areas) < 0.51
    ratios = [width / height for _, _, height, width in places]
    assert 0.49 < min(ratios) < 0.6
    assert 1.7 < max(ratios) < 2.05
    for top, left, height, width in places:
        assert 0 <= top <= 200 - height
        assert 0 <= left <= 300 - width
    # No part of a long image has such a shape and area: its middle, cut to the shape.
    long = ct.Tensor.from_numpy(np.zeros((1, 2, 100), np.uint8), HOST)
    assert transforms.RandomResizedCrop(8).place(long) == (0, 48, 2, 3)


def test_repr():
    assert repr(transforms.RandomHorizontalFlip(0.3)) == "RandomHorizontalFlip(p=0.3)"
    assert repr(transforms.RandomPosterize(3)) == "RandomPosterize(bits=3, p=0.5)"


def test_workers_of_a_loader_draw_by_the_seed_and_each_its_own():
    pytest.importorskip("PIL")
    change = transforms.Compose(
        [
            transforms.RandomCrop(9, padding=4),
            transforms.RandomHorizontalFlip(),
            transforms.ColorJitter(0.4, 0.4, 0.4, 0.1),
            transforms.RandomRotation(15),
            transforms.RandomResizedCrop(8),
            transforms.ToTensor(),
            transforms.Normalize((0.5, 0.5, 0.5), (0.2, 0.2, 0.2)),
            transforms.RandomErasing(0.5),
        ]
    )

    def batches():
        ct.manual_seed(3)
        loader = DataLoader(Pictures(8, change), 4, num_workers=2)
        return [images.numpy() for images, _ in loader]

    first, second = batches()
    assert first.shape == (4, 3, 8, 8)
    assert first.dtype == np.float32
    images = [*first, *second]
    assert len({one.tobytes() for one in images}) == 8, "no two are changed in the same way"
    np.testing.assert_array_equal(np.stack(batches()), [first, second])
