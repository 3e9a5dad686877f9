"""Chains of transforms, parts side by side, inverses, and the last values that are kept."""

import numpy as np
import pytest
from distribution_checks import close

import cltensor as ct
import cltensor.distributions as D
from cltensor.errors import ShapeError


def test_chains_across_shapes(device):
    chain = D.ComposeTransform([D.AffineTransform(0.0, 2.0), D.StickBreakingTransform()])
    assert (chain.domain.event_dim, chain.codomain.event_dim) == (1, 1)
    x = ct.tensor([[0.1, -0.5], [0.2, 0.7]])
    y = chain(x)
    stick = D.StickBreakingTransform()
    want = stick.log_abs_det_jacobian(2 * x, y) + 2 * np.log(2)
    close(chain.log_abs_det_jacobian(x, y), want.numpy())
    close(chain.inv(y), x.numpy(), rtol=1e-4)
    assert chain.forward_shape((5, 2)) == (5, 3)
    assert chain.inv.forward_shape((5, 3)) == (5, 2)
    matrices = D.ComposeTransform([D.ExpTransform(), D.CorrCholeskyTransform(), D.ExpTransform()])
    assert (matrices.domain.event_dim, matrices.codomain.event_dim) == (1, 2)
    assert matrices.forward_shape((4, 3)) == (4, 3, 3)
    with pytest.raises(ValueError, match="values have 1 axes before and 2 after"):
        _ = matrices.event_dim
    close(D.identity_transform.log_abs_det_jacobian(x, x), np.zeros((2, 2)))


def test_axes_of_one_value(device):
    t = D.IndependentTransform(D.ExpTransform(), 1)
    x = ct.tensor([[0.1, -0.5], [0.2, 0.7]])
    close(t(x), np.exp(x.numpy()))
    close(t.inv(t(x)), x.numpy(), rtol=1e-5)
    close(t.log_abs_det_jacobian(x, t(x)), [-0.4, 0.9])
    assert t.domain.event_dim == t.event_dim == 1
    assert t == D.IndependentTransform(D.ExpTransform(), 1) != D.IndependentTransform(t, 1)
    assert repr(t) == "IndependentTransform(ExpTransform(), 1)"
    with pytest.raises(ShapeError, match="IndependentTransform: a value of shape"):
        t(ct.tensor(1.0))


def test_other_shapes(device):
    t = D.ReshapeTransform((2, 3), (6,))
    x = ct.arange(12.0).reshape(2, 2, 3)
    assert t(x).shape == (2, 6)
    close(t.inv(t(x)), x.numpy())
    close(t.log_abs_det_jacobian(x, t(x)), [0, 0])
    assert t.inverse_shape((4, 6)) == (4, 2, 3)
    assert (t.domain.event_dim, t.codomain.event_dim) == (2, 1)
    with pytest.raises(ShapeError, match=r"does not end in \(2, 3\)"):
        t.forward_shape((4, 6))
    with pytest.raises(ValueError, match="hold different numbers"):
        D.ReshapeTransform((2, 3), (5,))


def test_parts_side_by_side(device):
    t = D.CatTransform([D.ExpTransform(), D.AffineTransform(1.0, 3.0)], dim=-1, lengths=[2, 1])
    x = ct.tensor([[0.1, -0.5, 2.0], [0.2, 0.7, 3.0]])
    want = np.concatenate([np.exp(x.numpy()[:, :2]), 1 + 3 * x.numpy()[:, 2:]], 1)
    close(t(x), want)
    close(t.inv(t(x)), x.numpy(), rtol=1e-5)
    slopes = np.concatenate([x.numpy()[:, :2], np.full((2, 1), np.log(3))], 1)
    close(t.log_abs_det_jacobian(x, t(x)), slopes)
    assert t.domain.check(x).shape == (2, 3)
    assert t.bijective
    joined = D.CatTransform(
        [D.IndependentTransform(D.ExpTransform(), 1)] * 2, dim=1, lengths=[1, 2]
    )
    close(joined.log_abs_det_jacobian(x, joined(x)), x.numpy().sum(1))
    with pytest.raises(ShapeError, match="CatTransform: a value of shape .* has not 3"):
        t(ct.zeros(2, 4))


def test_elements_of_an_axis(device):
    t = D.StackTransform([D.ExpTransform(), D.AbsTransform()], dim=1)
    x = ct.tensor([[0.1, -0.5], [0.2, 0.7]])
    close(t(x), [[np.exp(0.1), 0.5], [np.exp(0.2), 0.7]])
    assert not t.bijective
    moved = D.StackTransform([D.ExpTransform(), D.AffineTransform(0.0, 2.0)], dim=1)
    close(moved.log_abs_det_jacobian(x, moved(x)), [[0.1, np.log(2)], [0.2, np.log(2)]])
    with pytest.raises(ShapeError, match="StackTransform"):
        t(ct.zeros(2, 3))
