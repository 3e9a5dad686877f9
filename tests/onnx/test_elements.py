import os

import numpy as np
import onnx_models as om
import pytest

import cltensor as ct
from cltensor.onnx.elements import Folder, array_of


def read(message, folder=None):
    return array_of(message, folder or Folder(None), "tensor 'w'")


@pytest.mark.parametrize("dtype", "f4 f8 f2 i8 i4 i2 i1 u1 u4 u8 ? c8".split())
def test_tensors_of_both_kinds(dtype):
    array = np.arange(6).reshape(2, 3).astype(dtype)
    raw = om.tensor("w", array)
    typed = om.helper.make_tensor("w", raw.data_type, (2, 3), array.ravel().tolist())
    for message in (raw, typed):
        found = read(message)
        assert found.dtype == array.dtype
        np.testing.assert_array_equal(found, array)


def test_sizes_are_compared_before_anything_is_made():
    message = om.tensor("w", np.zeros(2, np.float32))
    message.dims[0] = 1 << 40
    with pytest.raises(ct.DataError, match="to have 4398046511104 bytes, and has 8"):
        read(message)
    message.dims[:] = [1 << 40, 1 << 40]
    with pytest.raises(ct.DataError, match="more elements than can be"):
        read(message)
    message.dims[:] = [-1]
    with pytest.raises(ct.DataError, match="shape"):
        read(message)


def test_strings_are_refused():
    with pytest.raises(ct.DataError, match="strings"):
        read(om.helper.make_tensor("w", 8, (1,), [b"a"]))


def external(location, **more):
    message = om.tensor("w", np.zeros(2, np.float32))
    message.ClearField("raw_data")
    message.data_location = 1
    for key, value in {"location": location, **more}.items():
        message.external_data.add(key=key, value=str(value))
    return message


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no pipes with names")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "w.bin")
    with pytest.raises(ct.DataError, match="ends before"):
        read(external("w.bin"), Folder(tmp_path / "m.onnx"))


def test_external_tensors_lie_in_the_folder_of_the_file(tmp_path):
    inside = tmp_path / "model"
    inside.mkdir()
    numbers = np.array([1, 2, 3], np.float32)
    (inside / "w.bin").write_bytes(numbers.tobytes())
    (tmp_path / "secret.bin").write_bytes(numbers.tobytes())
    os.symlink(tmp_path / "secret.bin", inside / "link.bin")
    folder = Folder(inside / "m.onnx")
    assert read(external("w.bin", offset=4, length=8), folder).tolist() == [2, 3]
    for location in ("../secret.bin", str(tmp_path / "secret.bin"), "link.bin",
                     "a/../../secret.bin", "", "C:\\secret.bin", "..\\secret.bin"):  # fmt: skip
        with pytest.raises(ct.DataError, match="leads out of its folder"):
            read(external(location), folder)
    with pytest.raises(ct.DataError, match="ends before"):
        read(external("w.bin", offset=8), folder)
    with pytest.raises(ct.DataError, match="is to have 8 bytes, and 4"):
        read(external("w.bin", length=4), folder)
    with pytest.raises(ct.DataError, match="No such file"):
        read(external("none.bin"), folder)
    with pytest.raises(ct.DataError, match="no number"):
        read(external("w.bin", offset="x"), folder)
    with pytest.raises(ct.DataError, match="without its path"):
        read(external("w.bin"))
    with pytest.raises(ct.DataError):
        read(external("."), folder)
