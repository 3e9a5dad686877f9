"""Singular values and vectors."""

import numpy as np
import pytest
from matrices import complex_stack, derivatives, residual, stack_of

import cltensor as ct
from cltensor.errors import LinAlgError


def check(a, full=True):
    dtype = a.dtype.name
    (m, n), k = a.shape[-2:], min(a.shape[-2:])
    u, s, vh = [x.numpy() for x in ct.linalg.svd(ct.tensor(a), full_matrices=full)]
    assert u.shape[-1] == (m if full else k)
    assert vh.shape[-2] == (n if full else k)
    assert residual(u[..., :k] * s[..., None, :] @ vh[..., :k, :], a, dtype) < 20
    for x in (u.swapaxes(-1, -2) @ u, vh @ vh.swapaxes(-1, -2)):
        assert residual(x, np.eye(x.shape[-1], dtype=dtype), dtype) < 20
    want = np.linalg.svd(a.astype("float64"), compute_uv=False)
    scale = want.max(initial=1e-30)
    np.testing.assert_allclose(s / scale, want / scale, atol=20 * k * np.finfo(dtype).eps)
    alone = ct.linalg.svdvals(ct.tensor(a)).numpy()
    np.testing.assert_allclose(alone / scale, s / scale, atol=20 * k * np.finfo(dtype).eps)


@pytest.mark.parametrize(
    "shape", [(1, 1), (2, 2), (3, 2), (2, 3), (20, 33), (70, 30), (60, 65), (2, 2, 5, 4)]
)
@pytest.mark.parametrize("full", [True, False])
def test_values_and_vectors(skeleton, shape, full):
    check(stack_of(*shape, dtype="float32"), full)


def test_float64(fp64):
    check(stack_of(60, 60))


@pytest.mark.parametrize(
    "a",
    [
        np.eye(7), np.zeros((3, 4)), np.ones((7, 7)), np.diag([1.0, 2, 3, 1e-20, 1e20]),
        np.eye(5) * 1e-30, np.ones((40, 40)) * 1e30, np.diag(np.arange(9.0), 1),
        np.triu(np.ones((30, 30))), np.vander(np.linspace(0, 1, 20)),
        np.arange(400.0).reshape(20, 20), np.diag(10.0 ** np.arange(-20, 20)),
    ],
)  # fmt: skip
def test_equal_and_extreme_values(skeleton, a):
    check(a.astype("float32"))


def test_the_older_form_gives_v(skeleton):
    a = stack_of(4, 3, dtype="float32")
    u, s, v = ct.svd(ct.tensor(a))
    assert (u.shape, s.shape, v.shape) == ((4, 3), (3,), (3, 3))
    np.testing.assert_allclose((u * s @ v.mT).numpy(), a, atol=1e-5)
    assert ct.tensor(a).svd(some=False).U.shape == (4, 4)
    none = ct.svd(ct.tensor(a), compute_uv=False)
    assert not none.U.numpy().any()
    np.testing.assert_allclose(none.S.numpy(), s.numpy(), atol=1e-5)


def test_nothing_and_what_is_no_number():
    u, s, vh = ct.linalg.svd(ct.ones(3, 0))
    np.testing.assert_array_equal(u.numpy(), np.eye(3))
    assert s.shape == (0,)
    assert vh.shape == (0, 0)
    assert ct.linalg.svdvals(ct.ones(0, 2, 3)).shape == (0, 2)
    with pytest.raises(LinAlgError, match="linalg.svd: no convergence"):
        ct.linalg.svd(ct.ones(3, 3) * float("nan"))


@pytest.mark.parametrize("shape", [(3, 3), (2, 3), (3, 2)])
def test_derivatives(shape):
    a = stack_of(*shape)
    derivatives(ct.linalg.svdvals, a)

    def all_of_it(a):
        u, s, vh = ct.linalg.svd(a, full_matrices=False)
        return u**2, s, vh**2, u @ vh

    derivatives(all_of_it, a)
    k = min(shape)
    derivatives(lambda a: ct.linalg.svd(a).U[..., :k].abs(), a, second=False)
    derivatives(lambda a: ct.linalg.svd(a).Vh[..., :k, :].abs(), a, second=False)


@pytest.mark.parametrize("shape", [(4, 4), (9, 3), (3, 5), (70, 66)])
def test_complex_values_and_vectors(skeleton, shape):
    a, k = complex_stack(2, *shape), min(shape)
    for full in (False, True):
        u, s, vh = [x.numpy() for x in ct.linalg.svd(ct.tensor(a), full)]
        assert s.dtype == np.float32
        np.testing.assert_allclose(s, np.linalg.svd(a)[1], rtol=1e-4, atol=1e-4)
        assert residual((u[..., :k] * s[:, None]) @ vh[:, :k], a, "complex64") < 20
        for x in (u, vh.conj().swapaxes(-1, -2)):
            made = x.conj().swapaxes(-1, -2) @ x
            assert residual(made, np.eye(x.shape[-1]), "complex64") < 20
    np.testing.assert_allclose(ct.linalg.svdvals(ct.tensor(a)).numpy(), s, rtol=1e-4, atol=1e-4)


def test_derivatives_of_complex_values_and_vectors():
    def found(z):
        u, s, vh = ct.linalg.svd(z, False)
        whole = (u * ct.exp(-s).unsqueeze(-2)) @ vh  # whatever the phases of the vectors
        return ct.cat([u.abs().reshape(-1), s, ct.view_as_real(whole).reshape(-1)])

    for shape in ((3, 3), (2, 3)):
        derivatives(found, complex_stack(*shape, dtype="complex128"), second=False)
