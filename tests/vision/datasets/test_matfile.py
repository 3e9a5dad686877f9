"""MATLAB's files."""

import io

import numpy as np
import pytest
from matfiles import matfile

from cltensor.vision.datasets.matfile import arrays

ARRAYS = {
    "X": np.arange(2 * 3 * 4 * 5, dtype="u1").reshape(2, 3, 4, 5),
    "y": np.array([[1.0], [10.0]]),
    "k": np.array([[7]], dtype="i4"),
}


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("order", ["<", ">"])
def test_arrays(compressed, order):
    found = arrays(matfile(ARRAYS, compressed, order))
    assert list(found) == list(ARRAYS)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name], array)


@pytest.mark.parametrize("compressed", [True, False])
def test_files_of_scipy(compressed):
    save = pytest.importorskip("scipy.io").savemat
    file = io.BytesIO()
    more = {"text": "no numbers", "z": np.array([1j])}
    save(file, {**more, **ARRAYS}, do_compression=compressed)
    found = arrays(file.getvalue())
    assert sorted(found) == ["X", "k", "y"]
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name], array)


def test_damaged_files():
    whole = matfile(ARRAYS, compressed=False)
    for content in (b"", whole[:100], b"x" * 200, whole[:-30], whole[:131]):
        with pytest.raises(ValueError, match=r"it is (no MAT-file|damaged|truncated)|reshape"):
            arrays(content)
    broken = bytearray(matfile(ARRAYS))
    broken[150] ^= 255
    with pytest.raises(ValueError, match="it is damaged"):
        arrays(bytes(broken))
