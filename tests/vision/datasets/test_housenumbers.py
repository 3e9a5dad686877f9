"""SVHN: its files, and what is refused."""

import numpy as np
import pytest
import samples
from matfiles import matfile

from cltensor.errors import DataError
from cltensor.vision import datasets

pytestmark = pytest.mark.usefixtures("no_data_sources")


@pytest.fixture
def numbers(monkeypatch):
    """Files by split, and their images and labels."""
    random = np.random.default_rng(3)
    files, contents = {}, {}
    for split in ("train", "test", "extra"):
        images = random.integers(0, 256, (32, 32, 3, 4), np.uint8)
        labels = np.array([[10], [1], [9], [10]], np.uint8)
        files[split] = matfile({"X": images, "y": labels})
        contents[split] = images
    digests = {split: samples.md5(content) for split, content in files.items()}
    monkeypatch.setattr(datasets.SVHN, "digests", digests)
    return files, contents


@pytest.mark.parametrize("folder", [".", "SVHN"])
def test_svhn(numbers, tmp_path, folder):
    (tmp_path / folder).mkdir(exist_ok=True)
    for split, content in numbers[0].items():
        (tmp_path / folder / f"{split}_32x32.mat").write_bytes(content)
        data = datasets.SVHN(tmp_path, split)
        assert data.data.shape == (4, 3, 32, 32)
        assert data.labels.tolist() == data.targets.tolist() == [0, 1, 9, 0]
        assert len(data) == 4
    pytest.importorskip("PIL")
    picture, label = data[2]
    assert np.array(picture).tolist() == numbers[1]["extra"][..., 2].tolist()
    assert label == 9
    assert datasets.SVHN(tmp_path, target_transform=str)[0][1] == "0"


def test_what_is_refused(numbers, tmp_path):
    with pytest.raises(ValueError, match="SVHN: split is 'all'; it is one of train, test, extra"):
        datasets.SVHN(tmp_path, "all")
    with pytest.raises(DataError, match="SVHN: no data files: '.*' holds none, and download=True"):
        datasets.SVHN(tmp_path)
    with pytest.raises(DataError, match="SVHN: no data files: the download of .*no network"):
        datasets.SVHN(tmp_path, download=True)
    path = tmp_path / "train_32x32.mat"
    path.write_bytes(numbers[0]["train"][:-3])
    with pytest.raises(DataError, match=r"SVHN: '.*train_32x32.mat' is not the published file"):
        datasets.SVHN(tmp_path)


def test_digests_are_the_published_ones():
    assert datasets.SVHN.digests["train"] == "e26dedcc434d2e4c54c9b2d4a06d8373"
    assert datasets.SVHN.digests["test"] == "eb5a983be6a315427106f1b164d9cef3"
