"""QR factors and reflections."""

import numpy as np
import pytest
from matrices import complex_stack, derivatives, residual, stack_of

import cltensor as ct
from cltensor.errors import GradientError, ShapeError

SHAPES = [(0, 0), (0, 3), (3, 0), (1, 1), (2, 3), (33, 20), (20, 33), (100, 70)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("batch", [(), (3,), (2, 2)])
def test_factors(skeleton, shape, batch):
    a = stack_of(*batch, *shape, dtype="float32")
    for mode in ("reduced", "complete"):
        q, r = [x.numpy() for x in ct.linalg.qr(ct.tensor(a), mode)]
        assert residual(q @ r, a, "float32") < 20
        assert residual(q.swapaxes(-1, -2) @ q, np.eye(q.shape[-1]), "float32") < 20
        assert np.array_equal(r, np.triu(r))
    only = ct.linalg.qr(ct.tensor(a), "r")
    assert only.Q.shape == (0,)
    np.testing.assert_array_equal(only.R.numpy(), ct.linalg.qr(ct.tensor(a)).R.numpy())


def test_the_signs_are_those_of_lapack(fp64):
    a = stack_of(9, 5)
    want_q, want_r = np.linalg.qr(a)
    q, r = ct.qr(ct.tensor(a))
    np.testing.assert_allclose(q.numpy(), want_q, atol=1e-13)
    np.testing.assert_allclose(r.numpy(), want_r, atol=1e-13)
    assert ct.qr(ct.tensor(a), some=False).Q.shape == (9, 9)


def test_elements_whose_squares_overflow_or_vanish(skeleton):
    a = stack_of(9, 4, dtype="float32")
    a[:, 0] *= np.float32(1e30)
    a[:, 1] *= np.float32(1e-30)
    q, r = [x.numpy() for x in ct.linalg.qr(ct.tensor(a))]
    np.testing.assert_allclose(q.T @ q, np.eye(4), atol=1e-5)
    np.testing.assert_allclose((q @ r)[:, 0], a[:, 0], rtol=1e-4)
    q, r = ct.linalg.qr(ct.tensor(np.array([[1e20, 1], [1e-20, 2], [1e-30, 3]], "float32")))
    np.testing.assert_allclose(np.abs(np.diag(r.numpy())), [1e20, 13**0.5], rtol=1e-6)


@pytest.mark.parametrize("shape", [(0, 0), (1, 1), (5, 5), (33, 20), (100, 70)])
@pytest.mark.parametrize("batch", [(), (2,)])
def test_products_of_reflections(skeleton, shape, batch):
    a = ct.tensor(stack_of(*batch, *shape, dtype="float32"))
    kept, tau = ct.geqrf(a)
    q = ct.linalg.qr(a).Q.numpy()
    np.testing.assert_allclose(ct.linalg.householder_product(kept, tau).numpy(), q, atol=1e-4)
    whole = ct.linalg.qr(a, "complete").Q.numpy()
    turned = whole.swapaxes(-1, -2)
    b = stack_of(*batch, shape[0], 3, dtype="float32")
    for left, transpose in ((True, False), (True, True), (False, False), (False, True)):
        other = b if left else b.swapaxes(-1, -2)
        factor = turned if transpose else whole
        got = ct.ormqr(kept, tau, ct.tensor(other), left, transpose).numpy()
        np.testing.assert_allclose(got, factor @ b if left else other @ factor, atol=1e-3)


@pytest.mark.parametrize("shape", [(3, 3), (2, 3), (3, 2)])
def test_derivatives(shape):
    a = stack_of(*shape)
    derivatives(ct.linalg.qr, a)
    derivatives(lambda x: ct.linalg.qr(x).R, a, second=False)
    derivatives(lambda x: ct.linalg.qr(x).Q, a, second=False)


def test_derivatives_of_products_of_reflections():
    kept, tau, other = stack_of(3, 2), stack_of(2), stack_of(3, 2)
    derivatives(ct.orgqr, kept, tau)
    derivatives(ct.ormqr, kept, tau, other)
    derivatives(lambda a, t: ct.orgqr(a, t), kept, tau * 0)


def test_what_has_no_derivative_says_so():
    x = ct.ones(3, 2, requires_grad=True)
    for mode in ("complete", "r"):
        with pytest.raises(GradientError, match=f"mode '{mode}'"):
            ct.linalg.qr(x, mode).R.sum().backward()
    with pytest.raises(GradientError, match="geqrf"):
        ct.geqrf(x)


def test_wrong_arguments():
    with pytest.raises(ValueError, match="mode is 'raw'"):
        ct.linalg.qr(ct.ones(2, 2), "raw")
    with pytest.raises(ShapeError, match="no more columns than rows"):
        ct.orgqr(ct.ones(2, 3), ct.ones(2))
    with pytest.raises(ShapeError, match="at most 2 elements"):
        ct.orgqr(ct.ones(3, 2), ct.ones(3))
    with pytest.raises(ShapeError, match="3 rows"):
        ct.ormqr(ct.ones(3, 2), ct.ones(2), ct.ones(2, 2))


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (70, 66)])
def test_complex_factors(skeleton, shape):
    a = complex_stack(2, *shape)
    for mode in ("reduced", "complete"):
        q, r = [x.numpy() for x in ct.linalg.qr(ct.tensor(a), mode)]
        assert residual(q @ r, a, "complex64") < 20
        assert residual(q.conj().swapaxes(-1, -2) @ q, np.eye(q.shape[-1]), "complex64") < 20
        assert not np.diagonal(r, axis1=-2, axis2=-1).imag.any()


def test_derivatives_of_complex_factors():
    def parts(z):
        return ct.view_as_real(ct.cat([x.reshape(-1) for x in ct.linalg.qr(z)]))

    derivatives(parts, complex_stack(3, 3, dtype="complex128"), second=False)
    derivatives(parts, complex_stack(2, 3, dtype="complex128"), second=False)


def test_complex_reflections():
    a, x = complex_stack(2, 5, 3), ct.tensor(complex_stack(2, 5, 4, seed=1))
    kept, tau = ct.geqrf(ct.tensor(a))
    q = ct.linalg.householder_product(kept, tau)
    made = (q @ ct.triu(kept[:, :3])).numpy()
    assert residual(made, a, "complex64") < 20
    whole = ct.ormqr(kept, tau, ct.eye(5, dtype=ct.complex64).expand(2, 5, 5).clone())
    np.testing.assert_allclose(whole[..., :3].numpy(), q.numpy(), atol=1e-5)
    for left, transpose in ((True, True), (False, False), (False, True)):
        turned = whole.mH if transpose else whole
        want = turned @ x if left else x.mH @ turned
        got = ct.ormqr(kept, tau, x if left else x.mH.clone(), left=left, transpose=transpose)
        np.testing.assert_allclose(got.numpy(), want.numpy(), atol=1e-4)
    wide = [y.numpy().astype("complex128") for y in (kept, tau)]
    derivatives(ct.linalg.householder_product, *wide)
