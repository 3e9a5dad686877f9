"""Singular values by random projections."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import ShapeError

RNG = np.random.default_rng(3)


def _of_rank(*shape, rank):
    *batch, m, n = shape
    a = RNG.standard_normal((*batch, m, rank)) @ RNG.standard_normal((*batch, rank, n))
    return a.astype("float32")


@pytest.mark.parametrize("shape", [(20, 9), (9, 20), (2, 12, 12)])
def test_the_first_singular_values_of_a_matrix_of_low_rank(device, shape):
    a = _of_rank(*shape, rank=3)
    u, s, v = ct.svd_lowrank(ct.tensor(a), q=5)
    assert (u.shape, s.shape, v.shape) == (
        (*shape[:-1], 5), (*shape[:-2], 5), (*shape[:-2], shape[-1], 5)
    )  # fmt: skip
    want = np.linalg.svd(a, compute_uv=False)[..., :5]
    np.testing.assert_allclose(s.numpy(), want, atol=1e-4)
    np.testing.assert_allclose(((u * s.unsqueeze(-2)) @ v.mT).numpy(), a, atol=1e-4)


def test_what_is_subtracted_first(device):
    a, m = _of_rank(8, 6, rank=2), RNG.standard_normal((1, 6)).astype("float32")
    _, s, _ = ct.svd_lowrank(ct.tensor(a + m), q=2, niter=3, M=ct.tensor(m))
    np.testing.assert_allclose(s.numpy(), np.linalg.svd(a, compute_uv=False)[:2], rtol=1e-5)


def test_principal_components(device):
    a = _of_rank(30, 4, rank=2) + np.float32([5, -3, 2, 1])
    _, s, v = ct.pca_lowrank(ct.tensor(a))
    assert v.shape == (4, 4)
    variances = np.sort(np.linalg.eigvalsh(np.cov(a.T)))[::-1]
    np.testing.assert_allclose(s.numpy() ** 2 / 29, variances, atol=1e-4)
    _, s, _ = ct.pca_lowrank(ct.tensor(a), q=3, center=False)
    np.testing.assert_allclose(s.numpy(), np.linalg.svd(a, compute_uv=False)[:3], atol=1e-4)


def test_gradients_reach_the_matrix(device):
    x = ct.tensor(_of_rank(7, 5, rank=5), requires_grad=True)
    ct.svd_lowrank(x, q=5, niter=1)[1].sum().backward()  # all of them: the sum is the nuclear norm
    u, _, vh = np.linalg.svd(x.detach().numpy(), full_matrices=False)
    np.testing.assert_allclose(x.grad.numpy(), u @ vh, atol=2e-3)


def test_more_than_there_are(device):
    with pytest.raises(ShapeError, match=r"q is 6, and matrices of shape \(5, 9\) have 5"):
        ct.svd_lowrank(ct.ones(5, 9))
