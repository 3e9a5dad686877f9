"""Reductions in one order."""

import numpy as np
import pytest
from orders import fold

import cltensor as ct
from cltensor.lazy import fixed
from cltensor.lazy.fixed import Fold, depth_of, folds

KINDS = {
    "sum": (np.add, 0),
    "prod": (np.multiply, 1),
    "amax": (np.maximum, -np.inf),
    "amin": (np.minimum, np.inf),
}

RNG = np.random.default_rng(5)


@pytest.mark.parametrize(
    ("n", "leaf", "depth"),
    [(1, 1, 0), (2, 1, 1), (3, 1, 2), (4, 1, 2), (256, 256, 0), (257, 256, 1), (1025, 256, 3)],
)
def test_depth_of_trees(n, leaf, depth):
    assert depth_of(n, leaf) == depth
    assert n <= leaf << depth


def test_passes():
    assert folds((8, 16, 9, 9), (False, True, False, False), False) == [
        Fold(128, 81, 1, 256, 16),
        Fold(1, 8, 16, 1, 0),
    ]
    assert folds((5, 6, 7), (True, False, True), False) == [Fold(5, 6, 7, 16, 0)]
    assert folds((5, 6), (True, False), True) == [Fold(5, 6, 1, 16, 0)]
    assert folds((1, 1), (False, False), False) == []


def test_half_of_a_batch_is_a_subtree():
    """As is a quarter: what ranks have is what one has before its last steps."""
    for n in (4, 12, 20, 64):
        (whole,) = folds((n, 3), (False, True), False)
        assert whole == Fold(1, n, 3, 1, 0)
        assert depth_of(n, whole.leaf) == depth_of(n // 4, 1) + 2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("shape", "axis"),
    [
        ((7,), 0), ((1000,), 0), ((3, 700), 1), ((40, 33), 0), ((2, 37, 5), 1),
        ((4, 3, 6, 7), (0, 2, 3)), ((2, 1, 1), (1, 2)),
    ],
)  # fmt: skip
def test_bits_of_reductions(skeleton, deterministic, kind, shape, axis):
    x = RNG.standard_normal(shape).astype(np.float32)
    axes = axis if isinstance(axis, tuple) else (axis,)
    wanted = x
    merge, start = KINDS[kind]
    kept = [d not in axes for d in range(x.ndim)]
    for each in folds(x.shape, kept, False):
        rows = wanted.reshape(each.outer, each.n, each.inner).swapaxes(0, 1)
        wanted = fold(rows, merge, start, each.lanes, each.leaf)
    for given in (ct.tensor(x), ct.tensor(np.ascontiguousarray(x.T)).permute(*range(x.ndim)[::-1])):
        found = getattr(ct, kind)(given, axis).numpy()
        assert (found.reshape(-1).view(np.int32) == wanted.reshape(-1).view(np.int32)).all()


@pytest.mark.parametrize("levels", [1, 3, 16])
def test_bits_do_not_depend_on_the_cut(device, deterministic, monkeypatch, levels):
    x = ct.tensor(RNG.standard_normal((3000, 5)).astype(np.float32))
    first = x.sum(0).numpy(), x.T.contiguous().sum(1).numpy()
    monkeypatch.setattr(fixed, "_levels", lambda device, tasks, depth: min(depth, levels - 1 or 1))
    again = x.sum(0).numpy(), x.T.contiguous().sum(1).numpy()
    for a, b in zip(first, again, strict=True):
        assert (a == b).all()


def test_complex_sums(device, deterministic):
    x = (RNG.standard_normal((40, 3)) + 1j * RNG.standard_normal((40, 3))).astype(np.complex64)
    parts = [ct.tensor(np.ascontiguousarray(p)).sum(0).numpy() for p in (x.real, x.imag)]
    assert (ct.tensor(x).sum(0).numpy() == parts[0] + 1j * parts[1]).all()


def test_of_nothing(device, deterministic):
    assert ct.zeros(0, 3).sum(0).tolist() == [0, 0, 0]
    assert ct.zeros(3, 0).sum(1).tolist() == [0, 0, 0]
    assert ct.zeros(0, 3).sum(1).tolist() == []


def test_sums_of_zeros_have_no_sign(skeleton, deterministic):
    found = [ct.full((3, 40), -0.0).sum(axis).numpy() for axis in (0, 1)]
    assert not any(np.signbit(each).any() for each in found)
