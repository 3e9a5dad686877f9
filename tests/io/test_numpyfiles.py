"""NumPy's files through ct.save and ct.load."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import DataError


def test_one_array_both_ways(device, tmp_path):
    for dtype in (ct.float32, ct.int64, ct.bool, ct.uint8, ct.complex64):
        x = ct.tensor([[1, 0, 2], [3, 4, 0]], dtype=dtype).T
        ct.save(x, tmp_path / "x.npy")
        assert np.load(tmp_path / "x.npy").tolist() == x.tolist()
        found = ct.load(tmp_path / "x.npy")
        assert (found.dtype, found.tolist()) == (dtype, x.tolist())
    np.save(tmp_path / "y.npy", np.asfortranarray(np.arange(6).reshape(2, 3)))
    assert ct.load(str(tmp_path / "y.npy")).tolist() == [[0, 1, 2], [3, 4, 5]]
    with open(tmp_path / "y.npy", "rb") as file:
        assert ct.load(file).shape == (2, 3)


def test_several_by_name(device, other_device, tmp_path):
    weights = {
        "a.weight": ct.ones(2, 2, requires_grad=True),
        "file": np.float32(3),
        "b": ct.zeros(0),
    }
    ct.save(weights, tmp_path / "w.NPZ")
    with np.load(tmp_path / "w.NPZ") as found:
        assert {name: found[name].tolist() for name in found.files} == {
            "a.weight": [[1, 1], [1, 1]],
            "file": 3,
            "b": [],
        }
    ours = ct.load(tmp_path / "w.NPZ", map_location=other_device)
    assert list(ours) == ["a.weight", "file", "b"]
    assert ours["a.weight"].device is other_device
    np.savez_compressed(tmp_path / "z.npz", x=np.eye(2))
    assert ct.load(tmp_path / "z.npz")["x"].tolist() == [[1, 0], [0, 1]]
    np.savez(tmp_path / "none.npz")
    assert ct.load(tmp_path / "none.npz") == {}


def test_what_files_of_numpy_cannot_hold(device, tmp_path):
    path = tmp_path / "x.npy"
    with pytest.raises(DataError, match="save: obj is dict; files of NumPy take tensors"):
        ct.save({"a": ct.ones(1)}, path)
    with pytest.raises(DataError, match="a .npz file holds arrays by name, and obj is a Tensor"):
        ct.save(ct.ones(1), tmp_path / "x.npz")
    with pytest.raises(DataError, match=r"save: obj\['a'\] is int"):
        ct.save({"a": 1}, tmp_path / "x.npz")
    with pytest.raises(DataError, match="obj is an array of object"):
        ct.save(np.array([None]), path)
    assert not path.exists()
    np.save(path, np.array([None]), allow_pickle=True)
    with pytest.raises(DataError, match=r"load: .*x.npy' cannot be read as a file of NumPy"):
        ct.load(path)
    np.save(path, np.array(["a"]))
    with pytest.raises(DataError, match=r"load: .*x.npy' holds what no tensor can"):
        ct.load(path)
    np.savez(tmp_path / "y.npz", x=np.ones(100))
    whole = (tmp_path / "y.npz").read_bytes()
    for length in (40, 200, len(whole) - 1):
        (tmp_path / "y.npz").write_bytes(whole[:length])
        with pytest.raises(DataError, match=r"load: .*y.npz'"):
            ct.load(tmp_path / "y.npz")


def test_bfloat16_is_refused(device, tmp_path):
    with pytest.raises(DataError, match=r"^save: obj is of bfloat16, .*use \.float\(\)"):
        ct.save(ct.ones(2, dtype="bfloat16"), tmp_path / "x.npy")
