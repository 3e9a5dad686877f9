"""Where elements are not zero, around the edges of blocks, on both kernel skeletons."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.ops.index.nonzero import coordinates


@pytest.mark.parametrize("shape", [(1,), (4095,), (4096,), (4097,), (70, 61), (3, 50, 41), (9000,)])
@pytest.mark.parametrize("share", [0, 0.01, 0.5, 1])
def test_blocks_and_their_edges(skeleton, shape, share):
    x = (np.random.default_rng(0).random(shape) < share).astype("float32")
    found = coordinates(ct.tensor(x))
    assert len(found) == len(shape)
    for got, want in zip(found, np.nonzero(x), strict=True):
        np.testing.assert_array_equal(got.numpy(), want)


@pytest.mark.parametrize("most", [100, 8, 1])
def test_groups_as_small_as_the_kernel_takes(narrow_kernels, most):
    narrow_kernels(most, "nonzero_gpu")
    x = np.arange(5000) % 3 == 1
    np.testing.assert_array_equal(coordinates(ct.tensor(x))[0].numpy(), np.nonzero(x)[0])
