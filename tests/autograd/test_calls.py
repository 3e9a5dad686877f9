"""Calls that are differentiated: structures, tensors in a graph, and what is refused."""

import numpy as np
import pytest

import cltensor as ct
from cltensor import func
from cltensor.errors import DTypeError, GradientError, ShapeError

X = [0.5, -1.0, 2.0]
A = [[1.0, 2.0, 0.0], [0.0, -1.0, 3.0]]


def close(got, want):
    np.testing.assert_allclose(got.numpy(), want, rtol=1e-5, atol=1e-6)


def test_structures_keywords_and_what_goes_along():
    weights = {"w": ct.tensor(A), "b": [ct.tensor([1.0, 2.0])]}

    def loss(params, x, scale=1.0):
        out = params["w"] @ x + params["b"][0]
        return (out.sum() * scale), {"out": out, "name": "text"}

    found, aux = func.grad(loss, has_aux=True)(weights, ct.tensor(X), scale=2.0)
    close(found["w"], [[1.0, -2.0, 4.0]] * 2)
    close(found["b"][0], [2.0, 2.0])
    assert aux["name"] == "text"
    assert not aux["out"].requires_grad
    gradient, (value, _) = func.grad_and_value(loss, has_aux=True)(weights, ct.tensor(X))
    (again, _), _ = func.value_and_grad(loss, has_aux=True)(weights, ct.tensor(X))
    assert value.item() == again.item() == pytest.approx(8.5)
    close(gradient["b"][0], [1.0, 1.0])


def test_tensors_in_a_graph_keep_it():
    x = ct.tensor(X, requires_grad=True)
    found = func.grad(lambda v: (v**3).sum())(x)
    found.sum().backward()
    close(x.grad, 6 * np.array(X))
    with ct.no_grad():
        assert not func.grad(lambda v: (v**3).sum())(x).requires_grad


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda x: func.grad(lambda v: v)(x), ShapeError, r"shapes \[\(3,\)\]"),
        (lambda x: func.grad(lambda v: v.sum(), 1)(x), ShapeError, "argnums is 1"),
        (lambda x: func.grad(lambda v: v.sum(), "a")(x), DTypeError, "argnums is 'a'"),
        (lambda x: func.grad(lambda v, w: v.sum(), (0, -2))(x, x), ShapeError, "twice"),
        (lambda x: func.grad(lambda v: v.sum())(x.long()), DTypeError, "int64"),
        (lambda x: func.grad(lambda v: v)(1.0), DTypeError, "no tensor"),
        (lambda x: func.grad(lambda v: 1.0)(x), DTypeError, "returned"),
        (lambda x: func.grad(lambda v: v.sum(), has_aux=True)(x), GradientError, "a pair"),
        (lambda x: func.jvp(lambda v: v, x, x), DTypeError, "tuples"),
        (lambda x: func.jvp(lambda v: v, (x,), (x[:2],)), ShapeError, r"shape \(3,\)"),
        (lambda x: func.vjp(lambda v: v, x)[1](x, x), ShapeError, "2 cotangents for 1"),
        (lambda x: func.jacrev(lambda v: v, chunk_size=0), ShapeError, "chunk_size is 0"),
        (lambda x: func.jacrev(lambda v: v.sort())(x), DTypeError, "jacrev: .* of int64"),
        (lambda x: func.vjp(lambda v: (v, v.argmax()), x), DTypeError, "vjp: .* of int64"),
    ],
)
def test_what_is_refused(call, error, text):
    with pytest.raises(error, match=text):
        call(ct.tensor(X))
