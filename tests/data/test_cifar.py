"""CIFAR-10: files in each form, what is refused, and pickles that run nothing."""

import lzma
import pickle
import struct
import tarfile

import numpy as np
import pytest
import samples

from cltensor.data import CIFAR10, cifar
from cltensor.errors import DataError

pytestmark = pytest.mark.usefixtures("no_data_sources")

COUNT = 3


@pytest.fixture
def photographs(monkeypatch):
    return samples.tiny_cifar10(monkeypatch, COUNT)


def write_photographs(folder, batches, form):
    """The batches in one of the forms in which CIFAR-10 travels; returns the root to give."""
    forms = {
        "bin": (".bin", np.ndarray.tobytes),
        "xz": (".bin.xz", lambda batch: lzma.compress(batch.tobytes())),
        "python": ("", samples.pickled),
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


@pytest.mark.parametrize("form", ["bin", "xz", "python", "python.tar"])
def test_cifar10_refuses_wrong_files_by_name(photographs, tmp_path, form):
    wrong = {name: batch.copy() for name, batch in photographs.items()}
    wrong["data_batch_3"][0, 5] ^= 1
    root = write_photographs(tmp_path, wrong, form)
    with pytest.raises(DataError, match=r"CIFAR10: '.*data_batch_3.*has (sha256|md5)"):
        CIFAR10(root)


@pytest.mark.parametrize("form", ["bin", "xz", "python"])
def test_cifar10_refuses_cut_files_by_name(photographs, tmp_path, form):
    root = write_photographs(tmp_path, photographs, form)
    path = next(tmp_path.glob("test_batch*"))
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(DataError, match=r"CIFAR10: '.*test_batch.*(truncated|has md5)"):
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


#: 12 bytes that ask an unpickler for 2^28 places in its table: gigabytes, and seconds.
_GREEDY = b"\x80\x02]r" + struct.pack("<I", 2**28) + b"."


@pytest.mark.parametrize(
    "content", [pickle.dumps({b"labels": [], b"data": _Call()}, 2), _GREEDY], ids=["code", "memory"]
)
def test_cifar10_unpickles_nothing_but_the_published_file(
    photographs, tmp_path, capsys, monkeypatch, content
):
    def unpickled(*args, **kwargs):
        raise AssertionError("the file was unpickled")

    root = write_photographs(tmp_path, photographs, "python")
    (tmp_path / "test_batch").write_bytes(content)
    with monkeypatch.context() as patch:
        patch.setattr(cifar, "_BatchUnpickler", unpickled)
        with pytest.raises(DataError, match=r"test_batch' is not the published file: it has md5"):
            CIFAR10(root, train=False)
    assert capsys.readouterr().out == ""


def test_cifar10_pickles_run_nothing_even_where_the_digest_agrees(
    photographs, tmp_path, capsys, monkeypatch
):
    root = write_photographs(tmp_path, photographs, "python")
    content = pickle.dumps({b"labels": [], b"data": _Call()}, 2)
    (tmp_path / "test_batch").write_bytes(content)
    monkeypatch.setitem(cifar.PICKLES, "test_batch", samples.md5(content))
    with pytest.raises(DataError, match=r"test_batch'.*which no batch needs"):
        CIFAR10(root, train=False)
    assert capsys.readouterr().out == ""


def test_cifar10_digests_of_the_python_version():
    assert cifar.PICKLES.keys() == cifar.FILES.keys()
    assert cifar.PICKLES["data_batch_1"] == "c99cafc152244af753f735de768cd75f"
    assert cifar.PICKLES["test_batch"] == "40351d587109b95175f43aff81a1287e"


def test_cifar10_without_a_source_lists_three_ways():
    with pytest.raises(DataError, match="There are three ways") as caught:
        CIFAR10()
    assert "cifar-10-binary.tar.gz failed" in str(caught.value)
