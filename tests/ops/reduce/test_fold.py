"""Reductions: sizes around every edge, all combinations of axes, views, both skeletons."""

import itertools
import math

import numpy as np
import pytest
from leaves import leaf, same, slopes

import cltensor as ct
from cltensor.core.op import OPERATIONS
from cltensor.errors import DTypeError, ShapeError
from cltensor.lazy import launches
from cltensor.ops.reduce.fold import moments, sums
from cltensor.runtime.kernel import Counters

EDGES = [1, 2, 31, 32, 33, 63, 64, 65, 255, 256, 257, 4095, 4096, 4097, 8193]
NAMES = ("sum", "prod", "max", "min", "amax", "amin", "any", "all", "argmax", "argmin")
ALL_AXES = [None, *[c for r in (1, 2, 3) for c in itertools.combinations(range(3), r)]]


def numbers(shape, dtype="float32", seed=0):
    """Small whole numbers, so that sums are exact in every order."""
    random = np.random.default_rng(seed)
    low = 0 if np.dtype(dtype).kind in "ub" else -4
    return random.integers(low, 2 if dtype == "bool" else 5, shape).astype(dtype)


def expected(name, x, axis=None, keepdims=False):
    """NumPy's answer; sums and products of integers in 64 bits."""
    if name in ("argmax", "argmin") and isinstance(axis, tuple):
        # NumPy takes one axis only: ours gives the row-major place among the reduced ones.
        rest = [d for d in range(x.ndim) if d not in axis]
        flat = x.transpose(*rest, *sorted(axis)).reshape([x.shape[d] for d in rest] + [-1])
        return getattr(np, name)(flat, axis=-1)
    function = getattr(np, name)
    if name in ("sum", "prod") and x.dtype.kind in "biu":
        return function(x, axis=axis, dtype="uint64" if x.dtype == "uint64" else "int64")
    return function(x, axis=axis, keepdims=keepdims) if keepdims else function(x, axis=axis)


def check(name, x, tensor, axis=None):
    got = getattr(ct, name)(tensor, axis=axis).numpy()
    want = np.asarray(expected(name, x, axis))
    assert got.shape == want.shape, (name, x.shape, axis)
    np.testing.assert_array_equal(got, want, err_msg=f"{name} {x.shape} axis {axis}")
    return got.dtype


def test_every_reduction_is_swept():
    declared = {
        name
        for name, op in OPERATIONS.items()
        if op.run.__code__.co_qualname.startswith("reduction.")
    }
    assert declared - {"xor"} == set(NAMES)  # of bits: hash_tensor's, in test_present


@pytest.mark.parametrize("n", EDGES)
def test_sizes_around_the_edges(skeleton, n):
    x = numbers((n,))
    for name in ("sum", "max", "argmin"):
        check(name, x, ct.tensor(x))


@pytest.mark.parametrize("n", EDGES)
def test_rows_of_every_size(skeleton, n):
    x = numbers((3, n))
    for name in ("sum", "argmax"):
        check(name, x, ct.tensor(x), 1)


@pytest.mark.parametrize("n", EDGES)
def test_columns_of_every_size(skeleton, n):
    for shape in ((n, 3), (3, n)):
        x = numbers(shape)
        for name in ("sum", "argmax"):
            check(name, x, ct.tensor(x), 0)


@pytest.mark.parametrize("axis", ALL_AXES)
def test_all_axes(skeleton, axis):
    for shape in ((3, 65, 67), (65, 1, 5), (33, 64, 2)):
        x = numbers(shape)
        check("sum", x, ct.tensor(x), axis)
    check("argmax", x, ct.tensor(x), axis)


@pytest.mark.parametrize("axis", [None, 0, (0, 2)])
def test_views_are_reduced_in_place(skeleton, axis):
    base = numbers((5, 34, 12))
    views = {
        "transposed": (base.transpose(2, 0, 1), lambda t: t.permute(2, 0, 1)),
        "reversed and strided": (base[::-2, 1:, ::3], lambda t: t[::-2, 1:, ::3]),
        "broadcast": (
            np.broadcast_to(base[:, :1], (5, 7, 12)),
            lambda t: t[:, :1].expand(5, 7, 12),
        ),
    }
    for x, view in views.values():
        tensor = view(ct.tensor(base))
        check("sum", x, tensor, axis)


def test_rank_five_with_alternating_axes(skeleton):
    x = numbers((3, 4, 2, 5, 3))
    for axis in ((0, 2, 4), (1, 3)):
        check("argmin", x, ct.tensor(x), axis)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int8", "int64", "uint64", "bool"])
def test_every_dtype(device, name, dtype):
    if dtype == "float64" and not device.fp64:
        pytest.skip(f"'{device}' has no float64")
    x = numbers((4, 70), dtype)
    result = check(name, x, ct.tensor(x), 1)
    assert result == np.asarray(expected(name, x, 1)).dtype
    limits = [] if x.dtype.kind == "f" else [np.iinfo("uint8" if dtype == "bool" else dtype)]
    for limit in limits if dtype != "bool" else []:
        extremes = np.array([[limit.min, limit.max, 0]], dtype)
        check(name, extremes, ct.tensor(extremes), 1)


@pytest.mark.parametrize("splits", [(1, 300_001), (300_001, 1), (3, 100_003), (100_003, 3)])
def test_long_ranges_are_split_among_the_cores(skeleton, splits):
    x = numbers(splits)
    for axis in (None, 0, 1):
        check("sum", x, ct.tensor(x), axis)
    check("max", x, ct.tensor(x))
    check("argmax", x, ct.tensor(x))


@pytest.mark.parametrize("shape", [(0,), (0, 3), (2, 0, 3)])
def test_reducing_nothing_gives_the_neutral_element(skeleton, shape):
    x = np.zeros(shape, "float32")
    for name in ("prod", "all"):
        for axis in (None, *range(len(shape))):
            check(name, x, ct.tensor(x), axis)
    assert np.isnan(ct.mean(ct.tensor(x)).item())


@pytest.mark.parametrize("name", ["max", "min", "argmax", "argmin"])
def test_the_extreme_of_nothing_is_an_error(device, name):
    with pytest.raises(ShapeError, match=rf"^{name}: axis 0 of shape \(0, 3\) is empty"):
        getattr(ct, name)(ct.zeros(0, 3), axis=0)
    assert getattr(ct, name)(ct.zeros(0, 3), axis=1).shape == (0,)


@pytest.mark.parametrize("shape", [(), (1,), (1, 1, 1)])
def test_one_element_and_no_axes(skeleton, shape):
    x = np.full(shape, 5, "float32")
    for name in ("sum", "argmax"):
        check(name, x, ct.tensor(x))
    y = numbers((3, 4))
    assert ct.sum(ct.tensor(y), ()).numpy().tolist() == y.tolist()


@pytest.mark.parametrize("length", [5, 100, 5000])
def test_nan_wins_and_infinities_count(skeleton, length):
    x = numbers((3, length))
    x[0, length // 2] = np.nan
    x[1, length // 3] = np.inf
    x[2, length - 1] = -np.inf
    x[2, 0] = np.nan
    for name in ("max", "min", "argmax", "argmin"):
        check(name, x, ct.tensor(x), 1)
        check(name, x.T.copy(), ct.tensor(x.T.copy()), 0)
    assert np.isnan(ct.sum(ct.tensor(x), 1).numpy()).tolist() == [True, False, True]


def test_all_nan_and_all_infinite(skeleton):
    for value in (np.nan, np.inf, -np.inf):
        x = np.full((2, 50), value, "float32")
        for name in ("max", "min", "argmax", "argmin"):
            check(name, x, ct.tensor(x), 1)


def test_the_first_of_equals_is_found(skeleton):
    x = np.zeros((4, 1000), "float32")
    x[:, [999, 500, 123]] = 1
    assert ct.argmax(ct.tensor(x), 1).numpy().tolist() == [123] * 4
    assert ct.argmin(ct.tensor(x), 1).numpy().tolist() == [0] * 4
    assert ct.argmax(ct.tensor(x)).item() == 123


def test_bool_counts(device):
    x = ct.tensor([True, False, True])
    assert x.sum().item() == 2
    assert x.sum().dtype == ct.int64
    assert x.mean().item() == pytest.approx(2 / 3)
    assert x.any().item() is True
    assert x.all().item() is False


def test_keepdims(device):
    x = numbers((2, 3, 4))
    for name in NAMES:
        got = getattr(ct.tensor(x), name)(axis=1, keepdims=True)
        want = expected(name, x, 1).reshape(2, 1, 4)
        np.testing.assert_array_equal(got.numpy(), want)


# ------------------------------------------------------------------------------- functions


def test_a_long_float_sum_is_accurate(skeleton):
    x = np.random.default_rng(0).random(1_000_003).astype("float32")
    exact = x.astype("float64").sum()
    assert ct.tensor(x).sum().item() == pytest.approx(exact, rel=1e-6)
    tall = x[:1_000_000].reshape(-1, 4)
    np.testing.assert_allclose(
        ct.tensor(tall).sum(0).numpy(), tall.astype("float64").sum(0), rtol=3e-6
    )


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_softmax_is_stable(device, axis):
    x = np.array([[1000, 1001, -1000], [0, -np.inf, 5], [3, 3, 3]], "float32")
    with np.errstate(all="ignore"):
        e = np.exp(x - x.max(axis, keepdims=True))
        want = e / e.sum(axis, keepdims=True)
        log_want = x - x.max(axis, keepdims=True) - np.log(e.sum(axis, keepdims=True))
    t = ct.tensor(x)
    np.testing.assert_allclose(t.softmax(axis).numpy(), want, rtol=1e-5, atol=1e-30)
    np.testing.assert_allclose(t.log_softmax(axis).numpy(), log_want, rtol=1e-5, atol=1e-6)


def test_softmax_of_numbers_far_below_the_largest(device):
    x = np.concatenate([np.linspace(-120, 0, 2001), [-np.inf, -3e38]]).astype("float32")
    want = np.exp(x.astype("float64"))
    got = ct.tensor(x).softmax(0).numpy()
    smallest = np.finfo("float32").tiny  # below it, results may be 0
    np.testing.assert_allclose(got, want / want.sum(), rtol=1e-6, atol=2 * smallest)
    assert (got[-2:] == 0).all()
    assert np.isnan(ct.tensor([0.0, np.nan, -1.0]).softmax(0).numpy()).all()


def test_logsumexp_of_extremes(device):
    inf = float("inf")
    x = ct.tensor([[1000.0, 1000.0], [-inf, -inf], [-inf, 3.0], [inf, 1.0]])
    want = [1000 + np.log(2), -inf, 3, inf]
    np.testing.assert_allclose(x.logsumexp(1).numpy(), want, rtol=1e-6)
    assert x.logsumexp(1, keepdims=True).shape == (4, 1)


@pytest.mark.parametrize("axis", [2, -3, (0, 5)])
def test_axes_out_of_range_name_the_operation(device, axis):
    for name in NAMES:
        with pytest.raises(ShapeError, match=rf"^{name}: axis"):
            getattr(ct, name)(ct.ones(2, 3), axis=axis)
    with pytest.raises(ShapeError, match=r"^mean: axis"):
        ct.mean(ct.ones(2, 3), axis)


# ------------------------------------------------------------------------------- fusion


def test_a_reduction_reads_through_its_operand(skeleton, deferred):
    x = ct.arange(5000, dtype="float32").realize()
    before = Counters.launches
    in_use = skeleton.pool.summary()["in_use"]
    total = ((x * 2 + 1) - x).max()
    total.realize()
    assert Counters.launches - before <= 2  # the second one combines the parts of a split range
    assert skeleton.pool.summary()["in_use"] - in_use <= 512
    assert total.item() == 5000


@pytest.mark.parametrize("shape", [(3, 70), (70, 3), (2, 5000)])
def test_a_held_operand_is_stored_on_the_way(skeleton, deferred, shape):
    x = numbers(shape)
    for axis in (None, 0, 1):
        held = ct.tensor(x) * 2 + 1
        total = held.sum(axis)
        total.realize()
        assert not held.is_pending
        np.testing.assert_array_equal(held.numpy(), x * 2 + 1)
        np.testing.assert_array_equal(total.numpy(), (x * 2 + 1).sum(axis))


def test_sixty_four_bit_indices_give_the_same(skeleton, monkeypatch):
    monkeypatch.setattr(launches, "_WIDE", 1)
    x = numbers((65, 70))
    for axis in (0, 1):
        check("sum", x, ct.tensor(x), axis)
        check("argmax", x, ct.tensor(x), axis)
    assert (ct.tensor(x).T * 2).numpy().tolist() == (x.T * 2).tolist()


@pytest.mark.slow
def test_more_than_two_to_the_31_elements(device):
    half = (1 << 30) + 7
    if device.max_alloc < 2 * half:
        pytest.skip(f"'{device}' allows {device.max_alloc} bytes in one buffer, not {2 * half}")
    x = ct.zeros(2, half, dtype="uint8").realize()
    x[1, half - 2] = 9
    assert x.reshape(-1)[2 * half - 2].item() == 9
    assert x.argmax().item() == 2 * half - 2
    assert x.max(axis=0)[half - 2].item() == 9
    assert (x.reshape(-1)[-5:] + 1).numpy().tolist() == [1, 1, 1, 10, 1]


def normal(*shape, offset=0.0):
    x = np.random.default_rng(3).standard_normal(shape) + offset
    return x.astype(np.float32)


CASES = [((5, 3), 0), ((7, 300), 1), ((3, 4, 50), (0, 2)), ((9000, 3), 0), ((300000,), 0)]


@pytest.mark.parametrize(("shape", "axis"), CASES)
@pytest.mark.parametrize("offset", [0.0, 1e4])
def test_moments(skeleton, shape, axis, offset):
    x = normal(*shape, offset=offset)
    got = [part.numpy() for part in moments(ct.tensor(x), axis)]
    wide = x.astype(np.float64)
    mean = wide.mean(axis, keepdims=True)
    # Far from zero too, the mean is off by little more than its own rounding.
    np.testing.assert_allclose(got[0], mean, rtol=7e-8, atol=1e-6)
    np.testing.assert_allclose(got[1], ((wide - mean) ** 2).sum(axis, keepdims=True), rtol=2e-6)


@pytest.mark.parametrize(("shape", "axis"), CASES)
def test_sums(skeleton, shape, axis):
    x, y = normal(*shape), normal(*shape, offset=1.0)
    got = [s.numpy() for s in sums(ct.tensor(x), ct.tensor(x) * ct.tensor(y), axis=axis)]
    for out, want in zip(got, (x, x * y), strict=True):
        wide = want.astype(np.float64)
        np.testing.assert_allclose(out, wide.sum(axis, keepdims=True), rtol=2e-6, atol=1e-2)


def test_best_elements_of_a_split_range(skeleton):
    x = normal(400000)
    x[[77, 300000]] = 9.0
    assert ct.tensor(x).argmax().item() == 77
    x[350000] = np.nan
    assert ct.tensor(x).argmax().item() == 350000


INF, NAN = math.inf, math.nan


def test_softmax_and_its_logarithm_of_nothing(device):
    assert ct.logsumexp(ct.zeros(0)).item() == -INF
    assert ct.logsumexp(ct.zeros(2, 0), 1).tolist() == [-INF, -INF]
    assert ct.logsumexp(ct.zeros(2, 0), 1, True).shape == (2, 1)
    assert ct.logsumexp(ct.zeros(2, 0), 0).shape == (0,)
    for function in (ct.softmax, ct.log_softmax):
        for axis in (0, 1):
            assert function(ct.zeros(2, 0), axis).shape == (2, 0)
        x = leaf(np.zeros((2, 0), np.float32))
        function(x, 1).sum().backward()
        assert x.grad.shape == (2, 0)


def test_a_zero_dimensional_tensor_has_the_axes_0_and_minus_1(device):
    x = ct.tensor(3.0)
    names = ("sum", "mean", "prod", "max", "min", "amax", "amin", "logsumexp", "norm")
    for axis in (0, -1):
        for name in names:
            found = getattr(ct, name)(x, axis=axis)
            assert (found.shape, found.item()) == ((), 3.0), name
        assert ct.argmax(x, axis).item() == ct.argmin(x, axis).item() == 0
        assert ct.softmax(x, axis).item() == 1
        assert ct.log_softmax(x, axis).item() == 0
        assert ct.var(x, axis=axis).item() == ct.std(x, axis=axis).item() == 0
        assert ct.any(x, axis).item() is ct.all(x, axis).item() is True
        same(slopes(lambda x, a=axis: ct.max(x, axis=a), 3.0)[1][0], 1)
        same(slopes(lambda x, a=axis: ct.softmax(x, a), 3.0)[1][0], 0)
    for axis in (1, -2):
        for name in names:
            with pytest.raises(ShapeError, match="0 dimensions; use -1 to 0"):
                getattr(ct, name)(x, axis=axis)
    with pytest.raises(ShapeError, match="names a dimension twice"):
        ct.sum(x, (0, -1))


def test_sums_of_small_integers_are_int64(device):
    for dtype in ("bool", "uint8", "int8", "int16", "uint32"):
        assert ct.sum(ct.ones(2, dtype=dtype)).dtype == ct.int64
        assert ct.prod(ct.ones(2, dtype=dtype)).dtype == ct.int64
    assert ct.sum(ct.tensor([200, 100], dtype="uint8")).item() == 300
    assert ct.sum(ct.ones(2, dtype="uint64")).dtype == ct.uint64


def test_equal_is_one_bool(device):
    a = ct.tensor([1, 2])
    assert ct.equal(a, ct.tensor([1, 2])) is True
    assert a.equal(ct.tensor([1.0, 2.0])) is True
    assert ct.equal(a, ct.tensor([1, 3])) is False
    assert ct.equal(a, ct.tensor([[1, 2]])) is False
    assert ct.equal(ct.tensor([NAN]), ct.tensor([NAN])) is False
    assert ct.equal(ct.zeros(0), ct.zeros(0)) is True
    with pytest.raises(DTypeError, match="equal: other is 1, not a tensor"):
        ct.equal(a, 1)


def test_whether_all_or_any_hold_is_told_in_uint8_of_uint8(device):
    for dtype in ("uint8", "int8", "float32", "bool"):
        x = ct.tensor([[0, 2], [1, 3]]).astype(dtype)
        told = ct.uint8 if dtype == "uint8" else ct.bool
        assert x.all(1).dtype == x.any(1).dtype == told
        assert x.all(1).tolist() == [0, 1]
        assert x.any().item() == 1
