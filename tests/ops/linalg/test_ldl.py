"""L D L^T factors of symmetric matrices."""

import numpy as np
import pytest
from matrices import stack_of

import cltensor as ct
from cltensor.errors import DTypeError, GradientError, LinAlgError, ShapeError


@pytest.mark.parametrize("n", [0, 1, 2, 5, 40])
@pytest.mark.parametrize("batch", [(), (2, 2)])
def test_systems(skeleton, n, batch):
    a = stack_of(*batch, n, n, dtype="float32")
    a = a + a.swapaxes(-1, -2)
    b = stack_of(*batch, n, 3, dtype="float32")
    factors, pivots = ct.linalg.ldl_factor(ct.tensor(np.tril(a)))
    x = ct.linalg.ldl_solve(factors, pivots, ct.tensor(b)).numpy()
    np.testing.assert_allclose(a @ x, b, atol=1e-2)


@pytest.mark.parametrize("hermitian", [False, True])
@pytest.mark.parametrize("n", [1, 2, 5, 40])
def test_complex_systems(skeleton, n, hermitian):
    a = stack_of(3, n, n, dtype="complex128")
    b = stack_of(3, n, 2, dtype="complex128")
    other = a.conj().swapaxes(-1, -2) if hermitian else a.swapaxes(-1, -2)
    a = a + other
    # A diagonal of small numbers asks for blocks of order 2; its imaginary part is not read.
    a[:, range(n), range(n)] *= 0.01
    read = np.tril(a) + (0.5j * np.eye(n) if hermitian else 0)
    factors, pivots = ct.linalg.ldl_factor(ct.tensor(read), hermitian=hermitian)
    assert n < 5 or (pivots.numpy() < 0).any()
    x = ct.linalg.ldl_solve(factors, pivots, ct.tensor(b), hermitian=hermitian).numpy()
    np.testing.assert_allclose(a @ x, b, atol=1e-9)


def test_factors_are_those_of_lapack(skeleton):
    # scipy.linalg.lapack.ssytrf(a, lower=1); the second has a block of order 2.
    a = ct.tensor([[0.0, 1.0, 2.0], [1.0, 0.0, 3.0], [2.0, 3.0, 4.0]])
    found = ct.linalg.ldl_factor_ex(a)
    assert found.pivots.tolist() == [3, 2, 3]
    want = [[4.0, 0.0, 0.0], [0.75, -2.25, 0.0], [0.5, 2 / 9, -8 / 9]]
    assert found.info.item() == 0
    np.testing.assert_allclose(found.LD.numpy(), want, atol=1e-6)
    b = ct.tensor([[0.0, 1.0, 2.0], [1.0, 0.0, 0.5], [2.0, 0.5, 0.1]])
    found = ct.linalg.ldl_factor_ex(b)
    assert found.pivots.tolist() == [-3, -3, 3]
    x = ct.linalg.ldl_solve(found.LD, found.pivots, ct.eye(3))
    np.testing.assert_allclose((b @ x).numpy(), np.eye(3), atol=1e-6)


def test_singular_matrices():
    found = ct.linalg.ldl_factor_ex(ct.zeros(2, 2, 2))
    assert found.info.tolist() == [1, 1]
    with pytest.raises(LinAlgError, match="D has a zero at place 1"):
        ct.linalg.ldl_factor_ex(ct.zeros(2, 2), check_errors=True)


def test_what_does_not_fit():
    x = ct.ones(2, 2, requires_grad=True)
    with pytest.raises(GradientError, match="ldl_factor"):
        ct.linalg.ldl_factor(x)
    pivots = ct.tensor([1, 2], dtype="int32")
    with pytest.raises(GradientError, match="ldl_solve"):
        ct.linalg.ldl_solve(x, pivots, ct.ones(2, 1))
    with pytest.raises(ShapeError, match="one for each row"):
        ct.linalg.ldl_solve(ct.ones(2, 2), pivots[:1], ct.ones(2, 1))
    with pytest.raises(DTypeError, match="give int32"):
        ct.linalg.ldl_solve(ct.ones(2, 2), ct.ones(2), ct.ones(2, 1))
