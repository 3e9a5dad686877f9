"""EMNIST: its archive, single files, and what is refused."""

import gzip
import io
import zipfile

import numpy as np
import pytest
import samples

from cltensor.errors import DataError
from cltensor.vision import datasets

pytestmark = pytest.mark.usefixtures("no_data_sources")
COUNTS = dict.fromkeys(datasets.EMNIST.splits, (6, 3))


@pytest.fixture
def files(monkeypatch):
    """IDX files by name, for two splits."""
    random = np.random.default_rng(4)
    found = {}
    for split in ("letters", "balanced"):
        for part, count in (("train", 6), ("test", 3)):
            stem = f"emnist-{split}-{part}"
            images = random.integers(0, 256, (count, 28, 28), np.uint8)
            found[f"{stem}-images-idx3-ubyte"] = images
            found[f"{stem}-labels-idx1-ubyte"] = random.integers(1, 27, count, np.uint8)
    monkeypatch.setattr(datasets.EMNIST, "counts", COUNTS)
    return found


def archive(files):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as members:
        for name, array in files.items():
            members.writestr(f"gzip/{name}.gz", gzip.compress(samples.idx(array)))
    return content.getvalue()


def check(data, files, stem):
    assert data.data.tolist() == files[f"{stem}-images-idx3-ubyte"].tolist()
    assert data.targets.tolist() == files[f"{stem}-labels-idx1-ubyte"].tolist()


@pytest.mark.parametrize("name", ["gzip.zip", "EMNIST/raw/emnist.zip"])
def test_the_archive(files, tmp_path, monkeypatch, name):
    content = archive(files)
    monkeypatch.setattr(datasets.EMNIST, "md5", samples.md5(content))
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    for split in ("letters", "balanced"):
        check(datasets.EMNIST(tmp_path, split), files, f"emnist-{split}-train")
        check(datasets.EMNIST(tmp_path, split=split, train=False), files, f"emnist-{split}-test")
    check(datasets.EMNIST(path, "letters"), files, "emnist-letters-train")
    with pytest.raises(DataError, match=r"EMNIST: '.*zip' is damaged .*emnist-digits"):
        datasets.EMNIST(tmp_path, "digits")
    path.write_bytes(content[:-5])
    with pytest.raises(DataError, match=r"EMNIST: '.*zip' is not the published file: it has md5"):
        datasets.EMNIST(tmp_path, "letters")


@pytest.mark.parametrize("end", ["", ".gz"])
def test_single_files(files, tmp_path, end):
    for name, array in files.items():
        content = samples.idx(array)
        (tmp_path / (name + end)).write_bytes(gzip.compress(content) if end else content)
    data = datasets.EMNIST(tmp_path, "letters", train=False)
    check(data, files, "emnist-letters-test")
    assert data.classes[1] == "a"
    wrong = tmp_path / f"emnist-letters-test-labels-idx1-ubyte{end}"
    for array in (np.full(3, 27), np.ones(4)):
        content = samples.idx(array)
        wrong.write_bytes(gzip.compress(content) if end else content)
        with pytest.raises(DataError, match=r"EMNIST: '.*labels-idx1-ubyte.*' holds"):
            datasets.EMNIST(tmp_path, "letters", train=False)


def test_what_is_refused(tmp_path):
    with pytest.raises(ValueError, match="EMNIST: split is 'all'; it is one of byclass, bymerge"):
        datasets.EMNIST(tmp_path, "all")
    with pytest.raises(DataError, match="EMNIST: no data files: '.*' holds none, and download=Tr"):
        datasets.EMNIST(tmp_path, "letters")
    with pytest.raises(DataError, match="EMNIST: no data files: the download of .*no network"):
        datasets.EMNIST(None, "letters", download=True)


def test_classes():
    sizes = {name: len(found) for name, found in datasets.EMNIST.classes_split_dict.items()}
    assert sizes == {
        "byclass": 62, "bymerge": 47, "balanced": 47, "letters": 27, "digits": 10, "mnist": 10,
    }  # fmt: skip
    assert datasets.EMNIST.md5 == "58c8d27c78d21e728a6bc7b3cc06412e"
