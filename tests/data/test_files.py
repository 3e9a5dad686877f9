"""Where data files come from, and which ones are refused."""

import gzip
import sys

import pytest
from samples import write_digits

from cltensor.data import CIFAR10, MNIST, mnist
from cltensor.errors import DataError

pytestmark = pytest.mark.usefixtures("no_data_sources")


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


def test_missing_pooch_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(DataError, match="the package pooch, which is not installed"):
        CIFAR10()
