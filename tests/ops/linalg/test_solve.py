"""Systems, inverses and determinants, of regular and singular matrices."""

import numpy as np
import pytest
from matrices import complex_stack, derivatives, residual, stack_of

import cltensor as ct
from cltensor.errors import DTypeError, LinAlgError, ShapeError
from cltensor.testing import gradcheck


@pytest.mark.parametrize("n", [0, 1, 5, 70])
@pytest.mark.parametrize("batch", [(), (3,), (2, 2)])
def test_values(skeleton, n, batch):
    a = stack_of(*batch, n, n, dtype="float32") + 2 * np.eye(n, dtype="float32")
    b = stack_of(*batch, n, 3, dtype="float32")
    x = ct.linalg.solve(ct.tensor(a), ct.tensor(b)).numpy()
    np.testing.assert_allclose(a @ x, b, atol=1e-3)
    x = ct.linalg.solve(ct.tensor(a), ct.tensor(b).mT, left=False).numpy()
    np.testing.assert_allclose(x @ a, b.swapaxes(-1, -2), atol=1e-3)
    inverse = ct.linalg.inv(ct.tensor(a)).numpy()
    np.testing.assert_allclose(a @ inverse, np.broadcast_to(np.eye(n), a.shape), atol=1e-3)
    sign, size = np.linalg.slogdet(a.astype("float64"))
    found = ct.slogdet(ct.tensor(a))
    np.testing.assert_array_equal(found.sign.numpy(), sign)
    np.testing.assert_allclose(found.logabsdet.numpy(), size, rtol=1e-4, atol=1e-4)
    if n < 70:
        np.testing.assert_allclose(
            ct.det(ct.tensor(a)).numpy(), np.linalg.det(a), rtol=1e-4, atol=1e-5
        )


def test_vectors_and_broadcast_batches(skeleton):
    a = stack_of(2, 4, 4, dtype="float32") + 2 * np.eye(4, dtype="float32")
    b = stack_of(2, 4, dtype="float32")
    x = ct.linalg.solve(ct.tensor(a), ct.tensor(b)).numpy()
    np.testing.assert_allclose((a @ x[..., None])[..., 0], b, atol=1e-5)
    x = ct.linalg.solve(ct.tensor(a), ct.tensor(b[0])).numpy()
    assert x.shape == (2, 4)
    np.testing.assert_allclose((a @ x[..., None])[..., 0], np.stack([b[0], b[0]]), atol=1e-5)
    x = ct.linalg.solve(ct.tensor(a[:, None]), ct.tensor(stack_of(3, 4, 2, dtype="float32")))
    assert x.shape == (2, 3, 4, 2)


def test_singular_matrices(skeleton):
    a = ct.tensor(np.stack([np.eye(3), np.zeros((3, 3))]).astype("float32"))
    for call in (ct.linalg.inv, ct.inverse, lambda a: ct.linalg.solve(a, ct.ones(2, 3))):
        with pytest.raises(LinAlgError, match=r"zero at place 1 .*\(matrix 1 of the stack\)"):
            call(a)
    assert ct.linalg.inv_ex(a).info.tolist() == [0, 1]
    assert ct.linalg.solve_ex(a, ct.ones(2, 3)).info.tolist() == [0, 1]
    for call in (ct.linalg.inv_ex, lambda a, **k: ct.linalg.solve_ex(a, ct.ones(2, 3), **k)):
        with pytest.raises(LinAlgError):
            call(a, check_errors=True)
    assert ct.det(a).tolist() == [1.0, 0.0]
    assert ct.slogdet(a).sign.tolist() == [1.0, 0.0]
    assert ct.slogdet(a).logabsdet.tolist() == [0.0, -float("inf")]


def test_logarithms_of_determinants():
    a = ct.tensor([[[2.0, 0.0], [0.0, 3.0]], [[0.0, 2.0], [3.0, 0.0]], [[1.0, 1.0], [1.0, 1.0]]])
    found = a.logdet().tolist()
    assert found[0] == pytest.approx(np.log(6))
    assert np.isnan(found[1])
    assert found[2] == -np.inf


def test_derivatives():
    a, b = stack_of(2, 3, 3), stack_of(3, 2)
    derivatives(ct.linalg.solve, a, b)
    derivatives(lambda a, b: ct.linalg.solve(a, b.mT, left=False), a[0], b, second=False)
    derivatives(lambda a, b: ct.linalg.solve(a, b), a, stack_of(2, 3), second=False)
    derivatives(ct.linalg.inv, a)
    derivatives(ct.det, a)
    derivatives(lambda a: ct.slogdet(a).logabsdet, a)
    derivatives(lambda a: ct.logdet(a @ a.mT), a)


def test_the_determinant_of_a_singular_matrix_has_a_derivative(fp64):
    a = stack_of(4, 4)
    a[3] = a[1] + a[0]
    for singular in (a, np.diag([1.0, 2.0, 0.0])):
        assert gradcheck(ct.det, [ct.tensor(singular, requires_grad=True)])
    x = ct.tensor(np.diag([1.0, 0.0, 0.0]), requires_grad=True)
    ct.det(x).backward()
    np.testing.assert_allclose(x.grad.numpy(), np.zeros((3, 3)), atol=1e-12)


def test_operands_that_do_not_fit():
    with pytest.raises(ShapeError, match="square"):
        ct.det(ct.ones(2, 3))
    with pytest.raises(ShapeError, match="B needs 2 rows"):
        ct.linalg.solve(ct.ones(2, 2), ct.ones(3, 2))
    with pytest.raises(DTypeError, match="int64"):
        ct.linalg.inv(ct.tensor([[1]]))


@pytest.mark.parametrize("n", [5, 70])
def test_complex_systems(skeleton, n):
    a, b = complex_stack(2, n, n), complex_stack(2, n, 3, seed=1)
    x = ct.tensor(a)
    for left in (True, False):
        right = b if left else b.swapaxes(-1, -2)
        got = ct.linalg.solve(x, ct.tensor(right), left=left).numpy()
        assert residual(a @ got if left else got @ a, right, "complex64") < 200
    assert residual(a @ ct.linalg.inv(x).numpy(), np.eye(n), "complex64") < 200
    sign, size = np.linalg.slogdet(a)
    found = ct.linalg.slogdet(x)
    np.testing.assert_allclose(found.sign.numpy(), sign, atol=1e-3)
    np.testing.assert_allclose(found.logabsdet.numpy(), size, rtol=1e-4)
    if n == 5:
        np.testing.assert_allclose(ct.linalg.det(x).numpy(), np.linalg.det(a), rtol=1e-3)


def test_derivatives_of_complex_systems():
    z, b = complex_stack(3, 3, dtype="complex128"), complex_stack(3, 2, dtype="complex128")

    def parts(*xs):
        return ct.view_as_real(ct.cat([x.reshape(-1) for x in xs]))

    solve = ct.linalg.solve
    derivatives(lambda z: parts(ct.linalg.inv(z), solve(z, ct.tensor(b))), z, second=False)
    derivatives(lambda z: parts(ct.linalg.det(z), ct.linalg.slogdet(z).sign), z, second=False)
    derivatives(lambda z: ct.linalg.slogdet(z).logabsdet, z, second=False)
