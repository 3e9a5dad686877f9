"""Products of complex matrices."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import ShapeError
from cltensor.testing import gradcheck, gradgradcheck

SHAPES = [
    ((3, 4), (4, 5)), ((70, 33), (33, 20)), ((2, 5), (5, 300)), ((300, 5), (5, 2)), ((5,), (5,)),
    ((4, 3, 5), (5, 2)), ((2, 1, 3, 4), (3, 4, 6)), ((1, 7), (7, 9)), ((9, 7), (7, 1)),
    ((3, 0), (0, 2)), ((0, 3), (3, 2)), ((5,), (5, 3)), ((3, 5), (5,)), ((4, 1), (1, 3)),
]  # fmt: skip


def draw(shape, dtype="complex64"):
    random = np.random.default_rng(sum(shape))
    return (random.normal(size=shape) + 1j * random.normal(size=shape)).astype(dtype)


@pytest.mark.parametrize("shapes", SHAPES)
@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_products_are_numpys(device, shapes, dtype):
    if dtype == "complex128" and not device.fp64:
        pytest.skip(f"'{device}' ({device.title}) has no float64")
    a, b = (draw(shape, dtype) for shape in shapes)
    got = ct.matmul(ct.tensor(a), ct.tensor(b)).numpy()
    assert got.dtype == dtype
    np.testing.assert_allclose(got, a @ b, rtol=1e-4, atol=1e-5)


def test_views_in_any_order(device):
    a, b = draw((6, 8)), draw((9, 6))
    x, y = ct.tensor(a), ct.tensor(b)
    for got, want in [
        (y @ x, b @ a), (x.T @ y.T, a.T @ b.T), (x[::2, 1:].mH @ y[:3].mT[::2], None),
        (x.mH @ y.mH, a.conj().T @ b.conj().T),
    ]:  # fmt: skip
        want = a[::2, 1:].conj().T @ b[:3].T[::2] if want is None else want
        np.testing.assert_allclose(got.numpy(), want, rtol=1e-4, atol=1e-5)
    with pytest.raises(ShapeError, match="^matmul: inner sizes"):
        x @ x


def test_inner_products(device):
    a, b = draw((7,)), draw((7,))[::-1].copy()
    x, y = ct.tensor(a), ct.tensor(b)
    np.testing.assert_allclose(ct.dot(x, y).numpy(), a.dot(b), rtol=1e-5)
    np.testing.assert_allclose(ct.vdot(x, y).numpy(), np.vdot(a, b), rtol=1e-5)
    np.testing.assert_allclose(ct.outer(x, y).numpy(), np.outer(a, b), rtol=1e-5)
    np.testing.assert_allclose(ct.vdot(ct.arange(3), ct.arange(3)).item(), 5)


def test_derivatives(fp64):
    a, b, c = (ct.tensor(draw(s, "complex128"), requires_grad=True) for s in ((2, 3), (3, 4), (4,)))
    for function, inputs in [
        (ct.matmul, [a, b]), (lambda a, b, c: ct.nn.functional.linear(a, b.mT, c), [a, b, c]),
        (lambda a: a.mH @ a, [a]), (lambda b, c: ct.vdot(b[0], c), [b, c]),
    ]:  # fmt: skip
        assert gradcheck(function, inputs)
        assert gradgradcheck(function, inputs)
