"""Functions from vectors to points of the simplex and to matrices of a kind."""

import numpy as np
import pytest
from distribution_checks import close

import cltensor as ct
import cltensor.distributions as D
from cltensor.distributions import constraints
from cltensor.errors import ShapeError

X = np.float32([[0.1, -0.5, 0.3], [2.0, -1.5, 0.0]])
BELOW = np.tril_indices(3, -1)


def jacobian(function, x):
    """The slopes of all elements of function(x) by those of x, one row after the other."""
    rows = []
    for i in range(function(ct.tensor(x)).size):
        leaf = ct.tensor(x, requires_grad=True)
        function(leaf).reshape(-1)[i].backward()
        rows.append(leaf.grad.numpy().ravel())
    return np.float64(rows)


@pytest.mark.parametrize(
    ("transform", "free"),
    [
        (D.StickBreakingTransform(), lambda y: y[..., :-1]),
        (D.CorrCholeskyTransform(), lambda y: y[..., BELOW[0], BELOW[1]]),
    ],
)
def test_inverses_and_slopes(device, transform, free):
    x = ct.tensor(X)
    y = transform(x)
    assert transform.codomain.check(y).all().item()
    close(transform.inv(y), X, rtol=1e-4, atol=1e-6)
    assert tuple(transform.forward_shape(X.shape)) == tuple(y.shape)
    assert tuple(transform.inverse_shape(y.shape)) == X.shape
    want = [np.log(np.abs(np.linalg.det(jacobian(lambda v: free(transform(v)), row)))) for row in X]
    close(transform.log_abs_det_jacobian(x, y), want, rtol=1e-4)
    close(transform.inv.log_abs_det_jacobian(y, x), -np.float64(want), rtol=1e-4)


def test_known_values(device):
    even = D.StickBreakingTransform()(ct.zeros(3))
    close(even, [0.25] * 4)
    close(D.SoftmaxTransform()(ct.tensor([0.0, float(np.log(3))])), [0.25, 0.75])
    close(D.SoftmaxTransform().inv(ct.tensor([0.25, 0.75])), np.log([0.25, 0.75]))
    r = np.tanh([0.1, -0.5, 0.3])
    want = [
        [1, 0, 0],
        [r[0], np.sqrt(1 - r[0] ** 2), 0],
        [r[1], r[2] * np.sqrt(1 - r[1] ** 2), np.sqrt((1 - r[1] ** 2) * (1 - r[2] ** 2))],
    ]
    close(D.CorrCholeskyTransform()(ct.tensor(X[0])), want)


def test_far_from_the_middle(device):
    x = ct.tensor([[20.0, -15.0], [-30.0, 30.0]])
    y = D.StickBreakingTransform()(x)
    assert constraints.simplex.check(y).all().item()
    assert np.isfinite(D.StickBreakingTransform().log_abs_det_jacobian(x, y).numpy()).all()
    wide = ct.tensor([9.0, -12.0, 0.5], requires_grad=True)
    factor = D.CorrCholeskyTransform()(wide)
    assert constraints.corr_cholesky.check(factor).item()
    factor.sum().backward()
    assert np.isfinite(wide.grad.numpy()).all()


def test_matrices(device):
    x = ct.tensor(np.float32([[0.5, 9.0], [-1.0, 0.25]]))
    lower = D.LowerCholeskyTransform()
    want = [[np.exp(0.5), 0], [-1, np.exp(0.25)]]
    close(lower(x), want)
    close(lower.inv(lower(x)), [[0.5, 0], [-1, 0.25]])
    definite = D.PositiveDefiniteTransform()
    close(definite(x), np.array(want) @ np.array(want).T)
    close(definite.inv(definite(x)), [[0.5, 0], [-1, 0.25]], rtol=1e-4)
    assert lower == D.LowerCholeskyTransform() != definite


def test_bad_shapes(device):
    with pytest.raises(ShapeError, match="CorrCholeskyTransform: 4 is the number"):
        D.CorrCholeskyTransform()(ct.zeros(4))
    with pytest.raises(ShapeError, match="is of no matrices"):
        D.CorrCholeskyTransform().inverse_shape((2, 3))
    with pytest.raises(ShapeError, match="StickBreakingTransform: a value has no axis"):
        D.StickBreakingTransform().forward_shape(())
