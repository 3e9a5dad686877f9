"""CIFAR-10 and CIFAR-100: files in each form, and what is refused."""

import pickle
import tarfile

import numpy as np
import pytest
import samples

from cltensor.errors import DataError
from cltensor.vision import datasets

pytestmark = pytest.mark.usefixtures("no_data_sources")
COUNT = 4


@pytest.fixture
def hundred(monkeypatch):
    """The two pickles of a tiny CIFAR-100, and images and labels, by part."""
    random = np.random.default_rng(2)
    files, contents = {}, {}
    for part in ("train", "test"):
        images = random.integers(0, 256, (COUNT, 3, 32, 32), np.uint8)
        labels = random.integers(0, 100, COUNT).tolist()
        contents[part] = images, labels
        batch = {
            b"fine_labels": labels,
            b"coarse_labels": [0] * COUNT,
            b"data": images.reshape(COUNT, -1),
        }
        files[part] = pickle.dumps(batch, protocol=2)
    digests = {part: samples.md5(content) for part, content in files.items()}
    monkeypatch.setattr(datasets.CIFAR100, "digests", digests)
    return files, contents


def archive(folder, files):
    for part, content in files.items():
        (folder / part).write_bytes(content)
    with tarfile.open(folder / "cifar-100-python.tar.gz", "w:gz") as tar:
        for part in files:
            tar.add(folder / part, f"cifar-100-python/{part}")
            (folder / part).unlink()


def check(data, images, labels):
    assert len(data) == len(labels)
    np.testing.assert_array_equal(data.data, images.transpose(0, 2, 3, 1))
    assert data.targets == list(labels)
    pytest.importorskip("PIL")
    picture, label = data[1]
    assert picture.mode == "RGB"
    assert np.array(picture).tolist() == images[1].transpose(1, 2, 0).tolist()
    assert label == labels[1]


def test_cifar10(monkeypatch, tmp_path):
    batches = samples.tiny_cifar10(monkeypatch, COUNT)
    inner = tmp_path / "cifar-10-batches-py"
    inner.mkdir()
    for name, batch in batches.items():
        (inner / name).write_bytes(samples.pickled(batch))
    records = np.concatenate([batches[f"data_batch_{i}"] for i in range(1, 6)])
    images = records[:, 1:].reshape(-1, 3, 32, 32)
    check(datasets.CIFAR10(tmp_path), images, records[:, 0].tolist())
    test = batches["test_batch"]
    data = datasets.CIFAR10(str(tmp_path), train=False, download=True)
    check(data, test[:, 1:].reshape(-1, 3, 32, 32), test[:, 0].tolist())
    assert data.class_to_idx["frog"] == 6
    (inner / "data_batch_2").write_bytes(b"something else")
    for download in (False, True):
        with pytest.raises(DataError, match=r"CIFAR10: '.*data_batch_2' is not the published"):
            datasets.CIFAR10(tmp_path, download=download)


@pytest.mark.parametrize("folder", [".", "cifar-100-python"])
def test_cifar100(hundred, tmp_path, folder):
    files, contents = hundred
    (tmp_path / folder).mkdir(exist_ok=True)
    for part, content in files.items():
        (tmp_path / folder / part).write_bytes(content)
    check(datasets.CIFAR100(tmp_path), *contents["train"])
    check(datasets.CIFAR100(tmp_path, train=False), *contents["test"])


def test_cifar100_reads_the_archive(hundred, tmp_path):
    files, contents = hundred
    archive(tmp_path, files)
    check(datasets.CIFAR100(tmp_path, train=False), *contents["test"])
    check(datasets.CIFAR100(tmp_path / "cifar-100-python.tar.gz"), *contents["train"])


class _Call:
    def __reduce__(self):
        return (print, ("a pickle ran code",))


def test_cifar100_refuses_other_files_by_name(hundred, tmp_path, capsys):
    files, contents = hundred
    other = pickle.dumps({b"data": _Call()}, 2)
    for content in (files["train"][:-5], other, b""):
        (tmp_path / "train").write_bytes(content)
        with pytest.raises(DataError, match=r"CIFAR100: '.*train' is not the published file"):
            datasets.CIFAR100(tmp_path, download=True)
    (tmp_path / "train").unlink()
    archive(tmp_path, {**files, "test": other})
    check(datasets.CIFAR100(tmp_path), *contents["train"])
    with pytest.raises(DataError, match=r"CIFAR100: '.*tar.gz' has no test of the published arch"):
        datasets.CIFAR100(tmp_path, train=False)
    path = tmp_path / "cifar-100-python.tar.gz"
    path.write_bytes(path.read_bytes()[:-900])
    with pytest.raises(DataError, match=r"CIFAR100: '.*tar\.gz' (is damaged|has no test)"):
        datasets.CIFAR100(tmp_path, train=False)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("kind", [datasets.CIFAR10, datasets.CIFAR100])
def test_without_files(tmp_path, kind):
    name = kind.__name__
    with pytest.raises(DataError, match=f"{name}: no data files: '.*' holds none, and download=T"):
        kind(tmp_path)
    with pytest.raises(DataError, match=f"{name}: no data files: the download of .*no network"):
        kind(tmp_path, download=True)


def test_cifar100_in_the_cache_serves_any_root(hundred, tmp_path):
    folder = tmp_path / "cache" / "data" / "cifar100"
    folder.mkdir(parents=True)
    archive(folder, hundred[0])
    check(datasets.CIFAR100(tmp_path / "data", train=False), *hundred[1]["test"])


def test_names_and_digests():
    names = datasets.CIFAR100.classes
    assert len(set(names)) == 100
    assert list(names) == sorted(names)
    assert datasets.CIFAR100.digests["train"] == "16019d7e3df5f24257cddd939b257f8d"
    assert datasets.CIFAR100.digests["test"] == "f0ef6b0ae62326f3e7ffdfab6717acfc"
