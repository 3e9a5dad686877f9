"""Which algorithm sorts: by rows' length, with the same order."""

import numpy as np
import pytest
from arrays import check, draw

import cltensor as ct
from cltensor.ops.kernels.sorting import is_short, sorted_order

# Each test runs with the kernels for CPUs and with those for other devices.
pytestmark = pytest.mark.usefixtures("skeleton")


@pytest.mark.parametrize("n", [1, 31, 32, 2047, 2048])
def test_short_and_long_rows(device, n):
    a = draw((2, n), "float32", high=9)
    x = ct.tensor(a)
    assert is_short(x) == (n < (32 if device.is_cpu else 2048))
    check(sorted_order(x, False, ct.int64), np.argsort(a, -1, kind="stable"))
    check(sorted_order(x, True), np.argsort(-a, -1, kind="stable").astype("int32"))
