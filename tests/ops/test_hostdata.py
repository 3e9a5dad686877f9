"""What data of the host is made of: which dtype, and which numbers."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import DTypeError


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ([np.float64(1)], "float64"),
        ([2.0, np.float64(1)], "float64"),
        ([[2.0], [np.float64(1)]], "float64"),
        ([np.float32(1), np.float64(1)], "float64"),
        ([1, np.float16(2)], "float16"),
        ([np.float16(1), 2.0], "float32"),
        ([np.int8(1)], "int8"),
        ([np.int8(1), 2], "int64"),
        ([np.int8(1), 2.0], "float32"),
        ([np.float64(1), 1j], "complex128"),
        ([np.float16(1), 1j], "complex64"),
        ([np.zeros(2, "float32"), np.zeros(2)], "float64"),
        ([1.0, True, 2], "float32"),
        ([], "float32"),
        ([[], []], "float32"),
        (np.float64(1), "float64"),
        (1.0, "float32"),
        ([np.uint64(2**63)], "uint64"),
    ],
)
def test_numbers_of_numpy_keep_their_dtype_in_lists(fp64, data, expected):
    assert ct.tensor(data).dtype == np.dtype(expected)


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "bool"])
def test_integers_beyond_every_dtype_of_integers(fp64, dtype):
    for data in (10**20, [10**20], [[10**20]]):
        expected = np.full(np.shape(data), 1e20).astype(dtype)
        np.testing.assert_array_equal(ct.tensor(data, dtype=dtype).numpy(), expected)
    assert ct.tensor([10**20, 1.0]).dtype == ct.float32
    assert ct.tensor([2**63, 1.0]).tolist() == [2**63, 1]


@pytest.mark.parametrize(
    ("data", "dtype", "error"),
    [
        (2**63, None, "9223372036854775807 does not fit int64; give dtype='uint64'"),
        ([0, 2**63], None, f"{2**63} does not fit int64"),
        (10**20, None, f"{10**20} does not fit int64"),
        ([1, -(10**20)], None, f"-{10**20} does not fit int64"),
        (10**20, "uint64", f"{10**20} does not fit uint64"),
        ([10**20, 1.0], "int32", f"{10**20} does not fit int32"),
        ([10**400], "float32", "is beyond the range of float64"),
    ],
)
def test_integers_that_do_not_fit(device, data, dtype, error):
    with pytest.raises(DTypeError, match=f"^tensor: .*{error}"):
        ct.tensor(data, dtype=dtype)
    assert ct.tensor(2**63, dtype="uint64").item() == 2**63
    assert ct.tensor([0, 2**63 + 3], dtype="uint64").tolist() == [0, 2**63 + 3]
