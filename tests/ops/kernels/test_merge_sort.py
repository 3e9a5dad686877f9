"""The order of elements: a stable merge sort of indices, around the edges of its runs."""

import numpy as np
import pytest
from arrays import check, draw

import cltensor as ct
from cltensor.ops.kernels.merge_sort import merged_order

# Each test runs with the kernels for CPUs and with those for other devices.
pytestmark = pytest.mark.usefixtures("skeleton")


@pytest.mark.parametrize("n", [1, 2, 15, 16, 17, 32, 33, 48, 1000])
@pytest.mark.parametrize("descending", [False, True])
def test_equal_elements_keep_their_order(n, descending):
    a = draw((3, n), "float32", high=5)
    want = np.argsort(-a if descending else a, -1, kind="stable")
    check(merged_order(ct.tensor(a), descending), want.astype("int32"))


@pytest.mark.parametrize("descending", [False, True])
def test_nan_and_infinities(descending):
    a = np.float32([np.inf, np.nan, 0.0, -np.inf, -0.0, np.nan] * 9)
    places = np.arange(a.size)
    groups = [np.isnan(a), a == np.inf, a == 0, a == -np.inf]
    want = np.concatenate([places[g] for g in (groups if descending else groups[::-1])])
    check(merged_order(ct.tensor(a), descending), want.astype("int32"))


def test_a_dense_view_is_read_from_its_place():
    a = draw((4, 50), "float32")
    rows = ct.tensor(a)[2:]
    assert rows.offset == 100
    check(merged_order(rows, False), np.argsort(a[2:], -1, kind="stable").astype("int32"))
