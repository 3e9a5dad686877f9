"""Roots of unity."""

import numpy as np

from cltensor.dtypes import complex64
from cltensor.ops.fft import tables


def test_roots_are_exact_to_the_last_digit():
    for n in (1, 2, 3, 4, 5, 8, 12, 100, 1024):
        found = tables.roots(n)
        want = np.exp(-2j * np.pi * np.arange(n, dtype="longdouble") / n)
        np.testing.assert_allclose(found, want.astype(complex), rtol=3e-16, atol=3e-16)
    assert tables.roots(4).tolist() == [1, -1j, -1, 1j]
    assert tables.roots(1 << 20)[1 << 18] == -1j


def test_matrices_and_chirps():
    j, k = np.mgrid[:6, :4]
    whole = np.exp(-2j * np.pi * j * k / 24)
    np.testing.assert_allclose(tables.crossed(6, 4, 4)[0], whole, atol=1e-15)
    blocks = [whole[:, :2], whole[:, 2:]]
    np.testing.assert_allclose(tables.crossed(6, 4, 2), blocks, atol=1e-15)
    k = np.arange(7)
    np.testing.assert_allclose(tables.chirp(7), np.exp(-1j * np.pi * k * k / 7), atol=1e-14)


def test_tables_are_kept_within_a_bound(device, monkeypatch):
    monkeypatch.setattr(tables, "_tables", type(tables._tables)())
    monkeypatch.setattr(tables, "LIMIT", 8 * 1000)
    first = tables.table(device, complex64, tables.roots, 400)
    assert tables.table(device, complex64, tables.roots, 400) is first
    tables.table(device, complex64, tables.roots, 500)
    tables.table(device, complex64, tables.roots, 400)
    tables.table(device, complex64, tables.roots, 450)  # lets go of what was not used for longest
    assert [key[-1] for key in tables._tables] == [400, 450]
    tables.table(device, complex64, tables.roots, 5000)
    assert [key[-1] for key in tables._tables] == [5000]
