"""Linear algebra where the standard's rules are its own."""

import numpy as np
import pytest

from cltensor import array_api as xp

L = xp.linalg


def test_right_sides(device):
    a = np.stack([np.eye(2) * 2, np.eye(2) * 4]).astype("float32")
    b = np.array([[1, 2], [3, 4]], "float32")  # matrices, though as vectors they would fit too
    np.testing.assert_allclose(L.solve(xp.asarray(a), xp.asarray(b)).numpy(), b / [[[2]], [[4]]])
    assert L.solve(xp.ones((1, 1, 1)), xp.ones(1)).shape == (1, 1)
    got = L.solve(xp.asarray(a), xp.asarray(b[0]))
    np.testing.assert_allclose(got.numpy(), b[0] / [[2], [4]])


def test_factors_have_the_standards_names(device):
    x = xp.asarray([[2.0, 1.0], [1.0, 3.0]])
    for found, names in (
        (L.eigh(x), "eigenvalues eigenvectors"), (L.qr(x), "Q R"), (L.svd(x), "U S Vh"),
        (L.slogdet(x), "sign logabsdet"), (L.eig(x), "eigenvalues eigenvectors"),
    ):  # fmt: skip
        assert found._fields == tuple(names.split())
        assert all(type(y) is xp.Array for y in found)
    np.testing.assert_allclose(L.cholesky(x, upper=True).numpy()[1, 0], 0)
    np.testing.assert_allclose(L.det(x).item(), 5, rtol=1e-5)
    np.testing.assert_allclose((L.inv(x) @ x).numpy(), np.eye(2), atol=1e-6)
    np.testing.assert_allclose(L.pinv(x, rtol=1e-6).numpy(), L.inv(x).numpy(), atol=1e-5)
    assert L.matrix_rank(x, rtol=xp.asarray(1e-3)).item() == 2
    assert L.eigvalsh(x).shape == L.svdvals(x).shape == L.eigvals(x).shape == (2,)
    assert L.matrix_power(x, 0).tolist() == [[1, 0], [0, 1]]
    with pytest.raises(ValueError, match="qr: mode is 'r'"):
        L.qr(x, mode="r")


def test_products_promote(device):
    a, b = xp.asarray([1, 2, 3]), xp.asarray([1.0, 0.0, 2.0])
    assert (a @ b).item() == xp.vecdot(a, b).item() == xp.tensordot(a, b, axes=1).item() == 7
    assert L.outer(a, b).shape == (3, 3)
    assert L.cross(a, xp.reshape(b, (1, 3))).tolist() == [[4, 1, -2]]
    assert xp.vecdot(xp.asarray([1j]), xp.asarray([1j])).item() == 1


def test_diagonals_and_norms(device):
    x = xp.reshape(xp.arange(8, dtype=xp.uint8), (2, 2, 2))
    assert L.diagonal(x, offset=1).tolist() == [[1], [5]]
    assert (L.trace(x).tolist(), L.trace(x).dtype) == ([3, 11], xp.uint64)
    y = xp.asarray([[3.0, 0.0], [0.0, 4.0]])
    assert L.matrix_norm(y, ord="nuc", keepdims=True).shape == (1, 1)
    assert L.vector_norm(y).item() == 5
    assert L.vector_norm(y, axis=0, ord=1).tolist() == [3, 4]
    for order in (0, 1, 2, -2, float("inf"), float("-inf")):
        each = L.vector_norm(y, axis=(), ord=order, keepdims=True)
        assert each.tolist() == ((y != 0) if order == 0 else abs(y)).to(y.dtype).tolist()
    assert L.matrix_transpose(x).shape == (2, 2, 2)
