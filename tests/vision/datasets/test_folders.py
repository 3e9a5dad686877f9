"""Images of one's own in folders, and images of noise."""

from pathlib import Path

import numpy as np
import pytest
from pictures import image, noise

from cltensor.data import DataLoader
from cltensor.errors import DataError, MissingFileError
from cltensor.vision import datasets, transforms

FILES = ("cat/b.png", "cat/a.PNG", "cat/z/inner.png", "dog/1.bmp", "dog/note.txt")


@pytest.fixture
def animals(tmp_path):
    pytest.importorskip("PIL")
    for number, name in enumerate(FILES):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".txt":
            path.write_text("no image")
        else:
            image(noise(4, 5, seed=number)).save(path, path.suffix[1:])
    (tmp_path / "a file beside").write_text("")
    return tmp_path


def read_text(path):
    return Path(path).read_text()


def names(data):
    return [path.replace("\\", "/").split("/", -1)[-1] for path, _ in data.samples]


def test_image_folder(animals):
    data = datasets.ImageFolder(animals)
    assert data.classes == ["cat", "dog"]
    assert data.class_to_idx == {"cat": 0, "dog": 1}
    assert names(data) == ["a.PNG", "b.png", "inner.png", "1.bmp"]
    assert data.targets == [0, 0, 0, 1]
    assert data.imgs is data.samples
    assert len(data) == 4
    picture, target = data[3]
    assert np.array(picture).tolist() == noise(4, 5, seed=3).tolist()
    assert target == 1
    assert "Number of datapoints: 4" in repr(data)


def test_grey_files_are_read_in_colour(tmp_path):
    pytest.importorskip("PIL")
    (tmp_path / "one").mkdir()
    image(noise(4, 5, 1)).save(tmp_path / "one" / "x.png")
    assert datasets.ImageFolder(tmp_path)[0][0].mode == "RGB"


def test_links_to_folders_are_followed(animals, tmp_path_factory):
    root = tmp_path_factory.mktemp("links")
    (root / "pets").symlink_to(animals / "cat", target_is_directory=True)
    assert len(datasets.ImageFolder(root)) == 3


def test_which_files_belong(animals):
    chosen = datasets.ImageFolder(animals, is_valid_file=lambda path: path.endswith("txt"),
                                  allow_empty=True)  # fmt: skip
    assert names(chosen) == ["note.txt"]
    assert chosen.targets == [1]
    text = datasets.DatasetFolder(animals, read_text, ".txt", str.upper, str, allow_empty=True)
    assert text[0] == ("NO IMAGE", "1")
    for options in ({}, {"extensions": (".png",), "is_valid_file": bool}):
        with pytest.raises(DataError, match="DatasetFolder: give extensions or is_valid_file"):
            datasets.DatasetFolder(animals, open, **options)


def test_what_is_missing_is_named(animals, tmp_path):
    with pytest.raises(MissingFileError, match=r"class 'dog' has no file in '.*dog' that ends in"):
        datasets.DatasetFolder(animals, open, (".png",))
    with pytest.raises(FileNotFoundError, match=r"ImageFolder: '.*nowhere' has no folders"):
        datasets.ImageFolder(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match="has no folders, one for each class"):
        datasets.ImageFolder(animals / "cat" / "z")


def test_a_damaged_image_is_named(animals):
    (animals / "cat" / "b.png").write_bytes(b"nothing of an image")
    data = datasets.ImageFolder(animals)
    with pytest.raises(DataError, match=r"pil_loader: '.*b\.png' is damaged, or no image"):
        data[1]
    whole = (animals / "dog" / "1.bmp").read_bytes()
    (animals / "dog" / "1.bmp").unlink()
    with pytest.raises(FileNotFoundError, match="1.bmp"):
        data[3]
    (animals / "dog" / "1.bmp").write_bytes(whole[:-20])
    with pytest.raises(DataError, match=r"pil_loader: '.*1\.bmp' is damaged, or no image"):
        data[3]


def test_fake_data():
    pytest.importorskip("PIL")
    data = datasets.FakeData(5, (3, 6, 7), 4, transforms.ToTensor())
    assert len(data) == 5
    first, target = data[0]
    assert first.shape == (3, 6, 7)
    assert 0 <= target < 4
    assert data[0][0].tolist() == first.tolist()
    assert data[1][0].tolist() != first.tolist()
    assert datasets.FakeData(5, (3, 6, 7), 4, random_offset=1)[0][1] == data[1][1]
    assert datasets.FakeData(1, (1, 6, 7))[0][0].mode == "L"
    with pytest.raises(IndexError, match="FakeData: index 5 of 5 images"):
        data[5]
    images, targets = next(iter(DataLoader(data, 5)))
    assert images.shape == (5, 3, 6, 7)
    assert targets.shape == (5,)
