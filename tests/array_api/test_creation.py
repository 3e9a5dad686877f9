"""Creation by the standard's names."""

import numpy as np
import pytest

import cltensor as ct
from cltensor import array_api as xp


def test_numbers_and_sequences(device):
    for obj, dtype in ((True, "bool"), (1, "int64"), (1.5, "float32"), (1j, "complex64")):
        assert xp.asarray([obj]).dtype == dtype
    assert xp.asarray(memoryview(b"ab")).tolist() == [97, 98]
    with pytest.raises(ValueError, match="copy=False"):
        xp.asarray([1], copy=False)
    x = xp.ones(2)
    y = xp.asarray(x, copy=True)
    y[0] = 7
    assert x.tolist() == [1, 1]


def test_ranges(device):
    for num in (0, 1, 5):
        for endpoint in (True, False):
            got = xp.linspace(1, 3, num, endpoint=endpoint)
            np.testing.assert_allclose(got.numpy(), np.linspace(1, 3, num, endpoint))
    assert xp.linspace(0, 1j, 3).dtype == xp.complex64
    assert xp.arange(1, stop=7, step=2).tolist() == [1, 3, 5]
    assert xp.eye(2, 3, k=1).tolist() == [[0, 1, 0], [0, 0, 1]]


def test_grids(device):
    a, b = xp.meshgrid(xp.arange(2), xp.arange(3))
    assert (type(a), a.shape, b.shape) == (xp.Array, (3, 2), (3, 2))
    assert xp.tril(xp.ones((2, 2)), k=-1).tolist() == [[0, 0], [1, 0]]


def test_arrays_like_others(device):
    x = xp.ones((2, 3), dtype=xp.int8)
    for made in (xp.zeros_like(x), xp.ones_like(x), xp.empty_like(x), xp.full_like(x, 7)):
        assert (type(made), made.shape, made.dtype) == (xp.Array, (2, 3), xp.int8)
    assert xp.full((2,), True).dtype == xp.bool


def test_dlpack(device):
    assert type(xp.from_dlpack(ct.ones(2))) is xp.Array
    assert xp.from_dlpack(np.arange(3, dtype="uint8"), copy=True).tolist() == [0, 1, 2]
