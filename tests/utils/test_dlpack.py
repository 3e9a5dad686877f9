"""Elements shared with other libraries."""

import numpy as np

import cltensor as ct
from cltensor.utils.dlpack import from_dlpack, to_dlpack


def test_there_and_back():
    x = ct.arange(6.0).reshape(2, 3)
    assert type(to_dlpack(x)).__name__ == "PyCapsule"
    np.testing.assert_array_equal(from_dlpack(x).numpy(), x.numpy())
