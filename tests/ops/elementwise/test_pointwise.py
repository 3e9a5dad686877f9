"""Elementwise functions beyond the sweep: accuracy, special cases, copies."""

import math
from functools import partial

import numpy as np
import pytest
from leaves import leaf

import cltensor as ct
from cltensor.errors import DTypeError, ShapeError


def ulps(got, exact):
    """The distance to the float64 result in units of float32's last place."""
    with np.errstate(all="ignore"):
        nearest = exact.astype("float32")
        spacing = np.spacing(np.abs(nearest)).astype("float64")
        distance = np.abs(got.astype("float64") - exact) / spacing
    equal = (got == nearest) | (np.isnan(got) & np.isnan(nearest))
    return np.where(equal, np.minimum(np.nan_to_num(distance), 0.5), distance)


def sweep():
    """Every 10007th float32 there is, and a dense range where functions bend."""
    bits = np.arange(0, 1 << 32, 10007, dtype=np.uint64).astype(np.uint32).view(np.float32)
    dense = np.linspace(-110, 110, 300_001, dtype="float32")
    near = np.linspace(-2, 2, 200_001, dtype="float32")
    edges = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1.17549435e-38, 1e-45, 88.72284, -103.97])
    return np.concatenate([bits, dense, near, edges.astype("float32")])


def _sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e))


@pytest.mark.parametrize(
    ("name", "exact", "bound"),
    [
        ("exp", np.exp, 1.5),
        ("log", np.log, 1.0),
        ("tanh", np.tanh, 1.5),
        ("sqrt", np.sqrt, 0.5),
        ("rsqrt", lambda x: 1 / np.sqrt(x), 2.0),
        ("softplus", lambda x: np.logaddexp(0, x), 3.0),
        ("sigmoid", _sigmoid, 4.0),
    ],
)
def test_float32_functions_are_accurate(device, name, exact, bound):
    x = sweep()
    if not device.is_pocl:
        bound = max(bound, 5.0)  # the driver's own functions: OpenCL allows 3 to 5
    with np.errstate(all="ignore"):
        want = exact(x.astype("float64"))
        # Numbers below the normal range may be flushed to zero, so results near it are left out.
        keep = ~((np.abs(want) < 2e-38) & (want != 0)) & ~((np.abs(x) < 2e-38) & (x != 0))
    got = getattr(ct, name)(ct.tensor(x)).numpy()
    errors = ulps(got, want)[keep]
    worst = x[keep][np.argmax(errors)]
    assert errors.max() <= bound, f"{name}({worst!r}) is off by {errors.max():.2f} ulp"


def test_subnormals_on_pocl(device):
    if not device.is_pocl:
        pytest.skip(f"'{device}' may flush subnormal numbers to zero")
    x = np.array([1e-45, 1e-40, -1e-42], "float32")
    assert ct.log(ct.tensor(x[:2])).numpy() == pytest.approx(np.log(x[:2].astype("float64")))
    assert ct.tanh(ct.tensor(x)).numpy().tolist() == x.tolist()
    assert ct.exp(ct.tensor([-100.0])).item() == pytest.approx(np.exp(-100.0), rel=1e-1)


def test_powers(device):
    x = np.array([0.5, 2.0, 3.0], "float32")
    t = ct.tensor(x)
    for k in (0, 1, 2, 3, -1, 0.5, 2.5, -2, 4):
        np.testing.assert_allclose((t**k).numpy(), x.astype("float64") ** k, rtol=1e-6)
    assert (ct.arange(5) ** 3).numpy().tolist() == [0, 1, 8, 27, 64]
    assert (ct.arange(3) ** ct.tensor([0, -1, -1])).numpy().tolist() == [1, 1, 0]
    with pytest.raises(DTypeError, match=r"pow: int64 to the power -1 .*\.to\('float32'\)"):
        ct.arange(3) ** -1


def test_where_takes_scalars_and_conditions_of_any_type(device):
    x = ct.tensor([0.0, 2.0, -1.0])
    assert ct.where(x > 0, 1, 0).numpy().tolist() == [0, 1, 0]
    assert ct.where(x > 0, 1, 0).dtype == ct.int64
    assert ct.where(x, x, 9.0).numpy().tolist() == [9, 2, -1]
    assert ct.where(x > 0, x, ct.tensor([[5.0], [6.0]])).numpy().tolist() == [[5, 2, 5], [6, 2, 6]]
    assert ct.where(True, x, 1.0).numpy().tolist() == [0, 2, -1]


def test_nan_in_the_branch_not_taken_stays_out(device):
    x = ct.tensor([0.0, 4.0], requires_grad=True)
    y = ct.where(x > 0, ct.sqrt(ct.where(x > 0, x, 1.0)), 0.0)
    y.sum().backward()
    assert y.detach().numpy().tolist() == [0, 2]
    assert x.grad.numpy().tolist() == [0, 0.25]


def test_clip(device):
    x = ct.tensor([-2.0, 0.5, 3.0, float("nan")])
    for got, want in (
        (ct.clip(x, -1, 1), [-1, 0.5, 1]),
        (x.clip(min=0), [0, 0.5, 3]),
        (x.clamp(max=ct.tensor(1.0)), [-2, 0.5, 1]),
        (x.clip(), [-2, 0.5, 3]),
        (x.clip(2, 1), [1, 1, 1]),  # the upper bound has the last word, as in NumPy
    ):
        assert got.numpy()[:3].tolist() == want
        assert np.isnan(got.numpy()[3])


def test_activations(device):
    x = np.linspace(-4, 4, 33, dtype="float32")
    t = ct.tensor(x)
    phi = ct.erf(t / 2**0.5).numpy()
    np.testing.assert_allclose(ct.gelu(t).numpy(), x * (1 + phi) / 2, atol=1e-6)
    cubic = 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
    np.testing.assert_allclose(ct.gelu(t, approximate="tanh").numpy(), cubic, atol=1e-6)
    np.testing.assert_allclose(ct.silu(t).numpy(), x / (1 + np.exp(-x)), atol=1e-6)
    assert ct.relu(ct.tensor([float("nan")])).isnan().item() is True
    with pytest.raises(ValueError, match="gelu: approximate is 'fast'; use 'none' or 'tanh'"):
        ct.gelu(t, approximate="fast")


def test_large_arguments_do_not_overflow(device):
    x = ct.tensor([-1000.0, 1000.0])
    assert ct.sigmoid(x).numpy().tolist() == [0, 1]
    assert ct.softplus(x).numpy().tolist() == [0, 1000]
    assert ct.tanh(x).numpy().tolist() == [-1, 1]
    assert ct.exp(x).numpy().tolist() == [0, np.inf]


def test_rounding_is_to_even(device):
    x = ct.tensor([0.5, 1.5, 2.5, -0.5, -1.5])
    assert x.round().numpy().tolist() == [0, 2, 2, 0, -2]
    assert x.trunc().numpy().tolist() == [0, 1, 2, 0, -1]


def test_masked_fill(device):
    x = ct.tensor([1.0, 2.0, 3.0])
    assert x.masked_fill(x > 1.5, -1.0).numpy().tolist() == [1, -1, -1]


def test_casts_and_copies_share_only_when_nothing_changes(device):
    x = ct.tensor([1.0, 2.0])
    assert x.to("float32") is x
    assert x.contiguous() is x
    assert x.clone() is not x
    copied = x.clone()
    copied[0] = 9.0
    assert x.numpy().tolist() == [1, 2]
    turned = ct.arange(6).reshape(2, 3).T
    assert not turned.is_contiguous()
    assert turned.contiguous().is_contiguous()
    np.testing.assert_array_equal(turned.contiguous().numpy(), np.arange(6).reshape(2, 3).T)


INF, NAN = math.inf, math.nan


def slopes(function, *points):
    """The value at `points` (a list for each operand) and the gradient of each operand."""
    operands = [leaf(np.float32(p)) for p in points]
    out = function(*operands)
    out.sum().backward()
    return out.tolist(), [x.grad.tolist() for x in operands]


def same(got, want):
    np.testing.assert_allclose(np.float32(got), np.float32(want), rtol=1e-5)


@pytest.mark.parametrize(
    ("base", "exponent", "value", "by_base", "by_exponent"),
    [
        (0, 0, 1, 0, 0),
        (0, -1, INF, -INF, -INF),
        (0, 2, 0, 0, 0),
        (0, 0.5, 0, INF, 0),
        (-2, 2, 4, -4, NAN),
        (-2, 0.5, NAN, NAN, NAN),
        (2, 0, 1, 0, 0.6931472),
        (NAN, 0, 1, 0, NAN),
        (1, NAN, 1, NAN, 0),
        (INF, 0, 1, 0, INF),
        (-0.0, 3, 0, 0, 0),
        (4, -0.5, 0.5, -0.0625, 0.6931472),
    ],
)
def test_powers_at_the_edges(device, base, exponent, value, by_base, by_exponent):
    got, (a, b) = slopes(ct.pow, [base], [exponent])
    same([*got, *a, *b], [value, by_base, by_exponent])
    got, (a,) = slopes(lambda x: x**exponent, [base])  # a number takes other paths
    same([*got, *a], [value, by_base])
    got, (b,) = slopes(lambda x: base**x, [exponent])
    same([*got, *b], [value, by_exponent])


def test_powers_of_integers_and_bools_keep_pytorchs_kind(device):
    three = ct.tensor([3], dtype="int8")
    for exponent, dtype in ((2, "int8"), (1, "int8"), (2.0, "float32"), (1.0, "float32")):
        assert (three**exponent).dtype == dtype
        assert (three**exponent).tolist() == [3**exponent]
    truth = ct.tensor([True])
    for exponent, dtype in ((2, "int64"), (1, "int64"), (3, "int64"), (0.5, "float32")):
        assert (truth**exponent).dtype == dtype
    assert ct.square(truth).dtype == ct.int64
    assert (ct.tensor([2]) ** np.int64(3)).tolist() == [8]
    with pytest.raises(DTypeError, match="int64 to the power -1 is not an integer"):
        ct.tensor([2]) ** np.int64(-1)
    assert ct.pow(ct.tensor([2, 1, -1, 0]), ct.tensor([-1, -3, -3, -1])).tolist() == [0, 1, -1, 0]


def test_rounded_quotients_are_flat_everywhere(device):
    for mode, values in (("trunc", [INF, -INF, NAN, -3, 3]), ("floor", [INF, -INF, NAN, -4, 3])):
        divided = partial(ct.div, rounding_mode=mode)
        got, (a, b) = slopes(divided, [1.0, -1.0, 0.0, -7.0, 7.0], [0.0, 0.0, 0.0, 2.0, 2.0])
        same([*got, *a, *b], [*values, *[0] * 10])


def test_the_constant_powers_of_one_half_are_roots_at_zero_and_infinity(device):
    # As in PyTorch; a power that is no constant follows C: 0 and -0 give inf, -inf gives 0.
    x = ct.tensor([0.0, -0.0, -INF])
    same((x**-0.5).numpy(), [INF, -INF, NAN])
    same((x ** ct.tensor(-0.5)).numpy(), [INF, INF, 0])


def test_atan2_has_no_slope_at_the_origin(device):
    got, (a, b) = slopes(ct.atan2, [0.0, 0.0, 1.0, -0.0], [0.0, 1.0, 0.0, -0.0])
    same(got, [0, 0, math.pi / 2, -math.pi])
    same(a, [0, 1, 0, 0])
    same(b, [0, 0, -1, 0])


def test_rsqrt_at_zero_and_relu_at_nan(device):
    got, (x,) = slopes(ct.rsqrt, [0.0, -0.0, 4.0])
    same([*got, *x], [INF, -INF, 0.5, -INF, INF, -0.0625])
    got, (x,) = slopes(ct.relu, [0.0, -0.0, 1.0, NAN])
    same([*got, *x], [0, 0, 1, NAN, 0, 0, 1, 1])


def test_maximum_and_minimum_give_nan_to_both_and_share_ties(device):
    for function in (ct.maximum, ct.minimum):
        got, (a, b) = slopes(function, [1.0, NAN, 0.0], [1.0, 0.0, NAN])
        same([*got, *a, *b], [1, NAN, NAN, 0.5, 1, 1, 0.5, 1, 1])


def test_bounds_that_are_nan_or_tensors(device):
    x = ct.tensor([1.0, NAN, 3.0])
    for low, high in ((NAN, 2), (0, NAN)):
        same(ct.clip(x, low, high).tolist(), [NAN] * 3)
        same(ct.clip(x, ct.tensor(float(low)), ct.tensor(float(high))).tolist(), [NAN] * 3)
    got, (x, low, high) = slopes(
        ct.clamp, [0, 1, 2, 3, NAN, 1], [0, 0, 0, 0, 0, 3], [2, 2, 2, 2, 2, 2]
    )
    same(got, [0, 1, 2, 2, NAN, 2])
    same(x, [1, 1, 1, 0, 0, 0])
    same(low, [0, 0, 0, 0, 0, 0])
    same(high, [0, 0, 0, 1, 0, 1])
    assert ct.clip(ct.tensor([0, 1, 9], dtype="int8"), 0.5, 2).tolist() == [0.5, 1, 2]
    assert ct.clip(ct.tensor([5.0]), 3, 2).tolist() == [2]


@pytest.mark.parametrize(
    ("function", "cases"),
    [
        (
            ct.floor_divide,
            [(-0.0, 1, -0.0), (0.0, -1, -0.0), (-0.0, -1, 0.0), (-1, -INF, 0.0), (1, -INF, -1)]
            + [(-5, INF, -1), (5, INF, 0.0), (0.3, 7, 0.0), (INF, 1, NAN), (1, 0.0, INF)],
        ),
        (
            ct.remainder,
            [(-0.0, 1, -0.0), (0.0, -1, 0.0), (-3, 3, -0.0), (3, 3, 0.0), (-1, INF, INF)],
        ),
        (ct.fmod, [(-0.0, 1, -0.0), (0.0, -1, 0.0), (-3, 3, -0.0), (-5, INF, -5), (1, 0.0, NAN)]),
        (ct.copysign, [(0.0, -1, -0.0), (-0.0, 1, 0.0), (1, -0.0, -1)]),
    ],
)
def test_zeros_keep_pytorchs_sign(skeleton, function, cases):
    a, b, want = (np.float32(column) for column in zip(*cases, strict=True))
    got = function(ct.tensor(a), ct.tensor(b)).numpy()
    np.testing.assert_array_equal(got, want)
    zero = want == 0
    np.testing.assert_array_equal(np.signbit(got[zero]), np.signbit(want[zero]))


def test_rounding_keeps_the_sign_of_zero(device):
    x = ct.tensor([-0.0, -0.3])
    for function in (ct.round, ct.trunc, ct.ceil):
        assert np.signbit(function(x).numpy()).all()
    assert not np.signbit(ct.sign(ct.tensor([-0.0])).numpy()).any()
    assert not np.signbit(ct.abs(x).numpy()).any()


def test_sign_of_bools(device):
    assert ct.sign(ct.tensor([True, False])).dtype == ct.bool_


def test_masked_fill_keeps_the_dtype(device):
    mask = ct.tensor([True, False])
    for x, value, want in (
        (ct.tensor([True, False]), 1, [True, False]),
        (ct.tensor([True, True]), 0.0, [False, True]),
        (ct.tensor([1, 2]), 7.5, [7, 2]),
        (ct.tensor([1.0, 2.0]), 3, [3, 2]),
        (ct.tensor([1.0, 2.0]), ct.tensor(3), [3, 2]),
        (ct.tensor([1, 2], dtype="int8"), ct.tensor(3.5), [3, 2]),
        (ct.tensor([1.0, 2.0]), -INF, [-INF, 2]),
    ):
        found = ct.masked_fill(x, mask, value)
        assert found.dtype == x.dtype
        assert found.tolist() == want
    assert ct.masked_fill(ct.zeros(0), ct.zeros(0, dtype="bool"), 1.0).shape == (0,)
    assert ct.tensor([1.0]).masked_fill(ct.tensor([[True], [False]]), 9).tolist() == [[9], [1]]


def test_masked_fill_refuses_what_does_not_fit(device):
    mask = ct.tensor([True])
    for x, value in (
        (ct.tensor([1], dtype="uint8"), 300),
        (ct.tensor([1], dtype="int8"), -200),
        (ct.tensor([1.0]), 1e300),
        (ct.tensor([1]), NAN),
    ):
        with pytest.raises(DTypeError, match=f"does not fit {x.dtype.name}"):
            x.masked_fill(mask, value)
    with pytest.raises(ShapeError, match=r"masked_fill: a value of shape \(1,\) is not one number"):
        ct.tensor([1.0]).masked_fill(mask, ct.tensor([3.0]))
    with pytest.raises(DTypeError, match="masked_fill: value is 'a'"):
        ct.tensor([1.0]).masked_fill(mask, "a")
    x = leaf([1.0, 2.0])
    x.masked_fill(ct.tensor([True, False]), 5).sum().backward()
    assert x.grad.tolist() == [0, 1]


def test_casts_between_integers_wrap_and_from_floats_saturate(device):
    wide = ct.tensor([300, -1, -129])
    assert wide.to("uint8").tolist() == [44, 255, 127]
    assert wide.to("int8").tolist() == [44, -1, 127]
    assert ct.tensor([300.0, -1.5, NAN, -INF]).to("int8").tolist() == [127, -1, 0, -128]
    assert ct.tensor([0.5, NAN, 0.0, -0.0]).to("bool").tolist() == [True, True, False, False]
    assert ct.abs(ct.tensor([-128], dtype="int8")).tolist() == [-128]
    assert (-ct.tensor([1], dtype="uint8")).tolist() == [255]


def test_eq_compares_elements(device):
    x = ct.tensor([1.0, 2.0])
    assert ct.eq(x, ct.tensor([1.0, 3.0])).tolist() == [True, False]
    assert (x == 2).tolist() == [False, True]
    assert x.eq(1).tolist() == [True, False]


def test_where_of_numbers(device):
    mask = ct.tensor([True, False])
    for a, b, dtype in ((1, 2, "int64"), (1.0, 2, "float32"), (True, False, "bool")):
        assert ct.where(mask, a, b).dtype == dtype
        assert ct.where(mask, a, b).tolist() == [a, b]


def test_alpha_is_whole_for_integers_and_keeps_the_dtype(device):
    ints, bools, floats = ct.tensor([1, 2]), ct.tensor([True]), ct.tensor([1.0, 2.0])
    for call in (ct.add, ct.sub, ct.Tensor.add_, ct.Tensor.sub_):
        with pytest.raises(DTypeError, match=r"alpha is 1.5 and the operands are integers"):
            call(ints, 1, alpha=1.5)
        with pytest.raises(DTypeError, match=r"alpha is 1.5 and the operands are integers"):
            call(ints, bools, alpha=1.5)
    assert ints.add(floats, alpha=1.5).tolist() == [2.5, 5]
    assert floats.add(ints, alpha=1.5).tolist() == [2.5, 5]
    assert ints.add(1.5, alpha=1.5).tolist() == [3.25, 4.25]
    assert floats.add(bools, alpha=2.5).tolist() == [3.5, 4.5]
    small = ct.tensor([1], dtype=ct.int8).add(bools, alpha=3)
    assert (small.dtype, small.tolist()) == (ct.int8, [4])
    for other in (bools, True):
        both = bools.add(other, alpha=2)
        assert (both.dtype, both.tolist()) == (ct.bool_, [True])
    assert ints.add(True, alpha=2).tolist() == [3, 4]


def test_a_clip_without_bounds_is_a_copy(device):
    x = ct.ones(2)
    y = x.clip()
    y += 1
    assert x.tolist() == [1, 1]
