"""Sources combined where indices are equal, against loops in NumPy."""

import numpy as np
import pytest
from arrays import check, check_both_orders
from draws import cases, drawn, generator

import cltensor as ct
from cltensor.errors import DTypeError, IndexingError, ShapeError
from cltensor.ops.index.combine import REDUCES

# Each test runs with the kernels for CPUs and with those for other devices.
pytestmark = pytest.mark.usefixtures("skeleton")

_COMBINE = {
    "sum": np.add, "mean": np.add, "prod": np.multiply, "amax": np.maximum, "amin": np.minimum,
}  # fmt: skip


def combined(x, axis, index, source, reduce, include_self):
    """scatter_reduce, element by element."""
    result, count = x.copy(), np.ones(x.shape, "int64")
    seen = np.zeros(x.shape, bool)
    for place in np.ndindex(index.shape):
        to = (*place[:axis], index[place], *place[axis + 1 :])
        to = tuple([n % m for n, m in zip(to, x.shape, strict=True)])
        if not include_self and not seen[to]:
            result[to], count[to] = source[place], 1
        else:
            result[to] = _COMBINE[reduce](result[to], source[place])
            count[to] += 1
        seen[to] = True
    if reduce == "mean":
        return result / count if x.dtype.kind == "f" else result // count
    return result


@pytest.mark.parametrize("reduce", REDUCES)
@pytest.mark.parametrize("include_self", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "int64"])
def test_scatter_reduce(reduce, include_self, dtype):
    rng = np.random.default_rng(0)
    x = rng.integers(-4, 9, (4, 3, 5)).astype(dtype)
    for axis, sizes in ((0, (9, 2, 5)), (1, (4, 7, 3)), (2, (1, 3, 8))):
        source = rng.integers(-4, 9, sizes).astype(dtype)
        index = rng.integers(-x.shape[axis], x.shape[axis], sizes)
        given = (axis, ct.tensor(index), ct.tensor(source), reduce)
        got = ct.scatter_reduce(ct.tensor(x), *given, include_self=include_self)
        want = combined(x, axis, index, source, reduce, include_self)
        np.testing.assert_allclose(got.numpy(), want, rtol=1e-6)
        y = ct.tensor(x)
        y.scatter_reduce_(*given, include_self=include_self)
        check(y, got.numpy())


@pytest.mark.parametrize("reduce", REDUCES[1:])
@pytest.mark.parametrize("include_self", [True, False])
def test_index_reduce(reduce, include_self):
    rng = np.random.default_rng(1)
    x, source = rng.random((4, 3)).astype("float32"), rng.random((4, 5)).astype("float32")
    index = np.array([2, 0, 2, -1, 0])
    got = ct.index_reduce(
        ct.tensor(x), 1, ct.tensor(index), ct.tensor(source), reduce, include_self=include_self
    )
    want = combined(x, 1, np.tile(index, (4, 1)), source, reduce, include_self)
    np.testing.assert_allclose(got.numpy(), want, rtol=1e-6)


def test_nan_wins_and_an_empty_index_changes_nothing():
    x, index = ct.tensor([1.0, 2.0]), ct.tensor([0, 0])
    for reduce in ("amax", "amin"):
        found = ct.scatter_reduce(x, 0, index, ct.tensor([np.nan, 5.0]), reduce).numpy()
        assert np.isnan(found[0])
        assert found[1] == 2
    nothing = ct.tensor(np.zeros(0, "int64"))
    check(ct.scatter_reduce(x, 0, nothing, ct.zeros(0), "prod"), np.float32([1, 2]))
    check(ct.index_reduce(x, 0, nothing, ct.zeros(0), "mean"), np.float32([1, 2]))
    assert ct.scatter_reduce(ct.tensor(2.0), 0, ct.tensor(0), ct.tensor(3.0), "prod").item() == 6


def test_scatter_multiplies_and_adds_with_equal_indices():
    x, index = ct.tensor([2.0, 3.0]), ct.tensor([1, 1, 0])
    source = ct.tensor([5.0, 7.0, 11.0])
    check(ct.scatter(x, 0, index, source, reduce="multiply"), np.float32([22, 105]))
    check(ct.scatter(x, 0, index, source, reduce="add"), np.float32([13, 15]))


@pytest.mark.parametrize("reduce", REDUCES)
@pytest.mark.parametrize("include_self", [True, False])
def test_gradients_of_first_and_second_order(reduce, include_self):
    index = ct.tensor([[0, 0, 2], [1, 1, 1], [2, 1, 2]])

    def run(x):
        return ct.scatter_reduce(x[:, :3], 1, index, x[:, 2:], reduce, include_self=include_self)

    check_both_orders(run, np.random.default_rng(2).permutation(15).reshape(3, 5) / 7 + 0.1)


@pytest.mark.parametrize("zeros", [(), (0,), (0, 3)])
def test_the_gradient_of_a_product_with_zeros(zeros):
    values = np.float32([2, 3, 5, 7])
    values[list(zeros)] = 0
    x = ct.tensor(values[:1], requires_grad=True)
    source = ct.tensor(values[1:], requires_grad=True)
    ct.scatter_reduce(x, 0, ct.tensor([0, 0, 0]), source, "prod").sum().backward()
    want = [np.prod(np.delete(values, i)) for i in range(4)]
    np.testing.assert_allclose(np.r_[x.grad.numpy(), source.grad.numpy()], want, rtol=1e-6)


def test_equal_extremes_share_the_gradient():
    x = ct.tensor([3.0, 1.0], requires_grad=True)
    source = ct.tensor([3.0, 2.0, 3.0], requires_grad=True)
    ct.scatter_reduce(x, 0, ct.tensor([0, 0, 0]), source, "amax").sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), [1 / 3, 1])
    np.testing.assert_allclose(source.grad.numpy(), [1 / 3, 0, 1 / 3])


def test_faults():
    x, index = ct.ones(3), ct.tensor([0, 1])
    with pytest.raises(ValueError, match="reduce is 'max'; use sum, prod, mean, amax, amin"):
        ct.scatter_reduce(x, 0, index, ct.ones(2), "max")
    with pytest.raises(ValueError, match="index_reduce: reduce is 'sum'"):
        ct.index_reduce(x, 0, index, ct.ones(2), "sum")
    with pytest.raises(ShapeError, match="must not be larger"):
        ct.scatter_reduce(x, 0, index, ct.ones(1), "prod")
    with pytest.raises(DTypeError, match="scatter_reduce"):
        ct.scatter_reduce(x, 0, index, ct.tensor([1, 2]), "prod")
    with pytest.raises(ShapeError, match="one entry for each slice"):
        ct.index_reduce(ct.ones(3, 2), 0, index, ct.ones(2, 3), "prod")
    with pytest.raises(IndexingError, match="index 3 is out of range"):
        ct.scatter_reduce(x, 0, ct.tensor([0, 3]), ct.ones(2), "amax").numpy()


@cases
def test_drawn(case):
    rng = generator(case)
    for _ in range(6):
        sizes = tuple(rng.integers(1, 5, int(rng.integers(1, 4))).tolist())
        axis = int(rng.integers(len(sizes)))
        parts = [int(rng.integers(1, n + 1)) for n in sizes]
        parts[axis] = int(rng.integers(1, 9))
        how = drawn(
            sizes=sizes, axis=axis, index=tuple(parts), reduce=str(rng.choice(REDUCES)),
            include_self=bool(rng.integers(2)),
        )  # fmt: skip
        x = rng.integers(-3, 4, sizes).astype("float32")
        source = rng.integers(-3, 4, parts).astype("float32")
        index = rng.integers(-sizes[axis], sizes[axis], parts)
        got = ct.scatter_reduce(
            ct.tensor(x), axis, ct.tensor(index), ct.tensor(source), how["reduce"],
            include_self=how["include_self"],
        )  # fmt: skip
        want = combined(x, axis, index, source, how["reduce"], how["include_self"])
        np.testing.assert_allclose(got.numpy(), want, rtol=1e-6)
