"""The iterations that eigenvalues and singular values come from."""

import numpy as np
import pytest
from matrices import stack_of

import cltensor as ct
from cltensor.errors import LinAlgError
from cltensor.ops.linalg import rotations
from cltensor.ops.linalg.rotations import GOLUB_KAHAN, QL, iterate


@pytest.mark.parametrize("n", [1, 2, 9, 40])
@pytest.mark.parametrize("room", [None, 1])
def test_eigenvalues_of_tridiagonal_matrices(skeleton, monkeypatch, n, room):
    if room:  # what is recorded finds room for one sweep only, so that many launches follow
        monkeypatch.setattr(rotations, "_ROOM_BYTES", room)
    d, e = stack_of(2, n, dtype="float32"), stack_of(2, n, dtype="float32", seed=1)
    values = ct.tensor(d)
    (side,) = iterate("test", QL, values, ct.tensor(e), True)
    found, rows = values.numpy(), side.matrices().numpy()
    for k in range(2):
        whole = np.diag(d[k]) + np.diag(e[k, : n - 1], 1) + np.diag(e[k, : n - 1], -1)
        np.testing.assert_allclose(rows[k] @ rows[k].T, np.eye(n), atol=1e-5)
        np.testing.assert_allclose(rows[k].T * found[k] @ rows[k], whole, atol=2e-5)
    alone = ct.tensor(d)
    assert iterate("test", QL, alone, ct.tensor(e), False) == []
    np.testing.assert_allclose(np.sort(alone.numpy()), np.sort(found), atol=2e-5)


@pytest.mark.parametrize("n", [1, 2, 9, 40])
@pytest.mark.parametrize("zero", [None, 0, 1, -1])
def test_singular_values_of_bidiagonal_matrices(skeleton, n, zero):
    d, e = stack_of(2, n, dtype="float32"), stack_of(2, n, dtype="float32", seed=1)
    if zero is not None:
        d[:, zero if n > 1 else 0] = 0
    values = ct.tensor(d)
    left, right = iterate("test", GOLUB_KAHAN, values, ct.tensor(e), True)
    found = values.numpy()
    for k in range(2):
        whole = np.diag(d[k]) + np.diag(e[k, : n - 1], 1)
        u, v = left.matrices().numpy()[k], right.matrices().numpy()[k]
        np.testing.assert_allclose(u @ u.T, np.eye(n), atol=1e-5)
        np.testing.assert_allclose(v @ v.T, np.eye(n), atol=1e-5)
        np.testing.assert_allclose(u.T * found[k] @ v, whole, atol=2e-5)


def test_what_does_not_converge_is_named(skeleton):
    d = ct.tensor(np.array([[1, 2, 3], [1, np.nan, 3]], "float32"))
    for kind in (QL, GOLUB_KAHAN):
        with pytest.raises(LinAlgError, match="op: no convergence .* of matrix 1 of the stack"):
            iterate("op", kind, d.clone(), ct.ones(2, 3), True)
