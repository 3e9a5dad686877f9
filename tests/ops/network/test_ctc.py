"""The sum over all paths, against all of them written out."""

from itertools import product

import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import DTypeError
from cltensor.ops.network.ctc import ctc


def paths(x, labels, blank):
    """-log of the probability of all paths that collapse to `labels`."""
    total = 0.0
    for path in product(range(x.shape[1]), repeat=len(x)):
        kept = [c for i, c in enumerate(path) if i == 0 or c != path[i - 1]]
        if [c for c in kept if c != blank] == labels:
            total += np.exp(sum(x[t, c] for t, c in enumerate(path)))
    return -np.log(total) if total else np.inf


def test_against_all_paths(device):
    random = np.random.default_rng(0)
    x = random.normal(size=(4, 3, 3)).astype("float32")
    x -= np.log(np.exp(x).sum(2, keepdims=True))
    labels, times = [[1, 2], [1, 1], []], [4, 3, 2]
    counts = [len(row) for row in labels]
    flat = ct.tensor([1, 2, 1, 1])
    start = ct.tensor([0, 2, 4])
    got = ctc(ct.tensor(x), flat, start, ct.tensor(times), ct.tensor(counts), 2, 0)
    want = [paths(x[:t, n], row, 0) for n, (t, row) in enumerate(zip(times, labels, strict=True))]
    np.testing.assert_allclose(got.numpy(), want, rtol=1e-5)


def test_no_samples_and_half_precision(device):
    none = ct.zeros(0, dtype="int64")
    assert ctc(ct.zeros(3, 0, 2), none, none, none, none, 0, 0).shape == (0,)
    with pytest.raises(DTypeError, match="ctc_loss"):
        ctc(ct.zeros(1, 1, 2, dtype="float16"), none, none, none, none, 0, 0)
