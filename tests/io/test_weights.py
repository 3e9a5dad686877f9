"""Weights files: what is written is read, whole or not at all, and damage is named."""

import sys

import numpy as np
import pytest

import cltensor as ct
from cltensor import models, nn
from cltensor.io import weights

pytest.importorskip("safetensors")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.safetensors"


def test_round_trip_of_a_network(path):
    model, other = models.CifarNet((2, 3)), models.CifarNet((2, 3))
    model(ct.randn(4, 3, 32, 32))
    weights.save(model.state_dict(), path)
    other.load_state_dict(weights.load(path))
    for (name, a), b in zip(model.state_dict().items(), other.state_dict().values(), strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy(), err_msg=name)
        assert a.dtype == b.dtype
    assert [p.name for p in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    "dtype", ["bool", "uint8", "int8", "uint16", "int32", "int64", "uint64", "float32"]
)
def test_round_trip_of_types_and_shapes(path, dtype):
    arrays = {
        "matrix": np.arange(6).reshape(2, 3).astype(dtype),
        "scalar": np.array(1, dtype),
        "empty": np.zeros((0, 3), dtype),
    }
    weights.save({name: ct.tensor(a) for name, a in arrays.items()}, path)
    found = weights.load(path)
    assert set(found) == set(arrays)
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name].numpy(), array)


def test_views_are_saved_as_they_look(path):
    x = ct.tensor(np.arange(12.0, dtype=np.float32).reshape(3, 4))
    array = np.arange(6).reshape(2, 3)
    weights.save({"t": x.t(), "s": x[::2, ::-1], "v": nn.Parameter(x), "a": array.T}, path)
    found = weights.load(str(path))
    np.testing.assert_array_equal(found["t"].numpy(), x.numpy().T)
    np.testing.assert_array_equal(found["s"].numpy(), x.numpy()[::2, ::-1])
    np.testing.assert_array_equal(found["v"].numpy(), x.numpy())
    np.testing.assert_array_equal(found["a"].numpy(), array.T)


def test_load_to_a_device(path, other_device):
    weights.save({"x": ct.ones(2)}, path)
    assert weights.load(path, other_device)["x"].device is other_device
    assert weights.load(path, other_device.name)["x"].device is other_device


def test_pytorch_reads_and_writes_the_same_file(path):
    torch = pytest.importorskip("torch")
    library = pytest.importorskip("safetensors.torch")
    model, other = nn.Linear(3, 2), torch.nn.Linear(3, 2)
    weights.save(model.state_dict(), path, metadata={"format": "pt"})
    other.load_state_dict(library.load_file(path))
    np.testing.assert_array_equal(other.weight.detach(), model.weight.data.numpy())
    other = torch.nn.Linear(3, 2)
    library.save_file(other.state_dict(), path)
    model.load_state_dict(weights.load(path))
    np.testing.assert_array_equal(other.weight.detach(), model.weight.data.numpy())


@pytest.mark.parametrize("damage", ["short", "empty", "text", "header", "lengths"])
def test_a_damaged_file_is_refused_by_name(path, damage):
    weights.save({"x": ct.ones(100)}, path)
    data = path.read_bytes()
    path.write_bytes(
        {
            "short": data[:-10],
            "empty": b"",
            "text": b"these are no weights at all",
            "header": data[:8] + b"\xff" + data[9:],
            "lengths": b"\xff" * 8 + data[8:],
        }[damage]
    )
    with pytest.raises(ct.DataError, match=r"weights\.load: '.*net\.safetensors' is damaged"):
        weights.load(path)


def test_a_type_that_we_lack_is_refused_by_name(path):
    header = b'{"x":{"dtype":"F8_E5M2","shape":[2],"data_offsets":[0,2]}}'
    path.write_bytes(len(header).to_bytes(8, "little") + header + b"\0\0")
    with pytest.raises(ct.DataError, match=r"weights\.load: '.*net\.safetensors'"):
        weights.load(path)


def test_a_missing_file_and_a_missing_folder(path, tmp_path):
    with pytest.raises(ct.DataError, match=r"'.*net\.safetensors' cannot be read"):
        weights.load(path)
    with pytest.raises(FileNotFoundError, match="cannot be read"):
        weights.load(path)
    with pytest.raises(ct.DataError, match=r"'.*nowhere.*net\.safetensors' cannot be written"):
        weights.save({"x": ct.ones(1)}, tmp_path / "nowhere" / "net.safetensors")


def test_what_is_no_state_dict_is_refused_and_an_old_file_stays(path):
    weights.save({"x": ct.ones(1)}, path)
    with pytest.raises(ct.DataError, match=r"weights\.save: entry 'lr' is a float"):
        weights.save({"x": ct.zeros(1), "lr": 0.1}, path)
    assert weights.load(path)["x"].item() == 1


def test_without_the_package_the_error_names_the_extra(path, monkeypatch):
    path.write_bytes(b"")
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    with pytest.raises(ct.DependencyError, match=r"weights\.load: .*cltensor\[weights\]"):
        weights.load(path)
    with pytest.raises(ct.DependencyError, match=r"weights\.save: .*cltensor\[weights\]"):
        weights.save({}, path)


@pytest.mark.parametrize(("dtype", "code"), [("float16", b'"F16"'), ("bfloat16", b'"BF16"')])
def test_floats_of_16_bits(path, dtype, code):
    x = ct.tensor([[1.5, -2.0, 1e-3], [float("inf"), 0.0, 3.25]], dtype=dtype)
    given = {"x": x, "U16": ct.arange(3, dtype="uint16"), "turned": x.T, "f": ct.ones(1)}
    weights.save(given, path, metadata={"U16": "BF16"})
    found = weights.load(path)
    assert code in path.read_bytes()
    assert {name: y.dtype for name, y in found.items()} == {n: y.dtype for n, y in given.items()}
    assert {name: y.tolist() for name, y in found.items()} == {
        name: y.tolist() for name, y in given.items()
    }


def test_pytorch_reads_floats_of_16_bits(path):
    torch = pytest.importorskip("torch")
    library = pytest.importorskip("safetensors.torch")
    weights.save({"x": ct.tensor([1.5, -2.1], dtype="bfloat16")}, path)
    found = library.load_file(path)["x"]
    assert found.dtype == torch.bfloat16
    assert found.tolist() == [1.5, -2.09375]
    library.save_file({"y": found}, path)
    assert weights.load(path)["y"].tolist() == [1.5, -2.09375]
