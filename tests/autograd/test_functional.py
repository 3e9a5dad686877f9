"""The older functions of derivatives, beside derivatives by hand."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.autograd import functional
from cltensor.errors import GradientError, ShapeError

X = [0.5, -1.0, 2.0]


def cubes(v):
    return v**3


def total(v):
    return (v**3).sum()


def close(got, want):
    np.testing.assert_allclose(got.numpy(), want, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("strategy", ["reverse-mode", "forward-mode"])
def test_jacobians(strategy):
    x = ct.tensor(X)
    close(functional.jacobian(cubes, x, strategy=strategy), np.diag(3 * np.square(X)))
    first, second = functional.jacobian(lambda a, b: a * b, (x, x + 1), strategy=strategy)
    close(first, np.diag(np.array(X) + 1))
    close(second, np.diag(X))


def test_hessians():
    x = ct.tensor(X)
    close(functional.hessian(total, x), np.diag(6 * np.array(X)))
    (aa, ab), (ba, _) = functional.hessian(lambda a, b: (a * a * b).sum(), (x, x))
    close(aa, np.diag(2 * np.array(X)))
    close(ab, np.diag(2 * np.array(X)))
    close(ba, ab.numpy())
    assert functional.hessian(lambda v: total(v).reshape(1, 1), x).shape == (3, 3)


def test_products():
    x, v = ct.tensor(X), ct.tensor([1.0, 0.0, 2.0])
    value, found = functional.vjp(cubes, x, v)
    close(value, np.power(X, 3))
    close(found, [0.75, 0.0, 24.0])
    close(functional.jvp(cubes, x, v)[1], [0.75, 0.0, 24.0])
    for product in (functional.hvp, functional.vhp):
        value, found = product(total, x, v)
        assert value.item() == pytest.approx(7.125)
        close(found, [3.0, 0.0, 24.0])
    (found,) = functional.vjp(total, (x,))[1]
    close(found, 3 * np.square(X))


def test_graphs_on_request():
    x = ct.tensor(X, requires_grad=True)
    assert not functional.jacobian(cubes, x).requires_grad
    found = functional.jacobian(cubes, x, create_graph=True)
    found.sum().backward()
    close(x.grad, 6 * np.array(X))


def test_what_is_refused():
    x = ct.tensor(X)
    with pytest.raises(ShapeError, match="v is needed"):
        functional.vjp(cubes, x)
    with pytest.raises(ShapeError, match="single element"):
        functional.hessian(cubes, x)
    with pytest.raises(ValueError, match="strategy is 'none'"):
        functional.jacobian(cubes, x, strategy="none")
    with pytest.raises(GradientError, match="does not depend"):
        functional.jacobian(lambda v: ct.ones(2), x, strict=True)
