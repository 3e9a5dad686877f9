"""Products made of matmul, beside NumPy's."""

import numpy as np
import pytest
from matrices import derivatives, stack_of

import cltensor as ct
from cltensor.errors import DTypeError, ShapeError


def close(got, want, tolerance=1e-5):
    assert got.shape == want.shape
    np.testing.assert_allclose(got.numpy(), want, rtol=tolerance, atol=tolerance * 10)


def pair(*shapes):
    arrays = [stack_of(*shape, dtype="float32", seed=k) for k, shape in enumerate(shapes)]
    return arrays, [ct.tensor(x) for x in arrays]


@pytest.mark.parametrize(
    ("a", "b", "dims"),
    [
        ((3, 4, 5), (4, 5, 2), 2),
        ((3, 4), (5,), 0),
        ((3, 4, 5), (5, 4, 2), ([2, 1], [0, 1])),
        ((3, 4, 5), (2, 4), ([-2], [-1])),
        ((3, 0), (0, 2), 1),
    ],
)
def test_tensordot(a, b, dims):
    (x, y), (s, t) = pair(a, b)
    close(ct.tensordot(s, t, dims), np.tensordot(x, y, dims))


def test_tensordot_sums_up_what_meets_an_axis_of_size_1():
    (x, y), (s, t) = pair((3, 4), (1, 2))
    close(ct.tensordot(s, t, 1), np.tensordot(x.sum(1, keepdims=True), y, 1))
    with pytest.raises(ShapeError, match="differ in size"):
        ct.tensordot(ct.ones(3, 4), ct.ones(3, 2), 1)
    with pytest.raises(ShapeError, match="do not pair up"):
        ct.tensordot(ct.ones(3, 4), ct.ones(3, 4), ([0, 0], [0, 0]))


@pytest.mark.parametrize(("a", "b"), [((2, 3), (4, 5)), ((3,), (2, 2)), ((2, 2), ()), ((0,), (2,))])
def test_kron(a, b):
    (x, y), (s, t) = pair(a, b)
    close(s.kron(t), np.kron(x, y))


def test_cross_products():
    (x, y), (s, t) = pair((4, 3), (1, 3))
    close(ct.linalg.cross(s, t), np.cross(x, y))
    close(ct.linalg.cross(s.mT, t.mT, dim=0), np.cross(x, y).T)
    close(ct.cross(s, t), np.cross(x, y))
    for call in (ct.linalg.cross, ct.cross):
        with pytest.raises(ShapeError, match="3"):
            call(ct.ones(2, 2), ct.ones(2, 2))


def test_inner_products():
    (x, y), (s, t) = pair((2, 4), (3, 4))
    close(s.inner(t), np.inner(x, y))
    close(ct.inner(s, ct.tensor(2.0)), x * 2)
    close(ct.linalg.vecdot(s, t[:1]), (x * y[:1]).sum(-1))
    close(ct.vdot(s[0], t[0]), np.vdot(x[0], y[0]))
    close(s[0].ger(t[0]), np.outer(x[0], y[0]))
    with pytest.raises(ShapeError, match="inner"):
        ct.inner(ct.ones(2, 3), ct.ones(2, 4))
    with pytest.raises(ShapeError, match="vecdot"):
        ct.linalg.vecdot(ct.ones(2, 3), ct.ones(2, 4))


def test_products_added_to_something():
    (c, a, b), (tc, ta, tb) = pair((4,), (2, 3, 4), (2, 4, 4))
    close(ct.baddbmm(tc, ta, tb, beta=2, alpha=3), 2 * c + 3 * (a @ b), 1e-4)
    close(tc.addbmm(ta, tb), c + (a @ b).sum(0), 1e-4)
    close(ct.addmv(ct.tensor(c[:3]), ta[0], tc), c[:3] + a[0] @ c)
    close(ct.addr(tc, ta[0, :, 0], tc, alpha=0.5), c + 0.5 * np.outer(a[0, :, 0], c))
    # beta 0 does not read what is added.
    close(ct.baddbmm(tc * float("nan"), ta, tb, beta=0), a @ b, 1e-4)
    with pytest.raises(ShapeError, match="addmv: input of shape"):
        ct.addmv(tc, ta[0], tc)
    with pytest.raises(DTypeError, match="addmv"):
        ct.addmv(ct.ones(3, dtype="int64"), ta[0], tc)
    whole = [ct.tensor(np.ones(n, "int64")) for n in (2, 2)]
    assert ct.addr(ct.tensor([[1, 2], [3, 4]]), *whole, beta=2).tolist() == [[3, 5], [7, 9]]


def test_products_added_in_place():
    (c, a, b), (tc, ta, tb) = pair((3, 4), (2, 3, 4), (2, 4, 4))
    assert tc.addmm_(ta[0], tb[0], beta=0.5) is tc
    close(tc, 0.5 * c + a[0] @ b[0])
    close(tc.clone().addbmm_(ta, tb), 0.5 * c + a[0] @ b[0] + (a @ b).sum(0), 1e-4)
    close(ta.clone().baddbmm_(ta, tb), a + a @ b, 1e-4)
    close(ct.ones(3).addmv_(ta[0], tb[0, 0]), 1 + a[0] @ b[0, 0])
    close(ct.ones(3, 4).addr_(ta[0, :, 0], tb[0, 0]), 1 + np.outer(a[0, :, 0], b[0, 0]))


def test_several_matrices():
    xs = [stack_of(*s, dtype="float32") for s in ((4,), (4, 20), (20, 3), (3, 7), (7,))]
    ts = [ct.tensor(x) for x in xs]
    for first, last in ((0, 5), (1, 5), (0, 4), (1, 4), (1, 3)):
        close(ct.linalg.multi_dot(ts[first:last]), np.linalg.multi_dot(xs[first:last]), 1e-4)
    close(ct.chain_matmul(*ts[1:4]), np.linalg.multi_dot(xs[1:4]), 1e-4)
    assert ct.chain_matmul(ts[1]) is ts[1]
    with pytest.raises(ShapeError, match="give two or more"):
        ct.linalg.multi_dot(ts[:1])
    with pytest.raises(ShapeError, match="neighbours"):
        ct.linalg.multi_dot([ts[1], ts[3]])
    with pytest.raises(ShapeError, match="operand 1 has shape"):
        ct.linalg.multi_dot([ts[1], ts[0], ts[1]])


def test_derivatives():
    derivatives(ct.tensordot, stack_of(2, 3, 2), stack_of(3, 2, 2))
    derivatives(ct.kron, stack_of(2, 2), stack_of(3))
    derivatives(ct.linalg.cross, stack_of(2, 3), stack_of(1, 3))
    derivatives(lambda *xs: ct.linalg.multi_dot(xs), stack_of(2), stack_of(2, 3), stack_of(3, 2))
    derivatives(ct.baddbmm, stack_of(2), stack_of(2, 2, 3), stack_of(2, 3, 2))
    derivatives(ct.linalg.vecdot, stack_of(2, 3), stack_of(3))
