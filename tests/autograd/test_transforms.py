"""Derivatives as functions: values by hand, nesting, structures, and what is refused."""

import math

import numpy as np
import pytest

import cltensor as ct
from cltensor import func
from cltensor.errors import GradientError, ShapeError

X = [0.5, -1.0, 2.0]
A = [[1.0, 2.0, 0.0], [0.0, -1.0, 3.0]]


def close(got, want):
    np.testing.assert_allclose(got.numpy(), want, rtol=1e-5, atol=1e-6)


def test_grad_of_one_and_of_several_arguments():
    x, y = ct.tensor(X), ct.tensor([2.0, 3.0, 4.0])
    close(func.grad(lambda a, b: (a * a * b).sum())(x, y), [2.0, -6.0, 16.0])
    first, second = func.grad(lambda a, b: (a * a * b).sum(), argnums=(0, -1))(x, y)
    close(first, [2.0, -6.0, 16.0])
    close(second, [0.25, 1.0, 4.0])
    assert not first.requires_grad
    assert x.grad is None


def test_nesting_to_the_sixth_order():
    function = ct.sin
    for order in range(1, 7):
        function = func.grad(function)
        want = [np.cos, lambda v: -np.sin(v), lambda v: -np.cos(v), np.sin][(order - 1) % 4]
        assert function(ct.tensor(0.7)).item() == pytest.approx(want(0.7), abs=1e-5)


POINT, DIRECTION = np.array([0.5, -1.0, 1.5, 0.25]), np.array([0.3, 0.2, -0.4, 0.5])
WEIGHTS = np.array([[0.5, -0.25, 1.0, 0.75], [-1.0, 0.5, 0.25, 0.5], [0.25, 1.0, -0.5, -0.75]])
LAST = np.array([[1.0, -0.5, 0.75]])
#: Functions of a vector, in cltensor and in NumPy for complex numbers.
ANALYTIC = {
    "norm": (lambda x: x.norm(), lambda x: np.sqrt((x * x).sum())),
    "tanh": (lambda x: x.tanh().sum(), lambda x: np.tanh(x).sum()),
    "softmax": (
        lambda x: x.softmax(0)[1:].square().sum(),
        lambda x: ((np.exp(x) / np.exp(x).sum())[1:] ** 2).sum(),
    ),
    "network": (
        lambda x: (ct.tensor(LAST, dtype=x.dtype) @ (ct.tensor(WEIGHTS, dtype=x.dtype) @ x).tanh())
        .sigmoid().sum(),
        lambda x: (1 / (1 + np.exp(-LAST @ np.tanh(WEIGHTS @ x)))).sum(),
    ),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", ANALYTIC)
def test_six_nested_gradients(device, name):
    """Along a line, beside Cauchy's integrals in float64."""
    function, reference = ANALYTIC[name]
    dtype = "float64" if device.fp64 else "float32"
    point, direction = [ct.tensor(v, dtype=dtype) for v in (POINT, DIRECTION)]
    radius, turns = 0.5, np.exp(2j * np.pi * np.arange(64) / 64)
    values = np.array([reference(POINT + radius * t * DIRECTION) for t in turns])
    derivative = lambda t: function(point + t * direction)  # noqa: E731
    scale = 0.0
    for order in range(1, 7):
        derivative = func.grad(derivative)
        mean = (values * turns**-order).mean().real
        want = math.factorial(order) * mean / radius**order
        scale = max(scale, abs(want))
        got = derivative(ct.tensor(0.0, dtype=dtype)).item()
        assert got == pytest.approx(want, rel=1e-9, abs=(1e-9 if device.fp64 else 1e-3) * scale)


def test_an_inner_derivative_by_what_the_outer_one_moves():
    def outer(x):
        return func.grad(lambda y: (x * x * y * y).sum())(x).sum()  # 2 x^3

    close(func.grad(outer)(ct.tensor(X)), 6 * np.square(X))
    w = ct.tensor(3.0, requires_grad=True)
    found = func.grad(lambda x: w * w * x)(ct.tensor(2.0))  # of a captured tensor: w^2
    found.backward()
    assert w.grad.item() == 6.0


def test_vjp_and_jvp_are_transposes():
    x, a = ct.tensor(X), ct.tensor(A)

    def f(v):
        return ct.tanh(a @ v), v * v

    (_, square), back = func.vjp(f, x)
    close(square, np.square(X))
    u = ct.tensor([1.0, -2.0]), ct.tensor([0.5, 1.0, 2.0])
    (pulled,) = back(u)
    t = ct.tensor([1.0, 2.0, 3.0])
    _, (first, second) = func.jvp(f, (x,), (t,))
    left = (pulled * t).sum().item()
    assert left == pytest.approx(
        (u[0] * first).sum().item() + (u[1] * second).sum().item(), rel=1e-5
    )
    (again,) = back(*u)  # as often as one likes
    close(again, pulled.numpy())


def test_jacobians_by_rows_and_by_columns():
    a, x = ct.tensor(A), ct.tensor(X)

    def f(v):
        return a @ (v * v)

    want = np.array(A) * 2 * np.array(X)
    for kind in (func.jacrev, func.jacfwd):
        close(kind(f)(x), want)
        both = kind(lambda p, q: {"sum": p + 2 * q}, argnums=(0, 1))(x, x)
        close(both["sum"][1], 2 * np.eye(3))
        assert kind(lambda v: v.reshape(3, 1))(x).shape == (3, 1, 3)
        assert kind(lambda v: v[:0])(x).shape == (0, 3)
        value, aux = kind(lambda v: (v.sum(), v), has_aux=True)(x)
        close(value, [1.0, 1.0, 1.0])
        close(aux, X)


def test_hessians():
    x = ct.tensor(X)
    close(func.hessian(lambda v: (v**3).sum())(x), np.diag(6 * np.array(X)))
    gradient, product = func.hvp(lambda v: (v**3).sum(), (x,), (ct.tensor([1.0, 0.0, 2.0]),))
    close(gradient, 3 * np.square(X))
    close(product, [3.0, 0.0, 24.0])


def test_what_has_no_part_is_zero():
    x = ct.tensor(X)
    close(func.grad(lambda v: ct.tensor(1.0))(x), [0.0] * 3)
    close(func.jacfwd(lambda v: ct.ones(2))(x), np.zeros((2, 3)))
    close(func.jacrev(lambda v, w: w, argnums=0)(x, x), np.zeros((3, 3)))
    _, back = func.vjp(lambda v: ct.ones(2), x)
    close(back(ct.ones(2))[0], [0.0] * 3)
    with pytest.raises(GradientError, match="does not depend"):
        func.jvp(lambda v: ct.ones(2), (x,), (x,), strict=True)


def test_complex_numbers():
    z = ct.tensor([1.0 + 2.0j, 3.0 - 1.0j])
    close(func.grad(lambda v: (v * v.conj()).real.sum())(z), 2 * z.numpy())
    with pytest.raises(GradientError, match="direction"):
        func.grad(lambda v: v.sum())(z)


def test_a_derivative_in_many_directions():
    x, y = ct.tensor([1.0, 2.0]), ct.tensor([3.0, 4.0])
    calls = []

    def f(a, b):
        calls.append(1)
        return {"product": a * b, "sum": a.sum()}

    value, derivative = func.linearize(f, x, y)
    assert value["product"].tolist() == [3, 8]
    for a, b in (((1.0, 0.0), (0.0, 1.0)), ((2.0, 3.0), (4.0, 5.0))):
        tangents = ct.tensor(a), ct.tensor(b)
        found, wanted = derivative(*tangents), func.jvp(f, (x, y), tangents)[1]
        assert {k: v.tolist() for k, v in found.items()} == {
            k: v.tolist() for k, v in wanted.items()
        }
    assert len(calls) == 3
    with pytest.raises(ShapeError):
        derivative(x)


def test_what_a_function_draws_is_the_same_for_all_columns():
    x = ct.tensor([1.0, 2.0, 3.0])
    rows = func.jacfwd(lambda v: v.sum() * ct.rand(1), randomness="same")(x)
    assert len(set(rows.flatten().tolist())) == 1
    with pytest.raises(ValueError, match="randomness is 'different', .* use 'same'"):
        func.jacfwd(ct.exp, randomness="different")
