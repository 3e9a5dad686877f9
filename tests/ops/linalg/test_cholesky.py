"""Cholesky's factors: values, what is not definite, derivatives."""

import numpy as np
import pytest
from matrices import complex_stack, definite, derivatives, residual, stack_of

import cltensor as ct
from cltensor.errors import LinAlgError, ShapeError


@pytest.mark.parametrize("n", [0, 1, 5, 65])
@pytest.mark.parametrize("batch", [(), (3,), (2, 2)])
def test_factors(skeleton, n, batch):
    a = definite(*batch, n, n, dtype="float32")
    factor = ct.cholesky(ct.tensor(a)).numpy()
    assert residual(factor @ factor.swapaxes(-1, -2), a, "float32") < 20
    assert np.array_equal(factor, np.tril(factor))
    # One triangle is read.
    upper = ct.linalg.cholesky(ct.tensor(np.triu(a)), upper=True).numpy()
    np.testing.assert_allclose(upper.swapaxes(-1, -2), factor, rtol=1e-4, atol=1e-4)


def test_float64(fp64):
    a = definite(100, 100)
    np.testing.assert_allclose(ct.tensor(a).cholesky().numpy(), np.linalg.cholesky(a), rtol=1e-10)


def test_what_is_not_positive_definite(skeleton):
    a = np.stack([np.eye(70), np.eye(70)]).astype("float32")
    a[1, 66, 66] = -1
    with pytest.raises(LinAlgError, match=r"minor of order 67 is not.*\(matrix 1 of the stack\)"):
        ct.cholesky(ct.tensor(a))
    found = ct.linalg.cholesky_ex(ct.tensor(a))
    assert found.info.tolist() == [0, 67]
    assert found.info.dtype == "int32"
    np.testing.assert_array_equal(found.L[0].numpy(), np.eye(70))
    with pytest.raises(LinAlgError, match="linalg.cholesky_ex"):
        ct.linalg.cholesky_ex(ct.tensor(a), check_errors=True)
    assert issubclass(LinAlgError, RuntimeError)
    with pytest.raises(LinAlgError):
        ct.cholesky(ct.tensor([[float("nan")]]))


def test_solutions_and_inverses(fp64):
    a, b = definite(2, 5, 5), stack_of(5, 3)
    for upper in (False, True):
        factor = ct.cholesky(ct.tensor(a), upper)
        got = ct.cholesky_solve(ct.tensor(b), factor, upper).numpy()
        np.testing.assert_allclose(got, np.linalg.solve(a, np.stack([b, b])), rtol=1e-10)
        np.testing.assert_allclose(
            ct.cholesky_inverse(factor, upper).numpy(), np.linalg.inv(a), rtol=1e-9, atol=1e-12
        )


def test_derivatives():
    a = stack_of(3, 3)

    def symmetric(x):
        return x @ x.mT + 4 * ct.eye(3, dtype="float64")

    derivatives(lambda x: ct.cholesky(symmetric(x)), a)
    derivatives(lambda x: ct.cholesky(symmetric(x), upper=True), a)
    derivatives(lambda x, b: ct.cholesky_solve(b, ct.cholesky(symmetric(x))), a, stack_of(3, 2))
    derivatives(lambda x: ct.cholesky_inverse(x + 5 * ct.eye(3, dtype="float64")), a)


def test_the_gradient_of_a_symmetric_operand_is_symmetric(fp64):
    x = ct.tensor(definite(3, 3), requires_grad=True)
    ct.cholesky(x).sum().backward()
    g = x.grad.numpy()
    np.testing.assert_allclose(g, g.T, rtol=1e-12)


def test_shapes_that_do_not_fit():
    with pytest.raises(ShapeError, match="square"):
        ct.cholesky(ct.ones(2, 3))
    with pytest.raises(ShapeError, match="cholesky_solve"):
        ct.cholesky_solve(ct.ones(2, 1), ct.ones(3, 3))


@pytest.mark.parametrize("n", [5, 70])
def test_complex_factors(skeleton, n):
    z = complex_stack(2, n, n)
    a = (z @ z.conj().swapaxes(-1, -2) + n * np.eye(n)).astype("complex64")
    factor = ct.linalg.cholesky(ct.tensor(a)).numpy()
    assert residual(factor @ factor.conj().swapaxes(-1, -2), a, "complex64") < 20
    np.testing.assert_allclose(factor, np.linalg.cholesky(a), rtol=1e-3, atol=1e-3)
    upper = ct.linalg.cholesky(ct.tensor(np.triu(a)), upper=True).numpy()
    np.testing.assert_allclose(upper.conj().swapaxes(-1, -2), factor, rtol=1e-4, atol=1e-4)


def test_derivatives_of_complex_factors():
    def factor(z):
        a = z @ z.mH + ct.eye(3, dtype="complex128")
        return ct.view_as_real(ct.linalg.cholesky(a))

    derivatives(factor, complex_stack(3, 3, dtype="complex128"), second=False)
