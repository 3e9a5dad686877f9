"""Triangular systems: both sides, both triangles, every size around the edges of blocks."""

import itertools

import numpy as np
import pytest
from matrices import complex_stack, derivatives, residual, stack_of

import cltensor as ct
from cltensor.errors import ShapeError
from cltensor.testing import gradcheck


def triangle(n, upper, unit, batch, dtype):
    a = stack_of(*batch, n, n, dtype=dtype) / max(n, 1) + np.eye(n, dtype=dtype) * 2
    read = np.triu(a) if upper else np.tril(a)
    if unit:
        i = np.arange(n)
        read[..., i, i] = 1
    return a, read


@pytest.mark.parametrize("n", [0, 1, 5, 64, 65, 130])
@pytest.mark.parametrize("batch", [(), (3,), (2, 2)])
def test_both_sides_of_both_triangles(skeleton, n, batch):
    for upper, left, unit in itertools.product((True, False), repeat=3):
        a, read = triangle(n, upper, unit, batch, "float32")
        b = stack_of(*batch, *((n, 7) if left else (7, n)), dtype="float32")
        x = ct.linalg.solve_triangular(
            ct.tensor(a), ct.tensor(b), upper=upper, left=left, unitriangular=unit
        ).numpy()
        got = read @ x if left else x @ read
        assert residual(got, b, "float32") < 20, (upper, left, unit)


def test_batches_broadcast_and_views_are_read(skeleton):
    a, read = triangle(9, False, False, (3, 1), "float32")
    b = stack_of(2, 4, 9, dtype="float32")
    x = ct.linalg.solve_triangular(ct.tensor(a), ct.tensor(b).mT, upper=False)
    assert x.shape == (3, 2, 9, 4)
    np.testing.assert_allclose(
        read @ x.numpy(), np.broadcast_to(b.swapaxes(1, 2), x.shape), atol=1e-5
    )
    turned = ct.linalg.solve_triangular(ct.tensor(a).mT, ct.tensor(b).mT, upper=True).numpy()
    want = np.linalg.solve(read.swapaxes(-1, -2), b.swapaxes(1, 2))
    np.testing.assert_allclose(turned, want, atol=1e-5)
    part = ct.tensor(np.pad(a[0, 0], 2))[2:-2, 2:-2]
    got = ct.linalg.solve_triangular(part, ct.tensor(b[0].T.copy()), upper=False).numpy()
    np.testing.assert_allclose(read[0, 0] @ got, b[0].T, atol=1e-5)


@pytest.mark.parametrize("upper", [True, False])
@pytest.mark.parametrize("unit", [True, False])
def test_derivatives(upper, unit):
    a, _ = triangle(3, upper, unit, (2,), "float64")
    derivatives(
        lambda a, b: ct.linalg.solve_triangular(a, b, upper=upper, unitriangular=unit),
        a, stack_of(3, 2),
    )  # fmt: skip
    derivatives(
        lambda a, b: ct.linalg.solve_triangular(a, b, upper=upper, left=False),
        a[0], stack_of(2, 3), second=False,
    )  # fmt: skip


def test_a_triangle_of_several_blocks_has_a_derivative(fp64):
    a, _ = triangle(70, False, False, (), "float64")
    b = ct.tensor(stack_of(70, 1), requires_grad=True)
    assert gradcheck(lambda b: ct.linalg.solve_triangular(ct.tensor(a), b, upper=False), [b])


def test_shapes_that_do_not_fit():
    with pytest.raises(ShapeError, match="B needs 3 rows"):
        ct.linalg.solve_triangular(ct.ones(3, 3), ct.ones(2, 3), upper=True)
    with pytest.raises(ShapeError, match="B needs 3 columns"):
        ct.linalg.solve_triangular(ct.ones(3, 3), ct.ones(3, 2), upper=True, left=False)
    with pytest.raises(ShapeError, match="do not broadcast"):
        ct.linalg.solve_triangular(ct.ones(2, 3, 3), ct.ones(4, 3, 2), upper=True)
    with pytest.raises(TypeError, match="upper"):
        ct.linalg.solve_triangular(ct.ones(3, 3), ct.ones(3, 3))


def test_complex_triangles(skeleton):
    a, b = complex_stack(2, 5, 5), complex_stack(2, 5, 3, seed=1)
    a += 5 * np.eye(5)
    got = ct.linalg.solve_triangular(ct.tensor(a), ct.tensor(b), upper=True).numpy()
    np.testing.assert_allclose(np.triu(a) @ got, b, rtol=1e-4, atol=1e-4)
