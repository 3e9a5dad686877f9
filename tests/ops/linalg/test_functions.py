"""Powers and exponentials of matrices, systems between tensors, matrices of powers."""

import numpy as np
import pytest
from matrices import complex_stack, derivatives, stack_of

import cltensor as ct
from cltensor.errors import LinAlgError, ShapeError


def test_powers():
    a = stack_of(2, 3, 3, dtype="float32") + np.eye(3, dtype="float32")
    for n in (-2, -1, 0, 1, 2, 3, 7):
        want = np.linalg.matrix_power(a, n)
        np.testing.assert_allclose(ct.tensor(a).matrix_power(n).numpy(), want, rtol=1e-2, atol=1e-2)
    whole = ct.tensor([[1, 1], [0, 1]])
    assert ct.linalg.matrix_power(whole, 5).tolist() == [[1, 5], [0, 1]]
    with pytest.raises(LinAlgError):
        ct.matrix_power(ct.ones(2, 2), -1)
    with pytest.raises(ShapeError, match="square"):
        ct.matrix_power(ct.ones(2, 3), 2)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 5.0, 40.0])
def test_exponentials(scale):
    a = (np.diag([1.0, 2.0, 3.0]) / 4 + np.eye(3, k=1)) * scale / 2
    values, vectors = np.linalg.eig(a)
    want = vectors * np.exp(values) @ np.linalg.inv(vectors)
    got = ct.linalg.matrix_exp(ct.tensor(np.stack([a, a * 0]).astype("float32"))).numpy()
    np.testing.assert_allclose(got[0], want, rtol=2e-4, atol=2e-4)
    np.testing.assert_array_equal(got[1], np.eye(3))
    if ct.device().fp64:
        np.testing.assert_allclose(ct.matrix_exp(ct.tensor(a)).numpy(), want, rtol=1e-9, atol=1e-9)


def test_exponentials_of_nothing_and_of_what_is_no_number():
    assert ct.matrix_exp(ct.ones(2, 0, 0)).shape == (2, 0, 0)
    assert np.isnan(ct.matrix_exp(ct.ones(2, 2) * float("nan")).numpy()).all()


def test_derivatives():
    derivatives(ct.matrix_exp, stack_of(3, 3))
    derivatives(lambda x: ct.matrix_power(x, 3), stack_of(2, 2))
    derivatives(lambda x: ct.matrix_power(x, -2), stack_of(2, 2) + 2 * np.eye(2), second=False)
    derivatives(ct.linalg.vander, stack_of(3))
    x = ct.ones(2, 2, requires_grad=True)
    ct.matrix_power(x, 0).sum().backward()
    assert not x.grad.numpy().any()


def test_systems_between_tensors(fp64):
    a = stack_of(4, 6, 8, 3)
    np.testing.assert_allclose(
        ct.linalg.tensorinv(ct.tensor(a)).numpy(), np.linalg.tensorinv(a), rtol=1e-7, atol=1e-9
    )
    a, b = stack_of(2, 3, 6), stack_of(2, 3, seed=1)
    got = ct.linalg.tensorsolve(ct.tensor(a), ct.tensor(b)).numpy()
    np.testing.assert_allclose(got, np.linalg.tensorsolve(a, b), rtol=1e-9)
    a = stack_of(6, 2, 3)
    got = ct.linalg.tensorsolve(ct.tensor(a), ct.tensor(b), dims=(0,)).numpy()
    np.testing.assert_allclose(got, np.linalg.tensorsolve(a, b, axes=(0,)), rtol=1e-9)
    with pytest.raises(ShapeError, match="different numbers"):
        ct.linalg.tensorinv(ct.ones(2, 3), 1)
    with pytest.raises(ShapeError, match="does not map"):
        ct.linalg.tensorsolve(ct.ones(2, 3), ct.ones(2))


def test_matrices_of_powers():
    x = np.array([2.0, -1.0, 0.5], "float32")
    want = np.vander(x, increasing=True)
    np.testing.assert_array_equal(ct.linalg.vander(ct.tensor(x)).numpy(), want)
    assert ct.linalg.vander(ct.tensor([1, 2, 3]), N=4).tolist() == [
        [1, 1, 1, 1], [1, 2, 4, 8], [1, 3, 9, 27],
    ]  # fmt: skip
    assert ct.linalg.vander(ct.tensor(3.0), N=3).tolist() == [[1.0, 3.0, 9.0]]
    with pytest.raises(ShapeError, match="above 1"):
        ct.linalg.vander(ct.ones(3), N=1)


def test_diagonals_are_of_the_last_axes():
    x = ct.tensor(stack_of(2, 3, 4, dtype="float32"))
    np.testing.assert_array_equal(
        ct.linalg.diagonal(x, offset=1).numpy(), x.numpy().diagonal(1, 1, 2)
    )
    np.testing.assert_array_equal(
        ct.linalg.diagonal(x, dim1=0, dim2=1).numpy(), x.numpy().diagonal(0, 0, 1)
    )


def test_the_older_triangular_system():
    a, b = stack_of(3, 3, dtype="float32") + 3 * np.eye(3, dtype="float32"), np.ones((3, 2), "f4")
    for upper in (True, False):
        read = np.triu(a) if upper else np.tril(a)
        for transpose in (True, False):
            found = ct.triangular_solve(ct.tensor(b), ct.tensor(a), upper, transpose)
            got = (read.T if transpose else read) @ found.solution.numpy()
            np.testing.assert_allclose(got, b, atol=1e-5)
            np.testing.assert_array_equal(found.cloned_coefficient.numpy(), a)


def test_complex_exponentials():
    a = complex_stack(2, 4, 4)
    values, vectors = np.linalg.eig(a.astype("complex128"))
    want = vectors * np.exp(values)[:, None] @ np.linalg.inv(vectors)
    got = ct.linalg.matrix_exp(ct.tensor(a))
    assert got.dtype == ct.complex64
    np.testing.assert_allclose(got.numpy(), want, rtol=1e-4, atol=1e-4)
    derivatives(ct.matrix_exp, complex_stack(2, 3, 3, dtype="complex128"))
