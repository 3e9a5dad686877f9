"""MNIST and the sets made in its image: files, what is refused, and the ways to get them."""

import gzip

import numpy as np
import pytest
import samples

import cltensor as ct
from cltensor.data import DataLoader
from cltensor.errors import DataError
from cltensor.vision import datasets, transforms
from cltensor.vision.datasets import digits as module

pytestmark = pytest.mark.usefixtures("no_data_sources")
LIKE = [datasets.FashionMNIST, datasets.KMNIST]


@pytest.fixture
def packed(monkeypatch):
    """The compressed files of a tiny set, by name, for those who know files by their md5."""
    arrays = samples.tiny_mnist(monkeypatch)
    files = {name: gzip.compress(samples.idx(array)) for name, array in arrays.items()}
    monkeypatch.setattr(module, "_COUNTS", {"train": 30, "t10k": 10})
    for kind in LIKE:
        digests = {name: samples.md5(content) for name, content in files.items()}
        monkeypatch.setattr(kind, "digests", digests)
    return arrays, files


def write(folder, files, ending=".gz"):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / f"{name}{ending}").write_bytes(content)


def check(data, arrays, part):
    images, labels = (arrays[f"{part}-{end}"] for end in ("images-idx3-ubyte", "labels-idx1-ubyte"))
    assert len(data) == len(labels)
    assert data.data.dtype == ct.uint8
    assert data.data.tolist() == images.tolist()
    assert data.targets.dtype == ct.int64
    assert data.targets.tolist() == labels.tolist()
    assert len(data.classes) == 10
    pytest.importorskip("PIL")
    picture, label = data[3]
    assert picture.mode == "L"
    assert np.array(picture).tolist() == images[3].tolist()
    assert label == labels[3]
    assert type(label) is int


@pytest.mark.parametrize("folder", [".", "MNIST/raw"])
@pytest.mark.parametrize("gz", [False, True])
def test_mnist(digits, tmp_path, folder, gz):
    arrays, files = digits
    samples.write_digits(tmp_path / folder, files, gz)
    check(datasets.MNIST(tmp_path), arrays, "train")
    check(datasets.MNIST(str(tmp_path), train=False, download=True), arrays, "t10k")


@pytest.mark.parametrize("kind", LIKE)
@pytest.mark.parametrize("folder", [".", "{}/raw"])
def test_sets_like_it(packed, tmp_path, kind, folder):
    arrays, files = packed
    write(tmp_path / folder.format(kind.__name__), files)
    check(kind(tmp_path), arrays, "train")
    check(kind(tmp_path, False), arrays, "t10k")


def test_plain_files_are_known_by_their_shape(packed, tmp_path):
    arrays, _ = packed
    write(tmp_path, {name: samples.idx(array) for name, array in arrays.items()}, "")
    check(datasets.KMNIST(tmp_path), arrays, "train")
    wrong = tmp_path / "t10k-labels-idx1-ubyte"
    for content, message in (
        (samples.idx(np.zeros(9)), r"holds \(9,\) where \(10,\) belongs"),
        (samples.idx(np.full(10, 77)), r"holds \(10,\) where \(10,\) belongs|77"),
        (b"nothing", "is no IDX file"),
        (samples.idx(np.zeros(10))[:-2], "holds 8 values where its header says"),
    ):
        wrong.write_bytes(content)
        with pytest.raises(DataError, match=rf"KMNIST: '.*t10k-labels-idx1-ubyte' {message}"):
            datasets.KMNIST(tmp_path, train=False)


@pytest.mark.parametrize("kind", LIKE)
def test_other_files_are_refused_by_name(packed, tmp_path, kind):
    write(tmp_path, packed[1])
    wrong = tmp_path / "train-labels-idx1-ubyte.gz"
    for content in (wrong.read_bytes()[:-3], gzip.compress(b"\0\0\x08\1\0\0\0\0"), b""):
        wrong.write_bytes(content)
        for download in (False, True):
            with pytest.raises(DataError, match=rf"{kind.__name__}: '.*labels.*' is not the publi"):
                kind(tmp_path, download=download)
    assert len(kind(tmp_path, train=False)) == 10


def test_mnist_refuses_a_damaged_file_by_name(digits, tmp_path):
    samples.write_digits(tmp_path, digits[1])
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    for download in (False, True):
        with pytest.raises(DataError, match=r"MNIST: '.*train-images-idx3-ubyte' has sha256"):
            datasets.MNIST(tmp_path, download=download)


@pytest.mark.parametrize("kind", [datasets.MNIST, *LIKE])
def test_without_files(packed, tmp_path, kind):
    name = kind.__name__
    with pytest.raises(DataError, match=f"{name}: no data files: '.*' holds none, and download=T"):
        kind(tmp_path)
    with pytest.raises(DataError, match=f"{name}: no data files: download=True was not given"):
        kind()
    with pytest.raises(DataError, match=f"{name}: no data files: the download of .*no network"):
        kind(tmp_path, download=True)


@pytest.mark.parametrize("kind", LIKE)
def test_what_was_downloaded_is_found_again(packed, tmp_path, kind, monkeypatch):
    arrays, files = packed

    def retrieve(name, urls, folder, verify):
        assert all(url.endswith(f"/{name}") for url in urls)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / name
        path.write_bytes(files[name.removesuffix(".gz")])
        verify(path)

    with monkeypatch.context() as patch:
        patch.setattr(module, "retrieve", retrieve)
        check(kind(tmp_path / "data", download=True), arrays, "train")
    check(kind(tmp_path / "data", train=False), arrays, "t10k")


def test_mnist_in_the_cache_serves_any_root(digits, tmp_path):
    samples.write_digits(tmp_path / "cache" / "data" / "mnist", digits[1])
    check(datasets.MNIST(tmp_path / "data", download=True), digits[0], "train")
    check(datasets.MNIST(tmp_path / "data", train=False), digits[0], "t10k")


def test_attributes_can_be_set(digits, tmp_path):
    samples.write_digits(tmp_path, digits[1])
    data = datasets.MNIST(tmp_path)
    chosen = data.targets < 5
    data.data, data.targets = data.data[chosen], data.targets[chosen]
    assert len(data) == sum(label < 5 for label in digits[0]["train-labels-idx1-ubyte"])
    assert int(data.targets.max()) < 5
    data.targets = [7] * len(data)
    pytest.importorskip("PIL")
    assert data[0][1] == 7


def test_digests_and_names_are_the_published_ones():
    assert datasets.FashionMNIST.digests["train-images-idx3-ubyte"].startswith("8d4fb7e6c68d591d")
    assert datasets.KMNIST.digests["t10k-labels-idx1-ubyte"].startswith("7320c461ea6c1c85")
    assert datasets.MNIST.classes[7] == "7 - seven"
    assert datasets.FashionMNIST.classes[8] == "Bag"


def test_with_a_loader(digits, tmp_path):
    pytest.importorskip("PIL")
    samples.write_digits(tmp_path, digits[1])
    row = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
    data = datasets.MNIST(tmp_path, transform=row)
    images, labels = next(iter(DataLoader(data, batch_size=8)))
    assert images.shape == (8, 1, 28, 28)
    wanted = (digits[0]["train-images-idx3-ubyte"][:8, None] / 255 - 0.1307) / 0.3081
    np.testing.assert_allclose(images.numpy(), wanted, rtol=1e-4, atol=1e-5)
    assert labels.tolist() == digits[0]["train-labels-idx1-ubyte"][:8].tolist()
