"""Expressions over what a product or a convolution makes, for tests of its kernel's store side."""

import gc

import numpy as np
from arrays import close

import cltensor as ct
from cltensor.runtime.kernel import Counters

RNG = np.random.default_rng(23)


def agree(got, want, tolerance):
    if want.dtype == bool:  # of what rounding may turn over
        assert got.shape == want.shape
        assert np.mean(got.numpy() != want) <= 0.02
    else:
        close(got, want, tolerance)


def check_store_side(make, want, tolerance=2e-5):
    """Compare expressions over make(), a product that is made anew, with those over `want`."""
    dtype = make().dtype

    def draw(*shape):
        return RNG.standard_normal(shape).astype(dtype)

    row, column = draw(want.shape[-1]), draw(*want.shape[:-1], 1)
    second = draw(*want.shape[1:2], *[1] * (want.ndim - 2))  # as a bias of channels
    turned = draw(*want.shape[::-1])
    t = ct.tensor

    # Nobody holds the product: one result in its place, then one of another type.
    got = ct.relu(make() * t(column) + t(second)) - t(row)
    agree(got, np.maximum(want * column + second, 0) - row, tolerance)
    agree((make() > t(turned).permute(*reversed(range(want.ndim)))), want > turned.T, tolerance)

    # Somebody holds it, or a node over it, or needs it twice.
    held = make()
    inner = held + t(row)
    outer = ct.exp(inner * 0.01) * 2
    agree(outer, 2 * np.exp((want + row) * 0.01), tolerance)
    agree(held, want, tolerance)
    agree(inner, want + row, tolerance)

    # Another pending expression will want it; two products in one; a reduction over one.
    shared = make()
    one, other = shared * 3, 2 - shared * make()
    del shared
    agree(other.sum(axis=-1), (2 - want * want).sum(-1), 10 * tolerance)
    agree(one, want * 3, tolerance)


def launches_of(compute):
    """How many kernels it takes to compute and realize."""
    gc.collect()
    before = Counters.launches
    compute().realize()
    return Counters.launches - before
