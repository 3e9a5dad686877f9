"""Differences, areas, covariances, distances and bounded norms, against NumPy."""

import numpy as np
import pytest
from arrays import check, check_both_orders
from draws import cases, drawn, generator

import cltensor as ct
from cltensor.errors import DTypeError, ShapeError

RNG = np.random.default_rng(0)
A = RNG.permutation(24).reshape(2, 3, 4).astype("float32")


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_diff(axis, n):
    check(ct.diff(ct.tensor(A), n, axis), np.diff(A, n, axis))
    more = np.take(A, [0], axis)
    got = ct.diff(ct.tensor(A), 1, axis, ct.tensor(more), ct.tensor(more))
    check(got, np.diff(A, 1, axis, more, more))


def test_diff_of_bools_and_of_nothing():
    flags = np.array([True, False, False])
    check(ct.diff(ct.tensor(flags)), np.diff(flags))
    check(ct.tensor([3, 1]).diff(), np.int64([-2]))
    assert ct.diff(ct.zeros(0)).shape == (0,)
    with pytest.raises(ShapeError, match="diff: a tensor of shape"):
        ct.diff(ct.tensor(1.0))


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_trapezoid(axis):
    y = ct.tensor(A)
    where = np.sort(RNG.random(A.shape[axis])).astype("float32")
    places = RNG.random(A.shape).astype("float32")
    for function in (ct.trapezoid, ct.trapz):
        np.testing.assert_allclose(function(y, dim=axis).numpy(), np.trapezoid(A, axis=axis))
        np.testing.assert_allclose(
            function(y, dx=0.5, dim=axis).numpy(), np.trapezoid(A, dx=0.5, axis=axis)
        )
        for x in (where, places):
            np.testing.assert_allclose(
                function(y, ct.tensor(x), dim=axis).numpy(), np.trapezoid(A, x, axis=axis),
                rtol=1e-5, atol=1e-5,
            )  # fmt: skip
    sums = ct.cumulative_trapezoid(y, ct.tensor(where), dim=axis).numpy()
    last = np.take(sums, -1, axis)
    np.testing.assert_allclose(last, np.trapezoid(A, where, axis=axis), rtol=1e-5)


def test_areas_by_hand():
    y = ct.tensor([1.0, 2.0, 4.0])
    assert ct.trapezoid(y).item() == 4.5
    check(ct.cumulative_trapezoid(y, dx=2), np.float32([3, 9]))
    check(ct.trapezoid(ct.zeros(2, 0)), np.zeros(2, "float32"))
    assert ct.trapezoid(ct.tensor([1, 2])).item() == 1.5
    with pytest.raises(TypeError, match="trapezoid: x and dx are given"):
        ct.trapezoid(y, y, dx=1)
    with pytest.raises(ShapeError, match="one place for each sample"):
        ct.trapezoid(y, ct.ones(2))
    with pytest.raises(DTypeError, match="cast"):
        ct.trapezoid(ct.tensor([True]))


def test_renorm():
    x = ct.tensor([[3.0, 4.0], [0.3, 0.4]])
    np.testing.assert_allclose(ct.renorm(x, 2, 0, 1).numpy(), [[0.6, 0.8], [0.3, 0.4]], rtol=1e-6)
    np.testing.assert_allclose(ct.renorm(x, 1, 1, 1).numpy()[:, 1].sum(), 1, rtol=1e-6)
    cube = ct.arange(1.0, 9).reshape(2, 2, 2)  # its slices are matrices, and their norms vectors'
    squares = np.square(ct.renorm(cube, 2, 1, 0.5).numpy()).sum((0, 2))
    np.testing.assert_allclose(squares, [0.25, 0.25], rtol=1e-6)
    assert x.renorm_(2, -1, 1e9).tolist() == ct.tensor([[3.0, 4.0], [0.3, 0.4]]).tolist()
    with pytest.raises(ShapeError, match="renorm: shape"):
        ct.renorm(ct.ones(2), 2, 0, 1)
    with pytest.raises(ValueError, match="renorm: p is 0"):
        ct.renorm(x, 0, 0, 1)


def test_covariances_against_numpy():
    a = RNG.standard_normal((3, 7)).astype("float32")
    times, weight = RNG.integers(1, 4, 7), RNG.random(7).astype("float32")
    x, f, w = ct.tensor(a), ct.tensor(times), ct.tensor(weight)
    np.testing.assert_allclose(ct.cov(x).numpy(), np.cov(a), rtol=1e-4)
    np.testing.assert_allclose(ct.cov(x, correction=0).numpy(), np.cov(a, ddof=0), rtol=1e-4)
    np.testing.assert_allclose(ct.cov(x, fweights=f).numpy(), np.cov(a, fweights=times), rtol=1e-4)
    got = ct.cov(x, fweights=f, aweights=w).numpy()
    np.testing.assert_allclose(got, np.cov(a, fweights=times, aweights=weight), rtol=1e-4)
    np.testing.assert_allclose(ct.cov(x[0]).numpy(), np.cov(a[0]), rtol=1e-4)
    np.testing.assert_allclose(ct.corrcoef(x).numpy(), np.corrcoef(a), rtol=1e-4)
    assert ct.corrcoef(x[0]).item() == 1
    with pytest.raises(DTypeError, match="fweights is of shape"):
        ct.cov(x, fweights=w)
    with pytest.raises(ShapeError, match="cov: x is of shape"):
        ct.cov(ct.zeros(1, 1, 1))


def test_the_distance_of_equal_rows_has_the_gradient_0():
    x = ct.ones(2, 3, requires_grad=True)
    ct.cdist(x, x.detach()).sum().backward()
    check(x.grad, np.zeros((2, 3), "float32"))


@pytest.mark.parametrize(
    "operation",
    [
        lambda x: ct.diff(x, 2, 0),
        lambda x: ct.trapezoid(x, x[0], dim=1),
        lambda x: ct.cumulative_trapezoid(x, dx=0.5, dim=0),
        lambda x: ct.renorm(x, 2, 0, 2),
        lambda x: ct.cov(x),
        lambda x: ct.corrcoef(x)[0, 1:],
        lambda x: ct.cdist(x, x[:2] * 2 + 1),
        lambda x: ct.cdist(x, x[:2] * 2 + 1, 3.0),
    ],
)
def test_gradients_of_first_and_second_order(operation):
    check_both_orders(operation, np.random.default_rng(2).permutation(15).reshape(3, 5) / 7 + 0.1)


@cases
def test_drawn(case):
    rng = generator(case)
    sizes = tuple(rng.integers(0, 5, int(rng.integers(1, 4))).tolist())
    how = drawn(
        sizes=sizes, axis=int(rng.integers(-len(sizes), len(sizes))), n=int(rng.integers(4))
    )
    a = rng.integers(-9, 9, sizes).astype("float32")
    check(ct.diff(ct.tensor(a), how["n"], how["axis"]), np.diff(a, how["n"], how["axis"]))
    got = ct.trapezoid(ct.tensor(a), dim=how["axis"])
    want = np.trapezoid(a, axis=how["axis"]) if sizes[how["axis"]] else a.sum(how["axis"])
    check(got, want)
